"""Read from a migrated database what the truth table speaks of, in its own words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from earnings_pipeline.sample import Truth

Rows = dict[int, dict[str, Any]]

TABLES = {
    "booking": "bookings_booking",
    "order": "payments_order",
    "earnings": "payments_earningstransaction",
    "payout": "payments_practitionerpayout",
    "credit": "payments_usercredittransaction",
    "completion_record": "package_completion_records",
    "practitioner": "payments_practitionerearnings",
}
KEYS = {"practitioner": "practitioner_id"}
NO_DELIVERY = ("bonus", "adjustment", "clawback", "reversal")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row of the truth table that did not come true."""

    truth: Truth
    actual: str

    def __str__(self) -> str:
        row = self.truth
        return (
            f"{row.subject} {row.subject_id}: {row.attribute} is {self.actual}, "
            f"not {row.expected} ({row.why})"
        )


def remember(conn: psycopg.Connection) -> dict[str, Rows]:
    """Keep the app's rows as they are now, by subject and id."""
    return {subject: _read(conn, subject) for subject in TABLES}


def _read(conn: psycopg.Connection, subject: str) -> Rows:
    key = KEYS.get(subject, "id")
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(TABLES[subject])))
        return {row[key]: row for row in cursor}


class Actual:
    """What became of the subjects; `before` is what `remember` kept."""

    def __init__(self, conn: psycopg.Connection, before: dict[str, Rows]) -> None:
        self.before = before
        self.now = remember(conn)
        self.earnings_of: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in self.now["earnings"].values():
            self.earnings_of[row["booking_id"]].append(row)
        self.exceptions: dict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
        found = conn.execute(
            "select subject, subject_id, kind, detail from earnings.exceptions"
            " where resolved_at is null"
        )
        for subject, subject_id, kind, detail in found:
            self.exceptions[subject, subject_id][kind] = detail

    def differences(self, truth: Iterable[Truth]) -> Iterator[Difference]:
        """Yield the rows of the truth table that did not come true."""
        for row in truth:
            actual = self.value(row)
            if actual != row.expected and not (row.expected == "set" and actual != "none"):
                yield Difference(truth=row, actual=actual)

    def value(self, truth: Truth) -> str:
        """Read the one value that a row of the truth table names."""
        subject, subject_id, attribute = truth.subject, truth.subject_id, truth.attribute
        raised = self.exceptions[subject, subject_id]
        if attribute == "exception":
            return truth.expected if truth.expected in raised else f"only {sorted(raised)}"
        if attribute == "no_exception":
            return "raised" if truth.expected in raised else truth.expected
        if attribute.startswith("exception."):
            _, kind, key = attribute.split(".")
            return _written(raised.get(kind, {}).get(key))
        if subject == "booking_earnings":
            return self._earnings_value(subject_id, attribute)
        row = self.now[subject].get(subject_id)
        if row is None:
            return "no such row"
        if attribute == "unchanged":
            return self._unchanged(subject, subject_id, row)
        if attribute.startswith("order."):
            order = self.now["order"].get(row["order_id"])
            return _written((order or {}).get(attribute.removeprefix("order.")))
        if attribute == "order_id" and row["order_id"] is not None:
            is_new = row["order_id"] not in self.before["order"]
            return "synthetic" if is_new else str(row["order_id"])
        column, _, key = attribute.partition(".")
        if key:
            return _written((row[column] or {}).get(key), is_moment=key.endswith("_at"))
        return _written(row[column])

    def _unchanged(self, subject: str, subject_id: int, row: dict[str, Any]) -> str:
        before = self.before[subject][subject_id]
        moved = [
            f"{column} {_written(before[column])} -> {_written(row.get(column))}"
            for column in before
            if row.get(column) != before[column]
        ]
        return "true" if not moved else ", ".join(moved)

    def _earnings_value(self, booking_id: int, attribute: str) -> str:
        rows = self.earnings_of[booking_id]
        if attribute == "row_count":
            return str(len(rows))
        live = [
            row
            for row in rows
            if row["status"] != "reversed" and row["transaction_type"] not in NO_DELIVERY
        ]
        if attribute == "live_delivery_count":
            return str(len(live))
        if len(live) != 1:
            return f"{len(live)} live rows"
        return _written(live[0][attribute.removeprefix("live_")])


def _written(value: object, *, is_moment: bool = False) -> str:
    if value is None:
        return "none"
    if is_moment and isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def told(differences: Iterable[Difference]) -> str:
    """Write the differences for a reader, shape by shape."""
    by_shape: dict[str, list[str]] = defaultdict(list)
    for difference in differences:
        by_shape[difference.truth.shape].append(str(difference))
    return "\n".join(
        f"{shape}: {len(lines)}\n" + "\n".join(f"    {line}" for line in lines[:12])
        for shape, lines in sorted(by_shape.items())
    )
