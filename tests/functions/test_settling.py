"""What a write of a booking does to its earnings, and to nobody else's (R2, R4, R9, R12)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.test_exceptions_and_moments import kinds, set_policy
from functions.test_money import PAST, deliver
from functions.test_packages_in_detail import Sale, metadata_of
from functions.test_payout_rows import earnings_of, status
from plain_rows import APPOINTMENT_END, PlainRows

HOLD = timedelta(hours=48)


@pytest.fixture
def pia(rows: PlainRows) -> int:
    return rows.practitioner()


@pytest.mark.parametrize(
    ("policy", "becomes", "reported"),
    [
        ("hold", "projected", ["no_show_held"]),
        ("pay", "pending", []),
        ("reverse", "reversed", []),
    ],
)
def test_a_no_show_does_to_its_earnings_what_the_policy_says(
    rows: PlainRows, pia: int, policy: str, becomes: str, reported: list[str]
) -> None:
    set_policy(rows, policy)
    booking_id, other_id = rows.booking(pia), rows.booking(pia)
    earnings_id, other = rows.earnings(booking_id), rows.earnings(other_id)

    rows.update("bookings_booking", booking_id, status="no_show")

    assert status(rows, earnings_id) == becomes
    assert kinds(rows, booking_id) == reported
    assert status(rows, other) == "projected"


def test_a_no_show_that_is_paid_is_held_from_now_whatever_was_completed_before(
    rows: PlainRows, pia: int
) -> None:
    set_policy(rows, "pay")
    booking_id = rows.booking(pia, completed_at=PAST)
    earnings_id = rows.earnings(booking_id)

    rows.update("bookings_booking", booking_id, status="no_show")

    is_held = rows.conn.execute(
        "select available_after = now() + interval '48 hours'"
        " from public.payments_earningstransaction where id = %s",
        [earnings_id],
    ).fetchone()
    assert is_held == (True,)


@pytest.mark.parametrize("has_bonus", [False, True])
def test_a_no_show_that_earns_nothing_is_no_matter(
    rows: PlainRows, pia: int, has_bonus: bool
) -> None:
    booking_id = rows.booking(pia)
    rows.put("payments_earningstransaction", rows.earnings(booking_id), status="reversed")
    if has_bonus:
        rows.earnings(booking_id, transaction_type="bonus", status="available")

    rows.update("bookings_booking", booking_id, status="no_show")

    assert kinds(rows, booking_id) == []


def test_a_delivery_stays_as_it_is_when_another_is_undone_by_the_same_write(
    rows: PlainRows, pia: int
) -> None:
    staying, undone = rows.booking(pia), rows.booking(pia)
    for booking_id in (staying, undone):
        rows.update("bookings_booking", booking_id, status="completed")

    rows.conn.execute(
        "update public.bookings_booking set updated_at = updated_at + interval '1 minute',"
        " status = case id when %s then 'no_show' else status end where practitioner_id = %s",
        [undone, pia],
    )

    history = rows.conn.execute(
        "select to_status from earnings.transitions where earnings_id = %s",
        [earnings_of(rows, staying)],
    ).fetchall()
    assert history == [("pending",)]
    assert status(rows, earnings_of(rows, undone)) == "projected"
    assert (kinds(rows, staying), kinds(rows, undone)) == ([], ["no_show_held"])


def test_a_canceled_booking_is_no_no_show(rows: PlainRows, pia: int) -> None:
    booking_id = rows.booking(pia)
    earnings_id = rows.earnings(booking_id)

    rows.update("bookings_booking", booking_id, status="canceled")

    assert status(rows, earnings_id) == "reversed"
    assert kinds(rows, booking_id) == []


@pytest.mark.parametrize("was", ["pending", "available", "paid"])
def test_undoing_a_delivery_returns_its_unpaid_row_and_no_other(
    rows: PlainRows, pia: int, was: str
) -> None:
    booking_id, other_id = deliver(rows, pia, 10000, was), deliver(rows, pia, 10000, was)
    bonus = rows.earnings(booking_id, transaction_type="bonus", status="available")

    rows.conn.execute(
        "select earnings.correct_booking(%s, 'confirmed', 'nobody came')", [booking_id]
    )

    earnings_id = earnings_of(rows, booking_id)
    assert status(rows, earnings_id) == ("paid" if was == "paid" else "projected")
    if was != "paid":
        [held_until] = rows.get("payments_earningstransaction", earnings_id, "available_after")
        assert held_until == APPOINTMENT_END + HOLD
    assert status(rows, bonus) == "available"
    assert status(rows, earnings_of(rows, other_id)) == was


def test_a_canceled_booking_whose_row_was_clawed_back_keeps_both_as_they_are(
    rows: PlainRows, pia: int
) -> None:
    booking_id = deliver(rows, pia, 10000, "paid")
    rows.update("bookings_booking", booking_id, status="canceled")
    paid = earnings_of(rows, booking_id)
    [payout_id] = rows.get("payments_earningstransaction", paid, "payout_id")

    rows.update("payments_practitionerpayout", payout_id, status="failed")
    rows.update("bookings_booking", booking_id, end_time=PAST)

    found = rows.conn.execute(
        "select status, gross_amount_cents from public.payments_earningstransaction"
        " where booking_id = %s order by id",
        [booking_id],
    ).fetchall()
    assert found == [("available", 10000), ("available", -10000)]


def test_a_hold_follows_the_end_of_its_own_booking(rows: PlainRows, pia: int) -> None:
    moved, other = rows.booking(pia), rows.booking(pia)
    for booking_id in (moved, other):
        rows.earnings(booking_id)
    pending = earnings_of(rows, deliver(rows, pia, 10000, "pending"))
    [held_until] = rows.get("payments_earningstransaction", pending, "available_after")

    later = APPOINTMENT_END + timedelta(days=1)
    rows.conn.execute(
        "update public.bookings_booking set end_time = %s where id <> %s", [later, other]
    )

    holds = [
        rows.get("payments_earningstransaction", earnings_of(rows, each), "available_after")[0]
        for each in (moved, other)
    ]
    assert holds == [later + HOLD, APPOINTMENT_END + HOLD]
    [unmoved] = rows.get("payments_earningstransaction", pending, "available_after")
    assert unmoved == held_until


@pytest.mark.parametrize("becomes", ["completed", "no_show"])
def test_a_deleted_session_gives_its_slot_back_and_counts_no_more(
    rows: PlainRows, becomes: str
) -> None:
    set_policy(rows, "pay")
    sale = Sale(rows)
    waiting = sale.book()
    first, second = sale.sessions
    rows.update("bookings_booking", first, status=becomes)
    for session in (second, waiting):
        sale.complete(session)
    rows.put("payments_earningstransaction", earnings_of(rows, first), status="reversed")
    rows.conn.execute(
        "delete from public.payments_earningstransaction where booking_id = %s", [first]
    )

    rows.conn.execute("delete from public.bookings_booking where id = %s", [first])

    assert sale.slots() == [(1, waiting), (2, second)]
    assert metadata_of(rows, sale.order_id)["sessions_completed"] == 2


def test_a_slot_that_was_kept_only_because_it_was_paid_goes_with_its_booking(
    rows: PlainRows,
) -> None:
    sale = Sale(rows)
    first, second = sale.sessions
    sale.complete(first)
    rows.put("payments_earningstransaction", earnings_of(rows, first), status="paid")
    rows.conn.execute("select earnings.correct_booking(%s, 'confirmed', 'nobody came')", [first])
    assert sale.slots() == [(1, first)]
    # as a payout that fails leaves it, before the next job
    rows.put("payments_earningstransaction", earnings_of(rows, first), status="projected")
    rows.conn.execute(
        "delete from public.payments_earningstransaction where booking_id = %s", [first]
    )

    rows.conn.execute("delete from public.bookings_booking where id = %s", [first])

    assert sale.slots() == []
    sale.complete(second)
    assert sale.slots() == [(1, second)]


def test_earnings_follow_a_reschedule_that_the_engine_did_not_see(
    rows: PlainRows, pia: int
) -> None:
    first, later = rows.booking(pia), rows.booking(pia)
    rows.update("bookings_booking", first, status="completed")
    earnings_id = earnings_of(rows, first)
    rows.put("bookings_booking", later, rescheduled_from_id=first)

    rows.update("bookings_booking", first, status="rescheduled")

    assert status(rows, earnings_id) == "projected"
    assert earnings_of(rows, later) == earnings_id


def test_a_delivered_session_gives_its_slot_back_as_soon_as_its_successor_is_there(
    rows: PlainRows,
) -> None:
    sale = Sale(rows)
    sale.complete(sale.sessions[0])

    sale.book(rescheduled_from_id=sale.sessions[0])

    assert sale.slots() == []
    assert metadata_of(rows, sale.order_id)["sessions_completed"] == 0


def test_a_booking_says_when_it_was_delivered_once_it_is(rows: PlainRows, pia: int) -> None:
    delivered, waiting = rows.booking(pia, status="completed"), rows.booking(pia)

    is_said = [
        rows.get("bookings_booking", each, "completed_at") != (None,)
        for each in (delivered, waiting)
    ]

    assert is_said == [True, False]


def test_what_a_write_of_a_booking_asked_for_is_kept_when_it_is_corrected(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia)
    corrections = (
        "select rule, offered, stored from earnings.corrections"
        " where subject = 'booking' and subject_id = %s order by id"
    )
    rows.update("bookings_booking", booking_id, status="completed")
    assert rows.conn.execute(corrections, [booking_id]).fetchall() == []

    rows.update("bookings_booking", booking_id, status="confirmed")
    rows.update("bookings_booking", booking_id, status="cancelled")

    assert rows.conn.execute(corrections, [booking_id]).fetchall() == [
        ("R14", {"status": "confirmed"}, {"status": "completed"}),
        ("R9", {"status": "cancelled"}, {"status": "canceled"}),
    ]
