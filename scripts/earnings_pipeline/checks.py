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
    'It begins with comment lines: its claim, an empty one, "-- Rule      R7", '
    '"-- Reads     bookings" and "-- If not    what to do".'
)
OFFENDERS_SHOWN = 20
# What sql/queries/changed_since.sql tells the ids of.
KINDS = ("bookings", "earnings", "orders", "payouts", "practitioners")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim about the database; `query` returns the rows that make it false.

    `reads` is one of KINDS, and then it can be put to those that have changed: the offenders whose
    id, in the column `by`, is theirs.  Anything else is small, and always read whole.
    """

    name: str
    claim: str
    rule: str
    reads: str
    by: str
    remedy: str
    query: str


@dataclass(frozen=True, kw_only=True)
class Offender:
    """What offends against a claim: the kind of thing, its id, and what was seen."""

    subject: str
    subject_id: int
    detail: str


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found; `offenders` are the first of `offender_count`.

    `changed_count` is to how many of what it `reads` it was put; None is to all.
    """

    name: str
    claim: str
    rule: str
    remedy: str
    reads: str
    changed_count: int | None
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
    since: str | None = None,
) -> list[CheckResult]:
    """Run the checks named, all of them by default, in one snapshot of the database.

    With `since`, an interval as PostgreSQL reads it, they are put to what has changed since then:
    what has a new entry in the history, a new credit row, or is a payout that was written, and
    what hangs together with it.  That finds what the engine does wrong, and not what somebody has
    written past its triggers, which leaves no entry.
    Nothing is written or locked, so it can run at any time and as a role that only reads.  Inside
    a transaction of the caller's it sees what that has written.
    """
    wanted = _chosen(load(), names)
    is_idle = conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    results = []
    with conn.transaction():
        if is_idle:
            conn.execute("set transaction isolation level repeatable read, read only")
        changed = changed_since(conn, since) if since is not None else {}
        for number, check in enumerate(wanted):
            report(Progress(task=TASK, done=number, total=len(wanted), note=check.name))
            results.append(_run(conn, check, shown, changed.get(check.reads)))
    report(Progress(task=TASK, done=len(wanted), total=len(wanted)))
    return results


def changed_since(conn: psycopg.Connection, since: str) -> dict[str, list[int]]:
    """Return the ids of what has changed in the last while, by kind."""
    try:
        with conn.transaction():
            row = conn.execute("select %s::interval > interval '0'", [since]).fetchone()
    except (psycopg.errors.InvalidDatetimeFormat, psycopg.errors.IntervalFieldOverflow):
        row = None
    if row != (True,):
        raise WrongUsage(
            f"{since} is no length of time", "Say how far to look back, such as 15min, 6h or 2days."
        )
    cursor = psycopg.RawCursor(conn)
    return dict(cursor.execute(sqlfiles.read("queries/changed_since").encode(), [since]).fetchall())


def _run(conn: psycopg.Connection, check: Check, shown: int, ids: list[int] | None) -> CheckResult:
    started = time.monotonic()
    narrowed = "" if ids is None else f"where {check.by} = any($2)"
    query = sqlfiles.read("queries/count_offenders").replace(
        "from the_check", f"from ({check.query}\n) as the_check {narrowed}"
    )
    # checks write % as they like, so they are not read as psycopg's placeholders
    parameters: list[object] = [shown] if ids is None else [shown, ids]
    try:
        with conn.transaction():
            rows = psycopg.RawCursor(conn).execute(query.encode(), parameters).fetchall()
    except psycopg.errors.UndefinedColumn:
        _refuse_other_columns(conn, check)
        raise
    return CheckResult(
        name=check.name,
        claim=check.claim,
        rule=check.rule,
        remedy=check.remedy,
        reads=check.reads,
        changed_count=None if ids is None else len(ids),
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
    if missing := [name for name in (*COLUMNS, check.by) if name not in columns]:
        raise WrongUsage(
            f"sql/{FOLDER}/{check.name}.sql does not return {', '.join(dict.fromkeys(missing))}",
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
    rule, _, read = facts.partition(" Reads ")
    reads, _, by = read.strip().partition(", by ")
    if not reads or not remedy:
        raise WrongUsage(
            f"sql/{path}.sql does not say its rule, what it reads and what to do", HEADER
        )
    return Check(
        name=path.split("/")[-1],
        claim=claim.strip(),
        rule=rule.strip(),
        reads=reads,
        by=by or COLUMNS[1],
        remedy=remedy.strip(),
        query=text[head.end() :].strip().rstrip(";"),
    )
