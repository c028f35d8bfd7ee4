"""The rules in plain Python: what the engine, the models and the report must agree with.

Written from the rules and from docs/decisions, never from sql/: no database, no SQL, one object
per row.  It is slow, small and in memory, and its transitions answer for any past moment.
"""

from oracle.marketplace import Marketplace
from oracle.money import commission_cents, remaining_cents, slot_cents
from oracle.rows import Booking, Earnings, Order, Payout, Refused, Service, Transition

__all__ = [
    "Booking",
    "Earnings",
    "Marketplace",
    "Order",
    "Payout",
    "Refused",
    "Service",
    "Transition",
    "commission_cents",
    "remaining_cents",
    "slot_cents",
]
