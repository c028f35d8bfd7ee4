"""Draw the report's charts as SVG, in this process and without a browser (docs/decisions/0008).

A chart is described in Vega-Lite, in which a bar's place, color and axis are data.  Colors are CSS
variables that the page defines, so one picture serves the light and the dark scheme.  Cents become
units for drawing only; the tables keep them exact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import vl_convert

from earnings_pipeline.report.numbers import Row

STATUSES = ("paid", "available", "pending", "projected")
PACKAGE_PARTS = ("delivered", "still owed", "expired", "refunded")
# Arial, Helvetica and Liberation Sans are equally wide, so what is measured here fits there.
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
WIDTH = 820
NAMES_WIDTH = 310
# A label may turn out wider where none of these fonts is there.
LONGEST_LABEL = 265
BAND = 24
# of Vega-Lite, in which the charts are written
VERSION = "6.4"
NAMESPACES = r' xmlns(:xlink)?="[^"]*"'
# 12,345 below a million, 1.23M above it
AMOUNT_LABELS = (
    "abs(datum.value) >= 1e6 ? replace(format(datum.value, '.3~s'), 'G', 'B')"
    " : format(datum.value, ',~f')"
)
# Vega-Lite's words for a part of a chart
Spec = dict[str, Any]
AMOUNTS: Spec = {
    "field": "value",
    "type": "quantitative",
    "title": None,
    "axis": {
        "labelExpr": AMOUNT_LABELS,
        "tickCount": 5,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "gridColor": {
            "condition": {"test": "datum.value == 0", "value": "var(--muted)"},
            "value": "var(--line)",
        },
    },
}
IN_ORDER: Spec = {"field": "order", "type": "quantitative"}
LOOK: Spec = {
    "background": "transparent",
    "font": FONT,
    "aria": False,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "labelFontSize": 11,
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
    },
    "axisY": {"labelFontSize": 12},
    "legend": {"labelColor": "var(--ink)", "labelFontSize": 12},
}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawn chart; `svg` is markup of our own making, with every text in it escaped."""

    title: str
    svg: str


def color(name: str) -> str:
    """Return the color that the page gives to a status or a part of a package."""
    return f"var(--{name.replace(' ', '-')})"


def stacked_by_date(
    title: str,
    rows: Sequence[Row],
    *,
    at: str,
    series: Sequence[str],
    labels: Mapping[str, list[str]],
) -> Chart:
    """Stack the `<series>_cents` of each row over its date; debits hang below zero."""
    values = [
        {"at": row[at].isoformat(), "series": name, "order": order, "value": row[f"{name}_cents"]}
        for row in rows
        for order, name in enumerate(series)
    ]
    dates = {
        "field": "at",
        "type": "ordinal",
        "title": None,
        "scale": {"domain": list(labels), "paddingInner": 0.25},
        "axis": {"labelExpr": f"{json.dumps(labels)}[datum.value]", "labelAngle": 0},
    }
    return _drawn(
        title,
        _in_units(values),
        width=WIDTH,
        height=230,
        mark="bar",
        encoding={"x": dates, "y": AMOUNTS, "color": _colors(series), "order": IN_ORDER},
    )


def stacked_by_name(title: str, rows: Sequence[Row], *, series: Mapping[str, str]) -> Chart:
    """Stack columns of each row in a bar of its name; `series` is column -> what it is called."""
    values = [
        {"name": row["name"], "series": label, "order": order, "value": row[column]}
        for row in rows
        for order, (column, label) in enumerate(series.items())
    ]
    encoding = {"x": AMOUNTS, "color": _colors(list(series.values())), "order": IN_ORDER}
    return _by_name(title, _in_units(values), mark="bar", encoding=encoding)


def amounts_by_name(title: str, rows: Sequence[Row]) -> Chart:
    """Draw the value of each row in cents, in the color that the row names."""
    values = [
        {"name": row["name"], "value": row["value"], "color": color(row.get("color", "accent"))}
        for row in rows
    ]
    own = {"field": "color", "type": "nominal", "scale": None}
    return _by_name(title, _in_units(values), mark="bar", encoding={"x": AMOUNTS, "color": own})


def counts_by_name(title: str, counts: Mapping[str, int]) -> Chart:
    """Draw one count per name, written at the end of its bar."""
    values = [{"name": name, "value": count} for name, count in counts.items()]
    bar = {"type": "bar", "color": "var(--accent)"}
    text = {"type": "text", "align": "left", "dx": 4, "color": "var(--ink)", "fontSize": 11}
    written = {"text": {"field": "value", "type": "quantitative", "format": ",d"}}
    return _by_name(
        title,
        values,
        encoding={"x": {"field": "value", "type": "quantitative", "axis": None, "title": None}},
        layer=[{"mark": bar}, {"mark": text, "encoding": written}],
    )


def month_labels(months: Sequence[date]) -> dict[str, list[str]]:
    """Label months by their name, each January and the first before it also by the year."""
    return {
        month.isoformat(): [
            f"{month:%b}",
            f"{month:%Y}" if month.month == 1 or (index == 0 and month.month < 11) else "",
        ]
        for index, month in enumerate(months)
    }


def day_labels(days: Sequence[date]) -> dict[str, list[str]]:
    """Label days by their number, the first and each first of a month also by the month."""
    return {
        day.isoformat(): [str(day.day), f"{day:%b}" if index == 0 or day.day == 1 else ""]
        for index, day in enumerate(days)
    }


def _in_units(values: Sequence[Row]) -> list[Row]:
    return [{**row, "value": row["value"] / 100} for row in values]


def _colors(series: Sequence[str]) -> Spec:
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(series), "range": [color(name) for name in series]},
        "legend": {"orient": "top", "title": None, "symbolType": "square", "offset": 4},
    }


def _by_name(title: str, values: Sequence[Row], *, encoding: Spec, **marks: Any) -> Chart:
    """Draw a bar per name, in the order of the values."""
    names = {
        "field": "name",
        "type": "nominal",
        "title": None,
        "scale": {
            "domain": list(dict.fromkeys(row["name"] for row in values)),
            "paddingInner": 0.3,
        },
        "axis": {
            "labelLimit": LONGEST_LABEL,
            "minExtent": NAMES_WIDTH,
            "ticks": False,
            "domain": False,
            "grid": False,
            "labelPadding": 8,
        },
    }
    return _drawn(
        title,
        values,
        width=WIDTH - NAMES_WIDTH,
        height={"step": BAND},
        encoding={"y": names, **encoding},
        **marks,
    )


def _drawn(title: str, values: Sequence[Row], **chart: Any) -> Chart:
    data = {"values": [dict(row) for row in values]}
    svg = vl_convert.vegalite_to_svg({"data": data, "config": LOOK, **chart}, vl_version=VERSION)
    # Inline SVG needs no namespaces, and without them the page names no address at all.
    opening, rest = svg.split(">", 1)
    return Chart(title=title, svg=f"{re.sub(NAMESPACES, '', opening)}>{rest}")
