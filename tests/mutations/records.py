"""What is known of tests and mutants, kept in a folder, one line appended at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from mutations.mutants import Mutant


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One test on the engine with probes; `reached` names mutants and functions."""

    test: str
    is_green: bool
    seconds: float
    reached: list[str]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Reach:
        return cls(**json.loads(text))


class Records:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.reaches_path = folder / "reaches.jsonl"
        self.outcomes_path = folder / "outcomes.csv"
        self.reaches = {
            reach.test: reach for reach in map(Reach.from_json, lines_of(self.reaches_path))
        }
        self.outcomes = {
            (name, checksum): outcome
            for name, checksum, outcome in csv.reader(lines_of(self.outcomes_path))
        }

    def is_known(self, test: str) -> bool:
        """Say whether a test was green with probes; one that was not may have been mended."""
        return test in self.reaches and self.reaches[test].is_green

    def keep_reach(self, reach: Reach) -> None:
        self.reaches[reach.test] = reach
        with self.reaches_path.open("a", encoding="utf-8") as file:
            file.write(reach.to_json() + "\n")

    def keep_outcome(self, mutant: Mutant, outcome: str) -> None:
        self.outcomes[mutant.name, mutant.checksum] = outcome
        with self.outcomes_path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([mutant.name, mutant.checksum, outcome])

    def outcome(self, mutant: Mutant) -> str:
        """What became of a mutant, nothing when it was not tried or its file has changed since."""
        return self.outcomes.get((mutant.name, mutant.checksum), "")


def lines_of(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from file


@cache
def equivalents() -> dict[str, str]:
    """The mutants that do nothing wrong, each with the reason why."""
    path = Path(__file__).with_name("equivalent.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{row['file']}: {row['wrong']}": row["reason"] for row in csv.DictReader(file)}
