"""What a save of an earnings row may bring back, and what it may not change (R3, R5, R21)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.test_money import deliver
from functions.test_packages_in_detail import Sale
from functions.test_payout_rows import earnings_of
from marketplace_app import refused
from plain_rows import PlainRows

AMOUNTS = ("gross_amount_cents", "commission_amount_cents", "net_amount_cents")
OFFERED, PROJECTED, DELIVERED = (10001, 1500, 8501), (5000, 750, 4250), (5001, 750, 4251)


@pytest.fixture
def session(rows: PlainRows) -> tuple[int, int]:
    """(booking, earnings): the app offered the price of the whole package for a session."""
    sale = Sale(rows)
    first, second = sale.sessions
    sale.complete(first)
    earnings_id = rows.earnings(second, **dict(zip(AMOUNTS, OFFERED, strict=True)))
    assert rows.get("payments_earningstransaction", earnings_id, *AMOUNTS) == PROJECTED
    sale.complete(second)
    assert rows.get("payments_earningstransaction", earnings_id, *AMOUNTS) == DELIVERED
    return second, earnings_id


def save(rows: PlainRows, earnings_id: int, *amounts: int, **values: Any) -> None:
    rows.update(
        "payments_earningstransaction",
        earnings_id,
        **dict(zip(AMOUNTS, amounts, strict=False)),
        **values,
    )


@pytest.mark.parametrize("amounts", [OFFERED, PROJECTED])
def test_a_save_of_amounts_that_the_row_had_or_was_offered_changes_nothing(
    rows: PlainRows, session: tuple[int, int], amounts: tuple[int, int, int]
) -> None:
    _, earnings_id = session

    save(rows, earnings_id, *amounts)

    assert rows.get("payments_earningstransaction", earnings_id, *AMOUNTS) == DELIVERED


@pytest.mark.parametrize(
    "amounts",
    [
        (OFFERED[0], OFFERED[1], 1),
        (1, OFFERED[1], OFFERED[2]),
        (PROJECTED[0], PROJECTED[1], 1),
        (PROJECTED[0], 1, PROJECTED[2]),
        (1, PROJECTED[1], PROJECTED[2]),
        (10000, 1500, 8500),
    ],
)
def test_a_save_of_other_amounts_is_refused(
    rows: PlainRows, session: tuple[int, int], amounts: tuple[int, int, int]
) -> None:
    _, earnings_id = session

    with refused("23X05"), rows.conn.transaction():
        save(rows, earnings_id, *amounts)

    assert rows.get("payments_earningstransaction", earnings_id, *AMOUNTS) == DELIVERED


def test_what_was_offered_for_another_row_is_refused(
    rows: PlainRows, session: tuple[int, int]
) -> None:
    other = rows.earnings(rows.booking(rows.practitioner()))

    with refused("23X05"), rows.conn.transaction():
        save(rows, other, *OFFERED)


def test_a_row_of_which_only_the_status_was_corrected_keeps_its_amounts(rows: PlainRows) -> None:
    earnings_id = rows.earnings(rows.booking(rows.practitioner()), status="pending")

    with refused("23X05"), rows.conn.transaction():
        save(rows, earnings_id, 7000, 1050, 5950)


def test_a_save_brings_a_moved_row_back_to_no_booking(
    rows: PlainRows, session: tuple[int, int]
) -> None:
    pia = rows.practitioner()
    earlier = rows.booking(pia)
    earnings_id = rows.earnings(earlier)
    later = rows.booking(pia, rescheduled_from_id=earlier)

    save(rows, earnings_id, booking_id=earlier)
    assert rows.get("payments_earningstransaction", earnings_id, "booking_id") == (later,)

    for values in ({"booking_id": session[0]}, {"practitioner_id": rows.practitioner()}):
        with refused("23X05"), rows.conn.transaction():
            save(rows, earnings_id, **values)


@pytest.mark.parametrize("status", ["failed", "canceled", "cancelled", "pending"])
def test_earnings_are_not_paid_by_a_payout_that_has_failed(rows: PlainRows, status: str) -> None:
    pia = rows.practitioner()
    pay(rows, pia, rows.payout(pia, status=status), is_refused=status != "pending")


def test_earnings_are_paid_by_a_payout_of_their_practitioner_and_currency_only(
    rows: PlainRows,
) -> None:
    pia = rows.practitioner()

    pay(rows, pia, rows.payout(rows.practitioner()), is_refused=True)
    pay(rows, pia, rows.payout(pia, currency="EUR"), is_refused=True)
    pay(rows, pia, rows.payout(pia), is_refused=False)


def pay(rows: PlainRows, practitioner_id: int, payout_id: int, *, is_refused: bool) -> None:
    earnings_id = earnings_of(rows, deliver(rows, practitioner_id, 10000, "available"))
    if is_refused:
        with refused("23X12"), rows.conn.transaction():
            save(rows, earnings_id, status="paid", payout_id=payout_id)
    else:
        save(rows, earnings_id, status="paid", payout_id=payout_id)
    [status] = rows.get("payments_earningstransaction", earnings_id, "status")
    assert status == ("available" if is_refused else "paid")


def test_a_paid_row_stays_with_its_payout(rows: PlainRows) -> None:
    pia = rows.practitioner()
    earnings_id = earnings_of(rows, deliver(rows, pia, 10000, "paid"))

    with refused("23X12"), rows.conn.transaction():
        save(rows, earnings_id, payout_id=rows.payout(pia))
    save(rows, earnings_id, payout_id=None)

    assert rows.get("payments_earningstransaction", earnings_id, "payout_id") != (None,)


def test_a_projected_session_that_found_no_slot_stays_projected(rows: PlainRows) -> None:
    sale = Sale(rows)
    waiting = sale.book()
    earnings_id = rows.earnings(waiting)
    for session in sale.sessions:
        sale.complete(session)
    sale.complete(waiting)

    save(rows, earnings_id, status="pending")

    assert rows.get("payments_earningstransaction", earnings_id, "status") == ("projected",)
