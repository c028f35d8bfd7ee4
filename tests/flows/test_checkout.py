"""What a practitioner has after a sale: nothing to withdraw, and nothing forgotten."""

from __future__ import annotations

import pytest

from flows.support import only_earnings, purse, sold_package, steps
from marketplace_app import HOLD, App, now


@pytest.mark.parametrize("credits_cents", [0, 2000, 10000])
def test_an_appointment_earns_its_price_however_it_is_paid(
    app: App, pia: int, credits_cents: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), credits_cents=credits_cents)

    booking, order, row = (
        app.row("bookings_booking", booking_id),
        app.order_of(booking_id),
        only_earnings(app, booking_id),
    )
    assert (row["status"], row["gross_amount_cents"], row["net_amount_cents"]) == (
        "projected",
        10000,
        8500,
    )
    assert row["available_after"] == booking["end_time"] + HOLD
    assert purse(app, pia) == {"projected": 8500}
    assert steps(app, row["id"]) == ["projected"]
    assert order["status"] == ("pending" if credits_cents == 10000 else "completed")
    assert booking["final_amount_cents"] == order["total_amount_cents"] == 10000 - credits_cents
    assert app.swallowed == []


def test_the_older_checkout_creates_the_earnings_before_it_commits(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), earnings_inside=True)

    assert app.earnings(booking_id) == [("projected", 10000, 8500)]
    assert purse(app, pia) == {"projected": 8500}


def test_an_earnings_task_that_comes_late_and_twice_earns_once(app: App, pia: int) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    assert purse(app, pia) == {}

    app.earnings_task(booking_id)
    app.earnings_task(booking_id)

    assert app.earnings(booking_id) == [("projected", 10000, 8500)]
    assert purse(app, pia) == {"projected": 8500}
    assert [type(error).__name__ for error in app.swallowed] == ["IntegrityError"]


def test_the_sale_of_a_package_earns_nothing_and_describes_itself(app: App, pia: int) -> None:
    order, sessions = sold_package(app, pia, 3, 40000)

    metadata = order["package_metadata"]
    assert order["order_type"] == "package"
    assert (metadata["package_type"], metadata["package_service_id"]) == (
        "package",
        order["service_id"],
    )
    assert (metadata["total_sessions"], metadata["sessions_completed"]) == (3, 0)
    assert metadata["session_value_cents"] == 13333
    assert metadata["expires_at"][:10] > order["created_at"].isoformat()[:10]
    assert [app.row("bookings_booking", session)["status"] for session in sessions] == ["draft"] * 3
    assert all(app.earnings(session) == [] for session in sessions)
    assert purse(app, pia) == {}


def test_a_parent_that_stands_for_the_sale_is_offered_its_price_and_earns_none(
    before: App, pia: int
) -> None:
    package_id = before.package(before.service(pia), 3, 40000)

    parent = before.checkout(before.client(), package_id)

    assert [status for status, _, _ in before.earnings(parent)] == ["reversed"]
    assert steps(before, only_earnings(before, parent)["id"]) == ["reversed"]
    assert purse(before, pia) == {}


def test_a_bundle_of_the_earlier_version_can_be_saved_again(before: App, pia: int) -> None:
    order, sessions = sold_package(before, pia, 10, 90000, "bundle")

    before.save(before.get("payments_order", order["id"]))

    assert order["order_type"] == "package"
    assert order["package_metadata"]["package_type"] == "bundle"
    assert order["package_metadata"]["total_sessions"] == 10
    assert order["package_metadata"]["bundle_service_id"] == order["service_id"]
    assert sessions == []


def test_a_bundle_sold_with_a_start_time_is_completed_with_the_sessions_it_lacks(
    before: App, pia: int
) -> None:
    package_id = before.package(before.service(pia), 3, 40000, "bundle")
    order = before.order_of(before.checkout(before.client(), package_id, start=now()))
    [first] = before.sessions(order["id"])
    assert first["service_id"] == package_id

    before.end_video_room(first["id"])
    for _ in range(2):
        before.execute("select * from earnings.start_package(%s)", [order["id"]])
    sessions = [session["id"] for session in before.sessions(order["id"])]
    for session in sessions[1:]:
        before.end_video_room(session)

    assert [before.earnings(session)[0][1] for session in sessions] == [13333, 13333, 13334]
    assert purse(before, pia) == {"pending": 3 * 11334}


def test_a_bundle_of_the_later_version_has_its_sessions_and_its_type(after: App, pia: int) -> None:
    order, sessions = sold_package(after, pia, 10, 90001, "bundle")

    assert order["order_type"] == "bundle"
    assert order["package_metadata"]["session_value_cents"] == 9000
    assert len(sessions) == 10
    assert purse(after, pia) == {}


def test_credits_that_pay_for_a_package_do_not_lower_what_its_sessions_earn(
    app: App, pia: int
) -> None:
    order, sessions = sold_package(app, pia, 2, 20001, credits_cents=5000)

    for session in sessions:
        app.end_video_room(session)

    assert order["total_amount_cents"] == 15001
    assert [app.earnings(session)[0][1] for session in sessions] == [10000, 10001]


def test_the_practitioners_of_one_package_each_earn_their_sessions(app: App, pia: int) -> None:
    zoe = app.practitioner("Zoe")
    package_id = app.package(app.service(pia), 2, 30000)
    app.contain(package_id, app.service(zoe), 1)
    booking_id = app.checkout(app.client(), package_id)

    for session in app.sessions(app.order_of(booking_id)["id"]):
        app.end_video_room(session["id"])

    assert purse(app, pia) == {"pending": 2 * 8500}
    assert purse(app, zoe) == {"pending": 8500}


def test_both_versions_work_side_by_side_on_one_package(before: App, after: App, pia: int) -> None:
    order, (first, second) = sold_package(before, pia, 2, 20001)

    after.schedule(first, order["created_at"])
    after.mark_completed(after.get("bookings_booking", first))
    before.end_video_room(second)

    assert before.earnings(first) == [("pending", 10000, 8500)]
    assert after.earnings(second) == [("pending", 10001, 8501)]
    assert after.order_of(first)["package_metadata"]["sessions_completed"] == 2
    assert purse(after, pia) == {"pending": 17001}
