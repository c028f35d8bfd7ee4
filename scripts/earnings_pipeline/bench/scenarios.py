"""Scenarios of completion and release, each with its limit and its goal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Protocol

from earnings_pipeline import jobs, sample
from earnings_pipeline.bench.measuring import Goal, Measurement, Sample, alternate
from earnings_pipeline.bench.replaying import Writes, left_behind, recorded, replay, staged
from earnings_pipeline.bench.server import Bench, switch_triggers
from earnings_pipeline.bench.statements import execute, execute_all, first_row
from earnings_pipeline.database import connect
from earnings_pipeline.errors import PipelineError
from earnings_pipeline.pipeline import counted
from earnings_pipeline.target import Target

SMALL = 10_000
CLIENTS = (1, 4, 16)
# As many as a round takes where there are enough bookings to complete.
TRANSACTIONS = 1600


class Scenario(Protocol):
    """One row of the table of goals: `what` is measured `against` its limit."""

    name: str
    what: str
    against: str

    def measure(self, bench: Bench) -> Iterator[Measurement]: ...


class Completion:
    """One completion, by the app's update of the booking, from several connections at once."""

    against = "the same rows written by hand in one statement, without triggers"

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = f"complete-{kind}"
        self.what = f"one completion of a {kind} booking"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        by_hand = f"complete_{self.kind}_by_hand"
        self._leave_the_same_behind(bench, by_hand)
        for clients in CLIENTS:
            with ExitStack() as stack:
                ours, limit = (stack.enter_context(bench.clone()) for _ in range(2))
                available = min(prepared(target, self.kind) for target in (ours, limit))
                switch_off(limit)
                each = per_round(available, bench.rounds, clients)
                both = alternate(
                    bench.rounds,
                    partial(one_round, bench, ours, "complete_booking", clients, each),
                    partial(one_round, bench, limit, by_hand, clients, each),
                )
            yield Measurement(
                scenario=self.name,
                case=counted(clients, "client"),
                size=bench.size,
                goal=Goal(kind="share of its rate", bound=0.85),
                ours=both[0],
                limit=both[1],
            )

    def _leave_the_same_behind(self, bench: Bench, by_hand: str) -> None:
        """Refuse to compare with writes that leave something else behind."""
        with bench.clone() as ours, bench.clone() as limit:
            count = min(prepared(target, self.kind) for target in (ours, limit))
            switch_off(limit)
            for target, script in ((ours, "complete_booking"), (limit, by_hand)):
                bench.clients(target, script, clients=1, transactions=min(count, 200))
            refuse_difference(ours, limit)


class UnaffectedUpdate:
    """A save of a booking that changes nothing any rule asks for."""

    name = "unaffected-update"
    what = "an update of a booking that concerns no rule"
    against = "the same without triggers"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        with bench.clone() as ours, bench.clone() as limit:
            available = min(prepared(target, "direct") for target in (ours, limit))
            switch_off(limit)
            for clients in (1, 4):
                each = per_round(available, bench.rounds, clients)

                both = alternate(
                    bench.rounds,
                    partial(one_round, bench, ours, "save_booking", clients, each),
                    partial(one_round, bench, limit, "save_booking", clients, each),
                )
                yield Measurement(
                    scenario=self.name,
                    case=counted(clients, "client"),
                    size=bench.size,
                    goal=Goal(kind="share of its rate", bound=0.8),
                    ours=both[0],
                    limit=both[1],
                )


class BulkCompletion:
    """The whole backlog, by one UPDATE of the app or by the job; and what a row costs elsewhere."""

    name = "complete-many"
    what = "completion of all past bookings, by one UPDATE and by complete_due"
    against = "the same rows written by hand as sets in one transaction, without triggers"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        goal = Goal(kind="times its time", bound=1.3)
        itself = Goal(kind="times its time", bound=1.2)

        def run(
            work: Callable[[Target], int], _: int, *, bookings: int | None = None, forget: bool
        ) -> Sample:
            with bench.clone(bookings=bookings) as target:
                if forget:
                    with connect(target, "bench") as conn:
                        execute_all(conn, "forget_statistics")
                return bench.timed(lambda: work(target))

        for case, work in (("one UPDATE", complete_at_once), ("complete_due", complete_by_job)):
            is_large, is_job = bench.bookings > SMALL, work is complete_by_job
            elsewhere = [partial(run, work, bookings=SMALL, forget=False)] if is_large else []
            elsewhere += [partial(run, work, forget=True)] if is_job else []
            ours, limit, *others = against_replay(bench, work, *elsewhere)
            found = partial(Measurement, scenario=self.name, size=bench.size)
            yield found(case=f"{case}, {ours[0].rows:,} due", goal=goal, ours=ours, limit=limit)
            if is_large:
                yield found(
                    case=f"{case}, a row against one of {SMALL:,} bookings",
                    goal=itself,
                    ours=ours,
                    limit=others[0],
                )
            if is_job:
                yield found(
                    case=f"{case}, no statistics against a row with them",
                    goal=itself,
                    ours=others[-1],
                    limit=ours,
                )


class Release:
    """All holds that have elapsed, by one worker and by four at once."""

    name = "release"
    what = "release_holds, of all that is due"
    against = "one UPDATE of these rows and one INSERT of their history, by hand, without triggers"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        for workers in (1, 4):
            both = against_replay(
                bench,
                partial(release_by_job, workers),
                only=("public.payments_earningstransaction", "earnings.transitions"),
            )
            yield Measurement(
                scenario=self.name,
                case=counted(workers, "worker"),
                size=f"{both[0][0].rows:,} rows of {bench.size}",
                goal=Goal(kind="times its time", bound=1.3),
                ours=both[0],
                limit=both[1],
            )


def one_round(
    bench: Bench, target: Target, script: str, clients: int, each: int, number: int
) -> Sample:
    """Let clients do the transactions of a round, on bookings that no round before has had."""
    return bench.clients(target, script, clients=clients, transactions=each, first=number * each)


def complete_at_once(target: Target) -> int:
    with connect(target, "bench") as conn:
        execute_all(conn, "prepare_due", as_of=sample.AS_OF)
        return execute(conn, "complete_past").rowcount


def complete_by_job(target: Target) -> int:
    with connect(target, "bench") as conn:
        return jobs.run(conn, "complete", as_of=sample.AS_OF).completed_count


def release_by_job(workers: int, target: Target) -> int:
    def work(_: int) -> int:
        with connect(target, "bench") as conn:
            return jobs.run(conn, "release").released_count

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, range(workers)))


def prepared(target: Target, kind: str) -> int:
    """Choose the bookings to complete in a database; return how many there are."""
    with connect(target, "bench") as conn:
        execute_all(conn, f"prepare_{kind}")
        return int(first_row(conn.execute("select count(*) from bench.work"))[0])


def switch_off(target: Target) -> None:
    with connect(target, "bench") as conn:
        switch_triggers(conn, "disable")


def per_round(available: int, rounds: int, clients: int) -> int:
    """Return how many transactions each round has, the same for each client."""
    each = min(TRANSACTIONS, available // rounds) // clients * clients
    if not each:
        raise PipelineError(
            f"the sample has {available} bookings for {rounds} rounds of {clients} clients",
            "Ask for more --bookings.",
        )
    return each


def refuse_difference(ours: Target, limit: Target) -> None:
    different = set(map(repr, left_behind(ours))) ^ set(map(repr, left_behind(limit)))
    if different:
        first = sorted(different)[:4]
        raise PipelineError(
            f"the writes by hand leave {len(different)} rows that the engine does not, or misses",
            "\n".join(first),
        )


def against_replay(
    bench: Bench,
    work: Callable[[Target], int],
    *others: Callable[[int], Sample],
    only: Sequence[str] = (),
) -> tuple[list[Sample], ...]:
    """Measure `work` against writing the same rows as sets, each time on a fresh copy.

    `others` take their turns as well.  `only` leaves the rows of other tables out of the limit.
    """
    with bench.clone() as target:
        counts: list[int] = []
        writes: Writes = recorded(target, lambda: counts.append(work(target)), only)

    def ours(_: int) -> Sample:
        with bench.clone() as target:
            return bench.timed(lambda: work(target))

    def limit(_: int) -> Sample:
        with bench.clone() as target, connect(target, "bench") as conn:
            statements = staged(conn, writes)
            conn.execute("checkpoint")

            def write() -> int:
                replay(conn, statements)
                return counts[0]

            return bench.timed(write)

    return alternate(bench.rounds, ours, limit, *others)
