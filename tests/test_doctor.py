import csv
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from earnings_pipeline import doctor
from earnings_pipeline.database import connect

SCHEMA = Path(__file__).parent / "sample"


@pytest.fixture
def app(marketplace):
    """A connection to the app's database, as a superuser."""
    with connect(marketplace, "test") as conn:
        yield conn


@pytest.fixture
def app_role(server, marketplace):
    """The app's role as it often is: it owns the tables and may do nothing else."""
    name = f"{marketplace.dbname}_app"
    with connect(marketplace, "test") as conn:
        conn.execute(sql.SQL("create role {} login password 'app'").format(sql.Identifier(name)))
        for (table,) in conn.execute(
            "select tablename from pg_tables where schemaname = 'public'"
        ).fetchall():
            conn.execute(
                sql.SQL("alter table {} owner to {}").format(
                    sql.Identifier(table), sql.Identifier(name)
                )
            )
    yield replace(
        marketplace, parameters={**marketplace.parameters, "user": name, "password": "app"}
    )
    with connect(marketplace, "test") as conn:
        conn.execute(sql.SQL("reassign owned by {} to current_user").format(sql.Identifier(name)))
        conn.execute(sql.SQL("drop owned by {}").format(sql.Identifier(name)))
        conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def errors(conn):
    return [finding for finding in doctor.examine(conn) if finding.severity == "error"]


def test_the_apps_database_is_fit(app):
    assert errors(app) == []
    assert doctor.form(app) == "before"


def test_another_database_is_not_the_apps(empty_database):
    with connect(empty_database, "test") as conn:
        (error,) = errors(conn)

    assert "not the app's database" in error.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("alter table bookings_booking drop column metadata", "no column metadata"),
        ("alter table bookings_booking alter column start_time set not null", "NOT NULL"),
        ("alter table bookings_booking alter column end_time set not null", "NOT NULL"),
        ("alter table payments_order drop column credits_applied_cents", "credits_applied_cents"),
        ("drop table service_relationships cascade", "no table service_relationships"),
    ],
)
def test_an_app_that_lags_is_told_which_migration_it_lacks(app, change, said):
    app.execute(change)

    (error,) = errors(app)

    assert said in error.message
    assert "manage.py migrate" in error.hint


def test_the_forms_are_told_apart(app):
    app.execute((doctor.sqlfiles.SQL / "marketplace" / "after.sql").read_text())
    assert (doctor.form(app), errors(app)) == ("after", [])

    app.execute("alter table bookings_booking drop column parent_booking_id cascade")
    app.execute("alter table bookings_booking drop column is_package_purchase")
    app.execute("alter table bookings_booking drop column is_bundle_purchase")
    assert (doctor.form(app), errors(app)) == ("contracted", [])

    app.execute("alter table payments_order drop column package_metadata")
    assert doctor.form(app) == "unknown"
    assert [error.subject for error in errors(app)] == ["form"]


def test_every_column_that_doctor_asks_for_is_in_both_forms_of_the_app(empty_database):
    before, after = columns("columns_before_plan.csv"), columns("columns_after_plan.csv")
    changed = {table for table, _ in after}
    both = {(table, name) for table, name in before if table not in changed} | (before & after)

    with connect(empty_database, "test") as conn:
        rows = conn.execute(doctor.sqlfiles.read("queries/doctor_missing_columns")).fetchall()

    required = {(table, name) for table, _, names in rows for name in names}
    assert len(required) > 100
    assert required - both == set()


def test_the_owner_of_the_tables_is_told_what_else_it_needs(app_role):
    with connect(app_role, "test") as conn:
        findings = errors(conn)

    assert {finding.subject for finding in findings} == {"privileges"}
    messages = " ".join(finding.message for finding in findings)
    assert "may not create schemas" in messages
    assert "may not create indexes in schema public" in messages


def test_the_owner_with_the_right_to_create_is_fit(app_role, marketplace):
    with connect(marketplace, "test") as conn:
        name = sql.Identifier(app_role.user)
        roles = sql.SQL("earnings_owner, earnings_migrator, earnings_operator, earnings_reader")
        conn.execute(sql.SQL("grant {} to {}").format(roles, name))
        database = sql.Identifier(marketplace.dbname)
        conn.execute(sql.SQL("grant create on database {} to {}").format(database, name))
        conn.execute(sql.SQL("grant create on schema public to {}").format(name))

    with connect(app_role, "test") as conn:
        assert errors(conn) == []


def test_a_role_that_does_not_own_the_tables_is_told_who_does(app, app_role):
    app.execute("alter table payments_order owner to current_user")

    with connect(app_role, "test") as conn:
        messages = " ".join(error.message for error in errors(conn))

    assert f"{app_role.user} does not own payments_order" in messages


def test_a_session_in_which_triggers_do_not_fire_is_an_error(app):
    app.execute("set session_replication_role = replica")

    assert [error.subject for error in errors(app)] == ["server"]


def test_triggers_that_are_off_or_not_ours_are_reported(app):
    app.execute("alter table payments_order disable trigger all")
    app.execute("create function noop() returns trigger language plpgsql as 'begin end'")
    app.execute("create trigger audit before update on bookings_booking execute function noop()")

    messages = [finding.message for finding in doctor.examine(app) if finding.severity != "ok"]

    assert any("foreign keys of" in message for message in messages)
    assert any("audit that is not ours" in message for message in messages)


def test_a_prepared_transaction_that_would_block_is_reported(app, marketplace):
    if app.execute("show max_prepared_transactions").fetchone() == ("0",):
        pytest.skip("this server has max_prepared_transactions = 0")
    app.execute("begin")
    app.execute("lock table bookings_booking")
    app.execute("prepare transaction 'left behind'")

    try:
        messages = [finding.message for finding in doctor.examine(app)]
    finally:
        app.execute("rollback prepared 'left behind'")

    assert any("left behind" in message for message in messages)


def test_doctor_writes_nothing(app):
    before = written(app)

    doctor.examine(app)

    assert written(app) == before


def written(conn: psycopg.Connection):
    return conn.execute(
        "select pg_current_xact_id_if_assigned(), count(*) from pg_class"
    ).fetchone()


def columns(name):
    with (SCHEMA / name).open(encoding="utf-8", newline="") as file:
        return {(row["table_name"], row["column_name"]) for row in csv.DictReader(file)}
