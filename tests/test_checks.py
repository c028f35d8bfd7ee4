"""Every check passes on a migrated marketplace, and names exactly what is broken in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import Databases, load_and_migrate_sample
from earnings_pipeline import checks, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress

BREAKAGES = Path(__file__).parent / "breakages"
LOOSENED = Path(__file__).parent / "loosened_rules.sql"
# one check can be broken in several ways: <check>.sql, <check>__<how>.sql
BROKEN = sorted(path.stem for path in BREAKAGES.glob("*.sql"))
NAMES = [check.name for check in checks.load()]
KINDS = checks.KINDS
LARGE = {
    *("bookings_booking", "payments_order", "payments_earningstransaction"),
    *("payments_usercredittransaction", "transitions"),
}


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
        narrowed = checks.run(conn, sorted(expected), since="1 day")

    assert broken_ids
    assert set(found) == expected
    assert {offender.subject_id for offender in found[name].offenders} == broken_ids
    assert is_named_by_kind(name, found[name].offenders)
    # the whole sample has changed within a day, so what is put to what has changed sees the same
    seen = {} if "-- Unseen " in breakage else found
    assert {result.name: result.offenders for result in narrowed} == {
        name: seen[name].offenders if seen else () for name in expected
    }


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
        conn.execute("grant select on all tables in schema public to earnings_operator")
        conn.execute("set local role earnings_operator")
        conn.execute("set local transaction_read_only = on")

        assert len(checks.run(conn)) == len(NAMES)


def test_what_goes_wrong_under_the_rules_is_found_in_what_has_changed(conn):
    with conn.transaction(force_rollback=True):
        before = moment(conn)
        conn.execute(LOOSENED.read_text().encode())
        conn.execute("set constraints all immediate")
        narrowed = checks.run(conn, since=length_since(conn, before))
        complete = offenders(checks.run(conn))

    assert {name for name, _ in complete} >= {
        "no_pending_before_delivery",
        "nothing_stays_projected_after_delivery",
    }
    assert offenders(narrowed) == complete
    assert 0 < max(result.changed_count or 0 for result in narrowed) < 100


def test_what_has_not_changed_is_left_to_the_complete_run(conn):
    with conn.transaction(force_rollback=True):
        before = moment(conn)
        conn.execute("set local session_replication_role = replica")
        query = "update bookings_booking set completed_at = null where status = 'completed'"
        updated = conn.execute(query).rowcount
        conn.execute("set local session_replication_role = origin")
        conn.execute("alter table bookings_booking disable trigger user")
        narrowed = offenders(checks.run(conn, since=length_since(conn, before)))
        complete = offenders(checks.run(conn))

    assert updated > 2
    assert {name for name, _ in complete} == {"delivered_bookings_say_when", "triggers_are_enabled"}
    assert narrowed == {found for found in complete if found[0] == "triggers_are_enabled"}


@pytest.mark.parametrize("since", ["a while", "0s", "-15min", "15min ago", ""])
def test_a_length_of_time_that_is_none_is_refused(conn, since):
    with pytest.raises(WrongUsage, match="is no length of time"):
        checks.run(conn, since=since)


def test_every_kind_of_what_changes_is_found(conn):
    changed = checks.changed_since(conn, "1 day")

    assert set(changed) == set(checks.KINDS)
    assert all(changed.values())


@pytest.mark.parametrize("name", [check.name for check in checks.load() if check.reads in KINDS])
def test_a_check_of_what_has_changed_reads_no_large_table_whole(conn, name):
    (check,) = [check for check in checks.load() if check.name == name]
    query = f"select subject, subject_id, detail from ({check.query}) as found"  # noqa: S608

    with conn.transaction(force_rollback=True):
        # whole reads and joins of whole tables are planned only where there is no other way
        conn.execute("analyze")
        for way in ("seqscan", "hashjoin", "mergejoin"):
            conn.execute(f"set local enable_{way} = off")
        explained = conn.execute(
            f"explain (format json) {query} where {check.by} = any('{{1,2,3}}')".encode()
        )
        [plan] = explained.fetchone()[0]

    assert [node["Relation Name"] for node in whole_reads(plan["Plan"])] == []


def test_a_run_reports_each_check_and_its_end(conn):
    seen: list[Progress] = []

    checks.run(conn, ["balances_are_true", "holds_match"], report=seen.append)

    assert [(progress.done, progress.total) for progress in seen] == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("name", NAMES)
def test_a_check_says_its_claim_its_rule_and_what_to_do(name):
    (check,) = [check for check in checks.load() if check.name == name]

    assert check.claim.endswith(".")
    assert re.fullmatch(r"R\d+( [a-z])?", check.rule)
    assert check.reads in (
        *(*KINDS, "the catalog", "the exceptions", "the newest entries", "what waits"),
    )
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
    header = "-- A claim.\n--\n-- Rule      R7\n-- Reads     bookings\n-- If not    Mend it.\n"
    add_check(tmp_path, "columnless", f"{header}\nselect 1 as subject_id\n")
    monkeypatch.setattr(sqlfiles, "SQL", tmp_path)

    with pytest.raises(WrongUsage, match=r"columnless\.sql does not return subject, detail$"):
        checks.run(conn)


def add_check(folder: Path, name: str, text: str) -> None:
    (folder / "checks").mkdir()
    (folder / "checks" / f"{name}.sql").write_text(text)


def is_named_by_kind(name: str, found: tuple[checks.Offender, ...]) -> bool:
    """Tell whether the ids that a check names are of the kind that it says it reads."""
    (check,) = [check for check in checks.load() if check.name == name]
    is_by_subject = check.reads in KINDS and check.by == "subject_id"
    return not is_by_subject or all(check.reads.startswith(one.subject) for one in found)


def moment(conn: psycopg.Connection) -> datetime:
    return conn.execute("select clock_timestamp()").fetchone()[0]


def length_since(conn: psycopg.Connection, before: datetime) -> str:
    """How long ago a moment was, as the next statement will see it and a little more."""
    query = "select (clock_timestamp() - %s + interval '10 milliseconds')::text"
    return conn.execute(query, [before]).fetchone()[0]


def offenders(results: list[checks.CheckResult]) -> set[tuple[str, int]]:
    return {(result.name, found.subject_id) for result in results for found in result.offenders}


def whole_reads(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan that read a large table without looking up ids in an index."""
    looked_up = node.get("Index Cond", node.get("Recheck Cond", ""))
    if node.get("Relation Name") in LARGE and not re.search(r"\b(id|\w+_id) =", looked_up):
        yield node
    for part in node.get("Plans", []):
        yield from whole_reads(part)


def broken_past_the_triggers(conn: psycopg.Connection, breakage: str) -> set[int]:
    """Run a breakage as a superuser who silences the triggers; return the ids it names."""
    conn.execute("set local session_replication_role = replica")
    cursor = conn.execute(breakage.encode())
    while cursor.nextset():
        pass
    ids = {row[0] for row in cursor.fetchall()}
    conn.execute("set local session_replication_role = origin")
    return ids
