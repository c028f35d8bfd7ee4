"""Write the report: one page with charts and tables for finance, from the marts.

The page loads nothing and needs no script, so it can be mailed, archived and printed.  Of people
it names practitioners only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import psycopg

from earnings_pipeline.report import sections
from earnings_pipeline.report.numbers import MARTS, read
from earnings_pipeline.report.words import moment, money

__all__ = ["MARTS", "write"]

if TYPE_CHECKING:
    from earnings_pipeline.checks import CheckResult
    from earnings_pipeline.expectations import ExpectationResult


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
    and expectations are shown when they are given; `as_of`, by default now, is the day from which
    releases and expiries are told.
    """
    numbers = read(conn, as_of)
    page = _template().render(
        head=numbers.head,
        summary=sections.summary(numbers, checks, expectations),
        totals=sections.totals(numbers),
        sections=sections.every(numbers, checks, expectations),
    )
    _write_whole(path, page)
    return path


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"money": money, "moment": moment}
    return environment.get_template("page.html.j2")


def _write_whole(path: Path, page: str) -> None:
    """Put a finished file in the place of the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
