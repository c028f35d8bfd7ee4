"""One case: two operations on one world, in one order, and what is wrong afterwards."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from conftest import Databases, install_engine
from earnings_pipeline.sqlfiles import ROOT
from interleavings.driver import COMMITTED, Driver, Side, Step
from interleavings.operations import OPERATIONS, Operation

CASES_PER_DATABASE = 1000
FOLDER = ROOT / "tests/interleavings"

# Which booking the second operation acts on, beside the first one's.
SCENES = (
    ("direct", "same"),
    ("package", "same"),
    ("package", "sibling"),
    ("crowded", "sibling"),
    ("legacy", "same"),
)
SERIALIZATION_FAILURE = "40001"
UNIQUE_VIOLATION = "23505"
FOREIGN_KEY_VIOLATION = "23503"
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK_DETECTED = "40P01"
EARNED = {"pending", "available", "paid"}
with (ROOT / "seeds/errors.csv").open(encoding="utf-8", newline="") as file:
    ERRORS = list(csv.DictReader(file))


@dataclass(frozen=True, kw_only=True)
class Case:
    first: Operation
    second: Operation
    kind: str
    target: str
    state: str

    @property
    def name(self) -> str:
        return f"{self.first.name} / {self.second.name}, {self.kind}, {self.target}, {self.state}"


def cases_of(first: Operation, second: Operation) -> list[Case]:
    return [
        Case(first=one, second=other, kind=kind, target=target, state=state)
        for kind, target in SCENES
        if kind in first.kinds & second.kinds
        for one, other in dict.fromkeys(
            [(first, second), (second, first)] if kind == "crowded" else [(first, second)]
        )
        for state in sorted(first.states | second.states)
    ]


class Worlds:
    """Databases of which each serves a thousand cases, so that the jobs' scans stay short."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.driver: Driver | None = None
        self.left = 0

    def take(self) -> Driver:
        if self.driver is None or self.left == 0:
            self.close()
            target = self.databases.clone("interleavings", build)
            self.driver, self.left = Driver(target), CASES_PER_DATABASE
        self.left -= 1
        return self.driver

    def close(self) -> None:
        if self.driver is not None:
            database = self.driver.watcher.info.dbname
            self.driver.close()
            self.databases.drop(database)
            self.driver = None


def build(conn: psycopg.Connection) -> None:
    """A database with the engine on, and each kind of world in each state, ready to be copied."""
    install_engine(conn)
    for name in ("world", "offenders"):
        conn.execute((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))  # type: ignore[arg-type]
    states = set().union(*(operation.states for operation in OPERATIONS))
    for kind, state in product({kind for kind, _ in SCENES}, states):
        with conn.transaction(force_rollback=True):
            kept = conn.execute(
                "select * from interleavings.keep(%s, %s)", [kind, state]
            ).fetchall()
        for _, table, rows in kept:
            conn.execute(
                "insert into interleavings.kept_rows values (%s, %s, %s, %s::jsonb[])",
                [kind, state, table, [Jsonb(row) for row in rows]],
            )
        conn.execute(
            "insert into interleavings.kept_worlds values (%s, %s, %s)",
            [kind, state, Jsonb(kept[0][0])],
        )
    conn.execute("select interleavings.set_ids_apart()")


def run_case(
    driver: Driver, case: Case, order: str, level: str, counts: Counter[str]
) -> tuple[str | None, list[str]]:
    """Run one order in a new world; return what it decided, and what is wrong."""
    [[world]] = driver.watcher.execute(
        "select interleavings.make(%s, %s)", [case.kind, case.state]
    ).fetchall()
    sides = prepared(driver, case, world, level)

    decided = driver.run(sides, order)

    counts["cases"] += 1
    wrong = []
    for operation, side in zip((case.first, case.second), sides, strict=True):
        assert side.outcome is not None
        counts[side.outcome] += 1
        if side.outcome not in allowed(operation, case, level):
            wrong.append(f"{operation.name} ended in {side.outcome}: {side.message}")
    # what one side could not lock is left to the next job (R7, R9)
    driver.watcher.execute("select earnings.settle_queued(500)")
    wrong += offenders(driver.watcher, case, world)
    wrong += lost(driver.watcher, case, sides)
    driver.watcher.execute("select interleavings.retire(%s)", [world["practitioner_id"]])
    return decided, wrong


def prepared(driver: Driver, case: Case, world: dict[str, Any], level: str) -> tuple[Side, Side]:
    """Return the two sides, each with its booking and its steps, to begin at this level.

    deadlock_timeout is short, to see deadlocks soon; but not beside a job, whose lock_timeout is
    meant to be the shorter one.
    """
    timeout = "1s" if case.first.is_job or case.second.is_job else "20ms"
    sides = []
    for session, operation, booking in zip(
        driver.sessions,
        (case.first, case.second),
        ("booking", "sibling" if case.target == "sibling" else "booking"),
        strict=True,
    ):
        session.conn.execute(sql.SQL("set deadlock_timeout = {}").format(timeout))
        begin = sql.SQL("begin isolation level " + level)
        first, *rest = operation.steps

        def begin_with(side: Side, begin: sql.SQL = begin, first: Step = first) -> None:
            side.conn.execute(begin)
            first(side)

        steps = [begin_with, *rest, operation.ends]
        sides.append(Side(session=session, steps=steps, world=world, booking=world[booking]))
    return sides[0], sides[1]


def allowed(operation: Operation, case: Case, level: str) -> set[str]:
    """How an operation may end (R3: what it writes may be refused on earnings and payouts only)."""
    outcomes = {COMMITTED, "rolled back"}
    if level == "repeatable read":
        outcomes |= {SERIALIZATION_FAILURE}
    if operation.is_refusable:
        outcomes |= {error["sqlstate"] for error in ERRORS}
        # below its snapshot the engine cannot see the row that the unique index sees
        outcomes |= {UNIQUE_VIOLATION} if level == "repeatable read" else set()
    if operation.is_job:
        outcomes |= {LOCK_NOT_AVAILABLE}
    if "payout canceled" in (case.first.name, case.second.name):
        # the app writes the rows before their payout: the known rest (R20)
        outcomes |= {DEADLOCK_DETECTED}
    if "delete" in (case.first.name, case.second.name):
        outcomes |= {FOREIGN_KEY_VIOLATION}
    return outcomes


def offenders(conn: psycopg.Connection, case: Case, world: dict[str, Any]) -> list[str]:
    hold_since = world["started_at"] if case.state in {"open", "bare"} else None
    found = conn.execute(
        "select * from interleavings.offenders(%s, %s)", [world["practitioner_id"], hold_since]
    )
    return [what for (what,) in found]


def lost(conn: psycopg.Connection, case: Case, sides: tuple[Side, Side]) -> list[str]:
    """A completion that was committed stays, and earns, unless someone took the booking back.

    A rescheduled booking earns through the one that it was rescheduled to (R13).
    """
    wrong = []
    is_taken_back = case.first.takes_back or case.second.takes_back or case.state == "canceled"
    is_rescheduled = case.state == "rescheduled"
    for operation, side in zip((case.first, case.second), sides, strict=True):
        if operation.delivers and side.outcome == COMMITTED and not is_taken_back:
            found = conn.execute(
                "select bookings.status, array_agg(rows_of.status::text) from bookings_booking "
                "as bookings left join payments_earningstransaction as rows_of "
                "on bookings.id = rows_of.booking_id where bookings.id = %s group by bookings.id",
                [side.booking["id"]],
            ).fetchone()
            assert found is not None
            is_waiting = case.kind == "crowded" and "projected" in found[1] + ["projected"]
            is_earning = EARNED & set(found[1]) or is_waiting or is_rescheduled
            if found[0] != "completed" or not is_earning:
                wrong.append(f"{operation.name} is lost: the booking is {found}")
    return wrong
