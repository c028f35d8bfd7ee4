"""What a practitioner has after a delivery, by whichever path the app takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flows.support import matters, only_earnings, purse, sold_package, steps
from marketplace_app import HOLD, App, now
from marketplace_app.tables import SaveRefused

AN_HOUR = timedelta(hours=1)
Path = Callable[[App, int], object]


def by_stale_object(app: App, booking_id: int) -> None:
    stale = app.get("bookings_booking", booking_id)
    app.update("bookings_booking", booking_id, title="edited meanwhile")
    app.mark_completed(stale)


def by_practitioner(app: App, booking_id: int) -> None:
    for status in ("in_progress", "completed"):
        app.transition_to(booking_id, status)


def by_task(app: App, booking_id: int) -> None:
    assert app.complete_ended()["completed"] >= 1


def by_job(app: App, booking_id: int) -> None:
    app.execute("select * from earnings.complete_due()")


PATHS: dict[str, Path] = {
    "the object just read": lambda app, id_: app.mark_completed(app.get("bookings_booking", id_)),
    "a stale object": by_stale_object,
    "the video room": App.end_video_room,
    "the practitioner": by_practitioner,
    "update()": lambda app, id_: app.update("bookings_booking", id_, status="completed"),
    "the app's task": by_task,
    "the engine's job": by_job,
}
FULL_SAVES = ("the object just read", "a stale object", "the practitioner")


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("task", ["in time", "late", "inside"])
def test_a_delivery_earns_its_price_once_and_holds_it_from_now_on(
    app: App, pia: int, path: Path, task: str
) -> None:
    booking_id = app.checkout(
        app.client(),
        app.service(pia),
        start=now() - 2 * AN_HOUR,
        run_earnings_task=task == "in time",
        earnings_inside=task == "inside",
    )
    began = now()

    path(app, booking_id)
    app.earnings_task(booking_id)

    booking, row = app.row("bookings_booking", booking_id), only_earnings(app, booking_id)
    assert (booking["status"], booking["completed_at"] is None) == ("completed", False)
    assert (row["status"], row["net_amount_cents"]) == ("pending", 8500)
    assert began + HOLD <= row["available_after"] <= now() + HOLD
    assert steps(app, row["id"]) == (["pending"] if task == "late" else ["projected", "pending"])
    assert purse(app, pia) == {"pending": 8500}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_session_of_a_package_earns_its_slot_by_every_path(
    after: App, pia: int, path: Path
) -> None:
    _, sessions = sold_package(after, pia, 3, 40000)
    after.schedule(sessions[0], now() - 2 * AN_HOUR)

    path(after, sessions[0])

    assert after.earnings(sessions[0]) == [("pending", 13333, 11334)]
    assert after.order_of(sessions[0])["package_metadata"]["sessions_completed"] == 1
    assert purse(after, pia) == {"pending": 11334}


@pytest.mark.parametrize("path", ["the video room", "update()", "the engine's job"])
def test_a_session_below_a_parent_earns_its_slot_where_the_app_can_complete_it(
    before: App, pia: int, path: str
) -> None:
    _, sessions = sold_package(before, pia, 3, 40000)
    before.schedule(sessions[0], now() - 2 * AN_HOUR)

    PATHS[path](before, sessions[0])

    assert before.earnings(sessions[0]) == [("pending", 13333, 11334)]
    assert before.order_of(sessions[0])["package_metadata"]["sessions_completed"] == 1
    assert purse(before, pia) == {"pending": 11334}


@pytest.mark.parametrize("path", FULL_SAVES)
def test_a_session_below_a_parent_that_the_app_refuses_to_complete_earns_nothing_yet(
    before: App, pia: int, path: str
) -> None:
    _, sessions = sold_package(before, pia, 3, 40000)
    before.schedule(sessions[0], now() - 2 * AN_HOUR)

    with pytest.raises(SaveRefused):
        PATHS[path](before, sessions[0])
    assert purse(before, pia) == {}

    before.end_video_room(sessions[0])
    assert purse(before, pia) == {"pending": 11334}


def test_all_sessions_together_earn_the_price_and_are_counted(app: App, pia: int) -> None:
    order, sessions = sold_package(app, pia, 3, 40000)

    for session in sessions:
        app.end_video_room(session)

    earned = [app.earnings(session) for session in sessions]
    assert earned == [[("pending", cents, 11334)] for cents in (13333, 13333, 13334)]
    metadata = app.row("payments_order", order["id"])["package_metadata"]
    assert metadata["sessions_completed"] == 3
    assert metadata.get("sessions_remaining", 0) == 0
    assert purse(app, pia) == {"pending": 3 * 11334}


def test_neither_a_stale_order_nor_the_app_s_own_count_moves_the_number_of_sessions(
    after: App, pia: int
) -> None:
    order, sessions = sold_package(after, pia, 3, 40000)
    stale = after.get("payments_order", order["id"])
    for session in sessions[:2]:
        after.end_video_room(session)

    for write in (stale.save, stale.increment_sessions_completed):
        write()
        stored = after.row("payments_order", order["id"])
        assert stored["package_metadata"]["sessions_completed"] == 2
        assert stored["package_metadata"]["expires_at"] == order["package_metadata"]["expires_at"]


def test_a_stale_order_of_the_earlier_version_takes_nothing_away(before: App, pia: int) -> None:
    order, sessions = sold_package(before, pia, 2, 20000)
    stale = before.get("payments_order", order["id"])
    before.end_video_room(sessions[0])

    before.save(stale, order_type="direct", status="processing")

    stored = before.row("payments_order", order["id"])
    assert (stored["status"], stored["order_type"]) == ("processing", "package")
    assert stored["package_metadata"] == order["package_metadata"] | {"sessions_completed": 1}


def test_a_stale_booking_undoes_no_delivery(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    stale = app.get("bookings_booking", booking_id)
    app.end_video_room(booking_id)
    delivered = app.row("bookings_booking", booking_id)

    app.save(stale)

    booking = app.row("bookings_booking", booking_id)
    for column in ("status", "completed_at", "order_id"):
        assert booking[column] == delivered[column]
    assert app.earnings(booking_id) == [("pending", 10000, 8500)]
    assert purse(app, pia) == {"pending": 8500}


def test_a_booking_completed_after_it_was_canceled_earns_nothing(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    app.cancel(booking_id)

    app.end_video_room(booking_id)
    app.earnings_task(booking_id)

    assert {status for status, _, _ in app.earnings(booking_id)} == {"reversed"}
    assert "completed_after_canceled" in matters(app, "booking", booking_id)
    assert purse(app, pia) == {}


def test_a_session_that_never_earned_earns_although_it_was_canceled_first(
    app: App, pia: int
) -> None:
    _, sessions = sold_package(app, pia, 2, 20000)
    app.cancel(sessions[0])

    app.end_video_room(sessions[0])

    assert app.earnings(sessions[0]) == [("pending", 10000, 8500)]
    assert "completed_after_canceled" in matters(app, "booking", sessions[0])


def test_a_no_show_keeps_what_it_has_projected(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    app.transition_to(booking_id, "no_show")

    assert app.earnings(booking_id) == [("projected", 10000, 8500)]
    assert purse(app, pia) == {"projected": 8500}


def test_a_delivery_ahead_of_its_start_is_reported_and_earns(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), start=now() + timedelta(days=3))

    app.end_video_room(booking_id)

    assert purse(app, pia) == {"pending": 8500}
    assert "completed_before_start" in matters(app, "booking", booking_id)


def test_an_appointment_without_an_end_is_no_obstacle_to_the_others(app: App, pia: int) -> None:
    client, service_id = app.client(), app.service(pia)
    endless, ended = (app.checkout(client, service_id, start=now() - 2 * AN_HOUR) for _ in "ab")
    app.update("bookings_booking", endless, start_time=None, end_time=None)

    by_job(app, ended)

    assert app.earnings(ended) == [("pending", 10000, 8500)]
    assert app.earnings(endless) == [("projected", 10000, 8500)]
    assert "appointment_without_end" in matters(app, "booking", endless)


def test_a_workshop_ends_with_its_service_session(app: App, pia: int) -> None:
    service_id = app.service(pia, "workshop")
    start = now() + timedelta(days=9)
    session = app.insert(
        "service_sessions", service_id=service_id, start_time=start, end_time=start + AN_HOUR
    )
    booking_id = app.checkout(app.client(), service_id)
    app.update("bookings_booking", booking_id, service_session_id=session)
    assert only_earnings(app, booking_id)["available_after"] == start + AN_HOUR + HOLD

    app.update(
        "service_sessions", session, start_time=now() - 2 * AN_HOUR, end_time=now() - AN_HOUR
    )
    by_job(app, booking_id)

    assert app.earnings(booking_id) == [("pending", 10000, 8500)]


def test_a_course_ends_with_the_last_of_its_sessions(app: App, pia: int) -> None:
    service_id = app.service(pia, "course")
    booking_id = app.checkout(app.client(), service_id, start=now() - 3 * AN_HOUR)
    first, last = (
        app.insert(
            "service_sessions", service_id=service_id, start_time=start, end_time=start + AN_HOUR
        )
        for start in (now() - 3 * AN_HOUR, now() + timedelta(days=2))
    )

    by_job(app, booking_id)
    assert app.earnings(booking_id) == [("projected", 10000, 8500)]

    earlier = app.row("service_sessions", first)["start_time"] + AN_HOUR
    app.update("service_sessions", last, start_time=earlier, end_time=earlier + AN_HOUR)
    by_job(app, booking_id)
    assert app.earnings(booking_id) == [("pending", 10000, 8500)]


def test_the_task_of_the_later_version_pays_no_session_twice(after: App, pia: int) -> None:
    order, sessions = sold_package(after, pia, 2, 20001)
    for session in sessions:
        after.schedule(session, now() - 2 * AN_HOUR)

    after.complete_ended()
    after.complete_ended()

    assert [after.earnings(session) for session in sessions] == [
        [("pending", 10000, 8500)],
        [("pending", 10001, 8501)],
    ]
    stored = after.row("payments_order", order["id"])["package_metadata"]
    assert stored["sessions_completed"] == 2
    assert purse(after, pia) == {"pending": 17001}
