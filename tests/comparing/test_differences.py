"""What one of the three says otherwise is named, with what each says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from comparing.living import live_on
from conftest import Databases, load_sample, migrate_up
from earnings_pipeline import comparing, display
from earnings_pipeline.cli import app
from earnings_pipeline.comparing import Comparison, Difference
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.target import Target
from marketplace_app import App
from plain_rows import PlainRows

BREAKAGES = Path(__file__).with_name("breakages.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def template(databases: Databases) -> Target:
    """A marketplace with a past."""
    target = databases.create()
    with connect(target, "test") as conn:
        load_sample(conn)
        being_processed_for_a_payout_that_failed(PlainRows(conn))
        migrate_up(conn)
        live_on(target, conn, seed=1)
    return target


@pytest.fixture
def place(databases: Databases, template: Target) -> Iterator[Target]:
    """A copy of the test's own."""
    target = databases.create(template.dbname)
    yield target
    databases.drop(target.dbname)


@pytest.fixture
def conn(place: Target) -> Iterator[psycopg.Connection]:
    with connect(place, "test") as conn:
        yield conn


def being_processed_for_a_payout_that_failed(rows: PlainRows) -> None:
    practitioner = rows.practitioner()
    payout = rows.insert(
        "payments_practitionerpayout", practitioner_id=practitioner, status="failed"
    )
    rows.earnings(rows.booking(practitioner), status="processing", payout_id=payout)


def test_what_had_another_name_before_the_migration_counts_the_same(
    place: Target, conn: psycopg.Connection
) -> None:
    [(opened_at, moved_at)] = conn.execute(
        "select (select applied_at from earnings.changes where name = 'history opened'), "
        "max(stamped_at) filter (where from_status = 'processing' and to_status = 'available') "
        "from earnings.transitions"
    ).fetchall()
    named = conn.execute(
        "select distinct to_status from earnings.transitions where event = 'opening'"
    ).fetchall()
    assert {status for (status,) in named} >= {"processing", "paid_out", "completed"}

    found = comparing.run(place, [opened_at, moved_at])

    assert found.moments == (opened_at, moved_at)
    assert found.differences == ()


def test_each_of_them_is_named_when_it_says_otherwise(
    place: Target, conn: psycopg.Connection
) -> None:
    for _ in ("marts_a", "marts_b"):
        comparing.run(place, moment_count=0)
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        cursor = conn.execute(BREAKAGES.encode())
        broken = {}
        while cursor.nextset():
            if cursor.description:
                [(name, subject_id)] = cursor.fetchall()
                broken[name] = subject_id

    assert len(set(broken.values())) == 3

    shown = CliRunner().invoke(
        app, ["compare", "--json", "--moments", "0", "--database-url", place.url()]
    )

    assert shown.exit_code == 1
    differences = json.loads(shown.stdout)["differences"]
    shares = [said for said in differences if said["what"] == "share"]
    assert {said["subject"] for said in shares} == {"order"}
    for said in shares:
        assert said["cents"]["slot_amount"] + 1 == said["cents"]["plain Python"]
        assert said["cents"]["session_values"] == said["cents"]["plain Python"]
    balances = {said["subject_id"]: more(said) for said in differences if said["what"] == "balance"}
    assert balances == {
        broken["ledger"]: {"practitioner_balances": 7, "plain Python": 7},
        broken["day"]: {"practitioner_balances_daily": 3},
        broken["history"]: {"balance_as_of": 5},
    }
    statements = {said["subject_id"] for said in differences if said["what"] == "statement"}
    assert statements == {broken["history"]}


def more(said: Any) -> dict[str, int]:
    """By how much some say more than the one who says least."""
    least = min(said["cents"].values())
    return {source: cents - least for source, cents in said["cents"].items() if cents != least}


def test_a_moment_that_the_history_does_not_know_is_refused(engine_database: Target) -> None:
    with pytest.raises(WrongUsage, match="nothing can be compared as of 2020-01-01 00:00:00 UTC"):
        comparing.run(engine_database, [datetime(2020, 1, 1, tzinfo=UTC)])


def test_a_difference_is_printed_with_what_each_says_and_the_moment_to_ask_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 500, tzinfo=UTC)
    difference = Difference(
        what="balance",
        as_of=moment,
        subject="practitioner",
        subject_id=7,
        currency="EUR",
        part="paid",
        cents={"balance_as_of": 100, "plain Python": 101},
    )
    comparison = Comparison(
        as_of=moment,
        opened_at=moment,
        final_until=moment,
        moments=(moment,),
        figure_counts={"share": 3, "balance": 2},
        differences=(difference, difference),
    )

    display.print_comparison(comparison, shown=1)

    printed = capsys.readouterr().out
    assert "ok  share: 3 figures compared, 0 differ" in printed
    assert "FAILS balance: 2 figures compared, 2 differ" in printed
    assert (
        "practitioner 7 EUR, balance paid, 2026-03-01T12:00:00.000500Z: "
        "balance_as_of 100, plain Python 101 cents" in printed
    )
    assert "and 1 more" in printed


def test_who_was_deleted_is_compared_without_the_functions(engine_copy: Target) -> None:
    """They refuse to answer for a practitioner who is gone; the history goes on answering."""
    with connect(engine_copy, "test") as conn, App(engine_copy) as app:
        gone = app.practitioner()
        app.checkout(app.client(), app.service(gone))
        conn.execute("select earnings.beat()")
        [(before,)] = conn.execute("select clock_timestamp()").fetchall()
        app.delete("practitioners_practitioner", gone)
        conn.execute("select earnings.beat()")

    found = comparing.run(engine_copy, [before])

    assert found.differences == ()
    assert found.figure_counts["balance"] == 1
