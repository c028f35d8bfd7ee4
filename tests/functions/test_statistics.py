"""Rows are found by an index, also when the planner knows nothing of the tables (decision 0018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from earnings_pipeline import sample
from earnings_pipeline.bench.multiplying import multiply
from earnings_pipeline.bench.statements import execute_all
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target

BATCH = 200
OF_STATUS = "select id from bookings_booking where status = %s order by id limit %s"
READ = "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables"


@pytest.fixture
def large(migrated: Target) -> Target:
    """As many bookings that a plan which reads a table for each of them is seen."""
    with connect(migrated, "test") as conn:
        multiply(conn, 50)
        conn.execute("vacuum (analyze)")
    return migrated


def test_a_batch_reads_no_more_when_little_is_known_of_the_tables(large: Target) -> None:
    with connect(large, "test") as conn:
        confirmed, completed = (
            [found for (found,) in conn.execute(OF_STATUS, [status, BATCH])]
            for status in ("confirmed", "completed")
        )
        # what is open of a booking is closed by its completion
        raised = "select earnings.raise_exception_row('no_show_held', 'booking', unnest(%s))"
        conn.execute(raised, [confirmed])
    update = "update bookings_booking set status = %s, updated_at = now() where id = any (%s)"
    batches: dict[str, tuple[str, list[Any]]] = {
        "complete_due": (
            "select * from earnings.complete_due(%s, %s)",
            [sample.AS_OF, BATCH],
        ),
        "release_holds": (
            "select count(*) from earnings.release_holds(batch_size => %s)",
            [BATCH],
        ),
        "complete": (update, ["completed", confirmed]),
        "cancel": (update, ["canceled", confirmed]),
        "cancel what is delivered": (update, ["canceled", completed]),
    }
    known = {name: rows_read(large, *batch) for name, batch in batches.items()}
    for analyzed in (
        [],
        ["public.bookings_booking", "public.payments_earningstransaction"],
        ["earnings.exceptions"],
    ):
        forget(large, but=analyzed)
        read = {name: rows_read(large, *batch) for name, batch in batches.items()}

        assert [name for name in batches if read[name] > 1.2 * known[name]] == [], analyzed


def forget(target: Target, *, but: Sequence[str]) -> None:
    with connect(target, "test") as conn:
        execute_all(conn, "forget_statistics")
        for table in but:
            conn.execute(f"analyze {table}")


def rows_read(target: Target, statement: str, values: Sequence[Any]) -> int:
    """Run a statement in a session of its own, take it back, and return what it has read."""
    with connect(target, "test") as conn, conn.transaction(force_rollback=True):
        conn.execute(statement, values)
        conn.execute("set constraints all immediate")
        [(read,)] = conn.execute(READ)
        return int(read)
