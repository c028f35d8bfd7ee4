"""Load the sample marketplace into the app's tables of a database that is empty."""

from __future__ import annotations

import psycopg
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress, Report, silent
from earnings_pipeline.sample.clock import AS_OF
from earnings_pipeline.sample.generator import generate
from earnings_pipeline.sample.rows import TABLES
from earnings_pipeline.sample.tables import create_tables

TASK = "load the sample marketplace"


def is_loaded(conn: psycopg.Connection) -> bool:
    """Tell whether a sample has been loaded, completely, into this database."""
    row = conn.execute("select to_regclass('sample_marketplace.loads') is not null").fetchone()
    if row is None or not row[0]:
        return False
    return conn.execute("select from sample_marketplace.loads").fetchone() is not None


def load(
    conn: psycopg.Connection,
    *,
    bookings: int = 3000,
    seed: int = 1,
    report: Report = silent,
    half_done: bool = False,
) -> None:
    """Generate a sample and load it; create the app's tables first where there are none.

    It is one transaction: a load that is cut short never was.  A database whose tables hold
    anything else is refused.  A half-done sample pretends that an earlier try at the plan added
    its columns and filled some of them; what must become of it is the same.
    """
    with conn.transaction():
        if is_loaded(conn):
            raise WrongUsage("a sample is loaded already", "use it, or start with another database")
        if _missing(conn):
            create_tables(conn)
        _refuse_data(conn)
        conn.execute(sqlfiles.read("marketplace/sample").encode())
        secondary = _drop_secondary(conn)
        _copy(conn, bookings, seed, report)
        for restored in secondary:
            report(Progress(task=TASK, done=bookings, total=bookings, note="indexes and keys"))
            conn.execute(restored.encode())
        for table in TABLES:
            name = sql.Identifier(table.table)
            conn.execute(sql.SQL(SET_SEQUENCE).format(sql.Literal(table.table), name))
            conn.execute(sql.SQL("analyze {}").format(name))
        if half_done:
            conn.execute(sqlfiles.read("marketplace/half_done").encode())
        conn.execute(MARK, (seed, bookings, AS_OF))


SET_SEQUENCE = "select setval(pg_get_serial_sequence({}, 'id'), max(id)) from {}"
MARK = "insert into sample_marketplace.loads (seed, bookings, as_of) values (%s, %s, %s)"


def _missing(conn: psycopg.Connection) -> bool:
    """Tell whether the database has none of the app's tables; some of them is an error."""
    missing = [
        table.table
        for table in TABLES
        if conn.execute("select to_regclass(%s) is null", (table.table,)).fetchone() == (True,)
    ]
    if missing and len(missing) < len(TABLES):
        raise WrongUsage(
            f"the app's table {missing[0]} is missing", "load into a database with all or none"
        )
    return bool(missing)


def _refuse_data(conn: psycopg.Connection) -> None:
    for table in TABLES:
        found = conn.execute(sql.SQL("select from {} limit 1").format(sql.Identifier(table.table)))
        if found.fetchone() is not None:
            raise WrongUsage(
                f"{table.table} holds rows that are no sample of ours",
                "load the sample into a database of its own",
            )


def _drop_secondary(conn: psycopg.Connection) -> list[str]:
    """Drop plain indexes and foreign keys, and return the statements that bring them back."""
    names = {table.table for table in TABLES}
    found = conn.execute(sqlfiles.read("marketplace/secondary").encode()).fetchall()
    restored = []
    for table, drop, restore in found:
        if table in names:
            conn.execute(drop.encode())
            restored.append(restore)
    return restored


def _copy(conn: psycopg.Connection, bookings: int, seed: int, report: Report) -> None:
    commands = {
        table.table: sql.SQL("copy {} ({}) from stdin (format csv)").format(
            sql.Identifier(table.table),
            sql.SQL(", ").join(map(sql.Identifier, table.columns.split(","))),
        )
        for table in TABLES
    }
    half_done = sql.SQL("copy sample_marketplace.half_done from stdin (format csv)")
    done = 0
    for part in generate(seed, bookings):
        with conn.cursor() as cursor:
            for table, lines in part.lines.items():
                with cursor.copy(commands[table]) as copy:
                    copy.write("".join(lines))
            with cursor.copy(half_done) as copy:
                copy.write("".join(part.half_done))
        done += part.bookings
        report(Progress(task=TASK, done=done, total=bookings))
