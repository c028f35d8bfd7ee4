"""Say what the numbers mean: a sentence, pictures and tables for each part of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from earnings_pipeline.report import charts
from earnings_pipeline.report.charts import PACKAGE_PARTS, STATUSES, Chart
from earnings_pipeline.report.numbers import DAYS_SHOWN, NAMES_SHOWN, ROWS_SHOWN, Numbers, Row
from earnings_pipeline.report.words import (
    change,
    counted,
    listed,
    practitioner,
    spelled,
    sums,
    table_name,
)

if TYPE_CHECKING:
    from earnings_pipeline.checks import CheckResult
    from earnings_pipeline.expectations import ExpectationResult

MONTHS_SHOWN = 24
CURRENCIES_CHARTED = 3
PREFLIGHT = "preflight"
SUITES = {
    "Expectations: what the rows of the marts should look like": "marts",
    "Before the migration: what the app's rows should have looked like": PREFLIGHT,
}
OFFENDERS = {"offenders": ("text", "offenders")}
CHECK_REMEDIES = {**OFFENDERS, "what to do": ("text", "remedy")}
OFFENDERS_SHOWN = 3

Checks = Sequence["CheckResult"] | None
Expectations = Sequence["ExpectationResult"] | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows as they are to be read; `columns` is heading -> (how it is written, key of the row)."""

    caption: str
    columns: Mapping[str, tuple[str, str]]
    rows: Sequence[Row]
    row_count: int
    """How many rows there are in all; the page says how many of them it leaves out."""

    @property
    def rest(self) -> int:
        return self.row_count - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, a sentence that says what is shown and what follows, pictures, and numbers."""

    name: str
    heading: str
    sentence: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def every(numbers: Numbers, checks: Checks, expectations: Expectations) -> list[Section]:
    """Return the sections in the order of the page."""
    return [
        _ledger(numbers),
        _releases(numbers),
        _balances(numbers),
        _packages(numbers),
        _exceptions(numbers),
        _migration(numbers),
        _verdicts(checks, expectations),
    ]


def summary(numbers: Numbers, checks: Checks, expectations: Expectations) -> list[str]:
    """Say the key numbers in plain words; of several currencies the most used one's."""
    if not numbers.totals and not numbers.packages:
        return ["There are no earnings and no packages in this database yet."]
    said = []
    for row in numbers.totals[:1]:
        amount = {status: listed({row["currency"]: row[f"{status}_cents"]}) for status in STATUSES}
        said.append(
            f"{amount['available']} can be paid out now; {amount['pending']} is delivered and in "
            f"its hold of {numbers.head.hold}; {amount['projected']} more is expected from "
            f"bookings that are not delivered yet; {amount['paid']} has been paid."
        )
    if others := [row["currency"] for row in numbers.totals[1:]]:
        said.append(f"The table has the same for {', '.join(others)}.")
    if owed := sums(numbers.packages, "liability_cents"):
        said.append(f"Clients are still owed package sessions worth {listed(owed)}.")
    if matters := sum(row["matter_count"] for row in numbers.exception_kinds):
        said.append(f"{counted(matters, 'matter')} must be decided by a person.")
    else:
        said.append("Nothing waits for a person.")
    if changed := sum(row["row_count"] for row in numbers.migration):
        said.append(f"The data migration has changed {counted(changed, 'row')}.")
    if checks or expectations:
        said.append(_verdict(checks, expectations))
    return said


def totals(numbers: Numbers) -> Table:
    """Return the ledger by currency, which stands at the head of the page."""
    statuses = ("available", "pending", "projected", "paid", "reversed")
    return _table(
        "The ledger by currency",
        numbers.totals,
        {
            "currency": ("text", "currency"),
            "practitioners": ("count", "practitioner_count"),
            **_amounts(statuses),
        },
    )


def _ledger(numbers: Numbers) -> Section:
    heading = "Earnings by status over time"
    if not numbers.months:
        return Section(name="ledger", heading=heading, sentence="There are no earnings yet.")
    # an appointment in the year 9999 must not make a chart of a thousand years
    last = (numbers.head.as_of + timedelta(days=366)).date()
    months = sorted({row["month_on"] for row in numbers.months if row["month_on"] <= last})
    months = months[-MONTHS_SHOWN:]
    if not months:
        return Section(name="ledger", heading=heading, sentence="There are no earnings yet.")
    shown = [row for row in numbers.months if row["month_on"] in months]
    sentence = (
        "Each bar is what is earned for the services of that month, by their appointments, colored "
        "by where the money is today: older months should be paid, what is still available or "
        "pending there waits for a payout or a release, and what is projected in a month that has "
        "passed waits to be marked delivered."
    )
    if reversed_ := sums(numbers.months, "reversed_cents"):
        sentence += f" Reversed earnings, {listed(reversed_)}, are in the table only."
    return Section(
        name="ledger",
        heading=heading,
        sentence=sentence,
        charts=[
            charts.stacked_by_date(
                f"Net earnings by month of service, {currency}",
                [row for row in shown if row["currency"] == currency],
                at="month_on",
                series=STATUSES,
                labels=charts.month_labels(_months(months[0], months[-1])),
            )
            for currency in _charted(numbers)
        ],
        tables=[
            _table(
                "Net by month and status, and the platform's commission on what is not reversed",
                numbers.by_currency(reversed(shown)),
                {
                    "month": ("month", "month_on"),
                    "currency": ("text", "currency"),
                    "rows": ("count", "row_count"),
                    **_amounts((*STATUSES, "reversed", "commission")),
                },
                limit=2 * MONTHS_SHOWN,
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
    ahead = [row for row in numbers.releases if row["part"] == "day"]
    overdue = [row for row in numbers.releases if row["part"] == "overdue"]
    sentence = (
        "Pending earnings become available on the day their hold ends; projected ones follow "
        f"{numbers.head.hold} after the appointment, if it takes place. "
    )
    if late := sums(overdue, "pending_cents"):
        sentence += (
            f"{listed(late)} was due before today and is overdue: scripts/earnings jobs run "
            "release makes it available."
        )
    else:
        sentence += "Nothing pending is overdue."
    if undelivered := sums(overdue, "projected_cents"):
        sentence += (
            f" {listed(undelivered)} belongs to appointments that should have been released by now "
            "but are not marked as delivered: complete or cancel them."
        )
    named_days = {
        "overdue": f"before {today}",
        "later": f"from {today + timedelta(days=DAYS_SHOWN)} on",
    }
    return Section(
        name="releases",
        heading=heading,
        sentence=sentence,
        charts=[
            charts.stacked_by_date(
                f"Becomes available in the next {DAYS_SHOWN} days, {currency}",
                rows,
                at="available_on",
                series=("pending", "projected"),
                labels=charts.day_labels(days),
            )
            for currency in _charted(numbers)
            if (rows := [row for row in ahead if row["currency"] == currency])
        ],
        tables=[
            _table(
                "Releases by day (UTC)",
                [
                    {**row, "day": named_days.get(row["part"], row["available_on"])}
                    for row in numbers.by_currency(numbers.releases)
                ],
                {
                    "day": ("text", "day"),
                    "currency": ("text", "currency"),
                    "pending rows": ("count", "pending_count"),
                    "pending": ("money", "pending_cents"),
                    "projected rows": ("count", "projected_count"),
                    "projected": ("money", "projected_cents"),
                },
                limit=DAYS_SHOWN + 2,
            )
        ],
    )


def _balances(numbers: Numbers) -> Section:
    heading = "Balances of the largest practitioners"
    if not numbers.balances:
        return Section(name="balances", heading=heading, sentence="No practitioner has earnings.")
    largest = [{**row, "name": practitioner(row)} for row in numbers.balances]
    cached = sum(row["cached_count"] for row in numbers.totals)
    drifting = sum(row["drifting_count"] for row in numbers.totals)
    sentence = (
        f"The {NAMES_SHOWN} practitioners to whom the most is owed; a bar left of zero is a debt "
        "that the next payout nets. "
    )
    if drifting:
        sentence += (
            f"The balance that the app shows is off the ledger for {drifting:,} of "
            f"{counted(cached, 'practitioner')}: do not pay these by the app's number."
        )
    elif cached:
        sentence += f"The balance that the app shows equals the ledger: {cached:,} of {cached:,}."
    drawn = [
        charts.stacked_by_name(
            f"Available, pending and projected by practitioner, {currency}",
            [row for row in largest if row["currency"] == currency],
            series={f"{status}_cents": status for status in STATUSES[1:]},
        )
        for currency in _charted(numbers)
        if any(row["currency"] == currency for row in largest)
    ]
    who = {
        "practitioner": ("text", "practitioner_name"),
        "id": ("id", "practitioner_id"),
        "currency": ("text", "currency"),
    }
    tables = [
        _table(
            "Largest balances",
            numbers.by_currency(numbers.balances),
            {
                **who,
                **_amounts(("available", "pending", "projected", "paid")),
                "next release": ("moment", "next_release_at"),
            },
            limit=NAMES_SHOWN * CURRENCIES_CHARTED,
            row_count=sum(row["practitioner_count"] for row in numbers.totals),
        )
    ]
    if numbers.drifts:
        currency = numbers.drifts[0]["currency"]
        drawn.append(
            charts.amounts_by_name(
                f"The app's available balance less the ledger's, {currency}",
                [
                    {"name": practitioner(row), "value": row["available_drift_cents"]}
                    for row in numbers.drifts[:NAMES_SHOWN]
                ],
            )
        )
        tables.append(
            _table(
                "Balances that the app shows wrong (the app's less the ledger's)",
                numbers.drifts,
                {
                    **who,
                    "available": ("money", "available_cents"),
                    "the app's": ("money", "cached_available_cents"),
                    "off by": ("money", "available_drift_cents"),
                    "pending": ("money", "pending_cents"),
                    "the app's pending": ("money", "cached_pending_cents"),
                    "pending off by": ("money", "pending_drift_cents"),
                    "lifetime off by": ("money", "lifetime_drift_cents"),
                },
                row_count=numbers.drifts[0]["all_count"],
            )
        )
    return Section(name="balances", heading=heading, sentence=sentence, charts=drawn, tables=tables)


def _packages(numbers: Numbers) -> Section:
    heading = "Packages: sold, delivered, still owed"
    if not numbers.packages:
        return Section(name="packages", heading=heading, sentence="No package has been sold.")
    sentence = f"Of packages sold for {listed(sums(numbers.packages, 'price_cents'))}, "
    if owed := sums(numbers.packages, "liability_cents"):
        sentence += f"sessions worth {listed(owed)} are not delivered and still owed to clients."
    else:
        sentence += "nothing is owed to clients any more."
    if expired := sums(numbers.packages, "expired_cents"):
        sentence += f" Sessions worth {listed(expired)} expired unused."
    if prepaid := sums(numbers.packages, "prepaid_unused_cents"):
        sentence += (
            f" {listed(prepaid)} (gross) was paid out to practitioners at the sale for sessions "
            "that are not delivered yet: they deliver these without a new payment."
        )
    columns = ("earned_cents", "liability_cents", "expired_cents", "refunded_cents")
    parts = dict(zip(columns, PACKAGE_PARTS, strict=True))
    expiries = [{**row, "expires": _expiry(row)} for row in numbers.by_currency(numbers.expiries)]
    drawn = []
    for currency in _charted(numbers):
        sold = [
            {**row, "name": f"{row['package_type']}s ({row['order_count']:,})"}
            for row in numbers.packages
            if row["currency"] == currency
        ]
        expiring = [
            {"name": row["expires"], "value": row["liability_cents"], "color": "still owed"}
            for row in expiries
            if row["currency"] == currency
        ]
        if sold:
            title = f"Where the price of all packages stands, {currency}"
            drawn.append(charts.stacked_by_name(title, sold, series=parts))
        if expiring:
            title = f"Still owed, by the month in which it expires, {currency}"
            drawn.append(charts.amounts_by_name(title, expiring[:ROWS_SHOWN]))
    tables = [
        _table(
            "Packages by kind (price = delivered + still owed + expired + refunded)",
            numbers.by_currency(numbers.packages),
            {
                "kind": ("text", "package_type"),
                "currency": ("text", "currency"),
                "orders": ("count", "order_count"),
                "price": ("money", "price_cents"),
                **{part: ("money", column) for column, part in parts.items()},
                "prepaid, not delivered": ("money", "prepaid_unused_cents"),
            },
        )
    ]
    if expiries:
        tables.append(
            _table(
                "Still owed, by month of expiry",
                expiries,
                {
                    "expires": ("text", "expires"),
                    "currency": ("text", "currency"),
                    "orders": ("count", "order_count"),
                    "still owed": ("money", "liability_cents"),
                },
            )
        )
    if numbers.package_orders:
        tables.append(
            _table(
                "Orders of which the most is still owed",
                numbers.package_orders,
                {
                    "order": ("id", "order_id"),
                    "sold": ("text", "service_name"),
                    "practitioner id": ("id", "practitioner_id"),
                    "currency": ("text", "currency"),
                    "sessions": ("count", "session_count"),
                    "done": ("count", "delivered_count"),
                    "price": ("money", "price_cents"),
                    "still owed": ("money", "liability_cents"),
                    "prepaid, not delivered": ("money", "prepaid_unused_cents"),
                    "expires": ("moment", "expires_at"),
                },
                row_count=numbers.package_orders[0]["all_count"],
            )
        )
    return Section(name="packages", heading=heading, sentence=sentence, charts=drawn, tables=tables)


def _expiry(row: Row) -> str:
    if row["part"] == "month":
        return f"{row['month_on']:%b %Y}"
    return {"never": "never", "passed": "has passed"}[row["part"]]


def _exceptions(numbers: Numbers) -> Section:
    heading = "What needs a person"
    if not numbers.exception_kinds:
        return Section(
            name="exceptions", heading=heading, sentence="No matter is open: nothing to decide."
        )
    kinds = list({row["kind"]: row for row in numbers.exception_kinds}.values())
    sentence = (
        f"{counted(sum(row['kind_count'] for row in kinds), 'open matter')} of "
        f"{counted(len(kinds), 'kind')} that no rule may decide; the tables say what is proposed, "
        "and name those with the most money concerned."
    )
    if concerned := sums(numbers.exception_kinds, "at_stake_cents"):
        sentence += f" They concern {listed(concerned)}: what the rows are worth, not a loss."
    tables = [
        _table(
            "Open matters by kind",
            numbers.exception_kinds,
            {
                "what": ("text", "meaning"),
                "proposed": ("text", "proposed_action"),
                "matters": ("count", "matter_count"),
                "currency": ("text", "currency"),
                "concerned": ("money", "at_stake_cents"),
                "since": ("moment", "first_seen_at"),
            },
            limit=2 * ROWS_SHOWN,
        )
    ]
    if numbers.exceptions:
        tables.append(
            _table(
                "Open matters with the most money concerned",
                [
                    {
                        **row,
                        "what": spelled(row["kind"]),
                        "about": f"{spelled(row['subject'])} {row['subject_id']}",
                        "practitioner": practitioner(row),
                    }
                    for row in numbers.exceptions
                ],
                {
                    "what": ("text", "what"),
                    "about": ("text", "about"),
                    "practitioner": ("text", "practitioner"),
                    "currency": ("text", "currency"),
                    "concerned": ("money", "at_stake_cents"),
                    "proposed": ("text", "proposed_action"),
                    "since": ("moment", "first_seen_at"),
                },
                row_count=numbers.exceptions[0]["all_count"],
            )
        )
    return Section(
        name="exceptions",
        heading=heading,
        sentence=sentence,
        charts=[
            charts.counts_by_name(
                "Open matters by kind",
                {spelled(row["kind"]): row["kind_count"] for row in kinds},
            )
        ],
        tables=tables,
    )


def _migration(numbers: Numbers) -> Section:
    heading = "What the migration changed, and why"
    if not numbers.migration:
        return Section(
            name="migration", heading=heading, sentence="The migration has changed no row."
        )
    steps: Counter[str] = Counter()
    for row in numbers.migration:
        steps[spelled(row["step"])] += row["row_count"]
    sentence = (
        f"{counted(sum(steps.values()), 'row')} changed in {counted(len(steps), 'step')}; for "
        "earnings, the amounts by old and new status say why. No money was moved: the statuses now "
        "say what has been delivered."
    )
    returned = [
        row
        for row in numbers.migration
        if (row["from_status"], row["to_status"]) == ("paid", "available")
    ]
    if returned:
        sentence += (
            f" {counted(sum(row['row_count'] for row in returned), 'row')} of failed or canceled "
            f"payouts, {listed(sums(returned, 'net_cents'))}, count as unpaid again and go out "
            "with the next payout: confirm that these transfers did fail."
        )
    if reverted := sum(row["reverted_count"] for row in numbers.migration):
        sentence += f" {counted(reverted, 'change')} were undone since."
    if numbers.unfinished_steps:
        states = (f"{spelled(row['step'])} is {row['state']}" for row in numbers.unfinished_steps)
        sentence += f" It is not finished: {', '.join(states)}."
    drawn = [charts.counts_by_name("Rows changed by step", steps)]
    for currency in _charted(numbers):
        if moved := _status_changes(numbers.migration, currency):
            title = f"Earnings by old and new status, {currency}; colored by the new one"
            drawn.append(charts.amounts_by_name(title, moved[:NAMES_SHOWN]))
    return Section(
        name="migration",
        heading=heading,
        sentence=sentence,
        charts=drawn,
        tables=[
            _table(
                "Changes by step and reason",
                [
                    {
                        **row,
                        "step": spelled(row["step"]),
                        "reason": spelled(row["reason"]),
                        "table": table_name(row),
                        "change": change(row),
                        "net": row["net_cents"] if row["currency"] else None,
                    }
                    for row in numbers.migration
                ],
                {
                    "step": ("text", "step"),
                    "reason": ("text", "reason"),
                    "table": ("text", "table"),
                    "change": ("text", "change"),
                    "rows": ("count", "row_count"),
                    "undone": ("count", "reverted_count"),
                    "currency": ("text", "currency"),
                    "net": ("money", "net"),
                },
                limit=6 * ROWS_SHOWN,
            )
        ],
    )


def _status_changes(migration: Iterable[Row], currency: str) -> list[Row]:
    """Return the changes of status of one currency, the largest amounts first."""
    found = [
        {
            "name": f"{change(row)}: {spelled(row['reason'])}",
            "value": row["net_cents"],
            "color": row["to_status"],
        }
        for row in migration
        if row["currency"] == currency
        and row["to_status"] not in (None, row["from_status"])
        and row["net_cents"]
    ]
    return sorted(found, key=lambda row: -abs(row["value"]))


def _verdicts(checks: Checks, expectations: Expectations) -> Section:
    heading = "Checks and expectations"
    if checks is None and expectations is None:
        return Section(
            name="checks",
            heading=heading,
            sentence="They were not run for this page: scripts/earnings check runs the checks.",
        )
    tables = []
    if checks:
        tables.append(
            _table(
                "Checks: claims about the database",
                [
                    {
                        "claim": f"{check.claim.rstrip('.')} ({check.rule.rstrip('.')})",
                        "result": check.offender_count,
                        "offenders": _first(
                            [f"{found.subject} {found.subject_id}" for found in check.offenders],
                            check.offender_count,
                        ),
                        "remedy": None if check.ok else check.remedy,
                    }
                    for check in sorted(checks, key=lambda check: check.ok)
                ],
                {
                    "claim": ("text", "claim"),
                    "result": ("verdict", "result"),
                    **({} if all(check.ok for check in checks) else CHECK_REMEDIES),
                },
                limit=2 * ROWS_SHOWN,
            )
        )
    for caption, suite in SUITES.items():
        if found_of_suite := [found for found in expectations or () if found.suite == suite]:
            tables.append(
                _table(
                    caption,
                    [
                        {
                            "expectation": found.meaning,
                            "table": ".".join(filter(None, (found.table, found.column))),
                            "result": 0 if found.ok else max(found.unexpected_count, 1),
                            "rows": found.row_count,
                            "offenders": _first(_keys(found), found.unexpected_count),
                        }
                        for found in sorted(found_of_suite, key=lambda found: found.ok)
                    ],
                    {
                        "expectation": ("text", "expectation"),
                        "table": ("text", "table"),
                        "result": ("verdict", "result"),
                        "rows": ("count", "rows"),
                        **({} if all(found.ok for found in found_of_suite) else OFFENDERS),
                    },
                    limit=2 * ROWS_SHOWN,
                )
            )
    return Section(
        name="checks",
        heading=heading,
        sentence=_verdict(checks, expectations),
        tables=tables,
    )


def _verdict(checks: Checks, expectations: Expectations) -> str:
    """Judge what holds now; what the app's old rows looked like before is said beside it."""
    results = [result.ok for result in checks or ()]
    results += [found.ok for found in expectations or () if found.suite != PREFLIGHT]
    before = [found.ok for found in expectations or () if found.suite == PREFLIGHT]
    if failed := results.count(False):
        said = (
            f"{failed} of {len(results)} checks and expectations failed: look at these first, and "
            "treat the numbers that they name with care until then."
        )
    else:
        said = (
            f"All {len(results)} checks and expectations hold: the numbers agree with the ledger "
            "and the rules."
        )
    if before.count(False):
        said += (
            f" Before the migration the app's old rows did not meet {before.count(False)} of "
            f"{len(before)} expectations."
        )
    return said


def _keys(found: ExpectationResult) -> list[str]:
    """Name rows by their keys alone: what else is in them may be about a person."""
    return [
        " ".join(f"{spelled(column)} {row[column]}" for column in found.key) for row in found.rows
    ]


def _first(names: Sequence[str], count: int) -> str | None:
    first = names[:OFFENDERS_SHOWN]
    rest = count - len(first)
    return ", ".join(first) + (f" and {rest:,} more" if rest else "") if first else None


def _table(
    caption: str,
    rows: Sequence[Row],
    columns: Mapping[str, tuple[str, str]],
    *,
    limit: int = ROWS_SHOWN,
    row_count: int | None = None,
) -> Table:
    return Table(
        caption=caption,
        columns=columns,
        rows=rows[:limit],
        row_count=len(rows) if row_count is None else row_count,
    )


def _amounts(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    return {name: ("money", f"{name}_cents") for name in names}


def _charted(numbers: Numbers) -> list[str]:
    return numbers.currencies[:CURRENCIES_CHARTED]


def _months(first: date, last: date) -> list[date]:
    start = first.year * 12 + first.month - 1
    end = last.year * 12 + last.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(start, end + 1)]
