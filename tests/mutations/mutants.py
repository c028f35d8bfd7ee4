"""Small wrongs to do to the engine's SQL, one at a time: each has to turn some test red."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FLIPS = {" <= ": " < ", " >= ": " > ", " < ": " <= ", " > ": " >= "}
SWAPS = {
    "is not distinct from": "is distinct from",
    "is distinct from": "is not distinct from",
    "not exists (": "exists (",
    "greatest(": "least(",
    "least(": "greatest(",
    " <> '": " = '",
    " = '": " <> '",
    " skip locked": "",
    " desc\n": "\n",
}
CONDITION = re.compile(r"^\s+(and|or) \S")
LOCK = re.compile(
    r"for (no key )?(update|share)( of \w+)?( skip locked)?|for key share( skip locked)?"
)
STATEMENT = re.compile(r"^\s+perform earnings\.\w+\(.*\);$")
TRIGGER = re.compile(r"^create (?:or replace |constraint )?trigger (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One file with one wrong in it; `line` counts from 1."""

    path: Path
    line: int
    wrong: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.path.name}:{self.line} {self.wrong}"


def of_functions(root: Path) -> Iterator[Mutant]:
    """Every mutant of every function, in the order of the files."""
    for path in sorted((root / "sql/functions").glob("*.sql")):
        lines = path.read_text().splitlines(keepends=True)
        start = next(number for number, line in enumerate(lines) if line.startswith("as $$"))
        for number in range(start + 1, len(lines)):
            if lines[number].startswith("$$"):
                break
            for wrong, line in of_line(lines, number):
                text = "".join([*lines[:number], line, *lines[number + 1 :]])
                yield Mutant(path=path.relative_to(root), line=number + 1, wrong=wrong, text=text)


def of_line(lines: list[str], number: int) -> Iterator[tuple[str, str]]:
    """(what is wrong, the line with it) for a line of a function's body."""
    line = lines[number]
    if line.lstrip().startswith("--"):
        return
    if LOCK.search(line):
        yield "takes no lock", LOCK.sub("", line)
    if CONDITION.match(line) and is_whole(lines, number):
        yield f"without {line.strip()}", ";\n" if line.rstrip().endswith(";") else "\n"
    if STATEMENT.match(line):
        yield f"without {line.strip()}", "null;\n"
    for find, put in (FLIPS | SWAPS).items():
        if find in line:
            yield f"{find.strip()} becomes {put.strip() or 'nothing'}", line.replace(find, put, 1)


def is_whole(lines: list[str], number: int) -> bool:
    """Say whether a condition ends on its own line, so that it can go without the rest."""
    line = lines[number]
    following = lines[number + 1]
    indent = len(line) - len(line.lstrip())
    return (
        line.count("(") == line.count(")")
        and " then" not in line
        and len(following) - len(following.lstrip()) <= indent
    )


def of_triggers(root: Path) -> Iterator[Mutant]:
    """The engine without one of its triggers."""
    for path in sorted((root / "sql/triggers").glob("*.sql")):
        text = path.read_text()
        for found in TRIGGER.finditer(text):
            end = text.index(";", found.start()) + 1
            yield Mutant(
                path=path.relative_to(root),
                line=text.count("\n", 0, found.start()) + 1,
                wrong=f"without {found[1]}",
                text=text[: found.start()] + text[end:],
            )


def of_rules(root: Path) -> Iterator[Mutant]:
    """The rules without one of their rows."""
    path = root / "seeds/earnings_status_rules.csv"
    lines = path.read_text().splitlines(keepends=True)
    for number in range(1, len(lines)):
        yield Mutant(
            path=path.relative_to(root),
            line=number + 1,
            wrong=f"without {' -> '.join(lines[number].split(',')[:2])}",
            text="".join([*lines[:number], *lines[number + 1 :]]),
        )


def of_engine(root: Path) -> list[Mutant]:
    return [*of_functions(root), *of_triggers(root), *of_rules(root)]
