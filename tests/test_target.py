import pytest

from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.target import named


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@db.example:6000/shop",
        "postgres://ann:secret@db.example:6000/shop",
        "host=db.example port=6000 dbname=shop user=ann password=secret",
    ],
)
def test_every_form_of_an_address_names_the_same_database(url):
    target = named(url, {})

    assert (target.host, target.port, target.dbname, target.user) == (
        "db.example",
        "6000",
        "shop",
        "ann",
    )
    assert target.environment()["PGPASSWORD"] == "secret"


def test_the_option_goes_before_database_url_and_that_before_the_pg_variables():
    environ = {"DATABASE_URL": "postgresql://second/shop", "PGHOST": "third"}

    assert named("postgresql://first/shop", environ).host == "first"
    assert named(None, environ).host == "second"
    assert named(None, {"PGHOST": "third"}).host == "third"
    assert named(None, {"PGDATABASE": "shop"}).dbname == "shop"
    assert named(None, {"PGPORT": "6000"}) is None
    assert named(None, {}) is None


def test_pg_variables_fill_in_what_an_address_leaves_out():
    target = named("postgresql://db.example/shop", {"PGUSER": "ann", "PGPASSWORD": "secret"})

    assert (target.user, target.environment()["PGPASSWORD"]) == ("ann", "secret")


def test_the_folder_of_a_socket_works_as_host():
    target = named("postgresql:///shop?host=/run/postgresql&port=5433", {})

    assert target.host == "/run/postgresql"
    assert target.environment()["PGHOST"] == "/run/postgresql"
    assert named(target.url(), {}).host == "/run/postgresql"


def test_parameters_such_as_sslmode_reach_the_environment_and_the_url():
    target = named("postgresql://db.example/shop?sslmode=verify-full&sslrootcert=/ca.pem", {})

    assert target.environment()["PGSSLMODE"] == "verify-full"
    assert target.environment()["PGSSLROOTCERT"] == "/ca.pem"
    assert named(target.url(), {}).parameters == {**target.parameters, "user": target.user} | {
        "port": "5432"
    }


def test_a_password_with_special_characters_survives_the_way_through_a_url():
    target = named("postgresql://ann:p%40ss%2F%3A%25@db.example/shop", {})

    assert target.parameters["password"] == "p@ss/:%"
    assert named(target.url(), {}).parameters["password"] == "p@ss/:%"


def test_a_target_is_shown_without_its_password():
    target = named("postgresql://ann:hunter2@db.example/shop", {})

    assert "hunter2" not in f"{target} {target!r}"
    assert str(target) == "database shop on db.example:5432 as ann"


def test_a_service_file_is_looked_into(tmp_path, monkeypatch):
    services = tmp_path / "services.conf"
    services.write_text("[shop]\nhost=db.example\nport=6000\ndbname=shop\nuser=ann\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))

    target = named("service=shop", {})

    assert target.environment()["PGHOST"] == "db.example"
    assert str(target) == "database shop on db.example:6000 as ann"


@pytest.mark.parametrize("url", ["shop", "mysql://db/shop", "user=ann host"])
def test_what_is_no_address_is_refused_and_not_repeated(url):
    with pytest.raises(WrongUsage) as refusal:
        named(url, {})

    assert "not an address" in refusal.value.message
    assert url not in refusal.value.message.split()
