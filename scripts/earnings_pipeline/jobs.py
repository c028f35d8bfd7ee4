"""Run the jobs that move earnings with time: complete, release, payouts, expire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.locking import patiently
from earnings_pipeline.progress import Progress, Report, silent

# With the pauses between them about as long as the app may keep a job waiting: half a minute.
BUSY_ATTEMPTS = 9


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """What one run of a job did; `cents` per currency are net, of breakage gross."""

    job: str
    checked_at: datetime
    completed_count: int = 0
    earnings_created_count: int = 0
    released_count: int = 0
    payout_count: int = 0
    expired_count: int = 0
    skipped_count: int = 0
    error_count: int = 0
    cents: dict[str, int] = field(default_factory=dict)


def run(
    conn: psycopg.Connection,
    job: str,
    *,
    as_of: datetime | None = None,
    batch_size: int = 500,
    ended_after: datetime | None = None,
    report: Report = silent,
) -> JobSummary:
    """Run a job until nothing is due; each batch is a transaction of its own.

    `as_of` is the moment at which something is due, by default now; a moment ahead of the
    database's clock is refused (23X09).  `ended_after` leaves older appointments alone.
    Stopping between two batches loses nothing, and two runs side by side share the work.
    """
    if job not in JOBS:
        raise WrongUsage(f"there is no job {job}", f"Jobs are: {', '.join(JOBS)}.")
    if as_of is None:
        row = conn.execute("select clock_timestamp()").fetchone()
        as_of = row[0] if row else datetime.now().astimezone()
    return JOBS[job](conn, as_of, batch_size, ended_after, report)


def _complete(
    conn: psycopg.Connection,
    as_of: datetime,
    batch_size: int,
    ended_after: datetime | None,
    report: Report,
) -> JobSummary:
    completed = created = errors = skipped = 0
    cents: Counter[str] = Counter()
    while True:
        done, new, skipped, exceptions, pending = _batch(
            conn,
            "select * from earnings.complete_due(%s, %s, coalesce(%s, '-infinity'::timestamptz))",
            [as_of, batch_size, ended_after],
            task="complete",
            report=report,
        )[0]
        completed, created, errors = completed + done, created + new, errors + exceptions
        cents.update(pending)
        report(Progress(task="complete", done=completed, note=f"{created} earnings created"))
        if done == 0:
            break
    return JobSummary(
        job="complete",
        checked_at=as_of,
        completed_count=completed,
        earnings_created_count=created,
        skipped_count=skipped,
        error_count=errors,
        cents=dict(cents),
    )


def _release(
    conn: psycopg.Connection,
    as_of: datetime,
    batch_size: int,
    ended_after: datetime | None,
    report: Report,
) -> JobSummary:
    released = 0
    cents: Counter[str] = Counter()
    while rows := _batch(
        conn,
        "select * from earnings.release_holds(%s, %s)",
        [as_of, batch_size],
        task="release",
        report=report,
    ):
        released += len(rows)
        for _, net_amount_cents, currency in rows:
            cents[currency] += net_amount_cents
        report(Progress(task="release", done=released))
    return JobSummary(job="release", checked_at=as_of, released_count=released, cents=dict(cents))


def _payouts(
    conn: psycopg.Connection,
    as_of: datetime,
    batch_size: int,
    ended_after: datetime | None,
    report: Report,
) -> JobSummary:
    rows = _batch(
        conn, "select * from earnings.create_payouts(%s)", [as_of], task="payouts", report=report
    )
    cents: Counter[str] = Counter()
    for _, _, currency, net_amount_cents, _ in rows:
        cents[currency] += net_amount_cents
    report(Progress(task="payouts", done=len(rows), total=len(rows)))
    return JobSummary(job="payouts", checked_at=as_of, payout_count=len(rows), cents=dict(cents))


def _expire(
    conn: psycopg.Connection,
    as_of: datetime,
    batch_size: int,
    ended_after: datetime | None,
    report: Report,
) -> JobSummary:
    rows = _batch(
        conn, "select * from earnings.expire_packages(%s)", [as_of], task="expire", report=report
    )
    cents: Counter[str] = Counter()
    for _, _, amount_cents, currency in rows:
        cents[currency] += amount_cents
    report(Progress(task="expire", done=len(rows), total=len(rows)))
    return JobSummary(job="expire", checked_at=as_of, expired_count=len(rows), cents=dict(cents))


JOBS: dict[str, Callable[..., JobSummary]] = {
    "complete": _complete,
    "release": _release,
    "payouts": _payouts,
    "expire": _expire,
}


def _batch(
    conn: psycopg.Connection,
    statement: str,
    parameters: list[object],
    *,
    task: str,
    report: Report,
) -> list[Any]:
    """Run one batch, again when the app was in the way: the job is always the one to give way."""
    return patiently(
        conn,
        lambda: conn.execute(statement, parameters).fetchall(),
        task=task,
        report=report,
        attempts=BUSY_ATTEMPTS,
    )
