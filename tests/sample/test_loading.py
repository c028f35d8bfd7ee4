"""The loader: all or nothing, and never into somebody's data."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from earnings_pipeline import sample, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress
from earnings_pipeline.sample.rows import TABLES
from earnings_pipeline.target import Target

HERE = Path(__file__).parent
LOAD = """
import sys
import psycopg
from earnings_pipeline import sample
conn = psycopg.connect(sys.argv[1], autocommit=True)
sample.load(conn, bookings=20000, seed=1, report=lambda progress: print(progress.done, flush=True))
"""

A_ROW = "insert into services_servicetype values (1, now(), now(), 'a', 'a', '', true, 1)"
OTHERS = (
    "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
)


def count(conn: psycopg.Connection, table: str) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
    row = conn.execute(query).fetchone()
    assert row is not None
    return row[0]


def schema(conn: psycopg.Connection) -> list[tuple[str, ...]]:
    constraints = conn.execute((HERE / "constraints.sql").read_bytes()).fetchall()
    indexes = conn.execute("select tablename, indexdef, '' from pg_indexes").fetchall()
    return sorted(constraints + [row for row in indexes if not row[0].startswith(("pg_", "loads"))])


def test_a_load_creates_the_tables_and_says_that_it_is_done(empty_database: Target) -> None:
    reports: list[Progress] = []
    with connect(empty_database, "test") as conn:
        assert not sample.is_loaded(conn)
        sample.load(conn, bookings=300, seed=1, report=reports.append)

        assert sample.is_loaded(conn)
        assert count(conn, "bookings_booking") == 300
        mark = conn.execute("select seed, bookings, as_of from sample_marketplace.loads").fetchall()
    assert mark == [(1, 300, sample.AS_OF)]
    assert reports[-1].done == reports[-1].total == 300


def test_a_load_leaves_constraints_and_indexes_as_they_were(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        before = schema(conn)
        sample.load(conn, bookings=300, seed=1)

        assert schema(conn) == before


def test_the_next_id_is_free_after_a_load(sampled: Target) -> None:
    with connect(sampled, "test") as conn:
        for table in TABLES:
            last = "select max(id), nextval(pg_get_serial_sequence({}, 'id')) from {}"
            query = sql.SQL(last).format(sql.Literal(table.table), sql.Identifier(table.table))
            row = conn.execute(query).fetchone()
            assert row is not None
            assert row[1] == row[0] + 1, table.table


def test_what_is_loaded_is_what_was_generated(sampled: Target) -> None:
    generated = dict.fromkeys((table.table for table in TABLES), 0)
    for part in sample.generate(1, 300):
        for table, lines in part.lines.items():
            generated[table] += len(lines)

    with connect(sampled, "test") as conn:
        assert {table: count(conn, table) for table in generated} == generated


def test_a_half_done_sample_has_some_links_and_wrong_metadata(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        sample.load(conn, bookings=300, seed=1, half_done=True)

        linked = conn.execute("select count(order_id) from bookings_booking").fetchone()
        described = conn.execute("select count(package_metadata) from payments_order").fetchone()
    assert linked is not None
    assert described is not None
    assert 0 < linked[0] < 300
    # 11b, 14a to 14d and 14f, twice each
    assert described[0] == 12


def test_a_second_load_is_refused(sampled: Target) -> None:
    with connect(sampled, "test") as conn, pytest.raises(WrongUsage, match="loaded already"):
        sample.load(conn, bookings=300, seed=1)


def test_a_database_with_rows_of_its_own_is_refused(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        conn.execute(
            "insert into services_servicetype values (1, now(), now(), 'a', 'a', '', true, 1)"
        )

        with pytest.raises(WrongUsage, match="services_servicetype holds rows"):
            sample.load(conn, bookings=300, seed=1)
        assert count(conn, "services_servicetype") == 1
        assert not sample.is_loaded(conn)


def test_a_database_with_some_of_the_tables_is_refused(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        conn.execute("drop table payments_practitionerearnings")

        with pytest.raises(WrongUsage, match="payments_practitionerearnings is missing"):
            sample.load(conn, bookings=300, seed=1)


def test_a_load_that_is_killed_can_be_started_over(empty_database: Target) -> None:
    address = " ".join(f"{key}='{value}'" for key, value in empty_database.parameters.items())
    loader = subprocess.Popen(
        [sys.executable, "-c", LOAD, address],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(sqlfiles.ROOT / "scripts")},
    )
    assert loader.stdout is not None
    while int(loader.stdout.readline()) < 4000:
        pass
    loader.send_signal(signal.SIGKILL)
    loader.wait()

    with connect(empty_database, "test") as conn:
        deadline = time.monotonic() + 20
        while conn.execute(OTHERS).fetchone():
            assert time.monotonic() < deadline
        assert not sample.is_loaded(conn)
        sample.load(conn, bookings=300, seed=1)
        assert sample.is_loaded(conn)
        assert count(conn, "bookings_booking") == 300
