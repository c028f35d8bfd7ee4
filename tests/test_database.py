import csv
from dataclasses import replace

import psycopg
import pytest

from earnings_pipeline import database, errors, sqlfiles
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.target import named


def refused(conn, statement):
    with pytest.raises(DatabaseRefused) as refusal, database.refusals():
        conn.execute(statement)
    return refusal.value


def refused_connection(target):
    with pytest.raises(DatabaseRefused) as refusal:
        database.connect(target, "test")
    assert refusal.value.hint
    return refusal.value.message


def changed(target, **parameters):
    return replace(target, parameters={**target.parameters, **parameters})


def test_a_connection_is_named_after_its_command_and_speaks_utc(empty_database):
    with database.connect(empty_database, "doctor") as conn:
        assert conn.execute("show application_name").fetchone() == ("earnings doctor",)
        assert conn.execute("show timezone").fetchone() == ("UTC",)
        assert conn.autocommit


def test_a_wrong_password_is_named_as_such_and_not_repeated(server):
    if "password" not in server.parameters:
        pytest.skip("this server lets everybody in")
    message = refused_connection(changed(server, password="hunter2"))

    assert "password is wrong" in message
    assert "hunter2" not in message


def test_a_database_that_is_not_there_is_named_as_such(server):
    assert "no such database" in refused_connection(changed(server, dbname="nowhere"))


def test_a_user_that_is_not_there_is_refused_with_a_hint(server):
    assert "nobody_at_all" in refused_connection(changed(server, user="nobody_at_all"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ann@127.0.0.1:1/shop", "no server answers"),
        ("postgresql://ann@no-such-host.invalid/shop", "no host of that name"),
        ("postgresql:///shop?host=/nowhere", "no server answers"),
        ("postgresql://ann@127.0.0.1:nan/shop", "cannot be used"),
        ("postgresql://ann@127.0.0.1/shop?sslmode=sometimes", "cannot be used"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_from_a_wrong_address(url, said):
    assert said in refused_connection(named(url, {}))


def test_a_server_that_is_too_old_is_refused(empty_database, monkeypatch):
    monkeypatch.setattr(database, "OLDEST_MAJOR", 99)

    assert "at least 99 is needed" in refused_connection(empty_database)


def test_a_missing_privilege_names_the_object_and_what_to_do(empty_database):
    with database.connect(empty_database, "test") as conn:
        conn.execute("create table secrets (id int)")
        conn.execute("set role earnings_reader")

        refusal = refused(conn, "table secrets")

    assert "table secrets" in refusal.hint
    assert "owner of the app's tables" in refusal.hint


def test_a_lock_that_is_held_too_long_is_told_from_a_deadlock(empty_database):
    with (
        database.connect(empty_database, "test") as holder,
        database.connect(empty_database, "test") as waiter,
    ):
        holder.execute("create table busy (id int)")
        with holder.transaction():
            holder.execute("lock table busy")
            waiter.execute("set lock_timeout = '50ms'")

            refusal = refused(waiter, "table busy")

    assert "Another session holds the lock" in refusal.hint


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select * from earnings.no_such_table", "earnings"),
        ("table no_such_table", "doctor"),
        ("select no_such_function()", "install"),
        ("begin read only; create table t (id int)", "primary"),
        ("set statement_timeout = 50; select pg_sleep(60)", "statement_timeout"),
        ("do 'begin raise disk_full; end'", "Make room"),
        ("do 'begin raise too_many_connections; end'", "max_connections"),
        ("do 'begin raise deadlock_detected; end'", "again"),
    ],
)
def test_every_expected_refusal_says_what_to_do(empty_database, statement, said):
    with database.connect(empty_database, "test") as conn:
        assert said in refused(conn, statement).hint


def test_a_connection_that_is_ended_says_that_nothing_committed_is_lost(empty_database):
    with (
        database.connect(empty_database, "test") as admin,
        database.connect(empty_database, "test") as conn,
    ):
        admin.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

        refusal = refused(conn, "select 1")

    assert "run the same command again" in refusal.hint.lower()


def test_the_engines_errors_keep_their_class_their_detail_and_their_hint(empty_database):
    statement = (
        "do $$ begin raise exception 'earnings 1 cannot change from paid to projected' using "
        "errcode = '23X01', detail = 'No rule allows it.', hint = 'Allowed next: available.'; "
        "end $$"
    )
    with database.connect(empty_database, "test") as conn:
        refusal = refused(conn, statement)

    assert isinstance(refusal, errors.IllegalStatusChange)
    assert refusal.message == "earnings 1 cannot change from paid to projected"
    assert refusal.hint == "No rule allows it. Allowed next: available."


def test_there_is_one_error_class_per_sqlstate_of_the_registry():
    with (sqlfiles.ROOT / "seeds" / "errors.csv").open(encoding="utf-8", newline="") as file:
        registry = {row["sqlstate"]: row["name"] for row in csv.DictReader(file)}

    classes = {state: _snake(error.__name__) for state, error in errors.BY_SQLSTATE.items()}
    assert classes == registry


def test_what_is_not_a_refusal_goes_through_as_it_is():
    with pytest.raises(ZeroDivisionError), database.refusals():
        raise ZeroDivisionError
    assert issubclass(psycopg.IntegrityError, psycopg.Error)


def _snake(name):
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
