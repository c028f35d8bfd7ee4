"""Databases for the trials: prepared once with the right engine, changed in copies.

To be imported when pytest has loaded the conftest.py of tests/, whose databases these are.
"""

from __future__ import annotations

import re
from functools import cached_property

import psycopg
from psycopg import sql

from conftest import Builder, Databases, install_engine
from earnings_pipeline import sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target

read_file = sqlfiles.read
FUNCTIONS = (
    "select pronamespace::regnamespace || '.' || proname from pg_proc"
    " where pronamespace in (to_regnamespace('earnings'), to_regnamespace('earnings_migration'))"
)
FORGET_TRIGGERS = (
    "delete from earnings.objects where kind = 'trigger' and identity <> all (%s::text[])"
)
TAKE_FOR_INSTALLED = (
    "update earnings.objects set definition_checksum = found.checksum"
    " from unnest(%s::text[], %s::text[]) as found (identity, checksum)"
    " where found.identity = objects.identity"
)


class Copies:
    """Stands in for `Databases.clone` and `sqlfiles.read` in this process and its children.

    Nothing is changed at first.  `statements`, by function, then change every copy on which the
    function is installed, and `files`, by name, what tests read that install by themselves.
    """

    def __init__(self, server: Target) -> None:
        self.server = server
        self.statements: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.probes = ""
        Databases.clone = lambda *arguments: self.clone(*arguments)  # type: ignore[method-assign]
        sqlfiles.read = lambda name: self.files.get(name) or read_file(name)  # type: ignore[assignment]

    def clone(self, databases: Databases, template_name: str, builder: Builder) -> Target:
        kind = "probed" if self.probes else "right"
        template = f"{kind}_" + re.sub(r"\W", "_", template_name)
        with connect(self.server, "mutations") as conn:
            found = conn.execute("select from pg_database where datname = %s", [template])
            is_there = found.rowcount > 0
        if not is_there:
            self.prepare(databases, template, builder)
        copy = databases.create(template)
        if self.statements and not self.probes:
            with connect(copy, "mutations") as conn:
                self.change(conn)
        return copy

    def prepare(self, databases: Databases, template: str, builder: Builder) -> None:
        """Build a template with the right engine, and put probes on it if they are wanted."""
        files, self.files = self.files, {}
        unfinished = databases.create()
        with connect(unfinished, "mutations") as conn:
            builder(conn)
            if self.probes:
                conn.execute(self.probes)
                self.change(conn)
        self.files = files
        with connect(self.server, "mutations") as conn:
            rename = sql.SQL("alter database {} rename to {}")
            conn.execute(rename.format(*map(sql.Identifier, (unfinished.dbname, template))))
        databases.made.remove(unfinished.dbname)

    def change(self, conn: psycopg.Connection) -> None:
        installed = {name for (name,) in conn.execute(FUNCTIONS)}
        changing = [text for name, text in self.statements.items() if name in installed]
        for statement in changing:
            conn.execute(statement)
        if changing:
            self.take_for_installed(conn)

    def take_for_installed(self, conn: psycopg.Connection) -> None:
        """Record what the catalog holds now, as install does.

        The checks of definitions and triggers would else notice every mutant, whatever it does.
        """
        found = conn.execute(read_file("queries/engine_objects")).fetchall()
        identities = [identity for _, identity, *_ in found]
        conn.execute(FORGET_TRIGGERS, [identities])
        conn.execute(
            TAKE_FOR_INSTALLED, [identities, [checksum for _, _, _, checksum, *_ in found]]
        )

    def drop(self) -> None:
        """Drop the copies that children made and did not drop."""
        with connect(self.server, "mutations") as conn:
            found = conn.execute(
                "select datname from pg_database where datname ~ '^earnings_test_'"
            )
            for (name,) in found.fetchall():
                drop = sql.SQL("drop database if exists {} with (force)")
                conn.execute(drop.format(sql.Identifier(name)))

    @cached_property
    def scratch(self) -> psycopg.Connection:
        """A database with the right engine, to try on whether a statement is one."""
        databases = Databases(self.server)
        target = self.clone(databases, "engine", install_engine)
        with connect(self.server, "mutations") as conn:
            conn.execute(
                sql.SQL("alter database {} rename to scratch").format(sql.Identifier(target.dbname))
            )
        return connect(databases.target("scratch"), "mutations")

    def refusal(self, *statements: str) -> str | None:
        """Return why the database refuses these, None when it does not; nothing is changed."""
        try:
            with self.scratch.transaction(force_rollback=True):
                for statement in statements:
                    self.scratch.execute(statement)
        except psycopg.Error as error:
            return error.diag.message_primary
        return None
