"""Write amounts, counts, moments and names the way the report says them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from earnings_pipeline.report.numbers import Row

TABLES = {
    "bookings_booking": "bookings",
    "payments_earningstransaction": "earnings",
    "payments_order": "orders",
    "payments_practitionerearnings": "cached balances",
    "payments_practitionerpayout": "payouts",
    "payments_usercredittransaction": "credit rows",
}


def money(cents: int) -> str:
    """Write cents as an amount, exactly: -1234567 is -12,345.67."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02d}"


def moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def spelled(name: str) -> str:
    return name.replace("_", " ")


def sums(rows: Iterable[Row], column: str) -> dict[str, int]:
    """Add a column up by currency; currencies of which nothing is there are left out."""
    found: Counter[str] = Counter()
    for row in rows:
        if row["currency"]:
            found[row["currency"]] += row[column] or 0
    return {currency: cents for currency, cents in found.items() if cents}


def listed(cents_by_currency: Mapping[str, int]) -> str:
    """Write amounts of several currencies side by side."""
    amounts = [f"{money(cents)} {currency}" for currency, cents in cents_by_currency.items()]
    return " and ".join([", ".join(amounts[:-1]), amounts[-1]] if amounts[1:] else amounts)


def table_name(row: Row) -> str:
    name: str = row["table_name"]
    return TABLES.get(name, spelled(name))


def change(row: Row) -> str:
    """Say what happened to the rows that a line of the migration summary counts."""
    if row["to_status"] and row["to_status"] == row["from_status"]:
        return f"{row['to_status']}, corrected"
    if row["from_status"] and row["to_status"]:
        return f"{row['from_status']} → {row['to_status']}"
    if row["to_status"]:
        return f"new → {row['to_status']}"
    return {"insert": "new", "update": "corrected", "delete": "deleted"}[row["operation"]]


def practitioner(row: Row) -> str | None:
    if row["practitioner_id"] is None:
        return None
    return f"{row['practitioner_name'] or 'practitioner'} ({row['practitioner_id']})"
