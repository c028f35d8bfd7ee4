"""What can happen to a migration: it says what happened and what to do, and goes on afterwards."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from conftest import Databases, load_sample
from earnings_pipeline import locking, migration
from earnings_pipeline.database import connect, refusals
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.progress import Progress, Report, silent
from earnings_pipeline.target import Target
from migration.support import app_tables, differences, end_state, one

DISK_BYTES = 64 * 1024 * 1024
GO_ON = "un the same command again"


@pytest.fixture(scope="module")
def expected(databases: Databases) -> list[str]:
    """How a migration ends to which nothing happens."""
    target = databases.clone("sampled", load_sample)
    with connect(target, "test") as conn:
        migration.up(conn)
        found = end_state(conn)
    databases.drop(target.dbname)
    return found


def refusal_of_up(target: Target, report: Report = silent) -> DatabaseRefused:
    """Migrate as the command does, and return the refusal that it ends with."""
    with pytest.raises(DatabaseRefused) as refused, refusals(), connect(target, "test") as conn:
        migration.up(conn, batch_size=100, report=report)
    assert refused.value.message
    assert refused.value.hint
    return refused.value


def assert_it_goes_on(target: Target, expected: list[str]) -> None:
    with connect(target, "test") as conn:
        migration.up(conn, batch_size=100)
        assert differences(expected, end_state(conn)) == []
        assert all(not v.offenders for v in migration.verify(conn))


def once(step: str, happen: Callable[[], object]) -> Report:
    """Let something happen when the first batch of a step has committed."""
    has_happened = False

    def report(progress: Progress) -> None:
        nonlocal has_happened
        if not has_happened and progress.task.startswith(step) and "looked at" in progress.note:
            has_happened = True
            happen()

    return report


@pytest.fixture
def other(sampled: Target) -> Iterator[psycopg.Connection]:
    """Another session on the same database."""
    with connect(sampled, "other") as conn:
        yield conn


def test_a_row_that_stays_locked_ends_it(
    sampled: Target,
    other: psycopg.Connection,
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locking, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(locking, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(locking, "LONGEST_PAUSE_SECONDS", 0.01)
    other.execute("begin")

    refusal = refusal_of_up(
        sampled,
        once("015", lambda: other.execute("select from bookings_booking for no key update")),
    )

    assert "lock timeout" in refusal.message
    assert "doctor lists long transactions" in refusal.hint
    assert GO_ON in refusal.hint
    other.execute("rollback")
    assert_it_goes_on(sampled, expected)


def test_a_connection_that_is_cut_is_told_as_that(
    sampled: Target, other: psycopg.Connection, expected: list[str]
) -> None:
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s"

    refusal = refusal_of_up(sampled, once("060", lambda: other.execute(cut, ["earnings test"])))

    assert "What was committed stays" in refusal.hint
    assert GO_ON in refusal.hint
    assert_it_goes_on(sampled, expected)


@pytest.fixture
def owner(sampled: Target) -> Iterator[Target]:
    """The same database, as a role that owns the app's tables and may what the README asks for."""
    name = f"{sampled.dbname}_owner"
    role = sql.Identifier(name)
    with connect(sampled, "test") as conn:
        conn.execute(sql.SQL("create role {} login createrole password 'owner'").format(role))
        grant = "grant create on database {} to {}"
        conn.execute(sql.SQL(grant).format(sql.Identifier(sampled.dbname), role))
        conn.execute(sql.SQL("grant create on schema public to {}").format(role))
        ours = sql.SQL("earnings_owner, earnings_migrator, earnings_operator, earnings_reader")
        conn.execute(sql.SQL("grant {} to {}").format(ours, role))
        tables = conn.execute("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in tables.fetchall():
            give = "alter table public.{} owner to {}"
            conn.execute(sql.SQL(give).format(sql.Identifier(table), role))
    yield replace(sampled, parameters={**sampled.parameters, "user": name, "password": "owner"})
    with connect(sampled, "test") as conn:
        conn.execute(sql.SQL("reassign owned by {} to current_user").format(role))
        conn.execute(sql.SQL("drop owned by {}").format(role))
        conn.execute(sql.SQL("drop role {}").format(role))


def test_a_role_that_owns_nothing_is_told_what_it_lacks(sampled: Target) -> None:
    name = f"{sampled.dbname}_nobody"
    role = sql.Identifier(name)
    with connect(sampled, "test") as conn:
        before = app_tables(conn)
        conn.execute(sql.SQL("create role {} login password 'nobody'").format(role))
    try:
        nobody = {**sampled.parameters, "user": name, "password": "nobody"}
        refusal = refusal_of_up(replace(sampled, parameters=nobody))
    finally:
        with connect(sampled, "test") as conn:
            conn.execute(sql.SQL("drop role {}").format(role))

    assert "doctor lists every privilege that is missing" in refusal.hint
    with connect(sampled, "test") as conn:
        assert differences(before, app_tables(conn)) == []


def test_a_right_that_is_taken_away_in_between_is_missed_and_then_used_again(
    sampled: Target, owner: Target, other: psycopg.Connection, expected: list[str]
) -> None:
    role = sql.Identifier(owner.user)
    take = sql.SQL("revoke earnings_migrator from {}").format(role)

    refusal = refusal_of_up(owner, once("030", lambda: other.execute(take)))

    assert "permission denied" in refusal.message
    assert "doctor lists every privilege that is missing" in refusal.hint
    other.execute(sql.SQL("grant earnings_migrator to {}").format(role))
    assert_it_goes_on(owner, expected)


def test_tables_that_are_rewritten_in_between_make_no_difference(
    sampled: Target, other: psycopg.Connection, expected: list[str]
) -> None:
    def rewrite() -> None:
        for table in ("bookings_booking", "payments_order", "payments_earningstransaction"):
            other.execute(f"vacuum full {table}")
            other.execute(f"alter table {table} replica identity full")

    with connect(sampled, "test") as conn:
        for step in ("020", "060", "070"):
            migration.up(conn, batch_size=100, report=once(step, rewrite))
        assert differences(expected, end_state(conn)) == []
        assert all(not v.offenders for v in migration.verify(conn))


def test_a_publication_of_all_tables_is_no_hindrance(
    sampled: Target, other: psycopg.Connection, expected: list[str]
) -> None:
    other.execute("create publication everything for all tables")

    assert_it_goes_on(sampled, expected)
    with connect(sampled, "test") as conn:
        migration.down(conn)


def test_a_table_whose_rows_a_publication_cannot_name_is_told_as_that(
    sampled: Target, other: psycopg.Connection, expected: list[str]
) -> None:
    other.execute("create publication everything for all tables")
    lose = "alter table payments_earningstransaction replica identity nothing"

    refusal = refusal_of_up(sampled, once("035", lambda: other.execute(lose)))

    assert "payments_earningstransaction" in refusal.message
    assert 'sends the changes of table "payments_earningstransaction"' in refusal.hint
    assert GO_ON in refusal.hint
    other.execute("alter table payments_earningstransaction replica identity default")
    assert_it_goes_on(sampled, expected)


@pytest.fixture
def small_disk(databases: Databases) -> Iterator[tuple[Path, Target]]:
    """A database with the sample on a disk of its own, and the place where that is mounted."""
    if os.environ.get("EARNINGS_TEST_DATABASE_URL"):
        pytest.skip("the server that EARNINGS_TEST_DATABASE_URL names may not be on this machine")
    place = Path(tempfile.mkdtemp(prefix="earnings-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
        refused = mounted.stderr.strip() if mounted.returncode else ""
    except FileNotFoundError as error:
        refused = str(error)
    if refused:
        place.rmdir()
        pytest.skip(f"no small disk can be mounted here: {refused}")
    name = f"disk_{os.getpid()}"
    template = databases.clone("sampled", load_sample)
    with connect(databases.server, "test") as conn:
        data = Path(one(conn, "select current_setting('data_directory')"))
        folder = place / "tablespace"
        folder.mkdir()
        os.chown(folder, data.stat().st_uid, data.stat().st_gid)
        place.chmod(0o755)
        conn.execute(f"create tablespace {name} location '{folder}'")
        conn.execute(f"create database {name} template {template.dbname} tablespace {name}")
    try:
        yield place, databases.target(name)
    finally:
        with connect(databases.server, "test") as conn:
            conn.execute(f"drop database {name} with (force)")
            conn.execute(f"drop tablespace {name}")
        databases.drop(template.dbname)
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()


@pytest.mark.parametrize("left_kilobytes", [100, 700, 1500])
def test_a_full_disk_is_told_as_that_and_when_there_is_room_it_goes_on(
    small_disk: tuple[Path, Target], expected: list[str], left_kilobytes: int
) -> None:
    place, target = small_disk
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    filler = place / "filler"
    filler.write_bytes(bytes(free - left_kilobytes * 1024))

    refusal = refusal_of_up(target)

    assert "Make room" in refusal.hint
    assert GO_ON in refusal.hint
    filler.unlink()
    assert_it_goes_on(target, expected)
