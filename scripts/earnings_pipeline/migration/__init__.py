"""The data migration: expand, install, backfill, and the way back (R23 to R26)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from earnings_pipeline import engine, sqlfiles
from earnings_pipeline.errors import DatabaseRefused, WrongUsage
from earnings_pipeline.locking import patiently, wait_for_writers
from earnings_pipeline.migration import backfilling, expanding, rehearsing, steps, views
from earnings_pipeline.migration.contracting import ContractResult, contract
from earnings_pipeline.migration.rehearsing import AmbiguousLink, PlannedReason
from earnings_pipeline.migration.session import (
    is_begun,
    is_contracted,
    one_operator,
    refuse_contracted,
    states,
    work_tables,
)
from earnings_pipeline.migration.steps import LeftAlone, Phase, Step, StepResult
from earnings_pipeline.migration.verifying import (
    ChecklistItem,
    Verification,
    checklist,
    verify,
)
from earnings_pipeline.progress import Progress, Report, silent

__all__ = [
    "AmbiguousLink",
    "ChecklistItem",
    "ContractResult",
    "DownResult",
    "LeftAlone",
    "PlannedReason",
    "StepResult",
    "StepStatus",
    "Verification",
    "checklist",
    "contract",
    "down",
    "plan",
    "status",
    "up",
    "verify",
]


@dataclass(frozen=True, kw_only=True)
class StepStatus:
    """Where a step stands; state is waiting until it has begun."""

    step: str
    state: str
    row_count: int
    started_at: str | None
    finished_at: str | None


@dataclass(frozen=True, kw_only=True)
class DownResult:
    """What `down` undid, and what it left alone and why."""

    steps: tuple[StepResult, ...]
    left_alone: tuple[LeftAlone, ...]


def plan(
    conn: psycopg.Connection, report: Report = silent, *, folder: Path | None = None
) -> list[PlannedReason]:
    """Say what is left of the backfill would do, by step and reason.

    Nothing is written to the database; `folder` gets every row, as a CSV file per reason.
    """
    refuse_contracted(conn)
    standing = states(conn) if is_begun(conn) else {}
    waiting = [step for step in steps.backfill() if standing.get(step.name) != "done"]
    return rehearsing.rehearse(conn, waiting, folder=folder, report=report) if waiting else []


def up(
    conn: psycopg.Connection,
    *,
    step: str | None = None,
    batch_size: int = 1000,
    pause: float = 0,
    report: Report = silent,
) -> list[StepResult]:
    """Expand, install and backfill, or run one step of that; go on where an earlier run stopped.

    Run again it writes nothing.  The app keeps running meanwhile.
    """
    if batch_size < 1:
        raise WrongUsage("a batch needs at least one row", "Give --batch-size 1 or more.")
    with one_operator(conn):
        engine.create_tables(conn, report=report)
        if is_contracted(conn):
            engine.install(conn, report=report)
            return []
        with work_tables(conn):
            if step is not None:
                return [_up_one(conn, step, batch_size=batch_size, pause=pause, report=report)]
            conn.execute(sqlfiles.read("queries/migration_count_legacy_rows"))
            results = _expand(conn, Phase.BEFORE_INSTALL, report)
            engine.install(conn, report=report)
            results += _expand(conn, Phase.BEFORE_BACKFILL, report)
            results += _backfill(conn, batch_size=batch_size, pause=pause, report=report)
            results += _expand(conn, Phase.AFTER_BACKFILL, report)
            results += _look_again(conn, batch_size=batch_size, pause=pause, report=report)
            return results


def down(
    conn: psycopg.Connection,
    *,
    step: str | None = None,
    batch_size: int = 1000,
    report: Report = silent,
) -> DownResult:
    """Undo everything, or the latest step alone; list what is left alone and why (R25).

    A full undo takes the engine off first.  Killed, it goes on when it is run again.
    """
    if not is_begun(conn):
        return DownResult(steps=(), left_alone=())
    refuse_contracted(conn)
    with one_operator(conn), work_tables(conn):
        views.refuse_foreign_views(conn, views.EXPANDED)
        if step is not None:
            chosen = _only_later_ones_undone(conn, _named(step))
        else:
            engine.uninstall(conn, report=report)
            chosen = list(reversed(steps.everything()))
        if any(not one.is_backfill for one in chosen):
            with conn.transaction():
                views.drop_model_views(conn, views.EXPANDED)
        results: list[StepResult] = []
        left_alone: list[LeftAlone] = []
        for one in chosen:
            if one.is_backfill:
                result, left = backfilling.revert(conn, one, batch_size=batch_size, report=report)
                left_alone += left
            else:
                result = expanding.revert(conn, one, report=report)
            results.append(result)
        if step is None:
            conn.execute("delete from earnings_migration.legacy_rows")
            _advance_look(conn, "reverted", 0)
        return DownResult(steps=tuple(results), left_alone=tuple(left_alone))


def status(conn: psycopg.Connection) -> list[StepStatus]:
    """Say where each step stands."""
    known = {}
    if is_begun(conn):
        known = {row[0]: row for row in conn.execute(sqlfiles.read("queries/migration_status"))}
    return [
        StepStatus(
            step=step.name,
            state=known[step.name][1] if step.name in known else "waiting",
            row_count=known[step.name][2] if step.name in known and step.is_backfill else 0,
            started_at=known[step.name][3] if step.name in known else None,
            finished_at=known[step.name][4] if step.name in known else None,
        )
        for step in steps.everything()
    ]


def _expand(conn: psycopg.Connection, phase: Phase, report: Report) -> list[StepResult]:
    return [expanding.apply(conn, step, report=report) for step in steps.expand(phase)]


def _backfill(
    conn: psycopg.Connection, *, batch_size: int, pause: float, report: Report
) -> list[StepResult]:
    standing = states(conn)
    if any(standing.get(step.name) != "done" for step in steps.backfill()):
        _analyze(conn, report)
        begin = sqlfiles.read("queries/migration_step_begin")
        conn.execute(begin, {"step": steps.LOOK_AGAIN, "row_count": 0})
    results = []
    for step in steps.backfill():
        result = backfilling.apply(conn, step, batch_size=batch_size, pause=pause, report=report)
        # what it changed may be too little for autovacuum to look, and all that the next reads
        if result.row_count > batch_size:
            _analyze(conn, report)
        results.append(result)
    return results


def _look_again(
    conn: psycopg.Connection, *, batch_size: int, pause: float, report: Report
) -> list[StepResult]:
    """Run every backfill step over all rows once more, for what the app wrote meanwhile.

    A step does not see what others have not committed when it decides or passes by, and what the
    engine makes of a write it makes of what is there: a booking that follows one whose order was
    not found yet has none.  What begins from here on finds everything migrated.
    """
    if states(conn).get(steps.LOOK_AGAIN) == "done":
        return []
    wait_for_writers(conn, task=steps.LOOK_AGAIN, report=report)

    def say(progress: Progress) -> None:
        # under its own name: what the step has written stays to be read on its own line
        report(replace(progress, task=steps.LOOK_AGAIN, note=f"{progress.task}: {progress.note}"))

    looked = [
        backfilling.apply(conn, step, batch_size=batch_size, pause=pause, report=say, again=True)
        for step in steps.backfill()
    ]
    rows = sum(result.row_count for result in looked)
    _advance_look(conn, "done", rows)
    return [
        StepResult(
            step=steps.LOOK_AGAIN,
            state="done",
            row_count=rows,
            batch_count=sum(result.batch_count for result in looked),
            seconds=sum(result.seconds for result in looked),
        )
    ]


def _advance_look(conn: psycopg.Connection, state: str, rows: int) -> None:
    conn.execute(
        sqlfiles.read("queries/migration_step_advance"),
        {"step": steps.LOOK_AGAIN, "state": state, "cursor_id": 0, "row_count": rows},
    )


def _analyze(conn: psycopg.Connection, report: Report) -> None:
    """Have the plans made for the data as it is, not as it was when it was last looked at."""
    analyze = sqlfiles.read("queries/migration_analyze")
    patiently(conn, lambda: conn.execute(analyze), task="analyze", report=report)


def _up_one(
    conn: psycopg.Connection, name: str, *, batch_size: int, pause: float, report: Report
) -> StepResult:
    step = _named(name)
    conn.execute(sqlfiles.read("queries/migration_count_legacy_rows"))
    standing = states(conn)
    ordered = steps.everything()
    for earlier in ordered[: ordered.index(step)]:
        if standing.get(earlier.name) != "done":
            raise WrongUsage(
                f"{step.name} comes after {earlier.name}, which is not done",
                "Run scripts/earnings migrate up, or that step first.",
            )
    if not step.is_backfill:
        if step.number not in Phase.BEFORE_INSTALL.value:
            engine.install(conn, report=report)
        return expanding.apply(conn, step, report=report)
    engine.install(conn, report=report)
    _analyze(conn, report)
    return backfilling.apply(
        conn, step, batch_size=batch_size, pause=pause, report=report, again=True
    )


def _named(name: str) -> Step:
    step = steps.named(name)
    if step is None:
        known = ", ".join(step.name for step in steps.everything())
        raise WrongUsage(f"there is no step {name}", f"Steps: {known}.")
    return step


def _only_later_ones_undone(conn: psycopg.Connection, step: Step) -> list[Step]:
    standing = states(conn)
    ordered = steps.everything()
    for later in ordered[ordered.index(step) + 1 :]:
        if standing.get(later.name, "reverted") != "reverted":
            raise DatabaseRefused(
                f"{step.name} cannot be undone while {later.name} stands on it",
                f"Undo later steps first: scripts/earnings migrate down --step {later.name}.",
            )
    return [step]
