"""Thirty-two connections at once on one package of fifty sessions and its one practitioner.

Everything is asked for three times, by different connections at the same time, as retries and
impatient people do, and takes effect once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from earnings_pipeline import checks
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App, now

CONNECTIONS = 32
SESSIONS = 50
PRICE_CENTS = 100_003
TIMES = 3

Act = Callable[[App], object]


@pytest.fixture
def crew(engine_copy: Target) -> Iterator[Callable[[Sequence[Act]], Counter[str]]]:
    """Do all acts at once, each three times, on 32 connections; count how they ended."""
    apps = [
        App(engine_copy, "after" if number % 2 else "before", name=f"crew {number}")
        for number in range(CONNECTIONS)
    ]

    def work(app: App, acts: list[Act]) -> Counter[str]:
        ended: Counter[str] = Counter()
        try:
            for act in acts:
                try:
                    act(app)
                    ended["done"] += 1
                except IntegrityError as error:
                    ended[getattr(error.__cause__, "sqlstate", "")] += 1
        finally:
            app.close()
        return ended

    def run(acts: Sequence[Act]) -> Counter[str]:
        every = list(acts) * TIMES
        random.Random(1).shuffle(every)
        shares = [every[number::CONNECTIONS] for number in range(CONNECTIONS)]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return sum(pool.map(work, apps, shares), Counter())

    yield run
    for app in apps:
        app.close()


def test_what_is_asked_for_three_times_takes_effect_once(
    engine_copy: Target, crew: Callable[[Sequence[Act]], Counter[str]]
) -> None:
    with App(engine_copy, "after") as app, connect(engine_copy, "test") as conn:
        app.execute("update earnings.settings set value = '0 seconds' where name = 'hold'")
        practitioner = app.practitioner()
        session = app.service(practitioner)
        package = app.package(session, SESSIONS, PRICE_CENTS)
        first = app.checkout(app.client(), package)
        order_id = app.row("bookings_booking", first)["order_id"]
        bookings = [row["id"] for row in app.rows("bookings_booking", order_id=order_id)]
        for booking in bookings:
            app.schedule(booking, now() - timedelta(hours=2))
        net = sum(cents - cents * 15 // 100 for cents in slots())

        # delivered by the room, by a save, by the job; and the task that is late
        ended = crew(
            [lambda app, booking=booking: app.end_video_room(booking) for booking in bookings[:20]]
            + [complete_by_save(booking) for booking in bookings[20:40]]
            + [lambda app: app.execute("select * from earnings.complete_due()")]
            + [lambda app, booking=booking: app.earnings_task(booking) for booking in bookings[::5]]
            + [lambda app: app.get("payments_order", order_id).save() for _ in range(5)]
        )
        conn.execute("select * from earnings.complete_due()")

        assert set(ended) == {"done"}
        assert sorted(gross_of(app, "pending")) == sorted(slots())
        assert (
            app.row("payments_order", order_id)["package_metadata"]["sessions_completed"]
            == SESSIONS
        )
        assert times(conn, "pending") == {1: SESSIONS}
        assert app.cached(practitioner)["pending_balance_cents"] == net

        # released by the app's loop and by the job
        stale = app.held_earnings()
        crew(
            [lambda app, row=row: app.release(app.get(TABLE, row.pk)) for row in stale[:30]]
            + [lambda app: app.execute("select * from earnings.release_holds()")]
        )
        conn.execute("select * from earnings.release_holds()")

        assert times(conn, "available") == {1: SESSIONS}
        assert app.cached(practitioner)["available_balance_cents"] == net

        # paid by the app and by the job
        ended = crew(
            [
                lambda app: app.pay_out(practitioner),
                lambda app: app.execute("select * from earnings.create_payouts()"),
            ]
        )

        assert times(conn, "paid") == {1: SESSIONS}
        [payout] = app.rows("payments_practitionerpayout")
        assert payout["credits_payout_cents"] == net
        assert app.cached(practitioner)["lifetime_payouts_cents"] == net

        # canceled after payment, by both paths
        canceled = bookings[:10]
        crew(
            [lambda app, booking=booking: app.cancel(booking) for booking in canceled]
            + [
                lambda app, booking=booking: app.cancel(booking, "cancelled")
                for booking in canceled
            ]
        )

        clawed = app.rows(TABLE, transaction_type="clawback")
        assert Counter(row["booking_id"] for row in clawed) == Counter(canceled)
        assert app.cached(practitioner)["available_balance_cents"] == sum(
            row["net_amount_cents"] for row in clawed
        )
        assert sum(row["net_amount_cents"] for row in clawed) == -sum(
            row["net_amount_cents"]
            for booking in canceled
            for row in app.rows(TABLE, booking_id=booking, status="paid")
        )
        assert app.row("payments_order", order_id)["package_metadata"]["sessions_completed"] == 40

        # the payout fails, and its webhook comes again and late
        crew(
            [
                delivered_again(lambda app: app.fail_payout(payout["id"])),
                delivered_again(lambda app: app.complete_payout(payout["id"])),
            ]
        )

        assert app.row("payments_practitionerpayout", payout["id"])["status"] in {
            "failed",
            "completed",
        }
        assert not [result.name for result in checks.run(conn) if not result.ok]


TABLE = "payments_earningstransaction"


def slots() -> list[int]:
    """What each session is worth: all together the price to the cent (R7)."""
    return [
        number * PRICE_CENTS // SESSIONS - (number - 1) * PRICE_CENTS // SESSIONS
        for number in range(1, SESSIONS + 1)
    ]


def complete_by_save(booking: int) -> Act:
    def act(app: App) -> None:
        app.swallowed.clear()
        app.mark_completed(app.get("bookings_booking", booking))
        refused = [error for error in app.swallowed if isinstance(error, DatabaseError)]
        assert not refused, refused

    return act


def delivered_again(webhook: Act) -> Act:
    """A webhook that ends in a deadlock comes again: the app writes the rows in any order."""

    def act(app: App) -> None:
        for _ in range(5):
            try:
                return webhook(app)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") != "40P01":
                    raise
        raise AssertionError("five deadlocks in a row")

    return act


def gross_of(app: App, status: str) -> list[int]:
    return [row["gross_amount_cents"] for row in app.rows(TABLE, status=status)]


def times(conn: psycopg.Connection, status: str) -> dict[Any, Any]:
    """How often a row took this status, and how many rows did it so often."""
    return dict(
        conn.execute(
            "select times, count(*) from (select count(*) as times from earnings.transitions "
            "where to_status = %s and from_status is distinct from to_status group by earnings_id) "
            "as counted group by times",
            [status],
        ).fetchall()
    )
