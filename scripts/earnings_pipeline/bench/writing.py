"""Scenarios of those who meet: hot rows, the migration, the app beside it and the app's own way."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import cycle
from statistics import quantiles
from typing import Any

import psycopg

from earnings_pipeline import engine, jobs, migration, sample
from earnings_pipeline.bench.measuring import Goal, Measurement, Sample, alternate, per_row
from earnings_pipeline.bench.replaying import TABLES, recorded, replay, staged
from earnings_pipeline.bench.scenarios import one_round, per_round, prepared, switch_off
from earnings_pipeline.bench.server import Bench, switch_triggers
from earnings_pipeline.bench.statements import execute, execute_all, first_row
from earnings_pipeline.database import connect
from earnings_pipeline.migration import expanding, steps
from earnings_pipeline.migration.session import work_tables
from earnings_pipeline.progress import silent
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target

CROWD = 32
# Bookings on which the crowd meets, in each round; of a package they are all of its sessions.
MEETINGS = 320
# How many bookings the Django client deals with in a round: it is slow.
BY_APP = 60
# What the backfill writes, without the engine's own tables.
BACKFILLED = tuple(table for table in TABLES if not table.startswith("earnings."))


class HotSpot:
    """Many clients whose bookings all touch one row: a practitioner's balance, a package's order.

    A deadlock fails a transaction of pgbench, and with it the scenario.
    """

    against = "one bare update of that row per transaction"

    def __init__(self, kind: str, of: str, touch: str) -> None:
        self.kind = kind
        self.touch = touch
        self.name = f"hot-{of}"
        self.what = f"completions of {CROWD} clients, all on one {of}"
        self.prepare = f"prepare_hot_{of}"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        with bench.clone() as ours, bench.clone() as limit:
            available = min(prepared(target, self.kind) for target in (ours, limit))
            each = per_round(min(available, MEETINGS * bench.rounds), bench.rounds, CROWD)
            for target in (ours, limit):
                switch_off(target)
                with connect(target, "bench") as conn:
                    execute_all(conn, self.prepare, rounds=bench.rounds, each=each)
            with connect(ours, "bench") as conn:
                switch_triggers(conn, "enable")
            both = alternate(
                bench.rounds,
                partial(one_round, bench, ours, "complete_booking", CROWD, each),
                partial(one_round, bench, limit, self.touch, CROWD, each),
            )
        yield Measurement(
            scenario=self.name,
            case=f"{CROWD} clients, {each // CROWD} transactions each, 0 deadlocks",
            size=bench.size,
            goal=Goal(kind="share of its rate", bound=0.5),
            ours=both[0],
            limit=both[1],
        )


class Backfill:
    """The steps of the backfill, in batches, against the bare writes of the same rows."""

    name = "backfill"
    what = "backfill of the sample's mess"
    against = "a bare UPDATE of every row it changes, and its before and after images"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        names = [step.name for step in steps.backfill()]
        spent: list[Sample] = []

        def migrate(target: Target) -> None:
            with connect(target, "bench") as conn:
                migration.up(conn)
                spent.append(of_steps(conn, *names))

        with bench.clone("sampled") as target:
            writes = recorded(target, lambda: migrate(target), BACKFILLED)

        def ours(_: int) -> Sample:
            with bench.clone("sampled") as target:
                migrate(target)
                return spent[-1]

        def limit(_: int) -> Sample:
            with bench.clone("sampled") as target, connect(target, "bench") as conn:
                expand(conn)
                statements = staged(conn, writes)
                conn.execute("checkpoint")
                return bench.timed(lambda: replay(conn, statements))

        both = alternate(bench.rounds, ours, limit)
        rows = both[0][0].rows
        yield Measurement(
            scenario=self.name,
            case=f"{rows:,} rows changed",
            size=bench.size,
            goal=Goal(kind="times its time", bound=2),
            ours=both[0],
            limit=[replace(one, rows=rows) for one in both[1]],
            note="of the backfill's steps; no CPU is counted for them alone",
        )


class Latency:
    """What the app's own writes take while the backfill runs beside them."""

    name = "latency"
    what = "app latency while the backfill runs, p99 of the Django client's flows"
    against = "the same flows on an idle database"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        with bench.clone("sampled") as target:
            idle = self._flows(target, threading.Event(), BY_APP * bench.rounds)
            stop, times = threading.Event(), list[float]()
            clients = threading.Thread(
                target=lambda: times.extend(self._flows(target, stop, sys.maxsize))
            )
            clients.start()
            try:
                with connect(target, "bench") as conn:
                    migration.up(conn)
            finally:
                stop.set()
                clients.join()
        p99 = [quantiles(each, n=100)[-1] for each in (times, idle)]
        yield Measurement(
            scenario=self.name,
            case=f"p99 of {len(times):,} flows",
            size=bench.size,
            goal=Goal(kind="times its time", bound=1.5),
            value=p99[0] / p99[1],
            note=f"{1000 * p99[0]:.0f} ms against {1000 * p99[1]:.0f} ms",
        )
        yield Measurement(
            scenario=self.name,
            case="the longest flow",
            size=bench.size,
            goal=Goal(kind="ms", bound=250),
            value=1000 * max(times),
            note=f"idle {1000 * max(idle):.0f} ms; a flow is a checkout or a completion",
        )

    def _flows(self, target: Target, stop: threading.Event, count: int) -> list[float]:
        times = []
        with application(target) as app:
            practitioner, client = app.practitioner(), app.client()
            service = app.service(practitioner)
            for _ in range(count):
                if stop.is_set():
                    break
                started = time.perf_counter()
                booking = app.checkout(client, service)
                middle = time.perf_counter()
                app.mark_completed(app.get("bookings_booking", booking))
                times += [middle - started, time.perf_counter() - middle]
        return times


class OwnWay:
    """The jobs against the app's own loops, which the Django client runs row by row."""

    name = "own-way"
    what = "completion and release by the jobs"
    against = "the app's own way: its ORM, row by row, without the engine"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        goal = Goal(kind="times its rate", bound=100)
        with (
            bench.clone("sampled") as target,
            application(target) as app,
            connect(target, "bench") as conn,
        ):
            past = "select id from bookings_booking where status = 'confirmed' and end_time < %s"
            waiting = cycle(
                [
                    found
                    for (found,) in conn.execute(
                        f"{past} and parent_booking_id is null order by id limit 100000",
                        [sample.AS_OF],
                    )
                ]
            )
            held = cycle(app.objects("payments_earningstransaction", status="pending"))

            def complete(_: int) -> Sample:
                def work() -> int:
                    for _ in range(BY_APP):
                        app.mark_completed(app.get("bookings_booking", next(waiting)))
                    return BY_APP

                return bench.timed(work)

            def release(_: int) -> Sample:
                def work() -> int:
                    for _ in range(BY_APP):
                        app.release(next(held))
                    return BY_APP

                return bench.timed(work)

            for case, job, by_app in (
                ("completion", "complete", complete),
                ("release", "release", release),
            ):

                def ours(_: int, job: str = job) -> Sample:
                    with bench.clone() as migrated, connect(migrated, "bench") as conn:

                        def work() -> int:
                            done = jobs.run(conn, job, as_of=sample.AS_OF)
                            return done.completed_count + done.released_count

                        return bench.timed(work)

                both = alternate(bench.rounds, ours, by_app)
                yield Measurement(
                    scenario=self.name,
                    case=case,
                    size=bench.size,
                    goal=goal,
                    ours=both[0],
                    limit=both[1],
                    note=f"{1 / per_row(both[1]):,.0f} rows a second by the app",
                )


class OwnMigrations:
    """Steps of the backfill against the loops of the app's own data migrations."""

    name = "own-migrations"
    what = "order links, package migration and earnings fix by the backfill"
    against = "the app's own data migrations: its ORM, row by row, without the engine"
    steps: Mapping[str, tuple[str, ...]] = {
        "order links": ("020_link_bookings_to_orders",),
        "package migration": ("030_describe_packages", "035_complete_package_terms"),
        "earnings fix": ("060_return_undelivered_earnings",),
    }

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        ours: dict[str, list[Sample]] = {case: [] for case in self.steps}
        limit: dict[str, list[Sample]] = {case: [] for case in self.steps}
        with bench.clone("sampled") as target:
            with connect(target, "bench") as conn:
                expand(conn)
            with application(target, "after") as app:
                loops = self._loops(app)
                for _ in range(bench.rounds):
                    for case, samples in self._by_backfill(bench).items():
                        ours[case].append(samples)
                    for case, (work, waiting) in loops.items():
                        limit[case].append(bench.timed(partial(one_by_one, work, waiting)))
        for case in self.steps:
            by_app = f"{1 / per_row(limit[case]):,.0f} rows a second by the app"
            yield Measurement(
                scenario=self.name,
                case=f"{case}, {ours[case][0].rows:,} rows written",
                size=bench.size,
                goal=Goal(kind="times its rate", bound=100),
                ours=ours[case],
                limit=limit[case],
                note=by_app,
            )

    def _by_backfill(self, bench: Bench) -> dict[str, Sample]:
        with bench.clone("sampled") as target, connect(target, "bench") as conn:
            migration.up(conn)
            return {case: of_steps(conn, *names) for case, names in self.steps.items()}

    def _loops(self, app: Any) -> dict[str, tuple[Callable[[Any], None], Iterator[Any]]]:
        bookings = app.query(app.models.Booking).order_by("pk")
        sales = bookings.filter(parent_booking=None)
        purchases = list(sales.filter(is_package_purchase=True)[:BY_APP])
        for purchase in purchases:
            app.link_order(purchase)
        earnings = app.query(app.models.EarningsTransaction).order_by("pk")
        undelivered = earnings.filter(status="pending", booking__status="confirmed")
        return {
            "order links": (app.link_order, cycle(bookings.filter(order=None)[: 100 * BY_APP])),
            "package migration": (app.describe_package, cycle(purchases)),
            "earnings fix": (app.return_earnings, cycle(undelivered[: 100 * BY_APP])),
        }


def one_by_one(work: Callable[[Any], None], waiting: Iterator[Any]) -> int:
    for _ in range(BY_APP):
        work(next(waiting))
    return BY_APP


def of_steps(conn: psycopg.Connection, *names: str) -> Sample:
    """Return how long these steps of the backfill took, and how many rows they wrote."""
    seconds, rows = first_row(execute(conn, "backfill_seconds", steps=list(names)))
    return Sample(rows=rows, seconds=seconds)


def expand(conn: psycopg.Connection) -> None:
    """Add the columns that the backfill fills, without the engine."""
    engine.create_tables(conn)
    with work_tables(conn):
        for step in steps.expand(steps.Phase.BEFORE_INSTALL):
            expanding.apply(conn, step, report=silent)


def application(target: Target, form: str = "before") -> Any:
    """Return the Django client of the tests, in one of its forms."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    return importlib.import_module("marketplace_app").App(target, form)
