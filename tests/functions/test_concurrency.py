"""Two sessions at once on the same rows: whoever waits sees what the other committed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError

from functions.test_lifecycle import paid_booking
from marketplace_app import App, now, refused


def test_a_cancel_and_a_late_earnings_task_leave_nothing_to_earn(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)

    meanwhile(lambda one: one.cancel(booking_id), lambda two: two.earnings_task(booking_id))

    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_late_earnings_task_and_a_cancel_leave_nothing_to_earn(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)

    meanwhile(lambda one: one.earnings_task(booking_id), lambda two: two.cancel(booking_id))

    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_late_earnings_task_waits_for_the_booking_that_its_own_was_rescheduled_to(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    later = app.reschedule(booking_id, now())

    meanwhile(lambda one: one.cancel(later), lambda two: two.earnings_task(booking_id))

    assert app.earnings(later) == [("reversed", 10000, 8500)]


def test_a_refund_stands_as_its_original_that_is_released_meanwhile(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    long_ago = now() - timedelta(days=4)
    app.update("bookings_booking", booking_id, status="completed", completed_at=long_ago)

    meanwhile(
        lambda one: one.execute("select * from earnings.release_holds()"),
        lambda two: two.refund(booking_id, 4000),
    )

    assert app.earnings(booking_id) == [("available", 10000, 8500), ("available", -4000, -3400)]


def test_two_sessions_of_a_package_take_two_slots(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10001))
    first, second = (child["id"] for child in app.children(parent))

    meanwhile(lambda one: one.end_video_room(first), lambda two: two.end_video_room(second))

    assert app.earnings(first) == [("pending", 5000, 4250)]
    assert app.earnings(second) == [("pending", 5001, 4251)]
    assert app.order_of(parent)["package_metadata"]["sessions_completed"] == 2


def test_a_stale_order_save_that_waited_counts_what_was_committed(
    app: App, upgraded: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10000))
    first = app.children(parent)[0]["id"]
    stale = upgraded.get("payments_order", app.order_of(parent)["id"])

    meanwhile(
        lambda one: one.end_video_room(first),
        lambda two: two.update("payments_order", stale.pk, package_metadata=stale.package_metadata),
        form="after",
    )

    assert app.order_of(parent)["package_metadata"]["sessions_completed"] == 1


def test_two_completions_of_one_practitioner_add_up_in_the_cache(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    service_id = app.service(pia)
    first, second = (app.checkout(app.client(), service_id) for _ in range(2))

    def complete_and_fold(client: App, booking_id: int) -> None:
        client.end_video_room(booking_id)
        client.execute("set constraints all immediate")

    meanwhile(lambda one: complete_and_fold(one, first), lambda two: two.end_video_room(second))

    assert app.cached(pia)["pending_balance_cents"] == 2 * 8500


def test_a_cache_save_that_waited_is_replaced_by_the_truth(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    def complete_and_fold(client: App) -> None:
        client.end_video_room(booking_id)
        client.execute("set constraints all immediate")

    meanwhile(complete_and_fold, lambda two: two.refresh_cache(pia, subtract=22100))

    assert app.cached(pia)["pending_balance_cents"] == 8500
    assert app.cached(pia)["available_balance_cents"] == 0


def forgive(client: App) -> None:
    client.execute(
        "select earnings.correct_status(id, 'reversed', 'goodwill') "
        "from payments_earningstransaction where transaction_type = 'clawback'"
    )


def test_a_clawback_is_not_forgiven_while_the_payout_of_its_original_fails(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.execute("select earnings.reverse_booking(%s, 'a complaint')", [booking])

    with refused("23X01"):
        meanwhile(lambda one: one.fail_payout(payout["id"]), forgive)

    assert sum(net for _, _, net in app.earnings(booking)) == 0


def test_a_clawback_is_not_forgiven_by_a_snapshot_without_the_refund_beside_it(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking = paid_booking(app, pia)
    app.execute("select earnings.reverse_booking(%s, 'a complaint')", [booking])

    def refund(client: App) -> None:
        client.execute("set transaction isolation level repeatable read")
        client.refund(booking, 4000)

    def forgive_by_its_snapshot(client: App) -> None:
        client.execute("set default_transaction_isolation = 'repeatable read'")
        forgive(client)

    with pytest.raises(OperationalError, match="could not serialize"):
        meanwhile(refund, forgive_by_its_snapshot)

    assert sum(net for _, _, net in app.earnings(booking)) == 0
