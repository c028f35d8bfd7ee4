"""Install the engine: its roles and tables, the rules, the functions, the triggers, the opening."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.locking import patiently
from earnings_pipeline.progress import Progress, Report, silent

SCHEMAS = ("earnings", "earnings_migration")
# Any fixed number: it keeps two installs, and an install and a migration, apart.
INSTALL_LOCK = 4_826_001
OPENING = "open the history"
# A batch holds its rows for about 50 ms, which is what the app may wait for one of them.
OPENING_BATCH = 1_000
CREATE_TRIGGER = re.compile(
    r"create\s+(?:or\s+replace\s+|constraint\s+)?trigger\s+(?P<name>\w+).*?\bon\s+(?P<table>[\w.]+)",
    re.IGNORECASE | re.DOTALL,
)
RULE_TABLES = {
    "earnings_status_rules": "status_rules",
    "exception_kinds": "exception_kinds",
    "service_types": "service_types",
}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One function or trigger as its file defines it."""

    kind: str
    identity: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ObjectStatus:
    """How an object of the database compares with its file.

    state: installed, outdated (the file is newer), drifted (edited by hand in the database: its
    text, its owner, or who may call it), disabled (a trigger that does not fire), missing, or
    orphaned (no file defines it any more).
    """

    kind: str
    identity: str
    state: str


@dataclass(frozen=True, kw_only=True)
class InstallReport:
    """What an install did, or with `dry_run` the statements it would run."""

    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    opened_rows: int = 0
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    signature: str
    definition_checksum: str
    is_enabled: bool
    is_own: bool
    function_schema: str


def functions() -> list[Definition]:
    """Return every function as sql/functions defines it, one per file."""
    return [
        Definition(kind="function", identity=name.split("/")[-1], text=sqlfiles.read(name))
        for name in sqlfiles.names("functions")
    ]


def triggers() -> list[Definition]:
    """Return every trigger as sql/triggers defines it."""
    names = sqlfiles.names("triggers")
    return [item for name in names for item in _triggers_in(sqlfiles.read(name))]


def create_tables(conn: psycopg.Connection, *, report: Report = silent) -> None:
    """Create the roles, the schemas and the tables of sql/changes that are missing."""
    with installing(conn):
        conn.execute(sqlfiles.read("roles"))
        with conn.transaction():
            for schema in SCHEMAS:
                conn.execute(
                    sql.SQL("create schema if not exists {} authorization earnings_owner").format(
                        sql.Identifier(schema)
                    )
                )
        applied = applied_changes(conn)
        for name in sqlfiles.names("changes"):
            if name not in applied:
                # where the engine is installed, every write of the app writes the tables it alters
                patiently(conn, partial(_apply_change, conn, name), task=name, report=report)
        with conn.transaction():
            conn.execute(sqlfiles.read("grants"))


def applied_changes(conn: psycopg.Connection) -> set[str]:
    """Name the changes of sql/changes that this database has had."""
    if not exists(conn):
        return set()
    return {name for (name,) in conn.execute("select name from earnings.changes")}


def exists(conn: psycopg.Connection) -> bool:
    """Say whether the engine's own tables are there."""
    row = conn.execute("select to_regclass('earnings.changes') is not null").fetchone()
    return bool(row and row[0])


def install(
    conn: psycopg.Connection, *, dry_run: bool = False, report: Report = silent
) -> InstallReport:
    """Bring rules, functions and triggers to what the files say, and open the history.

    Needs the columns that expand adds.  Safe to run again and from several sessions at once:
    one waits for the other and finds nothing to do.  Each change of a table, each table's triggers
    and each batch of the opening is a transaction of its own that waits only shortly for a lock,
    again and again.
    """
    if dry_run:
        return _planned(conn)
    create_tables(conn, report=report)
    with installing(conn):
        _require_expand(conn)
        _load_rules(conn)
        _take_over(conn)
        removed = _remove_orphans(conn, report)
        stale = _stale(conn)
        replaced = [*_replace_functions(conn, stale), *_replace_triggers(conn, stale, report)]
        opened = _open_history(conn, report)
    return InstallReport(replaced=tuple(replaced), removed=tuple(removed), opened_rows=opened)


def status(conn: psycopg.Connection) -> list[ObjectStatus]:
    """Compare every function and trigger in the database with its file."""
    recorded = _recorded(conn)
    found = _found(conn)
    result = []
    for definition in [*functions(), *triggers(), *_triggers_of_expand(conn, found)]:
        here = found.get((definition.kind, definition.identity), [])
        before = recorded.get(definition.identity)
        if not here:
            state = "missing"
        elif before is None or not _is_as_recorded(here, before[1]):
            state = "drifted"
        elif not here[0].is_enabled:
            state = "disabled"
        elif before[0] != definition.checksum:
            state = "outdated"
        else:
            state = "installed"
        result.append(ObjectStatus(kind=definition.kind, identity=definition.identity, state=state))
    known = {(item.kind, item.identity) for item in result}
    result += [
        ObjectStatus(kind=kind, identity=identity, state="orphaned")
        for (kind, identity), entries in sorted(found.items())
        if (kind, identity) not in known and not _is_of_expand(kind, entries)
    ]
    return result


def uninstall(
    conn: psycopg.Connection, *, drop_history: bool = False, report: Report = silent
) -> list[str]:
    """Take triggers and functions off; keep the history unless `drop_history`.

    Columns and data that the migration wrote are not touched: that is `migrate down`.
    Dropping the history drops the record of the migration too, and with it the way back.
    """
    removed: list[str] = []
    with installing(conn):
        found = _found(conn)
        for table, names in _triggers_by_table(found).items():
            _drop_triggers(conn, table, names, report)
            removed += [f"{name} on {table}" for name in names]
        if exists(conn):
            _take_over(conn)
            with as_owner(conn):
                for (kind, identity), entries in found.items():
                    if kind == "function":
                        _drop_functions(conn, entries)
                        removed.append(identity)
                conn.execute("delete from earnings.objects")
                conn.execute(sqlfiles.read("queries/remember_opening"))
            if drop_history:
                with as_owner(conn):
                    conn.execute("drop schema earnings, earnings_migration cascade")
    return removed


def record_triggers(conn: psycopg.Connection, text: str) -> None:
    """Record the triggers of a file of sql/expand, which this transaction has just put on."""
    if definitions := _triggers_in(text):
        conn.execute("set local role earnings_owner")
        _record(conn, definitions)


@contextmanager
def installing(conn: psycopg.Connection) -> Iterator[None]:
    """Hold the lock that lets one install run at a time; a session may hold it more than once."""
    conn.execute("select pg_advisory_lock(%s)", [INSTALL_LOCK])
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("select pg_advisory_unlock(%s)", [INSTALL_LOCK])


@contextmanager
def as_owner(conn: psycopg.Connection) -> Iterator[None]:
    """Run a transaction as earnings_owner, so that what it creates belongs to it."""
    with conn.transaction():
        conn.execute("set local role earnings_owner")
        conn.execute("set local check_function_bodies = off")
        yield


def _apply_change(conn: psycopg.Connection, name: str) -> None:
    with as_owner(conn):
        conn.execute(sqlfiles.read(name))
        conn.execute("insert into earnings.changes (name) values (%s)", [name])


def _require_expand(conn: psycopg.Connection) -> None:
    row = conn.execute(sqlfiles.read("queries/missing_expand_columns")).fetchall()
    if row:
        names = ", ".join(f"{table}.{column}" for table, column in row)
        raise DatabaseRefused(
            f"the engine needs columns that are not there yet: {names}",
            "Run scripts/earnings migrate up, which adds them and then installs.",
        )


def _load_rules(conn: psycopg.Connection) -> None:
    statements = _rule_statements(conn)
    if statements:
        with as_owner(conn):
            for statement in statements:
                conn.execute(statement)


def _rule_statements(conn: psycopg.Connection) -> list[sql.Composed]:
    """Return what brings the tables of rules to what seeds/ says; nothing when they are so."""
    statements = []
    for seed, table in RULE_TABLES.items():
        with (sqlfiles.ROOT / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
            rows = [tuple(row.values()) for row in csv.DictReader(file)]
        target = sql.Identifier("earnings", table)
        # a dry run comes before the change that makes the table
        found = conn.execute("select to_regclass(%s) is not null", [target.as_string(conn)])
        if found.fetchone() == (True,):
            stored = conn.execute(sql.SQL("table {}").format(target)).fetchall()
            if sorted(stored) == sorted(rows):
                continue
        values = sql.SQL(",\n").join(
            sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in rows
        )
        statements.append(sql.SQL("delete from {}").format(target))
        statements.append(sql.SQL("insert into {} values\n{}").format(target, values))
    return statements


def _take_over(conn: psycopg.Connection) -> None:
    """Make every function earnings_owner's again: it could not replace or drop another's."""
    for statement in _taking_over(_found(conn)):
        conn.execute(statement)


def _taking_over(found: dict[tuple[str, str], list[Found]]) -> list[sql.Composed]:
    return [
        sql.SQL("alter routine {} owner to earnings_owner").format(sql.SQL(entry.signature))
        for (kind, _), entries in found.items()
        for entry in entries
        if kind == "function" and not entry.is_own
    ]


def _orphans(conn: psycopg.Connection) -> dict[tuple[str, str], list[Found]]:
    keys = {(item.kind, item.identity) for item in status(conn) if item.state == "orphaned"}
    return {key: entries for key, entries in _found(conn).items() if key in keys}


def _remove_orphans(conn: psycopg.Connection, report: Report) -> list[str]:
    found = _orphans(conn)
    for table, names in _triggers_by_table(found).items():
        _drop_triggers(conn, table, names, report)
    with as_owner(conn):
        for (kind, _), entries in found.items():
            if kind == "function":
                _drop_functions(conn, entries)
        conn.execute(
            "delete from earnings.objects where identity = any(%s)",
            [[identity for _, identity in found]],
        )
    return sorted(identity for _, identity in found)


def _stale(conn: psycopg.Connection) -> set[tuple[str, str]]:
    return {(item.kind, item.identity) for item in status(conn) if item.state != "installed"}


def _replace_functions(conn: psycopg.Connection, stale: set[tuple[str, str]]) -> list[str]:
    definitions = [item for item in functions() if (item.kind, item.identity) in stale]
    before = _replaced(definitions, _found(conn))
    with as_owner(conn):
        for definition in definitions:
            _drop_functions(conn, before.get(("function", definition.identity), []))
            conn.execute(definition.text)
        # in the same transaction: a new function is everybody's until its grants are set
        conn.execute(sqlfiles.read("function_grants"))
        _record(conn, definitions)
    return [definition.identity for definition in definitions]


def _replaced(
    definitions: list[Definition], found: dict[tuple[str, str], list[Found]]
) -> dict[tuple[str, str], list[Found]]:
    """Return the functions that have to go before theirs are created.

    A changed signature cannot be replaced, and would leave the old one beside it.  Trigger
    functions all have the same one, and triggers hold on to them.
    """
    keys = {(item.kind, item.identity) for item in definitions if ".tg_" not in item.identity}
    return {key: entries for key, entries in found.items() if key in keys}


def _replace_triggers(
    conn: psycopg.Connection, stale: set[tuple[str, str]], report: Report
) -> list[str]:
    by_table: dict[str, list[Definition]] = {}
    for definition in [*triggers(), *_triggers_of_expand(conn, _found(conn))]:
        if (definition.kind, definition.identity) in stale:
            by_table.setdefault(definition.identity.split(" on ")[1], []).append(definition)
    for table, definitions in by_table.items():

        def put_on(table: str = table, definitions: list[Definition] = definitions) -> None:
            if table.startswith("earnings."):
                conn.execute("set local role earnings_owner")
            for definition in definitions:
                conn.execute(definition.text)
                conn.execute(_enabling(definition.identity))
            conn.execute("set local role earnings_owner")
            _record(conn, definitions)

        patiently(conn, put_on, task=f"triggers on {table}", report=report)
    return [item.identity for definitions in by_table.values() for item in definitions]


def _enabling(identity: str) -> sql.Composed:
    name, table = identity.split(" on ")
    return sql.SQL("alter table {} enable trigger {}").format(
        sql.Identifier(*table.split(".")), sql.Identifier(name)
    )


def _dropping(identity: str) -> sql.Composed:
    name, table = identity.split(" on ")
    return sql.SQL("drop trigger if exists {} on {}").format(
        sql.Identifier(name), sql.Identifier(*table.split("."))
    )


def _open_history(conn: psycopg.Connection, report: Report) -> int:
    if "history opened" in applied_changes(conn):
        return 0
    row = conn.execute("select count(*) from public.payments_earningstransaction").fetchone()
    total = row[0] if row else 0
    after_id, looked_at, opened = 0, 0, 0
    while True:
        last_id, looked_at_count, appended_count = patiently(
            conn, partial(_open_batch, conn, after_id), task=OPENING, report=report
        )
        if last_id is None:
            break
        after_id, looked_at, opened = last_id, looked_at + looked_at_count, opened + appended_count
        report(Progress(task=OPENING, done=looked_at, total=max(total, looked_at)))
    with as_owner(conn):
        conn.execute(sqlfiles.read("queries/close_deleted_history"))
        conn.execute("insert into earnings.changes (name) values ('history opened')")
    return opened


def _open_batch(conn: psycopg.Connection, after_id: int) -> tuple[int | None, int, int]:
    """Return the batch's last id, if a row was left, and how many rows it read and opened.

    Waiting for a row it holds those before it, for which the app may wait.
    """
    with as_owner(conn):
        parameters = {"after_id": after_id, "batch_size": OPENING_BATCH}
        ((last_id,),) = conn.execute(sqlfiles.read("queries/lock_unopened"), parameters).fetchall()
        if last_id is None:
            return None, 0, 0
        ((looked_at, appended),) = conn.execute(
            sqlfiles.read("queries/open_history"), {"after_id": after_id, "last_id": last_id}
        ).fetchall()
        return last_id, looked_at, appended


def _planned(conn: psycopg.Connection) -> InstallReport:
    """Return what install would do, and the statements that do the same but open the history.

    A row without an opening gets it when it changes, so the history misses nothing until then.
    """
    found, stale, orphans = _found(conn), _stale(conn), _orphans(conn)
    applied = applied_changes(conn)
    of_functions = [item for item in functions() if (item.kind, item.identity) in stale]
    of_triggers = [
        item
        for item in [*triggers(), *_triggers_of_expand(conn, found)]
        if (item.kind, item.identity) in stale
    ]
    signatures = [
        entry.signature
        for key, entries in [*orphans.items(), *_replaced(of_functions, found).items()]
        if key[0] == "function"
        for entry in entries
    ]
    applied_now = sql.SQL("insert into earnings.changes (name) values ({})")
    create = sql.SQL("create schema if not exists {} authorization earnings_owner")
    changes = [
        text
        for name in sqlfiles.names("changes")
        if name not in applied
        for text in (sqlfiles.read(name), applied_now.format(name).as_string(conn))
    ]
    statements = [
        sqlfiles.read("roles"),
        *(create.format(sql.Identifier(schema)).as_string(conn) for schema in SCHEMAS),
        *_as_text_of_owner(changes),
        sqlfiles.read("grants"),
        *(statement.as_string(conn) for statement in _taking_over(found)),
        *(
            text
            for kind, identity in orphans
            if kind == "trigger"
            for text in _on_table(identity, [_dropping(identity).as_string(conn)])
        ),
        *_as_text_of_owner(
            [
                *(statement.as_string(conn) for statement in _rule_statements(conn)),
                *(f"drop routine {signature}" for signature in signatures),
                *(item.text for item in of_functions),
                sqlfiles.read("function_grants"),
            ]
        ),
        *(
            text
            for item in of_triggers
            for text in _on_table(
                item.identity, [item.text, _enabling(item.identity).as_string(conn)]
            )
        ),
    ]
    return InstallReport(
        replaced=tuple(item.identity for item in [*of_functions, *of_triggers]),
        removed=tuple(sorted(identity for _, identity in orphans)),
        statements=tuple(statements),
    )


def _as_text_of_owner(statements: list[str]) -> list[str]:
    if not statements:
        return []
    return ["set role earnings_owner", "set check_function_bodies = off", *statements, "reset role"]


def _on_table(identity: str, statements: list[str]) -> list[str]:
    """Return statements about a trigger as the owner of its table has to run them."""
    is_ours = identity.split(" on ")[1].startswith("earnings.")
    return _as_text_of_owner(statements) if is_ours else statements


def _record(conn: psycopg.Connection, definitions: list[Definition]) -> None:
    found = _found(conn)
    with conn.cursor() as cursor:
        cursor.executemany(
            sqlfiles.read("queries/record_object"),
            [
                {
                    "identity": item.identity,
                    "kind": item.kind,
                    "checksum": item.checksum,
                    "definition_checksum": found[item.kind, item.identity][0].definition_checksum,
                }
                for item in definitions
            ],
        )


def _recorded(conn: psycopg.Connection) -> dict[str, tuple[str, str]]:
    if not exists(conn):
        return {}
    rows = conn.execute("select identity, checksum, definition_checksum from earnings.objects")
    return {identity: (checksum, definition) for identity, checksum, definition in rows}


def _found(conn: psycopg.Connection) -> dict[tuple[str, str], list[Found]]:
    result: dict[tuple[str, str], list[Found]] = {}
    for kind, identity, *found in conn.execute(sqlfiles.read("queries/engine_objects")):
        signature, definition_checksum, is_enabled, is_own, function_schema = found
        result.setdefault((kind, identity), []).append(
            Found(
                signature=signature,
                definition_checksum=definition_checksum,
                is_enabled=is_enabled,
                is_own=is_own,
                function_schema=function_schema,
            )
        )
    return result


def _is_as_recorded(entries: list[Found], definition_checksum: str) -> bool:
    [first, *others] = entries
    return not others and first.is_own and first.definition_checksum == definition_checksum


def _triggers_of_expand(
    conn: psycopg.Connection, found: dict[tuple[str, str], list[Found]]
) -> list[Definition]:
    """Return the triggers that expand has put on, while the columns are there that they serve."""
    row = conn.execute("select to_regclass('earnings_migration.steps') is not null").fetchone()
    if not (row and row[0]):
        return []
    done = conn.execute("select step from earnings_migration.steps where state = 'done'")
    steps = {f"expand/{step}" for (step,) in done}
    return [
        trigger
        for step in sorted(steps)
        if f"{step}/apply" in sqlfiles.names("expand")
        for trigger in _triggers_in(sqlfiles.read(f"{step}/apply"))
        if ("trigger", trigger.identity) in found
        or conn.execute(sqlfiles.read(f"{step}/verify")).fetchall()
    ]


def _is_of_expand(kind: str, entries: list[Found]) -> bool:
    """Say whether it is a trigger that expand puts on and takes off with its columns."""
    return kind == "trigger" and entries[0].function_schema == "earnings_migration"


def _triggers_by_table(found: dict[tuple[str, str], list[Found]]) -> dict[str, list[str]]:
    by_table: dict[str, list[str]] = {}
    for kind, identity in found:
        if kind == "trigger":
            name, table = identity.split(" on ")
            by_table.setdefault(table, []).append(name)
    return by_table


def _drop_triggers(conn: psycopg.Connection, table: str, names: list[str], report: Report) -> None:
    def drop() -> None:
        if table.startswith("earnings."):
            conn.execute("set local role earnings_owner")
        for name in names:
            conn.execute(_dropping(f"{name} on {table}"))

    patiently(conn, drop, task=f"triggers on {table}", report=report)


def _drop_functions(conn: psycopg.Connection, entries: list[Found]) -> None:
    for entry in entries:
        # regprocedure's text is quoted by the server and names exactly one function
        conn.execute(sql.SQL("drop routine {}").format(sql.SQL(entry.signature)))


def _triggers_in(text: str) -> list[Definition]:
    """Return the triggers of a file; what comes before one, such as its drop, belongs to it."""
    result, before = [], ""
    for part in re.split(r";\s*(?:\n|$)", text):
        statement = f"{before}{part.strip()};"
        before = f"{statement}\n"
        if found := CREATE_TRIGGER.search(part):
            identity = f"{found['name']} on {found['table']}"
            result.append(Definition(kind="trigger", identity=identity, text=statement))
            before = ""
    return result
