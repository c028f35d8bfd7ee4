"""What a session does when another one holds what it needs: wait, or leave it and say so (R20).

Nobody waits here but for a lock, and for no longer than a lock timeout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError
from psycopg import sql

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from functions.conftest import wait_until_blocked
from functions.test_lifecycle import paid_booking
from marketplace_app import HOLD, App, now, refused
from plain_rows import PlainRows

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
def unheld(app: App) -> None:
    """What is delivered may be released at once."""
    app.execute("update earnings.settings set value = '0 seconds' where name = 'hold'")


@pytest.fixture
def ended(app: App, pia: int) -> list[int]:
    """Two bookings whose appointment has ended."""
    then = now() - timedelta(days=4)
    return [app.checkout(app.client(), app.service(pia), start=then) for _ in range(2)]


@pytest.fixture
def paid(app: App, pia: int) -> tuple[int, int]:
    """A booking that was paid out, and the payout."""
    booking_id = paid_booking(app, pia)
    [payout] = app.rows("payments_practitionerpayout")
    return booking_id, payout["id"]


@pytest.fixture
def locked_while_it_waits(
    engine_copy: Target, conn: psycopg.Connection, hold: Hold
) -> Callable[..., set[str]]:
    """Let an act wait for a row; name which other rows (table, id) it has locked by then."""

    def tell(act: Callable[[App], object], table: str, row_id: int, **asked: int) -> set[str]:
        def run() -> None:
            with App(engine_copy, name="waiting") as other:
                act(other)

        thread = threading.Thread(target=run)
        with hold(table, row_id):
            thread.start()
            wait_until_blocked(conn, "waiting")
            locked = {
                other
                for other, other_id in asked.items()
                if not conn.execute(
                    f"select from public.{other} where id = {other_id}"
                    " for no key update skip locked"
                ).fetchall()
            }
        thread.join(timeout=30)
        return locked

    return tell


def queued(conn: psycopg.Connection) -> list[int]:
    found = conn.execute("select booking_id from earnings.settlement_queue order by id")
    return [booking_id for (booking_id,) in found]


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


@pytest.mark.parametrize(
    "change",
    [
        "end_time = now() + interval '7 days'",
        "end_time = null",
        "is_package_purchase = true",
        "status = 'canceled'",
        "is_deleted = true",
        "service_id = service_id - 1",
    ],
)
def test_complete_due_goes_by_what_was_written_while_it_chose(
    app: App,
    conn: psycopg.Connection,
    pia: int,
    engine_copy: Target,
    change: str,
) -> None:
    then = now() - timedelta(days=4)
    hour = timedelta(hours=1)
    workshop = app.service(pia, "workshop")
    session_id = app.insert(
        "service_sessions", service_id=workshop, start_time=then - hour, end_time=then
    )
    before = app.checkout(app.client(), workshop, start=then)
    app.update("bookings_booking", before, service_session_id=session_id)
    # a number lower is a course, which ends with its last session, and there is none
    app.service(pia, "course")
    booking_id = app.checkout(app.client(), app.service(pia), start=then)
    counts: list[tuple[int, int]] = []

    def run() -> None:
        with connect(engine_copy, "test") as job:
            job.execute("set application_name = 'choosing'")
            counts.append(completed(job))

    thread = threading.Thread(target=run)
    with connect(engine_copy, "other") as other, other.transaction():
        # the job waits at the first booking, its query has begun
        other.execute("lock table service_sessions in access exclusive mode")
        thread.start()
        wait_until_blocked(conn, "choosing")
        with conn.transaction():
            # past the triggers, which would wait for the table as well
            conn.execute("set local session_replication_role = replica")
            statement = "update bookings_booking set {} where id = %s"
            conn.execute(sql.SQL(statement).format(sql.SQL(change)), [booking_id])
    thread.join()

    assert counts == [(1, 0)]
    assert app.get("bookings_booking", booking_id).status != "completed"


def test_complete_due_leaves_the_booking_of_an_order_that_somebody_writes(
    app: App, conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    with hold("payments_order", app.order_of(ended[0])["id"]):
        assert completed(conn) == (1, 1)
    assert completed(conn) == (1, 0)


def test_the_next_batch_goes_on_behind_a_booking_that_had_to_be_left(
    app: App, conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    as_of = now()

    def one() -> tuple[int, int]:
        batch = "select completed_count, skipped_count from earnings.complete_due(%s, 1)"
        [counts] = conn.execute(batch, [as_of]).fetchall()
        return counts

    with hold("payments_order", app.order_of(ended[0])["id"]):
        assert [one(), one()] == [(0, 1), (1, 0)]


@pytest.mark.usefixtures("unheld")
def test_release_holds_leaves_the_earnings_that_somebody_writes(
    app: App, conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    released = "select * from earnings.release_holds()"
    assert completed(conn) == (2, 0)
    [earnings] = app.rows("payments_earningstransaction", booking_id=ended[0])

    with hold("payments_earningstransaction", earnings["id"]):
        assert len(conn.execute(released).fetchall()) == 1
    assert len(conn.execute(released).fetchall()) == 1


@pytest.mark.usefixtures("unheld")
def test_release_holds_takes_what_another_worker_has_not_taken(
    app: App, conn: psycopg.Connection, ended: list[int]
) -> None:
    other = app.checkout(app.client(), app.service(app.practitioner()))
    app.mark_completed(app.get("bookings_booking", other))
    assert completed(conn) == (2, 0)
    released = "select count(*) from earnings.release_holds(batch_size => 1)"

    with app.atomic():
        app.execute(released)
        assert conn.execute(released).fetchone() == (1,)


def test_release_holds_does_not_wait_for_what_somebody_added_to_the_booking(
    app: App, conn: psycopg.Connection, pia: int, hold: Hold
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), run_earnings_task=False)
    added = PlainRows(conn).earnings(booking_id, transaction_type="adjustment")
    long_ago = now() - timedelta(days=4)
    app.update("bookings_booking", booking_id, status="completed", completed_at=long_ago)

    with hold("payments_earningstransaction", added):
        released = conn.execute("select count(*) from earnings.release_holds()").fetchone()

    assert released == (1,)


@pytest.mark.usefixtures("unheld")
def test_create_payouts_leaves_a_practitioner_whose_earnings_somebody_writes(
    app: App, conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    paid = "select * from earnings.create_payouts()"
    assert completed(conn) == (2, 0)
    conn.execute("select * from earnings.release_holds()")
    [earnings] = app.rows("payments_earningstransaction", booking_id=ended[0])

    with hold("payments_earningstransaction", earnings["id"]):
        assert conn.execute(paid).fetchall() == []
    assert len(conn.execute(paid).fetchall()) == 1


@pytest.mark.usefixtures("unheld")
@pytest.mark.parametrize(
    "job",
    [
        "select completed_count from earnings.complete_due()",
        "select count(*) from earnings.release_holds()",
        "select count(*) from earnings.create_payouts()",
    ],
    ids=["complete", "release", "pay out"],
)
def test_a_job_gives_way_to_whoever_holds_a_balance(
    app: App, conn: psycopg.Connection, ended: list[int], pia: int, hold: Hold, job: str
) -> None:
    app.mark_completed(app.get("bookings_booking", ended[0]))
    if "create_payouts" in job:
        conn.execute("select * from earnings.release_holds()")
    [balance] = app.rows("payments_practitionerearnings", practitioner_id=pia)
    # a session without a limit of its own; the longer one only ends a test that would hang
    conn.execute("set lock_timeout = 0")
    conn.execute("set statement_timeout = '10s'")
    with (
        hold("payments_practitionerearnings", balance["id"]),
        pytest.raises(psycopg.errors.LockNotAvailable),
    ):
        conn.execute(job)

    assert conn.execute(job).fetchone() == (1,)


def test_the_queue_keeps_the_booking_that_somebody_writes(
    conn: psycopg.Connection, ended: list[int], hold: Hold
) -> None:
    conn.execute(
        "insert into earnings.settlement_queue (booking_id) select unnest(%s::bigint[])", [ended]
    )

    def left() -> list[int]:
        conn.execute("select earnings.settle_queued(10)")
        return queued(conn)

    with hold("bookings_booking", ended[0]):
        assert left() == [ended[0]]
    assert left() == []


def test_the_queue_keeps_the_booking_whose_order_or_successor_somebody_writes(
    conn: psycopg.Connection, app: App, pia: int, hold: Hold
) -> None:
    of_order, followed, free = (app.checkout(app.client(), app.service(pia)) for _ in range(3))
    later = app.reschedule(followed, now() + timedelta(days=9))
    for booking in (of_order, followed, free):
        conn.execute("insert into earnings.settlement_queue (booking_id) values (%s)", [booking])
    conn.execute("set lock_timeout = '2s'")

    with hold("payments_order", app.order_of(of_order)["id"]):
        conn.execute("select earnings.settle_queued(100)")
    assert queued(conn) == [of_order]
    conn.execute("insert into earnings.settlement_queue (booking_id) values (%s)", [followed])
    with hold("bookings_booking", later):
        conn.execute("select earnings.settle_queued(100)")

    assert queued(conn) == [followed]


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


def test_credit_rows_that_link_bookings_lock_them_by_id(
    app: App, pia: int, locked_while_it_waits: Callable[..., set[str]]
) -> None:
    service_id, client_id = app.service(pia), app.client()
    first, second, other = (app.checkout(client_id, service_id) for _ in range(3))
    for booking_id in (first, second):
        app.insert(
            "payments_usercredittransaction",
            user_id=client_id,
            booking_id=booking_id,
            service_id=service_id,
            amount_cents=-100,
            transaction_type="usage",
        )
    # written last, it is the last that a scan of the table finds
    app.update("bookings_booking", first, title="said anew")

    def link(client: App) -> None:
        client.execute("set enable_nestloop = off")
        client.execute(
            "update payments_usercredittransaction set order_id = %s where amount_cents = -100",
            [app.order_of(other)["id"]],
        )

    locked = locked_while_it_waits(link, "bookings_booking", first, bookings_booking=second)

    assert locked == set()


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


def test_what_somebody_holds_of_a_refunded_package_is_left_to_the_next_job(
    app: App, conn: psycopg.Connection, impatient: App, pia: int, hold: Hold
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 10000))
    sessions = [row["id"] for row in app.children(parent)]
    for session in sessions:
        app.earnings_task(session, 5000)
    [held] = app.rows("payments_earningstransaction", booking_id=sessions[0])

    with hold("payments_earningstransaction", held["id"]):
        impatient.refund_order(app.order_of(parent)["id"])
        assert queued(conn) == [sessions[0]]
    conn.execute("select earnings.settle_queued(10)")

    assert [app.earnings(session) for session in sessions] == [[("reversed", 5000, 4250)]] * 2


def test_a_booking_that_somebody_holds_is_refunded_by_the_next_job(
    app: App, conn: psycopg.Connection, impatient: App, pia: int, hold: Hold
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    with hold("bookings_booking", booking_id):
        impatient.refund_order(app.order_of(booking_id)["id"])
        assert queued(conn) == [booking_id]
        assert app.earnings(booking_id) == [("projected", 10000, 8500)]
    conn.execute("select earnings.settle_queued(10)")

    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


@pytest.mark.parametrize("credit", ["booking", "order"])
def test_a_refund_does_not_wait_for_what_its_booking_was_rescheduled_to(
    app: App, conn: psycopg.Connection, impatient: App, pia: int, hold: Hold, credit: str
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    later = app.reschedule(booking_id, now())

    with hold("bookings_booking", later):
        if credit == "booking":
            impatient.refund(booking_id, 4000)
        else:
            impatient.credit_order(app.order_of(booking_id)["id"], 4000)
        assert queued(conn) == [later]
        assert app.earnings(later) == [("projected", 10000, 8500)]
    conn.execute("select earnings.settle_queued(10)")

    assert app.earnings(later) == [("projected", 10000, 8500), ("projected", -4000, -3400)]


def test_a_refund_waits_for_its_booking(app: App, impatient: App, pia: int, hold: Hold) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    with hold("bookings_booking", booking_id), pytest.raises(OperationalError, match="timeout"):
        impatient.refund(booking_id, 4000)


def test_a_refund_is_taken_off_at_once_although_somebody_writes_its_booking(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))

    meanwhile(
        lambda one: one.update("bookings_booking", booking_id, title="said anew"),
        lambda two: two.refund(booking_id, 4000),
    )

    assert app.earnings(booking_id) == [("projected", 10000, 8500), ("projected", -4000, -3400)]


def test_a_payout_fails_whoever_holds_its_bookings(
    conn: psycopg.Connection, impatient: App, paid: tuple[int, int], hold: Hold
) -> None:
    booking_id, payout_id = paid

    with hold("bookings_booking", booking_id):
        impatient.fail_payout(payout_id)
        assert queued(conn) == [booking_id]

    assert impatient.earnings(booking_id) == [("available", 10000, 8500)]


def test_what_a_failed_payout_returns_of_a_booking_that_somebody_holds_is_left_to_the_next_job(
    conn: psycopg.Connection, impatient: App, paid: tuple[int, int], hold: Hold
) -> None:
    booking_id, payout_id = paid
    correct = "select earnings.correct_booking(%s, 'confirmed', 'it did not happen')"
    conn.execute(correct, [booking_id])

    with hold("bookings_booking", booking_id):
        impatient.fail_payout(payout_id)
        assert impatient.earnings(booking_id) == [("available", 10000, 8500)]
    conn.execute("select earnings.settle_queued(10)")

    assert impatient.earnings(booking_id) == [("projected", 10000, 8500)]


@pytest.mark.usefixtures("unheld")
def test_a_failed_payout_locks_its_earnings_by_id(
    app: App, pia: int, ended: list[int], locked_while_it_waits: Callable[..., set[str]]
) -> None:
    app.execute("select * from earnings.complete_due()")
    app.execute("select * from earnings.release_holds()")
    app.pay_out(pia)
    [payout] = app.rows("payments_practitionerpayout")
    first, second = sorted(row["id"] for row in app.rows("payments_earningstransaction"))
    # written last, it is the last that a scan of the table finds
    app.update("payments_earningstransaction", first, description="said anew")

    locked = locked_while_it_waits(
        lambda other: other.fail_payout(payout["id"]),
        "payments_earningstransaction",
        first,
        payments_earningstransaction=second,
    )

    assert locked == set()


@pytest.fixture
def workshop(app: App, pia: int) -> tuple[int, int]:
    """A session of a workshop, and a booking of it that is projected."""
    service_id, end = app.service(pia, "workshop"), now() + timedelta(days=9)
    session_id = app.insert(
        "service_sessions",
        service_id=service_id,
        start_time=end - timedelta(hours=1),
        end_time=end,
        status="scheduled",
    )
    booking_id = app.checkout(app.client(), service_id)
    app.execute(
        "update bookings_booking set service_session_id = %s where id = %s",
        [session_id, booking_id],
    )
    return session_id, booking_id


def test_a_session_moves_whoever_holds_the_earnings_of_its_bookings(
    app: App, conn: psycopg.Connection, impatient: App, workshop: tuple[int, int], hold: Hold
) -> None:
    session_id, booking_id = workshop
    [held] = app.rows("payments_earningstransaction", booking_id=booking_id)
    later = now() + timedelta(days=10)

    with hold("payments_earningstransaction", held["id"]):
        impatient.update("service_sessions", session_id, end_time=later)
        assert queued(conn) == [booking_id]
    conn.execute("select earnings.settle_queued(10)")

    [moved] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert moved["available_after"] == later + HOLD


def test_a_session_that_moves_by_an_old_snapshot_moves_the_hold_of_what_was_undone_meanwhile(
    app: App, conn: psycopg.Connection, workshop: tuple[int, int]
) -> None:
    session_id, booking_id = workshop
    app.end_video_room(booking_id)
    later = now() + timedelta(days=10)
    correct = "select earnings.correct_booking(%s, 'confirmed', 'it did not happen')"

    with app.atomic():
        app.execute("set transaction isolation level repeatable read")
        assert app.row("bookings_booking", booking_id)["status"] == "completed"
        conn.execute(correct, [booking_id])
        app.update("service_sessions", session_id, end_time=later)
    conn.execute("select earnings.settle_queued(10)")

    [moved] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert (moved["status"], moved["available_after"]) == ("projected", later + HOLD)


def reverse_by_person(app: App, booking_id: int) -> None:
    app.execute("select earnings.reverse_booking(%s, 'fraud')", [booking_id])


@pytest.mark.parametrize(
    "take_back",
    [
        reverse_by_person,
        lambda app, booking_id: app.refund(booking_id),
        lambda app, booking_id: app.cancel(booking_id),
        lambda app, booking_id: app.reverse_earnings_as_meant(booking_id),
        lambda app, booking_id: app.refund_order(app.order_of(booking_id)["id"]),
    ],
    ids=["reverse_booking", "refund", "cancel", "mirror", "refund of the order"],
)
def test_whoever_takes_earnings_back_sees_that_their_payout_has_failed(
    app: App,
    paid: tuple[int, int],
    meanwhile: Callable[..., None],
    take_back: Callable[[App, int], object],
) -> None:
    booking_id, payout_id = paid

    meanwhile(lambda one: one.fail_payout(payout_id), lambda two: take_back(two, booking_id))

    assert {status for status, _, _ in app.earnings(booking_id)} == {"reversed"}


def test_a_person_takes_away_what_a_completion_is_just_earning(
    app: App, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.book(app.client(), app.service(pia), price=10000)

    meanwhile(
        lambda one: one.end_video_room(booking_id), lambda two: reverse_by_person(two, booking_id)
    )

    assert app.earnings(booking_id) == [("reversed", 10000, 8500)]


def test_a_correction_records_the_status_that_it_found(
    app: App, conn: psycopg.Connection, pia: int, meanwhile: Callable[..., None]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    correct = "select earnings.correct_booking(%s, 'canceled', 'nobody came')"

    meanwhile(
        lambda one: one.end_video_room(booking_id), lambda two: two.execute(correct, [booking_id])
    )

    found = conn.execute(
        "select offered ->> 'status' from earnings.corrections where reason = 'nobody came'"
    )
    assert found.fetchall() == [("completed",)]


@pytest.mark.usefixtures("unheld")
def test_two_payouts_at_once_of_the_same_earnings_are_one(
    app: App, pia: int, ended: list[int], meanwhile: Callable[..., None]
) -> None:
    app.execute("select * from earnings.complete_due()")
    app.execute("select * from earnings.release_holds()")

    with refused("23X12"):
        meanwhile(lambda one: one.pay_out(pia), lambda two: two.pay_out(pia))

    assert len(app.rows("payments_practitionerpayout")) == 1


@pytest.mark.parametrize(
    "act",
    [reverse_by_person, lambda app, booking_id: app.refund(booking_id, 100)],
    ids=["reverse_booking", "refund"],
)
def test_booking_and_order_are_locked_before_the_earnings(
    app: App,
    pia: int,
    locked_while_it_waits: Callable[..., set[str]],
    act: Callable[[App, int], object],
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    [earnings] = app.rows("payments_earningstransaction", booking_id=booking_id)

    locked = locked_while_it_waits(
        lambda other: act(other, booking_id),
        "payments_earningstransaction",
        earnings["id"],
        bookings_booking=booking_id,
        payments_order=app.order_of(booking_id)["id"],
    )

    assert locked == {"bookings_booking", "payments_order"}


def test_a_reschedule_locks_the_old_booking_and_the_order_before_the_earnings(
    app: App, pia: int, locked_while_it_waits: Callable[..., set[str]]
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    [earnings] = app.rows("payments_earningstransaction", booking_id=booking_id)

    locked = locked_while_it_waits(
        lambda other: other.reschedule(booking_id, now()),
        "payments_earningstransaction",
        earnings["id"],
        bookings_booking=booking_id,
        payments_order=app.order_of(booking_id)["id"],
    )

    assert locked == {"bookings_booking", "payments_order"}
