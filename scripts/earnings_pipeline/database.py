"""Connect to a target, and say what a refusal of the database means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as sqlstates
from psycopg.conninfo import make_conninfo

from earnings_pipeline.errors import BY_SQLSTATE, DatabaseRefused
from earnings_pipeline.target import Target

OLDEST_MAJOR = 15
CONNECT_TIMEOUT = 10


def connect(target: Target, command: str) -> psycopg.Connection:
    """Connect with autocommit, in UTC, named `earnings <command>` in pg_stat_activity."""
    parameters = {"connect_timeout": str(CONNECT_TIMEOUT), **target.parameters}
    parameters |= {"application_name": f"earnings {command}", "client_encoding": "utf8"}
    try:
        conn = psycopg.connect(make_conninfo("", **parameters), autocommit=True)
    except psycopg.Error as error:
        raise _connection_refused(target, error) from error
    major = conn.info.server_version // 10000
    if major < OLDEST_MAJOR:
        conn.close()
        raise DatabaseRefused(
            f"the server of {target} is PostgreSQL {major}; at least {OLDEST_MAJOR} is needed",
            "Upgrade the server, or try the pipeline on a copy of the database on a newer one.",
        )
    conn.execute("set timezone = 'UTC'")
    return conn


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses into a `DatabaseRefused` that says what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise explained(error) from error


def explained(error: psycopg.Error) -> DatabaseRefused:
    """Return the error of our own that stands for an error of the database."""
    message = error.diag.message_primary or _first_line(error)
    if kind := BY_SQLSTATE.get(error.sqlstate or ""):
        said = (error.diag.message_detail, error.diag.message_hint)
        return kind(message, " ".join(part for part in said if part))
    for kinds, hint in HINTS:
        if isinstance(error, kinds):
            return DatabaseRefused(message, hint.format(object=_named_object(message)))
    if error.sqlstate is None:
        return DatabaseRefused(
            f"the connection was lost: {message}",
            "What was committed stays. Run the same command again to go on.",
        )
    detail = " ".join(filter(None, (error.diag.message_detail, error.diag.message_hint)))
    return DatabaseRefused(f"{message} (SQLSTATE {error.sqlstate})", detail)


HINTS: tuple[tuple[tuple[type[psycopg.Error], ...], str], ...] = (
    (
        (sqlstates.InsufficientPrivilege,),
        "The role that connects may not use {object}. Connect as the owner of the app's tables or "
        "as a superuser; scripts/earnings doctor lists every privilege that is missing.",
    ),
    (
        (sqlstates.LockNotAvailable,),
        "Another session holds the lock. Nothing of this step was written; run the same command "
        "again. scripts/earnings doctor lists long transactions.",
    ),
    (
        (sqlstates.DeadlockDetected,),
        "Two sessions waited for each other and this one gave way. Run the same command again.",
    ),
    (
        (sqlstates.QueryCanceled,),
        "A statement timeout of the role or the database ended it, or somebody did. Raise it for "
        "this role (alter role … set statement_timeout = 0) and run the same command again.",
    ),
    (
        (sqlstates.ReadOnlySqlTransaction,),
        "The server is a standby, or default_transaction_read_only is on. Connect to the primary.",
    ),
    (
        (sqlstates.DiskFull,),
        "The disk of the database server is full. Make room, then run the same command again.",
    ),
    (
        (sqlstates.ObjectNotInPrerequisiteState,),
        "If it names a replica identity: a publication sends the changes of {object} and cannot "
        "tell its rows apart. alter table … replica identity default, then run the same command "
        "again.",
    ),
    (
        (sqlstates.TooManyConnections,),
        "All connections of the server are in use. Try again later, or raise max_connections.",
    ),
    (
        (sqlstates.UndefinedTable,),
        "The table is not there. scripts/earnings doctor says whether this is the app's database; "
        "scripts/earnings install makes the engine's own tables.",
    ),
    (
        (sqlstates.UndefinedColumn,),
        "The column is not there. scripts/earnings doctor says which of the app's migrations lag.",
    ),
    (
        (sqlstates.UndefinedFunction,),
        "The engine is not installed, or its version is older: run scripts/earnings install.",
    ),
    (
        (sqlstates.InvalidSchemaName,),
        "The engine is not installed: run scripts/earnings install.",
    ),
    (
        (
            sqlstates.AdminShutdown,
            sqlstates.CrashShutdown,
            sqlstates.CannotConnectNow,
            sqlstates.ConnectionException,
            sqlstates.ConnectionFailure,
        ),
        "The server ended the connection. What was committed stays; run the same command again.",
    ),
)


def _connection_refused(target: Target, error: psycopg.Error) -> DatabaseRefused:
    """Tell the common reasons apart by libpq's text: a failed connection carries no SQLSTATE."""
    text = str(error)
    for pattern, message, hint in CONNECTION_FAILURES:
        if re.search(pattern, text, re.IGNORECASE):
            return DatabaseRefused(message.format(target=target, origin=target.origin), hint)
    return DatabaseRefused(
        f"cannot connect to {target}: {_without_password(_first_line(error), target)}",
        f"The address comes from {target.origin}.",
    )


CONNECTION_FAILURES = (
    (
        r"invalid (connection option|integer value|sslmode|port)|invalid URI",
        "the address that {origin} gave cannot be used",
        "Write postgresql://user:password@host:5432/database.",
    ),
    (
        r"password authentication failed|no password supplied|invalid password",
        "{target}: the password is wrong or missing",
        "Give it in the address, in PGPASSWORD or in ~/.pgpass; percent-encode special characters "
        "in an address.",
    ),
    (
        r'role ".*" does not exist',
        "{target}: the server knows no such user",
        "Correct the user in the address, or PGUSER.",
    ),
    (
        r'database ".*" does not exist',
        "{target}: the server has no such database",
        "Correct the database's name; psql --list shows what the server has.",
    ),
    (
        r"permission denied for database",
        "{target}: this user may not connect to the database",
        "Grant it: grant connect on database … to …",
    ),
    (
        r"no pg_hba.conf entry|pg_hba.conf rejects",
        "{target}: the server does not let this user in from this machine",
        "Add a line to the server's pg_hba.conf, or add sslmode=require to the address if the "
        "server insists on TLS.",
    ),
    (
        r"could not translate host name|name or service not known|nodename nor servname|"
        r"resolve host|name resolution",
        "{target}: there is no host of that name",
        "Correct the host in the address.",
    ),
    (
        r"connection refused|timeout expired|no such file or directory|unreachable|"
        r"timed out|no route to host",
        "{target}: no server answers there",
        "Check host and port, that the server runs, and that no firewall is in between.",
    ),
    (
        r"too many clients|remaining connection slots|too many connections",
        "{target}: all connections of the server are in use",
        "Try again later, or raise max_connections.",
    ),
    (
        r"no space left on device",
        "{target}: the disk of the database server is full",
        "Make room, then run the same command again.",
    ),
    (
        r"SSL|certificate",
        "{target}: no TLS connection could be made",
        "Check sslmode and sslrootcert in the address.",
    ),
    (
        r"starting up|shutting down|recovery mode",
        "{target}: the server is starting or stopping",
        "Try again in a moment.",
    ),
)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _without_password(text: str, target: Target) -> str:
    password = target.parameters.get("password")
    return text.replace(password, "…") if password else text


def _named_object(message: str) -> str:
    found = re.search(r"(?:for|of|update|delete from) (.+?)(?: because .*)?$", message)
    return found.group(1) if found else "an object"
