"""Write once more, as sets and without triggers, exactly the rows that something has written.

That is the limit of whatever wrote them: what a person would have to write by hand to leave the
same behind.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

import psycopg
from psycopg import sql

from earnings_pipeline.bench.server import switch_triggers
from earnings_pipeline.bench.statements import execute, first_row, table_name
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target

# In the order in which rows may refer to each other, which foreign keys leave to the commit.
TABLES = (
    "public.payments_order",
    "public.bookings_booking",
    "public.payments_usercredittransaction",
    "public.payments_practitionerpayout",
    "public.payments_earningstransaction",
    "public.payments_practitionerearnings",
    "earnings.transitions",
    "earnings.package_terms",
    "earnings.session_slots",
    "earnings.purchase_bookings",
    "earnings.corrections",
    "earnings.exceptions",
    "earnings.completions",
    "earnings_migration.row_changes",
)
CHANGED = "copy (select * from {table} where xmin::text::bigint >= {since}) to stdout"
STAGE = "create table {staged} as select * from {table} where false"
SPLIT = "create table {known} as select s.* from {staged} as s inner join {table} as t on {same}"
REMOVE = "delete from {staged} as s using {table} as t where {same}"
UPDATE = "update {table} as t set {pairs} from {known} as s where {same}"
INSERT = "insert into {table} ({columns}) overriding system value select {columns} from {staged}"


@dataclass(frozen=True, kw_only=True)
class Writes:
    """What was written, table by table, as COPY has it."""

    files: Sequence[tuple[str, IO[bytes]]]


def recorded(target: Target, work: Callable[[], object], only: Sequence[str] = ()) -> Writes:
    """Do the work in a database and keep what it has written there, of `only` these tables."""
    with connect(target, "bench") as conn:
        since = first_row(conn.execute("select pg_current_xact_id()::text::bigint"))[0]
        work()
        files = []
        for table in only or TABLES:
            file = tempfile.TemporaryFile()  # noqa: SIM115 it is closed by whoever has read it
            query = sql.SQL(CHANGED).format(table=table_name(table), since=sql.Literal(since))
            with conn.cursor() as cursor, cursor.copy(query) as copy:
                for block in copy:
                    file.write(block)
            files.append((table, file))
        return Writes(files=files)


def staged(conn: psycopg.Connection, writes: Writes) -> list[sql.Composed]:
    """Put what was written beside the tables; return the statements that write it into them."""
    switch_triggers(conn, "disable")
    conn.execute("create schema if not exists bench")
    statements = []
    for table, file in writes.files:
        names, keys = _columns(conn, table)
        staging, known = (f"bench.{kind}_{table.replace('.', '_')}" for kind in ("new", "known"))
        same = sql.SQL(" and ").join(
            sql.SQL("t.{0} = s.{0}").format(sql.Identifier(key)) for key in keys
        )
        parts = {
            "table": table_name(table),
            "staged": table_name(staging),
            "known": table_name(known),
            "same": same,
            "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
            "pairs": sql.SQL(", ").join(
                sql.SQL("{0} = s.{0}").format(sql.Identifier(name))
                for name in names
                if name not in keys
            ),
        }
        conn.execute(sql.SQL(STAGE).format(**parts))
        file.seek(0)
        with conn.cursor() as cursor, cursor.copy(_copy_into(staging)) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        conn.execute(sql.SQL(SPLIT).format(**parts))
        conn.execute(sql.SQL(REMOVE).format(**parts))
        for command, name in ((UPDATE, known), (INSERT, staging)):
            conn.execute(sql.SQL("analyze {}").format(table_name(name)))
            row = conn.execute(sql.SQL("select exists (select from {})").format(table_name(name)))
            if row.fetchone() == (True,):
                statements.append(sql.SQL(command).format(**parts))
    return statements


def replay(conn: psycopg.Connection, statements: Sequence[sql.Composed]) -> int:
    """Write it all in one transaction; return how many rows."""
    with conn.transaction():
        return sum(conn.execute(statement).rowcount for statement in statements)


def left_behind(target: Target) -> list[tuple[object, ...]]:
    """Everything that the engine writes, without when and by whom."""
    with connect(target, "bench") as conn:
        return execute(conn, "left_behind").fetchall()


def _columns(conn: psycopg.Connection, table: str) -> tuple[list[str], list[str]]:
    names, keys = first_row(execute(conn, "table_columns", table=table))
    return names, keys


def _copy_into(table: str) -> sql.Composed:
    return sql.SQL("copy {} from stdin").format(table_name(table))
