"""The rules have one text: what the triggers read and what dbt seeds is what the files say."""

from __future__ import annotations

import csv

import pytest

from earnings_pipeline.errors import BY_SQLSTATE
from earnings_pipeline.sqlfiles import ROOT


def seeded(name: str) -> list[tuple[str, ...]]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return sorted(tuple(row) for row in rows)


@pytest.mark.parametrize(
    ("seed", "query"),
    [
        (
            "earnings_status_rules",
            "select from_status, to_status, kind, condition, rule from earnings.status_rules",
        ),
        (
            "exception_kinds",
            "select kind, subject, meaning, proposed_action from earnings.exception_kinds",
        ),
    ],
)
def test_install_loads_what_the_seed_says(db, seed, query):
    assert sorted(db.execute(query).fetchall()) == seeded(seed)


def test_every_error_of_the_seed_is_an_error_of_ours():
    assert {row[0] for row in seeded("errors")} == set(BY_SQLSTATE)
