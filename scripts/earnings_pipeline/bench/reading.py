"""Scenarios of those who read: balances, pages, models, checks, and what commands take."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from statistics import median

import psycopg

from earnings_pipeline import building, checks, jobs, sample
from earnings_pipeline.bench.measuring import Goal, Measurement, Sample, alternate
from earnings_pipeline.bench.multiplying import multiply
from earnings_pipeline.bench.scenarios import SMALL
from earnings_pipeline.bench.server import Bench
from earnings_pipeline.bench.statements import execute, execute_all, first_row
from earnings_pipeline.database import connect
from earnings_pipeline.errors import PipelineError
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target

READS = 30
# What is read has to stay quick among so many earnings, or entries in the history.
MANY = 10_000_000
# What the pages read that grows with the practitioners and their payouts.
MARTS_OF_PAGES = (
    "finance.practitioner_balances",
    "finance.practitioner_statements",
    "finance.payouts",
    "reconciliation.practitioner_balance_residuals",
)
OF_ONE = "practitioner_id = (select max(practitioner_id) from finance.practitioner_balances)"
PAGE = re.compile(r"```sql\n-- Page (\w+):.*?\n(.*?)```", re.DOTALL)
HOURLY = "tag:hourly"
# What each needs to have run before it is above it.
COMMANDS = (
    "doctor",
    "migrate plan",
    "migrate up",
    "migrate verify",
    "jobs run complete",
    "jobs run release",
    "check",
    "compare --moments 2",
    "build",
)

STARTED_SMALL = """
import os, resource, subprocess, sys
silent = subprocess.DEVNULL
done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=silent, stderr=silent)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Balances:
    """A balance as of a moment, before and after everybody else's history has become longer."""

    name = "balances"
    what = "balance_as_of and explain_balance"
    against = ""

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        goal = Goal(kind="ms", bound=5)
        with bench.clone() as target, connect(target, "bench") as conn:
            for rows in (0, MANY if bench.bookings >= SMALL else bench.bookings):
                if rows:
                    execute_all(conn, "grow_history", rows=rows)
                length = one(conn, "select count(*) from earnings.transitions")
                found = execute(conn, "practitioners_by_history").fetchall()
                cases = (("of the usual", found[0]), ("of the longest", found[-1]))
                for whose, (practitioner_id, own) in cases:
                    for function in ("balance_as_of", "explain_balance"):
                        query = f"select * from earnings.{function}(%s, now())"  # noqa: S608 ours
                        yield Measurement(
                            scenario=self.name,
                            case=f"{function} {whose} history",
                            size=f"{length:,} transitions",
                            goal=goal,
                            value=milliseconds(partial(conn.execute, query, [practitioner_id])),
                            note=f"{own:,} entries of {length:,}",
                        )


class HistorySize:
    """What one entry of the history takes on disk."""

    name = "history-size"
    what = "one transition in the history, with its indexes"
    against = "pgledger's 743 bytes per transfer"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        with bench.clone() as target, connect(target, "bench") as conn:
            for case, work in (("after the migration", None), ("after the jobs", jobs_of)):
                if work:
                    work(target)
                row = first_row(execute(conn, "history_size"))
                yield Measurement(
                    scenario=self.name,
                    case=case,
                    size=f"{row[2]:,} transitions",
                    goal=Goal(kind="bytes", bound=250),
                    value=row[1],
                    note=f"{row[0]:.0f} bytes without indexes",
                )


class Pages:
    """The select behind each dashboard, as docs/finance.md has it, also where there is much more.

    The marts are then multiplied as if there were ten million earnings: nothing else is read.
    """

    name = "pages"
    what = "the dashboards' page queries and practitioner_balances"
    against = ""

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        queries = dict(PAGE.findall((ROOT / "docs/finance.md").read_text(encoding="utf-8")))
        balances = "select * from finance.practitioner_balances"
        queries["practitioner_balances, read whole"] = balances
        queries["practitioner_balances, of one practitioner"] = f"{balances} where {OF_ONE}"
        with bench.clone() as target:
            build(target)
            with connect(target, "bench") as conn:
                earnings = one(conn, "select count(*) from payments_earningstransaction")
                published = execute(conn, "published_tables", marts=list(MARTS_OF_PAGES))
                tables = [table for (table,) in published]
                few = bench.bookings < SMALL
                root = 2 if few else math.ceil(math.sqrt(MANY / earnings))
                for steps in (0, 2):
                    # in two steps, because each reads all that is there for every copy
                    for _ in range(steps):
                        multiply(conn, root, bench.report, tables=tables)
                        earnings *= root
                    count = one(conn, "select count(*) from finance.practitioner_balances")
                    for name, query in queries.items():
                        yield Measurement(
                            scenario=self.name,
                            case=name,
                            size=f"{earnings:,} earnings",
                            goal=Goal(kind="ms", bound=50),
                            value=milliseconds(partial(conn.execute, query.encode())),
                            note=f"{count:,} balances" if name.endswith("whole") else "",
                        )


class Models:
    """A full refresh against one pass over the tables, and a scheduled build after new rows."""

    name = "models"
    what = "dbt build"
    against = "one sequential pass of aggregation over the same tables in SQL"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        cases = {
            "full refresh": partial(build, full_refresh=True),
            "full refresh, the models alone": partial(
                build, select=["resource_type:model"], full_refresh=True, tests=False
            ),
        }
        with bench.clone() as target:

            def side(work: Callable[[Target], int]) -> Callable[[int], Sample]:
                return lambda _: bench.timed(partial(work, target))

            for case, refresh in cases.items():
                both = alternate(bench.rounds, side(refresh), side(aggregated))
                yield Measurement(
                    scenario=self.name,
                    case=case,
                    size=bench.size,
                    goal=Goal(kind="times its time", bound=4),
                    ours=both[0],
                    limit=both[1],
                )


class ScheduledBuild:
    """The hourly build after one row in a hundred is new, of this size and of a tenth of it."""

    name = "scheduled-build"
    what = "dbt build, scheduled, one percent new rows"
    against = "the same on a tenth of the earnings"

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        goal = Goal(kind="times its time", bound=1.3)
        with bench.clone() as large, bench.clone(bookings=max(bench.bookings // 10, 300)) as small:
            # two slots take turns, and the first build of each writes all of it
            for target in (large, small, large, small):
                build(target, [HOURLY])
            few, many = (one_percent(target) for target in (small, large))

            def run(target: Target, batch: int, _: int) -> Sample:
                rows = complete(target, batch)
                return replace(bench.timed(lambda: build(target, [HOURLY])), rows=rows)

            cases = {f"a new row, {many:,} against {few:,}": many, f"{few:,} new rows": few}
            measured = {
                case: alternate(bench.rounds, partial(run, large, batch), partial(run, small, few))
                for case, batch in cases.items()
            }
            # last, because it leaves the other slot empty
            whole = bench.timed(lambda: build(large, [HOURLY], full_refresh=True))
        for case, both in measured.items():
            ours, limit = (median(sample.seconds for sample in samples) for samples in both)
            yield Measurement(
                scenario=self.name,
                case=case,
                size=bench.size,
                goal=goal,
                ours=both[0],
                limit=both[1],
                note=f"{ours:.0f} s and {limit:.0f} s; {whole.seconds:.0f} s all of it anew",
            )


class Checks:
    """Every claim about the database, and about what has changed in the last seconds."""

    name = "check"
    what = "check, of everything and of what has changed"
    against = ""

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        with bench.clone() as target, connect(target, "bench") as conn:
            for case, since, bound in (("everything", None, 20), ("--since 5s", "5s", 1)):
                run = partial(checks.run, conn, since=since)
                spent = milliseconds(run, reads=bench.rounds)
                yield Measurement(
                    scenario=self.name,
                    case=case,
                    size=bench.size,
                    goal=Goal(kind="s", bound=bound),
                    value=spent / 1000,
                )


class Memory:
    """How much memory each command takes at its peak, the server's left out."""

    name = "memory"
    what = "memory of every command"
    against = ""

    def measure(self, bench: Bench) -> Iterator[Measurement]:
        with bench.clone("sampled") as target:
            for command in COMMANDS:
                yield Measurement(
                    scenario=self.name,
                    case=command,
                    size=bench.size,
                    goal=Goal(kind="MB", bound=400),
                    value=peak_megabytes(target, command),
                )


def jobs_of(target: Target) -> None:
    with connect(target, "marketplace") as conn:
        jobs.run(conn, "complete", as_of=sample.AS_OF)
        jobs.run(conn, "release", as_of=sample.AS_OF + timedelta(days=3))


def one_percent(target: Target) -> int:
    with connect(target, "bench") as conn:
        return one(conn, "select count(*) / 100 from payments_earningstransaction")


def complete(target: Target, count: int) -> int:
    """Complete that many bookings, each of which writes earnings; return how many there were."""
    with connect(target, "bench") as conn:
        due = conn.execute("select * from earnings.complete_due(%s, %s)", [sample.AS_OF, count])
        done = int(first_row(due)[0])
    if not done:
        raise PipelineError(
            "the sample has no booking left to complete", "Ask for more --bookings."
        )
    return done


def build(
    target: Target, select: Sequence[str] = (), *, full_refresh: bool = False, tests: bool = True
) -> int:
    result = building.build(target, select, full_refresh=full_refresh, tests=tests)
    if result.errors:
        raise PipelineError("the models were not built", str(result.errors[0]))
    return 1


def aggregated(target: Target) -> int:
    with connect(target, "bench") as conn:
        execute(conn, "aggregate_once").fetchall()
    return 1


def peak_megabytes(target: Target, command: str) -> float:
    """Run a command as its own process and return the most memory it ever held.

    What a process held as a fork of its parent counts as well: a small one starts it.
    """
    small = subprocess.run(
        [sys.executable, "-S", "-c", STARTED_SMALL, "-m", "earnings_pipeline", *command.split()],
        env=os.environ | target.environment() | {"PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        check=True,
    )
    exit_code, peak = map(int, small.stdout.split())
    # 1 says that there are findings, as there are in every sample
    if exit_code not in (0, 1):
        raise PipelineError(f"{command} ended with {exit_code}")
    # kilobytes on Linux, bytes on macOS
    return peak / (1024 if sys.platform != "darwin" else 1 << 20)


def milliseconds(work: Callable[[], object], reads: int = READS) -> float:
    """Return the median of some runs, the first one left out, which loads plans and pages."""
    times = []
    for _ in range(reads + 1):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1000 * median(times[1:])


def one(conn: psycopg.Connection, query: str) -> int:
    return int(first_row(conn.execute(query.encode()))[0])
