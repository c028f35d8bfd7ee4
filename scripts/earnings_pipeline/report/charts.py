"""Draw the report's charts as SVG, in this process and without a browser (docs/decisions/0008).

Colors are CSS variables that the page defines, so one picture serves the light and the dark
scheme.  Cents become units for drawing only; the tables keep them exact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
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
NAMESPACES = r' xmlns(:xlink)?="[^"]*"'
# 12,345 below a million, 1.23M above it
AMOUNT_LABELS = (
    "abs(datum.value) >= 1e6 ? replace(format(datum.value, '.3~s'), 'G', 'B')"
    " : format(datum.value, ',~f')"
)


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
    chart = (
        alt.Chart(_data(_in_units(values)), width=WIDTH, height=230)
        .mark_bar()
        .encode(
            x=alt.X(
                "at:O",
                scale=alt.Scale(domain=list(labels), paddingInner=0.25),
                axis=alt.Axis(labelExpr=f"{json.dumps(labels)}[datum.value]", labelAngle=0),
                title=None,
            ),
            y=_amounts("Y"),
            color=_colors(series),
            order="order:Q",
        )
    )
    return _drawn(title, chart)


def stacked_by_name(title: str, rows: Sequence[Row], *, series: Mapping[str, str]) -> Chart:
    """Stack columns of each row in a bar of its name; `series` is column -> what it is called."""
    values = [
        {"name": row["name"], "series": label, "order": order, "value": row[column]}
        for row in rows
        for order, (column, label) in enumerate(series.items())
    ]
    chart = _bars_by_name(values).encode(
        x=_amounts("X"), color=_colors(list(series.values())), order="order:Q"
    )
    return _drawn(title, chart)


def amounts_by_name(title: str, rows: Sequence[Row]) -> Chart:
    """Draw the value of each row in cents, in the color that the row names."""
    values = [
        {"name": row["name"], "value": row["value"], "color": color(row.get("color", "accent"))}
        for row in rows
    ]
    chart = _bars_by_name(values).encode(x=_amounts("X"), color=alt.Color("color:N", scale=None))
    return _drawn(title, chart)


def counts_by_name(title: str, counts: Mapping[str, int]) -> Chart:
    """Draw one count per name, written at the end of its bar."""
    base = _by_name([{"name": name, "value": count} for name, count in counts.items()])
    base = base.encode(x=alt.X("value:Q", axis=None, title=None))
    texts = base.mark_text(align="left", dx=4, color="var(--ink)", fontSize=11)
    return _drawn(
        title,
        base.mark_bar(color="var(--accent)"),
        texts.encode(text=alt.Text("value:Q", format=",d")),
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


def _data(values: Sequence[Row]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in values])


def _bars_by_name(values: Sequence[Row]) -> alt.Chart:
    bars: alt.Chart = _by_name(_in_units(values)).mark_bar()
    return bars


def _by_name(values: Sequence[Row]) -> alt.Chart:
    names = list(dict.fromkeys(row["name"] for row in values))
    axis = alt.Axis(
        labelLimit=LONGEST_LABEL,
        minExtent=NAMES_WIDTH,
        ticks=False,
        domain=False,
        grid=False,
        labelPadding=8,
    )
    y = alt.Y("name:N", scale=alt.Scale(domain=names, paddingInner=0.3), axis=axis, title=None)
    bars = alt.Chart(_data(values), width=WIDTH - NAMES_WIDTH, height=alt.Step(BAND)).mark_bar()
    chart: alt.Chart = bars.encode(y=y)
    return chart


def _amounts(channel: str) -> Any:
    axis = alt.Axis(
        labelExpr=AMOUNT_LABELS,
        tickCount=5,
        domain=False,
        ticks=False,
        labelPadding=6,
        gridColor={
            "condition": {"test": "datum.value == 0", "value": "var(--muted)"},
            "value": "var(--line)",
        },
    )
    return getattr(alt, channel)("value:Q", axis=axis, title=None)


def _colors(series: Sequence[str]) -> alt.Color:
    scale = alt.Scale(domain=list(series), range=[color(name) for name in series])
    legend = alt.Legend(orient="top", title=None, symbolType="square", offset=4)
    return alt.Color("series:N", scale=scale, legend=legend)


def _drawn(title: str, *layers: alt.Chart) -> Chart:
    chart = layers[0] if len(layers) == 1 else alt.LayerChart(layer=list(layers))
    spec = (
        chart.configure(background="transparent", font=FONT, aria=False, padding=2)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--muted)",
            labelFontSize=11,
            domainColor="var(--line)",
            tickColor="var(--line)",
        )
        .configure_axisY(labelFontSize=12)
        .configure_legend(labelColor="var(--ink)", labelFontSize=12)
        .to_dict()
    )
    svg = vl_convert.vegalite_to_svg(vl_spec=spec)
    # Inline SVG needs no namespaces, and without them the page names no address at all.
    opening, rest = svg.split(">", 1)
    return Chart(title=title, svg=f"{re.sub(NAMESPACES, '', opening)}>{rest}")
