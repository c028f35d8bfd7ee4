"""The tests that the implementation plan itself asks for, on both versions of the app."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.support import only_earnings, purse, sold_package
from marketplace_app import HOLD, App, now

WEEK = timedelta(days=7)


def test_create_earnings_with_projected_status(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)

    app.earnings_task(booking_id, gross_cents=10000)

    row = only_earnings(app, booking_id)
    assert row["status"] == "projected"
    assert row["available_after"] > now()


def test_package_earnings_use_session_value(app: App, pia: int) -> None:
    _, sessions = sold_package(app, pia, 5, 40000)
    app.schedule(sessions[0], now())

    app.earnings_task(sessions[0], gross_cents=40000)

    row = only_earnings(app, sessions[0])
    assert (row["status"], row["gross_amount_cents"]) == ("projected", 8000)


def test_available_after_uses_booking_end_time(app: App, pia: int) -> None:
    booking_id = app.checkout(
        app.client(), app.service(pia), start=now() + WEEK, run_earnings_task=False
    )

    app.earnings_task(booking_id)

    end = app.row("bookings_booking", booking_id)["end_time"]
    assert only_earnings(app, booking_id)["available_after"] == end + HOLD


def test_marking_a_booking_completed_moves_its_earnings_to_pending(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), start=now() + WEEK)
    began = now()

    app.mark_completed(app.get("bookings_booking", booking_id))

    row = only_earnings(app, booking_id)
    assert app.row("bookings_booking", booking_id)["status"] == "completed"
    assert row["status"] == "pending"
    assert began + HOLD <= row["available_after"] <= now() + HOLD


def test_complete_package_purchase_flow(app: App, pia: int) -> None:
    order, sessions = sold_package(app, pia, 5, 40000)
    assert order["order_type"] == "package"
    assert order["package_metadata"]["total_sessions"] == 5
    assert len(sessions) == 5
    for session in sessions:
        booking = app.row("bookings_booking", session)
        assert (booking["order_id"], booking["status"]) == (order["id"], "draft")
        assert app.earnings(session) == []

    app.schedule(sessions[0], now())
    if app.is_before:
        app.end_video_room(sessions[0])
    else:
        app.mark_completed(app.get("bookings_booking", sessions[0]))

    metadata = app.row("payments_order", order["id"])["package_metadata"]
    assert app.earnings(sessions[0]) == [("pending", 8000, 6800)]
    assert metadata["session_value_cents"] == 8000
    assert (metadata["sessions_completed"], metadata["total_sessions"]) == (1, 5)


def test_one_booking_after_another_adds_up_to_the_price(app: App, pia: int) -> None:
    _, sessions = sold_package(app, pia, 5, 40000)

    for delivered, session in enumerate(sessions, start=1):
        app.end_video_room(session)
        assert purse(app, pia) == {"pending": delivered * 6800}


@pytest.mark.parametrize(("credits_cents", "card_cents"), [(0, 10000), (2000, 8000), (10000, 0)])
def test_credits_and_card_are_all_tracked(
    app: App, pia: int, credits_cents: int, card_cents: int
) -> None:
    client = app.client()

    booking_id = app.checkout(client, app.service(pia), credits_cents=credits_cents)

    order, booking = app.order_of(booking_id), app.row("bookings_booking", booking_id)
    assert order["credits_applied_cents"] == booking["discount_amount_cents"] == credits_cents
    assert order["total_amount_cents"] == booking["final_amount_cents"] == card_cents
    rows = app.rows("payments_usercredittransaction", user_id=client)
    assert [(row["transaction_type"], row["amount_cents"]) for row in rows] == [
        ("purchase", 10000),
        ("usage", -10000),
    ]
    assert {row["order_id"] for row in rows} == {order["id"]}
    assert rows[1]["booking_id"] == booking_id
    assert purse(app, pia) == {"projected": 8500}
