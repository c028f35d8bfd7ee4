"""Find out which tests could notice which mutants, in one run of all tests.

Every function of the engine is replaced by one that does the same and writes to the server's log
what a test reaches: that the function runs, that a call runs which a mutant leaves out, and that a
condition is evaluated where a mutant of it would decide otherwise.  A mutant whose point no test
reaches survives; the others have to be tried with the tests that reach it only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mutations.mutants import Mutant, body, is_whole

REACHED = re.compile(r"LOG:  reached (\d+)$", re.MULTILINE)
PROBE = re.compile(r"probes\.(reach\((?P<one>\d+)\)|compare\(.*?array\[(?P<several>[\d, ]+)\])")
WHOLE = re.compile(
    r"^(?P<head>\s*(?P<word>where|and|or|if|elsif) )(?P<said>\S.*?)(?P<tail>;| then\b.*)?$"
)
WITHOUT = {"and": "true", "or": "false"}
BEGINNING = {"plpgsql": "perform", "sql": "select"}


def functions(root: Path, mutants: list[Mutant]) -> Iterator[tuple[str, str, str]]:
    """(function, its text with probes, its text with only the one at its beginning) for each.

    The number that a probe writes is a mutant's place in `mutants`, or after them the function's
    place among the functions.
    """
    paths = sorted((root / "sql/functions").glob("*.sql"))
    with_mutants = {mutant.function for mutant in mutants}
    for place, path in enumerate(paths, start=len(mutants)):
        lines = path.read_text().splitlines(keepends=True)
        mutated: dict[int, list[tuple[int, str]]] = {}
        for number, mutant in enumerate(mutants):
            if mutant.path == path.relative_to(root):
                line = mutant.statement.splitlines(keepends=True)[mutant.line - 1]
                mutated.setdefault(mutant.line - 1, []).append((number, line))
        if not mutated and path.stem not in with_mutants:
            continue
        probed = [
            with_probe(lines, number, mutated[number]) if number in mutated else line
            for number, line in enumerate(lines)
        ]
        yield path.stem, beginning_with(place, probed), beginning_with(place, lines)


def names(root: Path, mutants: list[Mutant]) -> list[str]:
    """What each number stands for: the name of a mutant or of a function."""
    functions = sorted((root / "sql/functions").glob("*.sql"))
    return [*(mutant.name for mutant in mutants), *(path.stem for path in functions)]


def with_probe(lines: list[str], number: int, mutated: list[tuple[int, str]]) -> str:
    """Return a line that tells when its mutants would make a difference; itself when it cannot."""
    line = lines[number]
    if line.lstrip().startswith("perform earnings.") and line.rstrip().endswith(";"):
        return "".join(f"perform probes.reach({place});\n" for place, _ in mutated) + line
    whole = WHOLE.match(line)
    if not whole or not (is_whole(lines, number) or is_a_beginning(lines, number)):
        return line
    others = {place: of_condition(whole["word"], other) for place, other in mutated}
    compared = {place: other for place, other in others.items() if other is not None}
    if not compared:
        return line
    said = f"probes.compare({whole['said']}, array{list(compared)}, array["
    return f"{whole['head']}{said}{', '.join(compared.values())}]){whole['tail'] or ''}\n"


def is_a_beginning(lines: list[str], number: int) -> bool:
    """Say whether a condition ends on its own line, though others follow."""
    line, following = lines[number], lines[number + 1].lstrip()
    return line.count("(") == line.count(")") and (
        following.startswith(("and ", "or ")) or " then" in line
    )


def of_condition(word: str, mutated: str) -> str | None:
    """Return the condition that a mutant has on its line, None where it has none."""
    if mutated.strip() in ("", ";") or mutated.lstrip().startswith("then"):
        return WITHOUT[word]
    whole = WHOLE.match(mutated)
    # a subquery of the mutant may find more than one row
    return whole["said"] if whole and "(select " not in mutated else None


def beginning_with(place: int, lines: list[str]) -> str:
    """Return the function's text with a probe before its first statement."""
    text = "".join(lines)
    language = "plpgsql" if "\nlanguage plpgsql\n" in text else "sql"
    probe = f"{BEGINNING[language]} probes.reach({place});\n"
    if language == "sql":
        first = body(text.splitlines(keepends=True)).start
        kept = text.splitlines(keepends=True)
        return "".join([*kept[:first], probe, *kept[first:]])
    return text.replace("\nbegin\n", f"\nbegin\n{probe}", 1)


def numbers(text: str) -> Iterator[int]:
    """The numbers that the probes of a function's text write."""
    for found in PROBE.finditer(text):
        yield from map(int, (found["one"] or found["several"]).split(", "))


def reached(log: str) -> set[int]:
    """The numbers that probes have written to a server's log."""
    return set(map(int, REACHED.findall(log)))
