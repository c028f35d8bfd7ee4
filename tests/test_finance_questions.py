"""The questions of docs/finance.md are answered as the page says.

EARNINGS_WRITE_ANSWERS=1 writes the page anew; read what changed before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from earnings_pipeline.sqlfiles import ROOT
from test_models import built, conn, dbt_state  # noqa: F401  the migrated sample with its marts

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
