"""Measure the engine, the migration and the models against their limits, side by side in one run.

Everything runs on a server of its own, with fsync on and the settings of production.  The two
sides of a measurement take turns, and what is compared are the medians of their runs; beside the
time goes the CPU of the server's processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from earnings_pipeline.bench.measuring import Measurement
from earnings_pipeline.bench.reading import (
    Balances,
    Checks,
    HistorySize,
    Memory,
    Models,
    Pages,
    ScheduledBuild,
)
from earnings_pipeline.bench.scenarios import (
    BulkCompletion,
    Completion,
    Release,
    Scenario,
    UnaffectedUpdate,
)
from earnings_pipeline.bench.server import started
from earnings_pipeline.bench.writing import Backfill, HotSpot, Latency, OwnMigrations, OwnWay
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress, Report, silent

SCENARIOS: tuple[Scenario, ...] = (
    Completion("direct"),
    Completion("package"),
    UnaffectedUpdate(),
    BulkCompletion(),
    Release(),
    OwnWay(),
    OwnMigrations(),
    Backfill(),
    Latency(),
    HotSpot("direct", "practitioner", "touch_balance"),
    HotSpot("package", "package", "touch_order"),
    Balances(),
    Pages(),
    ScheduledBuild(),
    Models(),
    Checks(),
    Memory(),
    HistorySize(),
)
# A minute of it, for continuous integration: that each of these still runs, not what it shows.
QUICK = ("complete-direct", "complete-package", "unaffected-update", "release", "history-size")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A scenario that will be measured."""

    name: str
    what: str
    against: str


def plan(only: Sequence[str] = ()) -> list[Planned]:
    """Say what will be measured, all of it by default."""
    return [
        Planned(name=scenario.name, what=scenario.what, against=scenario.against or "itself")
        for scenario in _chosen(only)
    ]


def run(
    *,
    bookings: int,
    rounds: int = 5,
    only: Sequence[str] = (),
    report: Report = silent,
) -> Iterator[Measurement]:
    """Measure the scenarios on a server that goes with it, and yield each figure as it comes."""
    chosen = _chosen(only)
    with started(bookings=bookings, rounds=rounds, report=report) as bench:
        for done, scenario in enumerate(chosen):
            report(Progress(task="measure", done=done, total=len(chosen), note=scenario.name))
            # the progress of what is prepared would hide that of the whole
            quiet = replace(bench, report=silent)
            yield from scenario.measure(quiet)
        report(Progress(task="measure", done=len(chosen), total=len(chosen)))


def _chosen(only: Sequence[str]) -> list[Scenario]:
    known = {scenario.name: scenario for scenario in SCENARIOS}
    if unknown := [name for name in only if name not in known]:
        raise WrongUsage(
            f"there is no scenario {unknown[0]}", f"Scenarios are: {', '.join(known)}."
        )
    return [scenario for scenario in SCENARIOS if not only or scenario.name in only]
