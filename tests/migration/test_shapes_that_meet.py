"""Dirty shapes that were found where others met on the same row (disorder.sql)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from earnings_pipeline import checks, migration
from marketplace_app import now
from migration.support import Town, exceptions

PAST = now() - timedelta(days=30)


def failing(town: Town, *names: str) -> list[str]:
    return [result.name for result in checks.run(town.conn, list(names)) if not result.ok]


@pytest.mark.parametrize("told_by", ["booking", "order"])
def test_what_was_refunded_before_it_had_earnings_never_earns(town: Town, told_by: str) -> None:
    booking = town.sell(start=PAST, run_earnings_task=False)
    town.app.end_video_room(booking)
    if told_by == "booking":
        town.app.update("bookings_booking", booking, payment_status="refunded")
    else:
        (usage,) = town.app.rows(
            "payments_usercredittransaction", booking_id=booking, transaction_type="usage"
        )
        town.app.refund_order(usage["order_id"])

    migration.up(town.conn)

    assert town.app.earnings(booking) == [("reversed", 10000, 8500)]
    assert failing(town, "every_delivered_booking_earns") == []

    town.app.save(town.app.get("bookings_booking", booking))
    town.app.end_video_room(booking)

    assert town.app.earnings(booking) == [("reversed", 10000, 8500)]


def test_what_was_not_refunded_and_has_no_earnings_earns(town: Town) -> None:
    booking = town.sell(start=PAST, run_earnings_task=False)
    town.app.end_video_room(booking)

    migration.up(town.conn)

    assert town.app.earnings(booking) == [("pending", 10000, 8500)]


def test_a_reversed_row_was_not_paid_by_the_payout_it_names(town: Town) -> None:
    booking = town.sell(start=PAST)
    town.app.end_video_room(booking)
    (row,) = town.app.objects("payments_earningstransaction", booking_id=booking)
    town.app.release(row)
    payout = town.app.pay_out(town.practitioner)
    town.app.update("payments_earningstransaction", row.pk, status="reversed")

    migration.up(town.conn)

    (row,) = town.app.rows("payments_earningstransaction", booking_id=booking)
    assert (row["status"], row["payout_id"]) == ("reversed", None)
    assert exceptions(town.conn, payout, "payout") == {"payout_amount_differs"}
    assert failing(town, "only_paid_earnings_have_a_payout") == []


def test_a_hold_that_stayed_behind_follows_the_appointment(town: Town) -> None:
    booking = town.sell(start=now() + timedelta(days=3))
    (row,) = town.app.rows("payments_earningstransaction", booking_id=booking)
    town.app.update("payments_earningstransaction", row["id"], status="projected")

    migration.up(town.conn)

    (row,) = town.app.rows("payments_earningstransaction", booking_id=booking)
    end = town.app.row("bookings_booking", booking)["end_time"]
    assert (row["status"], row["available_after"]) == ("projected", end + timedelta(hours=48))
    assert failing(town, "holds_match") == []


def test_a_second_delivery_of_a_direct_order_is_reported_as_that(town: Town) -> None:
    first = town.sell(start=PAST)
    second = town.app.reschedule(first, PAST + timedelta(days=1))
    for booking in (first, second):
        town.app.end_video_room(booking)
    # the second does not stand for the first any more, but the credit row of its order is the same
    town.app.update("bookings_booking", second, rescheduled_from_id=None, parent_booking_id=first)

    migration.up(town.conn)

    assert exceptions(town.conn, second) == {"order_earns_already"}
    assert failing(town, "every_delivered_booking_earns") == []
