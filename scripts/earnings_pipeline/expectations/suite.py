"""What a suite is made of, and the expectations that the suites use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["warning", "critical"]


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is expected of a column; `where` limits it to some rows."""

    type: str
    column: str
    meaning: str
    severity: Severity
    where: tuple[str, str | bool] | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """A table, or the query sql/expectations/`name`.sql, and what is expected of its rows."""

    name: str
    key: tuple[str, ...]
    expectations: tuple[Expectation, ...]

    @property
    def is_query(self) -> bool:
        return "." not in self.name


def one_of(column: str, values: tuple[str, ...], meaning: str, severity: Severity) -> Expectation:
    return Expectation(
        type="expect_column_values_to_be_in_set",
        column=column,
        meaning=meaning,
        severity=severity,
        arguments={"value_set": list(values)},
    )


def not_null(
    column: str,
    meaning: str,
    severity: Severity,
    where: tuple[str, str | bool] | None = None,
) -> Expectation:
    return Expectation(
        type="expect_column_values_to_not_be_null",
        column=column,
        meaning=meaning,
        severity=severity,
        where=where,
    )


def between(
    column: str, low: int | None, high: int | None, meaning: str, severity: Severity
) -> Expectation:
    return Expectation(
        type="expect_column_values_to_be_between",
        column=column,
        meaning=meaning,
        severity=severity,
        arguments={"min_value": low, "max_value": high},
    )


def unique(column: str, meaning: str, severity: Severity) -> Expectation:
    return Expectation(
        type="expect_column_values_to_be_unique",
        column=column,
        meaning=meaning,
        severity=severity,
    )


def true(column: str, meaning: str, severity: Severity) -> Expectation:
    return Expectation(
        type="expect_column_values_to_be_in_set",
        column=column,
        meaning=meaning,
        severity=severity,
        arguments={"value_set": [True]},
    )
