"""Which credit and earnings rows a refund or a clawback takes into account (R9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from functions.test_money import PAST, deliver
from functions.test_payout_rows import earnings_of, status
from plain_rows import PlainRows


@pytest.fixture
def pia(rows: PlainRows) -> int:
    return rows.practitioner()


@pytest.fixture
def refund(rows: PlainRows) -> Callable[..., int]:
    """Insert a credit row of a refund, for a booking or for an order."""

    def insert(cents: int, kind: str = "refund", **target: int) -> int:
        return rows.insert(
            "payments_usercredittransaction",
            user_id=rows.insert("users_user"),
            amount_cents=cents,
            transaction_type=kind,
            **target,
        )

    return insert


def gross(rows: PlainRows, booking_id: int) -> int:
    """What a booking earns before the commission."""
    [(cents,)] = rows.conn.execute(
        "select coalesce(sum(gross_amount_cents), 0) from public.payments_earningstransaction"
        " where booking_id = %s and status <> 'reversed'",
        [booking_id],
    ).fetchall()
    return int(cents)


def kinds(rows: PlainRows, subject: str, subject_id: int) -> set[str]:
    found = rows.conn.execute(
        "select kind from earnings.exceptions where subject = %s and subject_id = %s",
        [subject, subject_id],
    )
    return {kind for (kind,) in found}


def given_order(rows: PlainRows, practitioner_id: int, code: str) -> tuple[int, int]:
    """An order of 10000 cents and a booking of it, which is not delivered yet."""
    sold_id = rows.service(practitioner_id, code)
    session_id = rows.service(practitioner_id)
    if code == "package":
        rows.insert(
            "service_relationships",
            parent_service_id=sold_id,
            child_service_id=session_id,
            quantity=2,
        )
    order_id = rows.insert(
        "payments_order",
        user_id=rows.insert("users_user"),
        service_id=sold_id,
        status="completed",
        order_type="package" if code == "package" else "direct",
        subtotal_amount_cents=10000,
    )
    return order_id, rows.booking(practitioner_id, order_id=order_id, service_id=session_id)


def test_only_refunds_that_give_money_back_lower_what_a_booking_earns(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    order_id, booking_id = given_order(rows, pia, "session")
    sibling, stranger = rows.booking(pia, order_id=order_id), rows.booking(pia)
    later = rows.booking(pia, rescheduled_from_id=booking_id)
    rows.update("bookings_booking", later, status="completed")

    refund(900, booking_id=stranger)
    refund(800, booking_id=sibling, order_id=order_id)
    for target in ({"booking_id": booking_id}, {"booking_id": later}, {"order_id": order_id}):
        refund(-700, **target)
        refund(500, "purchase", **target)
        refund(1000, **target)

    assert gross(rows, later) == 10000 - 3 * 1000


def test_only_refunds_that_give_money_back_use_up_the_slots_of_a_package(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    order_id, canceled = given_order(rows, pia, "package")
    rows.update("bookings_booking", canceled, status="canceled")
    is_open = rows.booking(pia, order_id=order_id)

    # what was refunded of a session is that session's matter
    refund(400, booking_id=is_open)
    refund(300, booking_id=is_open, order_id=order_id)
    for target in ({"booking_id": canceled}, {"order_id": order_id}):
        refund(-700, **target)
        refund(500, "purchase", **target)
        refund(1000, **target)

    slots = rows.conn.execute(
        "select slot_number, refunded_cents from earnings.free_slots(%s) order by 1", [[order_id]]
    ).fetchall()
    assert slots == [(1, 0), (2, 2000)]


@pytest.mark.parametrize("is_refunded", [False, True])
def test_a_package_that_is_partially_refunded_without_an_amount_is_reported(
    rows: PlainRows, pia: int, refund: Callable[..., int], is_refunded: bool
) -> None:
    order_id, booking_id = given_order(rows, pia, "package")
    refund(500, "purchase", booking_id=booking_id)
    if is_refunded:
        refund(500, booking_id=booking_id)

    rows.update("payments_order", order_id, status="partially_refunded")

    assert ("refund_without_amount" in kinds(rows, "order", order_id)) is not is_refunded


def test_an_adjustment_that_somebody_made_is_no_refund(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    booking_id = rows.booking(pia)
    rows.earnings(booking_id, transaction_type="bonus", status="available")
    original = rows.earnings(booking_id)
    adjustment = rows.earnings(
        booking_id, transaction_type="adjustment", gross_amount_cents=500, commission_amount_cents=0
    )
    assert status(rows, original) == status(rows, adjustment) == "projected"

    refund(4000, booking_id=booking_id)

    # the bonus stays whole
    assert gross(rows, booking_id) == 10000 + 500 + 10000 - 4000


def test_the_mirror_of_a_paid_row_takes_back_what_was_paid_and_no_adjustment(
    rows: PlainRows, pia: int
) -> None:
    booking_id = deliver(rows, pia, 10000, "paid")
    rows.earnings(
        booking_id, transaction_type="adjustment", gross_amount_cents=500, commission_amount_cents=0
    )

    mirror = rows.earnings(
        booking_id,
        transaction_type="reversal",
        status="completed",
        gross_amount_cents=-10000,
        commission_amount_cents=-1500,
    )

    columns = ("transaction_type", "status", "gross_amount_cents")
    assert rows.get("payments_earningstransaction", mirror, *columns) == (
        "clawback",
        "available",
        -10000,
    )


@pytest.fixture
def clawed_back(rows: PlainRows, pia: int) -> tuple[int, int, int]:
    """(booking, its paid row, the clawback): a person took it back, and then its payout failed."""
    booking_id = deliver(rows, pia, 10000, "paid")
    paid = earnings_of(rows, booking_id)
    rows.conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking_id])
    [payout_id] = rows.get("payments_earningstransaction", paid, "payout_id")
    rows.update("payments_practitionerpayout", payout_id, status="failed")
    [(clawback,)] = rows.conn.execute(
        "select id from public.payments_earningstransaction where transaction_type = 'clawback'"
        " and booking_id = %s",
        [booking_id],
    ).fetchall()
    return booking_id, paid, clawback


def test_what_was_clawed_back_is_not_taken_again_by_a_refund(
    rows: PlainRows, clawed_back: tuple[int, int, int], refund: Callable[..., int]
) -> None:
    booking_id, paid, _ = clawed_back

    refund(10000, booking_id=booking_id)

    assert gross(rows, booking_id) == 0
    assert status(rows, paid) == "available"


def test_a_clawback_that_was_reversed_takes_nothing_back(
    rows: PlainRows, clawed_back: tuple[int, int, int]
) -> None:
    booking_id, paid, clawback = clawed_back
    rows.put("payments_earningstransaction", clawback, status="reversed")

    rows.conn.execute("select earnings.reverse_booking(%s, 'fraud')", [booking_id])

    assert status(rows, paid) == "reversed"
    assert gross(rows, booking_id) == 0


@pytest.mark.parametrize("is_reversed", [False, True])
def test_another_booking_of_a_direct_order_earns_once_the_first_is_clawed_back(
    rows: PlainRows, pia: int, is_reversed: bool
) -> None:
    order_id, first = given_order(rows, pia, "session")
    rows.update("bookings_booking", first, status="completed")
    rows.pay(earnings_of(rows, first))
    rows.update("bookings_booking", first, status="canceled")
    if is_reversed:
        rows.conn.execute(
            "select earnings.correct_status(id, 'reversed', 'it was paid back in cash')"
            " from public.payments_earningstransaction where transaction_type = 'clawback'"
        )

    second = rows.booking(pia, order_id=order_id)
    rows.update("bookings_booking", second, status="completed")

    assert gross(rows, second) == (0 if is_reversed else 10000)


def test_an_adjustment_of_a_paid_row_keeps_its_own_moment_when_the_payout_fails(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    booking_id = deliver(rows, pia, 10000, "paid")
    original = earnings_of(rows, booking_id)
    refund(4000, booking_id=booking_id)
    [payout_id] = rows.get("payments_earningstransaction", original, "payout_id")

    rows.update("payments_practitionerpayout", payout_id, status="failed")

    found = rows.conn.execute(
        "select status, gross_amount_cents, available_after = %s"
        " from public.payments_earningstransaction where booking_id = %s order by id",
        [PAST, booking_id],
    ).fetchall()
    assert found == [("available", 10000, True), ("available", -4000, False)]


@pytest.mark.parametrize(
    ("kind", "state", "was_paid"),
    [
        ("booking_completion", "paid", True),
        ("booking_completion", "available", True),
        ("booking_completion", "pending", True),
        ("booking_completion", "projected", False),
        ("booking_completion", "reversed", False),
        ("bonus", "available", False),
    ],
)
def test_a_successor_earns_nothing_while_what_it_follows_has_earned(
    rows: PlainRows, pia: int, kind: str, state: str, was_paid: bool
) -> None:
    earlier = rows.booking(pia)
    later = rows.booking(pia, rescheduled_from_id=earlier)
    with rows.as_role("earnings_migrator"):
        rows.earnings(earlier, transaction_type=kind, status=state)

    found = rows.conn.execute("select earnings.was_paid_before(%s)", [later]).fetchone()

    assert found == (was_paid,)


@pytest.mark.parametrize(
    ("own", "becomes"),
    [
        ({"status": "reversed"}, "projected"),
        ({"status": "available", "transaction_type": "bonus"}, "projected"),
        ({"status": "projected"}, "reversed"),
    ],
)
def test_earnings_follow_a_reschedule_unless_the_successor_has_a_live_row(
    rows: PlainRows, pia: int, own: dict[str, str], becomes: str
) -> None:
    earlier = rows.booking(pia)
    later = rows.booking(pia, rescheduled_from_id=earlier)
    with rows.as_role("earnings_migrator"):
        moving = rows.earnings(earlier, status="pending")
        rows.earnings(later, **own)

    rows.conn.execute("select earnings.follow_reschedules(%s)", [[later]])

    booking_id = earlier if becomes == "reversed" else later
    found = rows.get("payments_earningstransaction", moving, "status", "booking_id")
    assert found == (becomes, booking_id)
    assert kinds(rows, "booking", later) == set()


def test_a_bonus_stays_with_the_booking_that_it_was_given_for(rows: PlainRows, pia: int) -> None:
    earlier = rows.booking(pia)
    bonus = rows.earnings(earlier, transaction_type="bonus", status="available")

    rows.booking(pia, rescheduled_from_id=earlier)

    found = rows.get("payments_earningstransaction", bonus, "status", "booking_id")
    assert found == ("available", earlier)


@pytest.mark.parametrize("is_delivered", [False, True])
def test_a_cancellation_reverses_a_refunded_row_and_its_adjustment(
    rows: PlainRows, pia: int, refund: Callable[..., int], is_delivered: bool
) -> None:
    booking_id = rows.booking(pia)
    rows.earnings(booking_id)
    if is_delivered:
        rows.update("bookings_booking", booking_id, status="completed")
    refund(4000, booking_id=booking_id)

    rows.update("bookings_booking", booking_id, status="canceled")

    found = rows.conn.execute(
        "select status from public.payments_earningstransaction where booking_id = %s",
        [booking_id],
    ).fetchall()
    assert found == [("reversed",)] * 2


@pytest.mark.parametrize(("kind", "is_reported"), [("booking_completion", True), ("bonus", False)])
def test_a_paid_row_that_stays_behind_is_reported_when_it_is_of_the_delivery(
    rows: PlainRows, pia: int, kind: str, is_reported: bool
) -> None:
    earlier, payout_id = rows.booking(pia), rows.payout(pia)
    with rows.as_role("earnings_migrator"):
        rows.earnings(earlier, transaction_type=kind, status="paid", payout_id=payout_id)

    later = rows.booking(pia, rescheduled_from_id=earlier)

    assert ("reschedule_already_paid" in kinds(rows, "booking", later)) is is_reported


@pytest.mark.parametrize("comes_first", ["refund", "earnings"])
def test_a_credit_row_of_the_order_alone_refunds_its_booking(
    rows: PlainRows, pia: int, refund: Callable[..., int], comes_first: str
) -> None:
    order_id, booking_id = given_order(rows, pia, "session")
    if comes_first == "earnings":
        rows.earnings(booking_id)

    refund(4000, order_id=order_id)

    if comes_first == "refund":
        rows.earnings(booking_id)
    assert gross(rows, booking_id) == 6000


def test_a_refund_of_exactly_the_price_is_no_matter(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    _, booking_id = given_order(rows, pia, "session")
    rows.earnings(booking_id)
    package_id, _ = given_order(rows, pia, "package")

    refund(10000, booking_id=booking_id)
    refund(10000, order_id=package_id)

    assert gross(rows, booking_id) == 0
    assert kinds(rows, "booking", booking_id) == kinds(rows, "order", package_id) == set()


def test_what_a_partial_refund_does_not_reach_is_no_matter_of_its_order(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    known, with_amount = given_order(rows, pia, "session")
    refund(1000, booking_id=with_amount)
    rows.update("payments_order", known, status="partially_refunded")

    without, booking_id = given_order(rows, pia, "session")
    rows.update("bookings_booking", booking_id, status="canceled")
    rows.update("payments_order", without, status="partially_refunded")

    whole, first = given_order(rows, pia, "session")
    later = rows.booking(pia, order_id=whole, rescheduled_from_id=first)
    rows.update("bookings_booking", later, status="completed")

    package_id, session = given_order(rows, pia, "package")
    refund(1000, order_id=package_id)
    rows.update("payments_order", package_id, status="partially_refunded")
    rows.update("bookings_booking", session, status="completed")

    for order_id in (known, without, whole, package_id):
        assert kinds(rows, "order", order_id) == set()


def test_the_refund_of_a_package_takes_what_is_projected_of_sessions_to_come(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    order_id, undone = given_order(rows, pia, "package")
    others = [rows.booking(pia, order_id=order_id, price_charged_cents=0) for _ in range(3)]
    for booking_id in (undone, *others):
        rows.earnings(booking_id)
        if booking_id != others[-1]:
            rows.update("bookings_booking", booking_id, status="completed")
    rows.pay(earnings_of(rows, undone))
    rows.put("bookings_booking", undone, status="confirmed")

    refund(10000, order_id=order_id)

    after = [status(rows, earnings_of(rows, each)) for each in (undone, *others)]
    # what was paid stays paid, and who found no slot is a person's matter
    assert after == ["paid", "pending", "projected", "reversed"]


def test_a_refund_does_not_mend_the_commission_of_what_it_leaves(
    rows: PlainRows, pia: int, refund: Callable[..., int]
) -> None:
    _, booking_id = given_order(rows, pia, "session")
    earnings_id = rows.earnings(booking_id)
    odd = {"gross_amount_cents": 5, "commission_amount_cents": 2, "net_amount_cents": 3}
    rows.put("payments_earningstransaction", earnings_id, **odd)

    # of five cents a refund of a ten-thousandth takes none
    refund(1, booking_id=booking_id)

    [(count,)] = rows.conn.execute(
        "select count(*) from public.payments_earningstransaction where booking_id = %s",
        [booking_id],
    ).fetchall()
    assert (count, gross(rows, booking_id)) == (1, 5)
