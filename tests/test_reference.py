"""The generated pages say what seeds/ and sql/ say, and these two agree."""

from __future__ import annotations

import re

import pytest

from earnings_pipeline import engine, reference, sqlfiles

MESSAGE = re.compile(r"raise exception\b")
REPORTED = re.compile(r"earnings\.raise_exception_row\(\s*(case\b.*?\bend|'\w+')", re.DOTALL)
RESULT = re.compile(r"(?:then |else |^)'(\w+)'")


@pytest.mark.parametrize("name", sorted(reference.PAGES))
def test_a_generated_page_is_what_the_generator_writes(name: str) -> None:
    committed = (sqlfiles.ROOT / name).read_text(encoding="utf-8")

    assert committed == reference.PAGES[name](), (
        "it is stale: PYTHONPATH=scripts .venv/bin/python -m earnings_pipeline.reference"
    )


def test_every_error_that_sql_raises_is_a_row_of_the_seed_and_every_row_is_raised() -> None:
    in_sql = {
        sqlstate
        for name in sqlfiles.names(".")
        for sqlstate in reference.RAISED.findall(sqlfiles.read(name))
    }

    assert in_sql == {row["sqlstate"] for row in reference.rows("errors")}


def test_every_refusal_of_a_function_has_an_error_a_detail_and_a_hint() -> None:
    for definition in engine.functions():
        for refusal in MESSAGE.split(definition.text)[1:]:
            words = refusal.partition(";")[0]
            assert all(word in words for word in ("errcode = ", "detail = ", "hint = ")), (
                definition.identity
            )


def test_every_refusal_can_be_met_by_a_write_or_a_call() -> None:
    for refusal in reference.refusals():
        assert refusal.triggers or refusal.calls, refusal.sqlstate


def test_every_matter_that_a_function_reports_is_a_row_of_the_seed() -> None:
    """An unknown kind would be dropped in silence: earnings.exceptions takes known ones."""
    known = {row["kind"] for row in reference.rows("exception_kinds")}
    reported = {
        (definition.identity, kind)
        for definition in engine.functions()
        for expression in REPORTED.findall(definition.text)
        for kind in RESULT.findall(expression)
    }

    assert len(reported) > 10
    assert [(name, kind) for name, kind in reported if kind not in known] == []


def test_every_kind_of_matter_is_reported_by_something() -> None:
    unused = [
        row["kind"]
        for row in reference.rows("exception_kinds")
        if not reference.reporters(row["kind"])
    ]

    assert unused == []


def test_the_diagram_has_every_rule_once() -> None:
    diagram = reference.lifecycle_page().split("```")[1]
    arrows = re.findall(r"^    (\S+) --> (\S+):", diagram, flags=re.MULTILINE)

    assert sorted(arrows) == sorted(
        ("[*]" if rule["from_status"] == "new" else rule["from_status"], rule["to_status"])
        for rule in reference.rows("earnings_status_rules")
    )
