"""Step two sessions through one given order of their statements, and say what became of each.

An order is a string of sides, "ABBA": whose statement is next; the last statement of a side is its
commit.  When a statement has to wait, the other side goes on, as it would in life, so that many
orders collapse into what really happens: `orders` leaves those out that a case before has shown to
be impossible.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import psycopg

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target

COMMITTED = "committed"
STUCK_AFTER = 20
NOTICED_AFTER = 0.003

Step = Callable[["Side"], None]


def orders(first: int, second: int) -> Generator[str, str | None, None]:
    """Yield every order of two sides' statements; send the prefix that a side ended or stopped at.

    After that prefix the rest of the order no longer decides anything: no other order that
    begins so is yielded.
    """
    decided: set[str] = set()
    for places in combinations(range(first + second), first):
        order = "".join("A" if place in places else "B" for place in range(first + second))
        if any(order.startswith(prefix) for prefix in decided):
            continue
        prefix = yield order
        if prefix:
            decided.add(prefix)


class Session:
    """One connection whose statements run in a thread of its own."""

    def __init__(self, target: Target, name: str) -> None:
        self.conn = connect(target, f"interleaved {name}")
        self.pid = self.conn.info.backend_pid
        self.thread = ThreadPoolExecutor(1)

    def close(self) -> None:
        self.thread.shutdown()
        self.conn.close()


@dataclass
class Side:
    """What one operation does in one case: its steps, its objects, and how it ended."""

    session: Session
    steps: list[Step]
    world: dict[str, Any]
    booking: dict[str, Any]
    memory: dict[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    message: str = ""
    running: Future[None] | None = None

    @property
    def conn(self) -> psycopg.Connection:
        return self.session.conn

    def begin_next(self) -> None:
        step = self.steps.pop(0)
        self.running = self.session.thread.submit(self.take, step)

    def take(self, step: Step) -> None:
        try:
            step(self)
        except psycopg.Error as error:
            self.outcome = error.sqlstate or "connection lost"
            self.message = str(error)
            self.conn.execute("rollback")


class Driver:
    """Two sessions on one database, and a third connection that watches who waits for whom."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.sessions = (Session(target, "A"), Session(target, "B"))
        self.watcher = connect(target, "interleaved watcher")

    def close(self) -> None:
        for session in self.sessions:
            session.close()
        self.watcher.close()

    def run(self, sides: tuple[Side, Side], order: str) -> str | None:
        """Run the order; return the prefix after which the rest decided nothing, if any."""
        by_name = dict(zip("AB", sides, strict=True))
        decided = None
        for place, name in enumerate(order):
            side = by_name[name]
            if self.is_waiting(side) or side.outcome:
                continue
            side.begin_next()
            if (self.is_waiting(side) or side.outcome) and decided is None:
                decided = order[: place + 1]
        for side in sorted(sides, key=self.is_waiting):
            while not side.outcome:
                if not self.is_waiting(side) and not side.outcome:
                    side.begin_next()
        return decided

    def is_waiting(self, side: Side) -> bool:
        """Wait until the running statement has ended, or is seen to wait for the other side."""
        deadline = time.monotonic() + STUCK_AFTER
        while side.running is not None:
            try:
                side.running.result(NOTICED_AFTER)
                side.running = None
            except NotDone:
                assert time.monotonic() < deadline, "neither side goes on"
                if self.blockers(side) and not self.is_deadlock():
                    return True
        return False

    def blockers(self, side: Side) -> set[int]:
        found = self.watcher.execute("select pg_blocking_pids(%s)", [side.session.pid]).fetchone()
        assert found is not None
        return set(found[0]) & {session.pid for session in self.sessions}

    def is_deadlock(self) -> bool:
        """Both wait for each other: the server ends one of them, which is worth waiting for."""
        found = self.watcher.execute(
            "select bool_and(cardinality(pg_blocking_pids(pid)) > 0) from unnest(%s::int[]) as pid",
            [[session.pid for session in self.sessions]],
        ).fetchone()
        assert found is not None
        return bool(found[0])


def wait_until_waiting(watcher: psycopg.Connection, session: Session) -> None:
    """Return when what the session does waits for a lock."""
    deadline = time.monotonic() + STUCK_AFTER
    waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
    while watcher.execute(waits, [session.pid]).fetchone() != (True,):
        assert time.monotonic() < deadline, "the session did not have to wait"


def commit(side: Side) -> None:
    side.conn.execute("commit")
    side.outcome = COMMITTED


def roll_back(side: Side) -> None:
    """The app gives up after its last statement, as when a later part of a request fails."""
    side.conn.execute("rollback")
    side.outcome = "rolled back"
