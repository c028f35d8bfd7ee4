"""Check what the migration promises: each check is a query that returns the offenders."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.migration import backfilling, steps
from earnings_pipeline.migration.session import is_begun
from earnings_pipeline.progress import Progress, Report, silent

CHECK_PREFIX = "queries/migration_check_"


@dataclass(frozen=True, kw_only=True)
class Offender:
    """One row that a check found."""

    subject: str
    subject_id: int | None
    offence: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What one check found; no offenders means that it passed."""

    check: str
    offenders: tuple[Offender, ...]


def verify(conn: psycopg.Connection, report: Report = silent) -> list[Verification]:
    """Run the checks of every step, and those that concern the migration as a whole."""
    if not is_begun(conn):
        raise WrongUsage("the migration has not begun", "Run scripts/earnings migrate up.")
    checks = [(step.name, step.text("verify")) for step in steps.everything()]
    checks += [
        (name.removeprefix(CHECK_PREFIX), sqlfiles.read(name))
        for name in sqlfiles.names("queries")
        if name.startswith(CHECK_PREFIX)
    ]
    results = []
    for number, (name, text) in enumerate(checks):
        report(Progress(task="verify", done=number, total=len(checks), note=name))
        found = backfilling.offenders(conn, text)
        offenders = (Offender(subject=s, subject_id=i, offence=o) for s, i, o in found)
        results.append(Verification(check=name, offenders=tuple(offenders)))
    report(Progress(task="verify", done=len(checks), total=len(checks)))
    return results
