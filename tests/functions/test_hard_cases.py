"""Orders of events that once paid twice, lost a cent, or refused what the app needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from earnings_pipeline import sqlfiles
from functions.test_lifecycle import paid_booking
from marketplace_app import App, now, refused

SOON = timedelta(days=20)


def live_gross(app: App, *booking_ids: int) -> int:
    return sum(
        gross
        for booking_id in booking_ids
        for status, gross, _ in app.earnings(booking_id)
        if status != "reversed"
    )


def kinds(conn: psycopg.Connection) -> set[str]:
    return {kind for (kind,) in conn.execute("select kind from earnings.exceptions")}


def test_an_order_without_a_service_can_be_sold(app: App) -> None:
    order_id = app.insert(
        "payments_order", user_id=app.client(), order_type="credit", status="pending"
    )

    assert app.row("payments_order", order_id)["service_id"] is None


def test_a_booking_and_the_one_it_was_rescheduled_to_earn_once(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    old = app.checkout(app.client(), app.service(pia))
    new = app.reschedule(old, now() + SOON)

    app.end_video_room(old)
    app.end_video_room(new)

    assert live_gross(app, old, new) == 10000
    assert "order_earns_already" in kinds(conn)


def test_a_booking_rescheduled_twice_over_earns_once(app: App, pia: int) -> None:
    old = app.checkout(app.client(), app.service(pia))
    first, second = (app.reschedule(old, now() + SOON * number) for number in (1, 2))

    app.end_video_room(first)
    app.end_video_room(second)

    assert live_gross(app, old, first, second) == 10000


def test_a_delivered_booking_that_is_rescheduled_gives_its_earnings_on(app: App, pia: int) -> None:
    old = app.checkout(app.client(), app.service(pia))
    app.end_video_room(old)

    new = app.reschedule(old, now() + SOON)
    app.end_video_room(new)

    assert live_gross(app, old) == 0
    assert app.earnings(new) == [("pending", 10000, 8500)]


@pytest.mark.parametrize("sessions", [0, 2])
def test_what_was_rescheduled_and_delivered_all_the_same_earns_once_the_later_one_is_deleted(
    app: App, pia: int, sessions: int
) -> None:
    child = app.service(pia)
    sold = app.checkout(app.client(), app.package(child, sessions, 20000) if sessions else child)
    booking = app.sessions(app.order_of(sold)["id"])[0]["id"] if sessions else sold
    later = app.reschedule(booking, now() + timedelta(days=3))
    app.update("bookings_booking", booking, status="confirmed")
    app.end_video_room(booking)
    assert live_gross(app, booking) == 0

    app.delete("bookings_booking", later)
    app.execute("select * from earnings.complete_due()")

    assert live_gross(app, booking) == 10000


def test_a_delivered_session_that_becomes_a_no_show_gives_its_slot_and_pay_back(
    app: App, pia: int
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10001))
    first, second = (child["id"] for child in app.children(parent))
    app.end_video_room(first)

    app.update("bookings_booking", first, status="no_show")
    app.end_video_room(second)

    assert app.earnings(first) == [("projected", 5000, 4250)]
    assert app.earnings(second) == [("pending", 5000, 4250)]


def test_a_paid_session_that_turns_out_a_no_show_has_used_up_its_session_though_it_was_moved(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10001))
    session, _ = (child["id"] for child in app.children(parent))
    app.update(
        "bookings_booking", session, status="completed", completed_at=now() - timedelta(days=4)
    )
    conn.execute("select * from earnings.release_holds()")
    app.pay_out(pia)
    app.reschedule(session, now())

    conn.execute("select earnings.correct_booking(%s, 'no_show', 'it was a no-show')", [session])

    assert app.order_of(parent)["package_metadata"]["sessions_completed"] == 1
    query = sqlfiles.read("checks/session_counts_are_facts")
    assert conn.execute(query).fetchall() == []


def extra_session(app: App, practitioner_id: int) -> tuple[int, int]:
    """A package of one session, and a second session booking beside it."""
    parent = app.checkout(app.client(), app.package(app.service(practitioner_id), 1, 10001))
    [sold] = app.children(parent)
    extra = app.book(
        sold["user_id"], sold["service_id"], start=now(), parent_booking_id=parent, status="draft"
    )
    return sold["id"], extra


def test_a_session_without_a_slot_is_not_made_pending_by_the_app(app: App, pia: int) -> None:
    sold, extra = extra_session(app, pia)
    app.earnings_task(extra)
    app.end_video_room(sold)

    app.end_video_room(extra)
    [row] = app.rows("payments_earningstransaction", booking_id=extra)
    app.update("payments_earningstransaction", row["id"], status="pending")

    assert app.earnings(sold) == [("pending", 10001, 8501)]
    assert [status for status, _, _ in app.earnings(extra)] == ["projected"]


def test_a_late_task_does_not_keep_a_waiting_session_from_its_slot(app: App, pia: int) -> None:
    sold, extra = extra_session(app, pia)
    app.end_video_room(sold)
    app.end_video_room(extra)
    app.earnings_task(extra)

    app.cancel(sold)

    assert live_gross(app, sold) == 0
    assert live_gross(app, extra) == 10001


def test_what_a_cancellation_reversed_does_not_come_back_with_a_late_task(
    app: App, pia: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    app.cancel(booking_id)
    app.end_video_room(booking_id)

    app.earnings_task(booking_id)

    assert live_gross(app, booking_id) == 0


def test_a_row_that_was_clawed_back_is_not_reversed_as_well(app: App, pia: int) -> None:
    booking_id = paid_booking(app, pia)
    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    app.cancel(booking_id)
    app.update("payments_practitionerpayout", row["payout_id"], status="failed")

    app.end_video_room(booking_id)
    app.cancel(booking_id)

    assert sum(net for status, _, net in app.earnings(booking_id) if status != "reversed") == 0
    assert app.cached(pia)["available_balance_cents"] == 0


def test_rows_that_one_payout_took_are_refused_to_another(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    delivered_at = now() - timedelta(days=4)
    app.update("bookings_booking", booking_id, status="completed", completed_at=delivered_at)
    app.execute("select * from earnings.release_holds()")
    [stale] = app.objects("payments_earningstransaction", booking_id=booking_id)
    app.pay_out(pia)
    with app.atomic():
        app.execute("set local role earnings_migrator")
        other = app.insert("payments_practitionerpayout", practitioner_id=pia)

    with refused("23X12"):
        app.save(stale, status="paid", payout_id=other)


@pytest.mark.parametrize("cents", [None, 0, -5, 8501])
def test_a_payout_of_more_than_is_available_or_of_nothing_is_refused(
    app: App, pia: int, cents: int | None
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    delivered_at = now() - timedelta(days=4)
    app.update("bookings_booking", booking_id, status="completed", completed_at=delivered_at)
    app.execute("select * from earnings.release_holds()")

    with refused("23X12"):
        app.insert(
            "payments_practitionerpayout",
            practitioner_id=pia,
            status="pending",
            credits_payout_cents=cents,
        )


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        "x",
        None,
        {"total_sessions": 1.5},
        {"total_sessions": "many"},
        {"total_sessions": 0},
        {"total_sessions": 99999999999},
        {"session_value_cents": -1},
        {"expires_at": "soon"},
    ],
)
def test_metadata_that_makes_no_sense_is_corrected_and_stops_no_completion(
    app: App, conn: psycopg.Connection, pia: int, metadata: object
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10000))
    order = app.order_of(parent)

    conn.execute(
        "update payments_order set package_metadata = %s where id = %s",
        [Jsonb(metadata), order["id"]],
    )
    app.end_video_room(app.children(parent)[0]["id"])
    conn.execute("select * from earnings.expire_packages()")

    stored = app.order_of(parent)["package_metadata"]
    assert stored == order["package_metadata"] | {"sessions_completed": 1}
    assert live_gross(app, app.children(parent)[0]["id"]) == 5000


def test_a_stale_save_after_a_reschedule_leaves_the_row_where_it_is(app: App, pia: int) -> None:
    old = app.checkout(app.client(), app.service(pia))
    [stale] = app.objects("payments_earningstransaction", booking_id=old)
    new = app.reschedule(old, now() + SOON)

    app.save(stale, description="edited by an admin")

    [row] = app.rows("payments_earningstransaction", booking_id=new)
    assert row["description"] == "edited by an admin"
    assert app.earnings(old) == []


def test_a_late_task_that_waits_for_a_reschedule_earns_for_the_successor(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    old = app.checkout(app.client(), app.service(pia), run_earnings_task=False)

    meanwhile(lambda one: one.reschedule(old, now() + SOON), lambda two: two.earnings_task(old))

    [new] = app.rows("bookings_booking", rescheduled_from_id=old)
    assert app.earnings(old) == []
    assert app.earnings(new["id"]) == [("projected", 10000, 8500)]


def test_what_was_paid_too_early_needs_nobody_once_it_is_delivered(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    for kind, subject, subject_id in (
        ("paid_undelivered", "earnings", row["id"]),
        ("soft_deleted_with_earnings", "booking", booking_id),
    ):
        conn.execute("select earnings.raise_exception_row(%s, %s, %s)", [kind, subject, subject_id])

    app.end_video_room(booking_id)

    open_kinds = conn.execute("select kind from earnings.exceptions where resolved_at is null")
    assert ("paid_undelivered",) not in (still_open := open_kinds.fetchall())
    assert ("soft_deleted_with_earnings",) in still_open


def test_a_person_can_undo_a_delivery_that_did_not_take_place(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10001))
    child = app.children(parent)[0]["id"]
    app.end_video_room(child)

    conn.execute("select earnings.correct_booking(%s, 'confirmed', 'nobody came')", [child])

    assert app.earnings(child) == [("projected", 5000, 4250)]
    assert app.order_of(parent)["package_metadata"]["sessions_completed"] == 0
    assert conn.execute(
        "select reason from earnings.transitions order by id desc limit 1"
    ).fetchone() == ("nobody came",)


def test_a_person_can_correct_a_status_along_the_rules_only(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    app.end_video_room(booking_id)
    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)

    conn.execute("select earnings.correct_status(%s, 'projected', 'not held')", [row["id"]])
    assert app.earnings(booking_id) == [("projected", 10000, 8500)]

    for status, sqlstate in (("paid", "23X01"), ("available", "23X01")):
        with refused(sqlstate):
            conn.execute("select earnings.correct_status(%s, %s, 'no')", [row["id"], status])
