"""Run migrate up or down in a process of its own, in which this process or the server is killed."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import psycopg

from earnings_pipeline import migration
from earnings_pipeline.progress import Progress

Kill = Callable[[], None]


class Doomed(psycopg.Connection):
    """A connection that counts its statements; a killing begins so long after one has begun."""

    statements = 0
    fatal_statement = 0
    delay = 0.0
    kill: Kill

    def execute(self, *arguments: Any, **options: Any) -> Any:
        self.statements += 1
        if self.statements == self.fatal_statement:
            threading.Timer(self.delay, self.kill).start()
        return super().execute(*arguments, **options)


def run(conn: psycopg.Connection, way: str, batch_size: int, kill: Kill, boundary: int) -> None:
    """Migrate; after so many batches, kill."""
    batches = 0

    def report(progress: Progress) -> None:
        nonlocal batches
        if is_batch(progress):
            batches += 1
            if batches == boundary:
                kill()

    conn.execute("set timezone = 'UTC'")
    {"up": migration.up, "down": migration.down}[way](conn, batch_size=batch_size, report=report)


def is_batch(progress: Progress) -> bool:
    """Tell whether this is what a batch reports when it has committed."""
    return "looked at per second" in progress.note or (
        progress.note == "reverting" and progress.total is not None
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("way", choices=["up", "down"])
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--postmaster", type=int, help="kill this server, and not this process")
    parser.add_argument("--boundary", type=int, default=0, help="after so many batches")
    parser.add_argument("--statement", type=int, default=0, help="in this statement")
    parser.add_argument("--delay", type=float, default=0, help="so many seconds into it")
    chosen = parser.parse_args()

    def kill() -> None:
        if chosen.postmaster:
            os.kill(chosen.postmaster, signal.SIGQUIT)  # an immediate shutdown
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    with Doomed.connect(chosen.address, autocommit=True) as conn:
        conn.fatal_statement, conn.delay, conn.kill = chosen.statement, chosen.delay, kill
        try:
            run(conn, chosen.way, chosen.batch_size, kill, chosen.boundary)
        except psycopg.OperationalError as error:
            sys.exit(f"the server is gone: {error}")


if __name__ == "__main__":
    main()
