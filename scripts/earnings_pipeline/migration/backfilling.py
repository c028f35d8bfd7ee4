"""Run one backfill step in batches that each commit, and undo it the same way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import errors as sqlstates
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.locking import patiently
from earnings_pipeline.migration.session import read_by_index, search_app_tables_first, set_range
from earnings_pipeline.migration.steps import LeftAlone, Step, StepResult
from earnings_pipeline.progress import Progress, Report

LAST_ID = 2**63 - 1
CONFLICT_ATTEMPTS = 5

Result = TypeVar("Result")


def apply(
    conn: psycopg.Connection,
    step: Step,
    *,
    batch_size: int,
    pause: float,
    report: Report,
    again: bool = False,
) -> StepResult:
    """Apply `step` batch by batch, from where it stands, until no key is left.

    Each batch is one transaction that also stores the cursor, so stopping anywhere loses
    nothing.  A step that is done is begun again only if `again` says so.
    """
    begun = time.monotonic()
    state, cursor = _standing(conn, step)
    if state == "done" and not again:
        return StepResult(step=step.name, state="done", row_count=0)
    if state == "reverting":
        raise WrongUsage(
            f"{step.name} is being undone", "Finish that first: scripts/earnings migrate down."
        )
    if state != "running":
        cursor = 0
        _begin(conn, step, report)
    total = _key_count(conn, step)
    looked_at = _key_count(conn, step, until_id=cursor) if cursor else 0
    rows, batches = 0, 0
    while cursor < LAST_ID:
        until_id = _until_id(conn, step, cursor, batch_size)
        rows += _with_retries(conn, _batch(conn, step, cursor, until_id), step, report)
        batches += 1
        if batches & (batches - 1) == 0:
            _analyze_engine(conn, step, report)
        looked_at = total if until_id == LAST_ID else min(looked_at + batch_size, total)
        cursor = until_id
        report(_progress(step, looked_at, total, rows, begun))
        if pause and cursor < LAST_ID:
            time.sleep(pause)
    seconds = time.monotonic() - begun
    return StepResult(
        step=step.name, state="done", row_count=rows, batch_count=batches, seconds=seconds
    )


def revert(
    conn: psycopg.Connection, step: Step, *, batch_size: int, report: Report
) -> tuple[StepResult, list[LeftAlone]]:
    """Undo `step`, latest change first; list what no longer holds what the step wrote (R25)."""
    begun = time.monotonic()
    state, _ = _standing(conn, step)
    if state in (None, "reverted"):
        return StepResult(step=step.name, state="reverted", row_count=0), []
    _advance(conn, step, state="reverting", cursor=0, rows=0)
    row = conn.execute(
        "select count(*) from earnings_migration.row_changes"
        " where step = %s and reverted_at is null",
        [step.name],
    ).fetchone()
    total = row[0] if row else 0
    before_id, rows, batches = LAST_ID, 0, 0
    left_alone: list[LeftAlone] = []
    while True:
        undo = _undo_batch(conn, step, before_id, batch_size)
        lowest_id, undone, left = _with_retries(conn, undo, step, report)
        if lowest_id is None:
            break
        before_id, rows, batches = lowest_id, rows + undone, batches + 1
        left_alone += left
        done = rows + len(left_alone)
        report(Progress(task=step.name, done=done, total=total, note="reverting"))
    with conn.transaction():
        search_app_tables_first(conn)
        _advance(conn, step, state="reverted", cursor=0, rows=0)
    seconds = time.monotonic() - begun
    result = StepResult(
        step=step.name, state="reverted", row_count=rows, batch_count=batches, seconds=seconds
    )
    return result, left_alone


def _batch(conn: psycopg.Connection, step: Step, after_id: int, until_id: int) -> Callable[[], int]:
    def run() -> int:
        conn.execute("select set_config('earnings.reason', %s, true)", [step.name])
        search_app_tables_first(conn)
        read_by_index(conn)
        set_range(conn, after_id, until_id)
        rows = plan(conn, step)
        locked: set[tuple[str, int]] | None = None
        while rows:
            now_locked = _lock(conn)
            if locked is not None and now_locked <= locked:
                break
            # What was planned before the locks may have changed while they were waited for.
            locked = now_locked
            rows = plan(conn, step)
        if rows:
            conn.execute(sqlfiles.read("queries/migration_allocate_ids"))
            conn.execute(sqlfiles.read("queries/migration_record_changes"), {"step": step.name})
            conn.execute("set local role earnings_migrator")
            conn.execute(step.apply_text())
            conn.execute("set local role none")
            _record_batch(conn, step, "up", after_id, until_id, rows)
        state = "done" if until_id == LAST_ID else "running"
        _advance(conn, step, state=state, cursor=until_id, rows=rows)
        return rows

    return run


def _analyze_engine(conn: psycopg.Connection, step: Step, report: Report) -> None:
    """Look at the engine's tables again, which a step fills: after batch 1, 2, 4, 8 and so on.

    Autovacuum comes once a minute; the steps must not depend on it.
    """
    analyze = sqlfiles.read("queries/migration_analyze_engine")
    patiently(conn, lambda: conn.execute(analyze), task=step.name, report=report)


def _undo_batch(
    conn: psycopg.Connection, step: Step, before_id: int, batch_size: int
) -> Callable[[], tuple[int | None, int, list[LeftAlone]]]:
    def run() -> tuple[int | None, int, list[LeftAlone]]:
        conn.execute("select set_config('earnings.reason', %s, true)", [f"revert {step.name}"])
        search_app_tables_first(conn)
        read_by_index(conn)
        conn.execute("delete from planned")
        conn.execute("delete from reverting")
        conn.execute(
            sqlfiles.read("queries/migration_revert_candidates"),
            {"step": step.name, "before_id": before_id, "batch_size": batch_size},
        )
        row = conn.execute("select min(change_id), max(change_id) from planned").fetchone()
        if row is None or row[0] is None:
            return None, 0, []
        lowest_id, highest_id = row
        _lock(conn)
        conn.execute(sqlfiles.read("queries/migration_revert_held"))
        undone = conn.execute(sqlfiles.read("queries/migration_revert_mark")).rowcount
        conn.execute("set local role earnings_migrator")
        conn.execute(step.revert_text())
        conn.execute("set local role none")
        _record_batch(conn, step, "down", lowest_id, highest_id, undone)
        _advance(conn, step, state="reverting", cursor=lowest_id, rows=undone)
        left = [
            LeftAlone(step=step.name, table=table, row_id=row_id, reason=reason)
            for table, row_id, reason in conn.execute(
                sqlfiles.read("queries/migration_revert_left")
            )
        ]
        return lowest_id, undone, left

    return run


def plan(conn: psycopg.Connection, step: Step) -> int:
    """Fill `planned` with what the step would do for the keys in range; return how much."""
    return fill_planned(conn, step.text("plan"))


def fill_planned(conn: psycopg.Connection, text: str) -> int:
    """Fill `planned` with the rows of a plan; return how many they are."""
    conn.execute("delete from planned")
    return conn.execute(sqlfiles.read("queries/migration_fill_planned") + text).rowcount


def _lock(conn: psycopg.Connection) -> set[tuple[str, int]]:
    """Lock what the batch touches or judges, in the order of R20; return what is held."""
    bookings = _locked_ids(conn, "bookings", [])
    held = {("booking", row_id) for row_id in bookings}
    for kind in ("orders", "earnings", "balances"):
        held |= {(kind, row_id) for row_id in _locked_ids(conn, kind, bookings)}
    return held


def _locked_ids(conn: psycopg.Connection, kind: str, booking_ids: list[int]) -> list[int]:
    text = sqlfiles.read(f"queries/migration_lock_{kind}")
    return [row_id for (row_id,) in conn.execute(text, {"booking_ids": booking_ids})]


def _with_retries(
    conn: psycopg.Connection, change: Callable[[], Result], step: Step, report: Report
) -> Result:
    """Run a batch again when it gave way to the app, or when the app was quicker."""
    for attempt in range(1, CONFLICT_ATTEMPTS + 1):
        try:
            return patiently(conn, change, task=step.name, report=report)
        except sqlstates.UniqueViolation:
            if attempt == CONFLICT_ATTEMPTS:
                raise
            report(Progress(task=step.name, note="the app was quicker, plans again"))
    raise AssertionError("unreachable: the loop returns or raises")


def _standing(conn: psycopg.Connection, step: Step) -> tuple[str | None, int]:
    row = conn.execute(
        "select state, cursor_id from earnings_migration.steps where step = %s", [step.name]
    ).fetchone()
    return (row[0], row[1]) if row else (None, 0)


def _begin(conn: psycopg.Connection, step: Step, report: Report) -> None:
    with conn.transaction():
        search_app_tables_first(conn)
        if step.has("prepare"):
            report(Progress(task=step.name, note="decides over all rows at once"))
            conn.execute(step.text("prepare"))
        conn.execute(
            sqlfiles.read("queries/migration_step_begin"), {"step": step.name, "row_count": 0}
        )


def _advance(conn: psycopg.Connection, step: Step, *, state: str, cursor: int, rows: int) -> None:
    conn.execute(
        sqlfiles.read("queries/migration_step_advance"),
        {"step": step.name, "state": state, "cursor_id": cursor, "row_count": rows},
    )


def _record_batch(
    conn: psycopg.Connection, step: Step, direction: str, from_id: int, until_id: int, rows: int
) -> None:
    conn.execute(
        sqlfiles.read("queries/migration_record_batch"),
        {
            "step": step.name,
            "direction": direction,
            "from_id": from_id,
            "until_id": until_id,
            "row_count": rows,
        },
    )


def _until_id(conn: psycopg.Connection, step: Step, after_id: int, batch_size: int) -> int:
    query = sql.SQL(sqlfiles.read("queries/migration_until_id")).format(
        table=sql.Identifier("public", step.key_table)
    )
    row = conn.execute(query, {"after_id": after_id, "batch_size": batch_size}).fetchone()
    return row[0] if row else LAST_ID


def _key_count(conn: psycopg.Connection, step: Step, until_id: int = LAST_ID) -> int:
    query = sql.SQL("select count(*) from {} where id <= %s").format(
        sql.Identifier("public", step.key_table)
    )
    row = conn.execute(query, [until_id]).fetchone()
    return row[0] if row else 0


def _progress(step: Step, done: int, total: int, rows: int, begun: float) -> Progress:
    seconds = max(time.monotonic() - begun, 0.001)
    left = f", {(total - done) * seconds / done:.0f} s left" if 0 < done < total else ""
    note = f"{rows} rows written, {done / seconds:.0f} looked at per second{left}"
    return Progress(task=step.name, done=done, total=total, note=note)
