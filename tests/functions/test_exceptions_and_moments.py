"""What is reported once, what a job leaves alone, and which side of a moment counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from earnings_pipeline import sqlfiles
from functions.test_money import LARGEST, deliver
from functions.test_payout_rows import earnings_of, status
from plain_rows import PlainRows

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
END = START + timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def pia(rows: PlainRows) -> int:
    return rows.practitioner()


def kinds(rows: PlainRows, booking_id: int) -> list[str]:
    found = rows.conn.execute(
        "select kind from earnings.exceptions"
        " where subject = 'booking' and subject_id = %s and resolved_at is null order by kind",
        [booking_id],
    )
    return [kind for (kind,) in found]


def complete_due(rows: PlainRows, as_of: datetime = END + MICROSECOND) -> tuple[int, int]:
    """Run the job: how many it completed, and how many it reported."""
    [(completed, reported)] = rows.conn.execute(
        "select completed_count, exception_count from earnings.complete_due(%s)", [as_of]
    ).fetchall()
    return completed, reported


def test_a_deleted_booking_is_neither_completed_nor_reported(rows: PlainRows, pia: int) -> None:
    rows.booking(pia, end_time=END, is_deleted=True)
    rows.booking(pia, end_time=None, is_deleted=True)

    assert complete_due(rows) == (0, 0)


def test_a_purchase_has_no_appointment_that_could_lack_its_end(rows: PlainRows, pia: int) -> None:
    rows.booking(pia, end_time=None, is_bundle_purchase=True)

    assert complete_due(rows) == (0, 0)


def test_a_workshop_is_completed_once_its_session_has_ended(rows: PlainRows, pia: int) -> None:
    service_id = rows.service(pia, "workshop")
    session_id = rows.insert(
        "service_sessions", service_id=service_id, start_time=START, end_time=END
    )
    rows.booking(
        pia,
        service_id=service_id,
        service_session_id=session_id,
        end_time=END - timedelta(days=1),
    )

    assert [complete_due(rows, moment)[0] for moment in (END, END + MICROSECOND)] == [0, 1]


def test_a_missing_end_is_reported_once_and_again_when_the_engine_had_resolved_it(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia, end_time=None)
    other = ("failed_order_only", "booking", booking_id)
    rows.conn.execute("select earnings.raise_exception_row(%s, %s, %s)", other)

    assert [complete_due(rows) for _ in range(2)] == [(0, 1), (0, 0)]
    assert kinds(rows, booking_id) == ["appointment_without_end", "failed_order_only"]

    rows.conn.execute(
        "update earnings.exceptions set resolved_at = now(), resolved_by = 'engine',"
        " resolution = 'it has an end' where kind = 'appointment_without_end'"
    )
    assert complete_due(rows) == (0, 1)
    assert kinds(rows, booking_id) == ["appointment_without_end", "failed_order_only"]


def test_what_a_person_has_decided_is_reported_again_only_when_it_is_another_matter(
    rows: PlainRows,
) -> None:
    def report(kind: str, subject: str, subject_id: int, note: str) -> int:
        rows.conn.execute(
            "select earnings.raise_exception_row(%s, %s, %s, %s)",
            [kind, subject, subject_id, Jsonb({"note": note})],
        )
        [(count,)] = rows.conn.execute(
            "select count(*) from earnings.exceptions where resolved_at is null"
        ).fetchall()
        return int(count)

    decided: tuple[str, str, int, str] = ("failed_order_only", "booking", 7, "a")
    assert report(*decided) == 1
    rows.conn.execute(
        "update earnings.exceptions set resolved_at = now(), resolved_by = 'Olga',"
        " resolution = 'it is so'"
    )

    assert report(*decided) == 0
    assert report("ambiguous_order_link", "booking", 7, "a") == 1
    assert report("failed_order_only", "order", 7, "a") == 2
    assert report("failed_order_only", "booking", 8, "a") == 3
    assert report("failed_order_only", "booking", 7, "b") == 4


HALF_DECISIONS: dict[str, tuple[str | None, ...]] = {
    "nobody": ("now", None, "it is so"),
    "a blank name": ("now", " ", "it is so"),
    "no reason": ("now", "Olga", None),
    "a blank reason": ("now", "Olga", " "),
    "no time": (None, "Olga", "it is so"),
}


def decide(rows: PlainRows, decision: tuple[str | None, ...]) -> None:
    rows.conn.execute(
        "update earnings.exceptions set resolved_at = %s, resolved_by = %s, resolution = %s",
        decision,
    )


@pytest.mark.parametrize("missing", HALF_DECISIONS)
def test_a_matter_is_closed_with_who_when_and_why_or_not_at_all(
    rows: PlainRows, missing: str
) -> None:
    rows.conn.execute("select earnings.raise_exception_row('failed_order_only', 'booking', 7)")

    with pytest.raises(psycopg.errors.CheckViolation), rows.conn.transaction():
        decide(rows, HALF_DECISIONS[missing])
    decide(rows, ("now", "Olga", "it is so"))


def test_half_decisions_of_before_are_completed_by_the_change_that_refuses_them(
    rows: PlainRows,
) -> None:
    rows.conn.execute("alter table earnings.exceptions drop constraint exceptions_say_who_and_why")
    for number, decision in enumerate(HALF_DECISIONS.values()):
        rows.conn.execute(
            "insert into earnings.exceptions"
            " (kind, subject, subject_id, proposed_action, resolved_at, resolved_by, resolution)"
            " values ('failed_order_only', 'booking', %s, 'none', %s, %s, %s)",
            [number, *decision],
        )

    for statement in sqlfiles.read("changes/0008_refuse_half_decisions").split(";\n\n"):
        rows.conn.execute(statement.encode())

    found = rows.conn.execute(
        "select resolved_by, resolution, resolved_at is null from earnings.exceptions order by id"
    ).fetchall()
    assert found == [
        ("not said", "it is so", False),
        ("not said", "it is so", False),
        ("Olga", "not said", False),
        ("Olga", "not said", False),
        ("Olga", "it is so", False),
    ]


@pytest.mark.parametrize("becomes", ["completed", "canceled"])
def test_a_delivery_settles_the_matters_that_only_waited_for_it(
    rows: PlainRows, pia: int, becomes: str
) -> None:
    waiting = ("appointment_without_end", "no_show_held")
    booking_id, other_id = rows.booking(pia), rows.booking(pia)
    earnings_id, other_earnings = rows.earnings(booking_id), rows.earnings(other_id)
    decided = [rows.booking(pia) for _ in range(5)][-1]
    report = "select earnings.raise_exception_row(%s, %s, %s)"
    for kind, subject, subject_id in [
        (waiting[0], "booking", booking_id),
        (waiting[1], "booking", booking_id),
        ("paid_undelivered", "earnings", earnings_id),
        ("failed_order_only", "booking", booking_id),
        ("earned_early", "earnings", earnings_id),
        (waiting[0], "booking", other_id),
        ("paid_undelivered", "earnings", other_earnings),
        (waiting[0], "booking", decided),
        # of a number that no row of earnings has: there are fewer
        ("paid_undelivered", "earnings", decided),
    ]:
        rows.conn.execute(report, [kind, subject, subject_id])
    rows.conn.execute(
        "update earnings.exceptions set resolved_at = now(), resolved_by = 'Olga',"
        " resolution = 'it is so' where subject_id = %s and subject = 'booking'",
        [decided],
    )

    for each in (booking_id, decided):
        rows.update("bookings_booking", each, status=becomes)

    found = rows.conn.execute(
        "select kind, subject_id from earnings.exceptions"
        " where resolved_by = 'engine' order by kind"
    ).fetchall()
    settled = [
        (waiting[0], booking_id),
        (waiting[1], booking_id),
        ("paid_undelivered", earnings_id),
    ]
    assert found == (settled if becomes == "completed" else [])


@pytest.mark.parametrize("is_inserted", [True, False])
@pytest.mark.parametrize(
    ("completed_at", "values", "is_reported"),
    [
        (START - MICROSECOND, {}, True),
        (START, {}, False),
        (START - MICROSECOND, {"is_package_purchase": True}, False),
    ],
)
def test_a_completion_before_the_start_of_an_appointment_is_reported(
    rows: PlainRows,
    pia: int,
    is_inserted: bool,
    completed_at: datetime,
    values: dict[str, Any],
    is_reported: bool,
) -> None:
    completion = {"status": "completed", "completed_at": completed_at}
    if is_inserted:
        booking_id = rows.booking(pia, start_time=START, **values, **completion)
    else:
        booking_id = rows.booking(pia, start_time=START, **values)
        rows.update("bookings_booking", booking_id, **completion)

    assert ("completed_before_start" in kinds(rows, booking_id)) is is_reported


def test_a_paid_no_show_that_turns_out_to_be_open_is_projected_again(
    rows: PlainRows, pia: int
) -> None:
    set_policy(rows, "pay")
    booking_id = rows.booking(pia)
    rows.update("bookings_booking", booking_id, status="no_show")
    earnings_id = earnings_of(rows, booking_id)
    assert status(rows, earnings_id) == "pending"

    rows.update("bookings_booking", booking_id, status="confirmed")

    assert status(rows, earnings_id) == "projected"


@pytest.mark.parametrize(
    ("policy", "stored"), [("hold", "projected"), ("pay", "pending"), ("reverse", "reversed")]
)
def test_earnings_that_come_late_for_a_no_show_follow_the_policy(
    rows: PlainRows, pia: int, policy: str, stored: str
) -> None:
    set_policy(rows, "hold")
    booking_id = rows.booking(pia, status="no_show")
    set_policy(rows, policy)

    assert status(rows, rows.earnings(booking_id)) == stored


def test_a_deletion_is_stamped_when_it_happens(rows: PlainRows, pia: int) -> None:
    earnings_id = rows.earnings(rows.booking(pia))
    [(before,)] = rows.conn.execute("select clock_timestamp()").fetchall()

    rows.conn.execute("delete from payments_earningstransaction where id = %s", [earnings_id])

    [(is_later,)] = rows.conn.execute(
        "select stamped_at >= %s from earnings.transitions where event = 'deleted'", [before]
    ).fetchall()
    assert is_later


def test_a_change_is_stamped_when_it_happens_and_says_whether_a_person_made_it(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia)
    earnings_id = rows.earnings(booking_id)
    [(before,)] = rows.conn.execute("select clock_timestamp()").fetchall()

    rows.update("bookings_booking", booking_id, status="completed")
    rows.conn.execute(
        "select earnings.correct_status(%s, 'projected', 'it was not delivered')", [earnings_id]
    )

    changes = rows.conn.execute(
        "select event, to_status, stamped_at >= %s from earnings.transitions"
        " where earnings_id = %s and from_status <> to_status order by stamped_at",
        [before, earnings_id],
    ).fetchall()
    assert changes == [("status_changed", "pending", True), ("corrected", "projected", True)]


def test_a_balance_counts_what_was_stamped_by_the_moment_asked_for(
    rows: PlainRows, pia: int
) -> None:
    booking_id = rows.booking(pia)
    rows.update("bookings_booking", booking_id, status="completed")
    [(stamp,)] = rows.conn.execute("select stamped_at from earnings.transitions").fetchall()
    earnings_id = earnings_of(rows, booking_id)
    rows.put("payments_earningstransaction", earnings_id, status="available")
    [(later,)] = rows.conn.execute("select max(stamped_at) from earnings.transitions").fetchall()

    def at(moment: datetime) -> tuple[list[tuple[str, int]], list[int]]:
        """The balance, and what explains it."""
        balance = rows.conn.execute(
            "select status, net_amount_cents from earnings.balance_as_of(%s, %s)", [pia, moment]
        ).fetchall()
        explained = rows.conn.execute(
            "select net_amount_cents from earnings.explain_balance(%s, %s)", [pia, moment]
        )
        return balance, [cents for (cents,) in explained if cents]

    assert at(stamp - MICROSECOND)[0] == []
    assert at(stamp) == ([("pending", 8500)], [8500])
    assert at(later - MICROSECOND)[0] == [("pending", 8500)]
    assert at(later)[0] == [("available", 8500)]


def test_a_balance_is_known_from_the_very_moment_the_history_opens(
    rows: PlainRows, pia: int
) -> None:
    [(opened_at,)] = rows.conn.execute(
        "select applied_at from earnings.changes where name = 'history opened'"
    ).fetchall()
    ask = "select * from earnings.balance_as_of(%s, %s)"

    assert rows.conn.execute(ask, [pia, opened_at]).fetchall() == []
    with pytest.raises(psycopg.IntegrityError) as refusal, rows.conn.transaction():
        rows.conn.execute(ask, [pia, opened_at - MICROSECOND])
    assert refusal.value.sqlstate == "23X11"


@pytest.mark.parametrize("moment", [None, "-infinity"])
@pytest.mark.parametrize("function", ["balance_as_of", "explain_balance"])
def test_a_balance_of_no_moment_is_refused_and_of_the_last_one_is_now(
    rows: PlainRows, pia: int, function: str, moment: str | None
) -> None:
    deliver(rows, pia, 10000, "pending")
    ask = f"select sum(net_amount_cents) from earnings.{function}(%s, %s)"  # noqa: S608

    assert rows.conn.execute(ask, [pia, "infinity"]).fetchall() == [(8500,)]
    with pytest.raises(psycopg.IntegrityError) as refusal, rows.conn.transaction():
        rows.conn.execute(ask, [pia, moment])
    assert refusal.value.sqlstate == "23X11"


def test_no_balance_is_known_before_every_row_has_its_opening(rows: PlainRows, pia: int) -> None:
    rows.conn.execute("delete from earnings.changes where name = 'history opened'")

    with pytest.raises(psycopg.IntegrityError) as refusal, rows.conn.transaction():
        rows.conn.execute("select * from earnings.balance_as_of(%s, now())", [pia])
    assert refusal.value.sqlstate == "23X11"


def test_whoever_only_reads_is_told_the_watermark_that_there_is(rows: PlainRows) -> None:
    rows.conn.execute("update earnings.heartbeats set beaten_at = now() - interval '1 hour'")
    [(beats,)] = rows.conn.execute("select count(*) from earnings.heartbeats").fetchall()

    rows.conn.execute("set transaction read only")
    rows.conn.execute("select earnings.watermark()")

    assert rows.conn.execute("select count(*) from earnings.heartbeats").fetchone() == (beats,)


@pytest.mark.parametrize(("sign", "has_pending"), [(1, False), (-1, False), (-1, True)])
def test_a_cached_balance_that_is_too_large_or_too_small_is_reported(
    rows: PlainRows, pia: int, sign: int, has_pending: bool
) -> None:
    for _ in range(2):
        if has_pending:
            deliver(rows, pia, LARGEST, "pending")
        rows.earnings(
            rows.booking(pia),
            transaction_type="bonus",
            status="available",
            gross_amount_cents=sign * LARGEST,
            commission_amount_cents=0,
        )

    rows.conn.execute("set constraints all immediate")

    found = rows.conn.execute("select kind from earnings.exceptions where subject_id = %s", [pia])
    assert found.fetchall() == [("balance_exceeds_cache",)]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_cached_balance_says_the_nearest_number_that_fits(
    rows: PlainRows, pia: int, sign: int
) -> None:
    for _ in range(2):
        amounts = {"gross_amount_cents": sign * LARGEST, "net_amount_cents": sign * LARGEST}
        free = earnings_of(rows, deliver(rows, pia, 0, "pending"))
        rows.put("payments_earningstransaction", free, **amounts)
    deliver(rows, pia, 100, "pending")

    rows.conn.execute("set constraints all immediate")

    [cached] = rows.conn.execute(
        "select pending_balance_cents from public.payments_practitionerearnings"
        " where practitioner_id = %s",
        [pia],
    ).fetchall()
    assert cached == ((LARGEST if sign > 0 else -LARGEST - 1),)


def test_a_cached_balance_counts_what_was_delivered_and_paid(rows: PlainRows, pia: int) -> None:
    rows.earnings(rows.booking(pia))
    deliver(rows, pia, 10000, "pending")
    unpaid = rows.practitioner()
    deliver(rows, unpaid, 10000, "available")
    rows.payout(unpaid)
    deliver(rows, pia, 10000, "paid")

    rows.conn.execute("set constraints all immediate")

    cached = rows.conn.execute(
        "select practitioner_id, lifetime_earnings_cents, last_payout_date is not null"
        " from public.payments_practitionerearnings order by practitioner_id"
    ).fetchall()
    assert cached == sorted([(pia, 2 * 8500, True), (unpaid, 8500, False)])


def test_the_cached_balance_is_of_the_platforms_currency(rows: PlainRows, pia: int) -> None:
    for currency in ("USD", "EUR"):
        rows.earnings(
            rows.booking(pia), transaction_type="bonus", status="available", currency=currency
        )

    rows.conn.execute("set constraints all immediate")

    cached = rows.conn.execute(
        "select available_balance_cents from public.payments_practitionerearnings"
        " where practitioner_id = %s",
        [pia],
    ).fetchall()
    assert cached == [(8500,)]


def test_two_credit_links_set_to_different_rows_in_one_write_are_reported(
    rows: PlainRows, pia: int
) -> None:
    client_id = rows.insert("users_user")
    old, new = (
        rows.insert(
            "payments_usercredittransaction",
            user_id=client_id,
            amount_cents=-100,
            transaction_type="usage",
        )
        for _ in range(2)
    )
    links = {"payment_transaction_id": old, "credit_usage_transaction_id": new}
    inserted, updated, same = rows.booking(pia, **links), rows.booking(pia), rows.booking(pia)

    rows.update("bookings_booking", updated, **links)
    rows.update("bookings_booking", same, payment_transaction_id=new)

    for booking_id in (inserted, updated, same):
        assert rows.get("bookings_booking", booking_id, *links) == (new, new)
    assert [kinds(rows, booking_id) for booking_id in (inserted, updated, same)] == [
        ["credit_links_differ"],
        ["credit_links_differ"],
        [],
    ]


def set_policy(rows: PlainRows, policy: str) -> None:
    rows.conn.execute(
        "update earnings.settings set value = %s where name = 'no_show_policy'", [policy]
    )


def follow(rows: PlainRows, table: str, state: str) -> None:
    """Mark a table as one that arrives by logical replication."""
    rows.conn.execute(
        "insert into pg_catalog.pg_subscription_rel (srsubid, srrelid, srsubstate)"
        " values (1, %s::regclass, %s)",
        [table, state],
    )


def test_where_the_history_arrives_what_is_final_is_what_the_beats_say(rows: PlainRows) -> None:
    ask = "select earnings.is_replica(), earnings.final_until()"
    rows.conn.execute("delete from earnings.heartbeats")
    rows.conn.execute(
        "insert into earnings.heartbeats (beaten_at, transaction_id, final_until)"
        " values (now(), '7', now() - interval '1 minute'), (now(), '8', now() - interval '1 hour')"
    )
    [(now, minute_ago)] = rows.conn.execute("select now(), now() - interval '1 minute'").fetchall()
    assert rows.conn.execute(ask).fetchall() == [(False, now)]

    follow(rows, "public.users_user", "r")
    assert rows.conn.execute(ask).fetchall() == [(False, now)]

    follow(rows, "earnings.heartbeats", "r")
    assert rows.conn.execute(ask).fetchall() == [(True, minute_ago)]

    follow(rows, "earnings.transitions", "d")
    assert rows.conn.execute(ask).fetchall() == [(True, None)]


def test_nobody_beats_where_the_history_arrives(conn: psycopg.Connection) -> None:
    rows = PlainRows(conn)
    follow(rows, "earnings.heartbeats", "r")
    conn.execute("update earnings.heartbeats set beaten_at = now() - interval '1 hour'")
    [(before,)] = conn.execute("select count(*) from earnings.heartbeats").fetchall()

    conn.execute("select earnings.beat()")
    conn.execute("select earnings.watermark()")

    assert conn.execute("select count(*) from earnings.heartbeats").fetchone() == (before,)


def test_who_asks_for_the_watermark_beats_where_nobody_has(conn: psycopg.Connection) -> None:
    conn.execute("update earnings.heartbeats set beaten_at = now() - interval '1 hour'")
    [(before,)] = conn.execute("select count(*) from earnings.heartbeats").fetchall()

    for _ in range(2):
        conn.execute("select earnings.watermark()")

    assert conn.execute("select count(*) from earnings.heartbeats").fetchone() == (before + 1,)
