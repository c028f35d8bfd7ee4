"""A purchase that was paid out before its sessions were delivered pays for them (R7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from psycopg.types.json import Jsonb

from functions.test_packages_in_detail import Sale, queued
from plain_rows import PlainRows


@pytest.fixture
def sale(rows: PlainRows) -> Sale:
    """Three sessions of 3333, 3334 and 3334 cents; 4000 cents of them are paid to Pia already."""
    sale = Sale(rows, sessions=3)
    pay(sale, sale.purchase_id, 4000)
    return sale


def pay(sale: Sale, booking_id: int, cents: int) -> None:
    """Earnings of the time before the engine, paid."""
    payout_id = sale.rows.payout(sale.pia)
    with sale.rows.as_role("earnings_migrator"):
        sale.rows.earnings(
            booking_id,
            gross_amount_cents=cents,
            commission_amount_cents=0,
            net_amount_cents=cents,
            status="paid",
            payout_id=payout_id,
        )


def complete(sale: Sale, bookings: Sequence[int]) -> None:
    """Complete bookings in one statement."""
    sale.rows.conn.execute(
        "update public.bookings_booking set status = 'completed' where id = any (%s)",
        [list(bookings)],
    )


NETTED = [[("reversed", 3333)], [("pending", 2667)], [("pending", 3334)]]


def test_what_was_paid_is_netted_slot_by_slot_until_it_is_used_up(sale: Sale) -> None:
    for session in sale.sessions:
        complete(sale, [session])

    assert [sale.earnings(session) for session in sale.sessions] == NETTED


def test_what_was_paid_is_netted_once_when_all_sessions_are_delivered_together(sale: Sale) -> None:
    complete(sale, sale.sessions)

    assert [sale.earnings(session) for session in sale.sessions] == NETTED


def test_who_was_not_paid_earns_in_full(sale: Sale, rows: PlainRows) -> None:
    other = sale.sessions[0]
    rows.update("bookings_booking", other, practitioner_id=rows.practitioner())

    complete(sale, sale.sessions)

    assert [sale.earnings(session) for session in sale.sessions] == [
        [("pending", 3333)],
        [("reversed", 3334)],
        [("pending", 2668)],
    ]


def test_a_session_that_was_paid_is_no_prepaid_purchase(rows: PlainRows) -> None:
    sale = Sale(rows)
    paid, other = sale.sessions
    pay(sale, paid, 5000)

    complete(sale, [other])

    assert sale.earnings(other) == [("pending", 5000)]


def test_a_session_that_finds_its_slot_late_is_no_matter_any_more(
    rows: PlainRows,
) -> None:
    sale = Sale(rows)
    first, second = sale.sessions
    waiting, still_waiting = sale.book(), sale.book()
    complete(sale, [first, second, waiting, still_waiting])
    assert sale.reported() == {
        ("session_without_slot", waiting),
        ("session_without_slot", still_waiting),
    }
    rows.conn.execute(
        "select earnings.raise_exception_row('failed_order_only', 'booking', %s)", [waiting]
    )
    assert queued(rows) == []

    rows.update("bookings_booking", first, status="canceled")

    found = rows.conn.execute(
        "select kind, resolved_by from earnings.exceptions where subject_id = %s order by kind",
        [waiting],
    ).fetchall()
    assert found == [("failed_order_only", None), ("session_without_slot", "engine")]
    assert sale.earnings(waiting)[-1] == ("pending", 5000)
    assert rows.conn.execute(
        "select resolved_by from earnings.exceptions where subject_id = %s", [still_waiting]
    ).fetchall() == [(None,)]


def test_a_direct_order_has_no_terms_and_no_sessions(rows: PlainRows) -> None:
    sale = Sale(rows)
    order_id = sale.order(
        service_id=sale.session_id,
        order_type="direct",
        package_metadata=Jsonb({"total_sessions": 2}),
    )

    for _ in range(2):
        complete(sale, [sale.book(order_id=order_id, price_charged_cents=500)])

    assert rows.conn.execute("select * from earnings.package_terms").fetchall() == []
    assert {kind for kind, _ in sale.reported()} == {"order_earns_already"}
