"""What keeps a batch as quick at the end of a long run as at its start."""

from __future__ import annotations

import psycopg

from earnings_pipeline import migration
from earnings_pipeline.progress import Progress
from migration.support import one

BYTES_PLANNED = "select coalesce(pg_relation_size(to_regclass('pg_temp.planned')), 0)"
STATEMENTS_KEPT = "select count(*) from pg_prepared_statements"


def test_a_batch_leaves_nothing_for_the_next_to_read_past(sample_conn: psycopg.Connection) -> None:
    left: list[int] = []

    def look(progress: Progress) -> None:
        left.append(one(sample_conn, BYTES_PLANNED))

    migration.up(sample_conn, batch_size=20, report=look)
    migration.down(sample_conn, batch_size=20, report=look)

    assert len(left) > 100
    assert set(left) == {0}


def test_every_batch_is_planned_for_the_tables_as_they_are_then(
    sample_conn: psycopg.Connection,
) -> None:
    before = sample_conn.prepare_threshold
    kept: list[int] = []

    def look(progress: Progress) -> None:
        kept.append(one(sample_conn, STATEMENTS_KEPT))

    migration.up(sample_conn, batch_size=20, report=look)

    assert len(kept) > 100
    # what was kept before the first batch changes tables and rights only
    assert len(set(kept)) == 1
    assert sample_conn.prepare_threshold == before


def test_a_step_is_planned_for_what_the_one_before_has_changed(
    sample_conn: psycopg.Connection,
) -> None:
    types = "select most_common_vals::text from pg_stats where attname = 'order_type'"

    migration.up(sample_conn, batch_size=20)

    assert "package" in one(sample_conn, types)


def test_looking_again_leaves_the_lines_of_the_steps_as_they_are(
    sample_conn: psycopg.Connection,
) -> None:
    lines: dict[str, Progress] = {}

    def keep(progress: Progress) -> None:
        lines[progress.task] = progress

    migration.up(sample_conn, report=keep)

    assert not lines["070_earn_delivered_bookings"].note.startswith("0 rows written")
    assert lines["look_again"].note.startswith("100_report_matters: ")
