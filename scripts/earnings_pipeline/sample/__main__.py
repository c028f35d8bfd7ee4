"""Write the sample as CSV: python -m earnings_pipeline.sample --bookings N --seed S --out DIR."""

from __future__ import annotations

import argparse
import csv
import sys
from contextlib import ExitStack
from pathlib import Path

from earnings_pipeline.sample.chapter import Truth
from earnings_pipeline.sample.generator import SMALLEST, generate
from earnings_pipeline.sample.rows import TABLES


def main() -> int:
    """Write one file per table, and truth.csv."""
    parser = argparse.ArgumentParser(prog="python -m earnings_pipeline.sample", description=__doc__)
    parser.add_argument("--bookings", type=int, default=3000, help=f"how many, from {SMALLEST} on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    options = parser.parse_args()
    if options.bookings < SMALLEST:
        parser.error(f"--bookings must be at least {SMALLEST}")
    options.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = {}
        for table in TABLES:
            path = options.out / f"{table.table}.csv"
            file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            file.write(table.columns + "\n")
            files[table.table] = file
        path = options.out / "truth.csv"
        truth = csv.writer(
            stack.enter_context(path.open("w", encoding="utf-8", newline="")), lineterminator="\n"
        )
        truth.writerow(Truth._fields)
        for part in generate(options.seed, options.bookings):
            for name, lines in part.lines.items():
                files[name].writelines(lines)
            truth.writerows(part.truth)
    return 0


if __name__ == "__main__":
    sys.exit(main())
