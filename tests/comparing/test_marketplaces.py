"""Functions, models and plain Python agree to the cent: on the sample, and on seeded marketplaces.

EARNINGS_MARKETPLACES says how many of the latter; each is a sample of its own seed that has lived
on after its migration.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from comparing.living import live_on
from conftest import Databases, migrate_up
from earnings_pipeline import checks, comparing, sample
from earnings_pipeline.database import connect
from earnings_pipeline.progress import silent
from earnings_pipeline.target import Target

MARKETPLACES = int(os.environ.get("EARNINGS_MARKETPLACES", "1"))
SPREAD = Path(__file__).with_name("spread.sql").read_text(encoding="utf-8")


@pytest.fixture
def place(databases: Databases) -> Iterator[Target]:
    """An empty database."""
    target = databases.create()
    yield target
    databases.drop(target.dbname)


def migrated_sample(target: Target, seed: int) -> None:
    with connect(target, "test") as conn:
        sample.create_tables(conn, form="before")
        sample.load(conn, bookings=300, seed=seed, report=silent)
        migrate_up(conn)


def spread(conn: psycopg.Connection) -> tuple[set[str], int, int, int]:
    """Which events the history has, how many months, currencies and taken slots."""
    events, *counts = conn.execute(SPREAD.encode()).fetchall()[0]
    return (set(events), *counts)


def test_all_three_agree_on_the_sample(place: Target) -> None:
    migrated_sample(place, 1)

    found = comparing.run(place, seed=1)

    assert found.differences == ()
    assert len(found.moments) == 20
    assert min(found.figure_counts.values()) > 100


@pytest.mark.parametrize("seed", range(2, 2 + MARKETPLACES))
def test_all_three_agree_and_every_check_holds_on_a_marketplace_that_has_lived_on(
    place: Target, seed: int
) -> None:
    migrated_sample(place, seed)
    with connect(place, "test") as conn:
        live_on(place, conn, seed)
        events, months, currencies, slots = spread(conn)
        assert [result.name for result in checks.run(conn) if not result.ok] == []
    assert events == {"opening", "created", "status_changed", "corrected", "moved", "deleted"}
    assert (months >= 2, currencies >= 2, slots > 10) == (True, True, True)

    found = comparing.run(place, seed=seed)

    assert found.differences == ()
    assert len(found.moments) == 20
    assert min(found.figure_counts.values()) > 100
