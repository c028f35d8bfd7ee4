"""What a job counts and reports, and what a correction leaves in a row (R2, R14, R19, R22)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from functions.test_exceptions_and_moments import END, MICROSECOND
from functions.test_money import PAST, deliver
from functions.test_packages_in_detail import Sale, queued
from functions.test_payout_rows import earnings_of, status
from marketplace_app import refused
from plain_rows import PlainRows


@pytest.fixture
def pia(rows: PlainRows) -> int:
    return rows.practitioner()


def complete_due(rows: PlainRows, *arguments: object) -> dict[str, Any]:
    found = rows.conn.execute(
        "select to_jsonb(summary) from earnings.complete_due(%s, %s, %s) as summary",
        arguments or (END + MICROSECOND, 10, datetime(2020, 1, 1, tzinfo=UTC)),
    ).fetchone()
    assert found is not None
    return dict(found[0])


@pytest.mark.parametrize(
    "job", ["complete_due", "release_holds", "create_payouts", "expire_packages"]
)
def test_every_job_beats(conn: psycopg.Connection, job: str) -> None:
    [(before,)] = conn.execute("select count(*) from earnings.heartbeats").fetchall()

    conn.execute(sql.SQL("select * from earnings.{}()").format(sql.Identifier(job)))

    assert conn.execute("select count(*) from earnings.heartbeats").fetchone() == (before + 1,)


def test_the_moment_of_the_watermark_is_final_and_a_later_one_is_not(
    conn: psycopg.Connection,
) -> None:
    rows = PlainRows(conn)
    pia = rows.practitioner()
    deliver(rows, pia, 10000, "pending")
    conn.execute("select earnings.beat()")
    [(watermark,)] = conn.execute("select earnings.watermark()").fetchall()

    def is_final(moment: datetime) -> list[bool]:
        ask = "select is_final from earnings.balance_as_of(%s, %s)"
        return [found for (found,) in conn.execute(ask, [pia, moment])]

    assert is_final(watermark) == [True]
    assert is_final(watermark + MICROSECOND) == [False]


def test_a_completion_counts_the_earnings_that_it_created_and_sums_those_that_it_moved(
    rows: PlainRows, pia: int
) -> None:
    rows.booking(pia)
    foreign, with_row = rows.booking(pia), rows.booking(pia)
    rows.earnings(foreign, currency="EUR")
    rows.earnings(with_row)
    rows.earnings(with_row, transaction_type="bonus", status="available", gross_amount_cents=1)

    summary = complete_due(rows)

    assert summary["completed_count"] == 3
    assert summary["earnings_created_count"] == 1
    assert summary["pending_net_cents"] == {"USD": 2 * 8500, "EUR": 8500}


def test_a_row_that_was_there_already_is_not_counted_as_created(rows: PlainRows, pia: int) -> None:
    rows.earnings(rows.booking(pia))

    assert complete_due(rows)["earnings_created_count"] == 0


@pytest.mark.parametrize(("distance", "count"), [(MICROSECOND, 0), (timedelta(0), 1)])
def test_a_backlog_begins_with_what_ended_at_the_moment_given(
    rows: PlainRows, pia: int, distance: timedelta, count: int
) -> None:
    rows.booking(pia, end_time=END)

    summary = complete_due(rows, END + MICROSECOND, 10, END + distance)

    assert summary["completed_count"] == count


def test_missing_ends_are_looked_for_when_no_batch_is_left(rows: PlainRows, pia: int) -> None:
    rows.booking(pia)
    rows.booking(pia, end_time=None)
    arguments = (END + MICROSECOND, 1, END)

    found = [complete_due(rows, *arguments) for _ in range(2)]

    assert [summary["completed_count"] for summary in found] == [1, 0]
    assert [summary["exception_count"] for summary in found] == [0, 1]


@pytest.mark.parametrize(
    ("corrected", "stamped"),
    [("completed", {"completed_at"}), ("canceled", {"canceled_at"}), ("confirmed", set())],
)
@pytest.mark.parametrize("is_stamped", [False, True])
def test_a_corrected_booking_has_the_stamp_of_its_status_and_no_other(
    rows: PlainRows, pia: int, corrected: str, stamped: set[str], is_stamped: bool
) -> None:
    stamps = {"completed_at": PAST, "canceled_at": PAST}
    booking_id = rows.booking(pia, **(stamps if is_stamped else {}))

    rows.conn.execute(
        "select earnings.correct_booking(%s, %s, 'it was so')", [booking_id, corrected]
    )

    found = dict(zip(stamps, rows.get("bookings_booking", booking_id, *stamps), strict=True))
    assert {name for name, moment in found.items() if moment} == stamped
    assert not is_stamped or {found[name] for name in stamped} <= {PAST}


def test_a_correction_spells_canceled_one_way_and_the_earnings_follow(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia)
    earnings_id = rows.earnings(booking_id)

    rows.conn.execute("select earnings.correct_booking(%s, 'cancelled', 'no')", [booking_id])

    assert rows.get("bookings_booking", booking_id, "status") == ("canceled",)
    assert rows.get("payments_earningstransaction", earnings_id, "status") == ("reversed",)


@pytest.mark.parametrize("status", ["done", "", None])
def test_a_booking_is_not_corrected_to_what_no_rule_knows(
    rows: PlainRows, pia: int, status: str | None
) -> None:
    booking_id = rows.booking(pia)

    with pytest.raises(psycopg.IntegrityError) as refusal, rows.conn.transaction():
        rows.conn.execute("select earnings.correct_booking(%s, %s, 'no')", [booking_id, status])

    assert refusal.value.sqlstate == "23X07"
    assert "no_show" in (refusal.value.diag.message_hint or "")


def test_a_correction_that_is_asked_for_again_changes_nothing(rows: PlainRows, pia: int) -> None:
    booking_id = deliver(rows, pia, 10000, "pending")
    earnings_id = earnings_of(rows, booking_id)
    written = (
        "select (select count(*) from earnings.corrections), "
        "(select count(*) from earnings.transitions)"
    )

    for statement, subject in (
        ("select earnings.correct_status(%s, 'projected', 'no')", earnings_id),
        ("select earnings.correct_booking(%s, 'confirmed', 'no')", booking_id),
        ("select earnings.reverse_booking(%s, 'no')", booking_id),
    ):
        before = rows.conn.execute(written).fetchall()
        rows.conn.execute(statement, [subject])
        once = rows.conn.execute(written).fetchall()
        rows.conn.execute(statement, [subject])
        assert rows.conn.execute(written).fetchall() == once != before


def test_a_corrected_status_keeps_the_payout_when_it_is_paid_and_drops_it_else(
    rows: PlainRows, pia: int
) -> None:
    earnings_id = earnings_of(rows, deliver(rows, pia, 10000, "available"))
    payout_id = rows.payout(pia)
    rows.put("payments_earningstransaction", earnings_id, payout_id=payout_id)
    correct = "select earnings.correct_status(%s, %s, 'it was so')"

    rows.conn.execute(correct, [earnings_id, "paid"])
    columns = ("status", "payout_id")
    assert rows.get("payments_earningstransaction", earnings_id, *columns) == ("paid", payout_id)

    rows.put("payments_earningstransaction", earnings_id, status="available")
    rows.conn.execute(correct, [earnings_id, "projected"])
    assert rows.get("payments_earningstransaction", earnings_id, *columns) == ("projected", None)


def test_what_changed_is_what_differs(rows: PlainRows) -> None:
    found = rows.conn.execute(
        "select earnings.changed_keys(%s, %s)",
        [Jsonb({"a": 1, "b": 2, "c": None}), Jsonb({"a": 1, "b": 3})],
    ).fetchone()

    assert found == ({"b": 2, "c": None},)


def test_nobody_is_explained_the_balance_of_somebody_who_is_not_known(rows: PlainRows) -> None:
    with refused("23X13"):
        rows.conn.execute("select * from earnings.explain_balance(%s, now())", [0])


@pytest.mark.parametrize(
    ("own", "is_earned"),
    [
        ({"status": "projected"}, True),
        ({"status": "reversed"}, True),
        ({"status": "available", "transaction_type": "bonus"}, True),
        ({"status": "pending"}, False),
        ({"status": "available"}, False),
    ],
)
def test_a_booking_of_a_direct_order_earns_unless_another_one_has_earned(
    rows: PlainRows, pia: int, own: dict[str, str], is_earned: bool
) -> None:
    sale = Sale(rows)
    order_id = sale.order(service_id=sale.session_id, order_type="direct")
    other, booking_id = (sale.book(order_id=order_id) for _ in range(2))
    with rows.as_role("earnings_migrator"):
        rows.earnings(other, **own)

    sale.complete(booking_id)

    assert sale.earnings(booking_id) == ([("pending", 0)] if is_earned else [])
    assert (("order_earns_already", booking_id) in sale.reported()) is not is_earned


def test_a_booking_that_earns_through_another_is_reported_once_it_is_delivered(
    rows: PlainRows,
) -> None:
    sale = Sale(rows)
    order_id = sale.order(service_id=sale.session_id, order_type="direct")
    earning, canceled, with_bonus = (sale.book(order_id=order_id) for _ in range(3))
    sale.complete(earning)

    rows.update("bookings_booking", canceled, status="canceled")
    rows.earnings(with_bonus, transaction_type="bonus", status="available")
    sale.complete(with_bonus)

    assert sale.reported() == {("order_earns_already", with_bonus)}


def test_a_bonus_does_not_stand_for_what_a_delivery_earns(rows: PlainRows, pia: int) -> None:
    booking_id = rows.booking(pia)
    rows.earnings(booking_id, transaction_type="bonus", status="available", gross_amount_cents=1)

    rows.update("bookings_booking", booking_id, status="completed")

    found = rows.conn.execute(
        "select status, gross_amount_cents from public.payments_earningstransaction order by id"
    ).fetchall()
    assert found == [("available", 1), ("pending", 10000)]


def test_a_delivered_session_gets_its_slots_amount_and_its_adjustment_keeps_its_own(
    rows: PlainRows,
) -> None:
    sale = Sale(rows)
    session = sale.sessions[0]
    rows.earnings(session)
    rows.earnings(
        session, transaction_type="adjustment", gross_amount_cents=500, commission_amount_cents=0
    )

    sale.complete(session)

    assert sale.earnings(session) == [("pending", 5000), ("pending", 500)]


@pytest.mark.parametrize("rates", [1, 2])
def test_two_active_rates_of_a_service_type_are_reported(
    rows: PlainRows, pia: int, rates: int
) -> None:
    service_id = rows.service(pia)
    type_id, *_ = rows.get("services_service", service_id, "service_type_id")
    for is_active in [True] * rates + [False]:
        rows.insert(
            "service_type_commissions", service_type_id=type_id, base_rate=20, is_active=is_active
        )

    booking_id = rows.booking(pia, service_id=service_id)
    rows.update("bookings_booking", booking_id, status="completed")

    found = rows.conn.execute("select kind, subject_id from earnings.exceptions").fetchall()
    assert found == ([("duplicate_commission_rate", type_id)] if rates == 2 else [])


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_successor_of_a_direct_booking_that_was_paid_earns_nothing(
    rows: PlainRows, pia: int, is_paid: bool
) -> None:
    earlier = deliver(rows, pia, 10000, "paid" if is_paid else "pending")
    later = rows.booking(pia, rescheduled_from_id=earlier, order_id=None)
    rows.update("bookings_booking", earlier, status="rescheduled")

    rows.update("bookings_booking", later, status="completed")

    found = rows.conn.execute(
        "select status from public.payments_earningstransaction where booking_id = %s", [later]
    ).fetchall()
    assert found == ([] if is_paid else [("pending",)])


def test_a_purchase_whose_order_is_not_known_earns_nothing(rows: PlainRows, pia: int) -> None:
    booking_id = rows.booking(pia, is_bundle_purchase=True)

    rows.update("bookings_booking", booking_id, status="completed")

    assert rows.conn.execute("select from public.payments_earningstransaction").rowcount == 0


def test_a_session_of_a_free_package_earns_nothing_and_is_not_called_prepaid(
    rows: PlainRows,
) -> None:
    sale = Sale(rows, subtotal_amount_cents=0)

    sale.complete(sale.sessions[0])

    assert sale.earnings(sale.sessions[0]) == [("pending", 0)]
    # and the sessions that are still open are none of the next job's business
    assert queued(rows) == []


def test_what_is_sold_may_change_until_the_first_delivery(rows: PlainRows) -> None:
    sale = Sale(rows)
    first, second = sale.sessions
    rows.update("bookings_booking", first, status="canceled")

    rows.update("payments_order", sale.order_id, subtotal_amount_cents=8000)
    sale.complete(second)

    assert sale.earnings(second) == [("pending", 4000)]


def test_a_paid_session_that_was_rescheduled_is_reported_for_what_it_is(rows: PlainRows) -> None:
    """Its successor and the old one, which the room completes, take no slot; none is missing."""
    sale = Sale(rows)
    old, other = sale.sessions
    sale.complete(old)
    earnings_id = earnings_of(rows, old)
    rows.pay(earnings_id)
    new = sale.book(rescheduled_from_id=old)
    rows.update("bookings_booking", old, status="rescheduled")
    unpaid_new = sale.book(rescheduled_from_id=other)

    for booking_id in (new, old, other, unpaid_new):
        sale.complete(booking_id)

    assert status(rows, earnings_id) == "paid"
    assert sale.earnings(new) == []
    assert [booking_id for _, booking_id in sale.slots()] == [old, unpaid_new]
    assert "session_without_slot" not in {kind for kind, _ in sale.reported()}
