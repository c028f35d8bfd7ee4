"""Dirty shapes that were found where others met on the same row (disorder.sql)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from earnings_pipeline import checks, migration
from earnings_pipeline.progress import Progress
from marketplace_app import now
from migration.support import Town, exceptions, one

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


def paid_and_gone(town: Town) -> int:
    """Sell an appointment, deliver it and pay for it."""
    booking = town.sell(start=PAST)
    town.app.end_video_room(booking)
    (row,) = town.app.objects("payments_earningstransaction", booking_id=booking)
    town.app.release(row)
    town.app.pay_out(town.practitioner)
    return booking


def test_both_successors_of_a_paid_booking_are_reported(town: Town) -> None:
    first = paid_and_gone(town)
    delivered = town.app.reschedule(first, PAST + timedelta(days=1))
    to_come = town.app.reschedule(first, now() + timedelta(days=1))
    town.app.end_video_room(delivered)

    migration.up(town.conn)

    assert town.app.earnings(delivered) == town.app.earnings(to_come) == []
    for booking in (delivered, to_come):
        assert exceptions(town.conn, booking) == {"reschedule_already_paid"}


def test_of_two_successors_one_gets_the_earnings(town: Town) -> None:
    first = town.sell(start=PAST)
    others = [town.app.reschedule(first, now() + timedelta(days=day)) for day in (1, 2)]

    migration.up(town.conn)

    assert [town.app.earnings(booking) for booking in (first, *others)] == [
        [],
        [],
        [("projected", 10000, 8500)],
    ]
    changes = "select count(*) from earnings_migration.row_changes where step = %s"
    assert one(town.conn, changes, "015_follow_reschedules") == 1


def test_a_room_that_ends_on_a_rescheduled_appointment_delivers_nothing(town: Town) -> None:
    first = town.sell(start=PAST)
    successor = town.app.reschedule(first, now() + timedelta(days=1))
    town.app.end_video_room(first)

    migration.up(town.conn)

    assert town.app.earnings(first) == []
    assert town.app.earnings(successor) == [("projected", 10000, 8500)]
    assert failing(town, "every_delivered_booking_earns", "delivered_bookings_say_when") == []


def test_a_rescheduled_session_uses_no_slot_and_is_not_counted(town: Town) -> None:
    package = town.app.package(town.service, 3, 10001)
    parent = town.app.checkout(town.client, package)
    first, second, _ = (child["id"] for child in town.app.children(parent))
    successor = town.app.reschedule(first, PAST)
    for session in (first, successor, second):
        town.app.end_video_room(session)

    migration.up(town.conn)

    assert town.app.earnings(first) == []
    assert {town.app.earnings(booking)[0][1] for booking in (successor, second)} == {3333, 3334}
    assert town.app.order_of(parent)["package_metadata"]["sessions_completed"] == 2
    assert failing(town, "session_counts_are_facts") == []


def test_a_purchase_that_was_rescheduled_still_earns_nothing(town: Town) -> None:
    package = town.app.package(town.service, 2, 10000)
    parent = town.app.checkout(town.client, package)
    successor = town.app.reschedule(parent, now() + timedelta(days=1))

    migration.up(town.conn)

    assert {status for status, _, _ in town.app.earnings(parent)} == {"reversed"}
    assert town.app.earnings(successor) == []


def up_to(town: Town, step: str) -> None:
    """Run the migration's steps one after another, up to this one."""
    for found in migration.status(town.conn):
        migration.up(town.conn, step=found.step)
        if found.step == step:
            return


def test_a_slot_that_a_refund_lowered_meanwhile_stays_lowered(town: Town) -> None:
    package = town.app.package(town.service, 1, 10000)
    parent = town.app.checkout(town.client, package)
    (session,) = (child["id"] for child in town.app.children(parent))
    up_to(town, "060_return_undelivered_earnings")
    town.app.credit_order(town.order_of(parent) or 0, 2000)
    town.app.end_video_room(session)
    assert [gross for _, gross, _ in town.app.earnings(session)] == [8000]

    migration.up(town.conn)

    assert [gross for _, gross, _ in town.app.earnings(session)] == [8000]
    assert failing(town, "sessions_earn_their_slot") == []


def test_who_follows_a_booking_whose_order_is_not_found_yet_gets_it_too(town: Town) -> None:
    town.sell()
    booking = town.sell()
    successors: list[int] = []

    def reschedule(progress: Progress) -> None:
        has_begun = progress.task.startswith("020_link") and "looked at" in progress.note
        if has_begun and not successors:
            assert town.order_of(booking) is None
            successors.append(town.app.reschedule(booking, now() + timedelta(days=3)))

    migration.up(town.conn, batch_size=1, report=reschedule)

    assert town.order_of(successors[0]) == town.order_of(booking)
    assert town.order_of(booking) is not None
    assert all(not v.offenders for v in migration.verify(town.conn))
