"""Rehearse the backfill on temporary copies, in a transaction that can write nothing else."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.migration import backfilling
from earnings_pipeline.migration.session import set_range, without_compiling
from earnings_pipeline.migration.steps import Step, backfill
from earnings_pipeline.progress import Progress, Report

# Rows of these are changed; everything else is read where it is.  Long texts are not copied.
COPIED_TABLES: dict[str, frozenset[str]] = {
    "bookings_booking": frozenset(
        {
            "title",
            "description",
            "client_notes",
            "practitioner_notes",
            "meeting_url",
            "service_description_snapshot",
            "package_contents_snapshot",
            "cancellation_reason",
            "metadata",
        }
    ),
    "payments_order": frozenset({"metadata", "tax_details", "audit_log"}),
    "payments_earningstransaction": frozenset({"description", "external_fees", "metadata"}),
    "payments_practitionerearnings": frozenset(),
}
ADDED_COLUMNS = {
    "bookings_booking": ("order_id bigint", "credit_usage_transaction_id bigint"),
    "payments_order": ("package_metadata jsonb",),
}
OWN_TABLES = (
    "settings",
    "exception_kinds",
    "exceptions",
    "purchase_bookings",
    "package_terms",
    "session_slots",
    "order_links",
    "row_changes",
)
AMBIGUOUS = "ambiguous_order_link"
OWN_TABLE = re.compile(
    r"^(?:create|alter) table (?P<schema>earnings|earnings_migration)\.(?P<name>\w+)\s.*?;$",
    re.DOTALL | re.MULTILINE,
)
INSERT_SETTINGS = re.compile(r"^insert into earnings\.settings .*?;$", re.DOTALL | re.MULTILINE)
FUNCTION_CALL = re.compile(r"\bearnings\.(\w+)\(")
ENGINE_NAME = re.compile(r"\bearnings\.(?=\w)")
COPIED_NAME = re.compile(rf"\bpublic\.(?=(?:{'|'.join(COPIED_TABLES)})\b)")


@dataclass(frozen=True, kw_only=True)
class AmbiguousLink:
    """A booking whose order a person has to choose, and how far each order in question is."""

    booking_id: int
    order_ids: tuple[int, ...]
    distances_seconds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedReason:
    """What one step would do for one reason: rows, cents by currency, and a few ids.

    Of links that are ambiguous it names each.
    """

    step: str
    table: str
    operation: str
    reason: str
    row_count: int
    amount_cents: dict[str, int]
    sample_ids: tuple[int, ...]
    ambiguous_links: tuple[AmbiguousLink, ...] = ()


def rehearse(
    conn: psycopg.Connection, steps: Sequence[Step], *, folder: Path | None = None, report: Report
) -> list[PlannedReason]:
    """Run backfill steps on temporary copies and sum up what they would do.

    Needs nothing but the app's tables and the right to make temporary ones.  Once the copies
    are made the transaction turns read-only, and in the end it is rolled back.  `folder`, which
    must be new or empty, gets a CSV file for each step and reason, with every row.
    """
    result: list[PlannedReason] = []
    if folder is not None:
        _make_empty(folder)
    with conn.transaction(force_rollback=True):
        without_compiling(conn)
        _copy(conn, report)
        conn.execute("set transaction read only")
        for number, step in enumerate(steps, start=1):
            report(Progress(task="plan", done=number - 1, total=len(steps), note=step.name))
            result += _rehearse_step(conn, step, folder)
        report(Progress(task="plan", done=len(steps), total=len(steps)))
    return result


def _rehearse_step(
    conn: psycopg.Connection, step: Step, folder: Path | None
) -> list[PlannedReason]:
    set_range(conn, 0, backfilling.LAST_ID)
    if step.has("prepare"):
        conn.execute(_on_copies(step.text("prepare")))
    if not backfilling.fill_planned(conn, _on_copies(step.text("plan"))):
        return []
    conn.execute(sqlfiles.read("queries/migration_allocate_ids"))
    conn.execute(_on_copies(step.apply_text()))
    conn.execute(sqlfiles.read("queries/migration_analyze_copies"))
    planned: dict[tuple[str, str, str], PlannedReason] = {}
    for table, operation, reason, currency, rows, cents, samples in conn.execute(
        sqlfiles.read("queries/migration_summary_of_plan")
    ):
        known = planned.get((table, operation, reason))
        amounts = {currency: cents} if currency and cents is not None else {}
        planned[table, operation, reason] = PlannedReason(
            step=step.name,
            table=table,
            operation=operation,
            reason=reason,
            row_count=rows + (known.row_count if known else 0),
            amount_cents={**(known.amount_cents if known else {}), **amounts},
            sample_ids=((known.sample_ids if known else ()) + tuple(samples))[:5],
            ambiguous_links=_ambiguous_links(conn) if reason == AMBIGUOUS else (),
        )
    if folder is not None:
        for reason in sorted({reason for _, _, reason in planned}):
            _write(conn, reason, folder / f"{step.name}.{reason}.csv")
    return list(planned.values())


def _ambiguous_links(conn: psycopg.Connection) -> tuple[AmbiguousLink, ...]:
    with conn.cursor(row_factory=class_row(AmbiguousLink)) as cursor:
        return tuple(cursor.execute(sqlfiles.read("queries/migration_ambiguous_links")))


def _make_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise WrongUsage(
            f"{folder} is not empty", "Name a new folder: an older plan would be mixed with this."
        )


def _write(conn: psycopg.Connection, reason: str, path: Path) -> None:
    conn.execute("select set_config('earnings_migration.reason', %s, true)", [reason])
    with (
        conn.cursor() as cursor,
        cursor.copy(sqlfiles.read("queries/migration_copy_planned").encode()) as rows,
        path.open("wb") as file,
    ):
        for block in rows:
            file.write(block)


def _copy(conn: psycopg.Connection, report: Report) -> None:
    conn.execute("set local search_path = public")
    for number, (table, left_out) in enumerate(COPIED_TABLES.items()):
        report(Progress(task="copy", done=number, total=len(COPIED_TABLES), note=table))
        _copy_app_table(conn, table, left_out)
    for (schema, name), texts in _own_tables().items():
        _copy_own_table(conn, schema, name, texts)
    _load_kinds(conn)
    conn.execute(sqlfiles.read("queries/migration_work_tables"))
    conn.execute("set local check_function_bodies = off")
    for name in sorted(_functions()):
        conn.execute(_on_copies(sqlfiles.read(f"functions/earnings.{name}")))
    conn.execute("set local search_path = pg_temp, public")
    conn.execute(sqlfiles.read("queries/migration_rehearsal_indexes"))


def _copy_app_table(conn: psycopg.Connection, table: str, left_out: frozenset[str]) -> None:
    columns = conn.execute(
        sqlfiles.read("queries/migration_columns"), {"table": f"public.{table}"}
    ).fetchall()
    values = [
        sql.SQL("null::{} as {}").format(sql.SQL(kind), sql.Identifier(column))
        if column in left_out
        else sql.Identifier(column)
        for column, kind in columns
    ]
    conn.execute(
        sql.SQL("create temporary table {} as select {} from {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(values),
            sql.Identifier("public", table),
        )
    )
    for column in ADDED_COLUMNS.get(table, ()):
        conn.execute(f"alter table pg_temp.{table} add column if not exists {column}")
    identity = sql.SQL(sqlfiles.read("queries/migration_rehearsal_identity"))
    conn.execute(identity.format(table=sql.Identifier("pg_temp", table), source=sql.Literal(table)))


def _own_tables() -> dict[tuple[str, str], list[str]]:
    """Return the statements that make the engine's tables that the backfill works with."""
    made: dict[tuple[str, str], list[str]] = {}
    for change in sqlfiles.names("changes"):
        for found in OWN_TABLE.finditer(sqlfiles.read(change)):
            if found["name"] in OWN_TABLES:
                made.setdefault((found["schema"], found["name"]), []).append(found[0])
    return made


def _copy_own_table(conn: psycopg.Connection, schema: str, name: str, texts: list[str]) -> None:
    source, copy = sql.Identifier(schema, name), sql.Identifier("pg_temp", name)
    row = conn.execute("select to_regclass(%s)", [f"{schema}.{name}"]).fetchone()
    if row and row[0]:
        conn.execute(
            sql.SQL("create temporary table {} (like {} including all)").format(
                sql.Identifier(name), source
            )
        )
        conn.execute(
            sql.SQL("insert into {} overriding system value select * from {}").format(copy, source)
        )
        if "as identity" in texts[0]:
            conn.execute(
                sql.SQL("select setval(pg_get_serial_sequence({}, 'id'), max(id)) from {}").format(
                    sql.Literal(f"pg_temp.{name}"), copy
                )
            )
        return
    for text in texts:
        conn.execute(
            text.replace("create table", "create temporary table", 1).replace(
                f"{schema}.{name}", f"pg_temp.{name}", 1
            )
        )
    if name == "settings":
        for change in sqlfiles.names("changes"):
            for inserted in INSERT_SETTINGS.findall(sqlfiles.read(change)):
                conn.execute(_on_copies(inserted))


def _load_kinds(conn: psycopg.Connection) -> None:
    with (sqlfiles.ROOT / "seeds" / "exception_kinds.csv").open(encoding="utf-8", newline="") as f:
        rows = [tuple(row.values()) for row in csv.DictReader(f)]
    conn.execute("delete from pg_temp.exception_kinds")
    with conn.cursor() as cursor:
        cursor.executemany("insert into pg_temp.exception_kinds values (%s, %s, %s, %s)", rows)


def _functions() -> set[str]:
    """Name the engine's functions that the plans call, directly or through others."""
    known: set[str] = set()
    texts = [step.text("plan") for step in backfill()]
    while texts:
        called = set(FUNCTION_CALL.findall(texts.pop())) - known
        known |= called
        texts += [_body(sqlfiles.read(f"functions/earnings.{name}")) for name in called]
    return known


def _body(text: str) -> str:
    return text.split("$$")[1]


def _on_copies(text: str) -> str:
    """Let the engine's names, and those of copied tables, mean the temporary ones."""
    return COPIED_NAME.sub("pg_temp.", ENGINE_NAME.sub("pg_temp.", text))
