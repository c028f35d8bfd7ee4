"""Read what the report says: sql/queries/report_*.sql, all in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import DatabaseRefused

Row = Mapping[str, Any]

ROWS_SHOWN = 20
NAMES_SHOWN = 15
DAYS_SHOWN = 28
MARTS = (
    "finance.earnings_by_month",
    "finance.package_liability",
    "finance.package_progress",
    "finance.practitioner_balances",
    "finance.release_schedule",
    "reconciliation.migration_summary",
    "reconciliation.open_exceptions",
)


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the page is about; `stale_count` practitioners have other balances by now."""

    database: str
    written_at: datetime
    as_of: datetime
    final_until: datetime | None
    hold: str
    stale_count: int


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Everything the page says, as one snapshot of the database has it."""

    head: Head
    totals: list[Row]
    months: list[Row]
    releases: list[Row]
    packages: list[Row]
    expiries: list[Row]
    package_orders: list[Row]
    exception_kinds: list[Row]
    exceptions: list[Row]
    migration: list[Row]
    unfinished_steps: list[Row]
    balances: list[Row]
    drifts: list[Row]

    @property
    def currencies(self) -> list[str]:
        """The currencies, the most used first."""
        found = [row["currency"] for row in self.totals]
        others = {row["currency"] for row in [*self.months, *self.packages]} - set(found)
        return found + sorted(others)

    def by_currency(self, rows: Iterable[Row]) -> list[Row]:
        """Sort rows by currency, the most used first, and otherwise leave them as they are."""
        rank = {currency: index for index, currency in enumerate(self.currencies)}
        return sorted(rows, key=lambda row: rank.get(row["currency"], len(rank)))


def read(conn: psycopg.Connection, as_of: datetime | None) -> Numbers:
    """Read the marts, once they are there."""
    if missing := _rows(conn, "missing_marts", names=list(MARTS)):
        raise DatabaseRefused(
            f"there is nothing to report from yet: {missing[0]['name']} is not there",
            "Run scripts/earnings build first, or scripts/run, which does everything.",
        )
    # Beats when the last beat is old: a beat counts only once its transaction has ended.
    conn.execute("select earnings.watermark()")
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        (head,) = _rows(conn, "head", as_of=as_of)
        (stale,) = _rows(conn, "stale_balances")
        moment = head["as_of"]
        return Numbers(
            head=Head(**head, stale_count=stale["practitioner_count"]),
            totals=_rows(conn, "totals"),
            months=_rows(conn, "months"),
            releases=_rows(conn, "releases", as_of=moment, days=DAYS_SHOWN),
            packages=_rows(conn, "packages"),
            expiries=_rows(conn, "package_expiries", as_of=moment),
            package_orders=_rows(conn, "package_orders", shown=ROWS_SHOWN),
            exception_kinds=_rows(conn, "exception_kinds"),
            exceptions=_rows(conn, "exceptions", shown=ROWS_SHOWN),
            migration=_rows(conn, "migration"),
            unfinished_steps=_rows(conn, "migration_steps"),
            balances=_rows(conn, "balances", shown=NAMES_SHOWN),
            drifts=_rows(conn, "drifts", shown=ROWS_SHOWN),
        )


def _rows(conn: psycopg.Connection, name: str, **parameters: object) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        query = sqlfiles.read(f"queries/report_{name}").encode()
        return list(cursor.execute(query, parameters or None).fetchall())
