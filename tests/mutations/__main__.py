"""Put one small wrong after another into the engine, and see that some test goes red.

    PYTHONPATH=scripts:tests .venv/bin/python -m mutations --state .earnings/mutations
    PYTHONPATH=scripts:tests .venv/bin/python -m mutations --only settle_bookings --list

First all tests run once on an engine with probes, which says which tests could notice which mutant
(probes.py).  Then each mutant is tried, on copies of prepared databases, by those tests only: what
found others of its function, then what decides most of the function anew, until one is red.  What
is known is kept in the folder of --state: stopped and started again, the run goes on, with what is
new or has changed.  equivalent.csv says of mutants that no test can notice why.  Exits 1 when
others survive.  docs/decisions/0014 says more.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

import throw_away
from earnings_pipeline import embedded
from earnings_pipeline.sqlfiles import ROOT
from mutations.mutants import Mutant, of_engine
from mutations.records import Records, equivalents
from mutations.trials import Trials

TESTS = [
    "tests/functions",
    "tests/flows",
    "tests/interleavings/test_interleavings.py",
    "tests/concurrency/test_one_package.py",
    "tests/concurrency/test_history.py",
    "tests/migration/test_expand.py",
]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m mutations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--state", type=Path, help="a folder for what is known; none: forget it")
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--list", action="store_true", help="say what is known of them and stop")
    parser.add_argument("--again", action="store_true", help="try those that survived once more")
    parser.add_argument(
        "--patience", type=float, default=60, help="seconds of tests, as timed, for one mutant"
    )
    parser.add_argument("tests", nargs="*", default=TESTS, help="instead of the usual ones")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and the server goes
    options, others = parser.parse_known_args()

    with tempfile.TemporaryDirectory(prefix="earnings-mutations-") as forgotten:
        records = Records(options.state or Path(forgotten))
        mutants = [mutant for mutant in of_engine(ROOT) if options.only in mutant.name]
        if options.list:
            for mutant in mutants:
                print(f"{mutant.name}\n    {records.outcome(mutant) or 'not tried'}")
        else:
            trials = Trials(records, mutants, again=options.again, patience=options.patience)
            run(trials, [*options.tests, *others])
        found = Counter(word(mutant, records) for mutant in mutants)
    counts = ", ".join(f"{count} {said}" for said, count in found.most_common())
    print(f"{len(mutants)} mutants: {counts}")
    sys.exit(1 if found["survived"] else 0)


def word(mutant: Mutant, records: Records) -> str:
    """Say in a word what became of a mutant: equivalent, noticed, survived, invalid, not tried."""
    if mutant.name in equivalents():
        return "equivalent"
    return re.split("[: ]", records.outcome(mutant))[0] or "not tried"


def run(trials: Trials, tests: list[str]) -> None:
    """Run pytest with the trials as its loop, on a server of their own."""
    state = throw_away.new_folder()
    server = embedded.Server(state=state, is_throw_away=True)
    try:
        server.start()
        trials.serve(server)
        quietly = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header"]
        status = pytest.main([*quietly, *tests], plugins=[trials])
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            sys.exit(f"pytest ended with {status}")
    finally:
        server.remove()
        shutil.rmtree(state)


if __name__ == "__main__":
    main()
