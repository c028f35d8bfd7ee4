"""Which commission rate counts when the engine creates the earnings itself (R5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from plain_rows import PlainRows

DELIVERED_AT = datetime(2026, 3, 2, 11, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BASE, ADJUSTED = Decimal("20.00"), Decimal("12.00")


@pytest.mark.parametrize(
    ("table", "values", "expected"),
    [
        ("practitioner_subscriptions", {"status": "active"}, ADJUSTED),
        ("practitioner_subscriptions", {"status": "canceled"}, BASE),
        ("practitioner_subscriptions", {"end_date": DELIVERED_AT - MICROSECOND}, BASE),
        ("practitioner_subscriptions", {"end_date": DELIVERED_AT}, BASE),
        ("practitioner_subscriptions", {"end_date": DELIVERED_AT + MICROSECOND}, ADJUSTED),
        ("subscription_tiers", {"is_active": False}, BASE),
        ("tier_commission_adjustments", {"is_active": False}, BASE),
        ("tier_commission_adjustments", {"adjustment_percentage": -30}, Decimal("0.00")),
        ("tier_commission_adjustments", {"adjustment_percentage": 90}, Decimal("100.00")),
        ("service_type_commissions", {"is_active": False}, Decimal("15.00")),
    ],
)
def test_a_rate_is_the_base_of_its_type_plus_the_adjustment_of_a_tier_that_is_subscribed(
    rows: PlainRows, table: str, values: dict[str, Any], expected: Decimal
) -> None:
    pia = rows.practitioner()
    service_id = rows.service(pia)
    given = given_rates(rows, pia, service_id)

    rows.update(table, given[table], **values)

    assert rate(rows, pia, service_id) == expected


def test_of_two_base_rates_the_newest_that_is_active_counts(rows: PlainRows) -> None:
    pia = rows.practitioner()
    service_id = rows.service(pia)
    type_id, *_ = rows.get("services_service", service_id, "service_type_id")
    for day, base_rate, is_active in [(1, 10, True), (2, 5, True), (2, 20, True), (3, 30, False)]:
        rows.insert(
            "service_type_commissions",
            service_type_id=type_id,
            base_rate=base_rate,
            is_active=is_active,
            created_at=DELIVERED_AT + timedelta(days=day),
        )

    assert rate(rows, pia, service_id) == Decimal("20.00")


def given_rates(rows: PlainRows, practitioner_id: int, service_id: int) -> dict[str, int]:
    """A base rate of 20 % and a subscribed tier that takes 8 off; the ids by table."""
    type_id, *_ = rows.get("services_service", service_id, "service_type_id")
    base_id = rows.insert(
        "service_type_commissions", service_type_id=type_id, base_rate=20, is_active=True
    )
    tier_id = rows.insert("subscription_tiers", is_active=True)
    return {
        "service_type_commissions": base_id,
        "subscription_tiers": tier_id,
        "tier_commission_adjustments": rows.insert(
            "tier_commission_adjustments",
            tier_id=tier_id,
            service_type_commission_id=base_id,
            adjustment_percentage=-8,
            is_active=True,
        ),
        "practitioner_subscriptions": rows.insert(
            "practitioner_subscriptions",
            practitioner_id=practitioner_id,
            tier_id=tier_id,
            status="active",
        ),
    }


def rate(rows: PlainRows, practitioner_id: int, service_id: int) -> Decimal:
    [(found,)] = rows.conn.execute(
        "select earnings.commission_rate(%s, %s, %s)", [practitioner_id, service_id, DELIVERED_AT]
    ).fetchall()
    return Decimal(found)
