"""Amounts in whole cents; rates in percent, as exact decimals."""

from __future__ import annotations

from decimal import Decimal


def slot_cents(price_cents: int, session_count: int, slot_number: int) -> int:
    """What slot `slot_number` (from 1) of `session_count` is worth (R7)."""
    return (
        slot_number * price_cents // session_count
        - (slot_number - 1) * price_cents // session_count
    )


def commission_cents(rate: Decimal, gross_cents: int) -> int:
    """trunc(rate / 100 * gross), also for negative amounts (R5)."""
    return int(rate * gross_cents / 100)


def remaining_cents(gross_cents: int, refunded_cents: int, worth_cents: int) -> int:
    """What is left of a gross amount when `refunded_cents` of `worth_cents` went back (R9)."""
    return gross_cents - gross_cents * min(refunded_cents, worth_cents) // worth_cents
