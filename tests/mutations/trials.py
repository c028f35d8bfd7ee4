"""The loop that pytest runs in place of its own: every test once, then every mutant.

Each runs in a forked child, where all is imported and collected already, on copies of databases
that were prepared once with the right engine; the copy gets the mutant's statement.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain

import pytest
from _pytest.runner import runtestprotocol
from psycopg import sql

from earnings_pipeline import embedded
from earnings_pipeline.database import connect
from earnings_pipeline.sqlfiles import ROOT
from mutations import probes
from mutations.children import Child, Hung
from mutations.mutants import Mutant, of_engine
from mutations.records import Reach, Records, equivalents

CONCURRENT = ("test_concurrency", "test_locks", "interleavings", "tests/concurrency")
# What is no SQL or makes no sense, by syntax, names or types, is no merit of the test that fails.
NONSENSE = re.compile(
    r"^(?:42601|42702|42703|42704|42725|42803|42804|42846|42883|42P\d\d) ERROR:  .*", re.MULTILINE
)
LOG_SETTINGS = {
    "log_line_prefix": "%e ",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
LONGEST_TEST = 120
LEADERS = 3
LOCKS = 5  # times the patience: few tests can notice that one is gone, and they are slow


class Trials:
    """A plugin of pytest."""

    def __init__(
        self, records: Records, mutants: list[Mutant], *, again: bool, patience: float
    ) -> None:
        self.records = records
        self.mutants = mutants
        self.again = again
        self.patience = patience
        self.found_by: dict[str, Counter[str]] = defaultdict(Counter)
        self.sound: dict[str, bool] = {}

    def serve(self, server: embedded.Server) -> None:
        """Use this server for all that follows."""
        self.target = server.target(dbname="postgres")
        self.log = server.data / "server.log"
        with connect(self.target, "mutations") as conn:
            for name, value in LOG_SETTINGS.items():
                setting = sql.SQL("alter system set {} = {}")
                conn.execute(setting.format(sql.Identifier(name), value))
            conn.execute("select pg_reload_conf()")
        os.environ["EARNINGS_TEST_DATABASE_URL"] = self.target.url()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from mutations.copies import Copies  # when pytest has loaded conftest.py, not before

        if session.testsfailed:
            raise session.Interrupted("not all tests could be collected")
        self.copies = Copies(self.target)
        mutants = of_engine(ROOT)
        texts = self.with_probes(mutants)
        names = probes.names(ROOT, mutants)
        self.probed = {names[number] for text in texts.values() for number in probes.numbers(text)}
        self.reach(
            [item for item in session.items if not self.records.is_known(item.nodeid)],
            texts,
            names,
        )
        for number, mutant in enumerate(self.mutants, start=1):
            outcome = self.records.outcome(mutant)
            is_known = outcome and not (self.again and outcome.startswith("survived"))
            if mutant.name not in equivalents() and not is_known:
                started = time.monotonic()
                outcome = self.outcome(mutant, session.items)
                seconds = time.monotonic() - started
                self.records.keep_outcome(mutant, outcome)
                place = f"{number}/{len(self.mutants)}"
                print(f"{place} {mutant.name}\n    {outcome}, {seconds:.1f} s", flush=True)
            if outcome.startswith("noticed by "):
                self.found_by[mutant.function][outcome.removeprefix("noticed by ")] += 1
        return True

    def with_probes(self, mutants: list[Mutant]) -> dict[str, str]:
        """Return every function with its probes, or with one when it cannot have all."""
        setup = (ROOT / "tests/mutations/probes.sql").read_text()
        return {
            function: least if self.copies.refusal(setup, most) else most
            for function, most, least in probes.functions(ROOT, mutants)
        }

    def reach(self, items: list[pytest.Item], texts: dict[str, str], names: list[str]) -> None:
        """Run tests on the engine with probes, and keep what each reaches."""
        if not items:
            return
        print(f"{len(items)} tests run once, with probes", flush=True)

        def run(child: Child) -> None:
            self.copies.probes = (ROOT / "tests/mutations/probes.sql").read_text()
            self.copies.statements = texts
            for item, following in pairs(items):
                before = self.log.stat().st_size
                started = time.monotonic()
                reports = runtestprotocol(item, nextitem=following, log=False)
                reach = Reach(
                    test=item.nodeid,
                    is_green=not any(report.failed for report in reports),
                    seconds=round(time.monotonic() - started, 3),
                    reached=[names[number] for number in probes.reached(self.said_since(before))],
                )
                for report in reports:
                    if report.failed:
                        print(report.longreprtext[-3000:], file=sys.stderr)
                child.say(reach.to_json())

        for said in Child(run).says(LONGEST_TEST):
            reach = Reach.from_json(said)
            self.records.keep_reach(reach)
            if not reach.is_green:
                print(f"not green with probes: {reach.test}", flush=True)
        self.copies.drop()

    def outcome(self, mutant: Mutant, items: list[pytest.Item]) -> str:
        """Try one mutant; return invalid, survived or noticed, and how that is known."""
        refusal = self.copies.refusal(mutant.statement)
        if refusal:
            return f"invalid: {refusal}"
        tests = self.tests(mutant, items)
        if not tests:
            return "survived: no test runs it"
        before = self.log.stat().st_size
        red = self.first_red(tests, mutant)
        while red and not self.is_certain(red, mutant):
            tests.remove(red)
            red = self.first_red(tests, mutant)
        if not red:
            return f"survived: {len(tests)} tests that reach it stay green"
        nonsense = NONSENSE.search(self.said_since(before))
        return f"invalid: {nonsense[0]}" if nonsense else f"noticed by {red.nodeid}"

    def first_red(self, tests: list[pytest.Item], mutant: Mutant | None) -> pytest.Item | None:
        """Run tests in copies with a mutant, or without one, until one fails or does not end."""

        def run(child: Child) -> None:
            if mutant:
                self.copies.statements = {mutant.function: mutant.statement}
            if mutant and mutant.path.parent.name == "functions":
                self.copies.files = {f"functions/{mutant.function}": mutant.statement}
            for item, following in pairs(tests):
                child.say("begun")
                reports = runtestprotocol(item, nextitem=following, log=False)
                if any(report.failed for report in reports):
                    return
            child.say("all green")

        said: list[str] = []
        try:
            for line in Child(run).says(LONGEST_TEST):
                said.append(line)
        except Hung:
            pass
        finally:
            self.copies.drop()
        return None if "all green" in said else tests[len(said) - 1]

    def is_certain(self, red: pytest.Item, mutant: Mutant) -> bool:
        """Say whether a test is red for the mutant's sake.

        It has to be green alone on the right engine; with two sessions, where a slow machine may
        be the reason, it has to be red a second time.
        """
        if red.nodeid not in self.sound:
            self.sound[red.nodeid] = self.first_red([red], None) is None
        return self.sound[red.nodeid] and (
            not is_concurrent(red) or self.first_red([red], mutant) is not None
        )

    def said_since(self, size: int) -> str:
        """What the server has written to its log since it was of this size."""
        with self.log.open("rb") as file:
            file.seek(size)
            return file.read().decode(errors="replace")

    def reaches(self, mutant: Mutant, test: str) -> bool:
        """Say whether a mutant has decided otherwise in a test, as far as probes can tell.

        Of a test that the probes themselves turn red it is known only which functions it runs.
        """
        if mutant.name not in self.probed or not self.records.is_known(test):
            return self.runs(mutant, test)
        return mutant.name in self.records.reaches[test].reached

    def runs(self, mutant: Mutant, test: str) -> bool:
        ran = self.records.reaches[test].reached
        return mutant.function in ran or not mutant.others.isdisjoint(ran)

    def tests(self, mutant: Mutant, items: list[pytest.Item]) -> list[pytest.Item]:
        """The tests that can notice a mutant, the most promising first, as patience allows."""
        able = [item for item in items if not mutant.is_of_a_lock or is_concurrent(item)]
        running = {item.nodeid: item for item in able if self.runs(mutant, item.nodeid)}
        reaching = [test for test in running if self.reaches(mutant, test)]
        # a line may be newer than what is known of the tests, and probes do not see everything
        others = [test for test in running if test not in reaching]
        chosen: list[pytest.Item] = []
        seconds = 0.0
        for test in chain(self.promising(mutant, reaching), self.promising(mutant, others)):
            seconds += self.records.reaches[test].seconds
            if chosen and seconds > self.patience * (LOCKS if mutant.is_of_a_lock else 1):
                break
            chosen.append(running[test])
        return chosen

    def promising(self, mutant: Mutant, tests: list[str]) -> Iterator[str]:
        """Order tests: what has found others of the function, then what decides most of it anew.

        A test that the ones before it leave nothing new to decide comes after all that do.
        """
        leaders = [test for test, _ in self.found_by[mutant.function].most_common()]
        leaders = [test for test in leaders if test in tests][:LEADERS]
        yield from leaders
        left = {
            test: {
                name
                for name in self.records.reaches[test].reached
                if name.startswith(mutant.path.name)
            }
            for test in tests
            if test not in leaders
        }
        seen: set[str] = set()
        while left:
            best = max(
                left,
                key=lambda test: (
                    len(left[test] - seen) / (self.records.reaches[test].seconds + 0.1)
                ),
            )
            if not left[best] - seen:
                if not seen:
                    yield from sorted(left, key=lambda test: self.records.reaches[test].seconds)
                    return
                seen = set()
                continue
            seen |= left.pop(best)
            yield best


def is_concurrent(item: pytest.Item) -> bool:
    return any(word in item.nodeid for word in CONCURRENT)


def pairs(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Each test and the one after it, for which fixtures are kept."""
    return zip(items, [*items[1:], None], strict=True)
