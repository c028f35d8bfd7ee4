"""What every command of the migration needs of its session."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import DatabaseRefused, WrongUsage

# Any fixed number: it keeps two operators apart.
MIGRATION_LOCK = 4_826_002
OPERATOR_PATIENCE_SECONDS = 15
APP_TABLES_FIRST = "public, earnings, earnings_migration"
WORK_TABLES = ("planned", "reverting", "link_candidates")


@contextmanager
def one_operator(conn: psycopg.Connection) -> Iterator[None]:
    """Hold the lock that lets one migration command write at a time, or refuse soon.

    A server notices that a client was killed only when its statement ends, so a run that goes
    on after a kill waits for that.
    """
    if not _is_free(conn):
        other = conn.execute(
            sqlfiles.read("queries/migration_operator"), {"lock_id": MIGRATION_LOCK}
        ).fetchone()
        who = f" (pid {other[0]}, {other[1]}, connected {other[2]})" if other else ""
        raise DatabaseRefused(
            f"another migration is running on this database{who}",
            "Wait until it has finished; scripts/earnings migrate status shows how far it is.",
        )
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("select pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _is_free(conn: psycopg.Connection) -> bool:
    """Take the lock, asking again and again: a statement that waited for it would hold a snapshot
    that an index build of the other session waits for, and both would be deadlocked."""
    deadline = time.monotonic() + OPERATOR_PATIENCE_SECONDS
    while True:
        row = conn.execute("select pg_try_advisory_lock(%s)", [MIGRATION_LOCK]).fetchone()
        if row and row[0]:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)


@contextmanager
def work_tables(conn: psycopg.Connection) -> Iterator[None]:
    """Provide the temporary tables that batches work with, which the migrator may read.

    Meanwhile every statement is planned when it runs: a plan kept from the first batches was
    made for tables that were empty then.
    """
    prepare_threshold = conn.prepare_threshold
    conn.prepare_threshold = None
    _drop_work_tables(conn)
    with conn.transaction():
        conn.execute(sqlfiles.read("queries/migration_work_tables"))
        conn.execute("grant select on planned, reverting to earnings_migrator")
    try:
        yield
    finally:
        conn.prepare_threshold = prepare_threshold
        if not conn.closed:
            _drop_work_tables(conn)


def search_app_tables_first(conn: psycopg.Connection) -> None:
    """Let unqualified names mean the app's tables, then the engine's, in this transaction."""
    conn.execute("select set_config('search_path', %s, true)", [APP_TABLES_FIRST])
    without_compiling(conn)


def without_compiling(conn: psycopg.Connection) -> None:
    """Interpret the plans: compiling a long one took 16 s, running it half a second."""
    conn.execute("set local jit = off")


def read_by_index(conn: psycopg.Connection) -> None:
    """Let the plans of a batch look its few rows up, however small the tables still are.

    At its ordinary prices the planner reads a table of 100,000 rows to find a thousand of
    them, in every batch; the work then grows with the square of the table.
    """
    conn.execute("set local seq_page_cost = 20")
    conn.execute("set local random_page_cost = 1")


def set_range(conn: psycopg.Connection, after_id: int, until_id: int) -> None:
    """Tell a plan which keys it is about, in this transaction."""
    conn.execute(
        "select set_config('earnings_migration.after_id', %s, true),"
        " set_config('earnings_migration.until_id', %s, true)",
        [str(after_id), str(until_id)],
    )


def is_begun(conn: psycopg.Connection) -> bool:
    """Say whether the migration's own tables are there."""
    row = conn.execute("select to_regclass('earnings_migration.steps') is not null").fetchone()
    return bool(row and row[0])


def is_contracted(conn: psycopg.Connection) -> bool:
    """Say whether contract has dropped the old columns."""
    if not is_begun(conn):
        return False
    return states(conn).get("contract", "reverted") != "reverted"


def refuse_contracted(conn: psycopg.Connection) -> None:
    if is_contracted(conn):
        raise WrongUsage(
            "contract has dropped columns that this needs",
            "Bring them back first: scripts/earnings migrate contract --revert.",
        )


def states(conn: psycopg.Connection) -> dict[str, str]:
    """Return the state of every step that has begun."""
    if not is_begun(conn):
        return {}
    return dict(conn.execute("select step, state from earnings_migration.steps").fetchall())


def _drop_work_tables(conn: psycopg.Connection) -> None:
    for name in WORK_TABLES:
        drop = sql.SQL("drop table if exists {}").format(sql.Identifier("pg_temp", name))
        conn.execute(drop)
