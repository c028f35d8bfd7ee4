"""Legacy, each step and live traffic add up to what there is now, to the cent and the row (R25)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from conftest import EVERYTHING, Databases, load_sample
from earnings_pipeline import building, engine, migration
from earnings_pipeline.database import connect
from marketplace_app import now
from migration.support import Town

LEDGER = (
    "select practitioner_id, currency, status, sum(net_amount_cents)::bigint, count(*)"
    " from payments_earningstransaction group by practitioner_id, currency, status"
)
ROWS = (
    "select id, status, gross_amount_cents, net_amount_cents, practitioner_id"
    " from payments_earningstransaction"
)
COUNTS = (
    "select 'booking', count(*) from bookings_booking"
    " union all select 'order', count(*) from payments_order"
    " union all select 'earnings', count(*) from payments_earningstransaction"
)
RESIDUALS = ("practitioner_balances_add_up", "history_sums_to_the_tables")

Ledger = dict[tuple[int, str, str], tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A sample that was migrated, then used by the app, and whose models were built."""

    conn: psycopg.Connection
    legacy: Ledger
    legacy_rows: dict[int, tuple[Any, ...]]
    migrated_rows: dict[int, tuple[Any, ...]]
    legacy_counts: dict[str, int]
    legacy_orders: set[int]


def ledger(conn: psycopg.Connection) -> Ledger:
    return {(p, c, s): (cents, count) for p, c, s, cents, count in conn.execute(LEDGER)}


def rows(conn: psycopg.Connection) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in conn.execute(ROWS)}


def residuals(conn: psycopg.Connection) -> list[str]:
    return [
        offender.offence
        for found in migration.verify(conn)
        for offender in found.offenders
        if found.check in RESIDUALS
    ]


@pytest.fixture(scope="module")
def story(databases: Databases) -> Iterator[Story]:
    target = databases.clone("sampled", load_sample)
    with connect(target, "test") as conn:
        legacy, legacy_rows, counts = ledger(conn), rows(conn), dict(conn.execute(COUNTS))
        orders = {id for (id,) in conn.execute("select id from payments_order")}
        migration.up(conn)
        migrated_rows = rows(conn)
        use(conn)
        result = building.build(target, EVERYTHING)
        assert (result.findings, result.errors) == ((), ())
        yield Story(
            conn=conn,
            legacy=legacy,
            legacy_rows=legacy_rows,
            migrated_rows=migrated_rows,
            legacy_counts=counts,
            legacy_orders=orders,
        )
    databases.drop(target.dbname)


def use(conn: psycopg.Connection) -> None:
    """Let the app sell, deliver, cancel and delete, and an operator correct."""
    town = Town(conn)
    sold, delivered, canceled = (town.sell(start=now() - timedelta(hours=3)) for _ in range(3))
    town.app.end_video_room(delivered)
    town.app.cancel(canceled)
    conn.execute("delete from payments_earningstransaction where booking_id = %s", [sold])
    conn.execute(
        "select earnings.correct_status(min(id), 'projected', 'never took place')"
        " from payments_earningstransaction where status = 'available'"
    )
    town.close()


def test_legacy_is_what_the_tables_held_before(story: Story) -> None:
    shown = story.conn.execute(
        "select practitioner_id, currency, status, net_cents, row_count"
        " from reconciliation.practitioner_balance_bridge where part = 'legacy'"
    )

    assert {(p, c, s): (cents, count) for p, c, s, cents, count in shown} == story.legacy


def test_every_part_together_is_what_the_tables_hold_now(story: Story) -> None:
    sums: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
    parts = set()
    for practitioner, currency, status, part, cents, count in story.conn.execute(
        "select practitioner_id, currency, status, part, net_cents, row_count"
        " from reconciliation.practitioner_balance_bridge where part <> 'now'"
    ):
        sums[practitioner, currency, status].update(cents=cents, rows=count)
        parts.add(part)

    found = {key: (total["cents"], total["rows"]) for key, total in sums.items()}
    assert {key: total for key, total in found.items() if any(total)} == ledger(story.conn)
    assert parts >= {
        "legacy",
        "010_normalize_statuses",
        "015_follow_reschedules",
        "040_reverse_duplicate_earnings",
        "050_reverse_purchase_earnings",
        "060_return_undelivered_earnings",
        "070_earn_delivered_bookings",
        "live traffic",
    }


def test_nothing_is_left_over(story: Story) -> None:
    (left,) = story.conn.execute(
        "select count(*) filter (where residual_cents <> 0 or residual_row_count <> 0)"
        " from reconciliation.practitioner_balance_residuals"
    )

    assert left == (0,)
    assert residuals(story.conn) == []


def test_every_booking_order_and_earnings_row_is_counted(story: Story) -> None:
    columns = "legacy_count, made_by_migration_count, created_since_count, deleted_count, now_count"
    counts = {
        record: numbers
        for record, *numbers in story.conn.execute(
            f"select record, {columns} from reconciliation.record_counts"  # noqa: S608
        )
    }
    made = {"booking": 0, "order": 0, "earnings": len(story.migrated_rows) - len(story.legacy_rows)}
    (made["order"],) = story.conn.execute(
        "select count(*) from payments_order where metadata ->> 'synthetic' = 'true'"
        " and not id = any(%s)",
        [list(story.legacy_orders)],
    ).fetchone() or (0,)
    assert made["order"] > 0
    assert made["earnings"] > 0
    now_there = dict(story.conn.execute(COUNTS))
    for record, (legacy, migrated, _, deleted, current) in counts.items():
        assert legacy == story.legacy_counts[record]
        assert migrated == made[record]
        assert current == now_there[record]
        # the earnings that the app deleted were its own, made since
        assert deleted == 0
    assert counts["booking"][2] == counts["order"][2] == 3
    assert counts["earnings"][2] == 2


def test_every_corrected_row_says_what_it_was_and_what_it_became(story: Story) -> None:
    corrected = {
        row[0]: row[1:]
        for row in story.conn.execute(
            "select earnings_id, status_before, gross_before_cents, net_before_cents,"
            " status_after, gross_after_cents, net_after_cents, is_created, reasons"
            " from reconciliation.earnings_corrections"
        )
    }

    for earnings_id, after in story.migrated_rows.items():
        before = story.legacy_rows.get(earnings_id, (None, None, None))
        if before[:3] != after[:3]:
            shown = corrected[earnings_id]
            assert shown[:3] == before[:3]
            assert shown[3:6] == after[:3]
            assert shown[6] == (earnings_id not in story.legacy_rows)
    assert set(corrected) <= set(story.migrated_rows)
    assert all(reasons for *_, reasons in corrected.values())
    assert len(corrected) > 50


def test_every_booking_says_how_it_came_to_its_order(story: Story) -> None:
    links = story.conn.execute(
        "select l.booking_id, l.order_id, b.order_id, l.strategy, l.confidence,"
        " l.distance_seconds from reconciliation.booking_order_links as l"
        " full join bookings_booking as b on b.id = l.booking_id"
    ).fetchall()

    assert None not in {booking for booking, *_ in links}
    assert all(shown == actual for _, shown, actual, *_ in links)
    strategies = {strategy for *_, strategy, _, _ in links}
    assert strategies >= {"credit_row", "nearest", "parent", "reschedule", "synthetic", "ambiguous"}
    assert "linked when it was made" in strategies
    for _, order, _, strategy, confidence, distance in links:
        assert (order is None) == (strategy in ("ambiguous", "none"))
        assert (confidence == "none") == (order is None)
        assert distance is not None or not strategy.startswith("nearest")


def test_every_legacy_parent_is_a_package_with_its_terms(story: Story) -> None:
    shown = story.conn.execute(
        "select p.booking_id, p.order_id, p.session_count, p.price_cents, p.paid_before_cents,"
        " p.netted_cents, p.delivered_count, o.subtotal_amount_cents,"
        " (o.package_metadata ->> 'total_sessions')::integer"
        " from reconciliation.package_migrations as p join payments_order as o on o.id = p.order_id"
    ).fetchall()
    parents = story.conn.execute(
        "select count(*) from bookings_booking where is_package_purchase or is_bundle_purchase"
    ).fetchone()

    assert (len(shown),) == parents
    for _, _, sessions, price, paid, netted, delivered, subtotal, total in shown:
        assert (sessions, price) == (total, subtotal)
        assert 0 <= netted <= paid <= price
        assert netted == 0 or delivered > 0
    assert any(netted for *_, netted, _, _, _ in shown)


def test_the_model_of_the_checklist_counts_what_verify_finds(story: Story) -> None:
    items = migration.checklist(story.conn, migration.verify(story.conn))

    shown = story.conn.execute(
        "select part, item, command, offender_count, is_met from reconciliation.checklist"
        " order by item_number"
    ).fetchall()

    assert shown == [(i.part, i.item, i.command, i.offender_count, i.is_met) for i in items]
    # what the operator has sent back to projected was delivered
    red = {item for _, item, _, _, is_met in shown if is_met is False}
    assert "existing earnings are fixed, projected or pending" in red
    assert len(red) < 5


def test_what_the_app_writes_before_and_after_the_backfill_is_live_traffic(
    conn: psycopg.Connection,
) -> None:
    town = Town(conn)
    early = town.sell(start=now() - timedelta(days=9))
    engine.create_tables(conn)
    town.sell()
    migration.up(conn, step="010_add_order_id")
    for step in migration.status(conn):
        if step.state != "done":
            migration.up(conn, step=step.step)
            town.sell()
            town.app.end_video_room(early)
    town.app.cancel(town.sell())

    assert residuals(conn) == []
    town.close()


def test_a_step_that_is_undone_and_done_again_leaves_nothing_over(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)
    for step in ("930", "920", "910", "100", "090", "080", "070", "060"):
        migration.down(sample_conn, step=step)
    assert residuals(sample_conn) == []

    migration.up(sample_conn)
    assert residuals(sample_conn) == []

    migration.down(sample_conn)
    migration.up(sample_conn)
    assert residuals(sample_conn) == []


def test_what_was_migrated_before_transactions_were_kept_is_still_told_from_live_traffic(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)
    sample_conn.execute("alter table earnings_migration.row_changes drop column transaction_id")
    sample_conn.execute("drop table earnings_migration.legacy_rows")
    sample_conn.execute("delete from earnings.changes where name like '%0004%'")

    migration.up(sample_conn)

    assert {v.check: v.offenders[:2] for v in migration.verify(sample_conn) if v.offenders} == {}
