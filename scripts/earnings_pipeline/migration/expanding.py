"""Change the schema of the app's tables without making the app wait; adopt what exists."""

from __future__ import annotations

import time
from functools import partial

import psycopg
from psycopg import errors as sqlstates
from psycopg import sql

from earnings_pipeline import engine, sqlfiles
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.locking import patiently
from earnings_pipeline.migration.session import states
from earnings_pipeline.migration.steps import Step, StepResult
from earnings_pipeline.progress import Progress, Report

# A concurrent build waits for older transactions without blocking anybody, so it may wait long.
BUILD_TIMEOUT = "10min"
BUILD_ATTEMPTS = 3
OURS = 1
ADOPTED = 0


def apply(conn: psycopg.Connection, step: Step, *, report: Report) -> StepResult:
    """Make the schema change, finish one that was begun, or adopt what is there already.

    Whether it is ours is written before it is made, so that a step that dies halfway is
    taken for ours, finished, and undone by `revert`.
    """
    begun = time.monotonic()
    state = states(conn).get(step.name)
    if state == "done" and not missing(conn, step):
        return StepResult(step=step.name, state="done", row_count=0)
    if state is None or state == "reverted":
        is_there = not missing(conn, step)
        _begin(conn, step, ADOPTED if is_there else OURS)
    report(Progress(task=step.name))
    if any("not valid" not in offence for offence in missing(conn, step)):
        if is_concurrent(step):
            _build_index(conn, step, report)
        else:
            patiently(conn, partial(_change, conn, step), task=step.name, report=report)
    if step.has("validate") and missing(conn, step):
        _validate(conn, step, report)
    _finish(conn, step, "done")
    seconds = time.monotonic() - begun
    report(Progress(task=step.name, done=1, total=1))
    return StepResult(step=step.name, state="done", row_count=0, seconds=seconds)


def revert(conn: psycopg.Connection, step: Step, *, report: Report) -> StepResult:
    """Take the schema change back, unless it was adopted."""
    row = conn.execute(
        "select state, row_count from earnings_migration.steps where step = %s", [step.name]
    ).fetchone()
    if row is None or row[0] == "reverted":
        return StepResult(step=step.name, state="reverted", row_count=0)
    if row[1] == ADOPTED:
        _finish(conn, step, "reverted")
        return StepResult(step=step.name, state="adopted, stays", row_count=0)
    report(Progress(task=step.name, note="reverting"))
    if is_concurrent(step):
        conn.execute(step.text("revert"))
    else:
        patiently(conn, lambda: conn.execute(step.text("revert")), task=step.name, report=report)
    _finish(conn, step, "reverted")
    return StepResult(step=step.name, state="reverted", row_count=0)


def missing(conn: psycopg.Connection, step: Step) -> list[str]:
    """Say what of the schema change is not there."""
    return [offence for _, _, offence in conn.execute(step.text("verify")).fetchall()]


def is_concurrent(step: Step) -> bool:
    """Say whether the change builds an index beside the running app."""
    return "index concurrently" in step.text("apply")


def _change(conn: psycopg.Connection, step: Step) -> None:
    conn.execute(step.text("apply"))
    engine.record_triggers(conn, step.text("apply"))


def _build_index(conn: psycopg.Connection, step: Step, report: Report) -> None:
    """Build the index, after taking away what a build that died has left of it."""
    name = step.text("apply").split("concurrently")[1].split()[0]
    for attempt in range(1, BUILD_ATTEMPTS + 1):
        _drop_invalid(conn, name, step, report)
        conn.execute("select set_config('lock_timeout', %s, false)", [BUILD_TIMEOUT])
        try:
            conn.execute(step.text("apply"))
            return
        except (sqlstates.LockNotAvailable, sqlstates.DeadlockDetected):
            if attempt == BUILD_ATTEMPTS:
                raise
            report(Progress(task=step.name, note="waits for older transactions, tries again"))
        except sqlstates.UniqueViolation as error:
            _drop_invalid(conn, name, step, report)
            raise DatabaseRefused(
                f"the unique index {name} cannot be built: {error.diag.message_detail}",
                "scripts/earnings migrate verify lists the bookings with several live rows; "
                "run migrate up --step 040_reverse_duplicate_earnings, then up again.",
            ) from error
        finally:
            if not conn.closed:
                conn.execute("reset lock_timeout")


def _drop_invalid(conn: psycopg.Connection, name: str, step: Step, report: Report) -> None:
    row = conn.execute(sqlfiles.read("queries/migration_invalid_index"), {"name": name}).fetchone()
    if row:
        report(Progress(task=step.name, note=f"drops {name}, left invalid by an earlier build"))
        drop = sql.SQL("drop index concurrently public.{}").format(sql.Identifier(name))
        conn.execute(drop)


def _validate(conn: psycopg.Connection, step: Step, report: Report) -> None:
    try:
        patiently(conn, lambda: conn.execute(step.text("validate")), task=step.name, report=report)
    except (sqlstates.CheckViolation, sqlstates.ForeignKeyViolation) as error:
        # It holds for every new row; the old ones that offend are listed by verify.
        report(Progress(task=step.name, note=f"not validated: {error.diag.message_primary}"))


def _begin(conn: psycopg.Connection, step: Step, ownership: int) -> None:
    conn.execute(
        sqlfiles.read("queries/migration_step_begin"), {"step": step.name, "row_count": ownership}
    )


def _finish(conn: psycopg.Connection, step: Step, state: str) -> None:
    conn.execute(
        sqlfiles.read("queries/migration_step_advance"),
        {"step": step.name, "state": state, "cursor_id": 0, "row_count": 0},
    )
