"""Up, up again, down, and up once more, on one seeded marketplace after another.

A marketplace is a sample of 300 to 3,000 bookings, in one of the states that the app's tables can
be in, every second one with dirty shapes strewn over it at random (disorder.sql).  scripts/test
takes a few of them; the documented run takes a hundred, five minutes on two cores:

    EARNINGS_MARKETPLACES=100 scripts/test tests/migration/test_many_marketplaces.py --dist load
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from conftest import Databases
from earnings_pipeline import migration, sample, sqlfiles
from earnings_pipeline.database import connect
from migration.support import app_tables, differences, end_state, row_change_count

SEEDS = range(1, int(os.environ.get("EARNINGS_MARKETPLACES", "3")) + 1)
LOOK_AGAIN = "update earnings_migration.steps set state = 'running' where step = 'look_again'"
DISORDER = (Path(__file__).parent / "disorder.sql").read_text(encoding="utf-8")


def plain(conn: psycopg.Connection, bookings: int, seed: int) -> None:
    """The tables of the app before the plan."""
    sample.load(conn, bookings=bookings, seed=seed)


def half_done(conn: psycopg.Connection, bookings: int, seed: int) -> None:
    """With the leavings of an abandoned try at the plan."""
    sample.load(conn, bookings=bookings, seed=seed, half_done=True)


def adopted(conn: psycopg.Connection, bookings: int, seed: int) -> None:
    """As the app's own migrations leave them, which lose links and snapshots."""
    sample.load(conn, bookings=bookings, seed=seed)
    conn.execute(sqlfiles.read("marketplace/after"))


STATES = (plain, half_done, plain, adopted)


def size(seed: int) -> int:
    """Mostly small; a tenth are larger, and every fiftieth is the largest."""
    if seed % 50 == 0:
        return 3000
    return random.Random(seed).randint(1000, 3000) if seed % 10 == 5 else 300 + 3 * seed


def build(
    seed: int, load: Callable[[psycopg.Connection, int, int], None]
) -> Callable[[psycopg.Connection], None]:
    def fill(conn: psycopg.Connection) -> None:
        load(conn, size(seed), seed)
        if seed % 2 == 0:
            with conn.transaction():
                conn.execute("select set_config('test.seed', %s, true)", [str(seed)])
                conn.execute(DISORDER)

    return fill


@pytest.mark.parametrize("seed", SEEDS)
def test_it_can_be_migrated_and_undone_and_ends_the_same_every_time(
    databases: Databases, seed: int
) -> None:
    chosen = random.Random(f"batches {seed}")
    target = databases.create()
    with connect(target, "test") as conn:
        build(seed, STATES[seed % 4])(conn)
        legacy = app_tables(conn)
        promised = sum(reason.row_count for reason in migration.plan(conn))

        migration.up(conn, batch_size=chosen.randint(50, 1000))

        assert offenders(conn) == {}
        migrated, changed, tables = end_state(conn), row_change_count(conn), app_tables(conn)
        assert changed == promised > 0

        # every step once more, from its first row
        conn.execute(LOOK_AGAIN)
        again = migration.up(conn)
        assert [result.step for result in again if result.batch_count] == ["look_again"]
        assert sum(result.row_count for result in again) == 0
        assert row_change_count(conn) == changed
        assert differences(tables, app_tables(conn)) == []

        undone = migration.down(conn, batch_size=chosen.randint(50, 1000))
        assert undone.left_alone == ()
        assert differences(legacy, app_tables(conn)) == []

        migration.up(conn)
        assert differences(migrated, end_state(conn)) == []
        assert offenders(conn) == {}
    databases.drop(target.dbname)


def offenders(conn: psycopg.Connection) -> dict[str, object]:
    """What verify finds: what the steps promise, the checklist, and the bridge."""
    return {v.check: v.offenders[:3] for v in migration.verify(conn) if v.offenders}
