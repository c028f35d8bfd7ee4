"""Run migrate up in a process of its own that is killed at a chosen moment."""

from __future__ import annotations

import os
import signal
import sys

import psycopg

from earnings_pipeline import migration
from earnings_pipeline.migration import backfilling
from earnings_pipeline.progress import Progress


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(address: str, place: str, moment: int) -> None:
    """Kill this process between two batches, or after a batch wrote and before it commits."""
    seen = 0

    def report(progress: Progress) -> None:
        nonlocal seen
        if place == "between" and "looked at per second" in progress.note:
            seen += 1
            if seen == moment:
                die()

    if place == "inside":
        advance = backfilling._advance

        def dying(conn: psycopg.Connection, step: migration.steps.Step, **values: object) -> None:
            nonlocal seen
            seen += 1
            if seen == moment:
                die()
            advance(conn, step, **values)  # type: ignore[arg-type]

        backfilling._advance = dying

    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute("set timezone = 'UTC'")
        migration.up(conn, batch_size=45, report=report)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
