from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from earnings_pipeline import migration
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.migration import rehearsing, steps
from earnings_pipeline.progress import silent
from marketplace_app import now
from migration.support import Town, app_tables, differences

Key = tuple[str, str, str, str]


def planned(conn: psycopg.Connection) -> dict[Key, int]:
    return {
        (p.step, p.table, p.operation, p.reason): p.row_count for p in migration.plan(conn, silent)
    }


def done(conn: psycopg.Connection) -> dict[Key, int]:
    rows = conn.execute(
        "select step, table_name, operation, reason from earnings_migration.row_changes"
    )
    return dict(Counter(rows.fetchall()))


def test_the_plan_says_what_up_then_does(sample_conn: psycopg.Connection) -> None:
    promised = planned(sample_conn)

    migration.up(sample_conn)

    assert promised
    assert promised == done(sample_conn)


def test_the_plan_says_how_much_money_moves(sample_conn: psycopg.Connection) -> None:
    (undelivered,) = (p for p in migration.plan(sample_conn) if p.reason == "undelivered")

    migration.up(sample_conn)

    moved = sample_conn.execute(
        "select currency, sum((after ->> 'net_amount_cents')::bigint)::bigint"
        " from earnings_migration.row_changes where reason = 'undelivered' group by currency"
    ).fetchall()
    assert undelivered.amount_cents == dict(moved)
    assert 0 < len(undelivered.sample_ids) <= 5


def test_the_plan_leaves_a_pristine_database_as_it_is(sample_conn: psycopg.Connection) -> None:
    before = app_tables(sample_conn)

    migration.plan(sample_conn)

    assert differences(before, app_tables(sample_conn)) == []
    schemas = sample_conn.execute(
        "select nspname from pg_namespace where nspname like 'earnings%'"
    ).fetchall()
    assert schemas == []


def test_the_plan_needs_no_right_to_write(sample_conn: psycopg.Connection) -> None:
    role = sql.Identifier("migration_test_reader")
    sample_conn.execute("drop role if exists migration_test_reader")
    sample_conn.execute(sql.SQL("create role {}").format(role))
    try:
        sample_conn.execute(
            sql.SQL("grant select on all tables in schema public to {}").format(role)
        )
        with sample_conn.transaction():
            sample_conn.execute(sql.SQL("set local role {}").format(role))
            assert migration.plan(sample_conn)
    finally:
        sample_conn.execute(sql.SQL("drop owned by {}").format(role))
        sample_conn.execute(sql.SQL("drop role {}").format(role))


def test_a_plan_that_would_write_to_the_app_s_tables_is_stopped(
    sample_conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = steps.Step.text

    def writing(step: steps.Step, part: str) -> str:
        text = original(step, part)
        if step.name == "050_reverse_purchase_earnings" and part == "apply":
            return "delete from public.package_completion_records;\n" + text  # noqa: S608
        return text

    monkeypatch.setattr(rehearsing.Step, "text", writing)

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        migration.plan(sample_conn)


def test_after_up_the_plan_is_empty(sample_conn: psycopg.Connection) -> None:
    migration.up(sample_conn)

    assert planned(sample_conn) == {}


def test_an_empty_marketplace_has_an_empty_plan(conn: psycopg.Connection) -> None:
    assert migration.plan(conn) == []


def test_the_plan_of_one_booking_names_it(conn: psycopg.Connection) -> None:
    booking = Town(conn).sell()

    links = [p for p in migration.plan(conn) if p.reason == "order_by_credit_row"]

    assert [(p.row_count, p.sample_ids) for p in links] == [(1, (booking,))]


def test_after_a_part_is_undone_the_plan_says_what_up_would_do_again(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)
    undone = ("930", "920", "910", "100", "090", "080", "070")
    for step in undone:
        migration.down(sample_conn, step=step)

    promised = planned(sample_conn)

    migration.up(sample_conn)
    rows = sample_conn.execute(
        "select step, table_name, operation, reason from earnings_migration.row_changes"
        " where reverted_at is null and left(step, 3) = any(%s)",
        [list(undone)],
    )
    assert promised == dict(Counter(rows.fetchall()))
    assert {key[0] for key in promised} >= {"070_earn_delivered_bookings", "100_report_matters"}


def test_every_row_of_the_plan_stands_in_a_file_of_its_reason(
    sample_conn: psycopg.Connection, tmp_path: Path
) -> None:
    folder = tmp_path / "plan"

    reasons = migration.plan(sample_conn, folder=folder)

    assert {path.name for path in folder.iterdir()} == {f"{p.step}.{p.reason}.csv" for p in reasons}
    for reason in reasons:
        rows = rows_of(folder / f"{reason.step}.{reason.reason}.csv", reason)
        assert len(rows) == reason.row_count
        cents: Counter[str] = Counter()
        for row in rows:
            if row["amount_cents"]:
                cents[row["currency"]] += int(row["amount_cents"])
        assert {c: n for c, n in cents.items() if c} == reason.amount_cents
        assert {str(id) for id in reason.sample_ids} <= {row["row_id"] for row in rows}


def rows_of(path: Path, reason: migration.PlannedReason) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            row
            for row in csv.DictReader(file)
            if (row["table_name"], row["operation"]) == (reason.table, reason.operation)
        ]


def test_the_files_hold_what_is_there_and_what_up_then_writes(
    sample_conn: psycopg.Connection, tmp_path: Path
) -> None:
    (undelivered,) = (
        p for p in migration.plan(sample_conn, folder=tmp_path) if p.reason == "undelivered"
    )
    rows = rows_of(tmp_path / "060_return_undelivered_earnings.undelivered.csv", undelivered)
    there = dict(sample_conn.execute("select id, status from payments_earningstransaction"))

    migration.up(sample_conn)

    assert len(rows) > 10
    for row in rows:
        assert json.loads(row["after"])["status"] == "projected"
    written = sample_conn.execute(
        "select row_id, before, after from earnings_migration.row_changes"
        " where reason = 'undelivered' order by row_id"
    ).fetchall()
    promised = [(int(r["row_id"]), json.loads(r["before"]), json.loads(r["after"])) for r in rows]
    assert [row_id for row_id, _, _ in promised] == [row_id for row_id, _, _ in written]
    assert [before["status"] for _, before, _ in promised] == [b["status"] for _, b, _ in written]
    assert {there[row_id] for row_id, _, _ in promised} >= {"pending", "available"}


def test_a_folder_that_holds_another_plan_is_refused(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    (tmp_path / "old.csv").touch()

    with pytest.raises(WrongUsage, match="not empty"):
        migration.plan(conn, folder=tmp_path)


def test_a_booking_between_two_orders_is_shown_with_both(conn: psycopg.Connection) -> None:
    town = Town(conn)
    at = now() - timedelta(days=30)
    earlier, later = town.order(at - timedelta(minutes=1)), town.order(at + timedelta(minutes=1))
    booking = town.booking(at)
    successor = town.app.reschedule(booking, now() + timedelta(days=3))

    (reason,) = (p for p in migration.plan(conn) if p.reason == "ambiguous_order_link")

    between, waiting = reason.ambiguous_links
    assert between == migration.AmbiguousLink(
        booking_id=booking, order_ids=[earlier, later], distances_seconds=[60.0, 60.0]
    )
    assert (waiting.booking_id, waiting.order_ids) == (successor, [])
    town.close()


def test_an_old_refund_of_a_session_is_planned_as_a_matter_with_its_cents(
    conn: psycopg.Connection,
) -> None:
    town = Town(conn)
    parent = town.app.checkout(town.client, town.app.package(town.service, 3, 10000))
    first, second, _ = (child["id"] for child in town.app.children(parent))
    for session in (first, second):
        town.app.end_video_room(session)
    town.app.insert(
        "payments_usercredittransaction",
        user_id=town.client,
        booking_id=second,
        amount_cents=1000,
        transaction_type="refund",
    )

    (promised,) = (p for p in migration.plan(conn) if p.reason == "refunded_before_install")
    migration.up(conn)

    ((booking, detail),) = conn.execute(
        "select subject_id, detail from earnings.exceptions where kind = 'refunded_before_install'"
    )
    (status, gross, net) = town.app.earnings(second)[0]
    # slot 2 of 10000 over 3 is 3333; 1000 of it went back
    assert (booking, status, gross) == (second, "pending", 3333)
    assert detail["remaining_gross_cents"] == 2333
    assert detail["amount_cents"] == net - (2333 - 2333 * 15 // 100)
    assert promised.amount_cents == {"USD": detail["amount_cents"]}
    town.close()


def test_what_the_matter_names_is_what_a_later_write_takes_off(conn: psycopg.Connection) -> None:
    town = Town(conn)
    booking = town.sell(start=now() - timedelta(days=9))
    town.app.end_video_room(booking)
    town.app.insert(
        "payments_usercredittransaction",
        user_id=town.client,
        booking_id=booking,
        amount_cents=2500,
        transaction_type="refund",
    )
    migration.up(conn)
    ((cents,),) = conn.execute(
        "select (detail ->> 'amount_cents')::integer from earnings.exceptions"
        " where kind = 'refunded_before_install'"
    )
    before = sum(net for _, _, net in town.app.earnings(booking))

    conn.execute("update payments_usercredittransaction set description = description")

    assert before - sum(net for _, _, net in town.app.earnings(booking)) == cents > 0
    town.close()
