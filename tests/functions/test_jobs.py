"""The jobs: what they move, when, and that running them again moves nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest

from earnings_pipeline import explain, jobs
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import HOLD, App, now, refused

MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def yesterday() -> datetime:
    return now() - timedelta(days=1)


def test_an_ended_appointment_is_completed_and_earns(
    app: App, conn: psycopg.Connection, pia: int, yesterday: datetime
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), start=yesterday)

    summary = jobs.run(conn, "complete")
    again = jobs.run(conn, "complete")

    booking = app.row("bookings_booking", booking_id)
    assert (booking["status"], booking["completed_at"]) == ("completed", summary.checked_at)
    assert app.earnings(booking_id) == [("pending", 10000, 8500)]
    assert (summary.completed_count, again.completed_count) == (1, 0)


def test_completion_waits_for_the_end_to_the_microsecond(
    app: App, conn: psycopg.Connection, pia: int, yesterday: datetime
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia), start=yesterday)
    end = app.row("bookings_booking", booking_id)["end_time"]

    assert jobs.run(conn, "complete", as_of=end).completed_count == 0
    assert jobs.run(conn, "complete", as_of=end + MICROSECOND).completed_count == 1


def test_a_purchase_is_never_completed_and_a_missing_end_is_an_exception(
    app: App, conn: psycopg.Connection, pia: int, yesterday: datetime
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 2, 20000))
    app.update("bookings_booking", parent, start_time=yesterday, end_time=yesterday + HOLD / 48)
    child = app.children(parent)[0]["id"]
    app.update("bookings_booking", child, status="confirmed")

    summary = jobs.run(conn, "complete")

    assert summary.completed_count == 0
    assert app.row("bookings_booking", parent)["status"] == "confirmed"
    assert conn.execute("select kind, subject_id from earnings.exceptions").fetchall() == [
        ("appointment_without_end", child)
    ]


def test_a_run_goes_on_behind_its_last_batch_and_comes_back_for_what_somebody_held(
    app: App,
    conn: psycopg.Connection,
    engine_copy: Target,
    pia: int,
    yesterday: datetime,
) -> None:
    service, as_of = app.service(pia), now()
    first, second, third = (app.checkout(app.client(), service, start=yesterday) for _ in range(3))

    def complete_one() -> list[int]:
        conn.execute("select * from earnings.complete_due(%s, 1)", [as_of])
        done = conn.execute("select booking_id from earnings.completions order by booking_id")
        return [booking_id for (booking_id,) in done]

    with connect(engine_copy, "test") as other, other.transaction():
        other.execute("select from bookings_booking where id = %s for update", [first])
        assert complete_one() == [second]

    assert complete_one() == [second, third]
    assert complete_one() == [first, second, third]
    assert complete_one() == [first, second, third]


def test_a_course_ends_with_its_last_session(
    app: App, conn: psycopg.Connection, pia: int, yesterday: datetime
) -> None:
    service_id = app.service(pia, "course")
    booking_id = app.checkout(app.client(), service_id, start=yesterday)
    for number, start in enumerate([yesterday, now() + timedelta(days=5)]):
        app.insert(
            "service_sessions",
            service_id=service_id,
            start_time=start,
            end_time=start + timedelta(hours=1),
            sequence_number=number,
            status="scheduled",
        )

    assert jobs.run(conn, "complete").completed_count == 0
    app.execute(
        "update service_sessions set end_time = %s where service_id = %s and sequence_number = 1",
        [yesterday + timedelta(hours=2), service_id],
    )
    assert jobs.run(conn, "complete").completed_count == 1
    assert app.earnings(booking_id) == [("pending", 10000, 8500)]


def test_a_course_without_sessions_has_no_end_whatever_its_booking_says(
    app: App, conn: psycopg.Connection, pia: int, yesterday: datetime
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia, "course"), start=yesterday)

    assert jobs.run(conn, "complete").completed_count == 0
    assert conn.execute("select kind, subject_id from earnings.exceptions").fetchall() == [
        ("appointment_without_end", booking_id)
    ]


def test_a_projected_hold_follows_the_session_of_a_workshop(
    app: App, pia: int, yesterday: datetime
) -> None:
    service_id = app.service(pia, "workshop")
    end = now() + timedelta(days=9)
    session_id = app.insert(
        "service_sessions",
        service_id=service_id,
        start_time=end - timedelta(hours=1),
        end_time=end,
        status="scheduled",
    )
    booking_id = app.checkout(app.client(), service_id)
    app.update("bookings_booking", booking_id, service_session_id=session_id)

    app.update("service_sessions", session_id, end_time=end + timedelta(days=1))

    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    assert row["available_after"] == end + timedelta(days=1) + HOLD


def test_older_appointments_can_be_left_alone(
    app: App, conn: psycopg.Connection, pia: int, yesterday: datetime
) -> None:
    service_id = app.service(pia)
    old = app.checkout(app.client(), service_id, start=yesterday - timedelta(days=90))
    recent = app.checkout(app.client(), service_id, start=yesterday)

    jobs.run(conn, "complete", ended_after=yesterday - timedelta(days=1))

    assert app.row("bookings_booking", old)["status"] == "confirmed"
    assert app.row("bookings_booking", recent)["status"] == "completed"


def test_a_hold_is_released_the_moment_it_elapses_and_not_before(
    app: App, conn: psycopg.Connection, pia: int
) -> None:
    booking_id = delivered(app, pia, now() - timedelta(days=3))
    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    due_at = row["available_after"]

    assert jobs.run(conn, "release", as_of=due_at - MICROSECOND).released_count == 0
    summary = jobs.run(conn, "release", as_of=due_at)
    assert (summary.released_count, summary.cents) == (1, {"USD": 8500})
    assert jobs.run(conn, "release", as_of=due_at).released_count == 0


@pytest.mark.parametrize("job", ["complete", "release", "payouts", "expire"])
@pytest.mark.parametrize("moment", ["in a minute", "infinity", "-infinity"])
def test_no_job_acts_ahead_of_the_clock(conn: psycopg.Connection, job: str, moment: str) -> None:
    function = {
        "complete": "complete_due",
        "release": "release_holds",
        "payouts": "create_payouts",
        "expire": "expire_packages",
    }[job]
    as_of = (now() + timedelta(minutes=1)).isoformat() if moment == "in a minute" else moment

    with refused("23X09"):
        conn.execute(f"select * from earnings.{function}(%s)", [as_of])  # noqa: S608


def test_a_payout_takes_what_is_available_once(
    app: App, conn: psycopg.Connection, pia: int
) -> None:
    booking_id = delivered(app, pia, now() - timedelta(days=3))
    jobs.run(conn, "release")

    first = jobs.run(conn, "payouts")
    second = jobs.run(conn, "payouts")

    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    payout = app.row("payments_practitionerpayout", row["payout_id"])
    assert (first.payout_count, first.cents, second.payout_count) == (1, {"USD": 8500}, 0)
    assert row["status"] == "paid"
    assert payout["credits_payout_cents"] == 8500
    assert payout["commission_collected_cents"] == 1500


def test_a_balance_below_the_minimum_waits(app: App, conn: psycopg.Connection, pia: int) -> None:
    delivered(app, pia, now() - timedelta(days=3), price_cents=5000)
    jobs.run(conn, "release")

    assert jobs.run(conn, "payouts").payout_count == 0


def test_a_clawback_is_netted_by_the_next_payout(
    app: App, conn: psycopg.Connection, pia: int
) -> None:
    first = delivered(app, pia, now() - timedelta(days=3))
    jobs.run(conn, "release")
    jobs.run(conn, "payouts")
    app.cancel(first)
    delivered(app, pia, now() - timedelta(days=3), price_cents=20000)
    jobs.run(conn, "release")

    assert jobs.run(conn, "payouts").cents == {"USD": 17000 - 8500}


def test_an_expired_package_leaves_its_undelivered_share_as_breakage(
    app: App, upgraded: App, conn: psycopg.Connection, pia: int
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 3, 40000))
    first, second, _ = (child["id"] for child in app.children(parent))
    app.end_video_room(first)
    order = app.order_of(parent)
    expired = order["package_metadata"] | {"expires_at": (now() - HOLD).isoformat()}
    upgraded.update("payments_order", order["id"], package_metadata=expired)

    summary = jobs.run(conn, "expire")
    again = jobs.run(conn, "expire")
    app.end_video_room(second)

    assert (summary.expired_count, summary.cents, again.expired_count) == (1, {"USD": 26667}, 0)
    assert app.earnings(second) == [("pending", 13333, 11334)]


def test_workers_side_by_side_share_the_work_and_do_nothing_twice(
    engine_copy: Target, app: App, conn: psycopg.Connection, yesterday: datetime
) -> None:
    practitioners = [app.practitioner() for _ in range(3)]
    services = [app.service(practitioner) for practitioner in practitioners]
    client = app.client()
    for number in range(60):
        app.checkout(client, services[number % 3], start=yesterday)

    def work(_: int) -> int:
        with connect(engine_copy, "test") as worker:
            return jobs.run(worker, "complete", batch_size=5).completed_count

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))

    assert sum(done) == 60
    for practitioner in practitioners:
        assert app.cached(practitioner)["pending_balance_cents"] == 20 * 8500


def test_an_explained_balance_adds_up_to_the_cent(
    app: App, conn: psycopg.Connection, pia: int
) -> None:
    booking_id = delivered(app, pia, now() - timedelta(days=3))
    app.checkout(app.client(), app.service(pia, price_cents=3333))
    before_release = conn.execute("select clock_timestamp()").fetchone()[0]  # type: ignore[index]
    jobs.run(conn, "release")

    today = explain.balance(conn, pia)
    earlier = explain.balance(conn, pia, before_release)

    assert today.totals == {("USD", "available"): 8500, ("USD", "projected"): 2834}
    assert earlier.totals == {("USD", "pending"): 8500, ("USD", "projected"): 2834}
    for explained in (today, earlier):
        added: dict[tuple[str, str], int] = {}
        for row in explained.rows:
            key = (row.currency, row.status)
            added[key] = added.get(key, 0) + row.net_amount_cents
        assert added == explained.totals
    assert booking_id in {row.booking_id for row in today.rows}


def test_a_moment_before_the_history_and_an_unknown_practitioner_are_refused(
    conn: psycopg.Connection, pia: int
) -> None:
    for practitioner_id, as_of, sqlstate in (
        (pia, "2001-01-01", "23X11"),
        (-1, now().isoformat(), "23X13"),
    ):
        with refused(sqlstate):
            conn.execute("select * from earnings.balance_as_of(%s, %s)", [practitioner_id, as_of])


def test_the_watermark_stays_below_a_transaction_that_is_still_running(
    engine_copy: Target, app: App, conn: psycopg.Connection, pia: int
) -> None:
    booking_id = app.checkout(app.client(), app.service(pia))
    with connect(engine_copy, "test") as slow:
        with slow.transaction():
            slow.execute(
                "update bookings_booking set status = 'completed' where id = %s", [booking_id]
            )
            stamped = slow.execute("select max(stamped_at) from earnings.transitions").fetchone()
            conn.execute("select earnings.beat()")
            during = conn.execute("select earnings.watermark()").fetchone()
        conn.execute("select earnings.beat()")
        after = conn.execute("select earnings.watermark()").fetchone()

    assert stamped is not None
    assert during is not None
    assert after is not None
    assert during[0] is None or during[0] < stamped[0]
    assert after[0] > stamped[0]


def delivered(app: App, practitioner_id: int, at: datetime, *, price_cents: int = 10000) -> int:
    service_id = app.service(practitioner_id, price_cents=price_cents)
    booking_id = app.checkout(app.client(), service_id, start=at - timedelta(hours=1))
    app.update("bookings_booking", booking_id, status="completed", completed_at=at)
    return booking_id


def test_settings_are_read_at_once(app: App, conn: psycopg.Connection, pia: int) -> None:
    conn.execute("update earnings.settings set value = '24 hours' where name = 'hold'")

    booking_id = app.checkout(app.client(), app.service(pia))

    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    end = app.row("bookings_booking", booking_id)["end_time"]
    assert row["available_after"] == end + timedelta(hours=24)
