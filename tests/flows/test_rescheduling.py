"""What a practitioner has after an appointment moved: the same money, once, at the new time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.support import deliver_long_ago, earn, matters, only_earnings, purse, sold_package, steps
from marketplace_app import HOLD, App, now

LATER = timedelta(days=20)


@pytest.mark.parametrize("status", ["projected", "pending", "available"])
def test_earnings_follow_a_booking_to_its_new_time(app: App, pia: int, status: str) -> None:
    old = earn(app, pia, status)
    row = only_earnings(app, old)

    new = app.reschedule(old, now() + LATER)

    booking, moved = app.row("bookings_booking", new), only_earnings(app, new)
    assert app.earnings(old) == []
    assert moved["id"] == row["id"]
    assert booking["order_id"] == app.row("bookings_booking", old)["order_id"]
    assert (moved["status"], moved["available_after"]) == ("projected", booking["end_time"] + HOLD)
    assert purse(app, pia) == {"projected": 8500}

    app.end_video_room(new)
    assert purse(app, pia) == {"pending": 8500}
    assert steps(app, row["id"])[-2:] == ["projected", "pending"]


def test_a_booking_that_moves_time_and_again_earns_once(app: App, pia: int) -> None:
    first = earn(app, pia, "projected")
    second = app.reschedule(first, now() + LATER)
    third = app.reschedule(second, now() + 2 * LATER)

    for booking_id in (first, second, third):
        app.earnings_task(booking_id)
    app.end_video_room(third)

    assert [app.earnings(booking_id) for booking_id in (first, second)] == [[], []]
    assert app.earnings(third) == [("pending", 10000, 8500)]
    assert purse(app, pia) == {"pending": 8500}


def test_two_successors_of_one_booking_earn_its_price_once(app: App, pia: int) -> None:
    old = earn(app, pia, "projected")
    first, second = (app.reschedule(old, now() + LATER) for _ in range(2))

    for booking_id in (first, second, old):
        app.end_video_room(booking_id)

    assert purse(app, pia) == {"pending": 8500}


def test_what_was_paid_stays_behind_and_the_new_booking_earns_nothing(app: App, pia: int) -> None:
    old = earn(app, pia, "paid")

    new = app.reschedule(old, now() + LATER)
    app.end_video_room(new)

    assert app.earnings(old) == [("paid", 10000, 8500)]
    assert [row for row in app.earnings(new) if row[0] != "reversed"] == []
    assert "reschedule_already_paid" in matters(app, "booking", new)
    assert purse(app, pia) == {"paid": 8500}


def test_a_task_that_comes_after_the_move_earns_for_the_new_booking(app: App, pia: int) -> None:
    old = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    new = app.reschedule(old, now() + LATER)

    app.earnings_task(old)

    assert app.earnings(old) == []
    assert app.earnings(new) == [("projected", 10000, 8500)]
    assert purse(app, pia) == {"projected": 8500}


def test_a_session_that_moved_earns_its_share_of_the_package(app: App, pia: int) -> None:
    order, (first, second) = sold_package(app, pia, 2, 20001)
    moved = app.reschedule(first, now() + LATER)

    for session in (moved, second):
        app.end_video_room(session)

    assert app.earnings(moved) == [("pending", 10000, 8500)]
    assert app.earnings(second) == [("pending", 10001, 8501)]
    stored = app.row("payments_order", order["id"])["package_metadata"]
    assert stored["sessions_completed"] == 2
    assert purse(app, pia) == {"pending": 17001}


def test_a_delivered_session_that_moves_gives_its_share_back_until_it_is_delivered(
    app: App, pia: int
) -> None:
    order, (first, second) = sold_package(app, pia, 2, 20001)
    app.end_video_room(first)

    moved = app.reschedule(first, now() + LATER)

    stored = app.row("payments_order", order["id"])["package_metadata"]
    assert stored["sessions_completed"] == 0
    assert purse(app, pia) == {"projected": 8500}
    app.end_video_room(second)
    app.end_video_room(moved)
    assert app.earnings(second) == [("pending", 10000, 8500)]
    assert app.earnings(moved) == [("pending", 10001, 8501)]
    assert purse(app, pia) == {"pending": 17001}


def test_a_moved_booking_that_is_canceled_earns_nothing(app: App, pia: int) -> None:
    old = earn(app, pia, "projected")
    new = app.reschedule(old, now() + LATER)

    app.cancel(new)

    assert purse(app, pia) == {}


def test_an_appointment_edited_in_place_takes_its_hold_along(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "projected")
    booking = app.get("bookings_booking", booking_id)

    app.save(booking, end_time=booking.end_time + LATER)
    assert only_earnings(app, booking_id)["available_after"] == booking.end_time + HOLD

    deliver_long_ago(app, booking_id)
    app.save(app.get("bookings_booking", booking_id), end_time=booking.end_time + LATER)
    assert only_earnings(app, booking_id)["available_after"] < now()
