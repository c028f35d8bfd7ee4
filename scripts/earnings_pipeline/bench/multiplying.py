"""Make a large marketplace of a small one: copies of all its rows, with ids of their own."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from earnings_pipeline.bench.statements import execute, first_row, table_name
from earnings_pipeline.progress import Progress, Report, silent

TASK = "multiply the marketplace"
# Whose rows are one marketplace's.  Other tables, such as tiers and types, all copies share.
TABLES = (
    "users_user",
    "practitioners_practitioner",
    "practitioner_subscriptions",
    "services_service",
    "services_servicepractitioner",
    "service_relationships",
    "service_sessions",
    "payments_order",
    "payments_usercredittransaction",
    "payments_usercreditbalance",
    "bookings_booking",
    "package_completion_records",
    "payments_practitionerpayout",
    "payments_practitionerearnings",
    "payments_earningstransaction",
    "earnings.transitions",
    "earnings.corrections",
    "earnings.exceptions",
    "earnings.purchase_bookings",
    "earnings.package_terms",
    "earnings.session_slots",
    "earnings.breakage",
    "earnings.completions",
    "earnings_migration.row_changes",
    "earnings_migration.order_links",
)
VALUES = {
    "shifted": "originals.{column} + {shift}",
    "new": "gen_random_uuid()",
    "suffixed": "originals.{column} || '-' || {number}",
    "listed": (
        "case when originals.{column} ? 'original_ids' then originals.{column}"
        " || jsonb_build_object('original_ids', (select jsonb_agg(id::bigint + {shift})"
        " from jsonb_array_elements_text(originals.{column} -> 'original_ids') as ids (id)))"
        " else originals.{column} end"
    ),
    "plain": "originals.{column}",
}
COPY = (
    "insert into {table} ({columns}) overriding system value"
    " select {values} from {table} as originals where originals.{of_original} < {stride}"
)
LARGEST = "select coalesce(max({column}), 0) from {table}"
SET_SEQUENCE = "select setval(pg_get_serial_sequence({text}, 'id'), max(id)) from {table}"


def multiply(
    conn: psycopg.Connection,
    times: int,
    report: Report = silent,
    tables: Sequence[str] = TABLES,
) -> None:
    """Turn the marketplace of a database into `times` of them that know nothing of one another.

    Copy n of an id is the id and n times a number above all of them; names that have to be unique
    get -n.  The rows are written past all triggers, and the planner's statistics are taken anew.
    """
    found = execute(conn, "copied_columns", tables=list(tables)).fetchall()
    copied = [
        (table_name(table), table, list(zip(names, kinds, strict=True)))
        for table, names, kinds in found
    ]
    stride = 1 + max(_largest_id(conn, name, columns) for name, _, columns in copied)
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        # the originals are found by their keys however long the table has become meanwhile
        conn.execute("set local enable_seqscan = off")
        indexes = execute(conn, "copied_indexes", tables=list(tables)).fetchall()
        for drop, _ in indexes:
            conn.execute(drop.encode())
        for done, (name, table, columns) in enumerate(copied):
            report(Progress(task=TASK, done=done, total=len(copied), note=table))
            for number in range(1, times):
                conn.execute(_copy(name, columns, number, stride))
            if ("id", "shifted") in columns:
                conn.execute(sql.SQL(SET_SEQUENCE).format(text=sql.Literal(table), table=name))
        if any(table == "earnings_migration.row_changes" for _, table, _ in copied):
            execute(conn, "shift_legacy_rows", stride=stride, times=times)
        for done, (_, restore) in enumerate(indexes):
            report(Progress(task=TASK, done=done, total=len(indexes), note="indexes"))
            conn.execute(restore.encode())
    conn.execute("vacuum (analyze)")


def _copy(
    name: sql.Identifier, columns: list[tuple[str, str]], number: int, stride: int
) -> sql.Composed:
    shift = sql.Literal(number * stride)
    values = [
        sql.SQL(VALUES[kind]).format(
            column=sql.Identifier(column), shift=shift, number=sql.Literal(number)
        )
        for column, kind in columns
    ]
    return sql.SQL(COPY).format(
        table=name,
        columns=sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns),
        values=sql.SQL(", ").join(values),
        of_original=_first_id(columns),
        stride=sql.Literal(stride),
    )


def _largest_id(
    conn: psycopg.Connection, name: sql.Identifier, columns: list[tuple[str, str]]
) -> int:
    largest = sql.SQL(LARGEST).format(column=_first_id(columns), table=name)
    return int(first_row(conn.execute(largest))[0])


def _first_id(columns: list[tuple[str, str]]) -> sql.Identifier:
    """Return the column that tells an original from its copies."""
    return sql.Identifier(next(column for column, kind in columns if kind == "shifted"))
