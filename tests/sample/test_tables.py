"""The app's tables that tests and the sample stand on, against what was seen of the app's own."""

import csv
import re
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from earnings_pipeline.database import connect
from earnings_pipeline.sample import create_tables
from earnings_pipeline.target import Target

HERE = Path(__file__).parent
SHORT = {"timestamp with time zone": "timestamptz", "character varying": "varchar"}


def facts(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def short(type_name: str) -> str:
    for long, brief in SHORT.items():
        type_name = type_name.replace(long, brief)
    return type_name


def ask(conn: psycopg.Connection, name: str) -> list[tuple[str, ...]]:
    return conn.execute((HERE / f"{name}.sql").read_bytes()).fetchall()


def columns(conn: psycopg.Connection) -> dict[str, list[tuple[str, str, str, str]]]:
    tables: dict[str, list[tuple[str, str, str, str]]] = {}
    for table, name, type_name, nullable, identity in ask(conn, "columns"):
        tables.setdefault(table, []).append((name, short(type_name), nullable, identity))
    return tables


def test_the_columns_before_the_plan_are_the_apps(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        made = columns(conn)

    seen: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in facts("columns_before_plan"):
        column = (row["column_name"], row["type"], row["nullable"], row["identity"])
        seen.setdefault(row["table_name"], []).append(column)
    assert {table: made[table] for table in seen} == seen


def test_no_column_has_a_default(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        assert conn.execute("select * from pg_attrdef").fetchall() == []


def test_the_constraints_before_the_plan_are_the_apps(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        made = ask(conn, "constraints")

    seen = [tuple(row.values()) for row in facts("constraints_before_plan")]
    tables = {row[0] for row in seen}
    assert Counter(row for row in made if row[0] in tables) == Counter(seen)


def test_the_indexes_before_the_plan_are_the_apps_with_their_copies(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        found = conn.execute(
            "select tablename, indexdef from pg_indexes where schemaname = 'public'"
        ).fetchall()

    made: Counter[tuple[str, str]] = Counter()
    for table, definition in found:
        unique, index_on = re.fullmatch(
            r"CREATE (UNIQUE )?INDEX .* USING (.*)", definition
        ).groups()
        made[table, (unique or "") + index_on] += 1
    seen = {
        (row["table_name"], row["index_on"]): int(row["copies"])
        for row in facts("indexes_before_plan")
    }
    tables = {table for table, _ in seen}
    assert {key: count for key, count in made.items() if key[0] in tables} == seen


def test_the_columns_after_the_plan_are_the_apps(empty_database: Target) -> None:
    with connect(empty_database, "test") as conn:
        create_tables(conn, form="after")
        made = columns(conn)

    seen: dict[str, list[tuple[str, str, str]]] = {}
    for row in facts("columns_after_plan"):
        column = (row["column_name"], short(row["type"]), row["nullable"])
        seen.setdefault(row["table_name"], []).append(column)
    for table, expected in seen.items():
        # the list after the plan names no precision
        found = [
            (name, re.sub(r"^numeric.*", "numeric", kind), null)
            for name, kind, null, _ in made[table]
        ]
        assert found == expected, table


@pytest.mark.parametrize("column", ["order_id", "credit_usage_transaction_id"])
def test_the_links_after_the_plan_are_deferred_keys_with_an_index(
    empty_database: Target, column: str
) -> None:
    with connect(empty_database, "test") as conn:
        create_tables(conn, form="after")
        constraints = ask(conn, "constraints")
        indexes = conn.execute(
            "select indexdef from pg_indexes where tablename = 'bookings_booking'"
        ).fetchall()

    key = [
        definition
        for table, kind, definition in constraints
        if (table, kind) == ("bookings_booking", "f") and f"({column})" in definition
    ]
    assert len(key) == 1
    assert key[0].endswith("DEFERRABLE INITIALLY DEFERRED")
    assert sum(f"({column})" in text for (text,) in indexes) == 1
