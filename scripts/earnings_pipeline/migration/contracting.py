"""Drop the columns that nobody reads any more, behind a gate, and bring them back (R26)."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from earnings_pipeline import engine, sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.locking import patiently
from earnings_pipeline.migration import expanding, steps, views
from earnings_pipeline.migration.session import is_begun, is_contracted, one_operator, states
from earnings_pipeline.migration.steps import Phase
from earnings_pipeline.migration.verifying import verify
from earnings_pipeline.progress import Report, silent

STEP = "contract"


@dataclass(frozen=True, kw_only=True)
class ContractResult:
    """What contract dropped or brought back; `refusals` say why it did nothing."""

    state: str
    kept_booking_count: int = 0
    refusals: tuple[str, ...] = ()


def contract(
    conn: psycopg.Connection,
    *,
    app_no_longer_maps: bool = False,
    revert: bool = False,
    report: Report = silent,
) -> ContractResult:
    """Drop the old columns if the gate is open, keeping aside what they hold; or undo that."""
    if not is_begun(conn):
        raise WrongUsage("the migration has not begun", "Run scripts/earnings migrate up.")
    with one_operator(conn):
        if revert:
            return _revert(conn, report)
        if is_contracted(conn):
            return ContractResult(state="done")
        refusals = _refusals(conn, app_no_longer_maps=app_no_longer_maps, report=report)
        if refusals:
            return ContractResult(state="refused", refusals=tuple(refusals))
        views.refuse_foreign_views(conn, views.CONTRACTED)
        return _apply(conn, report)


def _refusals(conn: psycopg.Connection, *, app_no_longer_maps: bool, report: Report) -> list[str]:
    standing = states(conn)
    refusals = [
        f"step {step.name} is not done"
        for step in steps.everything()
        if standing.get(step.name) != "done"
    ]
    if refusals:
        return refusals
    refusals += [
        f"{len(found.offenders)} rows offend {found.check}"
        for found in verify(conn, report)
        if found.offenders
    ]
    has_rested, until = conn.execute(
        sqlfiles.read("queries/migration_contract_wait")
    ).fetchone() or (False, "the migration is done")
    if not has_rested:
        refusals.append(f"the migration has to rest until {until}")
    if not app_no_longer_maps:
        refusals.append("nobody has stated that the app no longer maps the columns")
    return refusals


def _apply(conn: psycopg.Connection, report: Report) -> ContractResult:
    def drop() -> int:
        conn.execute("set local role earnings_owner")
        conn.execute(sqlfiles.read("contract/create_tables"))
        conn.execute("set local role none")
        conn.execute("lock table public.bookings_booking in share row exclusive mode")
        conn.execute(sqlfiles.read("contract/keep"))
        views.drop_model_views(conn, views.CONTRACTED)
        conn.execute(sqlfiles.read("contract/apply"))
        _advance(conn, "done")
        row = conn.execute("select count(*) from earnings_migration.kept_bookings").fetchone()
        return row[0] if row else 0

    kept = patiently(conn, drop, task=STEP, report=report)
    return ContractResult(state="done", kept_booking_count=kept)


def _revert(conn: psycopg.Connection, report: Report) -> ContractResult:
    if not is_contracted(conn):
        return ContractResult(state="reverted")

    def bring_back() -> int:
        row = conn.execute("select count(*) from earnings_migration.kept_bookings").fetchone()
        conn.execute("lock table public.bookings_booking in access exclusive mode")
        conn.execute(sqlfiles.read("contract/revert_columns"))
        conn.execute("set local role earnings_migrator")
        conn.execute(sqlfiles.read("contract/revert_values"))
        conn.execute("set local role none")
        conn.execute(sqlfiles.read("contract/revert_objects"))
        _advance(conn, "reverted")
        return row[0] if row else 0

    kept = patiently(conn, bring_back, task=STEP, report=report)
    engine.install(conn, report=report)
    for step in steps.expand(Phase.BEFORE_BACKFILL):
        expanding.apply(conn, step, report=report)
    return ContractResult(state="reverted", kept_booking_count=kept)


def _advance(conn: psycopg.Connection, state: str) -> None:
    begin = sqlfiles.read("queries/migration_step_begin")
    conn.execute(begin, {"step": STEP, "row_count": 0})
    conn.execute(
        sqlfiles.read("queries/migration_step_advance"),
        {"step": STEP, "state": state, "cursor_id": 0, "row_count": 0},
    )
