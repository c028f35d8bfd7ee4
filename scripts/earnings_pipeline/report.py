"""Write the report: one page with charts and tables for finance, from the marts.

The page loads nothing and needs no script, so it can be mailed, archived and printed.  Of people
it names practitioners only.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import psycopg
from psycopg.rows import dict_row

from earnings_pipeline import report_charts as charts
from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.report_charts import PACKAGE_PARTS, STATUSES, Chart, Row

if TYPE_CHECKING:
    from earnings_pipeline.checks import CheckResult
    from earnings_pipeline.expectations import ExpectationResult

ROWS_SHOWN = 20
MONTHS_SHOWN = 24
DAYS_SHOWN = 28
NAMES_SHOWN = 15
CURRENCIES_CHARTED = 3
MARTS = (
    "finance.earnings_by_month",
    "finance.package_progress",
    "finance.practitioner_balances",
    "finance.release_schedule",
    "reconciliation.migration_summary",
    "reconciliation.open_exceptions",
)
TABLE_NAMES = {
    "bookings_booking": "bookings",
    "payments_earningstransaction": "earnings",
    "payments_order": "orders",
    "payments_practitionerearnings": "cached balances",
    "payments_practitionerpayout": "payouts",
    "payments_usercredittransaction": "credit rows",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows as they are to be read; `columns` is heading -> how its values are written."""

    caption: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Any]]
    row_count: int = 0

    @property
    def rest(self) -> int:
        return max(self.row_count - len(self.rows), 0)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, a sentence that says what is shown and what follows, pictures, and numbers."""

    name: str
    heading: str
    sentence: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the page is about; `stale_count` is None when the marts are as the ledger is."""

    database: str
    as_of: datetime
    final_until: datetime | None
    hold: str
    stale_count: int


def write(
    conn: psycopg.Connection,
    path: Path,
    *,
    checks: Sequence[CheckResult] | None = None,
    expectations: Sequence[ExpectationResult] | None = None,
    as_of: datetime | None = None,
) -> Path:
    """Write the report of a database to `path` and return it.

    All numbers come from one snapshot.  The file appears whole or not at all.  Results of checks
    and expectations are shown when they are given; `as_of` is now by default.
    """
    numbers = _read(conn, as_of)
    sections = [
        _ledger(numbers),
        _releases(numbers),
        _balances(numbers),
        _packages(numbers),
        _exceptions(numbers),
        _migration(numbers),
        _verdicts(checks, expectations),
    ]
    page = _template().render(
        head=numbers.head,
        summary=_summary(numbers, checks, expectations),
        totals=_totals(numbers),
        sections=sections,
    )
    _write_whole(path, page)
    return path


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


def _read(conn: psycopg.Connection, as_of: datetime | None) -> Numbers:
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
            package_orders=_rows(conn, "package_orders", limit=ROWS_SHOWN),
            exception_kinds=_rows(conn, "exception_kinds"),
            exceptions=_rows(conn, "exceptions", limit=ROWS_SHOWN),
            migration=_rows(conn, "migration"),
            unfinished_steps=_rows(conn, "migration_steps"),
            balances=_rows(conn, "balances", limit=NAMES_SHOWN),
            drifts=_rows(conn, "drifts", limit=ROWS_SHOWN),
        )


def _rows(conn: psycopg.Connection, name: str, **parameters: object) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        query = sqlfiles.read(f"queries/report_{name}").encode()
        return list(cursor.execute(query, parameters or None).fetchall())


def _summary(
    numbers: Numbers,
    checks: Sequence[CheckResult] | None,
    expectations: Sequence[ExpectationResult] | None,
) -> list[str]:
    """Say the key numbers in plain words."""
    if not numbers.totals and not numbers.packages:
        return ["There are no earnings and no packages in this database yet."]
    said = []
    for total in numbers.totals[:1]:
        said.append(
            f"{_amount(total, 'available_cents')} can be paid out now; "
            f"{_amount(total, 'pending_cents')} is delivered and in its hold of "
            f"{numbers.head.hold}; {_amount(total, 'projected_cents')} more is expected from "
            f"bookings that are not delivered yet; {_amount(total, 'paid_cents')} has been paid."
        )
    if others := [row["currency"] for row in numbers.totals[1:]]:
        said.append(f"The table has the same for {', '.join(others)}.")
    if owed := _by_currency(numbers.packages, "liability_cents"):
        said.append(f"Clients are still owed package sessions worth {_listed(owed)}.")
    if matters := sum(row["matter_count"] for row in numbers.exception_kinds):
        said.append(f"{_counted(matters, 'matter')} must be decided by a person.")
    else:
        said.append("Nothing waits for a person.")
    if numbers.migration:
        changed = sum(row["row_count"] for row in numbers.migration)
        said.append(f"The data migration has changed {_counted(changed, 'row')}.")
    if results := [*(checks or ()), *(expectations or ())]:
        failed = sum(not result.ok for result in results)
        said.append(
            f"{failed} of {len(results)} checks and expectations failed: see the last section "
            "before you rely on the numbers."
            if failed
            else f"All {len(results)} checks and expectations hold."
        )
    return said


def _totals(numbers: Numbers) -> Table:
    return Table(
        caption="The ledger by currency",
        columns={
            "currency": "text",
            "practitioners": "count",
            "available": "money",
            "pending": "money",
            "projected": "money",
            "paid": "money",
            "reversed": "money",
        },
        rows=[
            [
                row["currency"],
                row["practitioner_count"],
                *(row[f"{status}_cents"] for status in ("available", "pending", "projected")),
                row["paid_cents"],
                row["reversed_cents"],
            ]
            for row in numbers.totals
        ],
    )


def _ledger(numbers: Numbers) -> Section:
    heading = "Earnings by status over time"
    if not numbers.months:
        return Section(name="ledger", heading=heading, sentence="There are no earnings yet.")
    months = sorted({row["month_on"] for row in numbers.months})[-MONTHS_SHOWN:]
    shown = [row for row in numbers.months if row["month_on"] in months]
    drawn = [
        charts.stacked_by_date(
            f"Net earnings by month of delivery, {currency}",
            [row for row in shown if row["currency"] == currency],
            at="month_on",
            series=STATUSES,
            labels=charts.month_labels(_months(months[0], months[-1])),
        )
        for currency in _charted(numbers)
    ]
    reversed_cents = _by_currency(numbers.months, "reversed_cents")
    sentence = (
        "Each bar is what was earned for services delivered in that month (or booked in it, where "
        "nothing is delivered yet), colored by where the money is today: older months should be "
        "paid, and what is still available or pending there has waited for a payout or a release."
    )
    if reversed_cents:
        sentence += f" Reversed earnings, {_listed(reversed_cents)}, are in the table only."
    newest_first = sorted(shown, key=lambda row: row["month_on"], reverse=True)
    newest_first.sort(key=lambda row: numbers.currencies.index(row["currency"]))
    return Section(
        name="ledger",
        heading=heading,
        sentence=sentence,
        charts=drawn,
        tables=[
            Table(
                caption="Net by month and status, and the commission on what is not reversed",
                columns={
                    "month": "month",
                    "currency": "text",
                    "rows": "count",
                    **dict.fromkeys((*STATUSES, "reversed", "commission"), "money"),
                },
                rows=[
                    [
                        row["month_on"],
                        row["currency"],
                        row["row_count"],
                        *(row[f"{status}_cents"] for status in (*STATUSES, "reversed")),
                        row["commission_cents"],
                    ]
                    for row in newest_first
                ][: MONTHS_SHOWN * 2],
                row_count=len(numbers.months),
            )
        ],
    )


def _releases(numbers: Numbers) -> Section:
    heading = "What is released when"
    if not numbers.releases:
        return Section(name="releases", heading=heading, sentence="Nothing waits to be released.")
    today = numbers.head.as_of.date()
    days = [today + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    drawn = [
        charts.stacked_by_date(
            f"Becomes available in the next {DAYS_SHOWN} days, {currency}",
            ahead,
            at="available_on",
            series=("pending", "projected"),
            labels=charts.day_labels(days),
        )
        for currency in _charted(numbers)
        if (
            ahead := [
                row
                for row in numbers.releases
                if row["part"] == "day" and row["currency"] == currency
            ]
        )
    ]
    overdue = [row for row in numbers.releases if row["part"] == "overdue"]
    sentence = (
        f"Pending earnings become available on the day their hold ends; projected ones follow "
        f"{numbers.head.hold} after the appointment if it takes place. "
    )
    if late := _by_currency(overdue, "pending_cents"):
        sentence += (
            f"Overdue: {_listed(late)} was due before today; scripts/earnings jobs run release "
            "makes it available. "
        )
    else:
        sentence += "No pending earnings are overdue. "
    if undelivered := _by_currency(overdue, "projected_cents"):
        sentence += (
            f"{_listed(undelivered)} belongs to appointments that should have been released by "
            "now but are not marked as delivered: complete or cancel them."
        )
    return Section(
        name="releases",
        heading=heading,
        sentence=sentence.strip(),
        charts=drawn,
        tables=[
            Table(
                caption="Releases by day (UTC)",
                columns={
                    "day": "text",
                    "currency": "text",
                    "pending rows": "count",
                    "pending": "money",
                    "projected rows": "count",
                    "projected": "money",
                },
                rows=[
                    [
                        _release_day(row, today),
                        row["currency"],
                        row["pending_count"],
                        row["pending_cents"],
                        row["projected_count"],
                        row["projected_cents"],
                    ]
                    for row in numbers.releases
                ][: DAYS_SHOWN + 2],
                row_count=len(numbers.releases),
            )
        ],
    )


def _release_day(row: Row, today: date) -> str:
    if row["part"] == "overdue":
        return f"before {today}"
    if row["part"] == "later":
        return f"from {today + timedelta(days=DAYS_SHOWN)} on"
    return str(row["available_on"])


def _balances(numbers: Numbers) -> Section:
    heading = "Balances of the largest practitioners"
    if not numbers.balances:
        return Section(
            name="balances", heading=heading, sentence="No practitioner has earnings yet."
        )
    named = [
        {**row, "name": f"{row['practitioner_name']} ({row['practitioner_id']})"}
        for row in numbers.balances
    ]
    drawn = [
        charts.stacked_by_name(
            f"Available, pending and projected by practitioner, {currency}",
            [row for row in named if row["currency"] == currency],
            name="name",
            series={f"{status}_cents": status for status in STATUSES[1:]},
        )
        for currency in _charted(numbers)
    ]
    cached = sum(row["cached_count"] for row in numbers.totals)
    drifting = sum(row["drifting_count"] for row in numbers.totals)
    sentence = (
        f"The {NAMES_SHOWN} practitioners to whom the most is owed; a bar left of zero is a debt "
        "that the next payout nets. "
    )
    if drifting:
        sentence += (
            f"The balance that the app shows is off the ledger for {drifting:,} of "
            f"{_counted(cached, 'practitioner')}: do not pay these by the app's number."
        )
    else:
        sentence += f"The balance that the app shows equals the ledger for all {cached:,}."
    if numbers.drifts:
        drawn.append(
            charts.amounts_by_name(
                f"App's available balance less the ledger's, {numbers.drifts[0]['currency']}",
                [
                    {
                        "name": f"{row['practitioner_name']} ({row['practitioner_id']})",
                        "off": row["available_drift_cents"],
                        "shade": "accent",
                    }
                    for row in numbers.drifts[:NAMES_SHOWN]
                ],
                name="name",
                value="off",
                shade="shade",
            )
        )
    rank = {currency: index for index, currency in enumerate(numbers.currencies)}
    tables = [
        Table(
            caption="Largest balances",
            columns={
                "practitioner": "text",
                "id": "id",
                "currency": "text",
                "available": "money",
                "pending": "money",
                "projected": "money",
                "paid": "money",
                "next release": "moment",
            },
            rows=[
                [
                    row["practitioner_name"],
                    row["practitioner_id"],
                    row["currency"],
                    row["available_cents"],
                    row["pending_cents"],
                    row["projected_cents"],
                    row["paid_cents"],
                    row["next_release_at"],
                ]
                for row in sorted(numbers.balances, key=lambda row: rank[row["currency"]])
            ],
            row_count=sum(row["practitioner_count"] for row in numbers.totals),
        )
    ]
    if numbers.drifts:
        tables.append(
            Table(
                caption="Balances that the app shows wrong (cached less ledger)",
                columns={
                    "practitioner": "text",
                    "id": "id",
                    "currency": "text",
                    "available": "money",
                    "app's available": "money",
                    "difference": "money",
                    "pending": "money",
                    "app's pending": "money",
                    "difference of pending": "money",
                },
                rows=[
                    [
                        row["practitioner_name"],
                        row["practitioner_id"],
                        row["currency"],
                        row["available_cents"],
                        row["cached_available_cents"],
                        row["available_drift_cents"],
                        row["pending_cents"],
                        row["cached_pending_cents"],
                        row["pending_drift_cents"],
                    ]
                    for row in numbers.drifts
                ],
                row_count=numbers.drifts[0]["all_count"],
            )
        )
    return Section(name="balances", heading=heading, sentence=sentence, charts=drawn, tables=tables)


def _packages(numbers: Numbers) -> Section:
    heading = "Packages: sold, delivered, still owed"
    if not numbers.packages:
        return Section(name="packages", heading=heading, sentence="No package has been sold.")
    columns = ("delivered_cents", "liability_cents", "breakage_cents", "refunded_cents")
    drawn = []
    for currency in _charted(numbers):
        rows = [
            {**row, "name": f"{row['package_type']}s ({row['order_count']:,})"}
            for row in numbers.packages
            if row["currency"] == currency
        ]
        if rows:
            drawn.append(
                charts.stacked_by_name(
                    f"Where the price of all packages stands, {currency}",
                    rows,
                    name="name",
                    series=dict(zip(columns, PACKAGE_PARTS, strict=True)),
                )
            )
        expiring = [
            {**row, "name": _expiry(row), "shade": "still owed"}
            for row in numbers.expiries
            if row["currency"] == currency
        ]
        if expiring:
            drawn.append(
                charts.amounts_by_name(
                    f"Still owed, by the month in which it expires, {currency}",
                    expiring[: NAMES_SHOWN + 3],
                    name="name",
                    value="liability_cents",
                    shade="shade",
                )
            )
    sold = _by_currency(numbers.packages, "price_cents")
    owed = _by_currency(numbers.packages, "liability_cents")
    sentence = f"Of packages sold for {_listed(sold)}, " + (
        f"sessions worth {_listed(owed)} are not delivered and still owed to clients."
        if owed
        else "nothing is owed to clients any more."
    )
    if prepaid := _by_currency(numbers.packages, "prepaid_unused_cents"):
        sentence += (
            f" {_listed(prepaid)} of it (gross) was paid out to practitioners at the sale, before "
            "the sessions took place: these sessions are delivered without a new payment."
        )
    if expired := _by_currency(numbers.packages, "breakage_cents"):
        sentence += f" Sessions worth {_listed(expired)} expired unused."
    parts = {
        "price": "money",
        **dict.fromkeys(PACKAGE_PARTS, "money"),
        "prepaid, unused": "money",
    }
    tables = [
        Table(
            caption="Packages by kind (price = delivered + still owed + expired + refunded)",
            columns={"kind": "text", "currency": "text", "orders": "count", **parts},
            rows=[
                [
                    row["package_type"],
                    row["currency"],
                    row["order_count"],
                    row["price_cents"],
                    *(row[column] for column in columns),
                    row["prepaid_unused_cents"],
                ]
                for row in numbers.packages
            ],
            row_count=len(numbers.packages),
        )
    ]
    if numbers.expiries:
        tables.append(
            Table(
                caption="Still owed, by month of expiry",
                columns={
                    "expires": "text",
                    "currency": "text",
                    "orders": "count",
                    "still owed": "money",
                },
                rows=[
                    [_expiry(row), row["currency"], row["order_count"], row["liability_cents"]]
                    for row in numbers.expiries
                ][:ROWS_SHOWN],
                row_count=len(numbers.expiries),
            )
        )
    if numbers.package_orders:
        tables.append(
            Table(
                caption="Orders of which the most is still owed",
                columns={
                    "order": "id",
                    "sold": "text",
                    "practitioner id": "id",
                    "currency": "text",
                    "sessions": "count",
                    "delivered": "count",
                    "price": "money",
                    "still owed": "money",
                    "expires": "moment",
                },
                rows=[
                    [
                        row["order_id"],
                        row["service_name"],
                        row["practitioner_id"],
                        row["currency"],
                        row["session_count"],
                        row["delivered_count"],
                        row["price_cents"],
                        row["liability_cents"],
                        row["expires_at"],
                    ]
                    for row in numbers.package_orders
                ],
                row_count=numbers.package_orders[0]["all_count"],
            )
        )
    return Section(name="packages", heading=heading, sentence=sentence, charts=drawn, tables=tables)


def _expiry(row: Row) -> str:
    if row["part"] == "never":
        return "never"
    if row["part"] == "passed":
        return "has passed"
    return f"{row['month_on']:%b %Y}"


def _exceptions(numbers: Numbers) -> Section:
    heading = "What needs a person"
    if not numbers.exception_kinds:
        return Section(
            name="exceptions", heading=heading, sentence="No matter is open: nothing to decide."
        )
    kinds = list({row["kind"]: row for row in numbers.exception_kinds}.values())
    total = sum(row["kind_count"] for row in kinds)
    stake = _by_currency(numbers.exception_kinds, "at_stake_cents")
    sentence = (
        f"{_counted(total, 'open matter')} of {_counted(len(kinds), 'kind')} that no rule may "
        "decide; the table says what is proposed for each, those with the most at stake first."
    )
    if stake:
        sentence += (
            f" {_listed(stake)} is concerned in all, which is what the rows are worth and not a "
            "loss."
        )
    drawn = [
        charts.counts_by_name(
            "Open matters by kind",
            [{**row, "name": _words(row["kind"])} for row in kinds],
            name="name",
            count="kind_count",
        )
    ]
    tables = [
        Table(
            caption="Open matters by kind",
            columns={
                "what": "text",
                "proposed": "text",
                "matters": "count",
                "currency": "text",
                "concerned": "money",
                "since": "moment",
            },
            rows=[
                [
                    row["meaning"],
                    row["proposed_action"],
                    row["matter_count"],
                    row["currency"],
                    row["at_stake_cents"] if row["currency"] else None,
                    row["first_seen_at"],
                ]
                for row in numbers.exception_kinds
            ][: 2 * ROWS_SHOWN],
            row_count=len(numbers.exception_kinds),
        )
    ]
    if numbers.exceptions:
        tables.append(
            Table(
                caption="Open matters with the most at stake",
                columns={
                    "what": "text",
                    "subject": "text",
                    "practitioner": "text",
                    "currency": "text",
                    "concerned": "money",
                    "proposed": "text",
                    "since": "moment",
                },
                rows=[
                    [
                        _words(row["kind"]),
                        f"{_words(row['subject'])} {row['subject_id']}",
                        _practitioner(row),
                        row["currency"],
                        row["at_stake_cents"],
                        row["proposed_action"],
                        row["first_seen_at"],
                    ]
                    for row in numbers.exceptions
                ],
                row_count=numbers.exceptions[0]["all_count"],
            )
        )
    return Section(
        name="exceptions", heading=heading, sentence=sentence, charts=drawn, tables=tables
    )


def _practitioner(row: Row) -> str | None:
    if row["practitioner_id"] is None:
        return None
    return f"{row['practitioner_name'] or 'practitioner'} ({row['practitioner_id']})"


def _migration(numbers: Numbers) -> Section:
    heading = "What the migration changed, and why"
    if not numbers.migration:
        return Section(
            name="migration", heading=heading, sentence="The migration has changed no row."
        )
    steps: Counter[str] = Counter()
    for row in numbers.migration:
        steps[_words(row["step"])] += row["row_count"]
    drawn = [
        charts.counts_by_name(
            "Rows changed by step",
            [{"name": step, "rows": count} for step, count in steps.items()],
            name="name",
            count="rows",
        )
    ]
    for currency in _charted(numbers):
        moved = _status_changes(numbers.migration, currency)
        if moved:
            drawn.append(
                charts.amounts_by_name(
                    f"Earnings whose status the migration changed, {currency}",
                    moved[:NAMES_SHOWN],
                    name="name",
                    value="net_cents",
                    shade="to_status",
                )
            )
    reverted = sum(row["reverted_count"] for row in numbers.migration)
    sentence = (
        f"{_counted(sum(steps.values()), 'row')} changed in {_counted(len(steps), 'step')}; for "
        "earnings the second chart says from which status to which and why. No money was paid or "
        "taken back by it: statuses now say what has been delivered."
    )
    if reverted:
        sentence += f" {_counted(reverted, 'row')} of these were taken back since."
    if numbers.unfinished_steps:
        states = ", ".join(
            f"{_words(row['step'])} is {row['state']}" for row in numbers.unfinished_steps
        )
        sentence += f" The migration is not finished: {states}."
    return Section(
        name="migration",
        heading=heading,
        sentence=sentence,
        charts=drawn,
        tables=[
            Table(
                caption="Changes by step and reason",
                columns={
                    "step": "text",
                    "reason": "text",
                    "table": "text",
                    "change": "text",
                    "currency": "text",
                    "rows": "count",
                    "taken back": "count",
                    "net": "money",
                },
                rows=[
                    [
                        _words(row["step"]),
                        _words(row["reason"]),
                        TABLE_NAMES.get(row["table_name"], row["table_name"]),
                        _change(row),
                        row["currency"],
                        row["row_count"],
                        row["reverted_count"],
                        row["net_cents"] if row["currency"] else None,
                    ]
                    for row in numbers.migration
                ][: 2 * ROWS_SHOWN],
                row_count=len(numbers.migration),
            )
        ],
    )


def _status_changes(migration: Iterable[Row], currency: str) -> list[Row]:
    """Return the changes of status of one currency, the largest amounts first."""
    named = [
        {
            "name": f"{_change(row)}: {_words(row['reason'])}",
            "net_cents": row["net_cents"],
            "to_status": row["to_status"],
        }
        for row in migration
        if row["currency"] == currency and row["to_status"] and row["net_cents"]
    ]
    return sorted(named, key=lambda row: -abs(row["net_cents"]))


def _change(row: Row) -> str:
    if row["from_status"] and row["to_status"]:
        return f"{row['from_status']} → {row['to_status']}"
    if row["to_status"]:
        return f"new → {row['to_status']}"
    return {"insert": "new", "update": "corrected", "delete": "deleted"}[row["operation"]]


def _verdicts(
    checks: Sequence[CheckResult] | None, expectations: Sequence[ExpectationResult] | None
) -> Section:
    heading = "Checks and expectations"
    if checks is None and expectations is None:
        return Section(
            name="checks",
            heading=heading,
            sentence="They were not run for this page: scripts/earnings check runs the checks.",
        )
    results = [*(checks or ()), *(expectations or ())]
    failed = sum(not result.ok for result in results)
    sentence = (
        f"{failed} of {len(results)} failed, shown first: until they are settled, treat the "
        "numbers that they name with care."
        if failed
        else f"All {len(results)} hold: the numbers above agree with the ledger and the rules."
    )
    tables = []
    if checks:
        tables.append(
            Table(
                caption="Checks: claims about the database",
                columns={
                    "claim": "text",
                    "result": "verdict",
                    "offenders": "text",
                    "if not": "text",
                },
                rows=[
                    [
                        f"{check.claim.rstrip('.')} ({check.rule.rstrip('.')})",
                        check.offender_count,
                        _offenders(check),
                        None if check.ok else check.remedy,
                    ]
                    for check in sorted(checks, key=lambda check: check.ok)
                ],
            )
        )
    if expectations:
        tables.append(
            Table(
                caption="Expectations: what the rows of a table should look like",
                columns={
                    "expectation": "text",
                    "table": "text",
                    "result": "verdict",
                    "rows": "count",
                },
                rows=[
                    [
                        expectation.meaning,
                        f"{expectation.table}.{expectation.column}".rstrip("."),
                        0 if expectation.ok else max(expectation.unexpected_count, 1),
                        expectation.row_count,
                    ]
                    for expectation in sorted(expectations, key=lambda found: found.ok)
                ],
            )
        )
    return Section(name="checks", heading=heading, sentence=sentence, tables=tables)


def _offenders(check: CheckResult) -> str | None:
    first = [f"{found.subject} {found.subject_id}" for found in check.offenders[:3]]
    rest = check.offender_count - len(first)
    return ", ".join(first) + (f" and {rest:,} more" if rest else "") if first else None


def _charted(numbers: Numbers) -> list[str]:
    return numbers.currencies[:CURRENCIES_CHARTED]


def _months(first: date, last: date) -> list[date]:
    count = (last.year - first.year) * 12 + last.month - first.month
    start = first.year * 12 + first.month - 1
    return [date((start + n) // 12, (start + n) % 12 + 1, 1) for n in range(count + 1)]


def _by_currency(rows: Iterable[Row], column: str) -> dict[str, int]:
    """Add a column up by currency; currencies of which nothing is there are left out."""
    sums: Counter[str] = Counter()
    for row in rows:
        if row["currency"]:
            sums[row["currency"]] += row[column]
    return {currency: cents for currency, cents in sums.most_common() if cents}


def _listed(sums: Mapping[str, int]) -> str:
    amounts = [f"{money(cents)} {currency}" for currency, cents in sums.items()]
    return " and ".join([", ".join(amounts[:-1]), amounts[-1]] if amounts[1:] else amounts)


def _amount(row: Row, column: str) -> str:
    return f"{money(row[column])} {row['currency']}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def money(cents: int) -> str:
    """Write cents as an amount, exactly: -1234567 is -12,345.67."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02d}"


def moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "moment": moment}
    return environment.get_template("report.html.j2")


def _write_whole(path: Path, page: str) -> None:
    """Put a finished file in the place of the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
