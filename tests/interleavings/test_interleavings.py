"""Every pair of operations on the same rows, in every order of their statements.

Whatever the order and the isolation level: either both sides commit and the money, the history,
the slots, the counts and the holds are right (offenders.sql), or one side is told so: by a
serialization failure at REPEATABLE READ, or by a refusal of the engine where one is allowed.  Never
a deadlock, never a completion that was committed and is gone.

scripts/test runs a sample: each pair at both levels, in one of its worlds and an order or two, and
what was once wrong (once_wrong.csv) or would be without one of the locks (without_a_lock.csv).  All
of it, more than 160,000 cases, takes half an hour on two cores and says the counts at the end:

    EARNINGS_INTERLEAVINGS=all scripts/test tests/interleavings --dist load

With -k "cancel and repeatable" it is one operation against those after it in operations.py.
"""

from __future__ import annotations

import csv
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from conftest import Databases
from interleavings.cases import FOLDER, Case, Worlds, cases_of, run_case
from interleavings.driver import Driver, orders
from interleavings.operations import OPERATIONS, Operation

IS_WHOLE = os.environ.get("EARNINGS_INTERLEAVINGS") == "all"
LEVELS = ("read committed", "repeatable read")
SAMPLED_ORDERS = {"read committed": 2, "repeatable read": 1}
NAMED = {known.name: known for known in OPERATIONS}


def kept(name: str) -> list[dict[str, str]]:
    """The cases of a file of this folder, as words."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def worlds(databases: Databases) -> Iterator[Worlds]:
    made = Worlds(databases)
    yield made
    made.close()


@pytest.fixture
def driver(worlds: Worlds) -> Driver:
    return worlds.take()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("first", OPERATIONS, ids=lambda operation: operation.name)
def test_money_is_right_whoever_comes_first(
    worlds: Worlds, first: Operation, level: str, record_property: Callable[[str, object], None]
) -> None:
    counts: Counter[str] = Counter()
    wrong: dict[str, str] = {}

    for second in OPERATIONS[OPERATIONS.index(first) :]:
        for case, order, found in run_pair(worlds, first, second, level, counts):
            wrong.setdefault(
                f"{second.name}: {re.sub('[0-9]+', '#', found)}", f"{case.name}, {order}: {found}"
            )

    record_property("interleavings", dict(counts))
    assert not wrong, "\n".join(wrong.values())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("row", kept("once_wrong.csv"), ids=lambda row: " ".join(row.values()))
def test_what_was_once_wrong_stays_right(driver: Driver, row: dict[str, str], level: str) -> None:
    assert wrong_in(driver, row, level) == []


@pytest.mark.parametrize("row", kept("without_a_lock.csv"), ids=lambda row: " ".join(row.values()))
def test_what_would_be_wrong_without_one_of_the_locks_is_right(
    driver: Driver, row: dict[str, str]
) -> None:
    assert wrong_in(driver, row, "read committed") == []


def wrong_in(driver: Driver, row: dict[str, str], level: str) -> list[str]:
    *case, order = row.values()
    first, second, kind, target, state = case
    _, wrong = run_case(
        driver,
        Case(first=NAMED[first], second=NAMED[second], kind=kind, target=target, state=state),
        order,
        level,
        Counter(),
    )
    return wrong


def run_pair(
    worlds: Worlds, first: Operation, second: Operation, level: str, counts: Counter[str]
) -> Iterator[tuple[Case, str, str]]:
    """Run the cases of two operations; yield what was wrong in them."""
    cases = cases_of(first, second)
    if IS_WHOLE:
        for case in cases:
            every = orders(len(case.first.steps) + 1, len(case.second.steps) + 1)
            order = next(every, None)
            while order is not None:
                decided, found = run_case(worlds.take(), case, order, level, counts)
                yield from ((case, order, what) for what in found)
                try:
                    order = every.send(decided)
                except StopIteration:
                    order = None
    elif cases:
        chosen = random.Random(f"{first.name} {second.name} {level}")
        case = chosen.choice(cases)
        every = orders(len(case.first.steps) + 1, len(case.second.steps) + 1)
        for order in chosen.sample(list(every), SAMPLED_ORDERS[level]):
            _, found = run_case(worlds.take(), case, order, level, counts)
            yield from ((case, order, what) for what in found)


def test_orders_are_all_there_and_impossible_ones_are_left_out() -> None:
    assert list(orders(2, 1)) == ["AAB", "ABA", "BAA"]

    every = orders(2, 2)
    assert next(every) == "AABB"
    assert every.send("A") == "BAAB"
    assert every.send(None) == "BABA"
    assert every.send("BA") == "BBAA"
