"""What a measurement is: samples of two sides in turn, their medians, and whether a goal is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Kind = Literal["share of its rate", "times its time", "times its rate", "ms", "s", "MB", "bytes"]
RATES: tuple[Kind, ...] = ("share of its rate", "times its rate")
RATIOS: tuple[Kind, ...] = (*RATES, "times its time")


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a figure of this kind must reach: a rate at least `bound`, all else at most."""

    kind: Kind
    bound: float

    def is_met(self, figure: float) -> bool:
        return figure >= self.bound if self.kind in RATES else figure <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.kind in RATES else "≤"
        return f"{sign} {self.bound:g} {self.kind}"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run of one side: how many rows it dealt with, and what that took.

    `cpu_seconds` is the server's, all its processes together; None where /proc does not tell.
    """

    rows: int
    seconds: float
    cpu_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One case of a scenario; `limit` is empty where a goal stands for itself.

    `size` says of how much data the figure is.  `value` is the figure of a goal that is no ratio.
    """

    scenario: str
    case: str
    size: str
    goal: Goal
    ours: Sequence[Sample] = ()
    limit: Sequence[Sample] = ()
    value: float | None = None
    note: str = ""

    @property
    def figure(self) -> float:
        if self.value is not None:
            return self.value
        ours, limit = per_row(self.ours), per_row(self.limit)
        return limit / ours if self.goal.kind in RATES else ours / limit

    @property
    def is_met(self) -> bool:
        return self.goal.is_met(self.figure)

    @property
    def verdict(self) -> str:
        if self.is_met:
            return "met"
        away = (
            self.goal.bound / self.figure
            if self.goal.kind in RATES
            else self.figure / self.goal.bound
        )
        return f"missed by {away:.2g} x"

    @property
    def cpu_figure(self) -> float | None:
        """The ratio of CPU per row, ours to the limit's, whichever way the goal is put."""
        ours, limit = cpu_per_row(self.ours), cpu_per_row(self.limit)
        return ours / limit if ours is not None and limit else None


def per_row(samples: Sequence[Sample]) -> float:
    """Return the median of the seconds per row."""
    return median(sample.seconds / sample.rows for sample in samples)


def cpu_per_row(samples: Sequence[Sample]) -> float | None:
    """Return the median of the server's CPU seconds per row, None where nobody counted."""
    counted = [s.cpu_seconds / s.rows for s in samples if s.cpu_seconds is not None]
    return median(counted) if counted else None


def spread(samples: Sequence[Sample]) -> float:
    """Return how far the slowest run is from the fastest, as a ratio."""
    times = [sample.seconds / sample.rows for sample in samples]
    return max(times) / min(times)


def alternate(rounds: int, *sides: Callable[[int], Sample]) -> tuple[list[Sample], ...]:
    """Run all sides in turn; each is told the number of its round, from 0 on.

    Every second round goes the other way round, so that none always finds what another has just
    warmed or dirtied.
    """
    kept = tuple[list[Sample], ...]([] for _ in sides)
    for number in range(rounds):
        turns = list(zip(kept, sides, strict=True))
        for samples, run in turns if number % 2 == 0 else reversed(turns):
            samples.append(run(number))
    return kept
