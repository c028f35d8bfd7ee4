"""A direct order sells one delivery, though its booking may be rescheduled twice (R7)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from earnings_pipeline import sqlfiles
from functions.test_refunds import NET_OF_10000, live
from marketplace_app import App, now
from plain_rows import PlainRows

Siblings = tuple[int, int]
PENDING = {"pending": NET_OF_10000}


def siblings(app: App, pia: int, *, is_task_run: bool = True) -> Siblings:
    """Two bookings that one direct booking was rescheduled to; the first has its earnings."""
    start = now() - timedelta(hours=5)
    sold = app.checkout(app.client(), app.service(pia), start=start, run_earnings_task=is_task_run)
    return app.reschedule(sold, start), app.reschedule(sold, start)


@pytest.fixture
def pair(app: App, pia: int) -> Siblings:
    return siblings(app, pia)


def complete(app: App, booking: int, *, hours_ago: int) -> None:
    completed_at = now() - timedelta(hours=hours_ago)
    app.update("bookings_booking", booking, status="completed", completed_at=completed_at)


def correct(conn: psycopg.Connection, booking: int) -> None:
    conn.execute("select earnings.correct_booking(%s, 'confirmed', 'it did not happen')", [booking])


@pytest.mark.parametrize("rows", ["none", "one", "two"])
@pytest.mark.parametrize("by_job", [True, False])
def test_of_two_that_are_completed_at_once_one_earns(
    conn: psycopg.Connection, app: App, pia: int, rows: str, by_job: bool
) -> None:
    first, second = siblings(app, pia, is_task_run=rows != "none")
    if rows == "two":
        app.earnings_task(second)

    if by_job:
        conn.execute("select * from earnings.complete_due()")
    else:
        conn.execute(
            "update bookings_booking set status = 'completed', completed_at = now() - "
            "case when id = %s then interval '1 hour' else '2 hours' end where id = any (%s)",
            [first, [first, second]],
        )

    earning, other = (first, second) if by_job else (second, first)
    assert live(app, earning) == PENDING
    assert "pending" not in live(app, other)


TAKEN_AWAY = {
    "canceled": lambda _, app, booking: app.cancel(booking),
    "undone": lambda conn, _, booking: correct(conn, booking),
    "undone and deleted": lambda conn, app, booking: (
        correct(conn, booking),
        app.delete("bookings_booking", booking),
    ),
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
@pytest.mark.parametrize("offered", ["before", "after", "never"])
@pytest.mark.parametrize("state", ["pending", "paid"])
def test_the_other_earns_when_the_one_that_earned_is_taken_away(
    conn: psycopg.Connection, app: App, pia: int, pair: Siblings, how: str, offered: str, state: str
) -> None:
    first, second = pair
    complete(app, first, hours_ago=99)
    if state == "paid":
        conn.execute("select * from earnings.release_holds()")
        app.pay_out(pia)
    if offered == "before":
        app.earnings_task(second)
    complete(app, second, hours_ago=1)
    if offered == "after":
        app.earnings_task(second)
    assert live(app, second).keys() <= {"projected"}

    if state == "paid" and how != "canceled":
        [payout] = app.rows("payments_practitionerpayout")
        correct(conn, first)
        app.fail_payout(payout["id"])
    TAKEN_AWAY[how](conn, app, first)
    conn.execute("select * from earnings.complete_due(as_of => now() - interval '1 day')")

    assert live(app, second) == PENDING
    open_kinds = conn.execute("select kind from earnings.exceptions where resolved_at is null")
    assert ("order_earns_already",) not in open_kinds.fetchall()


@pytest.mark.parametrize("how", ["refunded", "by a person"])
def test_a_refund_does_not_hand_the_order_to_the_other(
    conn: psycopg.Connection, app: App, pair: Siblings, how: str
) -> None:
    first, second = pair
    complete(app, first, hours_ago=2)
    if how == "refunded":
        app.refund(first, 10000)
    else:
        conn.execute("select earnings.reverse_booking(%s, 'fraud')", [first])

    complete(app, second, hours_ago=1)

    assert (live(app, first), live(app, second)) == ({}, {})


def test_one_whose_earnings_were_reversed_does_not_stand_in_the_way_of_the_other(
    conn: psycopg.Connection, app: App, pair: Siblings
) -> None:
    first, second = pair
    [row] = app.rows("payments_earningstransaction")
    app.update("payments_earningstransaction", row["id"], status="reversed")

    conn.execute(
        "update bookings_booking set status = 'completed' where id = any (%s)", [[first, second]]
    )

    assert (live(app, first), live(app, second)) == ({}, PENDING)


def test_one_that_was_rescheduled_keeps_no_place_though_it_is_completed_again(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = app.checkout(app.client(), app.service(pia))
    complete(app, booking, hours_ago=2)
    conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking])
    later = app.reschedule(booking, now())
    complete(app, booking, hours_ago=2)

    complete(app, later, hours_ago=1)

    assert (live(app, booking), live(app, later)) == ({}, PENDING)


def test_a_bonus_for_one_does_not_stand_in_the_way_of_the_other(
    conn: psycopg.Connection, app: App, pair: Siblings
) -> None:
    first, second = pair
    PlainRows(conn).earnings(first, transaction_type="bonus", status="available")

    complete(app, second, hours_ago=1)

    assert live(app, second) == PENDING


def test_two_that_earn_are_named_by_the_check(
    conn: psycopg.Connection, app: App, pair: Siblings
) -> None:
    first, second = pair
    app.earnings_task(second)
    complete(app, first, hours_ago=2)
    conn.execute("set session_replication_role = replica")
    conn.execute(
        "update payments_earningstransaction set status = 'pending' where booking_id = %s",
        [second],
    )

    found = conn.execute(sqlfiles.read("checks/direct_orders_earn_once")).fetchall()

    assert {(subject, booking) for subject, booking, _ in found} == {
        ("booking", first),
        ("booking", second),
    }


def test_a_write_of_one_that_waits_hands_the_turn_to_the_one_that_has_waited_longest(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    start = now() - timedelta(hours=99)
    sold = app.checkout(app.client(), app.service(pia), start=start)
    complete(app, sold, hours_ago=98)
    conn.execute("select * from earnings.release_holds()")
    payout = app.pay_out(pia)
    first, second = app.reschedule(sold, start), app.reschedule(sold, start)
    complete(app, first, hours_ago=2)
    complete(app, second, hours_ago=1)
    app.fail_payout(payout)
    assert (live(app, first), live(app, second)) == ({}, {})

    app.update("bookings_booking", second, updated_at=now())

    assert (live(app, first), live(app, second)) == (PENDING, {})


def test_rows_that_came_while_another_earned_keep_nobody_from_its_turn(app: App, pia: int) -> None:
    start = now() - timedelta(hours=99)
    sold = app.checkout(app.client(), app.service(pia), start=start)
    earning, first, second = (app.reschedule(sold, start) for _ in range(3))
    for hours, booking in ((3, earning), (2, first), (1, second)):
        complete(app, booking, hours_ago=hours)
    for booking in (first, second):
        app.earnings_task(booking)
        assert [status for status, _, _ in app.earnings(booking)] == ["reversed"]

    app.cancel(earning)

    assert [live(app, booking) for booking in (earning, first, second)] == [{}, PENDING, {}]


def test_a_turn_that_comes_closes_its_own_matter_and_no_decision(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    pairs = [siblings(app, pia) for _ in range(3)]
    for first, second in pairs:
        complete(app, first, hours_ago=2)
        complete(app, second, hours_ago=1)
    decided, due, waiting = (second for _, second in pairs)
    conn.execute(
        "update earnings.exceptions set resolved_at = now(), resolved_by = 'Ada', "
        "resolution = 'no' where subject_id = %s",
        [decided],
    )

    for first, _ in pairs[:2]:
        app.cancel(first)

    said = conn.execute(
        "select subject_id, resolved_by from earnings.exceptions where kind = 'order_earns_already'"
    ).fetchall()
    assert dict(said) == {decided: "Ada", due: "engine", waiting: None}
