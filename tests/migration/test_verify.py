"""The checklist is clean on a migrated sample, and red for a breakage of each of its items."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from conftest import Databases, load_and_migrate_sample
from earnings_pipeline import checks, migration, sqlfiles
from earnings_pipeline.cli import app
from earnings_pipeline.database import connect
from earnings_pipeline.migration import steps
from earnings_pipeline.target import Target
from functions.test_lifecycle import paid_booking
from marketplace_app import App, now

TESTS = Path(__file__).parents[1]
OWN = {name.split("/")[1] for name in sqlfiles.names("checklist")} - {"checklist_items"}


@pytest.fixture(scope="module")
def target(databases: Databases) -> Iterator[Target]:
    """A migrated sample; each test takes back what it breaks."""
    target = databases.clone("migrated", load_and_migrate_sample)
    yield target
    databases.drop(target.dbname)


@pytest.fixture(scope="module")
def conn(target: Target) -> Iterator[psycopg.Connection]:
    with connect(target, "test") as conn:
        yield conn


def listed(conn: psycopg.Connection) -> set[str]:
    query = sqlfiles.read("checklist/checklist_items")
    return {row[3] for row in conn.execute(query.encode()) if row[3]}


def breakage(name: str) -> str:
    folder = TESTS / "migration" / "breakages"
    path = folder if (folder / f"{name}.sql").exists() else TESTS / "breakages"
    return (path / f"{name}.sql").read_text(encoding="utf-8")


def break_past_the_triggers(conn: psycopg.Connection, text: str) -> None:
    conn.execute("set local session_replication_role = replica")
    conn.execute(text.encode())
    conn.execute("set local session_replication_role = origin")


def test_a_migrated_marketplace_meets_every_item_that_a_database_can_tell(
    conn: psycopg.Connection,
) -> None:
    results = migration.verify(conn)

    assert {v.check: v.offenders[:3] for v in results if v.offenders} == {}
    items = migration.checklist(conn, results)
    assert {item.is_met for item in items if item.command is None} == {True}
    assert {item.is_met for item in items if item.command is not None} == {None}
    assert sum(item.command is not None for item in items) == 6


def test_every_query_of_the_checklist_is_listed_and_has_a_breakage(
    conn: psycopg.Connection,
) -> None:
    assert listed(conn) >= OWN
    assert {path.stem for path in (TESTS / "migration" / "breakages").glob("*.sql")} == OWN
    assert all(breakage(name) for name in listed(conn))


def test_the_last_step_that_the_checklist_names_is_the_last() -> None:
    last = steps.everything()[-1].name

    assert f"steps.step = '{last}'" in sqlfiles.read("checklist/every_step_is_done")


@pytest.mark.parametrize(
    "name",
    sorted(
        OWN
        | {
            "canceled_bookings_earn_nothing_unpaid",
            "delivered_sessions_take_the_free_slots",
            "every_delivered_booking_earns",
            "every_status_is_known",
            "holds_match",
            "no_illegal_pair_in_the_history",
            "no_pending_before_delivery",
            "nothing_stays_projected_after_delivery",
            "one_live_delivery_row_per_booking",
            "only_paid_earnings_have_a_payout",
            "purchases_earn_nothing_unpaid",
            "session_counts_are_facts",
            "sessions_earn_their_slot",
            "slots_are_worth_the_price",
            "slots_belong_to_delivered_sessions",
            "triggers_are_enabled",
        }
    ),
)
def test_what_is_broken_makes_its_items_red(conn: psycopg.Connection, name: str) -> None:
    assert name in listed(conn)
    text = breakage(name)

    with conn.transaction(force_rollback=True):
        break_past_the_triggers(conn, text)
        if "-- Alone" in text:
            assert conn.execute(sqlfiles.read(f"checklist/{name}").encode()).fetchall()
            return
        results = migration.verify(conn)
        items = migration.checklist(conn, results)

    found = {result.check for result in results if result.offenders}
    assert name in found
    for item in items:
        assert item.command or item.is_met == (not found & set(item.checks)), item.item
    assert any(name in item.checks and item.is_met is False for item in items)


def test_the_bridge_names_the_practitioner_and_the_cents(conn: psycopg.Connection) -> None:
    with conn.transaction(force_rollback=True):
        conn.execute("set local session_replication_role = replica")
        row = conn.execute(
            "update payments_earningstransaction set gross_amount_cents = gross_amount_cents + 7,"
            " net_amount_cents = net_amount_cents + 7 where status = 'paid' and id ="
            " (select min(id) from payments_earningstransaction where status = 'paid')"
            " returning practitioner_id"
        ).fetchone()
        (bridge,) = (v for v in migration.verify(conn) if v.check == "practitioner_balances_add_up")

    assert row is not None
    (offender,) = bridge.offenders
    assert (offender.subject, offender.subject_id) == ("practitioner", row[0])
    assert offender.offence == "paid USD: 7 cents and 0 rows are not accounted for"


def test_a_row_that_somebody_accounts_for_is_no_longer_missed(conn: psycopg.Connection) -> None:
    with conn.transaction(force_rollback=True):
        break_past_the_triggers(conn, breakage("every_old_booking_is_there"))
        (missed,) = (v for v in migration.verify(conn) if v.check == "every_old_booking_is_there")
        conn.execute(
            "update earnings_migration.legacy_rows"
            " set ids = ids - int8multirange(int8range(%(id)s, %(id)s, '[]'))"
            " where table_name = 'bookings_booking'",
            {"id": missed.offenders[0].subject_id},
        )
        again = {v.check for v in migration.verify(conn) if v.offenders}

    assert len(missed.offenders) == 1
    assert "every_old_booking_is_there" not in again


def take_back_and_fail_the_payout(conn: psycopg.Connection, app: App, booking_id: int) -> None:
    """Leave the booking's earnings unpaid beside a clawback of them."""
    conn.execute("select earnings.reverse_booking(%s, 'a complaint')", [booking_id])
    [payout] = app.rows("payments_practitionerpayout")
    app.fail_payout(payout["id"])


def test_what_a_clawback_takes_back_may_stay_on_a_rescheduled_booking(engine_copy: Target) -> None:
    with connect(engine_copy, "test") as conn, App(engine_copy) as app:
        booking = paid_booking(app, app.practitioner())
        take_back_and_fail_the_payout(conn, app, booking)
        app.reschedule(booking, now())

        assert [(f.check, f.offenders) for f in migration.verify(conn) if f.offenders] == []


@pytest.mark.parametrize(
    ("step", "change"),
    [
        (
            "050_reverse_purchase_earnings",
            "update bookings_booking set is_package_purchase = true",
        ),
        ("060_return_undelivered_earnings", "update bookings_booking set status = 'canceled'"),
    ],
)
def test_a_step_leaves_what_a_clawback_takes_back_where_it_is(
    engine_copy: Target, step: str, change: str
) -> None:
    with connect(engine_copy, "test") as conn, App(engine_copy) as app:
        booking = paid_booking(app, app.practitioner())
        take_back_and_fail_the_payout(conn, app, booking)
        with conn.transaction():
            break_past_the_triggers(conn, change)
            if "purchase" in step:
                conn.execute(
                    "insert into earnings.purchase_bookings (booking_id, kind)"
                    " values (%s, 'package')",
                    [booking],
                )

        [result] = migration.up(conn, step=step)

        assert result.row_count == 0
        assert [(f.check, f.offenders) for f in migration.verify(conn) if f.offenders] == []
        taken_back = checks.run(conn, ["nothing_is_taken_back_twice"])
        assert [found.name for found in taken_back if not found.ok] == []


def test_a_double_that_a_clawback_takes_back_is_not_reversed_beside_it(
    engine_copy: Target,
) -> None:
    with connect(engine_copy, "test") as conn, App(engine_copy) as app:
        booking = paid_booking(app, app.practitioner())
        conn.execute("drop index payments_earningstransaction_one_live_delivery_row")
        with conn.transaction():
            break_past_the_triggers(
                conn,
                "create temporary table double on commit drop as"
                " select * from payments_earningstransaction;"
                " update double set id = id + 1;"
                " insert into payments_earningstransaction overriding system value"
                " select * from double",
            )
        conn.execute(
            "select setval(pg_get_serial_sequence('payments_earningstransaction', 'id'), 100)"
        )
        take_back_and_fail_the_payout(conn, app, booking)

        migration.up(conn, step="040_reverse_duplicate_earnings")

        rows = app.rows("payments_earningstransaction")
        assert [(row["transaction_type"], row["status"]) for row in rows] == [
            ("booking_completion", "available"),
            ("adjustment", "available"),
            ("clawback", "available"),
        ]
        assert sum(row["net_amount_cents"] for row in rows) == 0


def test_verify_writes_nothing_and_sees_one_moment(conn: psycopg.Connection) -> None:
    seen = set()

    def ask(progress: object) -> None:
        settings = "current_setting('transaction_read_only'), pg_current_snapshot()::text"
        if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            seen.add(conn.execute(f"select {settings}").fetchone())

    migration.verify(conn, ask)

    assert len(seen) == 1
    assert seen.pop()[0] == "on"


def test_the_command_says_what_a_database_cannot_tell(target: Target) -> None:
    parameters = target.parameters
    url = "postgresql://{user}@{host}:{port}/{dbname}".format(
        **{"user": "postgres", "host": "localhost", "port": "5432", **parameters}
    )
    environment = {"PGPASSWORD": str(parameters.get("password", ""))}

    shown = CliRunner().invoke(app, ["migrate", "verify", "--database-url", url], env=environment)
    told = CliRunner().invoke(
        app, ["migrate", "verify", "--database-url", url, "--json"], env=environment
    )

    assert (shown.exit_code, told.exit_code) == (0, 0), shown.output
    assert "all unit tests pass: scripts/test tests/functions" in shown.output
    assert "no data is orphaned" in shown.output
    document = json.loads(told.stdout)
    assert {item["is_met"] for item in document["checklist"]} == {True, None}
    assert {check["check"] for check in document["checks"]} >= OWN
