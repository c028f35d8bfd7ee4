"""The sample's truth table against what the migration really does with the sample."""

import psycopg
import pytest

from conftest import SAMPLE_BOOKINGS, SAMPLE_SEED
from earnings_pipeline import sample
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from sample.actual import Actual, remember, told


def migrate(conn: psycopg.Connection) -> Actual:
    from earnings_pipeline import migration
    from earnings_pipeline.progress import silent

    before = remember(conn)
    migration.up(conn, report=silent)
    return Actual(conn, before)


def test_every_shape_becomes_what_the_rules_say(sampled: Target) -> None:
    with connect(sampled, "test") as conn:
        actual = migrate(conn)

    found = list(actual.differences(sample.truth(SAMPLE_SEED, SAMPLE_BOOKINGS)))
    if found:
        pytest.fail(f"{len(found)} differences\n{told(found)}", pytrace=False)
