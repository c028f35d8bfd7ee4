"""Which rows a payout takes, and which of them come back when it fails (R21)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.test_money import deliver
from marketplace_app import refused
from plain_rows import PlainRows

AS_OF = datetime(2026, 1, 31, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def pia(rows: PlainRows) -> int:
    return rows.practitioner()


def available(
    rows: PlainRows, practitioner_id: int, since: datetime, cents: int = 10000, **values: object
) -> int:
    """Earnings that became available at a moment."""
    earnings_id = earnings_of(rows, deliver(rows, practitioner_id, cents, "available"))
    rows.put("payments_earningstransaction", earnings_id, available_after=since, **values)
    return earnings_id


def earnings_of(rows: PlainRows, booking_id: int) -> int:
    [(earnings_id,)] = rows.conn.execute(
        "select id from public.payments_earningstransaction where booking_id = %s"
        " and transaction_type = 'booking_completion'",
        [booking_id],
    ).fetchall()
    return int(earnings_id)


def pay(rows: PlainRows) -> list[tuple[str, int, int]]:
    """Create the payouts as of a moment: currency, net cents and rows of each."""
    return rows.conn.execute(
        "select currency, net_amount_cents, earnings_count from earnings.create_payouts(%s)"
        " order by currency",
        [AS_OF],
    ).fetchall()


def test_a_payout_as_of_a_moment_takes_what_was_available_by_then(
    rows: PlainRows, pia: int
) -> None:
    available(rows, pia, AS_OF - MICROSECOND)
    available(rows, pia, AS_OF)
    later = available(rows, pia, AS_OF + MICROSECOND)
    free = available(rows, pia, AS_OF + MICROSECOND, cents=0)

    assert pay(rows) == [("USD", 2 * 8500, 2)]
    assert status(rows, later) == status(rows, free) == "available"


def test_each_currency_is_paid_by_itself(rows: PlainRows, pia: int) -> None:
    available(rows, pia, AS_OF)
    available(rows, pia, AS_OF, currency="EUR")

    assert pay(rows) == [("EUR", 8500, 1), ("USD", 8500, 1)]


def test_a_payout_in_a_currency_of_which_nothing_is_available_is_refused(
    rows: PlainRows, pia: int
) -> None:
    available(rows, pia, AS_OF)
    payout = {"practitioner_id": pia, "status": "pending", "credits_payout_cents": 8500}

    with refused("23X12"), rows.conn.transaction():
        rows.insert("payments_practitionerpayout", **payout, currency="EUR")

    rows.insert("payments_practitionerpayout", **payout)


@pytest.fixture
def paid(rows: PlainRows, pia: int) -> tuple[int, dict[str, int]]:
    """A payout of two deliveries and a bonus, one of the deliveries undone since."""
    payout_id = rows.payout(pia)
    delivered, undone = (deliver(rows, pia, 10000, "available") for _ in range(2))
    found = {
        "delivered": earnings_of(rows, delivered),
        "undone": earnings_of(rows, undone),
        "bonus": rows.earnings(undone, transaction_type="bonus", status="available"),
        "taken back": earnings_of(rows, deliver(rows, pia, 10000, "available")),
    }
    for name, earnings_id in found.items():
        rows.put(
            "payments_earningstransaction",
            earnings_id,
            status="reversed" if name == "taken back" else "paid",
            payout_id=payout_id,
        )
    rows.conn.execute("select earnings.correct_booking(%s, 'confirmed', 'nobody came')", [undone])
    return payout_id, found


def test_rows_of_a_failed_payout_return_each_to_where_it_belongs(
    rows: PlainRows, paid: tuple[int, dict[str, int]]
) -> None:
    payout_id, found = paid

    rows.update("payments_practitionerpayout", payout_id, status="failed")

    assert {name: status(rows, earnings_id) for name, earnings_id in found.items()} == {
        "delivered": "available",
        "undone": "projected",
        "bonus": "available",
        "taken back": "reversed",
    }


@pytest.mark.parametrize(
    ("before", "offered", "stored"),
    [
        *(("pending", status, status) for status in ("processing", "completed", "failed")),
        *((failed, "completed", failed) for failed in ("failed", "canceled", "cancelled")),
        *((failed, "failed", "failed") for failed in ("canceled", "cancelled")),
    ],
)
def test_a_payout_goes_any_way_but_back_from_where_it_failed(
    rows: PlainRows, pia: int, before: str, offered: str, stored: str
) -> None:
    available(rows, pia, AS_OF)
    rows.conn.execute("select * from earnings.create_payouts()")
    [(payout_id,)] = rows.conn.execute("select id from payments_practitionerpayout").fetchall()
    rows.put("payments_practitionerpayout", payout_id, status=before)

    rows.update("payments_practitionerpayout", payout_id, status=offered)

    assert rows.get("payments_practitionerpayout", payout_id, "status") == (stored,)


def test_a_payout_that_has_failed_returns_nothing_a_second_time(
    rows: PlainRows, paid: tuple[int, dict[str, int]]
) -> None:
    payout_id, found = paid
    rows.update("payments_practitionerpayout", payout_id, status="failed")
    rows.put("payments_earningstransaction", found["bonus"], status="paid", payout_id=payout_id)

    rows.update("payments_practitionerpayout", payout_id, status="canceled")

    assert status(rows, found["bonus"]) == "paid"


def test_what_is_still_held_is_nothing_that_a_payout_could_pay(rows: PlainRows, pia: int) -> None:
    deliver(rows, pia, 10000, "pending")

    with refused("23X12"), rows.conn.transaction():
        rows.insert("payments_practitionerpayout", practitioner_id=pia, cash_payout_cents=8500)

    deliver(rows, pia, 10000, "available")
    paid = rows.insert("payments_practitionerpayout", practitioner_id=pia, cash_payout_cents=8500)
    assert rows.get("payments_practitionerpayout", paid, "cash_payout_cents") == (8500,)


def status(rows: PlainRows, earnings_id: int) -> str:
    [found] = rows.get("payments_earningstransaction", earnings_id, "status")
    return str(found)
