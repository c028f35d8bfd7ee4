"""Change the schema of tables in use without making their users wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import errors as sqlstates

from earnings_pipeline.progress import Progress, Report, silent

# Below deadlock_timeout, so that we and not the app give way (R20 f); and so short that whoever
# stands behind two locks that we wait for, one after the other, waits less than a second.
LOCK_TIMEOUT = "300ms"
ATTEMPTS = 60
PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0
WRITERS_PATIENCE_SECONDS = 600.0

Result = TypeVar("Result")


def patiently(
    conn: psycopg.Connection,
    change: Callable[[], Result],
    *,
    task: str,
    report: Report = silent,
    attempts: int = ATTEMPTS,
) -> Result:
    """Run `change` in a transaction that waits only shortly for each lock, until it gets them.

    A lock that is waited for blocks everyone who comes later, so the wait is short and the
    attempts are many.  The last refusal is raised as the database gave it.
    """
    pause = PAUSE_SECONDS
    for attempt in range(1, attempts + 1):
        try:
            with conn.transaction():
                conn.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
                return change()
        except (sqlstates.LockNotAvailable, sqlstates.DeadlockDetected):
            if attempt == attempts:
                raise
            report(Progress(task=task, note=f"waits for a lock, attempt {attempt + 1}"))
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    raise AssertionError("unreachable: the loop returns or raises")


def wait_for_writers(conn: psycopg.Connection, *, task: str, report: Report = silent) -> None:
    """Wait until every transaction has ended that has written and is open now; block nobody.

    After ten minutes it is not waited for any longer: then somebody has forgotten a transaction.
    """
    (now_open,) = conn.execute("select pg_snapshot_xmax(pg_current_snapshot())").fetchone() or (0,)
    oldest = "select pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8"
    deadline = time.monotonic() + WRITERS_PATIENCE_SECONDS
    while conn.execute(oldest, [str(now_open)]).fetchone() == (False,):
        if time.monotonic() > deadline:
            return
        report(Progress(task=task, note="waits for older transactions"))
        time.sleep(PAUSE_SECONDS)
