"""Small wrongs to do to the engine's SQL, one at a time: each has to turn some test red."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FLIPS = {" <= ": " < ", " >= ": " > ", " < ": " <= ", " > ": " >= "}
SWAPS = {
    "is not distinct from": "is distinct from",
    "is distinct from": "is not distinct from",
    "not exists (": "exists (",
    " not in (": " in (",
    "greatest(": "least(",
    "least(": "greatest(",
    " <> '": " = '",
    " = '": " <> '",
    " skip locked": "",
    " desc\n": "\n",
}
CONDITION = re.compile(r"^(?P<head>\s+(?P<word>and|or) )(?P<said>\S.*?)(?P<tail>;| then\b.*)?$")
LOCK = re.compile(
    r"for (no key )?(update|share)( of \w+)?( skip locked)?|for key share( skip locked)?"
)
TWO_SESSIONS = re.compile(r"^no lock|perform earnings\.lock_bookings\(|'transaction_isolation'")
STATEMENT = re.compile(r"^\s+perform earnings\.\w+\(.*\);$")
ASSIGNMENT = re.compile(r"^\s+(set |using |errcode|detail|hint|\w+ = '[^']*',?$)")
TRIGGER = re.compile(
    r"^create (?:or replace |constraint )?trigger (?P<name>\w+)\n.*? on (?P<table>[\w.]+)\n"
    r".*?execute function (?P<function>[\w.]+)\(\);",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """The engine with one wrong in it, which `statement` does to a database.

    `line` of the file counts from 1.  `function` is what runs when the wrong can show, or one of
    `others` does.
    """

    path: Path
    line: int
    wrong: str
    statement: str
    function: str
    others: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The same after the lines around it have moved."""
        return f"{self.path.name}: {self.wrong}"

    @property
    def is_of_a_lock(self) -> bool:
        """Say whether only two sessions at once can see it."""
        return TWO_SESSIONS.search(self.wrong) is not None

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.statement.encode()).hexdigest()[:16]


def of_engine(root: Path) -> list[Mutant]:
    """Every mutant, each with a name of its own."""
    seen: Counter[str] = Counter()
    result = []
    for mutant in [*of_functions(root), *of_triggers(root), *of_rules(root)]:
        seen[mutant.name] += 1
        number = seen[mutant.name]
        wrong = mutant.wrong if number == 1 else f"{mutant.wrong} ({number})"
        result.append(replace(mutant, wrong=wrong))
    return result


def of_functions(root: Path) -> Iterator[Mutant]:
    """Every mutant of every function, in the order of the files."""
    for path in sorted((root / "sql/functions").glob("*.sql")):
        lines = path.read_text().splitlines(keepends=True)
        for number in body(lines):
            for wrong, line in of_line(lines, number):
                yield Mutant(
                    path=path.relative_to(root),
                    line=number + 1,
                    wrong=wrong,
                    statement="".join([*lines[:number], line, *lines[number + 1 :]]),
                    function=path.stem,
                )


def body(lines: list[str]) -> range:
    """Return the lines between the dollar quotes of a function's file."""
    start = next(number for number, line in enumerate(lines) if line.startswith("as $$"))
    end = next(number for number in range(start + 1, len(lines)) if lines[number].startswith("$$"))
    return range(start + 1, end)


def of_line(lines: list[str], number: int) -> Iterator[tuple[str, str]]:
    """(what is wrong, the line with it) for a line of a function's body."""
    line = lines[number]
    said = line.strip()
    if said.startswith("--"):
        return
    if LOCK.search(line):
        yield f"no lock: {said}", LOCK.sub("", line)
    condition = CONDITION.match(line)
    if condition and is_whole(lines, number) and " between " not in lines[number - 1]:
        yield f"without: {said}", (condition["tail"] or "").lstrip() + "\n"
    if STATEMENT.match(line):
        yield f"without: {said}", "null;\n"
    for find, put in (FLIPS | SWAPS).items():
        if find in line and not (find == " = '" and ASSIGNMENT.match(line)):
            wrong = "no lock to skip" if "locked" in find else f"{put.strip()} for {find.strip()}"
            yield f"{wrong} in: {said}", line.replace(find, put, 1)


def is_whole(lines: list[str], number: int) -> bool:
    """Say whether a condition ends on its own line, so that it can go without the rest."""
    line = lines[number]
    following = lines[number + 1]
    indent = len(line) - len(line.lstrip())
    return (
        line.count("(") == line.count(")")
        and not line.rstrip().endswith((" (", " from"))
        and not (" between " in line and " and " not in line.split(" between ")[1])
        and not following.lstrip().startswith(("is ", "= ", "<", ">"))
        and len(following) - len(following.lstrip()) <= indent
    )


def of_triggers(root: Path) -> Iterator[Mutant]:
    """The engine without one of its triggers, or with one that fires for other rows."""
    for path in sorted((root / "sql/triggers").glob("*.sql")):
        text = path.read_text()
        # one that fires for more rows shows where it does not fire now, but another one does
        of_table = frozenset(found["function"] for found in TRIGGER.finditer(text))
        for found in TRIGGER.finditer(text):
            first = text.count("\n", 0, found.start())
            without = (
                0,
                f"without: {found['name']}",
                f"drop trigger {found['name']} on {found['table']}",
            )
            lines = found[0].splitlines(keepends=True)
            others = (
                (
                    number,
                    f"{wrong}, of {found['name']}",
                    "".join([*lines[:number], line, *lines[number + 1 :]]),
                )
                for number in range(1, len(lines) - 1)
                for wrong, line in of_line(lines, number)
            )
            for number, wrong, statement in [without, *others]:
                yield Mutant(
                    path=path.relative_to(root),
                    line=first + number + 1,
                    wrong=wrong,
                    statement=statement,
                    function=found["function"],
                    others=of_table,
                )


def of_rules(root: Path) -> Iterator[Mutant]:
    """The rules without one of their rows."""
    path = root / "seeds/earnings_status_rules.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            before, after = row["from_status"], row["to_status"]
            yield Mutant(
                path=path.relative_to(root),
                line=number + 2,
                wrong=f"without: {before} -> {after}",
                statement="delete from earnings.status_rules"  # noqa: S608 (our own words)
                f" where (from_status, to_status) = ('{before}', '{after}')",
                function="earnings.refuse_illegal_change"
                if row["kind"] != "creation"
                else "earnings.tg_earnings__guard_insert",
            )
