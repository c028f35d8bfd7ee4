"""A write of many rows costs as much when its session has written one row before."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App, now

TOUCH = {
    "bookings_booking": "update public.bookings_booking set client_notes = 'none'",
    "payments_earningstransaction": (
        "update public.payments_earningstransaction set available_after = now()"
    ),
}


@pytest.fixture
def delivered(app: App, conn: psycopg.Connection, pia: int) -> int:
    """A delivered booking, and two thousand like it."""
    booking_id = app.checkout(app.client(), app.service(pia), start=now())
    app.mark_completed(app.get("bookings_booking", booking_id))
    more = Path(__file__).with_name("many_rows.sql").read_text(encoding="utf-8")
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        conn.execute(more.encode(), {"booking_id": booking_id})
    return booking_id


@pytest.mark.parametrize("table", TOUCH)
def test_a_write_of_many_rows_is_not_planned_for_the_one_row_before_it(
    engine_copy: Target, delivered: int, table: str
) -> None:
    def seconds(row_counts: list[int]) -> float:
        with connect(engine_copy, "test") as conn, conn.transaction(force_rollback=True):
            # the engine's role: what the guards of each row cost is not the question
            conn.execute("set local role earnings_owner")
            for count in row_counts:
                started = time.perf_counter()
                query = f" where id in (select id from public.{table} order by id limit {count})"  # noqa: S608
                assert conn.execute((TOUCH[table] + query).encode()).rowcount == count
            return time.perf_counter() - started

    fresh = min(seconds([2001]) for _ in range(2))
    after_one = min(seconds([1, 2001]) for _ in range(2))

    assert after_one < 3 * fresh
