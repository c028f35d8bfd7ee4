"""Every cent of a package stands somewhere, after each step of the app's flows (R7, R9, R22)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from conftest import Databases, MakeDatabase, install_engine
from earnings_pipeline import building
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App, now

VIEWS = ("int_package_orders__progressed", "int_package_sessions__numbered")
PRICE = 10000
SHARES = (3333, 3333, 3334)


@pytest.fixture
def target(databases: Databases, make_database: MakeDatabase) -> Target:
    """A marketplace with the engine on, and the views that say where a package stands."""

    def build_views(conn: psycopg.Connection) -> None:
        install_engine(conn)
        result = building.build(databases.target(conn.info.dbname), [f"+{view}" for view in VIEWS])
        assert (result.findings, result.errors) == ((), ())

    return make_database("engine_with_views", build_views)


@pytest.fixture
def conn(target: Target) -> Iterator[psycopg.Connection]:
    with connect(target, "test") as conn:
        yield conn


@pytest.fixture
def app(target: Target) -> Iterator[App]:
    with App(target) as app:
        yield app


@pytest.fixture
def pia(app: App) -> int:
    return app.practitioner()


@pytest.fixture
def order(app: App, pia: int) -> int:
    """A package of three sessions at 100 dollars: 3333, 3333 and 3334 cents."""
    package = app.checkout(app.client(), app.package(app.service(pia), 3, PRICE))
    return int(app.order_of(package)["id"])


def standing(conn: psycopg.Connection, order: int) -> tuple[int, int, int, int]:
    """Earned, refunded, expired and still owed of a package, in cents; they are its price."""
    [(price, earned, refundable, refunded, expired, not_yet_delivered, owed)] = conn.execute(
        "select price_cents, earned_cents, refundable_cents, refunded_cents, expired_cents, "
        "not_yet_delivered_cents, liability_cents "
        "from staging.int_package_orders__progressed where order_id = %s",
        [order],
    )
    parts = (earned, refundable, refunded, expired, not_yet_delivered)
    assert (sum(parts), min(parts) >= 0) == (price, True)
    assert owed == refundable + not_yet_delivered
    assert takeable(conn, order) == free(conn, order)
    return earned, refunded, expired, owed


def owed(conn: psycopg.Connection, order: int) -> tuple[int, int]:
    """Refundable and not yet delivered of a package, in cents."""
    [parts] = conn.execute(
        "select refundable_cents, not_yet_delivered_cents "
        "from staging.int_package_orders__progressed where order_id = %s",
        [order],
    )
    return parts


def takeable(conn: psycopg.Connection, order: int) -> list[tuple[int, int, int]]:
    """(session, worth, used up by refunds) of what can still be taken, as the models say."""
    return conn.execute(
        "select session_number, session_value_cents, refunded_cents "
        "from staging.int_package_sessions__numbered "
        "where order_id = %s and not has_slot and refunded_cents < session_value_cents order by 1",
        [order],
    ).fetchall()


def free(conn: psycopg.Connection, order: int) -> list[tuple[int, int, int]]:
    """The same, as the engine says."""
    return conn.execute(
        "select slot_number, amount_cents, refunded_cents from earnings.free_slots(%s) order by 1",
        [[order]],
    ).fetchall()


def sessions(conn: psycopg.Connection, order: int) -> list[tuple[int | None, bool, int]]:
    """(booking, whether its slot is taken, used up by refunds) of each session, in order."""
    return conn.execute(
        "select booking_id, has_slot, refunded_cents from staging.int_package_sessions__numbered "
        "where order_id = %s order by session_number",
        [order],
    ).fetchall()


def children(app: App, order: int) -> list[int]:
    return [row["id"] for row in app.sessions(order)]


def earned(app: App, order: int) -> int:
    """Gross of what the sessions of an order earn, in cents."""
    return sum(
        gross
        for session in app.sessions(order)
        for status, gross, _ in app.earnings(session["id"])
        if status != "reversed"
    )


def test_a_package_is_owed_until_it_is_delivered(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    assert standing(conn, order) == (0, 0, 0, PRICE)

    for count, session in enumerate(children(app, order), 1):
        app.end_video_room(session)
        assert standing(conn, order) == (sum(SHARES[:count]), 0, 0, sum(SHARES[count:]))
        assert earned(app, order) == sum(SHARES[:count])


def test_a_session_is_refundable_until_an_appointment_is_made_for_it(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second, third = children(app, order)
    assert owed(conn, order) == (PRICE, 0)

    app.update("bookings_booking", third, status="confirmed")
    assert owed(conn, order) == (SHARES[1] + SHARES[2], SHARES[0])
    assert [row[0] for row in sessions(conn, order)] == [third, first, second]

    app.credit_order(order, 5000)
    assert owed(conn, order) == (PRICE - 5000 - SHARES[0], SHARES[0])

    app.credit_order(order, 2000)
    assert owed(conn, order) == (0, PRICE - 7000)

    app.end_video_room(third)
    assert standing(conn, order) == (PRICE - 7000, 7000, 0, 0)


def test_a_refund_of_the_package_uses_up_the_last_sessions(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second, third = children(app, order)
    app.credit_order(order, 5000)
    assert standing(conn, order) == (0, 5000, 0, 5000)
    assert sessions(conn, order) == [(first, False, 0), (second, False, 1666), (None, False, 3334)]

    app.end_video_room(first)
    assert standing(conn, order) == (3333, 5000, 0, 1667)

    app.end_video_room(third)
    assert standing(conn, order) == (5000, 5000, 0, 0)
    assert earned(app, order) == 5000

    app.end_video_room(second)
    assert standing(conn, order) == (5000, 5000, 0, 0)
    assert sessions(conn, order) == [(first, True, 0), (third, True, 1666), (None, False, 3334)]


def test_what_a_refund_exceeds_is_not_taken_from_what_was_delivered(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second, _ = children(app, order)
    app.end_video_room(first)
    app.credit_order(order, 1000)
    app.end_video_room(second)
    assert standing(conn, order) == (6666, 1000, 0, 2334)

    app.credit_order(order, 9000)
    assert standing(conn, order) == (6666, 3334, 0, 0)
    assert earned(app, order) == 6666


def test_a_session_that_took_a_partly_refunded_slot_keeps_the_rest(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second, third = children(app, order)
    app.credit_order(order, 9000)
    app.end_video_room(first)
    assert standing(conn, order) == (1000, 9000, 0, 0)

    conn.execute(
        "select earnings.correct_booking(%s, 'confirmed', 'it did not take place')", [first]
    )
    assert standing(conn, order) == (0, 9000, 0, 1000)

    app.refund_order(order)
    for session in (second, third):
        app.end_video_room(session)
    assert standing(conn, order) == (0, PRICE, 0, 0)


def test_the_refund_of_a_canceled_session_counts_for_the_package(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second, _ = children(app, order)
    credit = app.refund(first, 3334)
    app.update("payments_usercredittransaction", credit, order_id=order)
    assert standing(conn, order) == (0, 0, 0, PRICE)

    app.cancel(first)
    assert standing(conn, order) == (0, 3334, 0, 6666)

    app.end_video_room(second)
    assert standing(conn, order) == (3333, 3334, 0, 3333)


def test_a_refund_of_a_delivered_session_leaves_it_delivered(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, *_ = children(app, order)
    app.end_video_room(first)

    app.refund(first, 3333)

    assert standing(conn, order) == (3333, 0, 0, 6667)
    assert earned(app, order) == 0


def test_a_refunded_package_owes_nothing_and_keeps_what_was_delivered(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    first, second, _ = children(app, order)
    app.end_video_room(first)

    app.refund_order(order)
    app.end_video_room(second)

    assert standing(conn, order) == (3333, 6667, 0, 0)


def test_what_lapses_is_breakage_until_a_session_is_delivered_after_all(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    app.credit_order(order, 4000)
    app.execute(
        "update payments_order set package_metadata = package_metadata || %s::jsonb where id = %s",
        ['{"expires_at": "2026-01-01T00:00:00+00:00"}', order],
    )
    [(_, _, marked, _)] = conn.execute("select * from earnings.expire_packages()").fetchall()
    assert standing(conn, order) == (0, 4000, marked, 0)

    app.end_video_room(children(app, order)[0])
    assert standing(conn, order) == (3333, 4000, 2667, 0)


def test_a_no_show_that_is_paid_uses_its_session_and_keeps_it(
    conn: psycopg.Connection, app: App, order: int
) -> None:
    absent, present, _ = children(app, order)
    conn.execute("update earnings.settings set value = 'pay' where name = 'no_show_policy'")
    app.update("bookings_booking", absent, status="no_show")
    assert standing(conn, order) == (3333, 0, 0, 6667)

    conn.execute("update earnings.settings set value = 'hold' where name = 'no_show_policy'")
    app.end_video_room(present)

    assert standing(conn, order) == (6666, 0, 0, 3334)
    assert [row[:2] for row in sessions(conn, order)][:2] == [(absent, True), (present, True)]


def test_a_paid_session_that_is_rescheduled_keeps_its_slot_and_its_successor_takes_none(
    conn: psycopg.Connection, app: App, pia: int, order: int
) -> None:
    first, second, third = children(app, order)
    delivered_at = now() - timedelta(days=4)
    app.update("bookings_booking", first, status="completed", completed_at=delivered_at)
    app.execute("select * from earnings.release_holds()")
    app.execute("update earnings.settings set value = '1' where name = 'payout_minimum'")
    app.pay_out(pia)

    successor = app.reschedule(first, now() + timedelta(days=2))
    again = app.reschedule(successor, now() + timedelta(days=3))
    assert standing(conn, order) == (3333, 0, 0, 6667)
    assert [row[0] for row in sessions(conn, order)] == [first, second, third]

    app.end_video_room(again)
    assert standing(conn, order) == (3333, 0, 0, 6667)
    assert earned(app, order) == 3333


def test_a_session_moved_to_another_package_is_used_there(
    conn: psycopg.Connection, app: App, pia: int, order: int
) -> None:
    first, *_ = children(app, order)
    other = int(
        app.order_of(app.checkout(app.client(), app.package(app.service(pia), 2, 5001)))["id"]
    )
    app.end_video_room(first)

    app.execute("update bookings_booking set order_id = %s where id = %s", [other, first])

    assert standing(conn, order) == (0, 0, 0, PRICE)
    assert standing(conn, other) == (2500, 0, 0, 2501)
