"""What a practitioner has after money moved, or was meant to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.support import deliver_long_ago, earn, only_earnings, purse, steps
from marketplace_app import HOLD, App, now, refused

EVERY_STATUS = ("projected", "pending", "available", "paid")


def payout_of(app: App, booking_id: int) -> int:
    return only_earnings(app, booking_id)["payout_id"]


def test_a_hold_cannot_be_released_before_it_has_elapsed(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "pending")
    assert app.held_earnings(now() + HOLD) != []
    [held] = app.objects("payments_earningstransaction", booking_id=booking_id)

    with refused("23X02"):
        app.release(held)

    assert purse(app, pia) == {"pending": 8500}


@pytest.mark.parametrize("release", ["the app", "the engine"])
@pytest.mark.parametrize("pay", ["the app", "the engine"])
def test_a_payout_takes_what_is_available_once(app: App, pia: int, release: str, pay: str) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    deliver_long_ago(app, booking_id)

    for _ in range(2):
        if release == "the app":
            app.release_due()
        else:
            app.execute("select * from earnings.release_holds()")
    assert purse(app, pia) == {"available": 8500}
    if pay == "the app":
        app.pay_out(pia)
        with refused("23X12"):
            app.pay_out(pia)
    else:
        for _ in range(2):
            app.execute("select * from earnings.create_payouts()")

    payout = app.row("payments_practitionerpayout", payout_of(app, booking_id))
    assert (payout["credits_payout_cents"], payout["commission_collected_cents"]) == (8500, 1500)
    assert payout["practitioner_id"] == pia
    assert purse(app, pia) == {"paid": 8500}
    assert steps(app, only_earnings(app, booking_id)["id"]) == [
        "projected",
        "pending",
        "available",
        "paid",
    ]

    app.complete_payout(payout["id"])
    assert purse(app, pia) == {"paid": 8500}


def test_a_balance_below_the_minimum_waits_for_the_next(app: App, pia: int) -> None:
    bookings = [
        app.checkout(app.client(), app.service(pia, price_cents=cents)) for cents in (5000, 900)
    ]
    deliver_long_ago(app, bookings[0])
    app.release_due()
    app.execute("select * from earnings.create_payouts()")
    assert purse(app, pia) == {"available": 4250, "projected": 765}

    deliver_long_ago(app, bookings[1])
    app.release_due()
    app.execute("select * from earnings.create_payouts()")

    # 4250 + 765 = 5015, once both are there
    assert purse(app, pia) == {"paid": 5015}
    assert len({payout_of(app, booking_id) for booking_id in bookings}) == 1


def failing(app: App, payout_id: int) -> None:
    app.fail_payout(payout_id)


def canceling(app: App, payout_id: int) -> None:
    app.cancel_payout(payout_id)


def canceling_in_british(app: App, payout_id: int) -> None:
    app.cancel_payout(payout_id, "cancelled")


def canceling_rows_first(app: App, payout_id: int) -> None:
    app.cancel_payout(payout_id, rows_first=True)


@pytest.mark.parametrize("stop", [failing, canceling, canceling_in_british, canceling_rows_first])
def test_a_payout_that_fails_gives_its_rows_back_and_is_never_completed(
    app: App, pia: int, stop: object
) -> None:
    booking_id = earn(app, pia, "paid")
    row, payout_id = only_earnings(app, booking_id), payout_of(app, booking_id)

    stop(app, payout_id)  # type: ignore[operator]

    returned = only_earnings(app, booking_id)
    assert (returned["status"], returned["payout_id"]) == ("available", None)
    assert returned["available_after"] == row["available_after"]
    assert purse(app, pia) == {"available": 8500}

    second = app.pay_out(pia)
    app.complete_payout(payout_id)

    assert app.row("payments_practitionerpayout", payout_id)["status"] not in (
        "pending",
        "completed",
    )
    assert payout_of(app, booking_id) == second
    assert purse(app, pia) == {"paid": 8500}


def test_rows_read_before_a_cancellation_cannot_be_paid_after_it(app: App, pia: int) -> None:
    bookings = [earn(app, pia, "available") for _ in range(3)]
    stale = app.objects("payments_earningstransaction", practitioner_id=pia)
    app.cancel(bookings[0])

    with refused("23X12"):
        app.pay_out(pia, stale)
    with refused("23X01"):
        app.pay_out(pia, stale[:2])

    assert purse(app, pia) == {"available": 2 * 8500}
    assert app.rows("payments_practitionerpayout", practitioner_id=pia) == []


def test_rows_that_one_payout_took_are_refused_to_another(app: App, pia: int) -> None:
    booking_id = earn(app, pia, "available")
    stale = app.objects("payments_earningstransaction", practitioner_id=pia)
    first = app.pay_out(pia)
    earn(app, pia, "available")

    with refused("23X12"):
        app.pay_out(pia, stale)

    assert payout_of(app, booking_id) == first
    assert purse(app, pia) == {"paid": 8500, "available": 8500}


@pytest.mark.parametrize("cents", [None, 0, -8500, 8501])
def test_a_payout_of_nothing_or_of_more_than_there_is_is_refused_before_money_moves(
    app: App, pia: int, cents: int | None
) -> None:
    earn(app, pia, "available")

    with refused("23X12"):
        app.insert("payments_practitionerpayout", practitioner_id=pia, credits_payout_cents=cents)

    assert purse(app, pia) == {"available": 8500}


def test_what_is_owed_back_is_not_paid_out(app: App, pia: int) -> None:
    app.cancel(earn(app, pia, "paid"))

    app.execute("select * from earnings.create_payouts()")
    with refused("23X12"):
        app.pay_out(pia)

    assert purse(app, pia) == {"paid": 8500, "available": -8500}


def test_a_release_loop_revives_nothing_that_changed_since_it_read(app: App, pia: int) -> None:
    canceled, paid = (app.checkout(app.client(), app.service(pia)) for _ in range(2))
    for booking_id in (canceled, paid):
        deliver_long_ago(app, booking_id)
    stale = app.objects("payments_earningstransaction", practitioner_id=pia)
    app.cancel(canceled)
    app.release_due()
    payout_id = app.pay_out(pia)

    with refused("23X01"):
        app.release(stale[0])
    app.release(stale[1])

    assert app.earnings(canceled) == [("reversed", 10000, 8500)]
    assert payout_of(app, paid) == payout_id
    assert purse(app, pia) == {"paid": 8500}


@pytest.mark.parametrize("status", EVERY_STATUS)
def test_the_reversal_that_finds_nothing_changes_nothing(app: App, pia: int, status: str) -> None:
    booking_id = earn(app, pia, status)

    assert app.reverse_earnings(booking_id) == 0

    assert purse(app, pia) == {status: 8500}


@pytest.mark.parametrize("status", EVERY_STATUS)
def test_a_reversal_as_it_was_meant_takes_the_earnings_back_once(
    app: App, pia: int, status: str
) -> None:
    booking_id = earn(app, pia, status)
    owed = {"paid": 8500, "available": -8500} if status == "paid" else {}

    assert app.reverse_earnings_as_meant(booking_id) == 1
    assert purse(app, pia) == owed

    app.cancel(booking_id)
    app.reverse_earnings_as_meant(booking_id)
    assert purse(app, pia) == owed
    kinds = {
        row["transaction_type"]
        for row in app.rows("payments_earningstransaction", booking_id=booking_id)
        if row["net_amount_cents"] < 0 and row["status"] == "available"
    }
    assert kinds == ({"clawback"} if status == "paid" else set())


def test_a_cache_typed_in_by_hand_is_replaced_by_the_truth(app: App, pia: int) -> None:
    earn(app, pia, "available")
    cache = app.get("payments_practitionerearnings", app.cached(pia)["id"])

    app.save(cache, available_balance_cents=-22100, lifetime_payouts_cents=5)
    app.refresh_cache(pia, subtract=22100)

    assert purse(app, pia) == {"available": 8500}


def test_a_payout_of_many_rows_keeps_the_balance_true(app: App, pia: int) -> None:
    for _ in range(4):
        earn(app, pia, "available")
    app.checkout(app.client(), app.service(pia), start=now() + timedelta(days=2))

    app.pay_out(pia)

    assert purse(app, pia) == {"paid": 4 * 8500, "projected": 8500}
    assert app.cached(pia)["lifetime_earnings_cents"] == 4 * 8500
    assert app.cached(pia)["last_payout_date"] is not None


def test_the_last_payout_is_the_newest_that_still_pays_something(app: App, pia: int) -> None:
    # their dates are not in the order in which they were written
    dates = {days: now() - timedelta(days=days) for days in (3, 1, 2)}
    payouts = {}
    for days, date in dates.items():
        booking_id = earn(app, pia, "available")
        app.pay_out(pia)
        payouts[days] = payout_of(app, booking_id)
        app.update("payments_practitionerpayout", payouts[days], payout_date=date)

    earn(app, pia, "pending")
    assert app.cached(pia)["last_payout_date"] == dates[1]

    app.update("payments_practitionerpayout", payouts[1], status="failed")
    assert app.cached(pia)["last_payout_date"] == dates[2]
