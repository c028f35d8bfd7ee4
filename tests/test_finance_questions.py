"""The questions of docs/finance.md are answered as the page says, and so are the metrics.

EARNINGS_WRITE_ANSWERS=1 writes the page anew; read what changed before you commit it.
"""

from __future__ import annotations

import csv
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import yaml

from earnings_pipeline import building
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target
from test_models import conn  # noqa: F401  to the migrated sample with its marts

PAGE = ROOT / "docs" / "finance.md"
QUESTION = re.compile(r"```sql\n(?P<query>.*?)```\n\n```text\n(?P<answer>.*?)```", re.DOTALL)


def questions() -> Iterator[re.Match[str]]:
    return QUESTION.finditer(PAGE.read_text(encoding="utf-8"))


def title(question: re.Match[str]) -> str:
    return question["query"].partition("\n")[0].removeprefix("-- ")


def answer(conn: psycopg.Connection, query: str) -> str:  # noqa: F811
    """The rows of a query as an aligned table, numbers to the right."""
    cursor = conn.execute(query.encode())
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    found = cursor.fetchall()
    cells = [["" if value is None else str(value) for value in row] for row in found]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    is_number = [
        all(isinstance(row[place], int | Decimal | None) for row in found)
        for place in range(len(names))
    ]

    def line(texts: list[str], *, is_head: bool = False) -> str:
        padded = (
            text.rjust(width) if right and not is_head else text.ljust(width)
            for text, width, right in zip(texts, widths, is_number, strict=True)
        )
        return " | ".join(padded).rstrip()

    rule = "-+-".join("-" * width for width in widths)
    return "\n".join([line(names, is_head=True), rule, *map(line, cells)]) + "\n"


@pytest.mark.skipif("EARNINGS_WRITE_ANSWERS" not in os.environ, reason="the page stays as it is")
def test_the_answers_are_written_anew(conn):  # noqa: F811
    def answered(question: re.Match[str]) -> str:
        found = answer(conn, question["query"])
        return f"```sql\n{question['query']}```\n\n```text\n{found}```"

    PAGE.write_text(QUESTION.sub(answered, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.mark.parametrize("question", list(questions()), ids=title)
def test_a_question_is_answered_by_one_select_as_the_page_says(conn, question):  # noqa: F811
    assert question["query"].count(";") == 1
    with conn.transaction(force_rollback=True):
        conn.execute("set local role earnings_reader")
        assert answer(conn, question["query"]) == question["answer"]
    assert question["answer"].count("\n") > 2


def test_every_question_of_finance_is_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    asked = {match["query"] for match in questions()}
    marts = {
        match for query in asked for match in re.findall(r"(?:finance|reconciliation)\.\w+", query)
    }

    assert len(asked) == page.count("```sql") >= 11
    assert marts >= {
        "finance.practitioner_balances",
        "finance.practitioner_balances_daily",
        "finance.practitioner_statements",
        "finance.release_schedule",
        "finance.booking_earnings",
        "finance.platform_revenue",
        "finance.client_liability",
        "finance.package_progress",
        "finance.payouts",
        "finance.orders",
        "reconciliation.cache_drift",
    }
    described = {path.stem for path in (ROOT / "models" / "finance").glob("*.sql")}
    assert [mart for mart in described if f"`finance.{mart}`" not in page] == []


def test_no_question_reads_marts_of_two_schedules():
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    folders = project["models"]["earnings_pipeline"]
    hourly = {
        f"reconciliation.{mart}"
        for mart, config in folders["reconciliation"].items()
        if isinstance(config, dict) and "hourly" in config.get("+tags", [])
    }
    assert "hourly" in folders["finance"]["+tags"]
    assert hourly

    for question in questions():
        marts = set(re.findall(r"(?:finance|reconciliation)\.\w+", question["query"]))
        daily = {mart for mart in marts if mart.startswith("reconciliation.")} - hourly
        assert not daily or daily == marts, title(question)


def test_every_page_reads_the_marts_of_its_exposure_and_no_others():
    declared = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text(encoding="utf-8"))

    pages: dict[str, set[str]] = {}
    for question in questions():
        if found := re.match(r"Page (\w+): ", title(question)):
            pages[found[1]] = set(
                re.findall(r"(?:finance|reconciliation)\.(\w+)", question["query"])
            )

    assert pages == {
        exposure["name"]: {text.split("'")[1] for text in exposure["depends_on"]}
        for exposure in declared["exposures"]
    }
    assert set(pages) == {"balances", "payouts", "package_liability", "migration"}


@pytest.mark.parametrize("page", ["balances", "payouts"])
def test_a_page_that_shows_the_first_rows_reads_no_others(conn, page):  # noqa: F811
    [query] = [match["query"] for match in questions() if f"Page {page}:" in match["query"]]
    with conn.transaction(force_rollback=True):
        # the sample's few rows are quicker read whole
        conn.execute("set local enable_seqscan = off")
        conn.execute("set local enable_sort = off")
        plan = "\n".join(line for (line,) in conn.execute(f"explain {query}".encode()))

    assert "Merge Append" in plan
    assert "Sort  (" not in plan


STATUSES_OF_METRICS = {
    "gross": ("gross", {"pending", "available", "paid"}),
    "commission": ("commission", {"pending", "available", "paid"}),
    "net": ("net", {"pending", "available", "paid"}),
    "projected": ("net", {"projected"}),
    "pending": ("net", {"pending"}),
    "available": ("net", {"available"}),
    "paid": ("net", {"paid"}),
}


def metrics(target: Target, path: Path, *names: str, group_by: str = "") -> list[dict[str, str]]:
    grouped = ["--group-by", group_by] if group_by else []
    arguments = ["query", "--metrics", ",".join(names), *grouped, "--csv", str(path)]
    assert building.run_metrics(target, arguments) == 0
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_metrics_of_the_ledger_are_its_sums_by_currency(conn, built, tmp_path):  # noqa: F811
    expected: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for currency, status, *cents in conn.execute(
        "select currency, status, gross_amount_cents, commission_amount_cents, net_amount_cents "
        "from payments_earningstransaction"
    ):
        of_row = dict(zip(("gross", "commission", "net"), cents, strict=True))
        for name, (measure, statuses) in STATUSES_OF_METRICS.items():
            if status in statuses:
                expected[currency][name] += of_row[measure]

    shown = metrics(
        built, tmp_path / "found.csv", *STATUSES_OF_METRICS, group_by="earnings_row__currency"
    )

    assert len(expected) > 1
    assert {
        row["earnings_row__currency"]: {
            name: int(float(row[name])) for name in STATUSES_OF_METRICS if row[name]
        }
        for row in shown
    } == expected


def test_the_commission_of_a_month_is_that_of_the_platforms_revenue(conn, built, tmp_path):  # noqa: F811
    expected = {
        (currency, month.isoformat()): cents
        for currency, month, cents in conn.execute(
            "select currency, month_on, sum(commission_cents) from finance.platform_revenue "
            "group by currency, month_on having sum(commission_cents) <> 0"
        )
    }

    shown = metrics(
        built,
        tmp_path / "found.csv",
        "commission",
        group_by="earnings_row__currency,metric_time__month",
    )

    assert len({month for _, month in expected}) > 1
    assert {
        (row["earnings_row__currency"], row["metric_time__month"][:10]): Decimal(row["commission"])
        for row in shown
        if row["commission"]
    } == expected


def test_the_package_liability_is_what_the_packages_owe(conn, built, tmp_path):  # noqa: F811
    expected = conn.execute(
        "select currency, sum(liability_cents) from finance.package_progress group by 1"
    ).fetchall()

    shown = metrics(
        built, tmp_path / "found.csv", "package_liability", group_by="package_order__currency"
    )

    assert any(cents for _, cents in expected)
    assert [
        (row["package_order__currency"], Decimal(row["package_liability"])) for row in shown
    ] == expected


def test_a_metric_is_empty_where_currencies_would_be_added(built, tmp_path):
    (total,) = metrics(built, tmp_path / "found.csv", "net", "paid")

    assert total["net"] == ""
    assert Decimal(total["paid"]) > 0  # all of it is in one currency
