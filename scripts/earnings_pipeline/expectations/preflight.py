"""What is expected of the app's tables before migrate, in the form before the plan and after it.

critical: migrate has no answer to it, so it must be mended first.  These are values that nobody
knows, and amounts that do not add up or are below zero.  warning: the migration mends it, or
reports it; the rows are listed so that a person can look at them beforehand.
"""

from __future__ import annotations

from earnings_pipeline.expectations.suite import Batch, between, not_null, one_of, true

BOOKING_STATUSES = (
    *("draft", "pending_payment", "confirmed", "in_progress", "completed", "canceled", "no_show"),
)
BOOKING_STATUSES_ALSO_WRITTEN = ("scheduled", "rescheduled", "cancelled")
PAYMENT_STATUSES = ("unpaid", "paid", "partially_refunded", "refunded")
ORDER_STATUSES = (
    *("pending", "processing", "completed", "failed", "refunded", "partially_refunded"),
)
ORDER_TYPES = ("direct", "credit", "package", "subscription", "bundle")
EARNINGS_STATUSES = ("projected", "pending", "available", "paid", "reversed")
EARNINGS_STATUSES_ALSO_WRITTEN = ("completed", "processing", "paid_out")
PAYOUT_STATUSES = ("pending", "processing", "completed", "failed", "canceled")
CREDIT_TYPES = (*("purchase", "usage", "refund", "adjustment", "bonus", "transfer", "expiry"),)
SERVICE_TYPES = (
    *("session", "workshop", "course", "package", "bundle"),
    *("in-person_session", "online_session"),
)

SUITE = (
    Batch(
        "public.bookings_booking",
        ("id",),
        (
            one_of(
                "status",
                (*BOOKING_STATUSES, *BOOKING_STATUSES_ALSO_WRITTEN),
                "every booking has a status that the app is known to write",
                "critical",
            ),
            one_of(
                "status",
                (*BOOKING_STATUSES, "scheduled", "rescheduled"),
                "no booking is spelled cancelled; migrate stores it as canceled",
                "warning",
            ),
            one_of(
                "payment_status",
                PAYMENT_STATUSES,
                "every booking has a known payment status",
                "warning",
            ),
            between(
                "price_charged_cents", 0, None, "no booking has a price below zero", "critical"
            ),
            not_null(
                "completed_at",
                "every delivered booking says when; migrate fills it in",
                "warning",
                where=("status", "completed"),
            ),
            not_null(
                "end_time",
                "every confirmed booking has an end; without one it is never completed by itself",
                "warning",
                where=("status", "confirmed"),
            ),
        ),
    ),
    Batch(
        "public.payments_order",
        ("id",),
        (
            one_of("status", ORDER_STATUSES, "every order has a known status", "warning"),
            one_of("order_type", ORDER_TYPES, "every order has a known type", "warning"),
            between(
                "subtotal_amount_cents", 0, None, "no order has a price below zero", "critical"
            ),
            between(
                "credits_applied_cents",
                0,
                None,
                "no order has credits applied below zero",
                "critical",
            ),
        ),
    ),
    Batch(
        "public.payments_earningstransaction",
        ("id",),
        (
            one_of(
                "status",
                (*EARNINGS_STATUSES, *EARNINGS_STATUSES_ALSO_WRITTEN),
                "all earnings have a status that the app is known to write",
                "critical",
            ),
            one_of(
                "status",
                EARNINGS_STATUSES,
                "all earnings have one of the five statuses; migrate normalizes the others",
                "warning",
            ),
            between(
                "commission_rate", 0, 100, "every commission is between 0 and 100 %", "warning"
            ),
        ),
    ),
    Batch(
        "public.payments_practitionerpayout",
        ("id",),
        (
            one_of(
                "status",
                (*PAYOUT_STATUSES, "cancelled"),
                "every payout has a known status",
                "warning",
            ),
            not_null("practitioner_id", "every payout has a practitioner", "warning"),
            not_null("credits_payout_cents", "every payout has an amount", "warning"),
        ),
    ),
    Batch(
        "public.payments_usercredittransaction",
        ("id",),
        (
            one_of(
                "transaction_type",
                (*CREDIT_TYPES, "transfer_in", "transfer_out"),
                "every credit transaction has a known type",
                "warning",
            ),
        ),
    ),
    Batch(
        "public.services_servicetype",
        ("id",),
        (
            one_of(
                "code",
                SERVICE_TYPES,
                "every service type is known; an unknown one is delivered like a session",
                "warning",
            ),
        ),
    ),
    Batch(
        "preflight_orders",
        ("id",),
        (
            true(
                "adds_up",
                "total = subtotal + tax - credits on every order; the app checks it on every save",
                "warning",
            ),
            true("has_booking", "every sold order has a booking of its client", "warning"),
        ),
    ),
    Batch(
        "preflight_earnings",
        ("id",),
        (
            true("adds_up", "net = gross - commission on all earnings", "critical"),
            true("is_of_the_practitioner", "earnings go to who delivers the booking", "warning"),
            true("is_delivered", "nothing is payable before it was delivered", "warning"),
            true("is_not_canceled", "canceled bookings have no live earnings", "warning"),
            true("is_no_purchase", "the purchase of a package has no live earnings", "warning"),
            true("is_the_only_one", "no booking has two live delivery rows", "warning"),
            true("has_payout", "paid earnings have a payout and only they have", "warning"),
        ),
    ),
    Batch(
        "preflight_balances",
        ("practitioner_id",),
        (
            true(
                "is_true",
                "every balance that the app shows is the sum of its rows; migrate makes it so",
                "warning",
            ),
        ),
    ),
)
