"""Show things on a terminal: tables, progress bars, amounts.  Only cli.py uses it."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from earnings_pipeline.doctor import Finding
from earnings_pipeline.progress import Progress, Report

SEVERITY_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}

# What a script reads goes to stdout, everything that accompanies it to stderr.
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON document and nothing else on stdout."""
    print(json.dumps(value, default=_as_json, indent=2, ensure_ascii=False))


def _as_json(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset | Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_rows(rows: Sequence[object], columns: Sequence[str], title: str = "") -> None:
    """Print dataclasses or dictionaries as a table; numbers stand to the right."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    values = [[_value(row, column) for column in columns] for row in rows]
    for index, column in enumerate(columns):
        is_number = bool(values) and all(
            isinstance(row[index], int | decimal.Decimal) or row[index] is None for row in values
        )
        table.add_column(_heading(column), justify="right" if is_number else "left")
    for row in values:
        table.add_row(*(_cell(column, value) for column, value in zip(columns, row, strict=True)))
    out.print(table)


def money(cents: int | None, currency: str = "") -> str:
    """Write cents as an amount, exactly."""
    if cents is None:
        return "-"
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d} {currency}".rstrip()


def _value(row: object, column: str) -> object:
    return row.get(column) if isinstance(row, dict) else getattr(row, column)


def _heading(column: str) -> str:
    return column.removesuffix("_cents").replace("_", " ")


def _cell(column: str, value: object) -> Text:
    if value is None:
        return Text("-")
    if column.endswith("_cents") and isinstance(value, int):
        return Text(money(value))
    if column == "severity":
        return Text(str(value), style=SEVERITY_STYLES.get(str(value), ""))
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, int) and not column.endswith("id"):
        return Text(f"{value:,}")
    if isinstance(value, datetime.datetime):
        return Text(value.strftime("%Y-%m-%d %H:%M"))
    return Text(str(value))


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Give a `Report` that draws a bar per task while it lasts; silent off a terminal."""
    if not err.is_terminal:
        yield lambda progress: None
        return
    bars = Bars(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=err,
        transient=True,
        refresh_per_second=4,
    )
    tasks: dict[str, TaskID] = {}

    def report(progress: Progress) -> None:
        if progress.task not in tasks:
            tasks[progress.task] = bars.add_task(progress.task, total=progress.total, note="")
        bars.update(
            tasks[progress.task],
            completed=progress.done,
            total=progress.total,
            note=progress.note,
        )

    with bars:
        yield report


def print_error(message: str, hint: str) -> None:
    err.print(Text("error: ", style="bold red") + Text(message))
    if hint:
        err.print(Text(hint))


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_findings(findings: Sequence[Finding]) -> None:
    """Print what doctor found, each with what to do about it."""
    for finding in findings:
        mark = Text(f"{finding.severity:>7}  ", style=SEVERITY_STYLES[finding.severity])
        out.print(mark + Text(f"{finding.subject}: {finding.message}", style=""))
        if finding.hint:
            out.print(Text(f"         {finding.hint}", style="dim"))
