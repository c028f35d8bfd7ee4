"""Run sql/checks: each is a query that returns the offenders against one claim."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress, Report, silent

FOLDER = "checks"
TASK = "check"
COLUMNS = ("subject", "subject_id", "detail")
HEADER = (
    'It begins with comment lines: its claim, an empty one, "-- Rule      R7" and '
    '"-- If not    what to do".'
)
OFFENDERS_SHOWN = 20
EVERYTHING = "everything"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim about the database; `query` returns the rows that make it false.

    `reads` says what its cost grows with: the catalog, what is open, or everything.
    """

    name: str
    claim: str
    rule: str
    reads: str
    remedy: str
    query: str

    @property
    def is_quick(self) -> bool:
        return self.reads != EVERYTHING


@dataclass(frozen=True, kw_only=True)
class Offender:
    """What offends against a claim: the kind of thing, its id, and what was seen."""

    subject: str
    subject_id: int
    detail: str


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found; `offenders` are the first of `offender_count`."""

    name: str
    claim: str
    rule: str
    remedy: str
    offender_count: int
    offenders: tuple[Offender, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return self.offender_count == 0


def load() -> list[Check]:
    """Return every check, by name."""
    return [_parsed(name) for name in sqlfiles.names(FOLDER)]


def run(
    conn: psycopg.Connection,
    names: Sequence[str] | None = None,
    report: Report = silent,
    shown: int = OFFENDERS_SHOWN,
    *,
    quick: bool = False,
) -> list[CheckResult]:
    """Run the checks named, all of them by default, in one snapshot of the database.

    `quick` leaves out those whose cost grows with all the rows there ever were.
    Nothing is written or locked, so it can run at any time and as a role that only reads.  Inside
    a transaction of the caller's it sees what that has written.
    """
    wanted = [check for check in _chosen(load(), names) if check.is_quick or not quick]
    is_idle = conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    results = []
    with conn.transaction():
        if is_idle:
            conn.execute("set transaction isolation level repeatable read, read only")
        for number, check in enumerate(wanted):
            report(Progress(task=TASK, done=number, total=len(wanted), note=check.name))
            results.append(_run(conn, check, shown))
    report(Progress(task=TASK, done=len(wanted), total=len(wanted)))
    return results


def _run(conn: psycopg.Connection, check: Check, shown: int) -> CheckResult:
    started = time.monotonic()
    _refuse_other_columns(conn, check)
    conn.execute("select set_config('earnings.offenders_shown', %s, true)", [str(shown)])
    query = sqlfiles.read("queries/count_offenders").replace(
        "from the_check", f"from ({check.query}\n) as the_check"
    )
    rows = conn.execute(query.encode()).fetchall()
    return CheckResult(
        name=check.name,
        claim=check.claim,
        rule=check.rule,
        remedy=check.remedy,
        offender_count=rows[0][0],
        offenders=tuple(
            Offender(subject=subject, subject_id=subject_id, detail=detail)
            for _, subject, subject_id, detail in rows
            if subject is not None
        ),
        seconds=time.monotonic() - started,
    )


def _refuse_other_columns(conn: psycopg.Connection, check: Check) -> None:
    query = f"select * from ({check.query}\n) as the_check limit 0"  # noqa: S608
    columns = {column.name for column in conn.execute(query.encode()).description or ()}
    if missing := [name for name in COLUMNS if name not in columns]:
        raise WrongUsage(
            f"sql/{FOLDER}/{check.name}.sql does not return {', '.join(missing)}",
            f"A check returns the columns {', '.join(COLUMNS)}, one row per offender.",
        )


def _chosen(checks: list[Check], names: Sequence[str] | None) -> list[Check]:
    if not names:
        return checks
    by_name = {check.name: check for check in checks}
    if unknown := [name for name in names if name not in by_name]:
        raise WrongUsage(
            f"there is no check named {unknown[0]}", f"The checks are {', '.join(by_name)}."
        )
    return [by_name[name] for name in names]


def _parsed(path: str) -> Check:
    """Read the header of a check: claim, rule, what it reads, and what to do if it is false."""
    text = sqlfiles.read(path)
    head = re.match(r"((?:--.*\n)+)", text)
    if head is None:
        raise WrongUsage(f"sql/{path}.sql does not begin with its claim", HEADER)
    lines = [line.removeprefix("--").strip() for line in head[1].splitlines()]
    claim, _, rest = " ".join(lines).partition("  Rule ")
    facts, _, remedy = rest.partition(" If not ")
    rule, _, reads = facts.partition(" Reads ")
    if not remedy:
        raise WrongUsage(f"sql/{path}.sql does not say its rule and what to do", HEADER)
    return Check(
        name=path.split("/")[-1],
        claim=claim.strip(),
        rule=rule.strip(),
        reads=reads.strip() or EVERYTHING,
        remedy=remedy.strip(),
        query=text[head.end() :].strip().rstrip(";"),
    )
