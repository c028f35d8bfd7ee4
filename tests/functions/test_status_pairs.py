"""Every status asked of every status, at insert and update, by everyone who can ask.

What must come of it is worked out from the rows of seeds/earnings_status_rules.csv. Three wishes of
the app are corrected instead of refused (R3); `CORRECTED` names them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any

import psycopg
import pytest
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from plain_rows import PlainRows
from rules import RULES, STATUSES, TRANSITIONS

OFF_LIST = (None, "completed", "PAID", "Paid", "", " paid", "scheduled", "withdrawn", "x" * 20)
READ_AS_PAID = ("paid_out", "processing")
OFFERED = (*STATUSES, *READ_AS_PAID, *OFF_LIST)
NEXT = {status: {after for before, after in TRANSITIONS if before == status} for status in STATUSES}
ARROWS = {(rule["from_status"], rule["to_status"]) for rule in RULES}
CORRECTED = {
    ("projected", "pending"): "not delivered: a refusal would take the completion with it",
    ("paid", "reversed"): "paid stays paid and is clawed back",
    ("paid", "available"): "the payout stands",
}
PAST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a write must end in: a stored status, or a refusal whose hint names `hinted`."""

    stored: str
    sqlstate: str | None = None
    hinted: tuple[str, ...] = ()


def read_as(offered: str | None, payout: object) -> str | None:
    """The status that an offered one stands for (R1), or None."""
    if offered in STATUSES:
        return offered
    is_paid = offered == "paid_out" or (offered == "processing" and payout is not None)
    return "paid" if is_paid else None


def expected_of_app(
    before: str, offered: str | None, payout: object, is_delivered: bool, has_failed: bool
) -> Outcome:
    after = read_as(offered, payout)
    if after is None:
        return Outcome(stored=before, sqlstate="23X07", hinted=tuple(STATUSES))
    if after == before:
        return Outcome(stored=before)
    is_granted = {("projected", "pending"): is_delivered, ("paid", "available"): has_failed}
    if (before, after) in CORRECTED and not is_granted.get((before, after), False):
        return Outcome(stored=before)
    return expected_of_rules(before, after, payout, TRANSITIONS)


def expected_of_rules(
    before: str, after: str | None, payout: object, allowed: set[tuple[str, str]]
) -> Outcome:
    if (before, after) not in allowed:
        return Outcome(stored=before, sqlstate="23X01", hinted=tuple(NEXT[before]) or ("final",))
    if after == "paid" and payout is None:
        return Outcome(stored=before, sqlstate="23X03", hinted=("payout_id",))
    assert after is not None
    return Outcome(stored=after)


@pytest.fixture(scope="module")
def app_role(engine_database: Target) -> Iterator[str]:
    """A role that may write the app's tables and nothing of the engine's."""
    name = f"earnings_test_app_{os.getpid()}"
    role = sql.Identifier(name)
    grant = "grant select, insert, update, delete on all tables in schema public to {}"
    with connect(engine_database, "test") as conn:
        conn.execute(sql.SQL("create role {}").format(role))
        conn.execute(sql.SQL(grant).format(role))
        yield name
        conn.execute(sql.SQL("drop owned by {}").format(role))
        conn.execute(sql.SQL("drop role {}").format(role))


def given_earnings(rows: PlainRows, status: str, *, is_delivered: bool = False) -> tuple[int, int]:
    """A row in a status, its hold long past, and a payout: the row's own once it is paid."""
    practitioner_id = rows.practitioner()
    booking_id = rows.booking(practitioner_id)
    earnings_id = rows.earnings(booking_id)
    payout_id = rows.payout(practitioner_id)
    if is_delivered:
        rows.put("bookings_booking", booking_id, status="completed", completed_at=PAST)
    rows.put(
        "payments_earningstransaction",
        earnings_id,
        status=status,
        available_after=PAST,
        payout_id=payout_id if status == "paid" else None,
    )
    return earnings_id, payout_id


def assert_it_ends_as(
    rows: PlainRows, outcome: Outcome, earnings_id: int, role: str, values: dict[str, Any]
) -> None:
    before = history(rows, earnings_id)
    if outcome.sqlstate is None:
        with rows.as_role(role):
            rows.update("payments_earningstransaction", earnings_id, **values)
    else:
        with pytest.raises(psycopg.IntegrityError) as refusal, rows.as_role(role):
            rows.update("payments_earningstransaction", earnings_id, **values)
        assert refusal.value.sqlstate == outcome.sqlstate
        assert refusal.value.diag.message_detail
        hint = refusal.value.diag.message_hint or ""
        assert [word for word in outcome.hinted if word not in hint] == []

    stored, payout_id = rows.get("payments_earningstransaction", earnings_id, "status", "payout_id")
    assert stored == outcome.stored
    assert (payout_id is not None) == (stored == "paid")
    was = before[-1][1]
    assert history(rows, earnings_id) == (before if stored == was else [*before, (was, stored)])
    corrected = rows.conn.execute(
        "select offered ->> 'status' from earnings.corrections where subject = 'earnings' "
        "and subject_id = %s and offered ? 'status' order by id",
        [earnings_id],
    ).fetchall()
    # the first one is of the insert: the app offers pending for what is not delivered yet
    is_corrected = outcome.sqlstate is None and values["status"] != stored
    assert corrected[1:] == ([(values["status"],)] if is_corrected else [])


def history(rows: PlainRows, earnings_id: int) -> list[tuple[str | None, str]]:
    return rows.conn.execute(
        "select from_status, to_status from earnings.transitions where earnings_id = %s "
        "and from_status is distinct from to_status order by stamped_at",
        [earnings_id],
    ).fetchall()


def clawbacks(rows: PlainRows, earnings_id: int) -> list[tuple[str, int]]:
    return rows.conn.execute(
        "select clawbacks.status, clawbacks.net_amount_cents "
        "from public.payments_earningstransaction as rows_of "
        "inner join public.payments_earningstransaction as clawbacks using (booking_id) "
        "where rows_of.id = %s and clawbacks.transaction_type = 'clawback'",
        [earnings_id],
    ).fetchall()


@pytest.mark.parametrize("names_payout", [False, True], ids=["", "with a payout"])
@pytest.mark.parametrize(("before", "offered"), list(product(STATUSES, OFFERED)))
def test_the_app_changes_a_status_only_as_the_rules_allow(
    rows: PlainRows, app_role: str, before: str, offered: str | None, names_payout: bool
) -> None:
    earnings_id, payout_id = given_earnings(rows, before)
    values = {"status": offered} | ({"payout_id": payout_id} if names_payout else {})
    payout = payout_id if names_payout or before == "paid" else None

    outcome = expected_of_app(before, offered, payout, is_delivered=False, has_failed=False)

    assert_it_ends_as(rows, outcome, earnings_id, app_role, values)
    is_clawed_back = (before, offered) == ("paid", "reversed")
    assert clawbacks(rows, earnings_id) == ([("available", -8500)] if is_clawed_back else [])


@pytest.mark.parametrize("flaw", ["of somebody else", "failed", "canceled", "in another currency"])
def test_available_earnings_are_not_paid_by_a_payout_that_cannot_have_paid_them(
    rows: PlainRows, app_role: str, flaw: str
) -> None:
    earnings_id, payout_id = given_earnings(rows, "available")
    if flaw == "of somebody else":
        payout_id = rows.payout(rows.practitioner())
    elif flaw == "in another currency":
        rows.put("payments_practitionerpayout", payout_id, currency="EUR")
    else:
        rows.put("payments_practitionerpayout", payout_id, status=flaw)

    with pytest.raises(psycopg.IntegrityError), rows.as_role(app_role):
        rows.update("payments_earningstransaction", earnings_id, status="paid", payout_id=payout_id)

    assert rows.get("payments_earningstransaction", earnings_id, "status") == ("available",)


@pytest.mark.parametrize("offered", OFFERED)
def test_the_app_moves_delivered_earnings_on(
    rows: PlainRows, app_role: str, offered: str | None
) -> None:
    earnings_id, _ = given_earnings(rows, "projected", is_delivered=True)

    outcome = expected_of_app("projected", offered, None, is_delivered=True, has_failed=False)

    assert_it_ends_as(rows, outcome, earnings_id, app_role, {"status": offered})


@pytest.mark.parametrize(
    ("payout_status", "offered"),
    [*product(["failed"], OFFERED), ("canceled", "available"), ("cancelled", "available")],
)
def test_paid_earnings_of_a_failed_payout_may_return(
    rows: PlainRows, app_role: str, payout_status: str, offered: str | None
) -> None:
    earnings_id, payout_id = given_earnings(rows, "paid")
    rows.put("payments_practitionerpayout", payout_id, status=payout_status)

    outcome = expected_of_app("paid", offered, payout_id, is_delivered=True, has_failed=True)

    assert_it_ends_as(rows, outcome, earnings_id, app_role, {"status": offered})


@pytest.mark.parametrize(("before", "offered"), list(product(STATUSES, OFFERED)))
def test_a_person_changes_a_status_along_any_arrow(
    rows: PlainRows, before: str, offered: str | None
) -> None:
    earnings_id, payout_id = given_earnings(rows, before, is_delivered=True)
    rows.put("payments_practitionerpayout", payout_id, status="failed")
    own_payout = payout_id if before == "paid" else None
    arrows = {(start, end) for start, end in ARROWS if start != "new"}
    was = history(rows, earnings_id)

    outcome = expected_of_rules(before, offered, own_payout, arrows)

    call = "select earnings.correct_status(%s, %s, 'a reason')"
    if before == offered:
        with rows.as_role("earnings_operator"):
            rows.conn.execute(call, [earnings_id, offered])
        assert history(rows, earnings_id) == was
    elif outcome.sqlstate is None:
        with rows.as_role("earnings_operator"):
            rows.conn.execute(call, [earnings_id, offered])
        assert history(rows, earnings_id) == [*was, (before, offered)]
        assert rows.conn.execute(
            "select reason from earnings.transitions where earnings_id = %s "
            "order by stamped_at desc limit 1",
            [earnings_id],
        ).fetchone() == ("a reason",)
    else:
        with pytest.raises(psycopg.IntegrityError) as refusal, rows.as_role("earnings_operator"):
            rows.conn.execute(call, [earnings_id, offered])
        assert refusal.value.sqlstate == outcome.sqlstate
        hint = refusal.value.diag.message_hint or ""
        assert [word for word in outcome.hinted if word not in hint] == []
        assert history(rows, earnings_id) == was
    stored = rows.get("payments_earningstransaction", earnings_id, "status")
    assert stored == (outcome.stored,)


@pytest.mark.parametrize(("before", "after"), [("projected", "pending"), ("paid", "available")])
def test_not_even_a_person_goes_along_an_arrow_whose_condition_is_not_met(
    rows: PlainRows, before: str, after: str
) -> None:
    """Pending without a delivery, or paid by a payout that stands: both would pay too much."""
    earnings_id, payout_id = given_earnings(rows, before)
    rows.put("payments_practitionerpayout", payout_id, status="completed")

    with pytest.raises(psycopg.IntegrityError), rows.as_role("earnings_operator"):
        rows.conn.execute(
            "select earnings.correct_status(%s, %s, 'a reason')", [earnings_id, after]
        )

    assert rows.get("payments_earningstransaction", earnings_id, "status") == (before,)


def test_only_members_of_earnings_operator_correct(rows: PlainRows, app_role: str) -> None:
    earnings_id, _ = given_earnings(rows, "pending")

    for role in (app_role, "earnings_reader"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), rows.as_role(role):
            rows.conn.execute(
                "select earnings.correct_status(%s, 'projected', 'a reason')", [earnings_id]
            )


@pytest.mark.parametrize("role", ["earnings_owner", "earnings_migrator"])
@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
def test_what_the_engine_forces_past_the_rules_is_in_the_history_and_found_by_a_check(
    rows: PlainRows, role: str, before: str, after: str
) -> None:
    earnings_id, _ = given_earnings(rows, before)
    known = {subject_id for _, subject_id, _ in offenders(rows)}

    with rows.as_role(role):
        rows.update("payments_earningstransaction", earnings_id, status=after)

    assert rows.get("payments_earningstransaction", earnings_id, "status") == (after,)
    found = [detail for _, subject_id, detail in offenders(rows) if subject_id not in known]
    is_legal = before == after or (before, after) in ARROWS
    assert found == ([] if is_legal else [f"earnings {earnings_id}: {before} -> {after}"])


@pytest.mark.parametrize("role", ["earnings_owner", "earnings_migrator"])
@pytest.mark.parametrize("offered", [*READ_AS_PAID, *OFF_LIST])
def test_not_even_the_engine_stores_a_status_that_no_rule_knows(
    rows: PlainRows, role: str, offered: str | None
) -> None:
    earnings_id, _ = given_earnings(rows, "pending")

    with pytest.raises(psycopg.IntegrityError) as at_update, rows.as_role(role):
        rows.update("payments_earningstransaction", earnings_id, status=offered)
    booking_id = rows.booking(rows.practitioner())
    with pytest.raises(psycopg.IntegrityError) as at_insert, rows.as_role(role):
        rows.earnings(booking_id, status=offered)

    sqlstate = "23502" if offered is None else "23514"
    assert (at_update.value.sqlstate, at_insert.value.sqlstate) == (sqlstate, sqlstate)


def offenders(rows: PlainRows) -> list[tuple[str, int, str]]:
    query = sqlfiles.read("checks/no_illegal_pair_in_the_history")
    found = rows.conn.execute(f"select subject, subject_id, detail from ({query}) as found")  # noqa: S608
    return found.fetchall()


@pytest.mark.parametrize(
    ("booking", "stored"),
    [
        ({"status": "confirmed"}, "projected"),
        ({"status": "in_progress"}, "projected"),
        ({"status": "completed", "completed_at": PAST}, "pending"),
        ({"status": "canceled", "canceled_at": PAST}, "reversed"),
        ({"status": "confirmed", "is_package_purchase": True}, "reversed"),
        ({"status": "confirmed", "is_bundle_purchase": True}, "reversed"),
    ],
    ids=["confirmed", "in progress", "delivered", "canceled", "package sale", "bundle sale"],
)
@pytest.mark.parametrize("offered", OFFERED)
def test_new_earnings_of_a_delivery_take_the_status_that_their_booking_calls_for(
    rows: PlainRows, app_role: str, booking: dict[str, Any], stored: str, offered: str | None
) -> None:
    booking_id = rows.booking(rows.practitioner(), **booking)
    clear_earnings(rows, booking_id)
    assert ("new", stored) in ARROWS

    earnings_id = offered_at_insert(rows, app_role, booking_id, offered)

    if earnings_id is not None:
        assert rows.get("payments_earningstransaction", earnings_id, "status") == (stored,)
        assert history(rows, earnings_id) == [(None, stored)]


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        *product(["booking_completion"], [*STATUSES, *READ_AS_PAID]),
        *product(["bonus", "clawback", "adjustment", "reversal"], ["available"]),
    ],
)
def test_new_earnings_belong_to_no_payout(
    rows: PlainRows, app_role: str, kind: str, offered: str
) -> None:
    """Only paid rows name a payout, and none is paid before it exists."""
    pia = rows.practitioner()
    payout_id = rows.payout(pia)
    booking_id = rows.booking(pia)

    with rows.as_role(app_role):
        earnings_id = rows.earnings(
            booking_id, status=offered, transaction_type=kind, payout_id=payout_id
        )

    assert rows.get("payments_earningstransaction", earnings_id, "payout_id") == (None,)


@pytest.mark.parametrize("kind", ["bonus", "clawback"])
@pytest.mark.parametrize("offered", OFFERED)
def test_a_bonus_or_clawback_is_available_or_refused(
    rows: PlainRows, app_role: str, kind: str, offered: str | None
) -> None:
    booking_id = rows.booking(rows.practitioner())

    earnings_id = offered_at_insert(
        rows, app_role, booking_id, offered, transaction_type=kind, only="available"
    )

    if earnings_id is not None:
        assert rows.get("payments_earningstransaction", earnings_id, "status") == ("available",)


@pytest.mark.parametrize("original", [None, *STATUSES])
@pytest.mark.parametrize("offered", OFFERED)
def test_an_adjustment_stands_as_its_unpaid_original_and_else_available(
    rows: PlainRows, app_role: str, original: str | None, offered: str | None
) -> None:
    booking_id = rows.booking(rows.practitioner())
    if original is not None:
        earnings_id, _ = given_earnings(rows, original)
        (booking_id,) = rows.get("payments_earningstransaction", earnings_id, "booking_id")

    adjustment_id = offered_at_insert(
        rows, app_role, booking_id, offered, transaction_type="adjustment"
    )

    if adjustment_id is not None:
        is_unpaid = original in ("projected", "pending", "available")
        assert rows.get("payments_earningstransaction", adjustment_id, "status") == (
            original if is_unpaid else "available",
        )


@pytest.mark.parametrize("offered", ["completed", *STATUSES])
def test_a_mirror_row_of_unpaid_earnings_is_stored_as_reversed(
    rows: PlainRows, app_role: str, offered: str
) -> None:
    earnings_id, _ = given_earnings(rows, "pending")
    (booking_id,) = rows.get("payments_earningstransaction", earnings_id, "booking_id")

    with rows.as_role(app_role):
        mirror_id = mirror_row(rows, booking_id, offered)

    assert rows.get("payments_earningstransaction", mirror_id, "status") == ("reversed",)


@pytest.mark.parametrize("offered", ["completed", *STATUSES])
def test_the_mirror_row_of_paid_earnings_becomes_their_clawback_once(
    rows: PlainRows, app_role: str, offered: str
) -> None:
    earnings_id, _ = given_earnings(rows, "paid")
    (booking_id,) = rows.get("payments_earningstransaction", earnings_id, "booking_id")

    with rows.as_role(app_role):
        mirror_row(rows, booking_id, offered)
        second_id = mirror_row(rows, booking_id, offered)

    assert clawbacks(rows, earnings_id) == [("available", -8500)]
    assert rows.get("payments_earningstransaction", second_id, "status") == ("reversed",)


def mirror_row(rows: PlainRows, booking_id: int, status: str) -> int:
    return rows.earnings(
        booking_id,
        status=status,
        transaction_type="reversal",
        gross_amount_cents=-10000,
        commission_amount_cents=-1500,
        net_amount_cents=-8500,
    )


def offered_at_insert(
    rows: PlainRows,
    role: str,
    booking_id: int,
    offered: str | None,
    *,
    only: str | None = None,
    **values: Any,
) -> int | None:
    """Insert earnings as the app; None when they are refused as the rules say.

    `only` is the one status that the kind of row may have; anything else is then refused.
    """
    status = read_as(offered, None)
    if status is not None and only in (None, status):
        with rows.as_role(role):
            return rows.earnings(booking_id, status=offered, **values)
    with pytest.raises(psycopg.IntegrityError) as refusal, rows.as_role(role):
        rows.earnings(booking_id, status=offered, **values)
    assert refusal.value.sqlstate == ("23X07" if status is None else "23X01")
    hint = refusal.value.diag.message_hint or ""
    assert (only if status else "reversed") in hint
    return None


def clear_earnings(rows: PlainRows, booking_id: int) -> None:
    """Take away what the engine earned for a booking that was inserted as delivered."""
    with rows.as_role("earnings_migrator"):
        rows.conn.execute(
            "delete from public.payments_earningstransaction where booking_id = %s", [booking_id]
        )
