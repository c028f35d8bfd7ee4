"""Moments: holds to the microsecond, in every time zone, and what is no moment at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.types.json import Jsonb

from plain_rows import PlainRows

HOLD = timedelta(hours=48)
MICROSECOND = timedelta(microseconds=1)
DUE = datetime(2026, 3, 3, 12, tzinfo=UTC)

# The clocks change twice a year here: by an hour or by half of one, at midnight or in the morning.
ZONES = (
    *("America/New_York", "America/St_Johns", "America/Havana", "America/Santiago"),
    *("Europe/London", "Europe/Berlin", "Asia/Beirut", "Africa/Cairo"),
    *("Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham"),
)


def clock_changes(year: int) -> list[tuple[str, datetime]]:
    """Where and when two days begin that a change of the clocks falls into: 47 or 49 hours."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    return [
        (zone, before.replace(tzinfo=None))
        for zone in ZONES
        for before, after in pairwise(day.astimezone(ZoneInfo(zone)) for day in days)
        if before.utcoffset() != after.utcoffset()
    ]


CLOCK_CHANGES = clock_changes(2026)
# Nobody has delivered at a moment that lies ahead of the clock that runs the tests.
PASSED_CLOCK_CHANGES = clock_changes(2025)
# The clocks stand still here in these two days.
NO_CLOCK_CHANGES = [
    ("UTC", datetime(2026, 3, 7, 12)),
    ("Asia/Kathmandu", datetime(2026, 3, 7, 23, 59)),
    ("Pacific/Kiritimati", datetime(2026, 12, 31, 23, 59)),
]
JOBS = ("complete_due", "release_holds", "create_payouts", "expire_packages")


def set_time_zone(rows: PlainRows, zone: str) -> None:
    rows.conn.execute("select set_config('timezone', %s, true)", [zone])


def available_after(rows: PlainRows, booking_id: int) -> datetime:
    [(moment,)] = rows.conn.execute(
        "select available_after at time zone 'UTC' "
        "from public.payments_earningstransaction where booking_id = %s",
        [booking_id],
    ).fetchall()
    return moment.replace(tzinfo=UTC)


def in_zone(zone: str, moment: datetime) -> datetime:
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def given_pending(rows: PlainRows, due: object) -> int:
    """Pending earnings of a delivered booking, due at a moment."""
    booking_id = rows.booking(rows.practitioner())
    rows.update("bookings_booking", booking_id, status="completed")
    [(earnings_id,)] = rows.conn.execute(
        "select id from public.payments_earningstransaction where booking_id = %s", [booking_id]
    ).fetchall()
    rows.put("payments_earningstransaction", earnings_id, available_after=due)
    return int(earnings_id)


def released(rows: PlainRows, as_of: datetime) -> list[int]:
    return [
        earnings_id
        for earnings_id, *_ in rows.conn.execute(
            "select earnings_id from earnings.release_holds(%s)", [as_of]
        )
    ]


def completed_count(rows: PlainRows, as_of: object) -> int:
    found = rows.conn.execute(
        "select completed_count from earnings.complete_due(%s)", [as_of]
    ).fetchone()
    assert found is not None
    return int(found[0])


def test_a_hold_is_released_the_microsecond_it_elapses_and_not_before(rows: PlainRows) -> None:
    earnings_id = given_pending(rows, DUE)

    assert released(rows, DUE - MICROSECOND) == []
    assert released(rows, DUE) == [earnings_id]
    assert released(rows, DUE + MICROSECOND) == []


def test_an_appointment_is_completed_the_microsecond_after_its_end(rows: PlainRows) -> None:
    booking_id = rows.booking(rows.practitioner(), end_time=DUE)

    assert completed_count(rows, DUE - MICROSECOND) == 0
    assert completed_count(rows, DUE) == 0
    assert completed_count(rows, DUE + MICROSECOND) == 1
    assert rows.get("bookings_booking", booking_id, "status", "completed_at") == (
        "completed",
        DUE + MICROSECOND,
    )
    assert available_after(rows, booking_id) == DUE + MICROSECOND + HOLD


def test_the_app_may_release_at_the_stored_moment_and_not_before(rows: PlainRows) -> None:
    [(now,)] = rows.conn.execute("select clock_timestamp()").fetchall()
    elapsed = given_pending(rows, now)
    running = given_pending(rows, now + timedelta(hours=1))

    rows.update("payments_earningstransaction", elapsed, status="available")

    with pytest.raises(psycopg.IntegrityError) as refusal, rows.conn.transaction():
        rows.update("payments_earningstransaction", running, status="available")
    assert refusal.value.sqlstate == "23X02"


def test_a_person_may_release_no_earlier_than_the_app(rows: PlainRows) -> None:
    [(now,)] = rows.conn.execute("select clock_timestamp()").fetchall()
    elapsed = given_pending(rows, now)
    running = given_pending(rows, now + timedelta(hours=1))
    call = "select earnings.correct_status(%s, 'available', 'a reason')"

    with rows.as_role("earnings_operator"):
        rows.conn.execute(call, [elapsed])

    with pytest.raises(psycopg.IntegrityError) as refusal, rows.as_role("earnings_operator"):
        rows.conn.execute(call, [running])
    assert refusal.value.sqlstate == "23X02"


@pytest.mark.parametrize("offered", [DUE, "-infinity", "0001-01-01 00:00+00"])
def test_a_hold_is_judged_by_the_stored_moment_and_not_by_the_offered_one(
    rows: PlainRows, offered: object
) -> None:
    [(now,)] = rows.conn.execute("select clock_timestamp()").fetchall()
    earnings_id = given_pending(rows, now + timedelta(hours=1))

    with pytest.raises(psycopg.IntegrityError) as refusal, rows.conn.transaction():
        rows.update(
            "payments_earningstransaction", earnings_id, status="available", available_after=offered
        )

    assert refusal.value.sqlstate == "23X02"


@pytest.mark.parametrize("offered", [DUE, "infinity", "-infinity"])
def test_the_app_cannot_move_a_hold(rows: PlainRows, offered: object) -> None:
    earnings_id = given_pending(rows, DUE)

    rows.update("payments_earningstransaction", earnings_id, available_after=offered)

    stored = rows.get("payments_earningstransaction", earnings_id, "available_after")
    assert stored == (DUE,)


@pytest.mark.parametrize("dates", [CLOCK_CHANGES, PASSED_CLOCK_CHANGES], ids=["2026", "2025"])
def test_the_dates_chosen_change_the_clocks_of_each_zone_both_ways(
    dates: list[tuple[str, datetime]],
) -> None:
    moved: dict[str, list[bool]] = {}
    for zone, moment in dates:
        lasts = in_zone(zone, moment + timedelta(days=2)) - in_zone(zone, moment)
        assert lasts != HOLD, (zone, moment)
        moved.setdefault(zone, []).append(lasts < HOLD)

    assert len(moved) == 12
    assert {tuple(sorted(ways)) for ways in moved.values()} == {(False, True)}


@pytest.mark.parametrize(("zone", "end"), [*CLOCK_CHANGES, *NO_CLOCK_CHANGES])
def test_projected_earnings_are_held_48_hours_from_the_end_wherever_the_session_is(
    rows: PlainRows, zone: str, end: datetime
) -> None:
    set_time_zone(rows, zone)
    booking_id = rows.booking(rows.practitioner(), end_time=in_zone(zone, end))

    rows.earnings(booking_id)

    assert available_after(rows, booking_id) == in_zone(zone, end) + HOLD


@pytest.mark.parametrize(("zone", "delivered"), PASSED_CLOCK_CHANGES)
def test_delivered_earnings_are_held_48_hours_wherever_the_session_is(
    rows: PlainRows, zone: str, delivered: datetime
) -> None:
    set_time_zone(rows, zone)
    by_app, by_job, late = (
        rows.booking(rows.practitioner(), end_time=in_zone(zone, delivered) - MICROSECOND)
        for _ in range(3)
    )
    moment = in_zone(zone, delivered)

    rows.update("bookings_booking", by_app, status="completed", completed_at=moment)
    rows.put("bookings_booking", late, status="completed", completed_at=moment)
    rows.earnings(late)
    assert completed_count(rows, moment) == 1

    assert [available_after(rows, booking_id) for booking_id in (by_app, by_job, late)] == [
        moment + HOLD
    ] * 3


@pytest.mark.parametrize(("zone", "end"), CLOCK_CHANGES[:4])
def test_a_hold_of_two_days_is_refused_or_lasts_48_hours(
    rows: PlainRows, zone: str, end: datetime
) -> None:
    is_refused = False
    try:
        with rows.as_role("earnings_operator"):
            set_hold(rows, "2 days")
    except psycopg.IntegrityError:
        is_refused = True
    set_time_zone(rows, zone)
    booking_id = rows.booking(rows.practitioner(), end_time=in_zone(zone, end))

    rows.earnings(booking_id)

    assert available_after(rows, booking_id) == in_zone(zone, end) + HOLD, f"refused: {is_refused}"


@pytest.mark.parametrize("value", ["soon", "", "-1 hours", "48", "1 month", "infinity"])
def test_a_hold_that_is_no_length_of_time_is_refused(rows: PlainRows, value: str) -> None:
    """Accepted, it would make every completion fail, or pay before the hold."""
    with pytest.raises(psycopg.IntegrityError), rows.as_role("earnings_operator"):
        set_hold(rows, value)


def set_hold(rows: PlainRows, value: str) -> None:
    rows.conn.execute("update earnings.settings set value = %s where name = 'hold'", [value])


def test_a_new_hold_is_for_deliveries_from_then_on(rows: PlainRows) -> None:
    before = given_pending(rows, DUE)
    with rows.as_role("earnings_operator"):
        set_hold(rows, "72 hours")
    booking_id = rows.booking(rows.practitioner())

    rows.update("bookings_booking", booking_id, status="completed", completed_at=DUE)

    assert available_after(rows, booking_id) == DUE + timedelta(hours=72)
    assert rows.get("payments_earningstransaction", before, "available_after") == (DUE,)


@pytest.mark.parametrize("as_of", ["infinity", "-infinity", None, "9999-12-31", "later"])
@pytest.mark.parametrize("job", JOBS)
def test_a_job_refuses_what_is_no_moment_or_lies_ahead(
    rows: PlainRows, job: str, as_of: str | None
) -> None:
    moment: Any = as_of
    if as_of == "later":
        [(moment,)] = rows.conn.execute("select clock_timestamp() + interval '1 minute'").fetchall()

    with pytest.raises(psycopg.IntegrityError) as refusal, rows.as_role("earnings_operator"):
        rows.conn.execute(f"select * from earnings.{job}(%s)", [moment])  # noqa: S608  one of JOBS

    assert refusal.value.sqlstate == "23X09"


@pytest.mark.parametrize("job", JOBS)
def test_a_job_as_of_the_beginning_of_time_finds_nothing_due(rows: PlainRows, job: str) -> None:
    given_pending(rows, DUE)
    rows.booking(rows.practitioner(), end_time=DUE)

    found = rows.conn.execute(
        f"select * from earnings.{job}('4713-01-01 00:00+00 BC')"  # noqa: S608  one of JOBS
    ).fetchall()

    assert [row for row in found if any(row)] == []


ABSURD = ["infinity", "-infinity", "294276-12-31 23:59+00", "9999-12-31 23:59:59+00", "0001-01-01"]


@pytest.mark.parametrize("end", ABSURD)
def test_an_absurd_end_breaks_neither_the_checkout_nor_a_save_nor_the_task(
    rows: PlainRows, end: str
) -> None:
    pia = rows.practitioner()
    booked = rows.booking(pia, end_time=end)
    moved = rows.booking(pia)

    rows.earnings(booked)
    rows.earnings(moved)
    rows.update("bookings_booking", moved, end_time=end)

    for booking_id in (booked, moved):
        assert statuses(rows, booking_id) == ["projected"]


@pytest.mark.parametrize("code", ["workshop", "course"])
@pytest.mark.parametrize("end", ABSURD)
def test_an_absurd_end_of_a_service_session_breaks_nothing(
    rows: PlainRows, code: str, end: str
) -> None:
    pia = rows.practitioner()
    service_id = rows.service(pia, code)
    session_id = rows.insert("service_sessions", service_id=service_id, end_time=DUE)
    booking_id = rows.booking(pia, service_id=service_id, service_session_id=session_id)
    rows.earnings(booking_id)

    rows.update("service_sessions", session_id, end_time=end)

    assert statuses(rows, booking_id) == ["projected"]


@pytest.mark.parametrize("completed_at", ABSURD)
def test_an_absurd_completion_time_breaks_no_completion(rows: PlainRows, completed_at: str) -> None:
    pia = rows.practitioner()
    updated, task_first = rows.booking(pia), rows.booking(pia)
    rows.earnings(task_first)

    for booking_id in (updated, task_first):
        rows.update("bookings_booking", booking_id, status="completed", completed_at=completed_at)
    inserted = rows.booking(pia, status="completed", completed_at=completed_at)

    for booking_id in (updated, task_first, inserted):
        assert statuses(rows, booking_id) == ["pending"]


@pytest.mark.parametrize("end", ABSURD)
def test_one_absurd_appointment_does_not_keep_the_others_from_completing(
    rows: PlainRows, end: str
) -> None:
    pia = rows.practitioner()
    rows.booking(pia, end_time=end)
    booking_id = rows.booking(pia, end_time=DUE)

    assert completed_count(rows, DUE + MICROSECOND) >= 1

    assert rows.get("bookings_booking", booking_id, "status") == ("completed",)


@pytest.mark.parametrize("end", ["9999-12-31 00:00+00", "9999-12-31 23:59:59+00"])
def test_what_the_engine_stores_for_the_last_day_of_pythons_calendar_python_can_read(
    rows: PlainRows, end: str
) -> None:
    """A row of the year 10000 would make every list of the app that holds it fail."""
    booking_id = rows.booking(rows.practitioner(), end_time=end)

    rows.earnings(booking_id)

    assert available_after(rows, booking_id).year == datetime.max.year


@pytest.mark.parametrize(
    "expires_at",
    [
        "2026-02-31",
        "2026-19-39",
        "2026-01-01 soon",
        "soon",
        "",
        "infinity",
        "0000-01-01",
        7,
        None,
        {},
    ],
)
def test_a_package_that_expires_at_no_moment_does_not_keep_the_others_from_expiring(
    rows: PlainRows, expires_at: object
) -> None:
    package(rows, expires_at)
    order_id = package(rows, "2026-01-01T00:00:00+00:00")

    expired = rows.conn.execute("select order_id from earnings.expire_packages()").fetchall()

    assert (order_id,) in expired


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_a_package_expires_at_the_same_moment_wherever_the_session_is(
    rows: PlainRows, zone: str
) -> None:
    set_time_zone(rows, zone)
    order_id = package(rows, "2026-01-01T00:00:00")
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    call = "select order_id from earnings.expire_packages(%s)"

    assert rows.conn.execute(call, [midnight - MICROSECOND]).fetchall() == []
    assert rows.conn.execute(call, [midnight]).fetchall() == [(order_id,)]


def package(rows: PlainRows, expires_at: object) -> int:
    """The order of a package of two sessions."""
    pia = rows.practitioner()
    return rows.insert(
        "payments_order",
        user_id=rows.insert("users_user"),
        practitioner_id=pia,
        service_id=rows.service(pia, "package"),
        status="completed",
        order_type="package",
        subtotal_amount_cents=10_000,
        total_amount_cents=10_000,
        package_metadata=Jsonb({"total_sessions": 2, "expires_at": expires_at}),
    )


def statuses(rows: PlainRows, booking_id: int) -> list[str]:
    return [
        status
        for (status,) in rows.conn.execute(
            "select status from public.payments_earningstransaction where booking_id = %s",
            [booking_id],
        )
    ]
