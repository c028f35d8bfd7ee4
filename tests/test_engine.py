"""Install, status and uninstall of the engine."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from before_app import BeforeApp
from earnings_pipeline import engine
from earnings_pipeline.database import connect
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.target import Target


@pytest.fixture
def conn(engine_copy: Target):  # type: ignore[no-untyped-def]
    with connect(engine_copy, "test") as conn:
        yield conn


def states(conn: psycopg.Connection) -> Counter[str]:
    return Counter(item.state for item in engine.status(conn))


def state_of(conn: psycopg.Connection, identity: str) -> str:
    [state] = {item.state for item in engine.status(conn) if item.identity == identity}
    return state


def test_a_second_install_replaces_nothing(conn: psycopg.Connection) -> None:
    assert set(states(conn)) == {"installed"}
    assert engine.install(conn).replaced == ()


@pytest.mark.parametrize(
    ("statement", "identity", "state"),
    [
        (
            "alter function earnings.release_holds(timestamptz, integer) set lock_timeout = '9s'",
            "earnings.release_holds",
            "drifted",
        ),
        (
            "alter table public.bookings_booking disable trigger earnings_900_settle_update",
            "earnings_900_settle_update on public.bookings_booking",
            "disabled",
        ),
        (
            "drop trigger earnings_500_record_update on public.payments_earningstransaction",
            "earnings_500_record_update on public.payments_earningstransaction",
            "missing",
        ),
        (
            "update earnings.objects set checksum = 'old' where identity = 'earnings.setting'",
            "earnings.setting",
            "outdated",
        ),
        (
            "create function earnings.left_over() returns integer language sql as 'select 1'",
            "earnings.left_over",
            "orphaned",
        ),
    ],
)
def test_status_tells_what_differs_and_install_repairs_it(
    conn: psycopg.Connection, statement: str, identity: str, state: str
) -> None:
    conn.execute(statement)

    assert state_of(conn, identity) == state
    engine.install(conn)
    assert set(states(conn)) == {"installed"}


def test_ten_installs_at_once_are_one(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        conn.execute("alter table bookings_booking add order_id bigint")
        conn.execute("alter table payments_order add package_metadata jsonb")

    def install(_: int) -> int:
        with connect(marketplace, "test") as conn:
            return len(engine.install(conn).replaced)

    with ThreadPoolExecutor(10) as pool:
        replaced = sorted(pool.map(install, range(10)))

    assert replaced[:9] == [0] * 9
    assert replaced[9] > 50


def test_install_without_expand_is_refused_with_the_way_out(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn, pytest.raises(DatabaseRefused) as refusal:
        engine.install(conn)

    assert "bookings_booking.order_id" in refusal.value.message
    assert "migrate up" in refusal.value.hint


def test_a_dry_run_prints_the_statements_and_writes_nothing(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        report = engine.install(conn, dry_run=True)

        assert any("earnings.release_holds" in text for text in report.statements)
        assert not engine.exists(conn)


def test_uninstall_takes_the_engine_off_and_keeps_the_history(conn: psycopg.Connection) -> None:
    app = BeforeApp(conn)
    booking_id = app.checkout(app.client(), app.service(app.practitioner()))

    engine.uninstall(conn)

    assert set(states(conn)) == {"missing"}
    kept = conn.execute("select count(*) from earnings.transitions").fetchone()
    assert kept == (1,)
    app.end_video_room(booking_id)
    assert app.earnings(booking_id) == [("projected", 10000, 8500)]


def test_what_changed_while_the_engine_was_off_is_in_the_history_after_install(
    conn: psycopg.Connection,
) -> None:
    app = BeforeApp(conn)
    pia = app.practitioner()
    changed, deleted = (app.checkout(app.client(), app.service(pia)) for _ in range(2))
    engine.uninstall(conn)
    conn.execute(
        "update payments_earningstransaction set status = 'available' where booking_id = %s",
        [changed],
    )
    conn.execute("delete from payments_earningstransaction where booking_id = %s", [deleted])
    new = app.checkout(app.client(), app.service(pia))

    report = engine.install(conn)

    assert report.opened_rows == 2
    assert conn.execute(
        "select status, net_amount_cents from earnings.balance_as_of(%s)", [pia]
    ).fetchall() == [("available", 8500), ("pending", 8500)]
    assert app.earnings(new) == [("pending", 10000, 8500)]


def test_dropping_the_history_leaves_nothing_of_ours(conn: psycopg.Connection) -> None:
    engine.uninstall(conn, drop_history=True)

    left = conn.execute(
        "select nspname from pg_namespace where nspname like 'earnings%'"
    ).fetchall()
    assert left == []


def test_the_apps_role_needs_no_right_and_gets_none(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    conn.execute("drop role if exists earnings_test_app")
    conn.execute("create role earnings_test_app")
    try:
        conn.execute(
            "grant select, insert, update, delete on all tables in schema public "
            "to earnings_test_app"
        )
        app = BeforeApp(conn)
        pia = app.practitioner()
        with connect(engine_copy, "test") as as_app:
            as_app.execute("set session authorization earnings_test_app")
            client = BeforeApp(as_app)
            booking_id = client.checkout(client.client(), client.service(pia))
            client.end_video_room(booking_id)
            assert client.earnings(booking_id) == [("pending", 10000, 8500)]
            for statement in (
                "insert into earnings.transitions default values",
                "select * from earnings.release_holds()",
                "update earnings.settings set value = '0 hours' where name = 'hold'",
                "set role earnings_migrator",
                "set role earnings_owner",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    as_app.execute(statement)
            as_app.execute("select set_config('earnings.actor', 'earnings_migrator', false)")
            with pytest.raises(psycopg.IntegrityError):
                client.release(
                    client.rows("payments_earningstransaction", booking_id=booking_id)[0]
                )
    finally:
        conn.execute("drop owned by earnings_test_app")
        conn.execute("drop role earnings_test_app")
