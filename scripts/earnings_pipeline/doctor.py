"""Examine, without writing anything, whether a database is fit for the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg.rows import dict_row

from earnings_pipeline import sqlfiles
from earnings_pipeline.database import OLDEST_MAJOR

Severity = Literal["ok", "warning", "error"]
Form = Literal["before", "expanded", "after", "contracted", "unknown"]

FORMS: dict[Form, str] = {
    "before": "as before the plan: no order on bookings, credits linked by payment_transaction_id",
    "expanded": "as before the plan, with the columns that migrate up adds",
    "after": "as after the plan: bookings linked to orders by order_id",
    "contracted": "as after the plan, without the columns that contract drops",
    "unknown": "neither as before nor as after the plan",
}
LAGGING_METADATA = (
    "bookings_booking has no column metadata: this is an older version of the app, and the "
    "migration that adds a JSON metadata column to bookings has not run here"
)
LAGGING_TIMES = (
    "bookings_booking.start_time or end_time is NOT NULL: this is an older version of the app, "
    "and the migration that lets a booking be without times has not run here"
)
MIGRATE_THE_APP = (
    "Deploy the newer version of the app and run its migrations (manage.py migrate), then run "
    "doctor again. The pipeline changes nothing before that."
)
NOT_THE_APP = "Check the database's name in the address; the schema that is looked at is public."


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    severity: Severity
    subject: str
    message: str
    hint: str = ""


def examine(conn: psycopg.Connection) -> list[Finding]:
    """Return what was found, in the order in which it was looked at."""
    with conn.transaction():
        conn.execute("set transaction read only")
        conn.execute("set local lock_timeout = '1s'")
        findings = [*_server(conn), *_privileges(conn)]
        schema = _schema(conn)
        findings += schema
        if not any(finding.severity == "error" for finding in schema):
            findings += [*_form(conn), *_tables(conn), *_triggers(conn), *_rows(conn)]
        return [*findings, *_blockers(conn), *_pipeline(conn)]


def has_errors(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def form(conn: psycopg.Connection) -> Form:
    """Tell which form the app's tables are in."""
    columns = _one(conn, "doctor_form")
    is_linked = columns["has_order_link"] and columns["has_package_metadata"]
    if not columns["has_parents"]:
        return "contracted" if is_linked else "unknown"
    if columns["has_old_credit_link"]:
        return "expanded" if columns["has_order_link"] else "before"
    return "after" if is_linked else "unknown"


def is_engine_there(conn: psycopg.Connection) -> bool:
    """Tell whether the engine's own tables are there and may be read."""
    there = _one(conn, "doctor_engine")
    return bool(there["is_engine_there"] and there["may_read"])


def _server(conn: psycopg.Connection) -> list[Finding]:
    server = _one(conn, "doctor_server")
    version, role_name = server["server_version"], server["role_name"]
    findings = []
    if conn.info.server_version < OLDEST_MAJOR * 10000:
        hint = f"At least PostgreSQL {OLDEST_MAJOR} is needed."
        findings.append(_error("server", f"PostgreSQL {version} is too old", hint))
    if server["is_standby"] or server["is_read_only"]:
        findings.append(
            _error(
                "server",
                "nothing can be written: this is a standby or a read-only database",
                "Connect to the primary; see default_transaction_read_only.",
            )
        )
    if server["session_replication_role"] != "origin":
        findings.append(
            _error(
                "server",
                "session_replication_role is not origin here: no trigger would fire",
                f"alter role {role_name} reset session_replication_role, or the same for the "
                "database: see \\drds in psql.",
            )
        )
    findings += [
        _warning(
            "server",
            f"what {row['role_name']} writes in {row['database_name']} fires no triggers",
            "Its session_replication_role is not origin: reset it, unless it only replicates.",
        )
        for row in _all(conn, "doctor_replica_settings")
    ]
    size = server["database_bytes"] / 1024 / 1024
    connected = f"database {server['database_name']} of {size:,.0f} MB as {role_name}"
    return findings or [_ok("server", f"PostgreSQL {version}, {connected}")]


def _privileges(conn: psycopg.Connection) -> list[Finding]:
    server = _one(conn, "doctor_server")
    if server["is_superuser"]:
        return [_ok("privileges", "superuser")]
    role_name, database = server["role_name"], server["database_name"]
    roles = _all(conn, "doctor_roles")
    missing = ", ".join(role["role_name"] for role in roles if not role["is_there"])
    foreign = ", ".join(
        role["role_name"] for role in roles if role["is_there"] and not role["is_member"]
    )
    findings = []
    if missing and not server["may_create_roles"]:
        findings.append(
            _error(
                "privileges",
                f"{role_name} may not create the roles {missing}",
                f"As a superuser: alter role {role_name} createrole. Or run sql/roles.sql as a "
                f"superuser and grant the four roles to {role_name}.",
            )
        )
    if foreign:
        findings.append(
            _error(
                "privileges",
                f"{role_name} is not a member of {foreign}",
                f"As a superuser: grant {foreign} to {role_name}.",
            )
        )
    if not server["may_create_schemas"]:
        findings.append(
            _error(
                "privileges",
                f"{role_name} may not create schemas in {database}",
                f"As a superuser: grant create on database {database} to {role_name}.",
            )
        )
    if not server["may_create_indexes"]:
        findings.append(
            _error(
                "privileges",
                f"{role_name} may not create indexes in schema public",
                f"As a superuser: grant create on schema public to {role_name}.",
            )
        )
    return findings or [_ok("privileges", "roles and schemas can be created")]


def _schema(conn: psycopg.Connection) -> list[Finding]:
    missing = _all(conn, "doctor_missing_columns")
    absent = [row["table_name"] for row in missing if not row["is_table_there"]]
    if {"bookings_booking", "payments_earningstransaction"} & set(absent):
        shown = ", ".join(absent[:3]) + (f" and {len(absent) - 3} more" if absent[3:] else "")
        message = f"this is not the app's database: it has no table {shown}"
        return [_error("schema", message, NOT_THE_APP)]
    findings = [_error("schema", problem, MIGRATE_THE_APP) for problem in _lags(conn, missing)]
    return findings or [_ok("schema", "all tables and columns are there")]


def _lags(conn: psycopg.Connection, missing: list[dict[str, Any]]) -> Iterator[str]:
    """Say in what the app's schema is behind what the pipeline needs."""
    for row in missing:
        columns = row["column_names"]
        if not row["is_table_there"]:
            yield f"there is no table {row['table_name']}"
        elif row["table_name"] == "bookings_booking" and columns == ["metadata"]:
            yield LAGGING_METADATA
        else:
            yield f"{row['table_name']} has no column {', '.join(columns)}"
    if _one(conn, "doctor_form")["has_required_times"]:
        yield LAGGING_TIMES


def _form(conn: psycopg.Connection) -> list[Finding]:
    found = form(conn)
    if found != "unknown":
        return [_ok("form", f"{found}: {FORMS[found]}")]
    return [
        _error(
            "form",
            f"the app's tables are {FORMS[found]}",
            "Some of order_id, package_metadata, parent_booking_id, is_package_purchase and "
            "is_bundle_purchase are missing: finish or undo the app's own migrations first.",
        )
    ]


def _tables(conn: psycopg.Connection) -> list[Finding]:
    role_name = _one(conn, "doctor_server")["role_name"]
    tables = _all(conn, "doctor_tables")
    findings = []
    for owner in sorted({table["owner_name"] for table in tables if not table["is_owner"]}):
        owned = ", ".join(row["table_name"] for row in tables if row["owner_name"] == owner)
        findings.append(
            _error(
                "privileges",
                f"{role_name} does not own {owned}: {owner} does",
                f"Triggers and columns need the owner. Connect as {owner}, or as a superuser: "
                f"grant {owner} to {role_name}.",
            )
        )
    for table in tables:
        name = table["table_name"]
        if not table["is_plain_table"]:
            hint = "The app makes plain tables; triggers and columns are tried on those only."
            findings.append(_error("schema", f"{name} is partitioned, foreign or a view", hint))
        if table["is_unlogged"]:
            hint = f"A crash empties it: alter table {name} set logged."
            findings.append(_warning("schema", f"{name} is unlogged", hint))
        if table["has_row_security"]:
            hint = "The engine sees and writes only what the policies let earnings_owner see."
            findings.append(_warning("schema", f"{name} has row security", hint))
    return findings


def _triggers(conn: psycopg.Connection) -> list[Finding]:
    findings = []
    unchecked = set()
    for row in _all(conn, "doctor_silent_triggers"):
        name, table, state = row["trigger_name"], row["table_name"], row["state"]
        if name.startswith("RI_"):
            unchecked.add(table)
            continue
        judge = _error if name.startswith("earnings_") else _warning
        hint = f"alter table {table} enable trigger {name}"
        findings.append(judge("triggers", f"trigger {name} on {table} is {state}", hint))
    if unchecked:
        message = f"foreign keys of {', '.join(sorted(unchecked))} are not checked"
        hint = "Their triggers are disabled: alter table … enable trigger all."
        findings.append(_warning("triggers", message, hint))
    findings += [
        _warning(
            "triggers",
            f"{row['table_name']} has a trigger {row['trigger_name']} that is not ours",
            "Triggers fire in name order; try the pipeline on a copy of this database first.",
        )
        for row in _all(conn, "doctor_foreign_triggers")
    ]
    return findings


def _rows(conn: psycopg.Connection) -> list[Finding]:
    if not _all(conn, "doctor_may_read"):
        return []
    try:
        with conn.transaction():
            counts = _one(conn, "doctor_counts")
    except LockNotAvailable:
        hint = "The app cannot use it either; see the transactions below, or pg_locks."
        return [_warning("rows", "another session keeps the app's tables locked", hint)]
    return [
        _ok(
            "rows",
            f"{counts['booking_count']:,} bookings, {counts['order_count']:,} orders, "
            f"{counts['earnings_count']:,} earnings rows",
        )
    ]


def _blockers(conn: psycopg.Connection) -> list[Finding]:
    return [
        _warning(
            "transactions",
            f"{row['name']} of {row['owner']} has been open for {row['age_seconds']} s",
            "A schema change waits for the locks it holds, gives up after a second and tries "
            f"again. To end it: {row['remedy']}",
        )
        for row in _all(conn, "doctor_blockers")
    ]


def _pipeline(conn: psycopg.Connection) -> list[Finding]:
    there = _one(conn, "doctor_engine")
    if not there["is_engine_there"]:
        return [_ok("engine", "not installed yet")]
    if not there["may_read"]:
        hint = "Connect as the role that installed it, or as a superuser."
        return [_error("engine", "installed, and this role may not read its tables", hint)]
    count = _one(conn, "doctor_objects")["object_count"]
    return [
        _ok("engine", f"installed: {count} functions and triggers"),
        *(
            _warning(
                "migration",
                f"step {row['step']} is {row['state']} after {row['row_count']:,} rows: it was "
                "interrupted, or another session is at it",
                "migrate up goes on with a running step, migrate down with a reverting one.",
            )
            for row in _all(conn, "doctor_unfinished_steps")
        ),
    ]


def _ok(subject: str, message: str) -> Finding:
    return Finding(severity="ok", subject=subject, message=message)


def _warning(subject: str, message: str, hint: str) -> Finding:
    return Finding(severity="warning", subject=subject, message=message, hint=hint)


def _error(subject: str, message: str, hint: str) -> Finding:
    return Finding(severity="error", subject=subject, message=message, hint=hint)


def _all(conn: psycopg.Connection, name: str) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sqlfiles.read(f"queries/{name}")).fetchall()


def _one(conn: psycopg.Connection, name: str) -> dict[str, Any]:
    (row,) = _all(conn, name)
    return row
