"""What is expected of the marts after build: nothing here may be otherwise on any database."""

from __future__ import annotations

from earnings_pipeline.expectations.preflight import EARNINGS_STATUSES
from earnings_pipeline.expectations.suite import Batch, between, not_null, one_of, true, unique

SUITE = (
    Batch(
        "finance.earnings",
        ("earnings_id",),
        (
            unique("earnings_id", "one row per earnings row", "critical"),
            one_of("status", EARNINGS_STATUSES, "one of the five statuses", "critical"),
            not_null(
                "delivered_at",
                "what is delivered says when",
                "critical",
                where=("is_delivered", True),
            ),
        ),
    ),
    Batch(
        "finance.practitioner_balances",
        ("practitioner_id", "currency"),
        (
            between("pending_drift_cents", 0, 0, "cached pending is true", "critical"),
            between("available_drift_cents", 0, 0, "cached available is true", "critical"),
            between("lifetime_drift_cents", 0, 0, "cached lifetime is true", "critical"),
        ),
    ),
    Batch(
        "finance.session_values",
        ("order_id", "session_number"),
        (
            between("session_value_cents", 0, None, "no session is worth less than 0", "critical"),
            between("session_number", 1, None, "sessions are numbered from 1", "critical"),
        ),
    ),
    Batch(
        "finance.package_progress",
        ("order_id",),
        (
            unique("order_id", "one row per package order", "critical"),
            between("liability_cents", 0, None, "nobody owes us unused sessions", "critical"),
            between("expired_cents", 0, None, "nothing below 0 has expired", "critical"),
            between("prepaid_unused_cents", 0, None, "no more is netted than was paid", "critical"),
        ),
    ),
    Batch(
        "finance.release_schedule",
        ("currency", "available_on"),
        (
            between("pending_count", 0, None, "counts are counts", "critical"),
            between("projected_count", 0, None, "counts are counts", "critical"),
        ),
    ),
    Batch(
        "marts_packages",
        ("order_id",),
        (
            true("sessions_are_the_price", "the sessions of an order are its price", "critical"),
            true("parts_are_the_price", "every cent of the price stands somewhere", "critical"),
        ),
    ),
    Batch(
        "marts_balances",
        ("practitioner_id", "currency"),
        (
            true("is_the_ledger", "the balances are the sum of finance.earnings", "critical"),
            true("lifetime_adds_up", "lifetime = pending + available + paid", "critical"),
        ),
    ),
    Batch(
        "reconciliation.migration_summary",
        ("step", "reason", "currency"),
        (between("row_count", 1, None, "every line stands for rows", "critical"),),
    ),
    Batch(
        "reconciliation.open_exceptions",
        ("exception_id",),
        (not_null("meaning", "every open matter says what it means", "critical"),),
    ),
)
