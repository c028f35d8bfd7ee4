"""What the platform keeps: the rate of the service's type and the practitioner's tier."""

from __future__ import annotations

from itertools import count

import pytest

from flows.support import matters, only_earnings, purse
from marketplace_app import App

numbers = count(1)


@pytest.fixture
def kind() -> str:
    """A service type that no other test gives a rate."""
    return f"kind {next(numbers)}"


@pytest.mark.parametrize("task", ["in time", "lost"])
@pytest.mark.parametrize(
    ("base", "adjustment", "commission", "net"),
    [
        (None, None, 499, 2834),  # 15.00 flat: trunc(499.95)
        ("20.00", None, 666, 2667),  # trunc(666.60)
        ("20.00", "-5.00", 499, 2834),
        ("12.50", "2.55", 501, 2832),  # 15.05: trunc(501.6165)
        ("2.00", "-5.00", 0, 3333),
        ("98.00", "5.00", 3333, 0),
    ],
)
def test_the_app_and_the_engine_keep_the_same_commission(
    app: App,
    pia: int,
    kind: str,
    base: str | None,
    adjustment: str | None,
    commission: int,
    net: int,
    task: str,
) -> None:
    if base is not None:
        rate = app.commission(kind, base)
        if adjustment is not None:
            app.subscribe(pia, rate, adjustment)
    service_id = app.service(pia, kind, price_cents=3333)

    booking_id = app.checkout(app.client(), service_id, run_earnings_task=task == "in time")
    app.end_video_room(booking_id)

    row = only_earnings(app, booking_id)
    assert (row["commission_amount_cents"], row["net_amount_cents"]) == (commission, net)
    assert purse(app, pia) == ({"pending": net} if net else {})


def test_without_a_base_rate_the_tier_does_not_count(app: App, pia: int, kind: str) -> None:
    rate = app.commission(kind, "20.00", is_active=False)
    app.subscribe(pia, rate, "-10.00")

    booking_id = app.checkout(app.client(), app.service(pia, kind))

    assert only_earnings(app, booking_id)["commission_amount_cents"] == 1500


def test_where_two_rates_are_active_the_app_fails_and_the_engine_takes_the_newest(
    app: App, pia: int, kind: str
) -> None:
    app.commission(kind, "10.00")
    app.commission(kind, "20.00")

    booking_id = app.checkout(app.client(), app.service(pia, kind))
    assert [type(error).__name__ for error in app.swallowed] == ["MultipleObjectsReturned"]
    assert app.earnings(booking_id) == []

    app.end_video_room(booking_id)
    assert app.earnings(booking_id) == [("pending", 10000, 8000)]
    assert "duplicate_commission_rate" in matters(app, "service_type", app.service_type(kind))


def test_a_session_of_a_package_pays_the_rate_of_its_own_type(
    app: App, pia: int, kind: str
) -> None:
    app.commission(kind, "30.00")
    package_id = app.package(app.service(pia, kind), 2, 20000)
    booking_id = app.checkout(app.client(), package_id)
    session = app.sessions(app.order_of(booking_id)["id"])[0]["id"]

    app.end_video_room(session)

    assert app.earnings(session) == [("pending", 10000, 7000)]


def test_a_rate_that_changes_after_the_sale_changes_nothing_that_was_offered(
    app: App, pia: int, kind: str
) -> None:
    rate = app.commission(kind, "10.00")
    booking_id = app.checkout(app.client(), app.service(pia, kind))

    app.save(app.get("service_type_commissions", rate), base_rate="50.00")
    app.end_video_room(booking_id)

    assert app.earnings(booking_id) == [("pending", 10000, 9000)]
