"""What a practitioner ends up with when the app before the plan writes as it always has."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from marketplace_app import HOLD, App, now, refused


def test_a_booked_appointment_earns_projected_from_its_end(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert (row["status"], row["net_amount_cents"]) == ("projected", 8500)
    assert row["available_after"] == app.row("bookings_booking", booking_id)["end_time"] + HOLD


def test_completion_moves_it_to_pending_with_the_hold_from_the_delivery(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    before = now()

    app.mark_completed(app.get("bookings_booking", booking_id))

    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert row["status"] == "pending"
    assert before + HOLD <= row["available_after"] <= now() + HOLD


def test_the_video_room_completes_it_just_as_well(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    app.end_video_room(booking_id)

    assert app.earnings(booking_id) == [("pending", 10000, 8500)]
    assert app.row("bookings_booking", booking_id)["completed_at"] is not None


def test_a_lost_earnings_task_loses_nobody_their_pay(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)

    app.mark_completed(app.get("bookings_booking", booking_id))
    app.earnings_task(booking_id)

    assert app.earnings(booking_id) == [("pending", 10000, 8500)]


def test_what_the_engine_creates_for_a_delivery_never_wakes_the_apps_broken_reversal(
    app: App, pia: int
) -> None:
    """R6: the app looks for the type `booking`."""
    yesterday = now() - timedelta(days=1)
    service_id = app.service(pia)
    saved, ended, due = (
        app.checkout(app.client(), service_id, start=yesterday, run_earnings_task=False)
        for _ in range(3)
    )
    parent = app.checkout(app.client(), app.package(service_id, 2, 10001), run_earnings_task=False)
    session = app.children(parent)[0]["id"]

    app.mark_completed(app.get("bookings_booking", saved))
    app.end_video_room(ended)
    app.end_video_room(session)
    app.execute("select * from earnings.complete_due()")

    created = app.rows("payments_earningstransaction")
    assert {row["booking_id"] for row in created} == {saved, ended, session, due}
    assert {row["transaction_type"] for row in created} == {"booking_completion"}


def test_an_earnings_task_that_runs_twice_pays_once(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    assert app.earnings_task(booking_id) is None

    assert app.earnings(booking_id) == [("projected", 10000, 8500)]


def test_a_stale_save_of_a_completed_booking_undoes_nothing(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    stale = app.get("bookings_booking", booking_id)
    app.mark_completed(app.get("bookings_booking", booking_id))

    app.save(stale)

    booking = app.row("bookings_booking", booking_id)
    assert booking["status"] == "completed"
    assert booking["completed_at"] is not None
    assert app.earnings(booking_id) == [("pending", 10000, 8500)]


@pytest.mark.parametrize("spelling", ["canceled", "cancelled"])
def test_a_cancellation_reverses_what_was_projected(app: App, pia: int, spelling: str) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    app.cancel(booking_id, spelling)

    booking = app.row("bookings_booking", booking_id)
    assert (booking["status"], booking["canceled_at"] is None) == ("canceled", False)
    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_cancellation_of_before_the_engine_counts_from_its_next_save_on(
    app: App, conn: psycopg.Connection, pia: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        conn.execute(
            "update bookings_booking set status = 'cancelled', canceled_at = now() where id = %s",
            [booking_id],
        )

    app.save(app.get("bookings_booking", booking_id))

    assert app.row("bookings_booking", booking_id)["status"] == "canceled"
    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_late_earnings_task_after_a_cancellation_earns_nothing(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    app.cancel(booking_id)

    app.earnings_task(booking_id)

    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_rescheduled_end_moves_the_hold(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    booking = app.get("bookings_booking", booking_id)

    app.save(booking, end_time=booking.end_time + timedelta(days=3))

    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert row["available_after"] == booking.end_time + HOLD


def test_earnings_follow_a_reschedule_and_earn_once(app: App, pia: int) -> None:
    first = app.checkout(app.client(), app.service(pia))
    second = app.reschedule(first, now() + timedelta(days=20))
    third = app.reschedule(second, now() + timedelta(days=30))

    [row] = app.rows("payments_earningstransaction", booking_id=third)
    assert row["available_after"] == app.row("bookings_booking", third)["end_time"] + HOLD
    assert app.row("bookings_booking", third)["order_id"] == app.order_of(first)["id"]
    app.end_video_room(third)

    assert [app.earnings(booking) for booking in (first, second, third)] == [
        [],
        [],
        [("pending", 10000, 8500)],
    ]


def test_a_late_earnings_task_for_a_rescheduled_booking_earns_for_its_successor(
    app: App, pia: int
) -> None:
    first = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    second = app.reschedule(first, now() + timedelta(days=20))

    app.earnings_task(first)

    assert app.earnings(first) == []
    assert app.earnings(second) == [("projected", 10000, 8500)]


def test_what_was_paid_before_a_reschedule_is_not_paid_again(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    first = paid_booking(app, pia)
    second = app.reschedule(first, now() + timedelta(days=20))

    app.end_video_room(second)

    assert app.earnings(first) == [("paid", 10000, 8500)]
    assert app.earnings(second) == []
    assert conn.execute(
        "select subject_id from earnings.exceptions where kind = 'reschedule_already_paid'"
    ).fetchall() == [(second,)]


def test_the_app_cannot_release_a_hold_early(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    app.end_video_room(booking_id)
    [row] = app.objects("payments_earningstransaction", booking_id=booking_id)

    with refused("23X02"):
        app.release(row)
    assert app.earnings(booking_id) == [("pending", 10000, 8500)]


def test_a_release_loop_cannot_revive_what_was_reversed_meanwhile(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    app.end_video_room(booking_id)
    [stale] = app.objects("payments_earningstransaction", booking_id=booking_id)
    app.cancel(booking_id)

    with refused("23X01"):
        app.release(stale)
    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_canceled_booking_that_was_paid_out_is_clawed_back_once(app: App, pia: int) -> None:
    booking_id = paid_booking(app, pia)

    app.cancel(booking_id)
    app.cancel(booking_id)
    [paid, _] = app.rows("payments_earningstransaction", booking_id=booking_id)
    app.update("payments_earningstransaction", paid["id"], status="reversed")

    assert app.earnings(booking_id) == [("paid", 10000, 8500), ("available", -10000, -8500)]
    assert app.cached(pia)["available_balance_cents"] == -8500


def test_a_payout_leaves_the_cached_balance_true(app: App, pia: int) -> None:
    paid_booking(app, pia)

    cached = app.cached(pia)
    assert cached["available_balance_cents"] == 0
    assert cached["lifetime_payouts_cents"] == 8500


def test_a_failed_payout_returns_its_rows_without_a_new_hold(app: App, pia: int) -> None:
    booking_id = paid_booking(app, pia)
    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)

    app.update("payments_practitionerpayout", row["payout_id"], status="failed")
    app.update("payments_practitionerpayout", row["payout_id"], status="completed")

    [returned] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert (returned["status"], returned["payout_id"]) == ("available", None)
    assert returned["available_after"] == row["available_after"]
    assert app.row("payments_practitionerpayout", row["payout_id"])["status"] == "failed"


def test_the_app_can_neither_write_the_history_nor_delete_it(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    app.checkout(app.client(), app.service(pia))

    for statement in (
        "update earnings.transitions set net_amount_cents = 0",
        "delete from earnings.transitions",
        "truncate earnings.transitions",
    ):
        with refused("23X08"):
            conn.execute(statement)


def test_every_step_is_in_the_history_and_sums_to_the_table(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    paid_booking(app, pia)

    events = conn.execute(
        "select from_status, to_status from earnings.transitions order by earnings_id, stamped_at"
    ).fetchall()
    balance = conn.execute(
        "select status, net_amount_cents from earnings.balance_as_of(%s)", [pia]
    ).fetchall()
    assert events == [
        (None, "projected"),
        ("projected", "pending"),
        ("pending", "available"),
        ("available", "paid"),
    ]
    assert balance == [("paid", 8500)]


def paid_booking(app: App, practitioner_id: int) -> int:
    booking_id = app.checkout(app.client(), app.service(practitioner_id))
    deliver_and_pay_out(app, practitioner_id, booking_id)
    return booking_id


def deliver_and_pay_out(app: App, practitioner_id: int, booking_id: int) -> None:
    """A booking delivered four days ago, released, and paid out by the app."""
    delivered_at = now() - timedelta(days=4)
    app.update("bookings_booking", booking_id, status="completed", completed_at=delivered_at)
    app.execute("select * from earnings.release_holds()")
    app.pay_out(practitioner_id)


def test_a_correction_says_what_was_offered_and_what_was_stored(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    [(offered, stored)] = conn.execute(
        "select offered, stored from earnings.corrections where subject = 'earnings'"
    ).fetchall()

    assert offered.keys() == stored.keys() == {"status", "available_after"}
    assert (offered["status"], stored["status"]) == ("pending", "projected")
    end = app.row("bookings_booking", booking_id)["end_time"]
    assert datetime.fromisoformat(stored["available_after"]) == end + HOLD
