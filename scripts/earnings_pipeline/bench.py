"""Measure what the engine costs and how fast migration and jobs are, on a server of its own."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from earnings_pipeline import embedded, jobs, migration, sample, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.progress import Report
from earnings_pipeline.target import Target

COMPLETIONS = 100
TABLES = ("bookings_booking", "payments_order", "payments_earningstransaction")


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was measured; `ratio` compares with the same work without the engine."""

    what: str
    row_count: int
    seconds: float
    rows_per_second: float
    ratio: float | None = None


def run(*, bookings: int, seed: int, report: Report) -> list[Measurement]:
    """Load a sample into a throw-away server with fsync on, migrate it and run its jobs."""
    with _server() as target, connect(target, "bench") as conn:
        started = time.perf_counter()
        sample.load(conn, bookings=bookings, seed=seed, report=report)
        results = [_measured("load the sample", bookings, started)]
        started = time.perf_counter()
        steps = migration.up(conn, report=report)
        results.append(_measured("migrate up", sum(step.row_count for step in steps), started))
        results += _completions(conn)
        started = time.perf_counter()
        completed = jobs.run(conn, "complete", as_of=sample.AS_OF, report=report)
        results.append(_measured("jobs run complete", completed.completed_count, started))
        started = time.perf_counter()
        released = jobs.run(conn, "release", as_of=sample.AS_OF, report=report)
        results.append(_measured("jobs run release", released.released_count, started))
        return results


@contextmanager
def _server() -> Iterator[Target]:
    state = Path(tempfile.mkdtemp(prefix="earnings-bench-"))
    state.chmod(0o711)
    server = embedded.Server(state=state)
    try:
        yield server.start()
    finally:
        server.remove()
        shutil.rmtree(state)


def _completions(conn: psycopg.Connection) -> list[Measurement]:
    """Complete bookings one by one, each in a transaction of its own, without and with the engine.

    Each completion is rolled back, so both find the same bookings.
    """
    query = sqlfiles.read("queries/bench_open_bookings")
    ids = [row[0] for row in conn.execute(query, {"count": COMPLETIONS})]
    _triggers(conn, "disable")
    try:
        bare = [_complete(conn, booking_id) for booking_id in ids]
    finally:
        _triggers(conn, "enable")
    full = [_complete(conn, booking_id) for booking_id in ids]
    ratio = statistics.median(full) / statistics.median(bare)
    return [
        _summed("complete one booking, engine off", bare, None),
        _summed("complete one booking, engine on", full, ratio),
    ]


def _complete(conn: psycopg.Connection, booking_id: int) -> float:
    started = time.perf_counter()
    with conn.transaction(force_rollback=True):
        query = sqlfiles.read("queries/bench_complete_booking")
        conn.execute(query, {"booking_id": booking_id})
        conn.execute("set constraints all immediate")
    return time.perf_counter() - started


def _triggers(conn: psycopg.Connection, verb: str) -> None:
    for table in TABLES:
        statement = sql.SQL("alter table {} {} trigger user")
        conn.execute(statement.format(sql.Identifier("public", table), sql.SQL(verb)))


def _measured(what: str, row_count: int, started: float) -> Measurement:
    seconds = time.perf_counter() - started
    return Measurement(
        what=what, row_count=row_count, seconds=seconds, rows_per_second=row_count / seconds
    )


def _summed(what: str, seconds: list[float], ratio: float | None) -> Measurement:
    total = sum(seconds)
    return Measurement(
        what=what,
        row_count=len(seconds),
        seconds=total,
        rows_per_second=len(seconds) / total,
        ratio=ratio,
    )
