"""The client itself: it maps what the app maps, and writes as the app writes."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.test.utils import CaptureQueriesContext

from flows.support import sold_package
from marketplace_app import App, now, refused
from marketplace_app.tables import MODELS, SaveRefused

COLUMNS = Path(__file__).parents[1] / "sample"
CONTRACTED = {"parent_booking_id", "is_package_purchase", "is_bundle_purchase"}


def measured(*names: str) -> dict[str, set[tuple[str, bool]]]:
    """(column, nullable) of each of the app's tables; a later file replaces whole tables."""
    tables: dict[str, set[tuple[str, bool]]] = {}
    for name in names:
        found: dict[str, set[tuple[str, bool]]] = {}
        with (COLUMNS / name).open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                column = (row["column_name"], row["nullable"] == "YES")
                found.setdefault(row["table_name"], set()).add(column)
        tables |= found
    return tables


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("before", ["columns_before_plan.csv"]),
        ("after", ["columns_before_plan.csv", "columns_after_plan.csv"]),
        ("contracted", ["columns_before_plan.csv", "columns_after_plan.csv"]),
    ],
)
def test_each_form_maps_the_columns_that_its_version_has(form: str, names: list[str]) -> None:
    expected = measured(*names)
    if form == "contracted":
        expected["bookings_booking"] = {
            column for column in expected["bookings_booking"] if column[0] not in CONTRACTED
        }

    mapped = {
        model._meta.db_table: {(field.column, field.null) for field in model._meta.concrete_fields}
        for model in vars(MODELS[form]).values()
    }

    assert mapped == expected


def test_a_save_writes_every_column_and_a_partial_one_only_its_fields(app: App, pia: int) -> None:
    booking = app.get("bookings_booking", app.checkout(app.client(), app.service(pia)))

    with CaptureQueriesContext(connections[app.alias]) as queries:
        app.save(booking)
        app.save(booking, update_fields=["status", "actual_end_time"])
        app.update("bookings_booking", booking.pk, title="a title")

    columns = {field.column for field in type(booking)._meta.concrete_fields}
    assert [written(query["sql"]) for query in queries.captured_queries] == [
        columns - {"id"},
        {"status", "actual_end_time"},
        {"title"},
    ]


def written(update: str) -> set[str]:
    return set(re.findall(r'"(\w+)" = ', update.split(" WHERE ")[0]))


def test_an_order_is_validated_as_a_whole_at_every_save(before: App, pia: int) -> None:
    order = before.get(
        "payments_order",
        before.order_of(before.checkout(before.client(), before.service(pia)))["id"],
    )

    order.order_type = "bundle"
    with pytest.raises(ValidationError, match="bundle"):
        order.save(update_fields=["status"])
    order.order_type = "direct"
    order.total_amount_cents += 1
    with pytest.raises(ValidationError, match="should be 10000"):
        order.save(update_fields=["status"])


def test_a_session_of_a_legacy_package_cannot_be_completed_by_a_full_save(
    before: App, after: App, pia: int
) -> None:
    order, sessions = sold_package(before, pia, 2, 20000)
    before.schedule(sessions[0], now())

    with pytest.raises(SaveRefused):
        before.mark_completed(before.get("bookings_booking", sessions[0]))
    assert before.row("bookings_booking", sessions[0])["status"] == "confirmed"

    after.mark_completed(after.get("bookings_booking", sessions[0]))
    assert before.row("bookings_booking", sessions[0])["status"] == "completed"
    assert before.order_of(sessions[0])["id"] == order["id"]


def test_a_price_of_nothing_fails_at_checkout_and_leaves_nothing(app: App, pia: int) -> None:
    client = app.client()

    with refused("23514"):
        app.checkout(client, app.service(pia, price_cents=0))

    assert app.rows("payments_order", user_id=client) == []
    assert app.rows("bookings_booking", user_id=client) == []
