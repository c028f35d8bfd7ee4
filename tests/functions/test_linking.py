"""Which order a booking that names none belongs to (R15), what does not count, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plain_rows import PlainRows

BOOKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)


class Sale:
    """A client, a service, and the orders and bookings of both."""

    def __init__(self, rows: PlainRows) -> None:
        self.rows = rows
        self.pia = rows.practitioner()
        self.client_id = rows.insert("users_user")
        self.service_id = rows.service(self.pia)

    def order(self, **values: Any) -> int:
        """An order of another transaction than the one that books."""
        order_id = self.rows.insert(
            "payments_order",
            **{
                "user_id": self.client_id,
                "service_id": self.service_id,
                "status": "completed",
                "order_type": "direct",
                "created_at": BOOKED_AT,
                **values,
            },
        )
        self.rows.conn.execute("select set_config('earnings.orders_of_transaction', '', true)")
        return order_id

    def book(self, **values: Any) -> int:
        return self.rows.booking(
            self.pia,
            **{
                "user_id": self.client_id,
                "service_id": self.service_id,
                "created_at": BOOKED_AT,
                **values,
            },
        )

    def order_of(self, booking_id: int) -> int | None:
        [order_id] = self.rows.get("bookings_booking", booking_id, "order_id")
        return order_id


@pytest.fixture
def sale(rows: PlainRows) -> Sale:
    return Sale(rows)


@pytest.mark.parametrize(
    ("distance", "is_near"),
    [
        (-TEN_MINUTES - MICROSECOND, False),
        (-TEN_MINUTES, True),
        (TEN_MINUTES, True),
        (TEN_MINUTES + MICROSECOND, False),
    ],
)
def test_an_order_is_near_within_ten_minutes(
    sale: Sale, distance: timedelta, is_near: bool
) -> None:
    order_id = sale.order(created_at=BOOKED_AT + distance)

    assert sale.order_of(sale.book()) == (order_id if is_near else None)


def test_an_order_of_another_client_or_service_is_not_taken(sale: Sale, rows: PlainRows) -> None:
    sale.order(user_id=rows.insert("users_user"))
    sale.order(service_id=rows.service(sale.pia))

    assert sale.order_of(sale.book()) is None


@pytest.mark.parametrize(
    "said",
    [
        *("x", "{own}=x", "{own}=0", "{own}=99999999999999999999"),
        *("{own}={foreign}", "{own}={of_another_service}"),
    ],
)
def test_a_word_of_the_session_links_no_booking_to_what_is_not_its_order(
    sale: Sale, rows: PlainRows, said: str
) -> None:
    foreign = sale.order(user_id=rows.insert("users_user"))
    of_another_service = sale.order(service_id=rows.service(sale.pia))
    own = f"{sale.client_id}/{sale.service_id}"
    word = said.format(own=own, foreign=foreign, of_another_service=of_another_service)
    rows.conn.execute("select set_config('earnings.orders_of_transaction', %s, true)", [word])

    assert sale.order_of(sale.book()) is None

    new = rows.insert(
        "payments_order",
        user_id=sale.client_id,
        service_id=sale.service_id,
        status="completed",
        order_type="direct",
        created_at=BOOKED_AT - timedelta(days=1),
    )
    assert sale.order_of(sale.book()) == new


def test_an_order_that_another_booking_has_is_not_taken(sale: Sale) -> None:
    order_id = sale.order()

    assert [sale.order_of(sale.book()) for _ in range(2)] == [order_id, None]


def test_two_orders_that_are_near_are_reported_and_neither_is_taken(
    sale: Sale, rows: PlainRows
) -> None:
    orders = [sale.order() for _ in range(2)]

    booking_id = sale.book()

    assert sale.order_of(booking_id) is None
    assert reported(rows, booking_id) == [("ambiguous_order_link", {"order_ids": orders})]


def test_a_failed_order_is_not_taken_and_reported_when_it_is_the_only_one(
    sale: Sale, rows: PlainRows
) -> None:
    sale.order(status="failed")
    alone = sale.book()
    assert sale.order_of(alone) is None
    assert reported(rows, alone) == [("failed_order_only", {})]

    order_id = sale.order()
    beside_another = sale.book()

    assert sale.order_of(beside_another) == order_id
    assert reported(rows, beside_another) == []


@pytest.mark.parametrize("link", ["rescheduled_from_id", "parent_booking_id"])
def test_a_booking_that_follows_another_takes_its_order_and_no_other(sale: Sale, link: str) -> None:
    earlier = sale.book()
    sale.order()
    without = sale.book(**{link: earlier})
    assert sale.order_of(without) is None

    own = sale.order(created_at=BOOKED_AT + timedelta(days=1))
    sale.rows.update("bookings_booking", earlier, order_id=own)

    assert sale.order_of(sale.book(**{link: earlier})) == own


def test_what_a_booking_was_rescheduled_from_comes_before_its_parent(sale: Sale) -> None:
    earlier, parent = sale.book(), sale.book()
    orders = [sale.order(created_at=BOOKED_AT + timedelta(days=days)) for days in (1, 2)]
    for booking_id, order_id in zip((earlier, parent), orders, strict=True):
        sale.rows.update("bookings_booking", booking_id, order_id=order_id)

    both = sale.book(rescheduled_from_id=earlier, parent_booking_id=parent)
    swapped = sale.book(rescheduled_from_id=parent, parent_booking_id=earlier)

    assert [sale.order_of(both), sale.order_of(swapped)] == orders


@pytest.mark.parametrize(("is_save", "is_kept"), [(True, True), (False, False)])
def test_a_save_does_not_take_away_the_order_and_an_update_does(
    sale: Sale, rows: PlainRows, is_save: bool, is_kept: bool
) -> None:
    order_id = sale.order()
    booking_id = sale.book()
    saved = {"updated_at": BOOKED_AT + timedelta(days=1)} if is_save else {}

    rows.update("bookings_booking", booking_id, order_id=None, **saved)

    assert sale.order_of(booking_id) == (order_id if is_kept else None)


@pytest.mark.parametrize(("is_save", "is_kept"), [(True, True), (False, False)])
def test_a_save_does_not_take_away_when_it_was_completed_and_an_update_does(
    sale: Sale, rows: PlainRows, is_save: bool, is_kept: bool
) -> None:
    booking_id = sale.book()
    rows.update("bookings_booking", booking_id, status="completed", completed_at=BOOKED_AT)
    saved = {"updated_at": BOOKED_AT + timedelta(days=1)} if is_save else {}

    rows.update("bookings_booking", booking_id, completed_at=None, **saved)

    [completed_at] = rows.get("bookings_booking", booking_id, "completed_at")
    assert completed_at == (BOOKED_AT if is_kept else None)


def test_a_booking_rescheduled_from_one_without_an_order_takes_its_parents(sale: Sale) -> None:
    earlier, parent = sale.book(), sale.book()
    order_id = sale.order(created_at=BOOKED_AT + timedelta(days=1))
    sale.rows.update("bookings_booking", parent, order_id=order_id)

    both = sale.book(rescheduled_from_id=earlier, parent_booking_id=parent)

    assert sale.order_of(both) == order_id


def test_the_last_successor_is_the_end_of_the_latest_chain(sale: Sale, rows: PlainRows) -> None:
    first = sale.book()
    given_up, second = (sale.book(rescheduled_from_id=first) for _ in range(2))
    third = sale.book(rescheduled_from_id=second)

    found = [
        rows.conn.execute("select earnings.last_successor(%s)", [each]).fetchone()
        for each in (first, second, third, given_up)
    ]

    assert found == [(third,), (third,), (third,), (given_up,)]


def test_only_a_credit_row_that_was_used_and_names_an_order_links_its_booking(
    sale: Sale, rows: PlainRows
) -> None:
    first, second = (sale.order(created_at=BOOKED_AT + timedelta(days=day)) for day in (1, 2))
    booking_id, other_id = sale.book(), sale.book()
    rows.update("bookings_booking", other_id, order_id=second)

    def credit(kind: str, order_id: int | None, *bookings: int) -> None:
        for each in bookings:
            rows.insert(
                "payments_usercredittransaction",
                user_id=sale.client_id,
                amount_cents=-5000 if kind == "usage" else 5000,
                transaction_type=kind,
                order_id=order_id,
                booking_id=each,
            )

    credit("purchase", first, booking_id)
    credit("usage", None, booking_id)
    assert sale.order_of(booking_id) is None

    credit("usage", first, booking_id)
    assert [sale.order_of(each) for each in (booking_id, other_id)] == [first, second]

    # the app links all rows of a checkout to its booking in one statement: the used one decides
    rows.conn.execute(
        "update public.payments_usercredittransaction set order_id = case transaction_type "
        "when 'usage' then %s::bigint else %s end where booking_id = %s",
        [second, first, booking_id],
    )
    assert sale.order_of(booking_id) == second

    # a usage row that names no order says nothing, though it is the last
    credit("usage", None, booking_id)
    rows.conn.execute(
        "update public.payments_usercredittransaction"
        " set order_id = case when order_id is not null then %s::bigint end where booking_id = %s",
        [first, booking_id],
    )
    assert sale.order_of(booking_id) == first

    # of several that were used the last one decides
    rows.conn.execute(
        "update public.payments_usercredittransaction"
        " set order_id = case when id = (select max(id) from public.payments_usercredittransaction)"
        " then %s::bigint else %s end where booking_id = %s",
        [second, first, booking_id],
    )
    assert sale.order_of(booking_id) == second


def reported(rows: PlainRows, booking_id: int) -> list[tuple[str, Any]]:
    return rows.conn.execute(
        "select kind, detail from earnings.exceptions"
        " where subject = 'booking' and subject_id = %s order by kind",
        [booking_id],
    ).fetchall()
