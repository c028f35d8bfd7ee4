"""Keep figures as JSON, and write docs/benchmarks.md and its pictures from them."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from earnings_pipeline import embedded
from earnings_pipeline.bench import SCENARIOS
from earnings_pipeline.bench.measuring import (
    RATIOS,
    Goal,
    Measurement,
    Sample,
    cpu_per_row,
    per_row,
    spread,
)
from earnings_pipeline.report import charts
from earnings_pipeline.sqlfiles import ROOT

FIGURES = ROOT / "docs/benchmarks.json"
PAGE = ROOT / "docs/benchmarks.md"
PICTURES = ROOT / "docs/benchmarks"
REMARKS = ROOT / "docs/benchmarks/remarks.md"
# The colors that the report's page gives its charts.
COLORS = {"ink": "#1f2937", "muted": "#6b7280", "line": "#e5e7eb", "accent": "#2563eb"}
MISSED = "#d97706"


def keep(measurements: Sequence[Measurement], command: str, path: Path = FIGURES) -> None:
    """Put figures into the file, in the place of older ones of the same case and size."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    new = [{**asdict(one), "command": command, "machine": machine()} for one in measurements]
    same = {(row["scenario"], _kind(row["case"]), _of(row["size"])) for row in new}
    kept = [
        row for row in kept if (row["scenario"], _kind(row["case"]), _of(row["size"])) not in same
    ]
    order = [scenario.name for scenario in SCENARIOS]
    rows = sorted(kept + new, key=lambda row: order.index(row["scenario"]))
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def write(path: Path = FIGURES) -> None:
    """Write the page and its pictures anew from the kept figures."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    PICTURES.mkdir(exist_ok=True)
    remarks = REMARKS.read_text(encoding="utf-8") if REMARKS.exists() else ""
    PAGE.write_text(page(rows, remarks), encoding="utf-8")
    (PICTURES / "goals.svg").write_text(picture(rows), encoding="utf-8")


def page(rows: Sequence[Mapping[str, Any]], remarks: str) -> str:
    """Return docs/benchmarks.md: a table per scenario, and what the figures were taken on."""
    parts = [Path(__file__).with_name("head.md").read_text(encoding="utf-8")]
    for scenario in SCENARIOS:
        found = [row for row in rows if row["scenario"] == scenario.name]
        parts.append(f"## {_capital(scenario.what)}\n")
        if scenario.against:
            parts.append(f"Against {scenario.against}.\n")
        if not found:
            parts.append("Not measured.\n")
            continue
        parts.append(_table([measurement(row) for row in found]))
    parts.append(remarks)
    parts.append(_taken_on(rows))
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


def picture(rows: Sequence[Mapping[str, Any]]) -> str:
    """Draw how far each ratio is from its goal: 1 is the goal, and more is better."""
    shares = []
    for row in rows:
        one = measurement(row)
        if one.goal.kind in RATIOS:
            share = one.figure / one.goal.bound
            shares.append(
                {
                    "name": f"{one.scenario}: {one.case}, {one.size}"[:60],
                    # the charts draw cents as units
                    "value": 100 * (share if "rate" in one.goal.kind else 1 / share),
                    "color": "accent" if one.is_met else "missed",
                }
            )
    svg = charts.amounts_by_name("how far from its goal, which is 1", shares).svg
    for name, color in {**COLORS, "missed": MISSED}.items():
        svg = svg.replace(f"var(--{name})", color)
    # a picture beside a page, not in it, needs to say what it is
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def measurement(row: Mapping[str, Any]) -> Measurement:
    """Return a figure as it was measured."""
    values = {key: row[key] for key in ("scenario", "case", "size", "value", "note")}
    return Measurement(
        **values,
        goal=Goal(**row["goal"]),
        ours=[Sample(**one) for one in row["ours"]],
        limit=[Sample(**one) for one in row["limit"]],
    )


def machine() -> dict[str, str]:
    """Describe what the figures depend on, without a name or a path of the machine."""
    server = embedded.binaries().parent.name.removeprefix("pginstall") or "16"
    pages, page_size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "memory": f"{pages * page_size / (1 << 30):.0f} GB",
        "PostgreSQL": server,
        "Python": platform.python_version(),
        "dbt": version("dbt-core"),
    }


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _table(rows: Sequence[Measurement]) -> str:
    lines = [
        "| case | size | goal | measured | verdict | ours | limit | CPU | limit | ratio | runs |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        cells = [
            one.case,
            one.size,
            str(one.goal),
            f"{one.figure:.3g}" + ("" if one.goal.kind in RATIOS else f" {one.goal.kind}"),
            one.verdict,
            _time(per_row(one.ours)) if one.ours else "",
            _time(per_row(one.limit)) if one.limit else "",
            _time(cpu_per_row(one.ours)) if one.ours else "",
            _time(cpu_per_row(one.limit)) if one.limit else "",
            f"{one.cpu_figure:.2g}" if one.cpu_figure else "",
            f"{len(one.ours)}, apart by {spread(one.ours):.1f} x" if one.ours else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"{one.case}: {one.note}." for one in rows if one.note]
    return "\n".join([*lines, "", *notes])


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1e3 * seconds:.1f} ms" if seconds >= 0.01 else f"{1e6 * seconds:.0f} µs"


def _taken_on(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = ["## What the figures were taken on", ""]
    for commands in sorted({(row["command"], json.dumps(row["machine"])) for row in rows}):
        known = json.loads(commands[1])
        lines.append(
            f"- `{commands[0]}`: " + ", ".join(f"{name} {value}" for name, value in known.items())
        )
    return "\n".join(lines)


def _kind(case: str) -> str:
    """Return a case without its counts, which differ from run to run."""
    return re.sub(r"\d[\d,]* ?", "", case) if not re.match(r"\d+ (client|worker)", case) else case


def _of(size: str) -> str:
    return size.rpartition(" of ")[2]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
