"""The rows that the oracle keeps: amounts in cents, moments with a time zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

NO_DELIVERY = frozenset({"bonus", "adjustment", "clawback", "reversal"})
UNPAID = frozenset({"projected", "pending", "available"})
EARNED = frozenset({"pending", "available", "paid"})
FAILED_PAYOUT = frozenset({"failed", "canceled", "cancelled"})
# what a write of the app cannot make of a delivery (R14)
UNDELIVERED = frozenset({"draft", "pending_payment", "confirmed", "in_progress", "scheduled"})


class Refused(Exception):
    """The engine refuses the write with this SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@dataclass(kw_only=True)
class Service:
    """`session_ends`: a workshop's by the session that is booked, a course's all together."""

    id: int
    code: str
    practitioner_id: int
    rate: Decimal = Decimal(15)
    session_ends: dict[int, datetime] = field(default_factory=dict)


@dataclass(kw_only=True)
class Order:
    """`terms` are (price in cents, sessions), frozen at the first delivery.

    `slots`: slot number -> the delivered session that uses it; `prepaid` and `slot_refunds`: the
    parts of a used slot that a paid purchase nets and that a refund of the order had used up.
    `refunded_cents`: credit rows of the order without a booking.
    """

    id: int
    user_id: int
    service_id: int
    is_package: bool
    price_cents: int
    created_at: datetime
    session_count: int = 1
    status: str = "completed"
    expires_at: datetime | None = None
    prepaid_cents: int = 0
    prepaid_practitioner_id: int | None = None
    terms: tuple[int, int] | None = None
    slots: dict[int, int] = field(default_factory=dict)
    prepaid: dict[int, int] = field(default_factory=dict)
    slot_refunds: dict[int, int] = field(default_factory=dict)
    refunded_cents: int = 0
    breakage: tuple[int, int] | None = None


@dataclass(kw_only=True)
class Booking:
    """`delivered_at`: what the write that completed it says (R4), later what it says itself.

    `refunded_cents`: what its credit rows give back.
    """

    id: int
    user_id: int
    service_id: int
    practitioner_id: int
    status: str
    created_at: datetime
    price_cents: int
    final_cents: int
    end_time: datetime | None = None
    service_session_id: int | None = None
    order_id: int | None = None
    parent_id: int | None = None
    rescheduled_from_id: int | None = None
    is_purchase: bool = False
    completed_at: datetime | None = None
    delivered_at: datetime | None = None
    refunded_cents: int = 0


@dataclass(kw_only=True)
class Earnings:
    """`number` is the oracle's own key; `original` the number of the row that it adjusts."""

    number: int
    booking_id: int
    practitioner_id: int
    kind: str
    status: str
    gross_cents: int
    commission_cents: int
    rate: Decimal
    available_after: datetime
    created_at: datetime
    payout_id: int | None = None
    original: int | None = None
    opposite_of: int | None = None
    waits_for_slot: bool = False

    @property
    def net_cents(self) -> int:
        return self.gross_cents - self.commission_cents

    @property
    def is_delivery(self) -> bool:
        return self.kind not in NO_DELIVERY

    @property
    def is_live(self) -> bool:
        return self.status != "reversed"


@dataclass(kw_only=True)
class Payout:
    id: int
    practitioner_id: int
    cents: int
    status: str = "pending"


@dataclass(kw_only=True, frozen=True)
class Transition:
    """One change of an earnings row; amounts are net cents before and after it (R19)."""

    stamp: datetime
    number: int
    booking_id: int
    practitioner_id: int
    from_status: str | None
    to_status: str | None
    from_net_cents: int
    net_cents: int
