"""Run what stands in sql/bench, and name tables."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import PipelineError


def execute(conn: psycopg.Connection, script: str, **parameters: object) -> psycopg.Cursor:
    """Run the one statement of sql/bench/<script>.sql."""
    return conn.execute(sqlfiles.read(f"bench/{script}").encode(), parameters or None)


def first_row(found: psycopg.Cursor) -> tuple[Any, ...]:
    """Return the one row of a query that always has one."""
    row = found.fetchone()
    if row is None:
        raise PipelineError("a query of the benchmarks found nothing")
    return tuple(row)


def execute_all(conn: psycopg.Connection, script: str, **parameters: object) -> None:
    """Run the statements of sql/bench/<script>.sql one by one."""
    for statement in sqlfiles.read(f"bench/{script}").split(";\n\n"):
        conn.execute(statement.encode(), parameters or None)


def table_name(table: str) -> sql.Identifier:
    """Quote the name of a table, with or without its schema."""
    return sql.Identifier(*table.split("."))
