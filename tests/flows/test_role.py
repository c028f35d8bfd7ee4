"""The app's role: it needs no right but those on its own tables, and gets no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from flows.conftest import Worlds
from flows.support import earn, only_earnings, purse, sold_package
from marketplace_app import App, refused

ROLE = f"marketplace_{os.getpid()}"
ENGINE_ROLES = ("earnings_owner", "earnings_migrator", "earnings_operator", "earnings_reader")


@pytest.fixture(scope="module")
def role(worlds: Worlds) -> Iterator[Target]:
    """The shared database, as a login that may use the app's tables and nothing else."""
    target = worlds.target("expanded")
    name = sql.Identifier(ROLE)
    with connect(target, "test") as conn:
        conn.execute(sql.SQL("create role {} login password 'marketplace'").format(name))
        grant = "grant select, insert, update, delete on all tables in schema public to {}"
        conn.execute(sql.SQL(grant).format(name))
        yield replace(
            target,
            parameters={**target.parameters, "user": ROLE, "password": "marketplace"},
        )
        conn.execute(sql.SQL("drop owned by {}").format(name))
        conn.execute(sql.SQL("drop role {}").format(name))


@pytest.fixture(params=["before", "after"])
def app(request: pytest.FixtureRequest, role: Target) -> Iterator[App]:
    with App(role, request.param) as app:
        assert app.execute("select current_user::text") == [(ROLE,)]
        yield app


@pytest.fixture
def owner(worlds: Worlds) -> App:
    """A client that may read what the engine has written."""
    return worlds.app("before")


@pytest.fixture
def login(role: Target) -> Iterator[psycopg.Connection]:
    with connect(role, "test") as conn:
        yield conn


def test_every_kind_of_flow_works_with_the_app_s_own_rights(app: App, owner: App, pia: int) -> None:
    _, sessions = sold_package(app, pia, 2, 20001)
    for session in sessions:
        app.end_video_room(session)
    canceled, refunded, moved = (earn(app, pia, "projected") for _ in range(3))
    app.cancel(canceled)
    app.refund(refunded, 2500)
    app.end_video_room(app.reschedule(moved, app.row("bookings_booking", moved)["end_time"]))
    app.fail_payout(only_earnings(app, earn(app, pia, "paid"))["payout_id"])
    app.pay_out(pia)
    owed = earn(app, pia, "available")
    app.pay_out(pia)
    app.reverse_earnings_as_meant(owed)
    app.delete("bookings_booking", canceled)

    assert app.swallowed == []
    assert purse(owner, pia) == {
        "projected": 6375,
        "pending": 17001 + 8500,
        "paid": 2 * 8500,
        "available": -8500,
    }


def test_nothing_of_the_engine_s_is_open_to_the_app(role: Target, owner: App) -> None:
    tables = """
        select pg_class.oid::regclass::text
        from pg_class
        where pg_class.relnamespace::regnamespace::text in ('earnings', 'earnings_migration')
            and pg_class.relkind in ('r', 'v')
            and has_table_privilege(
                %s, pg_class.oid, 'select, insert, update, delete, truncate, trigger'
            )
    """
    functions = """
        select pg_proc.oid::regprocedure::text
        from pg_proc
        where pg_proc.pronamespace::regnamespace::text in ('earnings', 'earnings_migration')
            and has_function_privilege(%s, pg_proc.oid, 'execute')
    """

    assert owner.execute(tables, [ROLE]) == []
    assert owner.execute(functions, [ROLE]) == []
    assert (
        owner.execute(
            "select nspname::text from pg_namespace"
            " where nspname like 'earnings%%' and has_schema_privilege(%s, oid, 'create, usage')",
            [ROLE],
        )
        == []
    )


@pytest.mark.parametrize(
    "statement",
    [
        "insert into earnings.transitions default values",
        "update earnings.transitions set net_amount_cents = 1",
        "delete from earnings.transitions",
        "truncate earnings.transitions",
        "update earnings.settings set value = '0 hours' where name = 'hold'",
        "insert into earnings.status_rules values ('reversed', 'available', 'transition', '', '')",
        "select earnings.correct_status(1, 'available', 'please')",
        "select * from earnings.release_holds()",
        *(f"set role {name}" for name in ENGINE_ROLES),
        *(f"set session authorization {name}" for name in ENGINE_ROLES),
        *(f"grant {name} to current_user" for name in ENGINE_ROLES),
        "set session_replication_role = replica",
        "alter table payments_earningstransaction disable trigger all",
        "drop trigger earnings_100_guard_update on payments_earningstransaction",
        "create trigger zzz before update on payments_earningstransaction"
        " for each row execute function suppress_redundant_updates_trigger()",
        "create function public.now() returns timestamptz return '2001-01-01'::timestamptz",
        "truncate payments_earningstransaction",
    ],
)
def test_the_app_s_role_is_not_permitted_what_would_open_the_books(
    login: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute(statement)


@pytest.mark.parametrize("app", ["after"], indirect=True)
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("search_path", "pg_temp, public"),
        ("search_path", "earnings, public"),
        ("role", "none"),
        ("earnings.actor", "earnings_owner"),
        ("earnings.reason", "because"),
        ("earnings.mode", "observe"),
        ("earnings.orders_of_transaction", "x"),
        ("earnings.hold", "0 hours"),
        ("timezone", "Pacific/Kiritimati"),
        ("datestyle", "iso, dmy"),
        ("intervalstyle", "sql_standard"),
        ("transform_null_equals", "on"),
        ("row_security", "off"),
        ("default_transaction_isolation", "serializable"),
        ("plan_cache_mode", "force_generic_plan"),
    ],
)
def test_no_setting_that_the_app_may_make_skips_a_rule(
    app: App, owner: App, pia: int, setting: str, value: str
) -> None:
    app.execute("select set_config(%s, %s, false)", [setting, value])

    held, paid = earn(app, pia, "pending"), earn(app, pia, "paid")
    [row] = app.objects("payments_earningstransaction", booking_id=held)
    for sqlstate, change in (
        ("23X02", {"status": "available"}),
        ("23X01", {"status": "paid", "payout_id": only_earnings(app, paid)["payout_id"]}),
        ("23X05", {"status": "pending", "net_amount_cents": 10000}),
    ):
        with refused(sqlstate):
            app.save(app.get("payments_earningstransaction", row.pk), **change)
    with refused("23X06"):
        app.delete("payments_earningstransaction", row.pk)
    app.cancel(paid)

    assert row.available_after - row.created_at >= timedelta(hours=48)
    assert purse(owner, pia) == {"pending": 8500, "paid": 8500, "available": -8500}


def test_a_type_of_the_app_s_own_does_not_run_as_the_engine(app: App, owner: App, pia: int) -> None:
    """A session's temporary schema is searched first for types unless search_path names it last."""
    booking_id = earn(app, pia, "pending")
    app.execute(
        """
        create function pg_temp.intrude(value pg_catalog.text) returns boolean
        language plpgsql as $$
        begin
            if current_user <> session_user then
                raise exception 'runs as %', current_user;
            end if;
            return true;
        end
        $$
        """
    )
    for name in ("text", "jsonb", "timestamptz", "xid8", "regclass"):
        app.execute(
            f"create domain pg_temp.{name} as pg_catalog.{name}"
            " check (pg_temp.intrude(value::pg_catalog.text))"
        )

    row = only_earnings(app, booking_id)
    app.update("payments_earningstransaction", row["id"], description="edited")
    app.cancel(booking_id)

    assert purse(owner, pia) == {}
