"""The app goes on writing while it is migrated: eight connections, every flow, old rows and new.

`migrate up` runs as an operator runs it, in a process of its own, while eight clients of the app do
what they like: the app's earlier version on its own tables, or the later one on those that its own
migrations made.  Afterwards nothing is lost, every cent is accounted for, no statement of the app
has waited longer than a second for a lock, and none was the victim of a deadlock.  scripts/test
migrates the small sample under the earlier version; the documented run migrates 3,000 bookings
under either, some minutes on two cores, and says how every flow ended:

    EARNINGS_MIGRATED_BOOKINGS=3000 scripts/test tests/migration/test_under_load.py -n 0 -s
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from concurrency.load import FLOWS, Crowd, NothingToDo, Worker, deletes, of_payouts
from conftest import MakeDatabase
from earnings_pipeline import checks, migration, sample, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
BOOKINGS = int(os.environ.get("EARNINGS_MIGRATED_BOOKINGS", "300"))
IS_WHOLE = "EARNINGS_MIGRATED_BOOKINGS" in os.environ
WAITS = (Path(__file__).parent / "waits.sql").read_text(encoding="utf-8")
CONNECTIONS = 8
LONGEST_WAIT = "1s"
# A client thinks between two clicks; eight that never do would leave nothing of two cores.
THINKING_SECONDS = 0.05


@dataclass
class Customers(Crowd):
    """A crowd that writes until it is told to stop, in one form of the app."""

    form: str = "before"
    is_over: bool = False
    legacy_count: int = 0
    deleted: set[int] = field(default_factory=set)
    longest: tuple[float, str] = (0.0, "")

    def settle_down(self) -> None:
        """Join the town of the sample, and take part in what was sold there."""
        with App(self.target, self.form) as app:
            self.populate(app)
            self.practitioners += [row.pk for row in app.objects("practitioners_practitioner")]
            self.bookings = [row.pk for row in app.objects("bookings_booking")]
            self.orders = [row.pk for row in app.objects("payments_order")]
        self.legacy_count = len(self.bookings)

    def crew(self, workers: int, seed: int) -> list[Worker]:
        return [Customer(self, number, seed) for number in range(workers)]

    def take(self) -> bool:
        time.sleep(THINKING_SECONDS)
        return not self.is_over


class Customer(Worker):
    """One connection of the app that would rather fail than wait long for a lock."""

    crowd: Customers

    def __init__(self, crowd: Customers, number: int, seed: int) -> None:
        super().__init__(crowd, number, seed)
        self.is_job = False
        flows = [(flow, weight) for flow, weight in FLOWS if flow is not deletes]
        self.flows, self.weights = zip(*[*flows, (deletes_a_sale, 1)], strict=True)
        self.app = App(crowd.target, crowd.form, name=f"customer {number}")

    def work(self) -> None:
        self.app.execute(f"set lock_timeout = '{LONGEST_WAIT}'")
        with connections[self.app.alias].execute_wrapper(self.timed):
            super().work()

    def timed(self, execute: Any, statement: str, *rest: Any) -> Any:
        started = time.monotonic()
        try:
            return execute(statement, *rest)
        finally:
            took = time.monotonic() - started
            self.crowd.longest = max(self.crowd.longest, (took, statement[:80]))

    def booking(self) -> int:
        return self.random.choice(self.crowd.bookings)

    def order(self) -> int:
        return self.random.choice(self.crowd.orders)


def deletes_a_sale(worker: Worker) -> None:
    """Delete what was sold since; nobody can tell a deleted old booking from a lost one."""
    crowd = worker.crowd
    assert isinstance(crowd, Customers)
    since = crowd.bookings[crowd.legacy_count :]
    if not since:
        raise NothingToDo
    booking = worker.random.choice(since)
    with worker.app.atomic():
        gone = {booking}
        if crowd.form == "before":
            gone |= {row["id"] for row in worker.app.children(booking)}
        worker.app.delete("bookings_booking", booking)
    crowd.deleted |= gone


@contextmanager
def watched(target: Target) -> Iterator[dict[str, float]]:
    """Look ten times a second who waits for a lock; keep the longest wait of each kind."""
    longest: dict[str, float] = {}
    is_over = threading.Event()

    def watch() -> None:
        with connect(target, "watcher") as conn:
            while not is_over.wait(0.1):
                for seconds, description in conn.execute(WAITS):
                    longest[description] = max(seconds, longest.get(description, 0))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield longest
    finally:
        is_over.set()
        thread.join()


@contextmanager
def shopping(crowd: Customers) -> Iterator[None]:
    """Let the customers write for the time of this context."""
    thread = threading.Thread(target=crowd.run, args=(0, CONNECTIONS))
    thread.start()
    try:
        time.sleep(1)
        yield
        time.sleep(1)
    finally:
        crowd.is_over = True
        thread.join()


def migrate_up(target: Target) -> None:
    command = [sys.executable, "-m", "earnings_pipeline", "migrate", "up", "--batch-size=50"]
    environment = {**os.environ, **target.environment(), "PYTHONPATH": str(SCRIPTS)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def load_before(conn: psycopg.Connection) -> None:
    sample.load(conn, bookings=BOOKINGS, seed=4)


def load_after(conn: psycopg.Connection) -> None:
    load_before(conn)
    conn.execute(sqlfiles.read("marketplace/after"))


FORMS = [("before", load_before), ("after", load_after)]


@pytest.mark.parametrize(("form", "load"), FORMS if IS_WHOLE else FORMS[:1])
def test_the_app_writes_everything_meanwhile_and_nothing_is_lost(
    make_database: MakeDatabase, form: str, load: Callable[[psycopg.Connection], None]
) -> None:
    target = make_database(f"loaded {form}", load)
    crowd = Customers(target, form=form)
    crowd.settle_down()

    started = time.monotonic()
    with watched(target) as waits, shopping(crowd):
        migrate_up(target)

    print(f"\n{form}: {time.monotonic() - started:.0f} s, longest statement {crowd.longest}")
    for (flow, outcome), number in sorted(crowd.outcomes.items()):
        print(f"{number:6} {flow}: {outcome}")
    longest = sorted(waits.items(), key=lambda wait: -wait[1])[:10]
    told = "\n".join(f"{seconds:6.3f} s: {description}" for description, seconds in longest)
    print(told)
    assert not crowd.unexpected, "\n".join([*dict.fromkeys(crowd.unexpected), told])
    assert [name for name in crowd.deadlocks if not of_payouts(name)] == []
    with connect(target, "test") as conn:
        present = {id for (id,) in conn.execute("select id from bookings_booking")}
        # one that is deleted may come back: a save of what somebody still holds inserts it again
        assert set(crowd.bookings) - present <= crowd.deleted
        present = {id for (id,) in conn.execute("select id from payments_order")}
        assert set(crowd.orders) <= present
        while conn.execute("select 1 from earnings.settlement_queue limit 1").fetchone():
            conn.execute("select earnings.settle_queued(1000)")
        left = [
            (found.check, offender)
            for found in migration.verify(conn)
            for offender in found.offenders
            if not (offender.subject == "booking" and offender.subject_id in crowd.deleted)
        ]
        assert not left, "\n".join(map(str, left))
        wrong = [result for result in checks.run(conn) if not result.ok]
        assert not wrong, "\n".join(f"{found.name}: {found.offenders}" for found in wrong)
