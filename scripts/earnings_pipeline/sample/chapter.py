"""One chapter of the sample: a few practitioners and all that ever happened to them.

A chapter knows nothing of the others but where the ids stand, so the sample needs the memory of one
chapter, however long it gets.  The methods write what the app writes, in its order.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from earnings_pipeline.sample import world
from earnings_pipeline.sample.clock import DAY, HOLD, HOUR, NOW, OPENING, written
from earnings_pipeline.sample.rows import (
    Booking,
    CompletionRecord,
    Credit,
    CreditBalance,
    Earnings,
    Order,
    Payout,
    Practitioner,
    PractitionerEarnings,
    Relationship,
    Row,
    Service,
    ServicePractitioner,
    ServiceSession,
    Subscription,
    User,
    quoted,
)

FIRST_NAMES = (
    "Ada",
    "Bo",
    "Cleo",
    "Dov",
    "Esme",
    "Finn",
    "Gia",
    "Hal",
    "Ines",
    "Jun",
    "Kim",
    "Lio",
)
LAST_NAMES = ("Example", "Sample", "Specimen", "Placeholder", "Fictive", "Invented", "Pattern")
SERVICE_NAMES = {
    world.SESSION: "Session",
    world.WORKSHOP: "Workshop",
    world.COURSE: "Course",
    world.PACKAGE: "Package",
    world.BUNDLE: "Bundle",
    world.IN_PERSON: "In person session",
    world.ONLINE: "Online session",
    world.RETREAT: "Retreat",
    world.CONSULTATION: "Consultation",
}
AnyRow = TypeVar("AnyRow", bound=Row)


class Truth(NamedTuple):
    """What must be true of one subject after the migration, and why."""

    shape: str
    subject: str
    subject_id: int
    attribute: str
    expected: str
    why: str


@dataclass(kw_only=True)
class Sale:
    """What one checkout left behind."""

    order: Order
    booking: Booking
    usage: Credit
    earnings: Earnings | None
    children: list[Booking] = field(default_factory=list)

    @property
    def earned(self) -> Earnings:
        """The earnings, where the task has surely run."""
        if self.earnings is None:
            raise LookupError(f"the sale of booking {self.booking.id} has no earnings")
        return self.earnings


def text(value: object) -> str:
    """Write a value as the truth table does."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


class Chapter:
    """The rows of one chapter, which may change until it is written, and the truth about them."""

    def __init__(self, ids: Counter[str], rng: random.Random) -> None:
        self.ids = ids
        self.rng = rng
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.truth: list[Truth] = []
        # what an earlier try at the plan wrote, for samples that pretend there was one
        self.half_done: list[str] = []
        self.bookings: list[Booking] = []
        self.earnings: list[Earnings] = []
        self.practitioners: dict[int, Practitioner] = {}
        # the shape that is being written, and the one that each practitioner belongs to
        self.shape = "00_ordinary"
        self.shape_of: dict[int, str] = {}
        self.service_types: dict[int, int] = {}
        self.contents: dict[int, list[int]] = defaultdict(list)
        self.credit_sums: Counter[int] = Counter()
        # how far a cached balance is off; None: its row is missing
        self.credit_drift: dict[int, int] = {}
        self.cache_drift: dict[int, int | None] = {}
        # earnings that the migration must create: practitioner, status, net
        self.to_be_created: list[tuple[int, str, int]] = []

    def add(self, row: AnyRow) -> AnyRow:
        """Give the row its id and keep it."""
        table = row.table
        self.ids[table] += 1
        row.id = self.ids[table]
        self.rows[table].append(row)
        return row

    def uuid(self) -> str:
        """Invent a UUID; PostgreSQL does not ask for the hyphens."""
        return f"{self.rng.getrandbits(128):032x}"

    def user(self, at: int = OPENING, *, is_practitioner: bool = False) -> User:
        """Sign a user up."""
        number = self.ids[User.table]
        return self.add(
            User(
                created_at=at,
                uuid=self.uuid(),
                first_name=FIRST_NAMES[number % len(FIRST_NAMES)],
                last_name=LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)],
                is_practitioner=is_practitioner,
            )
        )

    def practitioner(self, tier: int | None = None) -> Practitioner:
        """Sign a practitioner up, on a tier or on none."""
        user = self.user(is_practitioner=True)
        practitioner = self.add(
            Practitioner(
                public_uuid=self.uuid(),
                display_name=f"{user.first_name} {user.last_name} {user.id}",
                user_id=user.id,
                tier=tier,
            )
        )
        self.practitioners[practitioner.id] = practitioner
        self.shape_of[practitioner.id] = self.shape
        if tier is not None:
            subscription = self.subscription(practitioner, tier)
            practitioner.current_subscription_id = subscription.id
        return practitioner

    def subscription(self, practitioner: Practitioner, tier: int, **values: object) -> Subscription:
        """Subscribe a practitioner to a tier."""
        return self.add(Subscription(practitioner_id=practitioner.id, tier_id=tier, **values))

    def service(
        self, practitioner: Practitioner, service_type: int, price_cents: int, **values: object
    ) -> Service:
        """Offer a service."""
        number = self.ids[Service.table] + 1
        service = self.add(
            Service(
                public_uuid=self.uuid(),
                name=f"{SERVICE_NAMES[service_type]} {number}",
                price_cents=price_cents,
                primary_practitioner_id=practitioner.id,
                service_type_id=service_type,
                **values,
            )
        )
        self.service_types[service.id] = service_type
        self.add(ServicePractitioner(practitioner_id=practitioner.id, service_id=service.id))
        return service

    def package(
        self,
        practitioner: Practitioner,
        price_cents: int,
        contents: Iterable[tuple[Service, int]],
        service_type: int = world.PACKAGE,
        **values: object,
    ) -> Service:
        """Offer a package or bundle of other services."""
        package = self.service(practitioner, service_type, price_cents, **values)
        for child, quantity in contents:
            self.contents[package.id].append(child.id)
            self.add(
                Relationship(
                    parent_service_id=package.id, child_service_id=child.id, quantity=quantity
                )
            )
        return package

    def service_session(
        self, service: Service, start: int, end: int, number: int
    ) -> ServiceSession:
        """Set one meeting of a workshop or course."""
        return self.add(
            ServiceSession(
                service_id=service.id, start_time=start, end_time=end, sequence_number=number
            )
        )

    def order(self, user: User, service: Service | None, at: int, **values: object) -> Order:
        """Insert an order as the checkout does."""
        return self.add(
            Order(
                created_at=at,
                updated_at=at,
                public_uuid=self.uuid(),
                user_id=user.id,
                service_id=service.id if service else None,
                practitioner_id=service.primary_practitioner_id if service else None,
                **values,
            )
        )

    def credit(self, user_id: int, kind: str, cents: int, at: int, **values: object) -> Credit:
        """Insert a credit row."""
        self.credit_sums[user_id] += cents
        return self.add(
            Credit(
                created_at=at, user_id=user_id, transaction_type=kind, amount_cents=cents, **values
            )
        )

    def booking(self, user: User, service: Service, at: int, **values: object) -> Booking:
        """Insert a booking; it is its service's practitioner's, unless another is named."""
        values.setdefault("practitioner_id", service.primary_practitioner_id)
        booking = self.add(
            Booking(
                created_at=at,
                updated_at=at,
                public_uuid=self.uuid(),
                user_id=user.id,
                service_id=service.id,
                service_name=service.name,
                practitioner_name=self.practitioners[service.primary_practitioner_id].display_name,
                **values,
            )
        )
        if booking.status == "confirmed":
            booking.confirmed_at = at
        self.bookings.append(booking)
        return booking

    def earn(
        self, booking: Booking, service_type: int, at: int, gross_cents: int, **values: object
    ) -> Earnings:
        """Insert earnings as the app's task does: pending, held 48 hours from the purchase."""
        tier = self.practitioners[booking.practitioner_id].tier
        rate = world.rate(service_type, tier, at)
        values.setdefault("available_after", at + HOLD)
        earnings = self.add(
            Earnings(
                created_at=at,
                updated_at=at,
                gross_amount_cents=gross_cents,
                commission_rate=rate,
                commission_amount_cents=world.commission(rate, gross_cents),
                booking_id=booking.id,
                practitioner_id=booking.practitioner_id,
                **values,
            )
        )
        self.earnings.append(earnings)
        return earnings

    def checkout(
        self,
        user: User,
        service: Service,
        at: int,
        start: int | None = None,
        end: int | None = None,
        *,
        credits_cents: int = 0,
        currency: str = "USD",
        earns: bool = True,
        service_session_id: int | None = None,
        **booking: object,
    ) -> Sale:
        """Sell a service: an order, the two credit rows, the booking, and the task's earnings."""
        price = service.price_cents
        by_credits = 0 < price == credits_cents
        order = self.order(
            user,
            service,
            at,
            subtotal_amount_cents=price,
            credits_applied_cents=credits_cents,
            currency=currency,
            payment_method="credits" if by_credits else "stripe",
            # an order that credits pay in full is never completed by the app
            status="pending" if by_credits else "completed",
        )
        paid = {
            "order_id": order.id,
            "currency": currency,
            "service_id": service.id,
            "practitioner_id": service.primary_practitioner_id,
        }
        self.credit(user.id, "purchase", price, at + 1, **paid)
        usage = self.credit(user.id, "usage", -price, at + 1, **paid)
        sold = self.booking(
            user,
            service,
            at + 2,
            start_time=start,
            end_time=end,
            price_charged_cents=price,
            discount_amount_cents=credits_cents,
            payment_transaction_id=usage.id,
            service_session_id=service_session_id,
            **booking,
        )
        usage.booking_id = sold.id
        earnings = None
        if earns and not world.app_crashes(service.service_type_id, at):
            earnings = self.earn(sold, service.service_type_id, at + 3, price, currency=currency)
        return Sale(order=order, booking=sold, usage=usage, earnings=earnings)

    def checkout_package(
        self,
        user: User,
        package: Service,
        children: Iterable[Service],
        at: int,
        *,
        bundle_sessions: int | None = None,
        has_record: bool = True,
        **options: object,
    ) -> Sale:
        """Sell a package or bundle: a parent that looks like an appointment, and draft children."""
        is_bundle = package.service_type_id == world.BUNDLE
        sessions = list(children)
        sale = self.checkout(
            user,
            package,
            at,
            at + 2,
            at + 2 + HOUR,
            is_package_purchase=not is_bundle,
            is_bundle_purchase=is_bundle,
            package_name="" if is_bundle else package.name,
            package_contents=None
            if is_bundle
            else [{"service_id": child.id} for child in sessions],
            bundle_name=package.name if is_bundle else "",
            bundle_sessions=bundle_sessions,
            **options,  # type: ignore[arg-type]
        )
        for child in sessions:
            sale.children.append(
                self.booking(
                    user,
                    child,
                    at + 2,
                    status="draft",
                    payment_status="unpaid",
                    parent_booking_id=sale.booking.id,
                    package_name="" if is_bundle else package.name,
                    bundle_name=package.name if is_bundle else "",
                )
            )
        if has_record:
            self.add(CompletionRecord(created_at=at + 3, package_booking_id=sale.booking.id))
        return sale

    def complete(self, booking: Booking, at: int) -> None:
        """Complete a booking through the app."""
        booking.status = "completed"
        booking.completed_at = booking.actual_end_time = booking.updated_at = at

    def leave_room(self, booking: Booking, at: int) -> None:
        """Complete a booking as the video room does: nothing but status and actual_end_time."""
        booking.status = "completed"
        booking.actual_end_time = at

    def cancel(self, sale: Sale, at: int, *, refunded: bool = True, british: bool = False) -> None:
        """Cancel a booking on one of the app's two paths; the card part comes back as credits."""
        booking = sale.booking
        booking.status = "cancelled" if british else "canceled"
        booking.canceled_at = None if british else at
        booking.canceled_by = "client"
        booking.updated_at = at
        if refunded and booking.final_amount_cents > 0:
            booking.payment_status = "refunded"
            self.credit(
                booking.user_id,
                "refund",
                booking.final_amount_cents,
                at + 5,
                booking_id=booking.id,
                order_id=sale.order.id,
                currency=sale.order.currency,
                practitioner_id=booking.practitioner_id,
                reference_transaction_id=sale.usage.id,
                service_id=booking.service_id,
            )

    def reschedule(
        self, user: User, service: Service, old: Booking, at: int, start: int, end: int
    ) -> Booking:
        """Reschedule a booking: a new one without order and earnings; the old one keeps its own."""
        old.status = "rescheduled"
        old.updated_at = at
        return self.booking(
            user,
            service,
            at,
            start_time=start,
            end_time=end,
            payment_status="unpaid",
            price_charged_cents=old.price_charged_cents,
            discount_amount_cents=old.discount_amount_cents,
            rescheduled_from_id=old.id,
        )

    def pay_out(
        self, earnings: list[Earnings], at: int, status: str = "completed", **values: object
    ) -> Payout:
        """Pay earnings out in one batch."""
        first = earnings[0]
        terms: dict[str, object] = {
            "practitioner_id": first.practitioner_id,
            "credits_payout_cents": sum(row.net_amount_cents for row in earnings),
            "commission_collected_cents": sum(row.commission_amount_cents for row in earnings),
        }
        payout = self.add(
            Payout(
                created_at=at,
                payout_date=at,
                status=status,
                currency=first.currency,
                **(terms | values),
            )
        )
        for row in earnings:
            row.status = "paid"
            row.updated_at = at
            row.payout_id = payout.id
        return payout

    def link_half(self, booking: Booking, order: Order) -> None:
        """Let the earlier try have linked a booking."""
        self.half_done.append(f"{order.id},{booking.id},,\n")

    def describe_half(
        self, order: Order, order_type: str, metadata: dict[str, object] | None
    ) -> None:
        """Let the earlier try have described a package order, rightly or not."""
        described = "" if metadata is None else quoted(metadata)
        self.half_done.append(f"{order.id},,{order_type},{described}\n")

    def expect(self, subject: str, subject_id: int, why: str, /, **attributes: object) -> None:
        """Say what must be true of a subject after the migration.

        An attribute that ends in _at or _after is a moment; a dot is written as two underscores.
        """
        for name, value in attributes.items():
            if isinstance(value, int) and name.endswith(("_at", "_after")):
                expected = written(value)
            else:
                expected = text(value)
            self.truth.append(
                Truth(self.shape, subject, subject_id, name.replace("__", "."), expected, why)
            )

    def expect_earnings(self, earnings: Earnings, why: str, /, **attributes: object) -> None:
        """Say what must become of an earnings row, and remember its status for the balance."""
        if "status" in attributes:
            earnings.status_in_the_end = str(attributes["status"])
        self.expect("earnings", earnings.id, why, **attributes)

    def expect_created(
        self,
        booking: Booking,
        why: str,
        gross_cents: int,
        rate: int,
        delivered: int | None = None,
    ) -> None:
        """Say that a delivered booking gets the earnings that it lacks."""
        delivered = booking.delivered_at if delivered is None else delivered
        net = gross_cents - world.commission(rate, gross_cents)
        self.to_be_created.append((booking.practitioner_id, "pending", net))
        self.expect(
            "booking_earnings",
            booking.id,
            why,
            live_delivery_count=1,
            live_status="pending",
            live_gross_amount_cents=gross_cents,
            live_net_amount_cents=net,
            live_available_after=delivered + HOLD,
        )

    def close(self) -> None:
        """Write the cached balances, as wrong as the app leaves them, and what they must become."""
        for user_id, cents in sorted(self.credit_sums.items()):
            self.add(
                CreditBalance(
                    updated_at=NOW - DAY,
                    user_id=user_id,
                    balance_cents=cents + self.credit_drift.get(user_id, 0),
                )
            )
        true: dict[int, Counter[str]] = defaultdict(Counter)
        cached: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self.earnings:
            if row.currency == "USD":
                status = row.status_in_the_end or row.status
                true[row.practitioner_id][status] += row.net_amount_cents
                cached[row.practitioner_id][row.status] += row.net_amount_cents
        for practitioner_id, status, net in self.to_be_created:
            true[practitioner_id][status] += net
        for practitioner_id in self.practitioners:
            drift = self.cache_drift.get(practitioner_id, 0)
            sums = cached[practitioner_id]
            if drift is not None and practitioner_id in cached:
                self.add(
                    PractitionerEarnings(
                        updated_at=NOW - DAY,
                        practitioner_id=practitioner_id,
                        pending=sums["pending"],
                        # the app subtracts a payout from the balance that it has just recomputed
                        available=sums["available"] - sums["paid"] + drift,
                        lifetime=sum(sums.values()) - sums["reversed"],
                        paid=sums["paid"],
                    )
                )
            if not true[practitioner_id]:
                continue
            sums = true[practitioner_id]
            self.shape = self.shape_of[practitioner_id]
            self.expect(
                "practitioner",
                practitioner_id,
                "R17: the cached balance is the sum of the rows",
                pending_balance_cents=sums["pending"],
                available_balance_cents=sums["available"],
                lifetime_earnings_cents=sums["pending"] + sums["available"] + sums["paid"],
                lifetime_payouts_cents=sums["paid"],
            )
