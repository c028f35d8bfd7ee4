"""What the admin may write and delete, and what it may not."""

from __future__ import annotations

import pytest

from flows.support import earn, matters, only_earnings, purse, sold_package, steps
from marketplace_app import App, now, refused


def earnings_object(app: App, booking_id: int) -> object:
    [found] = app.objects("payments_earningstransaction", booking_id=booking_id)
    return found


def test_a_description_is_free_to_edit_and_the_money_is_not(app: App, pia: int) -> None:
    row = earnings_object(app, earn(app, pia, "pending"))

    app.save(row, description="edited")
    for change in (
        {"net_amount_cents": 9999},
        {"gross_amount_cents": 1},
        {"practitioner_id": app.practitioner()},
    ):
        with refused("23X05"):
            app.save(app.get("payments_earningstransaction", row.pk), **change)
    app.save(app.get("payments_earningstransaction", row.pk), currency="EUR")

    stored = app.row("payments_earningstransaction", row.pk)
    assert (stored["description"], stored["currency"]) == ("edited", "USD")
    assert purse(app, pia) == {"pending": 8500}


@pytest.mark.parametrize(
    ("status", "wanted", "sqlstate"),
    [
        ("projected", "available", "23X01"),
        ("projected", "paid", "23X01"),
        ("pending", "projected", "23X01"),
        ("pending", "available", "23X02"),
        ("available", "paid", "23X03"),
        ("available", "pending", "23X01"),
        ("pending", "withdrawn", "23X07"),
    ],
)
def test_a_status_typed_in_by_hand_follows_the_rules(
    app: App, pia: int, status: str, wanted: str, sqlstate: str
) -> None:
    row = earnings_object(app, earn(app, pia, status))

    with refused(sqlstate):
        app.save(row, status=wanted)

    assert purse(app, pia) == {status: 8500}


def test_a_row_that_was_open_in_the_admin_during_the_delivery_is_refused_whole(
    app: App, pia: int
) -> None:
    booking_id = earn(app, pia, "projected")
    stale = earnings_object(app, booking_id)
    app.end_video_room(booking_id)

    with refused("23X01"):
        app.save(stale, description="edited")

    assert purse(app, pia) == {"pending": 8500}


def test_a_bonus_is_available_at_once_and_paid_with_the_rest(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "available")

    app.insert(
        "payments_earningstransaction",
        booking_id=booking_id,
        practitioner_id=pia,
        gross_amount_cents=1000,
        net_amount_cents=1000,
        status="available",
        available_after=now(),
        transaction_type="bonus",
    )
    assert purse(app, pia) == {"available": 9500}
    app.pay_out(pia)

    assert purse(app, pia) == {"paid": 9500}


def test_a_package_whose_price_is_edited_after_its_first_delivery_keeps_its_terms(
    app: App, pia: int
) -> None:
    order, sessions = sold_package(app, pia, 2, 20000)
    app.end_video_room(sessions[0])

    app.save(
        app.get("payments_order", order["id"]),
        subtotal_amount_cents=40000,
        total_amount_cents=40000,
    )
    app.end_video_room(sessions[1])

    assert "terms_changed_after_freeze" in matters(app, "order", order["id"])
    assert purse(app, pia) == {"pending": 2 * 8500}


def test_a_practitioner_with_nothing_but_projected_earnings_can_be_deleted(
    app: App, pia: int
) -> None:
    booking_id = earn(app, pia, "projected")
    row = only_earnings(app, booking_id)

    app.delete("practitioners_practitioner", pia)

    assert app.rows("practitioners_practitioner", id=pia) == []
    assert app.rows("payments_practitionerearnings", practitioner_id=pia) == []
    assert app.rows("payments_earningstransaction", practitioner_id=pia) == []
    assert steps(app, row["id"]) == ["projected", None]


@pytest.mark.parametrize("status", ["pending", "available", "paid"])
@pytest.mark.parametrize("table", ["practitioners_practitioner", "bookings_booking"])
def test_what_carries_money_cannot_be_deleted(app: App, pia: int, status: str, table: str) -> None:
    booking_id = earn(app, pia, status)

    with refused("23X06"):
        app.delete(table, pia if table.startswith("pr") else booking_id)

    assert app.row("bookings_booking", booking_id)["status"] == "completed"
    assert purse(app, pia) == {status: 8500}


def test_a_canceled_booking_can_be_deleted_with_its_reversed_earnings(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "pending")
    app.cancel(booking_id)
    row = only_earnings(app, booking_id)

    app.delete("bookings_booking", booking_id)

    assert app.rows("bookings_booking", id=booking_id) == []
    assert steps(app, row["id"]) == ["projected", "pending", "reversed", None]
    assert purse(app, pia) == {}


def test_a_client_is_deleted_with_all_that_was_only_projected(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "projected")
    client = app.row("bookings_booking", booking_id)["user_id"]
    order_id = app.order_of(booking_id)["id"]

    app.delete("users_user", client)

    assert app.rows("bookings_booking", user_id=client) == []
    assert app.rows("payments_order", id=order_id) == []
    assert purse(app, pia) == {}


def test_a_deleted_session_no_longer_counts(app: App, pia: int) -> None:
    order, (first, second) = sold_package(app, pia, 2, 20000)
    app.end_video_room(second)

    app.delete("bookings_booking", first)

    stored = app.row("payments_order", order["id"])["package_metadata"]
    assert stored["sessions_completed"] == 1
    assert purse(app, pia) == {"pending": 8500}


def test_a_deleted_credit_row_is_taken_off_the_booking_under_either_name(
    app: App, pia: int
) -> None:
    booking_id = earn(app, pia, "projected")
    link = "payment_transaction_id" if app.is_before else "credit_usage_transaction_id"
    [usage] = app.rows(
        "payments_usercredittransaction", booking_id=booking_id, transaction_type="usage"
    )
    app.save(app.get("bookings_booking", booking_id), **{link: usage["id"]})
    booking = app.row("bookings_booking", booking_id)
    assert (
        booking["payment_transaction_id"] == booking["credit_usage_transaction_id"] == usage["id"]
    )

    app.delete("payments_usercredittransaction", usage["id"])

    booking = app.row("bookings_booking", booking_id)
    assert booking["payment_transaction_id"] is booking["credit_usage_transaction_id"] is None
    assert purse(app, pia) == {"projected": 8500}


def test_an_order_of_the_later_version_takes_its_undelivered_bookings_along(
    after: App, pia: int
) -> None:
    booking_id = earn(after, pia, "projected")

    after.delete("payments_order", after.order_of(booking_id)["id"])

    assert after.rows("bookings_booking", id=booking_id) == []
    assert purse(after, pia) == {}


def test_an_order_of_the_earlier_version_leaves_its_bookings_what_they_earn(
    before: App, pia: int
) -> None:
    booking_id = earn(before, pia, "projected")

    before.delete("payments_order", before.order_of(booking_id)["id"])

    assert before.row("bookings_booking", booking_id)["order_id"] is None
    assert purse(before, pia) == {"projected": 8500}
    before.delete("bookings_booking", booking_id)
