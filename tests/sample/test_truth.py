"""The sample's truth table against what the migration really does with the sample."""

import psycopg
import pytest

from conftest import MakeDatabase
from earnings_pipeline import migration, sample
from earnings_pipeline.database import connect
from earnings_pipeline.progress import silent
from sample.actual import Actual, remember, told


def migrate(conn: psycopg.Connection) -> Actual:
    before = remember(conn)
    migration.up(conn, report=silent)
    return Actual(conn, before)


@pytest.mark.parametrize(
    ("bookings", "seed", "half_done"), [(300, 1, False), (300, 2, True), (3000, 3, False)]
)
def test_everything_becomes_what_the_rules_say(
    make_database: MakeDatabase, bookings: int, seed: int, half_done: bool
) -> None:
    target = make_database(
        f"sample {bookings} {seed}",
        lambda conn: sample.load(conn, bookings=bookings, seed=seed, half_done=half_done),
    )
    with connect(target, "test") as conn:
        actual = migrate(conn)

    found = list(actual.differences(sample.truth(seed, bookings)))
    if found:
        pytest.fail(f"{len(found)} differences\n{told(found)}", pytrace=False)


def test_whatever_else_the_truth_said_would_be_told_as_a_difference(
    make_database: MakeDatabase,
) -> None:
    target = make_database("sample 300 1", lambda conn: sample.load(conn, bookings=300, seed=1))
    with connect(target, "test") as conn:
        actual = migrate(conn)
    false = [
        row._replace(expected="something else")
        for row in sample.truth(1, 300)
        if row.attribute != "no_exception"
    ]

    found = list(actual.differences(false))

    assert [difference.truth for difference in found] == false
    assert "is projected, not something else (R24.6: never delivered)" in told(found)
