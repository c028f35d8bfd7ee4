"""What the flows ask of a database when they are through."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from marketplace_app import App, now

LONG_AGO = timedelta(days=4)
WORDS = {
    "pending": "pending_balance_cents",
    "available": "available_balance_cents",
    "paid": "lifetime_payouts_cents",
}


def purse(app: App, practitioner_id: int) -> dict[str, int]:
    """Net cents by status, without zeros and what is reversed.

    The ledger, the cached balance and the history have to say the same.
    """
    ledger: Counter[str] = Counter()
    for row in app.rows("payments_earningstransaction", practitioner_id=practitioner_id):
        ledger[row["status"]] += row["net_amount_cents"]
    history = app.execute("select * from earnings.balance_as_of(%s)", [practitioner_id])
    recorded = {status: cents for _, status, cents, _ in history}
    assert recorded == {status: cents for status, cents in ledger.items() if cents}

    cached = app.cached(practitioner_id) if ledger else dict.fromkeys(WORDS.values(), 0)
    assert {status: cached[column] for status, column in WORDS.items()} == {
        status: ledger[status] for status in WORDS
    }
    return {status: cents for status, cents in ledger.items() if cents and status != "reversed"}


def steps(app: App, earnings_id: int) -> list[str | None]:
    """The statuses that an earnings row has had, oldest first."""
    found = app.execute(
        "select to_status from earnings.transitions where earnings_id = %s order by id",
        [earnings_id],
    )
    return [status for (status,) in found]


def matters(app: App, subject: str, subject_id: int) -> set[str]:
    """The kinds of open exceptions that a booking, order, payout or practitioner has."""
    found = app.execute(
        "select kind from earnings.exceptions"
        " where subject = %s and subject_id = %s and resolved_at is null",
        [subject, subject_id],
    )
    return {kind for (kind,) in found}


def only_earnings(app: App, booking_id: int) -> dict[str, Any]:
    [row] = app.rows("payments_earningstransaction", booking_id=booking_id)
    return row


def deliver_long_ago(app: App, booking_id: int) -> None:
    """Complete a booking as of four days ago, so that its hold has elapsed."""
    then = now() - LONG_AGO
    app.update(
        "bookings_booking", booking_id, status="completed", actual_end_time=then, completed_at=then
    )


def earn(app: App, practitioner_id: int, status: str, **sale: Any) -> int:
    """Sell an appointment of 100.00 and bring its earnings of 85.00 to a status."""
    service_id = app.service(practitioner_id)
    booking_id = app.checkout(app.client(), service_id, **sale)
    if status in ("available", "paid"):
        deliver_long_ago(app, booking_id)
        app.release_due()
    if status == "pending":
        app.end_video_room(booking_id)
    if status == "paid":
        app.pay_out(practitioner_id)
    assert [found for found, _, _ in app.earnings(booking_id)] == [status]
    return booking_id


def sold_package(
    app: App, practitioner_id: int, sessions: int, cents: int, code: str = "package", **sale: Any
) -> tuple[dict[str, Any], list[int]]:
    """Sell a package; return its order and its sessions, which a bundle may not have."""
    package_id = app.package(app.service(practitioner_id), sessions, cents, code)
    booking_id = app.checkout(app.client(), package_id, **sale)
    order = app.order_of(booking_id)
    return order, [session["id"] for session in app.sessions(order["id"])]
