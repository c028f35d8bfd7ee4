"""What a practitioner has after a cancellation: nothing unpaid, and what was paid owed back."""

from __future__ import annotations

import pytest

from flows.support import deliver_long_ago, earn, matters, purse, sold_package, steps
from marketplace_app import App

SPELLINGS = ("canceled", "cancelled")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("status", ["projected", "pending", "available"])
def test_a_cancellation_takes_back_what_was_not_paid(
    app: App, pia: int, status: str, spelling: str
) -> None:
    booking_id = earn(app, pia, status)

    app.cancel(booking_id, spelling)
    app.cancel(booking_id, spelling)

    booking = app.row("bookings_booking", booking_id)
    assert (booking["status"], booking["canceled_at"] is None) == ("canceled", False)
    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]
    assert purse(app, pia) == {}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_cancellation_of_what_was_paid_is_owed_back_once(
    app: App, pia: int, spelling: str
) -> None:
    booking_id = earn(app, pia, "paid")

    app.cancel(booking_id, spelling)
    app.cancel(booking_id, spelling)

    assert app.earnings(booking_id) == [("paid", 10000, 8500), ("available", -10000, -8500)]
    [_, clawback] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert (clawback["transaction_type"], steps(app, clawback["id"])) == ("clawback", ["available"])
    assert purse(app, pia) == {"paid": 8500, "available": -8500}


def test_the_next_payout_is_short_by_what_is_owed_back(app: App, pia: int) -> None:
    app.cancel(earn(app, pia, "paid"))
    earn(app, pia, "available")
    earn(app, pia, "available")
    assert purse(app, pia) == {"paid": 8500, "available": 8500}

    payout_id = app.pay_out(pia)

    assert app.row("payments_practitionerpayout", payout_id)["credits_payout_cents"] == 8500
    assert purse(app, pia) == {"paid": 2 * 8500}


@pytest.mark.parametrize("status", ["pending", "paid"])
def test_the_credits_given_back_for_a_cancellation_change_nothing_more(
    app: App, pia: int, status: str
) -> None:
    booking_id = earn(app, pia, status)
    app.cancel(booking_id)
    after_the_cancellation = purse(app, pia)

    app.refund(booking_id)

    assert purse(app, pia) == after_the_cancellation


def test_credits_given_back_before_the_cancellation_are_not_taken_twice(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "paid")
    app.refund(booking_id, 4000)
    assert purse(app, pia) == {"paid": 8500, "available": -3400}

    app.cancel(booking_id)

    assert purse(app, pia) == {"paid": 8500, "available": -8500}


def test_an_earnings_task_that_comes_after_a_cancellation_earns_nothing(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    app.cancel(booking_id)

    app.earnings_task(booking_id)

    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]
    assert purse(app, pia) == {}


def test_a_canceled_session_leaves_its_share_to_the_next(app: App, pia: int) -> None:
    order, (first, second, third) = sold_package(app, pia, 3, 40000)
    app.end_video_room(first)

    app.cancel(first)
    app.end_video_room(second)

    assert app.earnings(first) == [("reversed", 13333, 11334)]
    assert app.earnings(second) == [("pending", 13333, 11334)]
    assert app.earnings(third) == []
    stored = app.row("payments_order", order["id"])["package_metadata"]
    assert stored["sessions_completed"] == 1
    assert purse(app, pia) == {"pending": 11334}


def test_a_canceled_session_that_was_paid_is_owed_back_and_its_share_earned_by_another(
    app: App, pia: int
) -> None:
    _, (first, second) = sold_package(app, pia, 2, 20001)
    deliver_long_ago(app, first)
    app.release_due()
    app.pay_out(pia)

    app.cancel(first)
    app.end_video_room(second)

    assert app.earnings(first) == [("paid", 10000, 8500), ("available", -10000, -8500)]
    assert app.earnings(second) == [("pending", 10000, 8500)]
    assert purse(app, pia) == {"paid": 8500, "available": -8500, "pending": 8500}


def test_a_session_beyond_those_sold_waits_for_one_that_is_canceled(app: App, pia: int) -> None:
    _, (sold,) = sold_package(app, pia, 1, 10001)
    session = app.row("bookings_booking", sold)
    belongs = (
        {"parent_booking_id": session["parent_booking_id"]}
        if app.is_before
        else {"order_id": session["order_id"]}
    )
    extra = app.book(session["user_id"], session["service_id"], status="draft", **belongs)
    app.end_video_room(sold)

    app.end_video_room(extra)
    assert purse(app, pia) == {"pending": 8501}
    assert "session_without_slot" in matters(app, "booking", extra)

    app.cancel(sold)
    assert app.earnings(extra) == [("pending", 10001, 8501)]
    assert purse(app, pia) == {"pending": 8501}


def test_a_paid_row_that_is_owed_back_is_not_reversed_as_well(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "paid")
    payout_id = app.rows("payments_earningstransaction", booking_id=booking_id)[0]["payout_id"]
    app.cancel(booking_id)

    app.fail_payout(payout_id)
    app.cancel(booking_id)

    assert sum(net for status, _, net in app.earnings(booking_id) if status != "reversed") == 0
    assert purse(app, pia) == {}
