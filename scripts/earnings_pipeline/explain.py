"""Explain a practitioner's balance, now or as of a moment, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, kw_only=True)
class ExplainedRow:
    """Where one earnings row stood, since when and why; net in cents."""

    currency: str
    status: str
    earnings_id: int
    booking_id: int
    net_amount_cents: int
    since: datetime
    available_after: datetime | None
    payout_id: int | None
    event: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class ExplainedBalance:
    """A balance and the rows that add up to it; `totals` is (currency, status) -> net cents.

    `is_final` is false when the moment lies past the watermark: a transaction that is still
    running may yet add to it.
    """

    practitioner_id: int
    as_of: datetime
    is_final: bool
    totals: dict[tuple[str, str], int]
    rows: list[ExplainedRow]


def balance(
    conn: psycopg.Connection, practitioner_id: int, as_of: datetime | None = None
) -> ExplainedBalance:
    """Explain the balance in one snapshot, so that totals and rows cannot disagree."""
    with conn.transaction(), conn.cursor(row_factory=class_row(ExplainedRow)) as cursor:
        conn.execute("set transaction isolation level repeatable read")
        moment: datetime
        ((moment,),) = conn.execute("select coalesce(%s, clock_timestamp())", [as_of]).fetchall()
        totals = conn.execute(
            "select * from earnings.balance_as_of(%s, %s)", [practitioner_id, moment]
        ).fetchall()
        rows = cursor.execute(
            "select * from earnings.explain_balance(%s, %s)", [practitioner_id, moment]
        ).fetchall()
    return ExplainedBalance(
        practitioner_id=practitioner_id,
        as_of=moment,
        is_final=bool(totals) and all(is_final for *_, is_final in totals),
        totals={(currency, status): net for currency, status, net, _ in totals},
        rows=rows,
    )
