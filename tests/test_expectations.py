"""The expectations find what is unexpected, name the rows, and know what must stop us."""

from __future__ import annotations

import multiprocessing

import psycopg
import pytest
from sqlalchemy import Engine, event

from earnings_pipeline import expectations
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.expectations import ExpectationResult, ValidationFailed, preflight
from earnings_pipeline.progress import Progress


def test_a_dirty_marketplace_is_warned_of_and_not_stopped(sampled):
    results = expectations.validate(sampled, "preflight")

    warned = {result.meaning for result in results if not result.ok}
    assert [result.describe() for result in results if result.is_blocking] == []
    assert "nothing is payable before it was delivered" in warned
    assert "no booking has two live delivery rows" in warned
    assert "canceled bookings have no live earnings" in warned


def test_what_is_unexpected_is_counted_and_named(sampled):
    with connect(sampled, "test") as conn:
        cancelled = ids(conn, "select id from bookings_booking where status = 'cancelled'")

    result = named(expectations.validate(sampled, "preflight"), "no booking is spelled cancelled")

    assert result.unexpected_count == len(cancelled) > 0
    assert {row["id"] for row in result.rows} <= cancelled
    assert f"{len(cancelled):,} of 300 rows are otherwise: id " in result.describe()


@pytest.mark.parametrize(
    ("breakage", "meaning"),
    [
        (
            "update bookings_booking set status = 'teleported' where id = 7 returning id",
            "every booking has a status that the app is known to write",
        ),
        (
            "update bookings_booking set price_charged_cents = -1 where id = 7 returning id",
            "no booking has a price below zero",
        ),
        (
            "update payments_earningstransaction set net_amount_cents = net_amount_cents + 1 "
            "where id = (select min(id) from payments_earningstransaction) returning id",
            "net = gross - commission on all earnings",
        ),
        (
            "update payments_earningstransaction set status = 'lost' "
            "where id = (select min(id) from payments_earningstransaction) returning id",
            "all earnings have a status that the app is known to write",
        ),
    ],
)
def test_what_migrate_has_no_answer_to_stops_it(sampled, breakage, meaning):
    with connect(sampled, "test") as conn:
        broken = ids(conn, breakage)

    blocking = [r for r in expectations.validate(sampled, "preflight") if r.is_blocking]

    assert [result.meaning for result in blocking] == [meaning]
    assert {row["id"] for row in blocking[0].rows} == broken


def test_only_the_first_rows_are_named_however_many_there_are(sampled):
    with connect(sampled, "test") as conn:
        conn.execute("update bookings_booking set status = 'cancelled'")

    result = named(expectations.validate(sampled, "preflight"), "no booking is spelled cancelled")

    assert result.unexpected_count == 300
    assert len(result.rows) == expectations.ROWS_SHOWN


@pytest.mark.parametrize("suite", ["preflight", "marts"])
def test_no_more_rows_come_than_are_named(built_copy, suite):
    fetched = []

    def count(_conn, cursor, *_):
        fetched.append(cursor.rowcount)

    event.listen(Engine, "after_cursor_execute", count)
    try:
        expectations.validate(built_copy, suite)
    finally:
        event.remove(Engine, "after_cursor_execute", count)

    assert 0 < max(fetched) <= expectations.ROWS_SHOWN


def test_marts_that_were_never_built_cannot_be_validated(migrated):
    with pytest.raises(ValidationFailed, match=r"finance\.earnings cannot be read"):
        expectations.validate_apart(migrated, "marts")


def test_the_marts_are_as_expected_and_one_wrong_cent_is_named(built_copy):
    assert [r.describe() for r in expectations.validate(built_copy, "marts") if not r.ok] == []

    with connect(built_copy, "test") as conn:
        wrong = conn.execute(
            "update marts_a.session_values set session_value_cents = session_value_cents + 1 "
            "where (order_id, session_number) = (select order_id, session_number "
            "from finance.session_values order by 1, 2 limit 1) returning order_id"
        ).fetchall()

    (failed,) = [r for r in expectations.validate(built_copy, "marts") if not r.ok]
    assert failed.meaning == "the sessions of an order are its price"
    assert [(row["order_id"],) for row in failed.rows] == wrong
    assert failed.is_blocking


def test_validating_works_where_nothing_may_be_written(sampled):
    with connect(sampled, "test") as conn:
        conn.execute(f"alter database {sampled.dbname} set default_transaction_read_only = on")

    assert expectations.validate(sampled, "preflight")


def test_a_process_of_its_own_finds_the_same_and_says_how_far_it_is(sampled):
    steps: list[Progress] = []

    found = expectations.validate_apart(sampled, "preflight", steps.append)

    assert found == expectations.validate(sampled, "preflight")
    assert steps[0].done == 0
    assert steps[-1].done == steps[-1].total == len(preflight.SUITE)


def test_a_process_that_ends_before_its_time_is_no_success(sampled):
    def kill(_: Progress) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(ValidationFailed, match="has ended"):
        expectations.validate_apart(sampled, "preflight", kill)


def test_an_unknown_suite_is_refused(sampled):
    with pytest.raises(WrongUsage, match="no suite named nonsense"):
        expectations.validate(sampled, "nonsense")


def ids(conn: psycopg.Connection, query: str) -> set[int]:
    return {row[0] for row in conn.execute(query)}


def named(results: list[ExpectationResult], meaning: str) -> ExpectationResult:
    (result,) = [result for result in results if result.meaning.startswith(meaning)]
    return result
