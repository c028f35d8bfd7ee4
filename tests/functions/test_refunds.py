"""What a refund leaves of what a practitioner earns (R9), and what people may decide (R11, R12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from earnings_pipeline import sqlfiles
from functions.test_hard_cases import kinds
from functions.test_lifecycle import deliver_and_pay_out, paid_booking
from marketplace_app import HOLD, App, now, refused
from plain_rows import PlainRows

NET_OF_10000 = 8500
LONG_AGO = now() - timedelta(days=4)


def live(app: App, booking_id: int) -> dict[str, int]:
    """Net cents per status of a booking's rows, reversed ones left out."""
    sums: dict[str, int] = {}
    for status, _, net in app.earnings(booking_id):
        if status != "reversed":
            sums[status] = sums.get(status, 0) + net
    return {status: cents for status, cents in sums.items() if cents}


@pytest.fixture
def booking(app: App, pia: int) -> int:
    return app.checkout(app.client(), app.service(pia))


@pytest.fixture
def order(app: App, pia: int) -> int:
    """A package of three sessions at 100 dollars: 3333, 3333 and 3334 cents."""
    package = app.checkout(app.client(), app.package(app.service(pia), 3, 10000))
    return int(app.order_of(package)["id"])


def deliver(app: App, order: int, count: int = 1) -> list[int]:
    waiting = [row["id"] for row in app.sessions(order) if row["status"] == "draft"][:count]
    for session in waiting:
        app.end_video_room(session)
    return waiting


def test_a_partial_refund_lowers_what_is_projected_and_moves_with_it(
    app: App, booking: int
) -> None:
    app.refund(booking, 4000)
    assert live(app, booking) == {"projected": NET_OF_10000 - 3400}

    app.end_video_room(booking)

    assert live(app, booking) == {"pending": NET_OF_10000 - 3400}
    holds = {row["available_after"] for row in app.rows("payments_earningstransaction")}
    assert len(holds) == 1


def test_refunds_add_up_and_are_never_taken_twice(app: App, booking: int) -> None:
    for _ in range(3):
        app.refund(booking, 3333)
    app.end_video_room(booking)
    app.end_video_room(booking)

    # remaining gross 1 cent, its commission trunc(0.15) = 0
    assert live(app, booking) == {"pending": 1}


def test_a_full_refund_of_unpaid_earnings_reverses_them(app: App, booking: int) -> None:
    app.end_video_room(booking)
    app.refund(booking, 2500)

    app.refund(booking, 7500)

    assert live(app, booking) == {}
    assert {status for status, _, _ in app.earnings(booking)} == {"reversed"}


def test_a_refund_of_paid_earnings_is_a_debit_at_once(app: App, pia: int) -> None:
    booking = paid_booking(app, pia)

    app.refund(booking, 4000)

    assert live(app, booking) == {"paid": NET_OF_10000, "available": -3400}
    assert app.cached(pia)["available_balance_cents"] == -3400


def test_a_refund_is_measured_by_the_card_part_until_it_exceeds_it(app: App, pia: int) -> None:
    client, service = app.client(), app.service(pia)
    booking = app.checkout(client, service, credits_cents=4000)
    app.refund(booking, 3000)
    assert live(app, booking) == {"projected": 4250}

    app.refund(booking, 2999)
    app.refund(booking, 2)

    # 6001 of 10000 would leave 3999 again: what remains never rises
    assert live(app, booking) == {"projected": 2}


def test_more_than_the_price_is_reported(conn: psycopg.Connection, app: App, booking: int) -> None:
    app.refund(booking, 10001)

    assert live(app, booking) == {}
    assert "refund_exceeds_share" in kinds(conn)


def test_a_refund_of_a_booking_without_a_price_is_reported(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = app.book(app.client(), app.service(pia), price=0)
    app.end_video_room(booking)

    app.refund(booking, 500)

    assert app.earnings(booking) == [("pending", 0, 0)]
    assert "refund_without_price" in kinds(conn)


def test_earnings_that_come_after_the_refund_are_lowered_as_well(app: App, pia: int) -> None:
    booking = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    app.refund(booking, 4000)
    app.earnings_task(booking)
    assert live(app, booking) == {"projected": 5100}

    late = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    app.refund(late, 10000)
    app.end_video_room(late)
    assert live(app, late) == {}


def test_a_refund_stays_with_the_booking_that_follows(app: App, booking: int) -> None:
    app.refund(booking, 4000)
    later = app.reschedule(booking, now() + timedelta(days=9))
    assert live(app, later) == {"projected": 5100}

    app.refund(booking, 6000)
    app.end_video_room(later)

    assert live(app, later) == {}
    assert live(app, booking) == {}


def test_a_cancellation_after_a_refund_takes_what_is_left(app: App, pia: int) -> None:
    booking = paid_booking(app, pia)
    app.refund(booking, 4000)

    app.cancel(booking)
    app.refund(booking, 6000)

    assert sum(live(app, booking).values()) == 0
    assert app.cached(pia)["available_balance_cents"] == -NET_OF_10000


def test_a_card_refund_of_the_whole_order_takes_all(app: App, pia: int, booking: int) -> None:
    app.refund_order(app.order_of(booking)["id"])
    app.end_video_room(booking)
    assert live(app, booking) == {}

    paid = paid_booking(app, pia)
    app.refund_order(app.order_of(paid)["id"])
    assert live(app, paid) == {"paid": NET_OF_10000, "available": -NET_OF_10000}


def test_a_partial_card_refund_says_no_amount_and_is_reported(
    conn: psycopg.Connection, app: App, booking: int
) -> None:
    app.refund_order(app.order_of(booking)["id"], "partially_refunded")

    assert live(app, booking) == {"projected": NET_OF_10000}
    assert "refund_without_amount" in kinds(conn)


def test_a_credit_row_of_the_order_refunds_its_booking(app: App, booking: int) -> None:
    app.credit_order(app.order_of(booking)["id"], 4000)

    assert live(app, booking) == {"projected": 5100}


def test_a_refund_that_is_written_anew_counts_as_it_is_then(app: App, booking: int) -> None:
    app.refund(booking, 4000)
    [credit] = app.rows("payments_usercredittransaction", transaction_type="refund")

    app.update("payments_usercredittransaction", credit["id"], amount_cents=6000)

    assert live(app, booking) == {"projected": 3400}


def test_a_refunded_session_keeps_its_slot(app: App, order: int) -> None:
    [first] = deliver(app, order)
    app.refund(first, 3333)

    rest = deliver(app, order, 2)

    assert live(app, first) == {}
    assert [app.earnings(session)[0][1] for session in rest] == [3333, 3334]


def test_the_refund_of_a_package_uses_up_its_slots_from_the_highest(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    app.credit_order(order, 5000)

    first, second, third = deliver(app, order, 3)

    # slot 3 (3334) is gone, and 1666 cents of slot 2
    assert [app.earnings(session) for session in (first, second, third)] == [
        [("pending", 3333, 2834)],
        [("pending", 1667, 1417)],
        [],
    ]
    assert "session_without_slot" in kinds(conn)


def test_what_a_package_refund_exceeds_is_a_matter_for_a_person(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second = deliver(app, order, 2)
    app.credit_order(order, 5000)

    assert [app.earnings(session)[0][1] for session in (first, second)] == [3333, 3333]
    assert kinds(conn) == {"refund_exceeds_unused_sessions"}


def test_a_refunded_package_has_no_free_slot(app: App, order: int) -> None:
    [first] = deliver(app, order)
    session = app.sessions(order)[1]["id"]
    app.earnings_task(session, 3333)
    assert live(app, session) == {"projected": 2834}

    app.refund_order(order)
    deliver(app, order, 2)

    assert live(app, first) == {"pending": 2834}
    assert live(app, session) == {}


def test_the_refund_of_a_canceled_session_is_not_earned_by_the_next(app: App, order: int) -> None:
    first, second, third = (row["id"] for row in app.sessions(order))
    app.end_video_room(first)
    app.refund(first, 3334)
    app.cancel(first)

    again = app.reschedule(third, now())
    for session in (second, again):
        app.end_video_room(session)

    assert [app.earnings(session)[0][1] for session in (second, again)] == [3333, 3333]
    extra = app.book(app.client(), app.service(app.practitioner()), price=0)
    app.execute("update bookings_booking set order_id = %s where id = %s", [order, extra])
    app.end_video_room(extra)
    assert app.earnings(extra) == []


def test_the_apps_mirror_row_claws_back_once_what_was_paid(app: App, pia: int) -> None:
    booking = paid_booking(app, pia)
    [original] = app.rows("payments_earningstransaction", booking_id=booking)

    for _ in range(2):
        app.reverse_earnings_as_meant(booking)

    rows = app.rows("payments_earningstransaction", booking_id=booking)
    assert live(app, booking) == {"paid": NET_OF_10000, "available": -NET_OF_10000}
    assert [row["metadata"]["original_ids"] for row in rows if row["status"] == "available"] == [
        [original["id"]]
    ]


def test_the_apps_mirror_row_of_unpaid_earnings_counts_nothing(app: App, booking: int) -> None:
    app.reverse_earnings_as_meant(booking)

    assert live(app, booking) == {}


def test_what_was_clawed_back_is_not_reversed_when_its_payout_fails(app: App, pia: int) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.cancel(booking)

    app.fail_payout(payout["id"])
    app.cancel(booking)

    assert live(app, booking) == {}
    assert {status for status, _, _ in app.earnings(booking)} == {"available"}


def test_a_person_takes_away_what_a_booking_earns(
    conn: psycopg.Connection, app: App, pia: int, booking: int
) -> None:
    app.end_video_room(booking)
    paid = paid_booking(app, pia)

    for _ in range(2):
        for each in (booking, paid):
            conn.execute("select earnings.reverse_booking(%s, 'fraud')", [each])

    assert live(app, booking) == {}
    assert live(app, paid) == {"paid": NET_OF_10000, "available": -NET_OF_10000}
    reasons = conn.execute(
        "select distinct reason from earnings.transitions where to_status = 'reversed'"
    )
    assert reasons.fetchall() == [("fraud",)]


@pytest.mark.parametrize(
    ("policy", "expected", "reported"),
    [
        ("hold", [("projected", 10000, 8500)], {"no_show_held"}),
        ("pay", [("pending", 10000, 8500)], set()),
        ("reverse", [("reversed", 10000, 8500)], set()),
    ],
)
def test_a_no_show_earns_what_the_policy_says(
    conn: psycopg.Connection,
    app: App,
    booking: int,
    policy: str,
    expected: list[tuple[str, int, int]],
    reported: set[str],
) -> None:
    conn.execute("update earnings.settings set value = %s where name = 'no_show_policy'", [policy])

    app.transition_to(booking, "in_progress")
    app.transition_to(booking, "no_show")

    assert app.earnings(booking) == expected
    assert kinds(conn) == reported


def test_a_no_show_of_a_package_uses_a_slot_when_it_is_paid_and_keeps_it(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    conn.execute("update earnings.settings set value = 'pay' where name = 'no_show_policy'")
    absent = app.sessions(order)[0]["id"]
    app.update("bookings_booking", absent, status="no_show")
    conn.execute("update earnings.settings set value = 'hold' where name = 'no_show_policy'")

    deliver(app, order, 2)

    assert app.earnings(absent) == [("pending", 3333, 2834)]
    assert sum(gross for s in app.sessions(order) for _, gross, _ in app.earnings(s["id"])) == 10000
    assert app.row("payments_order", order)["package_metadata"]["sessions_completed"] == 3


def test_a_bundle_sold_without_sessions_is_started_once(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    child = app.service(pia)
    bundle = app.checkout(app.client(), app.package(child, 4, 10000, "bundle"))
    order = app.order_of(bundle)["id"]

    created = conn.execute("select * from earnings.start_package(%s)", [order]).fetchall()
    again = conn.execute("select * from earnings.start_package(%s)", [order]).fetchall()

    assert ([service for _, service in created], again) == ([child] * 4, [])
    assert {
        (row["status"], row["payment_status"], row["price_charged_cents"], row["start_time"])
        for row in app.sessions(order)
    } == {("draft", "paid", 0, None)}
    deliver(app, order, 4)
    assert sum(gross for s in app.sessions(order) for _, gross, _ in app.earnings(s["id"])) == 10000


def test_a_package_gets_the_sessions_it_lacks_of_each_service(
    conn: psycopg.Connection, app: App, pia: int, order: int
) -> None:
    gone, canceled, _ = (row["id"] for row in app.sessions(order))
    app.cancel(canceled)
    app.execute("delete from bookings_booking where id = %s", [gone])

    created = conn.execute("select * from earnings.start_package(%s)", [order]).fetchall()

    assert len(created) == 2


def test_sessions_are_not_created_for_what_is_not_a_package(
    conn: psycopg.Connection, app: App, booking: int, order: int
) -> None:
    app.refund_order(order)
    for refused_order in (app.order_of(booking)["id"], order):
        with refused("23X10"):
            conn.execute("select * from earnings.start_package(%s)", [refused_order])
    with refused("23X13"):
        conn.execute("select * from earnings.start_package(0)")


def test_the_credit_row_that_pays_for_a_booking_decides_its_order(app: App, pia: int) -> None:
    client, service = app.client(), app.service(pia)
    first = app.checkout(client, service)
    second = app.checkout(client, service)
    [usage] = app.rows(
        "payments_usercredittransaction", booking_id=second, transaction_type="usage"
    )
    decided = app.order_of(first)["id"]

    app.update("payments_usercredittransaction", usage["id"], order_id=decided)

    assert app.order_of(second)["id"] == decided


def test_deleting_an_order_clears_the_link_that_the_app_does_not_know(app: App, pia: int) -> None:
    booking = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    order = app.order_of(booking)["id"]
    app.execute("delete from payments_usercredittransaction where order_id = %s", [order])

    app.execute("delete from payments_order where id = %s", [order])

    assert app.row("bookings_booking", booking)["order_id"] is None


def test_another_session_of_a_course_moves_the_hold(app: App, pia: int) -> None:
    course = app.service(pia, "course")
    ends = now() + timedelta(days=5)
    app.insert("service_sessions", service_id=course, start_time=now(), end_time=ends)
    booking = app.checkout(app.client(), course)

    later = app.insert(
        "service_sessions", service_id=course, start_time=ends, end_time=ends + timedelta(days=7)
    )
    [row] = app.rows("payments_earningstransaction", booking_id=booking)
    assert row["available_after"] == ends + timedelta(days=9)

    app.execute("delete from service_sessions where id = %s", [later])
    [row] = app.rows("payments_earningstransaction", booking_id=booking)
    assert row["available_after"] == ends + timedelta(days=2)


def test_a_closing_is_exact_whatever_commits_later(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = app.checkout(app.client(), app.service(pia))

    with app.atomic():
        app.end_video_room(booking)
        [first] = conn.execute("select earnings.close_period('March')")
    [again] = conn.execute("select earnings.close_period('March')")

    closed = conn.execute("select * from earnings.balance_at_closing(%s, 'March')", [pia])
    assert closed.fetchall() == [("USD", "projected", NET_OF_10000)]
    assert again == first
    with refused("23X13"):
        conn.execute("select * from earnings.balance_at_closing(%s, 'April')", [pia])


def test_an_expired_package_breaks_only_what_was_not_refunded(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    app.credit_order(order, 4000)
    metadata = app.row("payments_order", order)["package_metadata"]
    app.execute(
        "update payments_order set package_metadata = package_metadata || %s::jsonb where id = %s",
        ['{"expires_at": "2026-01-01T00:00:00+00:00"}', order],
    )

    marked = conn.execute("select * from earnings.expire_packages()").fetchall()
    deliver(app, order)

    assert "expires_at" in metadata
    # slot 3 is gone, 666 cents of slot 2
    assert marked == [(order, 2, 6000, "USD")]
    assert "delivered_after_expiry" in kinds(conn)


def test_earnings_are_paid_by_a_payout_of_their_own_practitioner_only(app: App, pia: int) -> None:
    paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    other = paid_booking(app, app.practitioner())
    [row] = app.objects("payments_earningstransaction", booking_id=other)
    app.fail_payout(row.payout_id)
    row = app.get("payments_earningstransaction", row.pk)

    for refused_payout in (payout["id"], None):
        payout_id = refused_payout or app.rows("payments_practitionerpayout")[-1]["id"]
        with refused("23X12"):
            app.save(row, status="paid", payout_id=payout_id)


def test_a_failed_payout_of_a_rescheduled_session_pays_the_slot_once(
    app: App, pia: int, order: int
) -> None:
    first, second, _ = (row["id"] for row in app.sessions(order))
    app.update(
        "bookings_booking", first, status="completed", completed_at=now() - timedelta(days=3)
    )
    app.execute("select * from earnings.release_holds()")
    payout = app.pay_out(pia)
    later = app.reschedule(first, now())

    app.fail_payout(payout)
    for session in (later, second):
        app.end_video_room(session)
    app.execute("select * from earnings.complete_due()")

    assert live(app, first) == {}
    assert [app.earnings(session)[0][1] for session in (later, second)] == [3333, 3333]
    assert {live(app, session)["pending"] for session in (later, second)} == {2834}


def test_a_rescheduled_session_counts_nowhere_though_the_room_completes_it(
    app: App, order: int
) -> None:
    first, second, third = (row["id"] for row in app.sessions(order))
    later = app.reschedule(first, now())

    for session in (first, later, second, third):
        app.end_video_room(session)

    assert live(app, first) == {}
    assert [app.earnings(session)[0][1] for session in (later, second, third)] == [3333, 3333, 3334]
    assert app.row("payments_order", order)["package_metadata"]["sessions_completed"] == 3


def test_a_booking_that_a_stale_save_brings_back_does_not_earn_again(
    app: App, booking: int
) -> None:
    stale = app.get("bookings_booking", booking)
    app.cancel(booking)
    app.save(stale)

    app.earnings_task(booking)
    app.end_video_room(booking)

    assert live(app, booking) == {}


def test_a_row_that_was_clawed_back_cannot_be_reversed_too(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    app.cancel(booking)
    [payout] = app.rows("payments_practitionerpayout")
    app.fail_payout(payout["id"])
    row = app.rows("payments_earningstransaction", booking_id=booking)[0]

    app.update("payments_earningstransaction", row["id"], status="reversed")
    with refused("23X01"):
        conn.execute("select earnings.correct_status(%s, 'reversed', 'twice')", [row["id"]])

    assert live(app, booking) == {}


def test_a_payout_that_fails_after_the_delivery_was_undone_pays_nobody(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    conn.execute("select earnings.correct_booking(%s, 'confirmed', 'it did not happen')", [booking])

    app.fail_payout(payout["id"])

    assert live(app, booking) == {"projected": NET_OF_10000}


def test_a_payout_that_fails_after_a_reschedule_lets_the_earnings_follow(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    later = app.reschedule(booking, now() + timedelta(days=9))
    app.end_video_room(later)
    assert live(app, later) == {}

    app.fail_payout(payout["id"])
    conn.execute("select * from earnings.complete_due()")

    assert (live(app, booking), live(app, later)) == ({}, {"pending": NET_OF_10000})
    assert conn.execute("select count(*) from earnings.settlement_queue").fetchone() == (0,)


def test_a_successor_earns_once_what_was_paid_before_it_is_taken_back(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    later = app.reschedule(booking, now() + timedelta(days=9))
    conn.execute("select earnings.reverse_booking(%s, 'paid too early')", [booking])

    app.end_video_room(later)

    assert live(app, later) == {"pending": NET_OF_10000}
    assert sum(live(app, booking).values()) == 0


def test_what_a_person_has_decided_stays_decided(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    app.credit_order(order, 10000)
    [session] = deliver(app, order)
    conn.execute(
        "update earnings.exceptions set resolved_at = now(), resolved_by = 'Ada', resolution = 'no'"
    )

    app.execute("delete from payments_usercredittransaction where transaction_type = 'refund'")
    app.update("bookings_booking", session, completed_at=now())

    assert live(app, session) == {"pending": 2834}
    deciders = conn.execute("select distinct resolved_by from earnings.exceptions")
    assert deciders.fetchall() == [("Ada",)]


def test_a_job_settles_what_nobody_holds_and_waits_for_nobody(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    held, free = (app.checkout(app.client(), app.service(pia)) for _ in range(2))
    for booking in (held, free):
        conn.execute("insert into earnings.settlement_queue (booking_id) values (%s)", [booking])

    with app.atomic():
        app.execute("select 1 from bookings_booking where id = %s for update", [held])
        conn.execute("select * from earnings.complete_due()")

    queued = conn.execute("select booking_id from earnings.settlement_queue")
    assert queued.fetchall() == [(held,)]


def test_earnings_that_come_after_a_package_was_refunded_are_reversed(app: App, order: int) -> None:
    app.refund_order(order)
    session = app.sessions(order)[0]["id"]

    app.earnings_task(session, 3333)

    assert app.earnings(session) == [("reversed", 3333, 2834)]


def test_a_refunded_session_that_was_paid_keeps_its_slot_when_it_is_rescheduled(
    app: App, pia: int, order: int
) -> None:
    first, second, third = (row["id"] for row in app.sessions(order))
    app.update(
        "bookings_booking", first, status="completed", completed_at=now() - timedelta(days=3)
    )
    app.execute("select * from earnings.release_holds()")
    app.pay_out(pia)
    app.refund(first, 3333)

    later = app.reschedule(first, now())
    for session in (later, second, third):
        app.end_video_room(session)

    assert live(app, later) == {}
    assert [app.earnings(session)[0][1] for session in (second, third)] == [3333, 3334]


def test_a_payout_that_fails_after_two_reschedules_lets_the_earnings_go_all_the_way(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    between = app.reschedule(booking, now() + timedelta(days=9))
    last = app.reschedule(between, now() + timedelta(days=10))
    app.end_video_room(between)

    app.fail_payout(payout["id"])
    conn.execute("select * from earnings.complete_due()")

    assert [live(app, each) for each in (booking, between, last)] == [
        {},
        {},
        {"projected": NET_OF_10000},
    ]


def test_of_two_reschedules_of_one_booking_the_newer_gets_what_a_failed_payout_returns(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    older = app.reschedule(booking, now() + timedelta(days=9))
    newer = app.reschedule(booking, now() + timedelta(days=10))

    app.fail_payout(payout["id"])
    conn.execute("select * from earnings.complete_due()")

    assert (live(app, older), live(app, newer)) == ({}, {"projected": NET_OF_10000})


def test_a_session_earns_what_a_failed_payout_returned_beside_what_it_was_once_refused(
    conn: psycopg.Connection, app: App, pia: int, order: int
) -> None:
    first, second, _ = (row["id"] for row in app.sessions(order))
    deliver_and_pay_out(app, pia, first)
    later = app.reschedule(first, now() + timedelta(days=9))
    app.earnings_task(later)
    app.cancel(later)
    app.update("bookings_booking", later, status="confirmed")
    [payout] = app.rows("payments_practitionerpayout")
    app.fail_payout(payout["id"])
    conn.execute("select * from earnings.complete_due()")
    assert live(app, later) == {"projected": 2834}

    app.execute(
        "update bookings_booking set status = 'completed' where id in (%s, %s)", [later, second]
    )

    assert (live(app, later), live(app, second)) == ({"pending": 2834}, {"pending": 2834})


def test_a_refund_of_the_first_reaches_what_was_paid_between_it_and_the_last(
    app: App, pia: int
) -> None:
    first = app.checkout(app.client(), app.service(pia))
    paid = app.reschedule(first, now() + timedelta(days=9))
    app.update("bookings_booking", paid, status="completed", completed_at=now() - timedelta(days=3))
    app.execute("select * from earnings.release_holds()")
    app.pay_out(pia)
    app.reschedule(paid, now() + timedelta(days=10))

    app.refund(first, 5000)

    assert live(app, paid) == {"paid": NET_OF_10000, "available": -4250}


def test_a_refund_that_is_gone_with_its_canceled_session_gives_the_slot_to_one_that_waits(
    app: App, order: int
) -> None:
    first, second, canceled = (row["id"] for row in app.sessions(order))
    app.update("bookings_booking", canceled, status="canceled")
    app.refund(canceled, 3334)
    row = app.row("bookings_booking", first)
    parent_id = row["parent_booking_id"]
    waiting = app.book(row["user_id"], row["service_id"], parent_booking_id=parent_id)
    for session in (first, second, waiting):
        app.end_video_room(session)
    assert live(app, waiting) == {}

    app.delete("bookings_booking", canceled)

    assert live(app, waiting) == {"pending": 2834}


def test_a_refund_takes_no_more_than_what_a_refunded_package_leaves_of_the_slot(
    app: App, order: int
) -> None:
    first, second, refunded = (row["id"] for row in app.sessions(order))
    app.earnings_task(refunded, 3333)
    app.refund(refunded, 1000)
    for session in (first, second):
        app.end_video_room(session)
    app.credit_order(order, 3333)

    # of slot 3 (3334) one cent is left
    app.end_video_room(refunded)

    assert live(app, refunded) == {}


def debit_of(app: App, booking_id: int) -> int:
    [row] = [
        row
        for row in app.rows("payments_earningstransaction", booking_id=booking_id)
        if row["transaction_type"] in {"clawback", "adjustment"}
    ]
    return int(row["id"])


def test_a_cancel_takes_back_what_a_refund_has_left_and_no_more(app: App, pia: int) -> None:
    booking = paid_booking(app, pia)
    app.refund(booking, 4000)

    app.cancel(booking)
    app.cancel(booking)

    assert app.earnings(booking) == [
        ("paid", 10000, NET_OF_10000),
        ("available", -4000, -3400),
        ("available", -6000, -5100),
    ]


def test_what_was_partly_refunded_and_then_canceled_is_not_paid_before_its_reschedule(
    app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    app.refund(booking, 4000)
    app.cancel(booking)

    later = app.reschedule(booking, now())
    app.end_video_room(later)

    assert sum(live(app, booking).values()) == 0
    assert live(app, later) == {"pending": NET_OF_10000 - 3400}


@pytest.mark.parametrize("lose", ["cancel", "refund"])
def test_the_app_does_not_forgive_a_debit(app: App, pia: int, lose: str) -> None:
    booking = paid_booking(app, pia)
    app.cancel(booking) if lose == "cancel" else app.refund(booking, 10000)
    debit = debit_of(app, booking)

    app.update("payments_earningstransaction", debit, status="reversed")
    app.update("payments_earningstransaction", debit, metadata={})
    app.update("payments_earningstransaction", debit, status="reversed")

    assert live(app, booking) == {"paid": NET_OF_10000, "available": -NET_OF_10000}


@pytest.mark.parametrize("lose", ["cancel", "refund"])
def test_a_debit_that_a_person_forgives_is_not_written_again(
    conn: psycopg.Connection, app: App, pia: int, lose: str
) -> None:
    booking = paid_booking(app, pia)
    app.cancel(booking) if lose == "cancel" else app.refund(booking, 10000)

    conn.execute(
        "select earnings.correct_status(%s, 'reversed', 'goodwill')", [debit_of(app, booking)]
    )
    app.save(app.get("bookings_booking", booking))
    app.cancel(booking)

    assert live(app, booking) == {"paid": NET_OF_10000}


def test_what_was_refunded_after_a_debit_was_forgiven_is_taken_off(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    app.refund(booking, 4000)
    conn.execute(
        "select earnings.correct_status(%s, 'reversed', 'goodwill')", [debit_of(app, booking)]
    )

    app.refund(booking, 1000)

    assert live(app, booking) == {"paid": NET_OF_10000, "available": -850}


@pytest.mark.parametrize("lose", ["reverse", "cancel"])
def test_what_was_refunded_beside_a_clawback_is_taken_off_once_that_is_forgiven(
    conn: psycopg.Connection, app: App, pia: int, lose: str
) -> None:
    booking = paid_booking(app, pia)
    if lose == "reverse":
        conn.execute("select earnings.reverse_booking(%s, 'a complaint')", [booking])
        app.refund(booking, 10000)
    else:
        app.cancel(booking)
        app.refund(booking, 10000)
        app.update("bookings_booking", booking, status="confirmed")
    clawback = debit_of(app, booking)

    conn.execute("select earnings.correct_status(%s, 'reversed', 'goodwill')", [clawback])

    assert conn.execute(sqlfiles.read("checks/refunds_are_taken_off")).fetchall() == []
    assert live(app, booking) == {"paid": NET_OF_10000, "available": -NET_OF_10000}


def test_what_was_reversed_with_its_original_lowers_no_clawback(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = app.checkout(app.client(), app.service(pia))
    PlainRows(conn).earnings(
        booking,
        transaction_type="bonus",
        status="available",
        gross_amount_cents=500,
        commission_amount_cents=0,
        net_amount_cents=500,
    )
    app.pay_out(pia)
    app.end_video_room(booking)
    app.refund(booking, 4000)
    assert live(app, booking) == {"paid": 500, "pending": NET_OF_10000 - 3400}

    app.cancel(booking)

    assert live(app, booking) == {"paid": 500, "available": -500}


def test_what_was_paid_by_card_given_back_is_the_whole(app: App, pia: int) -> None:
    booking = app.checkout(app.client(), app.service(pia), credits_cents=4000)

    app.refund(booking, 6000)

    assert live(app, booking) == {}


def test_a_refund_of_a_canceled_booking_takes_nothing_off_once_its_clawback_is_forgiven(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    app.cancel(booking)
    app.refund(booking, 4000)

    conn.execute(
        "select earnings.correct_status(%s, 'reversed', 'goodwill')", [debit_of(app, booking)]
    )
    app.save(app.get("bookings_booking", booking))

    assert live(app, booking) == {"paid": NET_OF_10000}
    assert conn.execute(sqlfiles.read("checks/refunds_are_taken_off")).fetchall() == []


def test_a_debit_waits_for_no_delivery(conn: psycopg.Connection, app: App, pia: int) -> None:
    booking = paid_booking(app, pia)
    app.cancel(booking)

    with refused("23X01"):
        conn.execute(
            "select earnings.correct_status(%s, 'projected', 'by mistake')",
            [debit_of(app, booking)],
        )


@pytest.fixture(params=["payout fails first", "delivery is undone first"])
def taken_back(conn: psycopg.Connection, app: App, pia: int, request: pytest.FixtureRequest) -> int:
    """Paid, clawed back by a person, its payout failed, and its delivery undone."""
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    undo = "select earnings.correct_booking(%s, 'confirmed', 'it did not happen')"
    conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking])
    if request.param == "delivery is undone first":
        conn.execute(undo, [booking])
    app.fail_payout(payout["id"])
    conn.execute(undo, [booking])
    return booking


def test_what_a_clawback_takes_back_stays_beside_it_when_its_delivery_is_undone(
    app: App, taken_back: int
) -> None:
    assert {status for status, _, _ in app.earnings(taken_back)} == {"available"}
    assert live(app, taken_back) == {}


def test_what_a_person_sets_to_projected_is_held_from_the_appointment(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = app.checkout(app.client(), app.service(pia))
    app.end_video_room(booking)
    [pending] = app.rows("payments_earningstransaction", booking_id=booking)

    conn.execute("select earnings.correct_status(%s, 'projected', 'by mistake')", [pending["id"]])

    # the delivery that the row should follow is there all the same: only its hold is judged here
    [projected] = app.rows("payments_earningstransaction", booking_id=booking)
    end = app.get("bookings_booking", booking).end_time
    assert (projected["status"], projected["available_after"]) == ("projected", end + HOLD)


def test_what_is_clawed_back_cannot_wait_for_a_delivery(
    conn: psycopg.Connection, app: App, pia: int, order: int
) -> None:
    session = app.sessions(order)[0]["id"]
    deliver_and_pay_out(app, pia, session)
    [payout] = app.rows("payments_practitionerpayout")
    conn.execute("select earnings.reverse_booking(%s, 'fraud')", [session])
    app.fail_payout(payout["id"])
    conn.execute("select earnings.correct_booking(%s, 'confirmed', 'it did not happen')", [session])
    [original] = [
        row
        for row in app.rows("payments_earningstransaction", booking_id=session)
        if row["net_amount_cents"] > 0
    ]

    with refused("23X01"):
        conn.execute(
            "select earnings.correct_status(%s, 'projected', 'by mistake')", [original["id"]]
        )
    app.refund_order(order)

    assert conn.execute(sqlfiles.read("checks/nothing_is_taken_back_twice")).fetchall() == []
    assert live(app, session) == {}


def test_a_session_gets_its_slot_when_its_package_is_no_longer_refunded(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    app.refund_order(order)
    [session] = deliver(app, order)
    assert live(app, session) == {}

    app.update("payments_order", order, status="completed")
    conn.execute("select * from earnings.complete_due()")

    assert live(app, session) == {"pending": 2834}


def test_a_session_gets_its_slot_when_a_refunded_one_is_no_longer_canceled(
    app: App, order: int
) -> None:
    first, second, third = (row["id"] for row in app.sessions(order))
    app.cancel(first)
    app.refund(first, 10000)
    app.end_video_room(second)
    assert live(app, second) == {}

    app.update("bookings_booking", first, status="confirmed")
    app.end_video_room(third)

    assert [live(app, session) for session in (second, third)] == [
        {"pending": 2834},
        {"pending": 2834},
    ]


def test_what_was_clawed_back_does_not_follow_a_reschedule_when_its_payout_has_failed(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    conn.execute("select earnings.reverse_booking(%s, 'paid too early')", [booking])
    app.fail_payout(payout["id"])

    later = app.reschedule(booking, now())
    app.end_video_room(later)

    assert sum(live(app, booking).values()) == 0
    assert live(app, later) == {"pending": NET_OF_10000}


def test_a_refund_a_clawback_and_a_failed_payout_are_nothing_together(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.refund(booking, 4000)
    conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking])
    app.fail_payout(payout["id"])

    conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking])
    app.cancel(booking)

    assert live(app, booking) == {}
    assert {status for status, _, _ in app.earnings(booking)} == {"available"}


def test_a_direct_order_that_was_rescheduled_twice_earns_once_however_it_is_completed(
    conn: psycopg.Connection, app: App, booking: int
) -> None:
    one = app.reschedule(booking, now())
    other = app.reschedule(booking, now())

    for each in (other, one):
        app.mark_completed(app.get("bookings_booking", each))

    assert live(app, other) == {"pending": NET_OF_10000}
    assert "pending" not in live(app, one)


def test_a_clawback_is_not_forgiven_once_the_payout_of_its_original_has_failed(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.cancel(booking)
    app.fail_payout(payout["id"])

    with refused("23X01"):
        conn.execute(
            "select earnings.correct_status(%s, 'reversed', 'goodwill')", [debit_of(app, booking)]
        )


@pytest.mark.parametrize("is_forgiven", [False, True])
def test_what_was_taken_back_before_its_payout_failed_is_no_pay_for_a_canceled_booking(
    conn: psycopg.Connection, app: App, pia: int, is_forgiven: bool
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.refund(booking, 4000 if is_forgiven else 10000)
    app.cancel(booking)
    if is_forgiven:
        conn.execute(
            "select earnings.correct_status(id, 'reversed', 'goodwill') "
            "from payments_earningstransaction where transaction_type = 'clawback'"
        )

    app.fail_payout(payout["id"])

    kept = {"available": NET_OF_10000 - 3400} if is_forgiven else {}
    assert live(app, booking) == kept
    query = sqlfiles.read("checks/canceled_bookings_earn_nothing_unpaid")
    assert conn.execute(query).fetchall() == []


def test_a_debit_that_was_paid_follows_its_original_whose_payout_has_failed(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.refund(booking, 1000)
    other = paid_booking(app, pia)
    later = app.reschedule(booking, now())

    app.fail_payout(payout["id"])
    conn.execute("select * from earnings.complete_due()")
    app.end_video_room(later)

    assert live(app, booking) == {}
    assert live(app, later) == {"pending": NET_OF_10000, "paid": -850}
    assert live(app, other) == {"paid": NET_OF_10000}


def booking_with_a_paid_debit(app: App, pia: int, refunded_cents: int) -> int:
    """Its payout has failed after a later one had paid the debit of its refund."""
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.refund(booking, refunded_cents)
    paid_booking(app, pia)
    app.fail_payout(payout["id"])
    return booking


@pytest.fixture
def debited(app: App, pia: int) -> int:
    return booking_with_a_paid_debit(app, pia, 1000)


def test_an_adjustment_that_a_payout_takes_meanwhile_stays_paid_when_its_original_moves(
    conn: psycopg.Connection, app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    app.refund(booking, 1000)
    conn.execute("select earnings.correct_booking(%s, 'confirmed', 'it did not happen')", [booking])
    other = app.checkout(app.client(), app.service(pia))
    app.update("bookings_booking", other, status="completed", completed_at=LONG_AGO)
    conn.execute("select * from earnings.release_holds()")

    meanwhile(lambda one: one.pay_out(pia), lambda two: two.fail_payout(payout["id"]))

    assert live(app, booking) == {"projected": NET_OF_10000, "paid": -850}
    assert conn.execute(sqlfiles.read("checks/no_illegal_pair_in_the_history")).fetchall() == []


def test_what_somebody_added_stays_where_it_is_when_the_earnings_wait_again(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    rows = PlainRows(conn)
    extra = rows.earnings(booking, transaction_type="adjustment")
    app.update("bookings_booking", booking, status="completed", completed_at=LONG_AGO)
    conn.execute("select * from earnings.release_holds()")

    conn.execute("select earnings.correct_booking(%s, 'confirmed', 'it did not happen')", [booking])

    assert live(app, booking) == {"projected": NET_OF_10000, "available": NET_OF_10000}
    assert app.row("payments_earningstransaction", extra)["status"] == "available"


def test_an_opposite_is_written_once_however_often_its_original_is_saved(
    app: App, debited: int
) -> None:
    app.cancel(debited)
    [original] = app.rows("payments_earningstransaction", booking_id=debited, status="reversed")
    before = app.earnings(debited)

    app.update("payments_earningstransaction", original["id"], description="said anew")

    assert app.earnings(debited) == before


@pytest.mark.parametrize(
    ("gross", "commission", "added", "becomes"),
    [
        # a tip that was paid: clawed back as whatever was paid is
        (500, 0, "beside its original", {"paid": 500, "available": -500}),
        # nothing was taken
        (-500, -500, "beside its original", {}),
        # not of this original
        (-500, 0, "before", {"paid": -500}),
    ],
)
def test_only_a_debit_of_the_reversed_original_has_an_opposite(
    conn: psycopg.Connection,
    app: App,
    pia: int,
    gross: int,
    commission: int,
    added: str,
    becomes: dict[str, int],
) -> None:
    rows = PlainRows(conn)
    booking = app.checkout(app.client(), app.service(pia), run_earnings_task=added != "before")
    row = rows.earnings(
        booking,
        transaction_type="adjustment",
        gross_amount_cents=gross,
        commission_amount_cents=commission,
    )
    if added == "before":
        app.earnings_task(booking)
    rows.pay(row)

    app.cancel(booking)

    assert live(app, booking) == becomes
    assert [
        row for row in app.rows("payments_earningstransaction") if "Opposite" in row["description"]
    ] == []


TAKEN_AWAY = {
    "canceled": lambda _, app, booking: app.cancel(booking),
    "refunded": lambda _, app, booking: app.refund(booking, 9000),
    "by a person": lambda conn, _, booking: conn.execute(
        "select earnings.reverse_booking(%s, 'fraud')", [booking]
    ),
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
@pytest.mark.parametrize("afterwards", ["nothing", "canceled", "payout failed"])
def test_a_debit_that_was_paid_before_its_original_was_reversed_is_given_back(
    conn: psycopg.Connection, app: App, pia: int, debited: int, how: str, afterwards: str
) -> None:
    TAKEN_AWAY[how](conn, app, debited)
    if afterwards == "canceled":
        app.cancel(debited)
    elif afterwards == "payout failed":
        _, payout = app.rows("payments_practitionerpayout")
        app.fail_payout(payout["id"])

    given_back = {"paid": -850, "available": 850}
    assert live(app, debited) == ({} if afterwards == "payout failed" else given_back)
    for check in ("nothing_is_taken_back_twice", "canceled_bookings_earn_nothing_unpaid"):
        assert conn.execute(sqlfiles.read(f"checks/{check}")).fetchall() == []


def test_a_debit_of_no_net_is_not_given_back_when_its_original_was_reversed(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    # a cent less, and a cent less of commission
    booking = booking_with_a_paid_debit(app, pia, 1)

    conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking])
    app.refund(booking, 1)

    assert app.earnings(booking) == [("reversed", 10000, NET_OF_10000), ("paid", -1, 0)]


@pytest.fixture
def halves(app: App, debited: int) -> dict[int, dict[str, Any]]:
    """A debit and its opposite by net cents, both available: the payout of the debit failed."""
    app.cancel(debited)
    _, payout = app.rows("payments_practitionerpayout")
    app.fail_payout(payout["id"])
    debit, opposite = sorted(
        (
            row
            for row in app.rows("payments_earningstransaction")
            if abs(row["net_amount_cents"]) == 850
        ),
        key=lambda row: row["net_amount_cents"],
    )
    return {-850: debit, 850: opposite}


@pytest.mark.parametrize("half", [-850, 850])
def test_a_debit_and_its_opposite_are_not_parted(
    conn: psycopg.Connection, app: App, debited: int, halves: dict[int, dict[str, Any]], half: int
) -> None:
    row = halves[half]
    assert row["net_amount_cents"] == half

    with refused("23X01"):
        conn.execute("select earnings.correct_status(%s, 'reversed', 'goodwill')", [row["id"]])
    app.update("payments_earningstransaction", row["id"], status="reversed", metadata={})

    assert (row["status"], live(app, debited)) == ("available", {})


@pytest.mark.parametrize("half", [-850, 850])
def test_a_half_that_lost_its_opposite_past_the_triggers_is_named(
    conn: psycopg.Connection, halves: dict[int, dict[str, Any]], half: int
) -> None:
    conn.execute("set session_replication_role = replica")
    conn.execute(
        "update payments_earningstransaction set status = 'reversed' where id = %s",
        [halves[half]["id"]],
    )

    check = sqlfiles.read("checks/canceled_bookings_earn_nothing_unpaid")
    assert [row_id for _, row_id, _ in conn.execute(check)] == [halves[-half]["id"]]


def test_what_was_paid_for_a_rescheduled_booking_follows_although_that_is_completed(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    later = app.reschedule(booking, now())
    app.end_video_room(booking)

    app.fail_payout(payout["id"])
    conn.execute("select * from earnings.complete_due()")

    assert (live(app, booking), live(app, later)) == ({}, {"projected": NET_OF_10000})


@pytest.mark.parametrize("afterwards", ["nothing", "forgiven", "payout failed"])
def test_a_paid_session_that_was_given_back_may_come_again_in_another_slot(
    conn: psycopg.Connection, app: App, pia: int, afterwards: str
) -> None:
    package = app.checkout(app.client(), app.package(app.service(pia), 2, 10001))
    order = int(app.order_of(package)["id"])
    first, second = (row["id"] for row in app.sessions(order))
    deliver_and_pay_out(app, pia, first)
    app.cancel(first)
    app.end_video_room(second)
    if afterwards == "forgiven":
        conn.execute(
            "select earnings.correct_status(%s, 'reversed', 'goodwill')", [debit_of(app, first)]
        )

    app.update("bookings_booking", first, status="confirmed")
    app.end_video_room(first)
    if afterwards == "payout failed":
        [payout] = app.rows("payments_practitionerpayout")
        app.fail_payout(payout["id"])

    slots = conn.execute(
        "select booking_id, amount_cents from earnings.session_slots order by slot_number"
    )
    assert slots.fetchall() == [(second, 5000), (first, 5001)]
    assert conn.execute(sqlfiles.read("checks/sessions_earn_their_slot")).fetchall() == []
