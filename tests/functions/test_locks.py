"""What a session does when another one holds what it needs: wait, or leave it and say so (R20).

Nobody waits here but for a lock, and for no longer than a lock timeout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import psycopg
import pytest

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App, now, refused

Hold = Callable[[str, int], AbstractContextManager[None]]


@pytest.fixture
def hold(engine_copy: Target) -> Iterator[Hold]:
    """hold(table, id): another session has the row, as a writer that is about to delete it has."""
    with connect(engine_copy, "other") as other:

        @contextmanager
        def holding(table: str, row_id: int) -> Iterator[None]:
            with other.transaction():
                other.execute(f"select from public.{table} where id = {row_id} for update")
                yield

        yield holding


@pytest.fixture
def impatient(app: App) -> App:
    app.execute("set lock_timeout = '500ms'")
    return app


@pytest.fixture
def ended(app: App, pia: int) -> list[int]:
    """Two bookings whose appointment has ended."""
    then = now() - timedelta(days=4)
    return [app.checkout(app.client(), app.service(pia), start=then) for _ in range(2)]


def completed(conn: psycopg.Connection) -> tuple[int, int]:
    """Run the job: how many it completed, and how many it left to the next run."""
    [counts] = conn.execute(
        "select completed_count, skipped_count from earnings.complete_due()"
    ).fetchall()
    return counts


def test_complete_due_leaves_the_booking_that_somebody_writes(
    conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    with hold("bookings_booking", ended[0]):
        assert completed(conn) == (1, 0)
    assert completed(conn) == (1, 0)


def test_complete_due_leaves_the_booking_of_an_order_that_somebody_writes(
    app: App, conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    with hold("payments_order", app.order_of(ended[0])["id"]):
        assert completed(conn) == (1, 1)
    assert completed(conn) == (1, 0)


def test_release_holds_leaves_the_earnings_that_somebody_writes(
    app: App, conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    released = "select * from earnings.release_holds()"
    app.execute("update earnings.settings set value = '0 seconds' where name = 'hold'")
    assert completed(conn) == (2, 0)
    [earnings] = app.rows("payments_earningstransaction", booking_id=ended[0])

    with hold("payments_earningstransaction", earnings["id"]):
        assert len(conn.execute(released).fetchall()) == 1
    assert len(conn.execute(released).fetchall()) == 1


def test_the_queue_keeps_the_booking_that_somebody_writes(
    conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    conn.execute(
        "insert into earnings.settlement_queue (booking_id) select unnest(%s::bigint[])", [ended]
    )

    def left() -> list[int]:
        conn.execute("select earnings.settle_queued(10)")
        found = conn.execute("select booking_id from earnings.settlement_queue order by id")
        return [booking_id for (booking_id,) in found]

    with hold("bookings_booking", ended[0]):
        assert left() == [ended[0]]
    assert left() == []


def test_a_waiting_session_that_somebody_holds_gets_the_free_slot_from_the_next_job(
    app: App, conn: psycopg.Connection, impatient: App, pia: int, hold: Hold
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 1, 10000))
    order_id = app.order_of(parent)["id"]
    [first] = [row["id"] for row in app.sessions(order_id)]
    waiting = app.book(app.client(), app.service(pia))
    app.execute("update bookings_booking set order_id = %s where id = %s", [order_id, waiting])
    for session in (first, waiting):
        app.end_video_room(session)
    assert app.earnings(waiting) == []

    with hold("bookings_booking", waiting):
        impatient.cancel(first)
        assert app.earnings(waiting) == []

    conn.execute("select earnings.settle_queued(10)")
    assert app.earnings(waiting) == [("pending", 10000, 8500)]


def test_two_people_who_start_a_package_start_it_once(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 3, 10000, "bundle"))
    order_id = app.order_of(parent)["id"]
    start = "select * from earnings.start_package(%s)"

    meanwhile(
        lambda one: one.execute(start, [order_id]), lambda two: two.execute(start, [order_id])
    )

    assert len(app.sessions(order_id)) == 3


def test_a_credit_row_that_links_a_booking_waits_for_who_writes_it(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    """It locks the booking before it decides, so that what it links is what was committed."""
    service_id, client_id = app.service(pia), app.client()
    first, second = (app.checkout(client_id, service_id) for _ in range(2))
    other_order = app.order_of(second)["id"]

    def link(client: App) -> None:
        client.insert(
            "payments_usercredittransaction",
            user_id=client_id,
            booking_id=first,
            order_id=other_order,
            service_id=service_id,
            amount_cents=-100,
            transaction_type="usage",
        )

    meanwhile(lambda one: one.cancel(first), link)

    assert app.order_of(first)["id"] == other_order
    assert app.earnings(first) == [("reversed", 10000, 8500)]


def test_a_booking_that_is_written_keeps_its_earnings_from_being_deleted(
    app: App, impatient: App, pia: int, hold: Hold
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    [earnings] = app.rows("payments_earningstransaction", booking_id=booking_id)

    with hold("bookings_booking", booking_id), refused("23X06"):
        impatient.execute(
            "delete from payments_earningstransaction where id = %s", [earnings["id"]]
        )

    impatient.execute("delete from payments_earningstransaction where id = %s", [earnings["id"]])
    assert app.earnings(booking_id) == []
