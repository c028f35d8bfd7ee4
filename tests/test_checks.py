"""Every check passes on a migrated marketplace, and names exactly what is broken in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from conftest import Databases, load_and_migrate_sample
from earnings_pipeline import checks, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress

BREAKAGES = Path(__file__).parent / "breakages"
# one check can be broken in several ways: <check>.sql, <check>__<how>.sql
BROKEN = sorted(path.stem for path in BREAKAGES.glob("*.sql"))
NAMES = [check.name for check in checks.load()]


@pytest.fixture(scope="module")
def conn(databases: Databases) -> Iterator[psycopg.Connection]:
    """A migrated sample; each test takes back what it breaks."""
    target = databases.clone("migrated", load_and_migrate_sample)
    with connect(target, "test") as conn:
        yield conn
    databases.drop(target.dbname)


def test_every_check_passes_on_a_migrated_marketplace(conn):
    offenders = {result.name: result.offenders for result in checks.run(conn) if not result.ok}

    assert offenders == {}


def test_every_check_passes_on_empty_tables(engine_database):
    with connect(engine_database, "test") as conn:
        assert [result.name for result in checks.run(conn) if not result.ok] == []


def test_every_check_has_a_breakage_and_every_breakage_a_check():
    assert sorted({breakage.partition("__")[0] for breakage in BROKEN}) == NAMES
    assert len(BROKEN) > 70


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_broken_is_named_and_nothing_else(conn, broken):
    name = broken.partition("__")[0]
    breakage = (BREAKAGES / f"{broken}.sql").read_text()
    also = re.findall(r"^-- Also +(.+)$", breakage, re.MULTILINE)
    expected = {name, *(" ".join(also).split())}

    with conn.transaction(force_rollback=True):
        broken_ids = broken_past_the_triggers(conn, breakage)
        found = {result.name: result for result in checks.run(conn) if not result.ok}

    assert broken_ids
    assert set(found) == expected
    assert {offender.subject_id for offender in found[name].offenders} == broken_ids


def test_offenders_are_counted_beyond_those_listed(conn):
    with conn.transaction(force_rollback=True):
        conn.execute("set local session_replication_role = replica")
        query = "update bookings_booking set completed_at = null where status = 'completed'"
        updated = conn.execute(query).rowcount
        conn.execute("set local session_replication_role = origin")
        (few,) = checks.run(conn, ["delivered_bookings_say_when"], shown=2)
        (none,) = checks.run(conn, ["delivered_bookings_say_when"], shown=0)

    assert updated > 2
    assert (few.offender_count, len(few.offenders)) == (updated, 2)
    assert (none.offender_count, none.offenders, none.ok) == (updated, (), False)


def test_an_unknown_check_is_refused_with_the_names_of_the_known_ones(conn):
    with pytest.raises(WrongUsage, match="no check named nonsense") as refusal:
        checks.run(conn, ["nonsense"])

    assert "balances_are_true" in refusal.value.hint


def test_checks_write_nothing_and_run_as_a_role_that_only_reads(conn):
    with conn.transaction(force_rollback=True):
        conn.execute("grant select on all tables in schema public to earnings_reader")
        conn.execute("set local role earnings_reader")
        conn.execute("set local transaction_read_only = on")

        assert len(checks.run(conn)) == len(NAMES)


def test_a_quick_run_leaves_out_what_reads_every_row(conn):
    quick = {result.name for result in checks.run(conn, quick=True)}

    assert quick == {check.name for check in checks.load() if check.reads != "everything"}
    assert quick >= {"triggers_are_enabled", "no_pending_before_delivery"}
    assert "history_is_unbroken" not in quick
    assert checks.run(conn, ["history_is_unbroken"], quick=True) == []


def test_a_run_reports_each_check_and_its_end(conn):
    seen: list[Progress] = []

    checks.run(conn, ["balances_are_true", "holds_match"], report=seen.append)

    assert [(progress.done, progress.total) for progress in seen] == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("name", NAMES)
def test_a_check_says_its_claim_its_rule_and_what_to_do(name):
    (check,) = [check for check in checks.load() if check.name == name]

    assert check.claim.endswith(".")
    assert re.fullmatch(r"R\d+( [a-z])?", check.rule)
    assert check.reads in ("the catalog", "what is open", "everything")
    assert check.remedy.endswith(".")


@pytest.mark.parametrize("header", ["", "-- A claim.\n--\n-- Rule      R7\n", "-- A claim.\n"])
def test_a_check_without_its_header_is_refused_with_what_it_needs(header, tmp_path, monkeypatch):
    name = f"headless_{len(header)}"
    add_check(tmp_path, name, f"{header}\nselect 1 as subject_id\n")
    monkeypatch.setattr(sqlfiles, "SQL", tmp_path)

    with pytest.raises(WrongUsage, match=f"sql/checks/{name}.sql") as refusal:
        checks.load()

    assert "-- Rule  " in refusal.value.hint
    assert "-- If not  " in refusal.value.hint


def test_a_check_without_its_columns_is_refused_with_those_missing(conn, tmp_path, monkeypatch):
    header = "-- A claim.\n--\n-- Rule      R7\n-- If not    Mend it.\n"
    add_check(tmp_path, "columnless", f"{header}\nselect 1 as subject_id\n")
    monkeypatch.setattr(sqlfiles, "SQL", tmp_path)

    with pytest.raises(WrongUsage, match=r"columnless\.sql does not return subject, detail$"):
        checks.run(conn)


def add_check(folder: Path, name: str, text: str) -> None:
    (folder / "checks").mkdir()
    (folder / "checks" / f"{name}.sql").write_text(text)


def broken_past_the_triggers(conn: psycopg.Connection, breakage: str) -> set[int]:
    """Run a breakage as a superuser who silences the triggers; return the ids it names."""
    conn.execute("set local session_replication_role = replica")
    cursor = conn.execute(breakage.encode())
    while cursor.nextset():
        pass
    ids = {row[0] for row in cursor.fetchall()}
    conn.execute("set local session_replication_role = origin")
    return ids
