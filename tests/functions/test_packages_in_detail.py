"""Which rows of a package count, and which only look as if they did (R7 to R11)."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from functions.test_payout_rows import earnings_of
from plain_rows import PlainRows


class Sale:
    """A package as the before-version sells it: an order, its purchase booking and sessions."""

    def __init__(self, rows: PlainRows, sessions: int = 2, **values: Any) -> None:
        self.rows = rows
        self.pia = rows.practitioner()
        self.package_id = rows.service(self.pia, "package")
        self.session_id = rows.service(self.pia)
        if sessions:
            contain(rows, self.package_id, self.session_id, sessions)
        self.order_id = self.order(**values)
        self.purchase_id = self.book(service_id=self.package_id, is_package_purchase=True)
        self.sessions = [self.book() for _ in range(sessions)]

    def order(self, **values: Any) -> int:
        return self.rows.insert(
            "payments_order",
            **{
                "user_id": self.rows.insert("users_user"),
                "service_id": self.package_id,
                "status": "completed",
                "subtotal_amount_cents": 10001,
                "order_type": "package",
                **values,
            },
        )

    def book(self, **values: Any) -> int:
        return self.rows.booking(
            self.pia,
            **{
                "service_id": self.session_id,
                "order_id": self.order_id,
                "price_charged_cents": 0,
                **values,
            },
        )

    def complete(self, booking_id: int) -> None:
        self.rows.update("bookings_booking", booking_id, status="completed")

    def slots(self, order_id: int | None = None) -> list[tuple[int, int]]:
        """(slot, booking) of the order."""
        return self.rows.conn.execute(
            "select slot_number, booking_id from earnings.session_slots"
            " where order_id = %s order by slot_number",
            [order_id or self.order_id],
        ).fetchall()

    def earnings(self, booking_id: int) -> list[tuple[str, int]]:
        return self.rows.conn.execute(
            "select status, gross_amount_cents from public.payments_earningstransaction"
            " where booking_id = %s order by id",
            [booking_id],
        ).fetchall()

    def reported(self) -> set[tuple[str, int]]:
        return set(
            self.rows.conn.execute("select kind, subject_id from earnings.exceptions").fetchall()
        )


@pytest.fixture
def sale(rows: PlainRows) -> Sale:
    return Sale(rows)


def test_a_purchase_that_somebody_completes_freezes_nothing_and_takes_no_slot(
    sale: Sale, rows: PlainRows
) -> None:
    sale.complete(sale.purchase_id)
    assert sale.earnings(sale.purchase_id) == sale.slots() == []
    # nothing was delivered, so that the price can still be put right
    rows.update("payments_order", sale.order_id, subtotal_amount_cents=8000)

    for session in sale.sessions:
        sale.complete(session)

    assert sale.slots() == list(enumerate(sale.sessions, start=1))
    assert [sale.earnings(session) for session in sale.sessions] == [[("pending", 4000)]] * 2
    assert sale.reported() == set()


def test_a_session_that_changes_its_order_frees_its_slot_there(sale: Sale) -> None:
    moved, staying = sale.sessions
    sale.complete(moved)
    other_id = sale.order(subtotal_amount_cents=9000)

    sale.rows.update("bookings_booking", moved, order_id=other_id)
    sale.complete(staying)

    assert sale.slots() == [(1, staying)]
    assert sale.slots(other_id) == [(1, moved)]


def test_a_package_that_does_not_say_how_many_sessions_it_has_is_reported(rows: PlainRows) -> None:
    sale = Sale(rows, sessions=0)
    session = sale.book()

    sale.complete(session)

    assert sale.earnings(session) == []
    assert sale.reported() == {("package_without_sessions", sale.order_id)}


def test_a_package_of_before_the_migration_that_says_nothing_is_reported(sale: Sale) -> None:
    sale.rows.put("payments_order", sale.order_id, package_metadata=None)

    sale.complete(sale.sessions[0])

    assert sale.earnings(sale.sessions[0]) == []
    assert sale.reported() == {("package_without_sessions", sale.order_id)}
    # what it was sold with is for the migration to say
    assert sale.rows.get("payments_order", sale.order_id, "package_metadata") == (None,)


def test_a_session_whose_order_is_not_known_is_no_direct_booking(rows: PlainRows) -> None:
    pia = rows.practitioner()
    purchase_id = rows.booking(pia, is_package_purchase=True)
    session = rows.booking(pia, parent_booking_id=purchase_id)

    rows.update("bookings_booking", session, status="completed")

    assert earning_bookings(rows) == []


def test_a_free_package_has_its_slots_and_a_direct_order_has_none(rows: PlainRows) -> None:
    free = Sale(rows, subtotal_amount_cents=0)
    direct = free.order(
        service_id=free.session_id,
        order_type="direct",
        package_metadata=Jsonb({"total_sessions": 2}),
    )

    found = rows.conn.execute(
        "select order_id, slot_number, amount_cents from earnings.free_slots(%s) order by 2",
        [[free.order_id, direct]],
    ).fetchall()

    assert found == [(free.order_id, 1, 0), (free.order_id, 2, 0)]


@pytest.mark.parametrize(
    ("metadata", "price_cents"),
    [
        ({"session_value_cents": 5000, "total_sessions": 2}, 10000),
        ({"session_value_cents": "5000", "total_sessions": 2}, 0),
        ({"session_value_cents": 5000, "total_sessions": "two"}, 0),
        ({"session_value_cents": None}, 0),
    ],
)
def test_what_an_order_without_a_subtotal_is_worth_takes_numbers(
    rows: PlainRows, metadata: dict[str, Any], price_cents: int
) -> None:
    sale = Sale(rows)
    rows.put(
        "payments_order",
        sale.order_id,
        subtotal_amount_cents=0,
        package_metadata=Jsonb(metadata),
    )

    found = rows.conn.execute(
        "select earnings.package_price_cents(orders) from public.payments_order as orders"
    ).fetchone()

    assert found == (price_cents,)


@pytest.mark.parametrize(
    ("metadata", "usable"),
    [
        ({"total_sessions": 10000}, {"total_sessions": 10000}),
        ({"total_sessions": 10001}, {}),
        ({"total_sessions": 0}, {}),
        ({"total_sessions": 2.5}, {}),
        ({"sessions_completed": 0}, {"sessions_completed": 0}),
        ({"sessions_completed": -1}, {}),
        ({"sessions_completed": "1"}, {}),
        ({"session_value_cents": 2147483647}, {"session_value_cents": 2147483647}),
        ({"session_value_cents": 2147483648}, {}),
        ({"session_value_cents": -1}, {}),
        ({"expires_at": "2026-03-01"}, {"expires_at": "2026-03-01"}),
        ({"expires_at": "soon"}, {}),
        ({"note": "-1"}, {"note": "-1"}),
    ],
)
def test_metadata_that_makes_no_sense_is_left_out(
    rows: PlainRows, metadata: dict[str, Any], usable: dict[str, Any]
) -> None:
    found = rows.conn.execute(
        "select earnings.usable_metadata(%s::jsonb)", [Jsonb(metadata)]
    ).fetchone()

    assert found == (usable,)


def test_sessions_that_a_package_does_not_contain_are_not_sold_or_started(rows: PlainRows) -> None:
    """A relationship without a child, or of none of it, is left over from an edit."""
    pia = rows.practitioner()
    package_id, inside, none_of_it = (rows.service(pia, code) for code in ("package", "a", "b"))
    contain(rows, package_id, none_of_it, 0)
    contain(rows, package_id, None, 5)
    contain(rows, package_id, rows.service(pia, "c"), -1)
    contain(rows, package_id, inside, 1)
    order_id = rows.insert(
        "payments_order",
        user_id=rows.insert("users_user"),
        service_id=package_id,
        status="completed",
        subtotal_amount_cents=9000,
        order_type="package",
    )
    assert metadata_of(rows, order_id)["total_sessions"] == 1
    rows.put(
        "payments_order",
        order_id,
        package_metadata=Jsonb(metadata_of(rows, order_id) | {"total_sessions": 3}),
    )

    rows.conn.execute("select * from earnings.start_package(%s)", [order_id])

    started = rows.conn.execute(
        "select service_id from public.bookings_booking where order_id = %s", [order_id]
    ).fetchall()
    assert started == [(inside,)] * 3


def test_a_bundles_sessions_are_of_its_only_child(rows: PlainRows) -> None:
    pia = rows.practitioner()
    bundle_id, child = rows.service(pia, "bundle", sessions_included=3), rows.service(pia)
    contain(rows, bundle_id, child, 1)
    contain(rows, bundle_id, None, 1)

    found = rows.conn.execute("select earnings.bundled_service_id(%s)", [bundle_id]).fetchone()

    assert found == (child,)


@pytest.mark.parametrize(("code", "sold"), [("bundle", 3), ("package", 2)])
def test_a_bundle_says_how_many_sessions_it_includes_and_a_package_what_it_contains(
    rows: PlainRows, code: str, sold: int
) -> None:
    pia = rows.practitioner()
    package_id = rows.service(pia, code, sessions_included=3)
    contain(rows, package_id, rows.service(pia), 2)

    found = rows.conn.execute("select earnings.package_session_count(%s)", [package_id]).fetchone()

    assert found == (sold,)


@pytest.mark.parametrize("subtotal", [10001, 9999])
def test_terms_that_change_after_the_first_delivery_are_reported(
    sale: Sale, rows: PlainRows, subtotal: int
) -> None:
    sale.complete(sale.sessions[0])
    metadata = metadata_of(rows, sale.order_id)
    sessions = metadata["total_sessions"] + (subtotal == 10001)

    rows.update(
        "payments_order",
        sale.order_id,
        subtotal_amount_cents=subtotal,
        package_metadata=Jsonb(metadata | {"total_sessions": sessions}),
    )

    assert sale.reported() == {("terms_changed_after_freeze", sale.order_id)}
    assert metadata_of(rows, sale.order_id)["total_sessions"] == 2


def test_sessions_delivered_before_their_number_was_known_wait_for_the_next_job(
    rows: PlainRows,
) -> None:
    sale = Sale(rows, sessions=0)
    delivered, open_one = sale.book(), sale.book()
    sale.complete(delivered)
    assert queued(rows) == []

    rows.update("payments_order", sale.order_id, package_metadata=Jsonb({"note": "ask Pia"}))
    assert queued(rows) == []
    rows.update("payments_order", sale.order_id, package_metadata=Jsonb({"total_sessions": 2}))
    assert queued(rows) == [delivered]

    rows.conn.execute("select earnings.settle_queued(10)")
    assert sale.earnings(delivered) == [("pending", 5000)]
    assert sale.earnings(open_one) == queued(rows) == []


def test_a_refund_queues_no_session_of_a_package_that_says_no_number(rows: PlainRows) -> None:
    sale = Sale(rows, sessions=0)
    sale.complete(sale.book())

    rows.update("payments_order", sale.order_id, status="refunded")

    assert queued(rows) == []


def test_earnings_of_an_open_session_are_projected_while_its_package_has_slots_left(
    sale: Sale, rows: PlainRows
) -> None:
    first, second = sale.sessions
    offered = []
    for session, cents in [(first, 1000), (second, 9001)]:
        rows.insert(
            "payments_usercredittransaction",
            user_id=rows.insert("users_user"),
            order_id=sale.order_id,
            amount_cents=cents,
            transaction_type="refund",
        )
        rows.earnings(session)
        offered.append(sale.earnings(session))

    assert offered == [[("projected", 5000)], [("reversed", 5000)]]


def test_a_session_that_waited_for_a_slot_and_did_not_take_place_may_earn_yet(
    sale: Sale, rows: PlainRows
) -> None:
    waiting = sale.book()
    for session in (*sale.sessions, waiting):
        sale.complete(session)
    rows.earnings(waiting)
    rows.conn.execute("select earnings.correct_booking(%s, 'confirmed', 'nobody came')", [waiting])

    rows.earnings(waiting)

    assert sale.earnings(waiting) == [("reversed", 5000), ("projected", 5000)]


@pytest.mark.parametrize("status", ["failed", "refunded", "completed"])
def test_nothing_of_an_order_that_failed_or_was_refunded_expires(
    sale: Sale, rows: PlainRows, status: str
) -> None:
    expires = {"expires_at": "2026-03-01T00:00:00+00:00"}
    metadata = metadata_of(rows, sale.order_id) | expires
    rows.update("payments_order", sale.order_id, status=status, package_metadata=Jsonb(metadata))

    expired = rows.conn.execute(
        "select order_id, session_count, amount_cents from earnings.expire_packages()"
    ).fetchall()

    assert expired == ([(sale.order_id, 2, 10001)] if status == "completed" else [])


def queued(rows: PlainRows) -> list[int]:
    found = rows.conn.execute("select booking_id from earnings.settlement_queue order by id")
    return [booking_id for (booking_id,) in found]


def earning_bookings(rows: PlainRows) -> list[tuple[int]]:
    return rows.conn.execute(
        "select booking_id from public.payments_earningstransaction"
    ).fetchall()


def metadata_of(rows: PlainRows, order_id: int) -> dict[str, Any]:
    [metadata] = rows.get("payments_order", order_id, "package_metadata")
    return dict(metadata)


def contain(rows: PlainRows, package_id: int, child_id: int | None, quantity: int) -> None:
    rows.insert(
        "service_relationships",
        parent_service_id=package_id,
        child_service_id=child_id,
        quantity=quantity,
    )


def test_a_direct_order_that_is_saved_says_nothing_of_sessions(rows: PlainRows) -> None:
    sale = Sale(rows)
    order_id = sale.order(order_type="direct", service_id=sale.session_id)

    rows.update("payments_order", order_id, status="partially_refunded")

    assert rows.get("payments_order", order_id, "package_metadata") == (None,)


def test_an_order_that_counts_sessions_is_counted_whatever_its_type(rows: PlainRows) -> None:
    sale = Sale(rows)
    order_id = sale.order(
        order_type="direct",
        service_id=sale.session_id,
        package_metadata=Jsonb({"sessions_completed": 0}),
    )
    booking_id = sale.book(order_id=order_id, price_charged_cents=10001)

    sale.complete(booking_id)

    assert metadata_of(rows, order_id)["sessions_completed"] == 1
    assert sale.earnings(booking_id) == [("pending", 10001)]


def started(rows: PlainRows, order_id: int) -> list[int]:
    """The services of the sessions that a start creates."""
    found = rows.conn.execute("select * from earnings.start_package(%s)", [order_id])
    return [service_id for _, service_id in found]


def test_a_start_makes_what_is_lacking_of_each_service_first(rows: PlainRows) -> None:
    sale = Sale(rows)
    other = rows.service(sale.pia)
    contain(rows, sale.package_id, other, 1)
    order_id = sale.order()
    sale.book(order_id=order_id)
    # neither of these two is a session of the other service that will take place
    sale.book(order_id=order_id, service_id=other, is_package_purchase=True)
    sale.book(order_id=order_id, service_id=other, status="canceled")

    assert started(rows, order_id) == [sale.session_id, other]
    assert "bundled_service_id" not in metadata_of(rows, order_id)


def test_what_a_write_of_a_package_asked_for_is_kept_when_it_is_corrected(sale: Sale) -> None:
    corrections = "select subject_id, rule from earnings.corrections where subject = 'order'"
    sale.rows.update("payments_order", sale.order_id, status="partially_refunded")
    assert sale.rows.conn.execute(corrections).fetchall() == []

    sale.rows.update("payments_order", sale.order_id, package_metadata=None)

    assert sale.rows.conn.execute(corrections).fetchall() == [(sale.order_id, "R8")]


def test_a_start_makes_the_sessions_of_a_bundle_of_what_its_order_sold(rows: PlainRows) -> None:
    sale = Sale(rows, sessions=0)
    bundle_id = rows.service(sale.pia, "bundle", sessions_included=3)
    for _ in range(2):
        contain(rows, bundle_id, rows.service(sale.pia), 1)
    order_id = sale.order(service_id=bundle_id)

    # of two children none is the one, so that the bundle itself is
    assert metadata_of(rows, order_id)["bundled_service_id"] == bundle_id
    assert started(rows, order_id) == [bundle_id] * 3


def test_only_the_row_that_found_no_slot_may_come_again(sale: Sale, rows: PlainRows) -> None:
    for session in (*sale.sessions, late := sale.book()):
        sale.complete(session)
    rows.earnings(late)
    taken_away = rows.booking(sale.pia)
    rows.put("payments_earningstransaction", rows.earnings(taken_away), status="reversed")

    sale.complete(taken_away)

    assert sale.earnings(late) == [("reversed", 5000)]
    assert sale.earnings(taken_away) == [("reversed", 10000)]


def test_the_mirror_of_a_paid_session_lets_its_slot_go_with_the_next_job(
    sale: Sale, rows: PlainRows
) -> None:
    session, _ = sale.sessions
    sale.complete(session)
    rows.pay(earnings_of(rows, session))
    rows.put("bookings_booking", session, status="canceled")
    assert queued(rows) == []

    rows.earnings(session, transaction_type="reversal", gross_amount_cents=-5000)

    assert queued(rows) == [session]
