from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import psycopg
import pytest

from earnings_pipeline import checks, expectations, report
from earnings_pipeline.database import connect
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.expectations import ExpectationResult
from earnings_pipeline.target import Target

SCRIPT = "<script>alert('x')</script> & \"Sons\""
NOTHING = "\N{EN DASH}"
STATUSES = ("available", "pending", "projected", "paid", "reversed")


class Page(HTMLParser):
    """A written page: its text, and the rows of its tables by caption and heading."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.words: list[str] = []
        self._row: list[str] = []
        self._headings: list[str] = []
        self._text: list[str] = []
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._row = []
        if tag in ("caption", "th", "td"):
            self._text = []

    def handle_data(self, data: str) -> None:
        self._text.append(data)
        if self.tags[-1:] and self.tags[-1][0] != "style":
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text).strip()
        if tag == "caption":
            self._rows: list[dict[str, str]] = self.tables.setdefault(text, [])
        elif tag in ("th", "td"):
            self._row.append(text)
        elif tag == "thead":
            self._headings = self._row
        elif tag == "tr" and self._row != self._headings and self._headings:
            self._rows.append(dict(zip(self._headings, self._row, strict=True)))
        elif tag == "table":
            self._headings = []

    def table(self, beginning: str) -> list[dict[str, str]]:
        (found,) = [rows for name, rows in self.tables.items() if name.startswith(beginning)]
        return found


@pytest.fixture
def built(built_copy: Target) -> Iterator[psycopg.Connection]:
    """A connection to a database of the test's own: the sample, migrated, with its marts."""
    with connect(built_copy, "test") as conn:
        yield conn


def cents(amount: str) -> int:
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*\.\d\d", amount), amount
    return int(amount.replace(",", "").replace(".", ""))


def test_the_amounts_on_the_page_are_those_of_the_marts(built, tmp_path):
    page = Page(report.write(built, tmp_path / "report.html"))

    balances = built.execute(
        "select currency, sum(available_cents)::bigint, sum(pending_cents)::bigint, "
        "sum(projected_cents)::bigint, sum(paid_cents)::bigint, sum(reversed_cents)::bigint "
        "from finance.practitioner_balances group by currency"
    ).fetchall()
    shown = {
        row["currency"]: tuple(cents(row[status]) for status in STATUSES)
        for row in page.table("The ledger by currency")
    }
    assert shown == {currency: tuple(amounts) for currency, *amounts in balances}

    months = built.execute(
        "select to_char(month_on, 'YYYY-MM'), currency, status, net_cents "
        "from finance.earnings_by_month"
    ).fetchall()
    shown = {
        (row["month"], row["currency"], status): cents(row[status])
        for row in page.table("Net by month and status")
        for status in STATUSES
    }
    kept = [month for month in months if (month[0], month[1], "paid") in shown]
    assert len({month for month, *_ in kept}) >= min(len({month for month, *_ in months}), 24)
    assert {key: value for key, value in shown.items() if value} == {
        (month, currency, status): net for month, currency, status, net in kept if net
    }

    sold = built.execute(
        "select package_type, currency, sum(price_cents)::bigint, sum(earned_cents)::bigint, "
        "sum(liability_cents)::bigint, sum(expired_cents)::bigint, sum(refunded_cents)::bigint "
        "from finance.package_progress group by 1, 2"
    ).fetchall()
    parts = ("price", "delivered", "still owed", "expired", "refunded")
    assert {
        (row["kind"], row["currency"], *(cents(row[part]) for part in parts))
        for row in page.table("Packages by kind")
    } == set(sold)


def test_all_that_is_pending_or_projected_stands_in_the_releases(built, tmp_path):
    page = Page(report.write(built, tmp_path / "report.html"))

    expected = dict(
        built.execute(
            "select currency, sum(pending_cents + projected_cents)::bigint "
            "from finance.release_schedule group by currency"
        ).fetchall()
    )
    shown = dict.fromkeys(expected, 0)
    for row in page.table("Releases by day"):
        shown[row["currency"]] += cents(row["pending"]) + cents(row["projected"])
    assert shown == expected


def test_what_is_overdue_follows_from_as_of(built, tmp_path):
    (last,) = built.execute("select max(available_on) from finance.release_schedule").fetchone()
    (first,) = built.execute("select min(available_on) from finance.release_schedule").fetchone()
    moment = "select %s::date::timestamptz"
    (before,) = built.execute(moment, [first]).fetchone()
    (after,) = built.execute(moment, [last + timedelta(days=1)]).fetchone()

    early = Page(report.write(built, tmp_path / "early.html", as_of=before))
    late = Page(report.write(built, tmp_path / "late.html", as_of=after))

    assert "Nothing pending is overdue" in early.text
    assert not any(row["day"].startswith("before") for row in early.table("Releases by day"))
    assert all(row["day"].startswith("before") for row in late.table("Releases by day"))


def test_the_page_says_what_the_migration_changed_and_why(built, tmp_path):
    page = Page(report.write(built, tmp_path / "report.html"))

    changes = built.execute(
        "select replace(step, '_', ' '), replace(reason, '_', ' '), sum(row_count)::bigint "
        "from reconciliation.migration_summary group by 1, 2"
    ).fetchall()
    shown: dict[tuple[str, str], int] = {}
    for row in page.table("Changes by step and reason"):
        key = (row["step"], row["reason"])
        shown[key] = shown.get(key, 0) + int(row["rows"].replace(",", ""))
    assert shown == {(step, reason): count for step, reason, count in changes}


def test_open_matters_are_listed_with_the_proposed_action_and_the_largest_first(built, tmp_path):
    page = Page(report.write(built, tmp_path / "report.html"))

    kinds = built.execute(
        "select meaning, proposed_action, count(*) "
        "from reconciliation.open_exceptions group by 1, 2"
    ).fetchall()
    shown: dict[tuple[str, str], int] = {}
    for row in page.table("Open matters by kind"):
        key = (row["what"], row["proposed"])
        shown[key] = shown.get(key, 0) + int(row["matters"])
    assert shown == {(meaning, action): count for meaning, action, count in kinds}

    largest = page.table("Open matters with the most money concerned")
    amounts = [abs(cents(row["concerned"])) for row in largest if row["currency"] == "USD"]
    assert amounts == sorted(amounts, reverse=True)
    (most, all_count) = built.execute(
        "select max(abs(at_stake_cents)) filter (where currency = 'USD'), "
        "count(*) filter (where at_stake_cents <> 0) from reconciliation.open_exceptions"
    ).fetchone()
    assert amounts[0] == most
    assert len(largest) == min(all_count, 20)
    if all_count > 20:
        assert f"and {all_count - 20:,} more" in page.text


def test_the_page_loads_nothing_and_runs_nothing(built, tmp_path):
    page = Page(report.write(built, tmp_path / "report.html"))

    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"} == set()
    for _, attributes in page.tags:
        loaded = [attributes.get(name) for name in ("src", "href", "xlink:href", "action")]
        assert all(value.startswith("#") for value in loaded if value)
        assert not any(name.startswith("on") for name in attributes)
    assert "://" not in page.source
    assert "url(" not in page.source
    assert "@import" not in page.source


def test_what_comes_from_the_database_is_escaped_in_text_and_pictures(built, tmp_path):
    built.execute("update marts_a.practitioner_balances set practitioner_name = %s", [SCRIPT])

    page = Page(report.write(built, tmp_path / "report.html"))

    assert "<script" not in page.source
    assert "script" not in {tag for tag, _ in page.tags}
    assert {row["practitioner"] for row in page.table("Largest balances")} == {SCRIPT}
    assert escape("<script>", quote=False) in page.source.split("<svg", 1)[1]


def test_the_page_names_no_client(built, tmp_path):
    page = Page(report.write(built, tmp_path / "report.html"))

    people = built.execute(
        "select users.email, users.first_name || ' ' || users.last_name from public.users_user "
        "as users where not exists (select from public.practitioners_practitioner as practitioners "
        "where practitioners.user_id = users.id)"
    ).fetchall()
    assert people
    assert not [email for email, _ in people if email in page.source]
    assert not [
        name
        for _, name in people
        if len(name) > 5 and re.search(rf"\b{re.escape(name)}\b", page.text)
    ]
    assert "@" not in page.text


def test_currencies_stand_side_by_side_and_are_never_added(built, tmp_path):
    built.execute(
        "insert into marts_a.practitioner_balances (practitioner_id, currency, practitioner_name, "
        "projected_cents, pending_cents, available_cents, paid_cents, reversed_cents, "
        "lifetime_cents, next_release_cents) select min(practitioner_id), 'CHF', 'Ada', "
        "0, 0, 123456789, 0, 0, 123456789, 0 from finance.practitioner_balances"
    )
    built.execute(
        "insert into marts_a.earnings_by_month values ('2026-10-01', 'CHF', 'available',"
        " 1, 123456789, 0, 123456789)"
    )

    page = Page(report.write(built, tmp_path / "report.html"))

    available = {row["currency"]: row["available"] for row in page.table("The ledger by currency")}
    assert available["CHF"] == "1,234,567.89"
    assert set(available) >= {"CHF", "EUR", "USD"}
    for currency in available:
        assert f"Net earnings by month of service, {currency}" in page.text
    both = sum(cents(amount) for amount in available.values())
    assert f"{both / 100:,.2f}" not in page.text


def test_a_balance_that_the_app_shows_wrong_is_named(built, tmp_path):
    assert "equals the ledger" in Page(report.write(built, tmp_path / "before.html")).text
    built.execute(
        "update marts_a.practitioner_balances set cached_available_cents = available_cents + 4711, "
        "available_drift_cents = 4711 where currency = 'USD' and practitioner_id = "
        "(select min(practitioner_id) from finance.practitioner_balances where currency = 'USD')"
    )

    page = Page(report.write(built, tmp_path / "after.html"))

    (drift,) = page.table("Balances that the app shows wrong")
    assert drift["off by"] == "47.11"
    assert "is off the ledger for 1 of" in page.text


def test_a_ledger_that_moved_on_since_the_build_is_said(built, tmp_path):
    assert "has moved on" not in Page(report.write(built, tmp_path / "before.html")).text
    built.execute(
        "insert into public.payments_earningstransaction select (jsonb_populate_record(entries, "
        "jsonb_build_object('id', (select max(id) + 1 from public.payments_earningstransaction), "
        "'transaction_type', 'bonus', 'status', 'available', 'payout_id', null, 'public_uuid', "
        "gen_random_uuid()))).* from public.payments_earningstransaction as entries limit 1"
    )

    page = Page(report.write(built, tmp_path / "after.html"))

    assert "has moved on" in page.text
    assert "1 practitioner has other balances" in page.text


def test_results_of_checks_and_expectations_are_shown_failures_first(built, tmp_path):
    first, *others = checks.run(built)
    offender = checks.Offender(subject="booking", subject_id=4711, detail="is wrong")
    failed = replace(others.pop(), offender_count=12, offenders=(offender,))
    unmet = ExpectationResult(
        suite="marts",
        table="finance.earnings",
        column="net_cents",
        meaning="net is a number",
        severity="critical",
        ok=False,
        row_count=10,
        unexpected_count=3,
        key=("earnings_id",),
        rows=({"net_cents": None, "earnings_id": SCRIPT},),
    )

    page = Page(
        report.write(
            built,
            tmp_path / "report.html",
            checks=[first, *others, failed],
            expectations=[
                replace(unmet, ok=True, meaning="fine", unexpected_count=0, rows=()),
                unmet,
                replace(unmet, suite="preflight"),
            ],
        )
    )

    assert f"2 of {len(others) + 4} checks and expectations failed" in page.text
    assert "old rows did not meet 1 of 1 expectations" in page.text
    shown = page.table("Checks: claims")
    assert shown[0]["result"] == "✗ 12 rows"
    assert shown[0]["offenders"] == "booking 4711 and 11 more"
    assert shown[0]["what to do"] == failed.remedy
    assert shown[1]["result"] == "✓ holds"
    unmet_first = page.table("Expectations:")
    assert [row["result"] for row in unmet_first] == ["✗ 3 rows", "✓ holds"]
    offenders = [row["offenders"] for row in unmet_first]
    assert offenders == [f"earnings id {SCRIPT} and 2 more", NOTHING]
    assert SCRIPT not in page.source


def test_an_expectation_that_is_not_met_names_the_rows_by_their_keys(built, built_copy, tmp_path):
    ((practitioner_id, currency),) = built.execute(
        "update marts_a.practitioner_balances set available_drift_cents = 7 "
        "where (practitioner_id, currency) = (select practitioner_id, currency "
        "from finance.practitioner_balances order by 1, 2 limit 1) "
        "returning practitioner_id, currency"
    ).fetchall()
    built.execute("update marts_a.session_values set session_value_cents = -1")
    session_count = built.execute("select count(*) from finance.session_values").fetchone()[0]

    found = expectations.validate(built_copy, "marts")
    page = Page(report.write(built, tmp_path / "report.html", expectations=found))

    shown = {row["expectation"]: row["offenders"] for row in page.table("Expectations:")}
    assert shown["cached available is true"] == (
        f"practitioner id {practitioner_id} currency {currency}"
    )
    assert re.fullmatch(
        rf"(order id \d+ session number \d+, ){{2}}order id \d+ session number \d+ "
        rf"and {session_count - 3:,} more",
        shown["no session is worth less than 0"],
    )
    assert shown["cached pending is true"] == NOTHING


def test_an_empty_database_gives_a_page_that_says_so(built, tmp_path):
    for mart in report.numbers.MARTS:
        built.execute(f"truncate marts_a.{mart.partition('.')[2]}")
    built.execute("alter table earnings.transitions disable trigger user")
    built.execute("truncate earnings.transitions")

    page = Page(report.write(built, tmp_path / "report.html"))

    assert "There are no earnings and no packages in this database yet." in page.text
    for sentence in (
        "There are no earnings yet.",
        "Nothing waits to be released.",
        "No practitioner has earnings.",
        "No package has been sold.",
        "No matter is open: nothing to decide.",
        "The migration has changed no row.",
    ):
        assert sentence in page.text
    assert not page.tables
    assert "<svg" not in page.source


def test_whoever_may_read_the_marts_and_the_history_can_write_the_report(built, tmp_path):
    built.execute("create role earnings_test_auditor in role earnings_reader, earnings_operator")
    try:
        built.execute("set role earnings_test_auditor")

        page = Page(report.write(built, tmp_path / "report.html"))
    finally:
        built.execute("reset role")
        built.execute("drop role earnings_test_auditor")

    assert page.table("The ledger by currency")


def test_without_the_marts_nothing_is_written_and_the_error_says_what_to_run(migrated, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("the page before")

    with connect(migrated, "test") as conn, pytest.raises(DatabaseRefused) as refusal:
        report.write(conn, path)

    assert "scripts/earnings build" in refusal.value.hint
    assert path.read_text() == "the page before"
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]
