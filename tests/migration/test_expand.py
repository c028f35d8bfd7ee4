from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from earnings_pipeline import locking, migration, sample
from earnings_pipeline.database import connect
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.migration import session
from earnings_pipeline.progress import Progress
from earnings_pipeline.target import Target
from migration.support import Town, app_tables, differences, one

DIFFERING = "select count(*) from earnings.exceptions where kind = 'credit_links_differ'"


def test_what_the_app_s_own_migrations_added_is_adopted_and_stays(
    make_database: Callable[..., Target],
) -> None:
    target = make_database("after", lambda conn: sample.create_tables(conn, form="after"))
    with connect(target, "test") as conn:
        before = app_tables(conn)

        migration.up(conn)
        migration.down(conn)

        assert differences(before, app_tables(conn)) == []
        assert one(conn, "select count(order_id) from bookings_booking") == 0


def test_a_lock_that_is_not_free_is_waited_for_in_short_turns(marketplace: Target) -> None:
    notes: list[str] = []
    with connect(marketplace, "test") as conn, connect(marketplace, "holder") as holder:
        holder.execute("begin")
        holder.execute("lock table bookings_booking in row exclusive mode")

        def release(progress: Progress) -> None:
            notes.append(progress.note)
            if "waits for a lock" in progress.note and not holder.closed:
                holder.close()

        migration.up(conn, report=release)

        assert any("waits for a lock" in note for note in notes)
        assert {s.state for s in migration.status(conn)} == {"done"}


def test_a_lock_that_stays_taken_ends_the_step_and_writes_nothing(
    marketplace: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(locking, "LONGEST_PAUSE_SECONDS", 0.01)
    with connect(marketplace, "test") as conn, connect(marketplace, "holder") as holder:
        holder.execute("begin")
        holder.execute("lock table bookings_booking in row exclusive mode")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            migration.up(conn)
        holder.execute("rollback")

        columns = "select count(*) from pg_attribute where attname = 'order_id'"
        assert one(conn, columns + " and attrelid = 'bookings_booking'::regclass") == 0
        assert {r.state for r in migration.up(conn)} == {"done"}


def test_a_row_that_the_app_holds_is_waited_for(sampled: Target) -> None:
    with connect(sampled, "test") as conn, connect(sampled, "holder") as holder:
        holder.execute("begin")
        holder.execute("select from bookings_booking order by id limit 200 for update")
        timer = threading.Timer(2.5, holder.close)
        timer.start()

        notes: list[str] = []
        migration.up(conn, report=lambda progress: notes.append(progress.note))
        timer.join()

        assert any("waits for a lock" in note for note in notes)
        assert all(not v.offenders for v in migration.verify(conn))


def test_an_index_that_a_dead_build_left_invalid_is_built_again(conn: psycopg.Connection) -> None:
    conn.execute("alter table bookings_booking add column order_id bigint")
    conn.execute("create index bookings_booking_order_id_status_idx on bookings_booking (id)")
    conn.execute(
        "update pg_index set indisvalid = false"
        " where indexrelid = 'bookings_booking_order_id_status_idx'::regclass"
    )

    migration.up(conn)

    definition = one(
        conn,
        "select indexdef from pg_indexes where indexname = 'bookings_booking_order_id_status_idx'",
    )
    assert definition.endswith("(order_id, status)")


def test_only_one_operator_at_a_time(marketplace: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "OPERATOR_PATIENCE_SECONDS", 1)
    with connect(marketplace, "one") as first, connect(marketplace, "two") as second:

        def try_as_well(progress: Progress) -> None:
            with pytest.raises(DatabaseRefused, match="another migration is running"):
                migration.up(second)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            migration.up(first, report=try_as_well)
        migration.up(second)


@pytest.fixture
def linked(migrated: Target) -> Iterator[tuple[Town, int, list[int]]]:
    """A booking of a migrated database, and two credit rows that it may be linked to."""
    with connect(migrated, "test") as conn:
        town = Town(conn)
        booking = town.sell()
        credits = [
            town.app.insert(
                "payments_usercredittransaction",
                user_id=town.client,
                amount_cents=-100,
                transaction_type="usage",
            )
            for _ in range(2)
        ]
        yield town, booking, credits
        town.close()


def links(town: Town, booking: int) -> tuple[Any, Any]:
    row = town.app.row("bookings_booking", booking)
    return row["payment_transaction_id"], row["credit_usage_transaction_id"]


@pytest.mark.parametrize("name", ["payment_transaction_id", "credit_usage_transaction_id"])
def test_whichever_name_is_written_the_other_follows(
    linked: tuple[Town, int, list[int]], name: str
) -> None:
    town, booking, (first, second) = linked
    app = town.app if name == "payment_transaction_id" else town.later_app
    for credit in (first, second):
        app.update("bookings_booking", booking, **{name: credit})
        assert links(town, booking) == (credit, credit)

    app.update("bookings_booking", booking, **{name: None})
    assert links(town, booking) == (None, None)
    assert one(town.conn, DIFFERING) == 0


def test_a_save_that_does_not_know_the_link_keeps_it(
    linked: tuple[Town, int, list[int]],
) -> None:
    town, booking, (credit, _) = linked
    stale = town.app.get("bookings_booking", booking)
    town.later_app.update("bookings_booking", booking, credit_usage_transaction_id=credit)

    town.app.save(stale)

    assert links(town, booking) == (credit, credit)
    assert one(town.conn, "select count(*) from earnings.corrections where rule = 'R23'") == 1


def test_both_written_and_different_the_new_name_wins(
    linked: tuple[Town, int, list[int]],
) -> None:
    town, booking, (first, second) = linked

    town.conn.execute(
        "update bookings_booking set payment_transaction_id = %s, credit_usage_transaction_id = %s"
        " where id = %s",
        [first, second, booking],
    )

    assert links(town, booking) == (second, second)
    assert one(town.conn, DIFFERING) == 1


def test_the_app_s_own_drop_of_the_old_name_takes_the_trigger_along(
    linked: tuple[Town, int, list[int]],
) -> None:
    town, booking, (credit, _) = linked
    town.conn.execute("alter table bookings_booking drop column payment_transaction_id cascade")

    town.later_app.update("bookings_booking", booking, credit_usage_transaction_id=credit)

    assert town.app.row("bookings_booking", booking)["credit_usage_transaction_id"] == credit


def test_the_later_version_of_the_app_can_insert_without_the_old_snapshots(town: Town) -> None:
    migration.up(town.conn)

    booking = town.later_app.checkout(town.client, town.service)

    row = town.app.row("bookings_booking", booking)
    assert (row["package_name_snapshot"], row["bundle_name_snapshot"]) == ("", "")


@pytest.mark.parametrize(
    ("assignment", "constraint"),
    [
        ("status = 'paid_out'", "payments_earningstransaction_status_check"),
        ("net_amount_cents = 1", "payments_earningstransaction_net_check"),
    ],
)
def test_false_money_is_refused_even_without_the_engine(
    town: Town, assignment: str, constraint: str
) -> None:
    town.sell()
    migration.up(town.conn)
    town.conn.execute("alter table payments_earningstransaction disable trigger user")

    with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
        town.conn.execute(f"update payments_earningstransaction set {assignment}")  # noqa: S608
