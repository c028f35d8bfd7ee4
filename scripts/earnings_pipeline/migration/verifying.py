"""Check what the migration promises: each check is a query that returns the offenders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from earnings_pipeline import checks as claims
from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.migration import steps
from earnings_pipeline.migration.session import is_begun, search_app_tables_first
from earnings_pipeline.progress import Progress, Report, silent

FOLDER = "checklist"


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


@dataclass(frozen=True, kw_only=True)
class ListedQuery:
    """One row of sql/checklist/checklist_items.sql."""

    item_number: int
    part: str
    item: str
    query: str | None
    command: str | None


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """One item of sql/checklist/checklist_items.sql, and how many rows offend against it.

    Where the database cannot tell, offender_count and is_met are None, and `command` tells.
    """

    part: str
    item: str
    checks: tuple[str, ...]
    command: str | None
    offender_count: int | None
    is_met: bool | None


def verify(conn: psycopg.Connection, report: Report = silent) -> list[Verification]:
    """Run the checks of every step, and those that the checklist names, in one snapshot.

    Nothing is written or locked.
    """
    if not is_begun(conn):
        raise WrongUsage("the migration has not begun", "Run scripts/earnings migrate up.")
    queries = _queries(conn)
    is_idle = conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    results = []
    with conn.transaction():
        if is_idle:
            conn.execute("set transaction isolation level repeatable read, read only")
        search_app_tables_first(conn)
        for number, (name, text) in enumerate(queries):
            report(Progress(task="verify", done=number, total=len(queries), note=name))
            offenders = (
                Offender(subject=subject, subject_id=subject_id, offence=offence)
                for subject, subject_id, offence in conn.execute(text).fetchall()
            )
            results.append(Verification(check=name, offenders=tuple(offenders)))
    report(Progress(task="verify", done=len(queries), total=len(queries)))
    return results


def checklist(conn: psycopg.Connection, results: Iterable[Verification]) -> list[ChecklistItem]:
    """Say of every item of the checklist what the checks found against it."""
    counts = {result.check: len(result.offenders) for result in results}
    items: dict[int, list[ListedQuery]] = {}
    for listed in _listed(conn):
        items.setdefault(listed.item_number, []).append(listed)
    return [_judged(listed, counts) for listed in items.values()]


def _judged(listed: Sequence[ListedQuery], counts: dict[str, int]) -> ChecklistItem:
    checks = tuple(one.query for one in listed if one.query)
    count = sum(counts[check] for check in checks) if checks else None
    return ChecklistItem(
        part=listed[0].part,
        item=listed[0].item,
        checks=checks,
        command=listed[0].command,
        offender_count=count,
        is_met=None if count is None else count == 0,
    )


def _queries(conn: psycopg.Connection) -> Sequence[tuple[str, bytes]]:
    """Return every check by name: the steps' own first, then those that the checklist names."""
    known = {claim.name: claim.query for claim in claims.load()}
    known |= {name.split("/")[1]: sqlfiles.read(name) for name in sqlfiles.names(FOLDER)}
    of_steps = [(step.name, step.text("verify")) for step in steps.everything()]
    # by column, for a claim of sql/checks may return them in any order
    of_items = [
        (name, f"select subject, subject_id, detail from (\n{known[name]}\n) as claim")  # noqa: S608
        for name in dict.fromkeys(one.query for one in _listed(conn) if one.query)
    ]
    return [(name, text.encode()) for name, text in of_steps + of_items]


def _listed(conn: psycopg.Connection) -> list[ListedQuery]:
    with conn.cursor(row_factory=class_row(ListedQuery)) as cursor:
        return cursor.execute(sqlfiles.read(f"{FOLDER}/checklist_items").encode()).fetchall()
