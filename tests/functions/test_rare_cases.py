"""What is decided by a condition that ordinary business hardly ever meets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from earnings_pipeline import sqlfiles
from functions.test_exceptions_and_moments import set_policy
from functions.test_money import PAST, deliver
from functions.test_packages_in_detail import Sale
from functions.test_payout_rows import earnings_of, status
from plain_rows import APPOINTMENT_END, PlainRows

MINUTE = timedelta(minutes=1)


@pytest.fixture
def pia(rows: PlainRows) -> int:
    return rows.practitioner()


@pytest.fixture
def sale(rows: PlainRows) -> Sale:
    return Sale(rows)


def projected(rows: PlainRows, booking_id: int) -> int:
    """Earnings that stayed projected, as what was delivered while the engine was off has."""
    for (earnings_id,) in rows.conn.execute(
        "select id from public.payments_earningstransaction where booking_id = %s", [booking_id]
    ).fetchall():
        rows.put("payments_earningstransaction", earnings_id, status="reversed")
    with rows.as_role("earnings_migrator"):
        return rows.earnings(booking_id, status="projected")


def make_pending(rows: PlainRows, earnings_id: int) -> str:
    """Write the status as the app does, and say what is stored."""
    rows.update("payments_earningstransaction", earnings_id, status="pending")
    return status(rows, earnings_id)


def test_the_app_makes_pending_what_was_delivered_and_nothing_else(
    rows: PlainRows, pia: int
) -> None:
    delivered = rows.booking(pia)
    rows.update("bookings_booking", delivered, status="completed")

    assert make_pending(rows, projected(rows, delivered)) == "pending"
    assert make_pending(rows, projected(rows, rows.booking(pia))) == "projected"


def test_the_app_reverses_what_is_held_without_waiting(rows: PlainRows, pia: int) -> None:
    booking_id = rows.booking(pia)
    rows.update("bookings_booking", booking_id, status="completed")
    earnings_id = earnings_of(rows, booking_id)
    assert status(rows, earnings_id) == "pending"

    rows.update("payments_earningstransaction", earnings_id, status="reversed")

    assert status(rows, earnings_id) == "reversed"


def test_the_app_makes_a_session_pending_that_has_its_slot(sale: Sale) -> None:
    session, other = sale.sessions
    sale.complete(session)

    assert make_pending(sale.rows, projected(sale.rows, session)) == "pending"
    assert make_pending(sale.rows, projected(sale.rows, other)) == "projected"


def test_the_app_does_not_make_pending_what_was_paid_before_its_reschedule(
    rows: PlainRows, pia: int
) -> None:
    paid = deliver(rows, pia, 10000, "paid")
    later = rows.booking(pia, rescheduled_from_id=paid)
    rows.update("bookings_booking", later, status="completed")

    assert make_pending(rows, projected(rows, later)) == "projected"


def test_a_slot_is_kept_for_what_was_paid_for_it_and_for_no_bonus(sale: Sale) -> None:
    session, _ = sale.sessions
    sale.complete(session)
    bonus = sale.rows.earnings(
        session,
        transaction_type="bonus",
        status="available",
        gross_amount_cents=0,
        commission_amount_cents=0,
    )
    sale.rows.pay(bonus)

    sale.rows.update("bookings_booking", session, status="rescheduled")

    assert sale.slots() == []


def test_a_slot_that_was_paid_for_is_free_again_when_that_is_clawed_back(sale: Sale) -> None:
    session, other = sale.sessions
    sale.complete(session)
    earnings_id = earnings_of(sale.rows, session)
    sale.rows.pay(earnings_id)
    sale.rows.update("bookings_booking", session, status="rescheduled")
    assert sale.slots() == [(1, session)]

    sale.rows.conn.execute("select earnings.reverse_booking(%s, 'a complaint')", [session])
    sale.complete(other)

    assert sale.slots() == [(1, other)]


def test_a_clawback_that_was_forgiven_stands_against_nothing(rows: PlainRows, pia: int) -> None:
    booking_id = deliver(rows, pia, 10000, "paid")
    rows.update("bookings_booking", booking_id, status="canceled")
    ask = "select earnings.has_clawback(%s)"
    assert rows.conn.execute(ask, [booking_id]).fetchone() == (True,)

    rows.conn.execute(
        "select earnings.correct_status(id, 'reversed', 'goodwill')"
        " from public.payments_earningstransaction where transaction_type = 'clawback'"
    )

    assert rows.conn.execute(ask, [booking_id]).fetchone() == (False,)


@pytest.mark.parametrize(
    ("own", "reported"), [("projected", [("order_earns_already",)]), ("reversed", [])]
)
def test_a_delivery_that_stays_projected_since_its_order_earns_already_is_reported(
    rows: PlainRows, pia: int, own: str, reported: list[tuple[str]]
) -> None:
    order_id = rows.insert(
        "payments_order",
        user_id=rows.insert("users_user"),
        service_id=rows.service(pia),
        status="completed",
        order_type="direct",
    )
    first, second = (rows.booking(pia, order_id=order_id) for _ in range(2))
    rows.update("bookings_booking", first, status="completed")
    with rows.as_role("earnings_migrator"):
        rows.earnings(second, status=own)

    rows.update("bookings_booking", second, status="completed")

    found = rows.conn.execute(
        "select kind from earnings.exceptions where subject = 'booking' and subject_id = %s",
        [second],
    )
    assert found.fetchall() == reported


def test_what_was_being_processed_counts_by_the_payout_that_it_had_then(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia)
    with rows.as_role("earnings_migrator"):
        earnings_id = rows.earnings(booking_id, status="reversed")
    entries = [
        ("available", None, None),
        ("processing", 7, "available"),
        ("available", None, "processing"),
    ]
    [(stamp,)] = rows.conn.execute("select clock_timestamp() - interval '1 second'").fetchall()
    rows.conn.execute("update earnings.changes set applied_at = %s", [stamp - 10 * MINUTE])
    for number, (to_status, payout_id, from_status) in enumerate(entries):
        rows.conn.execute(
            "insert into earnings.transitions (earnings_id, booking_id, practitioner_id, payout_id,"
            " gross_amount_cents, commission_amount_cents, net_amount_cents,"
            " from_net_amount_cents, stamped_at, event, from_status, to_status, currency, made_by)"
            " values (%s, %s, %s, %s, 10000, 1500, 8500, %s, %s, %s, %s, %s, 'USD', 'test')",
            [
                earnings_id + 1_000_000,
                booking_id,
                pia,
                payout_id,
                8500 if from_status else 0,
                stamp - (5 - number) * MINUTE,
                "status_changed" if from_status else "opening",
                from_status,
                to_status,
            ],
        )

    balance = rows.conn.execute(
        "select status, net_amount_cents from earnings.balance_as_of(%s, %s)",
        [pia, stamp - MINUTE],
    ).fetchall()

    assert balance == [("available", 8500)]


def test_taking_away_what_a_session_earns_counts_its_package_anew(sale: Sale) -> None:
    session, _ = sale.sessions
    sale.complete(session)
    wrong = '{"total_sessions": 2, "sessions_completed": 0}'
    with sale.rows.as_role("earnings_migrator"):
        sale.rows.update("payments_order", sale.order_id, package_metadata=wrong)

    sale.rows.conn.execute("select earnings.reverse_booking(%s, 'fraud')", [session])

    [metadata] = sale.rows.get("payments_order", sale.order_id, "package_metadata")
    assert metadata["sessions_completed"] == 1


def test_a_cancel_reverses_the_adjustment_that_is_of_nothing_paid(
    rows: PlainRows, pia: int
) -> None:
    booking_id = deliver(rows, pia, 10000, "paid")
    adjustment = rows.earnings(
        booking_id, transaction_type="adjustment", metadata='{"refunded_cents": 0}'
    )

    rows.update("bookings_booking", booking_id, status="canceled")

    assert status(rows, adjustment) == "reversed"


def test_a_no_show_whose_row_is_paid_is_no_matter_that_waits(rows: PlainRows, pia: int) -> None:
    set_policy(rows, "hold")
    booking_id = deliver(rows, pia, 10000, "paid")

    rows.update("bookings_booking", booking_id, status="no_show")

    found = rows.conn.execute("select kind from earnings.exceptions").fetchall()
    assert ("no_show_held",) not in found


def test_a_refund_of_a_direct_order_is_not_compared_with_sessions(
    rows: PlainRows, pia: int
) -> None:
    order_id = rows.insert(
        "payments_order",
        user_id=rows.insert("users_user"),
        service_id=rows.service(pia),
        status="partially_refunded",
        order_type="direct",
        subtotal_amount_cents=10000,
    )

    rows.conn.execute("select earnings.settle_order_refunds(%s)", [[order_id]])

    found = rows.conn.execute(
        "select kind from earnings.exceptions where subject_id = %s", [order_id]
    ).fetchall()
    assert found == []


def test_a_package_without_a_refund_takes_nothing_from_who_waits_when_it_is_used_up(
    sale: Sale,
) -> None:
    for session in sale.sessions:
        sale.complete(session)
    extra = sale.book()
    with sale.rows.as_role("earnings_migrator"):
        waiting = sale.rows.earnings(extra, status="projected")

    sale.rows.conn.execute("select earnings.settle_order_refunds(%s)", [[sale.order_id]])

    assert status(sale.rows, waiting) == "projected"


def test_only_the_credits_that_pay_for_a_booking_say_its_order(rows: PlainRows, pia: int) -> None:
    client_id = rows.insert("users_user")
    service_id = rows.service(pia)
    first, second, third = (
        rows.insert(
            "payments_order",
            user_id=client_id,
            service_id=service_id,
            status="completed",
            order_type="direct",
        )
        for _ in range(3)
    )
    booking_id = rows.booking(pia, user_id=client_id, service_id=service_id, order_id=first)
    for kind, cents in (("usage", -10), ("refund", 10)):
        rows.insert(
            "payments_usercredittransaction",
            user_id=client_id,
            booking_id=booking_id,
            transaction_type=kind,
            amount_cents=cents,
        )

    rows.conn.execute(
        "update public.payments_usercredittransaction"
        " set order_id = case transaction_type when 'usage' then %s else %s end",
        [second, third],
    )

    assert rows.get("bookings_booking", booking_id, "order_id") == (second,)


def test_a_bonus_that_was_reversed_keeps_no_late_task_from_earning(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia)
    with rows.as_role("earnings_migrator"):
        rows.earnings(booking_id, transaction_type="bonus", status="reversed")

    assert status(rows, rows.earnings(booking_id)) == "projected"


def test_a_moved_workshop_moves_no_hold_that_has_begun(rows: PlainRows, pia: int) -> None:
    set_policy(rows, "pay")
    service_id = rows.service(pia, "workshop")
    session_id = rows.insert(
        "service_sessions", service_id=service_id, start_time=PAST, end_time=APPOINTMENT_END
    )
    booking_id = rows.booking(pia, service_id=service_id, service_session_id=session_id)
    earnings_id = rows.earnings(booking_id)
    rows.update("bookings_booking", booking_id, status="no_show")
    held = rows.get("payments_earningstransaction", earnings_id, "status", "available_after")
    assert held[0] == "pending"

    rows.update("service_sessions", session_id, end_time=APPOINTMENT_END + timedelta(days=9))

    assert held == rows.get(
        "payments_earningstransaction", earnings_id, "status", "available_after"
    )


def test_the_history_of_an_undone_delivery_is_legal(rows: PlainRows, pia: int) -> None:
    for was in ("pending", "available"):
        booking_id = deliver(rows, pia, 10000, was)
        rows.conn.execute(
            "select earnings.correct_booking(%s, 'confirmed', 'nobody came')", [booking_id]
        )
        assert status(rows, earnings_of(rows, booking_id)) == "projected"

    found = rows.conn.execute(sqlfiles.read("checks/no_illegal_pair_in_the_history")).fetchall()
    assert found == []


def test_an_insert_changes_the_cached_balance_and_nobody_else_writes_it(
    rows: PlainRows, pia: int
) -> None:
    rows.earnings(rows.booking(pia), transaction_type="bonus", status="available")
    rows.conn.execute("set constraints all immediate")
    cached = (
        "select available_balance_cents, lifetime_earnings_cents"
        " from public.payments_practitionerearnings where practitioner_id = %s"
    )
    assert rows.conn.execute(cached, [pia]).fetchall() == [(8500, 8500)]

    other = rows.practitioner()
    rows.insert(
        "payments_practitionerearnings", practitioner_id=other, available_balance_cents=4711
    )

    assert rows.conn.execute(cached, [other]).fetchall() == [(0, 0)]
