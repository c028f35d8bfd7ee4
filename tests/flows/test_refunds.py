"""What a practitioner has after a refund that is not a cancellation (R9)."""

from __future__ import annotations

import pytest

from flows.support import deliver_long_ago, earn, matters, purse, sold_package, steps
from marketplace_app import App

UNPAID = ("projected", "pending", "available")


@pytest.mark.parametrize("status", UNPAID)
def test_a_refund_of_everything_takes_back_what_was_not_paid(
    app: App, pia: int, status: str
) -> None:
    booking_id = earn(app, pia, status)

    app.refund(booking_id)

    assert {found for found, _, _ in app.earnings(booking_id)} == {"reversed"}
    assert purse(app, pia) == {}


@pytest.mark.parametrize("status", UNPAID)
def test_refunds_of_parts_add_up_and_move_with_what_they_lower(
    app: App, pia: int, status: str
) -> None:
    booking_id = earn(app, pia, status)

    app.refund(booking_id, 2500)
    # 7500 remain: 1125 of commission
    assert purse(app, pia) == {status: 6375}
    app.refund(booking_id, 833)
    # 6667 remain: trunc(1000.05) of commission
    assert purse(app, pia) == {status: 5667}

    original, first, second = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert {row["transaction_type"] for row in (first, second)} == {"adjustment"}
    assert [row["gross_amount_cents"] for row in (first, second)] == [-2500, -833]
    assert first["available_after"] == second["available_after"] == original["available_after"]


def test_a_part_refunded_before_the_delivery_is_pending_available_and_paid_with_the_rest(
    app: App, pia: int
) -> None:
    booking_id = earn(app, pia, "projected")
    app.refund(booking_id, 2500)

    deliver_long_ago(app, booking_id)
    assert purse(app, pia) == {"pending": 6375}
    app.release_due()
    assert purse(app, pia) == {"available": 6375}
    payout_id = app.pay_out(pia)

    assert app.row("payments_practitionerpayout", payout_id)["credits_payout_cents"] == 6375
    assert purse(app, pia) == {"paid": 6375}
    _, adjustment = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert steps(app, adjustment["id"]) == ["projected", "pending", "available", "paid"]


@pytest.mark.parametrize(("refunded", "owed"), [(2500, -2125), (10000, -8500)])
def test_a_refund_of_what_was_paid_is_owed_back_at_once(
    app: App, pia: int, refunded: int, owed: int
) -> None:
    booking_id = earn(app, pia, "paid")

    app.refund(booking_id, refunded)

    assert purse(app, pia) == {"paid": 8500, "available": owed}


@pytest.mark.parametrize(
    ("credits_cents", "refunded", "remaining"),
    [
        (2000, 8000, 0),  # the card part is everything
        (2000, 4000, 4250),  # half of the card part is half of the price
        (2000, 9000, 850),  # more than the card part counts against the price
        (10000, 2500, 6375),  # nothing was charged: against the price
        (0, 1, 8500),  # 9999 remain, less trunc(1499.85) of commission
    ],
)
def test_a_refund_counts_against_the_part_the_client_paid_by_card(
    app: App, pia: int, credits_cents: int, refunded: int, remaining: int
) -> None:
    booking_id = earn(app, pia, "pending", credits_cents=credits_cents)

    app.refund(booking_id, refunded)

    assert purse(app, pia) == ({"pending": remaining} if remaining else {})


def test_a_further_refund_never_raises_what_remains(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "pending", credits_cents=2000)
    app.refund(booking_id, 8000)
    assert purse(app, pia) == {}

    app.refund(booking_id, 1000)

    assert purse(app, pia) == {}


def test_more_than_the_price_takes_no_more_than_the_price(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "paid")

    app.refund(booking_id, 25000)

    assert purse(app, pia) == {"paid": 8500, "available": -8500}


def test_a_refunded_session_of_a_package_keeps_its_place(app: App, pia: int) -> None:
    _, sessions = sold_package(app, pia, 3, 40000)
    app.end_video_room(sessions[0])

    app.refund(sessions[0], 13333)
    for session in sessions[1:]:
        app.end_video_room(session)

    assert {status for status, _, _ in app.earnings(sessions[0])} == {"reversed"}
    assert [app.earnings(session) for session in sessions[1:]] == [
        [("pending", 13333, 11334)],
        [("pending", 13334, 11334)],
    ]
    assert purse(app, pia) == {"pending": 2 * 11334}


@pytest.mark.parametrize("status", [*UNPAID, "paid"])
def test_a_card_refund_of_the_whole_order_is_a_refund_of_everything(
    app: App, pia: int, status: str
) -> None:
    booking_id = earn(app, pia, status)
    order_id = app.order_of(booking_id)["id"]

    app.refund_order(order_id)
    app.refund_order(order_id)

    assert purse(app, pia) == ({"paid": 8500, "available": -8500} if status == "paid" else {})


def test_a_partial_card_refund_carries_no_amount_and_is_left_to_a_person(
    app: App, pia: int
) -> None:
    booking_id = earn(app, pia, "pending")
    order_id = app.order_of(booking_id)["id"]

    app.refund_order(order_id, "partially_refunded")

    assert purse(app, pia) == {"pending": 8500}
    assert "refund_without_amount" in matters(app, "order", order_id)


def test_a_partial_card_refund_with_its_credit_row_lowers_what_remains(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "pending")
    order_id = app.order_of(booking_id)["id"]

    app.credit_order(order_id, 2500)
    app.refund_order(order_id, "partially_refunded")

    assert purse(app, pia) == {"pending": 6375}
    assert matters(app, "order", order_id) == set()


def test_a_sale_refunded_before_its_earnings_task_earns_nothing(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    app.refund_order(app.order_of(booking_id)["id"])

    app.earnings_task(booking_id)
    app.end_video_room(booking_id)

    assert purse(app, pia) == {}


def test_a_refunded_package_takes_its_unused_sessions_and_leaves_the_delivered_to_a_person(
    app: App, pia: int
) -> None:
    order, (first, second, _) = sold_package(app, pia, 3, 40000)
    app.end_video_room(first)

    app.refund_order(order["id"])
    app.end_video_room(second)

    assert app.earnings(first) == [("pending", 13333, 11334)]
    assert [row for row in app.earnings(second) if row[0] != "reversed"] == []
    assert "refund_exceeds_unused_sessions" in matters(app, "order", order["id"])
    assert "session_without_slot" in matters(app, "booking", second)
    assert purse(app, pia) == {"pending": 11334}


def test_credits_for_a_part_of_a_package_use_up_its_last_places(app: App, pia: int) -> None:
    order, (first, second, third) = sold_package(app, pia, 3, 40000)

    app.credit_order(order["id"], 13334)
    for session in (first, second, third):
        app.end_video_room(session)

    assert [app.earnings(session) for session in (first, second)] == [
        [("pending", 13333, 11334)],
        [("pending", 13333, 11334)],
    ]
    assert [row for row in app.earnings(third) if row[0] != "reversed"] == []
    assert "session_without_slot" in matters(app, "booking", third)
    assert purse(app, pia) == {"pending": 2 * 11334}
