"""Cents: every slot adds up, every commission is the app's, and nothing wraps around."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import psycopg
import pytest

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from plain_rows import PlainRows

LARGEST = 2_147_483_647
PAST = datetime(2026, 1, 1, tzinfo=UTC)
HUNDREDTHS = 100 * 100
GROSSES = (
    *(0, 1, 2, 3, 6, 7, 33, 49, 50, 67, 99, 100, 101, 333, 999, 3333, 9999, 10000, 12345, 99999),
    *(1_000_000, 21_474_836, 21_474_837, 999_999_999, LARGEST),
    *(-1, -2, -7, -99, -3333, -10000, -12345, -LARGEST),
)

EVERY_SLOT = Path(__file__).with_name("slots_of_every_package.sql").read_text(encoding="utf-8")


def test_the_slots_of_every_package_up_to_20_dollars_and_50_sessions_add_up(
    db: psycopg.Connection,
) -> None:
    packages, wrong_count, first_wrong = db.execute(EVERY_SLOT).fetchone()  # type: ignore[misc]

    assert packages == 2001 * 50
    assert (wrong_count, first_wrong) == (0, None)


@pytest.mark.parametrize("session_count", [1, 2, 3, 7, 12, 365, 4096, 9_999, 10_000])
@pytest.mark.parametrize("price_cents", [LARGEST, LARGEST - 1, 1_000_000_007, 9_999, 1])
def test_the_slots_of_the_largest_packages_add_up(
    db: psycopg.Connection, price_cents: int, session_count: int
) -> None:
    amounts = [
        amount
        for (amount,) in db.execute(
            "select earnings.slot_amount(%s, %s, slot_number) "
            "from generate_series(1, %s) as slot_number order by slot_number",
            [price_cents, session_count, session_count],
        )
    ]

    assert sum(amounts) == price_cents
    assert amounts == [
        i * price_cents // session_count - (i - 1) * price_cents // session_count
        for i in range(1, session_count + 1)
    ]


def test_the_commission_of_every_rate_is_what_the_app_computes(db: psycopg.Connection) -> None:
    computed = db.execute(
        "select hundredths, gross, earnings.commission_cents(hundredths / 100.0, gross) "
        "from generate_series(0, %s) as hundredths cross join unnest(%s::integer[]) as gross",
        [HUNDREDTHS, list(GROSSES)],
    ).fetchall()

    assert len(computed) == (HUNDREDTHS + 1) * len(GROSSES)
    assert [
        (hundredths, gross, commission)
        for hundredths, gross, commission in computed
        if commission != app_commission(hundredths, gross)
    ] == []


def app_commission(hundredths: int, gross: int) -> int:
    """int(rate / 100 * gross), as the app has it in Decimal."""
    rate = Decimal(hundredths) / 100
    return int((rate / Decimal(100) * gross).to_integral_value(ROUND_DOWN))


@pytest.mark.parametrize("gross", [10_000, 3_333, 1, 0, LARGEST])
def test_net_is_gross_less_commission_to_the_last_cent(rows: PlainRows, gross: int) -> None:
    booking_id = rows.booking(rows.practitioner(), price_charged_cents=gross)

    rows.update("bookings_booking", booking_id, status="completed")

    [(stored, commission, net)] = rows.conn.execute(
        "select gross_amount_cents, commission_amount_cents, net_amount_cents "
        "from public.payments_earningstransaction where booking_id = %s",
        [booking_id],
    ).fetchall()
    assert stored == gross
    assert commission == app_commission(1500, gross)
    assert net == gross - commission


@pytest.mark.parametrize(
    ("gross", "commission"), [(LARGEST, -1), (-LARGEST, 2), (LARGEST, -LARGEST)]
)
def test_earnings_that_do_not_fit_are_refused_and_do_not_wrap_around(
    rows: PlainRows, gross: int, commission: int
) -> None:
    booking_id = rows.booking(rows.practitioner())

    with pytest.raises(psycopg.errors.NumericValueOutOfRange), rows.conn.transaction():
        rows.earnings(booking_id, gross_amount_cents=gross, commission_amount_cents=commission)


def test_a_package_price_beyond_what_an_order_holds_never_turns_negative(
    db: psycopg.Connection,
) -> None:
    price = db.execute(
        "select earnings.package_price_cents(jsonb_populate_record("
        'null::public.payments_order, \'{"subtotal_amount_cents": 0, "package_metadata": '
        '{"session_value_cents": 2147483647, "total_sessions": 10000}}\'))'
    ).fetchone()

    assert price == (LARGEST,)


def deliver(rows: PlainRows, practitioner_id: int, price_cents: int, status: str) -> int:
    """A delivered booking whose earnings are in a status, and nothing left for the commit to do."""
    booking_id = rows.booking(practitioner_id, price_charged_cents=price_cents)
    rows.update("bookings_booking", booking_id, status="completed")
    [(earnings_id,)] = rows.conn.execute(
        "select id from public.payments_earningstransaction where booking_id = %s", [booking_id]
    ).fetchall()
    if status != "pending":
        payout_id = rows.payout(practitioner_id) if status == "paid" else None
        rows.put(
            "payments_earningstransaction",
            earnings_id,
            status=status,
            payout_id=payout_id,
            available_after=PAST,
        )
    return booking_id


def test_a_balance_beyond_what_the_apps_column_holds_keeps_nobody_from_completing(
    engine_copy: Target,
) -> None:
    """R3: nothing raises at commit.  The history still knows the sum to the cent."""
    with connect(engine_copy, "test") as conn:
        rows = PlainRows(conn)
        with conn.transaction():
            pia = rows.practitioner()
            bookings = [rows.booking(pia, price_charged_cents=LARGEST) for _ in range(2)]
        for booking_id in bookings:
            rows.update("bookings_booking", booking_id, status="completed")

        net = LARGEST - app_commission(1500, LARGEST)
        assert conn.execute(
            "select status, net_amount_cents from earnings.balance_as_of(%s)", [pia]
        ).fetchall() == [("pending", 2 * net)]


def test_a_cancellation_of_more_than_a_row_holds_is_not_refused_and_does_not_wrap(
    rows: PlainRows,
) -> None:
    pia = rows.practitioner()
    booking_id = deliver(rows, pia, LARGEST, "paid")
    bonus_id = rows.earnings(
        booking_id,
        transaction_type="bonus",
        status="available",
        gross_amount_cents=LARGEST,
        commission_amount_cents=0,
    )
    rows.pay(bonus_id)

    rows.update("bookings_booking", booking_id, status="canceled")

    assert rows.get("bookings_booking", booking_id, "status") == ("canceled",)
    commission = app_commission(1500, LARGEST)
    assert clawed_back(rows, booking_id) == [(-LARGEST, -commission, commission - LARGEST)]

    # what did not fit is left to the next call, and a third has nothing to take
    for _ in range(2):
        rows.conn.execute("select earnings.reverse_booking(%s, 'the rest')", [booking_id])
        assert clawed_back(rows, booking_id) == [
            (-LARGEST, -commission, commission - LARGEST),
            (-LARGEST, 0, -LARGEST),
        ]


def clawed_back(rows: PlainRows, booking_id: int) -> list[tuple[int, int, int]]:
    return rows.conn.execute(
        "select gross_amount_cents, commission_amount_cents, net_amount_cents "
        "from public.payments_earningstransaction "
        "where booking_id = %s and transaction_type = 'clawback' order by id",
        [booking_id],
    ).fetchall()


def test_one_balance_that_no_payout_can_hold_does_not_keep_the_others_from_being_paid(
    rows: PlainRows,
) -> None:
    rich, pia = rows.practitioner(), rows.practitioner()
    for _ in range(2):
        deliver(rows, rich, LARGEST, "available")
    deliver(rows, pia, 10_000, "available")
    paid = rows.conn.execute(
        "select practitioner_id, net_amount_cents from earnings.create_payouts()"
    ).fetchall()

    assert paid == [(pia, 8500)]
    assert (
        rows.conn.execute(
            "select status, payout_id, net_amount_cents from public.payments_earningstransaction "
            "where practitioner_id = %s",
            [rich],
        ).fetchall()
        == [("available", None, LARGEST - app_commission(1500, LARGEST))] * 2
    )


def given_a_debit(rows: PlainRows, practitioner_id: int) -> int:
    """A paid delivery of 10000 cents whose booking is canceled afterwards; return its clawback."""
    booking_id = deliver(rows, practitioner_id, 10_000, "paid")
    rows.update("bookings_booking", booking_id, status="canceled")
    [(clawback_id,)] = rows.conn.execute(
        "select id from public.payments_earningstransaction "
        "where booking_id = %s and transaction_type = 'clawback'",
        [booking_id],
    ).fetchall()
    return int(clawback_id)


def test_a_payout_as_of_an_earlier_moment_still_takes_every_debit_into_account(
    rows: PlainRows,
) -> None:
    """R9: debits count immediately, or the same money is paid out and owed back."""
    pia = rows.practitioner()
    given_a_debit(rows, pia)
    deliver(rows, pia, 10_000, "available")

    paid = rows.conn.execute(
        "select net_amount_cents from earnings.create_payouts(now() - interval '1 day')"
    ).fetchall()

    assert paid == []


def test_a_debit_that_somebody_holds_is_not_left_out_of_a_payout(engine_copy: Target) -> None:
    with connect(engine_copy, "test") as conn, connect(engine_copy, "other") as other:
        rows = PlainRows(conn)
        with conn.transaction():
            pia = rows.practitioner()
            clawback_id = given_a_debit(rows, pia)
            deliver(rows, pia, 10_000, "available")

        with other.transaction():
            other.execute(
                "select 1 from public.payments_earningstransaction where id = %s for update",
                [clawback_id],
            )
            paid = conn.execute("select net_amount_cents from earnings.create_payouts()").fetchall()

        assert paid == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payout_minimum", "a lot"),
        ("payout_minimum", "-1"),
        ("payout_minimum", "99999999999"),
        ("currency", "dollars"),
        ("currency", ""),
        ("no_show_policy", "sometimes"),
        ("mode", "off"),
    ],
)
def test_a_setting_that_no_rule_can_read_is_refused(rows: PlainRows, name: str, value: str) -> None:
    with pytest.raises(psycopg.IntegrityError), rows.as_role("earnings_operator"):
        rows.conn.execute("update earnings.settings set value = %s where name = %s", [value, name])
