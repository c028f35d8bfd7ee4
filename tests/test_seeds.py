"""The rules have one text: what the triggers read and what dbt seeds is what the files say."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest

from earnings_pipeline.errors import BY_SQLSTATE
from earnings_pipeline.sqlfiles import ROOT
from plain_rows import APPOINTMENT_END, PlainRows


def seeded(name: str) -> list[tuple[str, ...]]:
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return sorted(tuple(row) for row in rows)


@pytest.mark.parametrize(
    ("seed", "query"),
    [
        (
            "earnings_status_rules",
            "select from_status, to_status, kind, condition, rule from earnings.status_rules",
        ),
        (
            "exception_kinds",
            "select kind, subject, meaning, proposed_action from earnings.exception_kinds",
        ),
        (
            "service_types",
            "select service_type, kind, ends_with, meaning from earnings.service_types",
        ),
    ],
)
def test_install_loads_what_the_seed_says(db, seed, query):
    assert sorted(db.execute(query).fetchall()) == seeded(seed)


def test_every_error_of_the_seed_is_an_error_of_ours():
    assert {row[0] for row in seeded("errors")} == set(BY_SQLSTATE)


@pytest.mark.parametrize(
    ("service_type", "kind", "ends_with"), [row[:3] for row in seeded("service_types")]
)
def test_a_service_type_is_to_the_engine_what_the_seed_says(db, service_type, kind, ends_with):
    rows = PlainRows(db)
    service = rows.service(rows.practitioner(), service_type)
    first, last = (
        rows.insert("service_sessions", service_id=service, start_time=end, end_time=end)
        for end in (APPOINTMENT_END + timedelta(days=1), APPOINTMENT_END + timedelta(days=2))
    )
    ends = {
        "the booking": APPOINTMENT_END,
        "its service session": rows.get("service_sessions", first, "end_time")[0],
        "the last session of its service": rows.get("service_sessions", last, "end_time")[0],
    }

    query = "select earnings.appointment_end(%s, %s, %s)"
    assert db.execute(query, [service, first, APPOINTMENT_END]).fetchone() == (ends[ends_with],)
    order = rows.insert(
        "payments_order",
        user_id=rows.insert("users_user"),
        service_id=service,
        order_type="direct",
        subtotal_amount_cents=9000,
    )
    is_package = rows.get("payments_order", order, "order_type") != ("direct",)
    assert is_package == (kind == "package")
