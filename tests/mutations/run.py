"""Mutate the engine and see which tests notice.

    .venv/bin/python tests/mutations/run.py --sample 40 --seed 1
    .venv/bin/python tests/mutations/run.py --only settle_bookings
    .venv/bin/python tests/mutations/run.py                          # all, for hours

Each mutant is tried in a copy of the project by the fast tests of the engine, and when they pass by
the slow ones.  Prints a line each; exits 1 when one survived.  EARNINGS_TEST_DATABASE_URL is used
when it is set, and makes it faster.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from mutants import Mutant, of_engine

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".earnings", "target", "logs", "__pycache__", ".*cache", ".hypothesis"
)
FAST = [
    f"tests/functions/test_{name}.py"
    for name in ("lifecycle", "packages", "refunds", "hard_cases", "jobs", "concurrency")
]
SLOW = [
    "tests/functions/test_status_pairs.py",
    "tests/functions/test_time.py",
    "tests/functions/test_money.py",
    "tests/flows",
    "tests/interleavings",
    "tests/model",
    "tests/test_engine.py",
    "tests/test_checks.py",
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--sample", type=int, help="that many of them, spread over the files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fast", action="store_true", help="the fast tests only")
    parser.add_argument("--list", action="store_true", help="name them and stop")
    options = parser.parse_args()

    chosen = [mutant for mutant in of_engine(ROOT) if options.only in mutant.name]
    if options.sample:
        chosen = spread(chosen, options.sample, options.seed)
    if options.list:
        print("\n".join(mutant.name for mutant in chosen))
        return

    stages = [FAST] if options.fast else [FAST, SLOW]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="earnings-mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.workers):
            copies.put(copy_of_project(Path(folder) / str(number)))
        with ThreadPoolExecutor(options.workers) as pool:
            tried = pool.map(lambda mutant: outcome(mutant, copies, stages), chosen)
            for mutant, noticed_by in zip(chosen, tried, strict=True):
                survivors += noticed_by is None
                print(f"{mutant.name}: {noticed_by or 'SURVIVED'}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} survived")
    sys.exit(1 if survivors else 0)


def spread(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """Choose `count` mutants, one of each file in turn."""
    by_path: dict[Path, list[Mutant]] = {}
    dice = random.Random(seed)
    for mutant in dice.sample(mutants, len(mutants)):
        by_path.setdefault(mutant.path, []).append(mutant)
    piles = [by_path[path] for path in sorted(by_path)]
    dice.shuffle(piles)
    rounds = max(len(pile) for pile in piles)
    in_turn = [pile[number] for number in range(rounds) for pile in piles if number < len(pile)]
    return in_turn[:count]


def copy_of_project(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def outcome(mutant: Mutant, copies: SimpleQueue[Path], stages: list[list[str]]) -> str | None:
    """Return the first test that fails on the mutant, None when all pass."""
    copy = copies.get()
    original = (copy / mutant.path).read_text()
    (copy / mutant.path).write_text(mutant.text)
    try:
        for tests in stages:
            run = subprocess.run(
                [ROOT / ".venv/bin/python", "-m", "pytest", "-x", "-q", *tests],
                cwd=copy,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode != 0:
                return first_failure(run.stdout)
    finally:
        (copy / mutant.path).write_text(original)
        copies.put(copy)
    return None


def first_failure(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if not lines:
        raise SystemExit(f"pytest did not run:\n{output[-2000:]}")
    return lines[0].split(" - ")[0].split(" ", 1)[1]


if __name__ == "__main__":
    main()
