"""The plan's own scripts go wrong in known ways; here is what this migration makes of each."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from earnings_pipeline import migration
from marketplace_app import now
from migration.support import Town, exceptions, one

MINUTE = timedelta(minutes=1)
PAST = now() - timedelta(days=30)


def test_every_booking_is_linked_although_the_set_shrinks_while_it_is_paged(
    conn: psycopg.Connection,
) -> None:
    town = Town(conn)
    bookings = [town.sell() for _ in range(25)]

    migration.up(conn, batch_size=2)

    assert None not in [town.order_of(booking) for booking in bookings]


def test_nearest_pairs_come_first_and_an_order_is_given_once(town: Town) -> None:
    far, near = town.order(PAST), town.order(PAST + 3 * MINUTE)
    late, early = town.booking(PAST + 4 * MINUTE), town.booking(PAST + 2.5 * MINUTE)

    migration.up(town.conn)

    assert (town.order_of(early), town.order_of(late)) == (near, far)


def test_a_failed_order_is_left_alone_while_another_is_near(town: Town) -> None:
    town.order(PAST, status="failed")
    paid = town.order(PAST - 5 * MINUTE)
    booking = town.booking(PAST + MINUTE)

    migration.up(town.conn)

    assert town.order_of(booking) == paid
    assert exceptions(town.conn, booking) == set()


def test_a_failed_order_is_taken_when_no_other_is_left_and_reported(town: Town) -> None:
    failed = town.order(PAST, status="failed")
    booking = town.booking(PAST + MINUTE)

    migration.up(town.conn)

    assert town.order_of(booking) == failed
    assert exceptions(town.conn, booking) == {"failed_order_linked"}


def test_two_orders_equally_near_are_reported_and_not_guessed(town: Town) -> None:
    town.order(PAST - MINUTE), town.order(PAST + MINUTE)
    booking = town.booking(PAST)

    migration.up(town.conn)

    assert town.order_of(booking) is None
    assert exceptions(town.conn, booking) == {"ambiguous_order_link"}
    assert one(town.conn, "select count(*) from payments_order") == 2


def test_a_tie_is_broken_by_a_booking_that_is_nearer_to_one_of_them(town: Town) -> None:
    left, right = town.order(PAST - MINUTE), town.order(PAST + MINUTE)
    booking, nearer = town.booking(PAST), town.booking(PAST + 1.1 * MINUTE)

    migration.up(town.conn)

    assert (town.order_of(booking), town.order_of(nearer)) == (left, right)


def test_two_bookings_equally_near_to_one_order_are_reported(town: Town) -> None:
    town.order(PAST)
    bookings = [town.booking(PAST + MINUTE), town.booking(PAST + MINUTE)]

    migration.up(town.conn)

    assert [town.order_of(booking) for booking in bookings] == [None, None]
    assert all("ambiguous_order_link" in exceptions(town.conn, b) for b in bookings)


def test_an_order_further_than_ten_minutes_is_not_the_booking_s(town: Town) -> None:
    order = town.order(PAST - 11 * MINUTE)
    booking = town.booking(PAST)

    migration.up(town.conn)

    assert town.order_of(booking) not in (None, order)
    assert exceptions(town.conn, order, "order") == {"order_without_booking"}


def test_an_unpaid_booking_s_synthetic_order_is_pending_and_has_its_own_time(town: Town) -> None:
    booking = town.booking(PAST, status="pending_payment", payment_status="unpaid", discount=2500)

    migration.up(town.conn)

    order = town.app.row("payments_order", town.order_of(booking) or 0)
    assert order["status"] == "pending"
    assert order["created_at"] == PAST
    assert order["metadata"]["synthetic"] is True
    amounts = ("subtotal_amount_cents", "credits_applied_cents", "total_amount_cents")
    assert [order[name] for name in amounts] == [10000, 2500, 7500]


def test_children_and_successors_share_the_order(town: Town) -> None:
    package = town.app.package(town.service, 2, 9999)
    parent = town.app.checkout(town.client, package)
    first, second = (child["id"] for child in town.app.children(parent))
    successor = town.app.reschedule(first, now() + timedelta(days=3))

    migration.up(town.conn)

    orders = {town.order_of(b) for b in (parent, first, second, successor)}
    assert len(orders) == 1
    assert None not in orders


def test_a_bundle_without_children_keeps_the_sessions_it_sold(town: Town) -> None:
    bundle = town.app.package(town.service, 5, 20001, "bundle")
    parent = town.app.checkout(town.client, bundle)

    migration.up(town.conn)

    order = town.app.order_of(parent)
    assert order["order_type"] == "package"
    assert order["package_metadata"]["package_type"] == "bundle"
    assert order["package_metadata"]["total_sessions"] == 5
    assert order["package_metadata"]["session_value_cents"] == 4000


def test_a_bundle_with_its_first_session_sold_more_than_that_one(town: Town) -> None:
    bundle = town.app.package(town.service, 5, 20000, "bundle")
    parent = town.app.checkout(town.client, bundle)
    town.app.book(town.client, bundle, start=PAST, parent_booking_id=parent)

    migration.up(town.conn)

    assert town.app.order_of(parent)["package_metadata"]["total_sessions"] == 5


def test_a_package_whose_sessions_nobody_knows_is_reported(town: Town) -> None:
    package = town.app.package(town.service, 0, 20000)
    parent = town.app.checkout(town.client, package)

    migration.up(town.conn)

    order = town.order_of(parent)
    assert "package_without_sessions" in exceptions(town.conn, order or 0, "order")


def test_every_cent_of_a_price_that_does_not_divide_is_earned(town: Town) -> None:
    package = town.app.package(town.service, 3, 10001)
    parent = town.app.checkout(town.client, package)
    for child in town.app.children(parent):
        town.app.update("bookings_booking", child["id"], status="completed", actual_end_time=now())

    migration.up(town.conn)

    gross = [town.app.earnings(child["id"])[0][1] for child in town.app.children(parent)]
    assert gross == [3333, 3334, 3334]
    assert town.app.order_of(parent)["package_metadata"]["sessions_completed"] == 3


def test_either_spelling_of_canceled_earns_nothing(town: Town) -> None:
    american, british = town.sell(), town.sell()
    town.app.cancel(american)
    town.app.cancel(british, "cancelled")

    migration.up(town.conn)

    for booking in (american, british):
        assert [status for status, _, _ in town.app.earnings(booking)] == ["reversed"]
        row = town.app.row("bookings_booking", booking)
        assert (row["status"], row["canceled_at"] is None) == ("canceled", False)


def test_early_available_earnings_are_withdrawn(town: Town) -> None:
    booking = town.sell(start=now() + timedelta(days=9))
    (earnings,) = town.app.objects("payments_earningstransaction", booking_id=booking)
    town.app.release(earnings)

    migration.up(town.conn)

    (earnings,) = town.app.rows("payments_earningstransaction", booking_id=booking)
    end = town.app.row("bookings_booking", booking)["end_time"]
    assert earnings["status"] == "projected"
    assert earnings["available_after"] == end + timedelta(hours=48)
    assert town.app.cached(town.practitioner)["available_balance_cents"] == 0


def test_the_migration_does_not_move_updated_at(town: Town) -> None:
    booking = town.sell()
    before = [
        town.app.row("bookings_booking", booking)["updated_at"],
        town.app.rows("payments_earningstransaction", booking_id=booking)[0]["updated_at"],
    ]

    migration.up(town.conn)

    after = [
        town.app.row("bookings_booking", booking)["updated_at"],
        town.app.rows("payments_earningstransaction", booking_id=booking)[0]["updated_at"],
    ]
    assert after == before


def test_of_twin_earnings_the_furthest_advanced_stays(town: Town) -> None:
    booking = town.sell(start=now() - timedelta(days=9))
    town.app.earnings_task(booking)
    town.app.end_video_room(booking)
    second = town.app.objects("payments_earningstransaction", booking_id=booking)[1]
    town.app.release(second)

    migration.up(town.conn)

    assert [status for status, _, _ in town.app.earnings(booking)] == ["reversed", "available"]


def test_money_paid_twice_is_kept_as_an_adjustment_and_reported(town: Town) -> None:
    booking = town.sell(start=now() - timedelta(days=9))
    town.app.earnings_task(booking)
    town.app.end_video_room(booking)
    for earnings in town.app.objects("payments_earningstransaction", booking_id=booking):
        town.app.release(earnings)
    town.app.pay_out(town.practitioner)

    migration.up(town.conn)

    first, second = town.app.rows("payments_earningstransaction", booking_id=booking)
    assert (first["status"], second["status"]) == ("paid", "paid")
    assert second["transaction_type"] == "adjustment"
    assert "paid_twice" in exceptions(town.conn, second["id"], "earnings")
