"""Change the schema of tables in use without making their users wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import errors as sqlstates

from earnings_pipeline.progress import Progress, Report, silent

LOCK_TIMEOUT = "1s"
ATTEMPTS = 60
PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0

Result = TypeVar("Result")


def patiently(
    conn: psycopg.Connection,
    change: Callable[[], Result],
    *,
    task: str,
    report: Report = silent,
    attempts: int = ATTEMPTS,
) -> Result:
    """Run `change` in a transaction that waits at most a second for each lock, until it gets them.

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
