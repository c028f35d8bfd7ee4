"""The dirty shapes of the app's data, each in a known place, and what must become of each.

Every function writes one shape with users, practitioners, services and orders of its own, so that
nothing else can be mistaken for it.  What it expects follows from the rules, not from the code that
carries them out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from earnings_pipeline.sample import world
from earnings_pipeline.sample.chapter import Chapter, Sale
from earnings_pipeline.sample.clock import DAY, HOLD, HOUR, MINUTE, NOW, written
from earnings_pipeline.sample.rows import (
    Booking,
    CompletionRecord,
    Earnings,
    Order,
    Practitioner,
    Relationship,
    Service,
    User,
)

Shape = Callable[["Scene"], None]
SHAPES: dict[str, Shape] = {}


def shape(function: Shape) -> Shape:
    """Enter a shape under its name: `s04c_purchase_paid` is `04c_purchase_paid`."""
    SHAPES[function.__name__.removeprefix("s")] = function
    return function


@dataclass(kw_only=True)
class Scene:
    """A client, a practitioner and a service of a shape's own, and its usual moments."""

    chapter: Chapter
    copy: int

    @property
    def price(self) -> int:
        """A price that four sessions divide."""
        return 8000 + 400 * (self.copy % 50)

    def ago(self, days: int) -> int:
        """Give a moment so many days ago; each copy has its own minute."""
        return NOW - days * DAY + self.copy % 600 * MINUTE

    def ahead(self, days: int) -> int:
        """Give a moment so many days ahead."""
        return self.ago(-days)

    def offer(
        self,
        service_type: int = world.SESSION,
        price: int | None = None,
        tier: int | None = None,
    ) -> tuple[User, Practitioner, Service]:
        """Bring on a client, a practitioner and a service."""
        practitioner = self.chapter.practitioner(tier)
        price = self.price if price is None else price
        service = self.chapter.service(practitioner, service_type, price)
        return self.chapter.user(), practitioner, service

    def past(self, service_type: int = world.SESSION, **options: object) -> Sale:
        """Sell an appointment that was due three weeks ago."""
        user, _, service = self.offer(service_type)
        return self.chapter.checkout(
            user,
            service,
            self.ago(40),
            self.ago(20),
            self.ago(20) + HOUR,
            **options,  # type: ignore[arg-type]
        )

    def upcoming(self, service_type: int = world.SESSION, **options: object) -> Sale:
        """Sell an appointment that is five weeks ahead."""
        user, _, service = self.offer(service_type)
        return self.chapter.checkout(
            user,
            service,
            self.ago(25),
            self.ahead(35),
            self.ahead(35) + HOUR,
            **options,  # type: ignore[arg-type]
        )

    def delivered(self, service_type: int = world.SESSION, **options: object) -> Sale:
        """Sell an appointment that the app completed three weeks ago."""
        sale = self.past(service_type, **options)
        self.complete(sale.booking)
        return sale

    def complete(self, booking: Booking) -> int:
        """Complete a booking through the app, ten minutes late, and tell when."""
        delivered = booking.delivered_at + 10 * MINUTE
        self.chapter.complete(booking, delivered)
        return delivered

    def leave_room(self, booking: Booking) -> int:
        """Complete a booking through the video room, two minutes late, and tell when."""
        delivered = booking.delivered_at + 2 * MINUTE
        self.chapter.leave_room(booking, delivered)
        return delivered

    def packaged(
        self,
        sessions: int,
        price: int | None = None,
        service_type: int = world.PACKAGE,
        quantity: int | None = None,
        **options: object,
    ) -> Sale:
        """Sell a package of sessions, with that many children."""
        user, practitioner, session = self.offer(price=5000)
        package = self.chapter.package(
            practitioner,
            self.price if price is None else price,
            [(session, sessions if quantity is None else quantity)],
            service_type,
        )
        return self.chapter.checkout_package(
            user,
            package,
            [session] * sessions,
            self.ago(90),
            **options,  # type: ignore[arg-type]
        )

    def schedule(self, child: Booking, days_ago: int, status: str = "confirmed") -> None:
        """Give a package session its time."""
        child.start_time = self.ago(days_ago)
        child.end_time = child.start_time + HOUR
        child.status = status

    def hold_session(self, child: Booking, days_ago: int) -> int:
        """Deliver a package session through the video room, and tell when."""
        self.schedule(child, days_ago)
        return self.leave_room(child)

    def refund(self, sale: Sale, cents: int, at: int) -> None:
        """Give credits back for a booking that takes or took place all the same."""
        booking = sale.booking
        is_whole = cents == booking.final_amount_cents
        booking.payment_status = "refunded" if is_whole else "partially_refunded"
        self.chapter.credit(
            booking.user_id, "refund", cents, at, booking_id=booking.id, order_id=sale.order.id
        )

    # what is expected

    def links(self, booking: Booking, order: Order, why: str) -> None:
        """Expect a booking on an order."""
        self.chapter.expect("booking", booking.id, why, order_id=order.id)

    def is_projected(self, earnings: Earnings, end: int, why: str) -> None:
        """Expect earnings to go back to projected, held from the appointment's end."""
        self.chapter.expect_earnings(
            earnings, why, status="projected", available_after=end + HOLD, payout_id=None
        )

    def is_pending(self, earnings: Earnings, delivered: int, why: str) -> None:
        """Expect earnings to be pending, held from the delivery."""
        self.chapter.expect_earnings(
            earnings, why, status="pending", available_after=delivered + HOLD, payout_id=None
        )

    def is_reversed(self, earnings: Earnings, why: str) -> None:
        """Expect earnings to be reversed."""
        self.chapter.expect_earnings(earnings, why, status="reversed")

    def stays(self, earnings: Earnings, why: str) -> None:
        """Expect an earnings row to keep every column."""
        self.chapter.expect_earnings(earnings, why, status=earnings.status, unchanged=True)

    def reports(self, kind: str, subject: str, subject_id: int, why: str) -> None:
        """Expect an exception."""
        self.chapter.expect(subject, subject_id, why, exception=kind)

    def keeps_a_refund(self, booking: Booking, earnings: Earnings, refunded: int) -> None:
        """Expect a report of what earnings have above what a refund of the card part left."""
        why = "R9: refunded before anybody settled refunds, so a person decides"
        gross, share = earnings.gross_amount_cents, booking.final_amount_cents
        left = gross - gross * min(refunded, share) // share
        net_left = left - world.commission(earnings.commission_rate, left)
        self.reports("refunded_before_install", "booking", booking.id, why)
        self.chapter.expect(
            "booking",
            booking.id,
            why,
            exception__refunded_before_install__amount_cents=earnings.net_amount_cents - net_left,
        )

    def is_created(self, booking: Booking, gross: int, why: str) -> None:
        """Expect a delivered booking to get its earnings at today's rate for a plain session."""
        tier = self.chapter.practitioners[booking.practitioner_id].tier
        rate = world.rate(world.SESSION, tier)
        self.chapter.expect_created(booking, why, gross, rate)

    def earns_nothing(self, booking: Booking, why: str) -> None:
        """Expect a booking without live earnings."""
        self.chapter.expect("booking_earnings", booking.id, why, live_delivery_count=0)

    def is_described(self, sale: Sale, sessions: int, completed: int, why: str) -> None:
        """Expect a package order to know what was sold, and its bookings to hang on it."""
        price = sale.order.subtotal_amount_cents
        is_bundle = sale.booking.is_bundle_purchase
        kind = "bundle" if is_bundle else "package"
        self.chapter.expect(
            "order",
            sale.order.id,
            why,
            order_type="package",
            subtotal_amount_cents=price,
            package_metadata__package_type=kind,
            package_metadata__total_sessions=sessions,
            package_metadata__sessions_completed=completed,
            package_metadata__session_value_cents=price // sessions,
            package_metadata__migrated_from_booking_id=sale.booking.id,
            package_metadata__expires_at=sale.order.created_at + 365 * DAY,
            package_metadata__migrated_at="set",
            **{f"package_metadata__{kind}_service_id": sale.booking.service_id},
        )
        if is_bundle:
            (bundled,) = self.chapter.contents[sale.booking.service_id]
            self.chapter.expect(
                "order",
                sale.order.id,
                "R10: its single related service",
                package_metadata__bundled_service_id=bundled,
            )
        for booking in (sale.booking, *sale.children):
            self.links(booking, sale.order, "R15: a parent's order is its children's")
        self.chapter.expect(
            "booking",
            sale.booking.id,
            "R24.3: a parent is set aside, not changed",
            status="confirmed",
        )


# 1 to 3: nobody completed, nobody released


@shape
def s01_overdue_confirmed(scene: Scene) -> None:
    """An appointment three weeks past its end is still confirmed."""
    sale = scene.past()
    booking = sale.booking
    scene.is_projected(sale.earned, scene.ago(20) + HOUR, "R24.6: not delivered, so not earned yet")
    scene.chapter.expect(
        "booking", booking.id, "R24 completes nothing", status="confirmed", order_id=sale.order.id
    )
    scene.chapter.expect("order", sale.order.id, "R24: a direct order stays", unchanged=True)


@shape
def s02_pending_before_delivery(scene: Scene) -> None:
    """Earnings of an upcoming appointment are pending since 48 hours after the purchase."""
    sale = scene.upcoming()
    scene.is_projected(
        sale.earned, scene.ahead(35) + HOUR, "R24.6: held from the appointment's end"
    )
    scene.links(sale.booking, sale.order, "R15: the credit row's order")


@shape
def s03a_pending_long_past_its_hold(scene: Scene) -> None:
    """Delivered earnings are still pending, long after their hold."""
    sale = scene.delivered()
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R24.7: held from the delivery")
    scene.chapter.expect(
        "booking",
        sale.booking.id,
        "R24.7: completed_at is known and stays",
        completed_at=sale.booking.delivered_at,
        status="completed",
    )


@shape
def s03b_available_before_delivery(scene: Scene) -> None:
    """Earnings are available weeks before the appointment."""
    sale = scene.upcoming()
    sale.earned.status = "available"
    scene.is_projected(sale.earned, scene.ahead(35) + HOUR, "R24.6: never delivered")


@shape
def s03c_paid_before_delivery(scene: Scene) -> None:
    """Earnings are paid out weeks before the appointment."""
    sale = scene.upcoming()
    scene.chapter.pay_out([sale.earned], scene.ago(15))
    scene.stays(sale.earned, "R24.6 takes back what is not paid")
    scene.reports("paid_undelivered", "earnings", sale.earned.id, "R18: paid for what is to come")


@shape
def s03d_available_after_delivery(scene: Scene) -> None:
    """Delivered earnings are available, released on a hold that began at the purchase."""
    sale = scene.delivered()
    sale.earned.status = "available"
    scene.stays(sale.earned, "R24.7: delivered and available stays")
    scene.reports("earned_early", "earnings", sale.earned.id, "R24.7: its hold began at purchase")


# 4 to 8: packages and bundles


@shape
def s04a_purchase_pending(scene: Scene) -> None:
    """A package's parent has pending earnings of the full price; one session is delivered."""
    sale = scene.packaged(2)
    scene.hold_session(sale.children[0], 30)
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 2, 1, "R24.3: sold by its children, one delivered")
    scene.is_created(sale.children[0], scene.price // 2, "R7: the first slot")
    scene.earns_nothing(sale.children[1], "R6: the engine creates no projected rows")


@shape
def s04b_purchase_available(scene: Scene) -> None:
    """A package's parent has available earnings of the full price."""
    sale = scene.packaged(1)
    sale.earned.status = "available"
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 1, 0, "R24.3: sold by its child, not delivered")


@shape
def s04c_purchase_paid_all_delivered(scene: Scene) -> None:
    """A package's parent is paid out in full, and all sessions are delivered."""
    sale = scene.packaged(2)
    scene.chapter.pay_out([sale.earned], scene.ago(80))
    for child, days in zip(sale.children, (50, 40), strict=True):
        scene.hold_session(child, days)
        scene.earns_nothing(child, "R7: the paid purchase nets its payee's sessions")
    scene.stays(sale.earned, "R24.5: paid rows stay")
    scene.is_described(sale, 2, 2, "R24.3: sold by its children, both delivered")


@shape
def s04d_purchase_paid_half_delivered(scene: Scene) -> None:
    """A package's parent is paid out in full, and half the sessions are delivered."""
    sale = scene.packaged(2)
    scene.chapter.pay_out([sale.earned], scene.ago(80))
    scene.hold_session(sale.children[0], 50)
    scene.stays(sale.earned, "R24.5: paid rows stay")
    scene.earns_nothing(sale.children[0], "R7: the paid purchase nets its payee's sessions")
    scene.is_described(sale, 2, 1, "R24.3: sold by its children, one delivered")
    scene.reports(
        "purchase_already_paid", "order", sale.order.id, "R7: paid beyond what is delivered"
    )


@shape
def s04e_bundle_purchase_paid(scene: Scene) -> None:
    """A bundle's parent is paid out in full, and it has no sessions."""
    sale = scene.packaged(0, service_type=world.BUNDLE, quantity=1, bundle_sessions=4)
    scene.chapter.pay_out([sale.earned], scene.ago(80))
    scene.stays(sale.earned, "R24.5: paid rows stay")
    scene.is_described(sale, 4, 0, "R24.3: a bundle without children has its snapshot")
    scene.reports(
        "purchase_already_paid", "order", sale.order.id, "R7: paid beyond what is delivered"
    )


@shape
def s04f_purchase_canceled(scene: Scene) -> None:
    """A package is canceled and refunded; the earnings of its parent are still pending."""
    sale = scene.packaged(1)
    scene.chapter.cancel(sale, scene.ago(70))
    sale.children[0].status = "canceled"
    sale.children[0].canceled_at = scene.ago(70)
    scene.is_reversed(sale.earned, "R10 and R9: canceled or not, a purchase earns nothing")
    scene.earns_nothing(sale.children[0], "R9: canceled")
    scene.links(sale.booking, sale.order, "R15: the credit row's order")


@shape
def s05_purchase_like_an_appointment(scene: Scene) -> None:
    """A parent is confirmed with placeholder times; its order is direct, without metadata."""
    sale = scene.packaged(1)
    scene.is_described(sale, 1, 0, "R24.3: direct and without metadata before")
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.chapter.expect(
        "booking",
        sale.booking.id,
        "R24.7: a purchase is never delivered",
        completed_at=None,
        payment_status="paid",
    )


@shape
def s06_sessions_in_every_state(scene: Scene) -> None:
    """Sessions of a package are draft, scheduled, confirmed and completed, without an order."""
    sale = scene.packaged(4)
    _, waiting, open_, done = sale.children
    scene.schedule(waiting, 15, "scheduled")
    scene.schedule(open_, 12)
    scene.hold_session(done, 18)
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 4, 1, "R24.3: sold by its children, one delivered")
    for child, status in zip(
        sale.children, ("draft", "scheduled", "confirmed", "completed"), strict=True
    ):
        scene.chapter.expect(
            "booking", child.id, "R24 moves no session", status=status, payment_status="unpaid"
        )
    for child in sale.children[:3]:
        scene.earns_nothing(child, "R6: the engine creates no projected rows")
    scene.chapter.expect(
        "booking",
        done.id,
        "R24.7: delivered when the room closed",
        completed_at=done.actual_end_time,
    )
    scene.is_created(done, scene.price // 4, "R7: the first slot")


@shape
def s07_completion_record_stuck(scene: Scene) -> None:
    """A completion record says pending, 0 of 0, after a session was delivered."""
    sale = scene.packaged(1, has_record=False)
    record = scene.chapter.add(
        CompletionRecord(created_at=sale.booking.created_at, package_booking_id=sale.booking.id)
    )
    scene.hold_session(sale.children[0], 30)
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_created(sale.children[0], scene.price, "R7: the only slot")
    scene.chapter.expect(
        "completion_record", record.id, "R24: the records are left as they are", unchanged=True
    )
    scene.reports(
        "completion_record_stale", "completion_record", record.id, "R24: and are reported"
    )


@shape
def s08a_bundle_without_sessions(scene: Scene) -> None:
    """A bundle has no sessions, only a number on its parent."""
    sale = scene.packaged(0, service_type=world.BUNDLE, quantity=1, bundle_sessions=4)
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 4, 0, "R24.3: a bundle without children has its snapshot")


@shape
def s08b_bundle_without_snapshot(scene: Scene) -> None:
    """A bundle has no sessions and no number; only its service says how many."""
    user, practitioner, session = scene.offer(price=5000)
    bundle = scene.chapter.package(
        practitioner, scene.price, [(session, 1)], world.BUNDLE, sessions_included=5
    )
    sale = scene.chapter.checkout_package(user, bundle, [], scene.ago(90))
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 5, 0, "R24.3: without a snapshot, what the service includes")


@shape
def s08c_bundle_whose_session_is_itself(scene: Scene) -> None:
    """A bundle has one session, whose service is the bundle."""
    user, practitioner, session = scene.offer(price=5000)
    bundle = scene.chapter.package(
        practitioner, scene.price, [(session, 1)], world.BUNDLE, sessions_included=4
    )
    sale = scene.chapter.checkout_package(user, bundle, [bundle], scene.ago(90), bundle_sessions=4)
    scene.schedule(sale.children[0], 30)
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 4, 0, "Readings: one child is the first of the sessions sold")


# 9: words that are on no list


@shape
def s09a_booking_cancelled(scene: Scene) -> None:
    """A booking is cancelled, in British, without canceled_at."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30), british=True)
    scene.is_reversed(sale.earned, "R24.6: canceled")
    scene.chapter.expect(
        "booking", sale.booking.id, "R9: stored as canceled", status="canceled", canceled_at="set"
    )


@shape
def s09b_earnings_paid_out(scene: Scene) -> None:
    """Earnings are paid_out, with their payout."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(10))
    payout_id = sale.earned.payout_id
    sale.earned.status = "paid_out"
    scene.chapter.expect_earnings(
        sale.earned, "R1: paid_out is stored as paid", status="paid", payout_id=payout_id
    )


@shape
def s09c_earnings_paid_out_without_payout(scene: Scene) -> None:
    """Earnings are paid_out, without a payout."""
    sale = scene.delivered()
    sale.earned.status = "paid_out"
    scene.chapter.expect_earnings(
        sale.earned, "R1: paid_out is stored as paid", status="paid", payout_id=None
    )
    scene.reports("paid_without_payout", "earnings", sale.earned.id, "R24.1: reported")


@shape
def s09d_earnings_processing_with_payout(scene: Scene) -> None:
    """Earnings are processing, with a payout under way."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(10), status="processing")
    payout_id = sale.earned.payout_id
    sale.earned.status = "processing"
    scene.chapter.expect_earnings(
        sale.earned, "R1: with a payout it is paid", status="paid", payout_id=payout_id
    )


@shape
def s09e_earnings_processing_delivered(scene: Scene) -> None:
    """Earnings of a delivered booking are processing, without a payout."""
    sale = scene.delivered()
    sale.earned.status = "processing"
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R24.1: by delivery")


@shape
def s09f_earnings_processing_undelivered(scene: Scene) -> None:
    """Earnings of an upcoming booking are processing, without a payout."""
    sale = scene.upcoming()
    sale.earned.status = "processing"
    scene.is_projected(sale.earned, scene.ahead(35) + HOUR, "R24.1: by delivery")


@shape
def s09g_mirror_row_completed(scene: Scene) -> None:
    """A negative mirror row of reversed earnings is completed."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30))
    original = sale.earned
    original.status = "reversed"
    mirror = _mirror(scene, sale)
    scene.stays(original, "R2: reversed is final")
    scene.is_reversed(mirror, "R24.1: a mirror row of an unpaid original")


def _mirror(scene: Scene, sale: Sale) -> Earnings:
    mirror = scene.chapter.earn(
        sale.booking,
        world.SESSION,
        scene.ago(30),
        -sale.earned.gross_amount_cents,
        transaction_type="reversal",
        status="completed",
    )
    mirror.commission_rate = sale.earned.commission_rate
    mirror.commission_amount_cents = -sale.earned.commission_amount_cents
    return mirror


@shape
def s09h_payout_cancelled(scene: Scene) -> None:
    """A payout is cancelled, in British, and its rows are still paid."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(10), status="cancelled")
    scene.chapter.expect_earnings(
        sale.earned, "R21: the payout gives its rows back", status="available", payout_id=None
    )


@shape
def s09i_credits_transferred(scene: Scene) -> None:
    """Credits went from one user to another as transfer_out and transfer_in."""
    giver, taker = scene.chapter.user(), scene.chapter.user()
    scene.chapter.credit(giver.id, "purchase", scene.price, scene.ago(60))
    for user, kind, cents in ((giver, "transfer_out", -2000), (taker, "transfer_in", 2000)):
        row = scene.chapter.credit(user.id, kind, cents, scene.ago(50))
        scene.chapter.expect("credit", row.id, "R24 writes no credits", unchanged=True)
        scene.chapter.expect(
            "user", user.id, "R16: the balance is the sum", no_exception="credit_balance_drift"
        )


@shape
def s09j_subscription_incomplete(scene: Scene) -> None:
    """A practitioner's only subscription is incomplete; delivered earnings are missing."""
    user, practitioner, service = scene.offer()
    scene.chapter.subscription(practitioner, world.PREMIUM, status="incomplete")
    start = scene.ago(20)
    sale = scene.chapter.checkout(user, service, scene.ago(40), start, start + HOUR, earns=False)
    scene.complete(sale.booking)
    scene.is_created(sale.booking, scene.price, "R5: an incomplete tier counts nothing")


# 10: bookings and orders that do not know each other


def _unlinked(sale: Sale) -> None:
    """Leave nothing but user, service and time to tell the booking's order."""
    sale.usage.booking_id = None
    sale.booking.payment_transaction_id = None


@shape
def s10a_booking_without_order(scene: Scene) -> None:
    """A paid booking has no order and no credit rows."""
    user, _, service = scene.offer()
    end = scene.ahead(35) + HOUR
    booking = scene.chapter.booking(
        user,
        service,
        scene.ago(25),
        start_time=end - HOUR,
        end_time=end,
        price_charged_cents=scene.price,
        discount_amount_cents=1000,
    )
    earnings = scene.chapter.earn(booking, world.SESSION, scene.ago(25) + 1, scene.price)
    scene.is_projected(earnings, end, "R24.6: held from the appointment's end")
    _is_synthetic(scene, booking, "completed")


def _is_synthetic(scene: Scene, booking: Booking, status: str) -> None:
    scene.chapter.expect(
        "booking",
        booking.id,
        "R24.2: a synthetic order with the booking's own time and amounts",
        order_id="synthetic",
        order__status=status,
        order__order_type="direct",
        order__created_at=booking.created_at,
        order__subtotal_amount_cents=booking.price_charged_cents,
        order__credits_applied_cents=booking.discount_amount_cents,
        order__total_amount_cents=booking.final_amount_cents,
    )


@shape
def s10b_order_failed(scene: Scene) -> None:
    """An order failed, and there is no booking."""
    user, _, service = scene.offer()
    order = scene.chapter.order(
        user, service, scene.ago(50), subtotal_amount_cents=scene.price, status="failed"
    )
    scene.chapter.expect(
        "order",
        order.id,
        "R15: nothing was sold",
        unchanged=True,
        no_exception="order_without_booking",
    )


@shape
def s10c_order_paid_without_booking(scene: Scene) -> None:
    """An order was paid, and there is no booking."""
    user, _, service = scene.offer()
    order = scene.chapter.order(user, service, scene.ago(50), subtotal_amount_cents=scene.price)
    for kind, cents in (("purchase", scene.price), ("usage", -scene.price)):
        scene.chapter.credit(user.id, kind, cents, scene.ago(50) + 1, order_id=order.id)
    scene.chapter.expect("order", order.id, "R24: an order is not undone", unchanged=True)
    scene.reports("order_without_booking", "order", order.id, "R18: paid, and nothing came of it")


@shape
def s10d_nearest_pairs(scene: Scene) -> None:
    """Two orders and two bookings of one user and service lie within minutes, unlinked."""
    user, _, service = scene.offer()
    for minutes in (0, 5):
        start = scene.ahead(30) + minutes * DAY
        at = scene.ago(25) + minutes * MINUTE
        sale = scene.chapter.checkout(user, service, at, start, start + HOUR)
        _unlinked(sale)
        scene.links(sale.booking, sale.order, "R15: the nearest pairs first, one order each")
        scene.is_projected(sale.earned, start + HOUR, "R24.6: held from the appointment's end")


@shape
def s10e_only_a_failed_order(scene: Scene) -> None:
    """The only order near a paid booking is a failed one, a second older."""
    user, _, service = scene.offer()
    order = scene.chapter.order(
        user, service, scene.ago(25), subtotal_amount_cents=scene.price, status="failed"
    )
    booking = _bare_booking(scene, user, service, scene.ago(25) + 1)
    scene.links(booking, order, "R15: a failed order only when no other is left")
    scene.reports("failed_order_linked", "booking", booking.id, "R15: and then reported")


def _bare_booking(scene: Scene, user: User, service: Service, at: int, **values: object) -> Booking:
    """Insert an upcoming booking without credit rows and earnings."""
    start = scene.ahead(35)
    return scene.chapter.booking(
        user,
        service,
        at,
        start_time=start,
        end_time=start + HOUR,
        price_charged_cents=service.price_cents,
        **values,
    )


@shape
def s10f_two_orders_equally_near(scene: Scene) -> None:
    """Two orders lie a minute before and a minute after a booking."""
    user, _, service = scene.offer()
    for seconds in (-60, 60):
        at = scene.ago(25) + seconds
        scene.chapter.order(user, service, at, subtotal_amount_cents=scene.price)
    booking = _bare_booking(scene, user, service, scene.ago(25))
    scene.reports("ambiguous_order_link", "booking", booking.id, "R15: reported, not guessed")
    scene.chapter.expect(
        "booking", booking.id, "Readings: nor is a third order invented", order_id=None
    )


@shape
def s10g_unpaid_booking(scene: Scene) -> None:
    """A booking waits for its payment and has no order."""
    user, _, service = scene.offer()
    booking = _bare_booking(
        scene, user, service, scene.ago(25), status="pending_payment", payment_status="unpaid"
    )
    _is_synthetic(scene, booking, "pending")
    scene.chapter.expect(
        "booking", booking.id, "R24.2: unpaid stays unpaid", status="pending_payment"
    )


@shape
def s10h_failed_order_nearer(scene: Scene) -> None:
    """A failed order is nearer to a booking than the completed one."""
    user, _, service = scene.offer()
    at = scene.ago(25)
    paid = scene.chapter.order(user, service, at, subtotal_amount_cents=scene.price)
    scene.chapter.order(user, service, at + 41, subtotal_amount_cents=scene.price, status="failed")
    booking = _bare_booking(scene, user, service, at + 42)
    scene.links(booking, paid, "R15: completed and pending orders come first")
    scene.chapter.expect(
        "booking", booking.id, "R15: no failed order is linked", no_exception="failed_order_linked"
    )


@shape
def s10i_two_bookings_one_order(scene: Scene) -> None:
    """Two paid bookings lie near one order."""
    user, _, service = scene.offer()
    at = scene.ago(25)
    order = scene.chapter.order(user, service, at, subtotal_amount_cents=scene.price)
    near = _bare_booking(scene, user, service, at + 2)
    far = _bare_booking(scene, user, service, at + 200)
    scene.links(near, order, "R15: the nearest pair")
    _is_synthetic(scene, far, "completed")


# 11 and 14: what an earlier try at the plan left, in samples that pretend there was one


@shape
def s11a_linked_already(scene: Scene) -> None:
    """An earlier try linked the booking to its order."""
    sale = scene.upcoming()
    scene.chapter.link_half(sale.booking, sale.order)
    scene.links(sale.booking, sale.order, "R15: linked already, or by the credit row")
    scene.is_projected(
        sale.earned, scene.ahead(35) + HOUR, "R24.6: held from the appointment's end"
    )


@shape
def s11b_session_value_from_the_card_part(scene: Scene) -> None:
    """An earlier try shared out the card part of a package instead of its price."""
    sale = scene.packaged(2, credits_cents=1000)
    metadata = _half_described(sale, 2, 0)
    metadata["session_value_cents"] = sale.booking.final_amount_cents // 2
    _leave_half_done(scene, sale, metadata)
    scene.is_described(sale, 2, 0, "R7: the price before credits is what is shared")
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")


def _half_described(sale: Sale, sessions: int, completed: int) -> dict[str, object]:
    """Describe a package as the plan's own migration does, which knows no expiry."""
    return {
        "package_type": "package",
        "total_sessions": sessions,
        "sessions_completed": completed,
        "session_value_cents": sale.order.subtotal_amount_cents // sessions,
        "package_service_id": sale.booking.service_id,
        "migrated_from_booking_id": sale.booking.id,
        "migrated_at": written(NOW - 33 * DAY),
    }


def _leave_half_done(scene: Scene, sale: Sale, metadata: dict[str, object] | None) -> None:
    for booking in (sale.booking, *sale.children):
        scene.chapter.link_half(booking, sale.order)
    scene.chapter.describe_half(sale.order, "package", metadata)


def _miscounted(scene: Scene, completed: int | None, sessions: int = 1) -> None:
    """Sell sessions, deliver one, and let the earlier try have counted otherwise."""
    sale = scene.packaged(sessions)
    scene.hold_session(sale.children[0], 30)
    metadata = _half_described(sale, sessions, completed or 0)
    if completed is None:
        del metadata["sessions_completed"]
    _leave_half_done(scene, sale, metadata)
    _is_counted(scene, sale, sessions)


def _is_counted(scene: Scene, sale: Sale, sessions: int = 1) -> None:
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, sessions, 1, "R8: the number of sessions delivered is a fact")
    scene.is_created(sale.children[0], scene.price // sessions, "R7: the first slot")


@shape
def s14a_counted_too_low(scene: Scene) -> None:
    """An earlier try counted no session; one is delivered."""
    _miscounted(scene, 0)


@shape
def s14b_counted_too_high(scene: Scene) -> None:
    """An earlier try counted two sessions; one is delivered."""
    _miscounted(scene, 2, sessions=2)


@shape
def s14c_counted_above_the_total(scene: Scene) -> None:
    """An earlier try counted more sessions than were sold."""
    _miscounted(scene, 7)


@shape
def s14d_not_counted(scene: Scene) -> None:
    """An earlier try left sessions_completed out."""
    _miscounted(scene, None)


@shape
def s14e_package_without_metadata(scene: Scene) -> None:
    """An earlier try made the order a package and left its metadata NULL."""
    sale = scene.packaged(1)
    scene.hold_session(sale.children[0], 30)
    _leave_half_done(scene, sale, None)
    _is_counted(scene, sale)


@shape
def s14f_metadata_without_its_keys(scene: Scene) -> None:
    """An earlier try left all but one key out."""
    sale = scene.packaged(1)
    scene.hold_session(sale.children[0], 30)
    _leave_half_done(scene, sale, {"package_type": "package"})
    _is_counted(scene, sale)


# 12 and 13: credit rows that say little, and the leavings of an earlier migration


@shape
def s12a_credits_without_booking(scene: Scene) -> None:
    """The credit rows of a booking name the order only."""
    sale = scene.upcoming()
    _unlinked(sale)
    scene.links(sale.booking, sale.order, "R15: the one order within ten minutes")
    scene.is_projected(
        sale.earned, scene.ahead(35) + HOUR, "R24.6: held from the appointment's end"
    )
    scene.chapter.expect("credit", sale.usage.id, "R24 writes no credits", unchanged=True)


@shape
def s12b_credits_without_order(scene: Scene) -> None:
    """The usage row of a booking names no order."""
    sale = scene.upcoming()
    sale.usage.order_id = None
    scene.links(sale.booking, sale.order, "R15: the one order within ten minutes")
    scene.is_projected(
        sale.earned, scene.ahead(35) + HOUR, "R24.6: held from the appointment's end"
    )


@shape
def s12c_usage_at_the_first_session(scene: Scene) -> None:
    """The usage row of a package points at its first session."""
    sale = scene.packaged(2)
    sale.usage.booking_id = sale.children[0].id
    scene.is_described(sale, 2, 0, "R15: the parent's order, wherever the credit row points")
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")


@shape
def s12d_credits_with_neither(scene: Scene) -> None:
    """A credit row names neither booking nor order."""
    user = scene.chapter.user()
    row = scene.chapter.credit(user.id, "bonus", 1500, scene.ago(60))
    scene.chapter.expect("credit", row.id, "R24 writes no credits", unchanged=True)


@shape
def s13a_orphan_synthetic_order(scene: Scene) -> None:
    """An earlier try's synthetic order has no booking."""
    user, _, service = scene.offer()
    order = scene.chapter.order(
        user, service, scene.ago(33), subtotal_amount_cents=scene.price, payment_method="manual"
    )
    scene.chapter.expect("order", order.id, "R24 deletes no orders", unchanged=True)
    scene.reports("order_without_booking", "order", order.id, "Readings: it says it was paid")


@shape
def s13b_synthetic_order_of_the_migrations_time(scene: Scene) -> None:
    """An earlier try's synthetic order is months younger than its booking."""
    user, _, service = scene.offer()
    order = scene.chapter.order(
        user, service, scene.ago(33), subtotal_amount_cents=scene.price, payment_method="manual"
    )
    booking = _bare_booking(scene, user, service, scene.ago(200))
    _is_synthetic(scene, booking, "completed")
    scene.chapter.expect("order", order.id, "R15: months after the booking", unchanged=True)


# 15 and 16: earnings that do not fit their booking


def _twin(scene: Scene, sale: Sale, status: str) -> Earnings:
    return scene.chapter.earn(
        sale.booking,
        world.SESSION,
        sale.earned.created_at + 4,
        sale.earned.gross_amount_cents,
        status=status,
    )


def _one_is_left(scene: Scene, booking: Booking, status: str) -> None:
    scene.chapter.expect(
        "booking_earnings",
        booking.id,
        "R6: one live delivery row",
        live_delivery_count=1,
        live_status=status,
    )


@shape
def s15a_identical_twins(scene: Scene) -> None:
    """A delivered booking has two identical pending rows."""
    sale = scene.delivered()
    twin = _twin(scene, sale, "pending")
    scene.is_pending(sale.earned, sale.booking.delivered_at, "Readings: of equals the first stays")
    scene.is_reversed(twin, "R24.4: a duplicate")
    _one_is_left(scene, sale.booking, "pending")


@shape
def s15b_projected_and_pending(scene: Scene) -> None:
    """A delivered booking has a projected and a pending row."""
    sale = scene.delivered()
    twin = _twin(scene, sale, "pending")
    sale.earned.status = "projected"
    scene.is_reversed(sale.earned, "R24.4: the furthest advanced is kept")
    scene.is_pending(twin, sale.booking.delivered_at, "R24.4: the furthest advanced is kept")
    _one_is_left(scene, sale.booking, "pending")


@shape
def s15c_paid_and_pending(scene: Scene) -> None:
    """A delivered booking has a pending and a paid row."""
    sale = scene.delivered()
    twin = _twin(scene, sale, "pending")
    scene.chapter.pay_out([twin], scene.ago(10))
    scene.is_reversed(sale.earned, "R24.4: the furthest advanced is kept")
    scene.stays(twin, "R24.4: the furthest advanced is kept")
    _one_is_left(scene, sale.booking, "paid")


@shape
def s15d_delivered_without_earnings(scene: Scene) -> None:
    """A delivered booking has no earnings."""
    sale = scene.past(earns=False)
    scene.complete(sale.booking)
    scene.is_created(sale.booking, scene.price, "R24.7: missing rows are created")


@shape
def s15e_pending_and_available_undelivered(scene: Scene) -> None:
    """An upcoming booking has a pending and an available row."""
    sale = scene.upcoming()
    twin = _twin(scene, sale, "available")
    scene.is_reversed(sale.earned, "R24.4: the furthest advanced is kept")
    scene.is_projected(twin, scene.ahead(35) + HOUR, "R24.6: never delivered")
    _one_is_left(scene, sale.booking, "projected")


@shape
def s16a_delivered_in_the_room(scene: Scene) -> None:
    """A booking completed by the video room has no completed_at; its earnings are projected."""
    sale = scene.past()
    scene.leave_room(sale.booking)
    sale.earned.status = "projected"
    scene.is_pending(
        sale.earned, sale.booking.delivered_at, "R24.7: delivered when the room closed"
    )
    scene.chapter.expect(
        "booking",
        sale.booking.id,
        "R24.7: completed_at is filled",
        completed_at=sale.booking.delivered_at,
    )


@shape
def s16b_delivered_without_any_moment(scene: Scene) -> None:
    """A completed booking has neither completed_at nor actual_end_time."""
    sale = scene.past()
    sale.booking.status = "completed"
    end = scene.ago(20) + HOUR
    scene.is_pending(sale.earned, end, "R24.7: delivered when the appointment ended")
    scene.chapter.expect(
        "booking", sale.booking.id, "R24.7: completed_at is filled", completed_at=end
    )


@shape
def s16c_delivered_nobody_knows_when(scene: Scene) -> None:
    """A completed booking has no moment at all."""
    sale = scene.past()
    sale.booking.status = "completed"
    sale.booking.start_time = sale.booking.end_time = None
    scene.chapter.expect_earnings(sale.earned, "R24.7: delivered", status="pending")
    scene.chapter.expect(
        "booking", sale.booking.id, "R24.7: filled with the migration's now", completed_at="set"
    )


@shape
def s16d_canceled_and_pending(scene: Scene) -> None:
    """A canceled and refunded booking has pending earnings."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30))
    canceled_at = sale.booking.canceled_at
    scene.is_reversed(sale.earned, "R24.6: canceled")
    scene.chapter.expect(
        "booking",
        sale.booking.id,
        "R24.6: canceled, so nothing of the refund is left to settle",
        status="canceled",
        canceled_at=canceled_at,
        no_exception="refunded_before_install",
    )


@shape
def s16e_canceled_and_available(scene: Scene) -> None:
    """A canceled booking, not refunded, has available earnings."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30), refunded=False)
    sale.earned.status = "available"
    scene.is_reversed(sale.earned, "R24.6: canceled, refunded or not")


@shape
def s16f_canceled_and_paid(scene: Scene) -> None:
    """A canceled and refunded booking has paid earnings."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30))
    scene.chapter.pay_out([sale.earned], scene.ago(25))
    scene.stays(sale.earned, "R24.6: the clawback is proposed, not made")
    scene.chapter.expect(
        "booking_earnings", sale.booking.id, "R24.6: proposed, not made", row_count=1
    )
    scene.reports("canceled_after_payment", "earnings", sale.earned.id, "R24.6: proposed")


@shape
def s16g_cancelled_and_projected(scene: Scene) -> None:
    """A cancelled booking, not refunded, has projected earnings."""
    sale = scene.upcoming()
    scene.chapter.cancel(sale, scene.ago(5), british=True, refunded=False)
    sale.earned.status = "projected"
    scene.is_reversed(sale.earned, "R24.6: canceled")
    scene.chapter.expect(
        "booking", sale.booking.id, "R9: stored as canceled", status="canceled", canceled_at="set"
    )


@shape
def s16h_completed_after_canceled(scene: Scene) -> None:
    """A canceled and refunded booking was completed later; its earnings are pending."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30))
    scene.leave_room(sale.booking)
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R9: nothing of it was reversed")
    scene.reports("completed_after_canceled", "booking", sale.booking.id, "R9: reported either way")
    scene.keeps_a_refund(sale.booking, sale.earned, sale.booking.final_amount_cents)


@shape
def s16i_completed_after_reversed(scene: Scene) -> None:
    """A canceled booking was completed later; its earnings are reversed."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30))
    sale.earned.status = "reversed"
    scene.leave_room(sale.booking)
    scene.stays(sale.earned, "R9: nothing reversed comes back")
    scene.earns_nothing(sale.booking, "R9: nothing reversed comes back")
    scene.reports("completed_after_canceled", "booking", sale.booking.id, "R9: reported either way")


# 17: caches


@shape
def s17a_balance_off(scene: Scene) -> None:
    """A cached balance is off."""
    sale = scene.delivered()
    scene.chapter.cache_drift[sale.earned.practitioner_id] = 12345
    sale.earned.status = "available"
    scene.stays(sale.earned, "R24.7: delivered and available stays")


@shape
def s17b_balance_negative(scene: Scene) -> None:
    """A cached balance is minus the last payout."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(10))
    scene.stays(sale.earned, "R24.7: delivered and paid stays")


@shape
def s17c_balance_missing(scene: Scene) -> None:
    """A practitioner with earnings has no cached balance."""
    sale = scene.delivered()
    scene.chapter.cache_drift[sale.earned.practitioner_id] = None
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R24.7: held from the delivery")


@shape
def s17d_credit_balance_off(scene: Scene) -> None:
    """A cached credit balance is off."""
    user = scene.chapter.user()
    scene.chapter.credit(user.id, "purchase", scene.price, scene.ago(60))
    scene.chapter.credit_drift[user.id] = -250
    scene.reports("credit_balance_drift", "user", user.id, "R16: compared, not trusted")


@shape
def s17e_credits_negative(scene: Scene) -> None:
    """The sum of a user's credits is negative."""
    user = scene.chapter.user()
    row = scene.chapter.credit(user.id, "adjustment", -scene.price, scene.ago(60))
    scene.chapter.expect("credit", row.id, "R24 writes no credits", unchanged=True)
    scene.chapter.expect(
        "user", user.id, "R16: cached and sum agree", no_exception="credit_balance_drift"
    )


# 18: payouts


@shape
def s18a_paid_without_payout(scene: Scene) -> None:
    """Earnings are paid, without a payout."""
    sale = scene.delivered()
    sale.earned.status = "paid"
    scene.stays(sale.earned, "R24.1: reported, not guessed")
    scene.reports("paid_without_payout", "earnings", sale.earned.id, "R24.1: reported")


@shape
def s18b_available_with_payout(scene: Scene) -> None:
    """A payout was canceled; its rows are available and still name it."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(10), status="canceled")
    sale.earned.status = "available"
    scene.chapter.expect_earnings(
        sale.earned, "R24.1: payout_id is cleared", status="available", payout_id=None
    )


@shape
def s18c_payout_failed(scene: Scene) -> None:
    """A payout failed, and its rows are still paid."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(10), status="failed")
    scene.chapter.expect_earnings(
        sale.earned,
        "R21: it gives its rows back, and the hold does not start again",
        status="available",
        payout_id=None,
        available_after=sale.earned.available_after,
    )


@shape
def s18d_payout_canceled_undelivered(scene: Scene) -> None:
    """A payout was canceled, its rows are still paid, and the appointment is to come."""
    sale = scene.upcoming()
    scene.chapter.pay_out([sale.earned], scene.ago(10), status="canceled")
    scene.is_projected(sale.earned, scene.ahead(35) + HOUR, "R21 and then R24.6: never delivered")


@shape
def s18e_payout_failed_and_canceled(scene: Scene) -> None:
    """A payout failed, its rows are still paid, and the booking is canceled."""
    sale = scene.past()
    scene.chapter.cancel(sale, scene.ago(30))
    scene.chapter.pay_out([sale.earned], scene.ago(25), status="failed")
    scene.chapter.expect_earnings(
        sale.earned, "R21 and then R24.6: canceled and not paid", status="reversed", payout_id=None
    )


@shape
def s18f_payout_without_practitioner(scene: Scene) -> None:
    """A completed payout names no practitioner."""
    sale = scene.delivered()
    payout = scene.chapter.pay_out([sale.earned], scene.ago(10), practitioner_id=None)
    scene.stays(sale.earned, "R24.7: delivered and paid stays")
    scene.reports("payout_incomplete", "payout", payout.id, "R18: nobody is paid")


@shape
def s18g_payout_without_amounts(scene: Scene) -> None:
    """A completed payout has no amounts."""
    sale = scene.delivered()
    payout = scene.chapter.pay_out(
        [sale.earned], scene.ago(10), credits_payout_cents=None, commission_collected_cents=None
    )
    scene.stays(sale.earned, "R24.7: delivered and paid stays")
    scene.reports("payout_incomplete", "payout", payout.id, "R18: nothing is paid")


@shape
def s18h_payout_differs(scene: Scene) -> None:
    """A completed payout is smaller than its rows."""
    sale = scene.delivered()
    payout = scene.chapter.pay_out([sale.earned], scene.ago(10), credits_payout_cents=100)
    scene.stays(sale.earned, "R24.7: delivered and paid stays")
    scene.reports("payout_amount_differs", "payout", payout.id, "R18: more rows than money")


# 19: nothing where something should be


@shape
def s19a_gross_zero(scene: Scene) -> None:
    """A free booking, delivered, has earnings of zero and no order."""
    user, _, service = scene.offer(price=0)
    start = scene.ago(20)
    booking = scene.chapter.booking(
        user, service, scene.ago(40), start_time=start, end_time=start + HOUR
    )
    earnings = scene.chapter.earn(booking, world.SESSION, scene.ago(40) + 1, 0)
    scene.complete(booking)
    scene.is_pending(earnings, booking.delivered_at, "R5: free has the same lifecycle")
    _is_synthetic(scene, booking, "completed")


@shape
def s19b_no_times(scene: Scene) -> None:
    """A confirmed booking has neither start nor end."""
    sale = scene.past()
    sale.booking.start_time = sale.booking.end_time = None
    scene.is_projected(sale.earned, sale.earned.created_at, "R4: no end, so from its own creation")
    scene.reports("appointment_without_end", "booking", sale.booking.id, "R22: reported")


@shape
def s19c_no_end(scene: Scene) -> None:
    """A confirmed booking has a start and no end."""
    sale = scene.past()
    sale.booking.end_time = None
    scene.is_projected(sale.earned, sale.earned.created_at, "R4: no end, so from its own creation")
    scene.reports("appointment_without_end", "booking", sale.booking.id, "R22: reported")


@shape
def s19d_workshop_without_session(scene: Scene) -> None:
    """A workshop booking names no session."""
    sale = scene.upcoming(world.WORKSHOP)
    scene.is_projected(sale.earned, scene.ahead(35) + HOUR, "R4: without a session, its own end")


@shape
def s19e_workshop_session_ends_later(scene: Scene) -> None:
    """A workshop's session ends later than its booking says."""
    user, _, service = scene.offer(world.WORKSHOP)
    start = scene.ahead(35)
    meeting = scene.chapter.service_session(service, start, start + 3 * HOUR, 0)
    sale = scene.chapter.checkout(
        user, service, scene.ago(25), start, start + HOUR, service_session_id=meeting.id
    )
    scene.is_projected(sale.earned, start + 3 * HOUR, "R4: the session's end counts")


# 20: reschedules


def _reschedule(scene: Scene, sale: Sale, user: User, service: Service, start: int) -> Booking:
    at = scene.ago(24)
    return scene.chapter.reschedule(user, service, sale.booking, at, start, start + HOUR)


def _moves(scene: Scene, sale: Sale, successor: Booking, **expected: object) -> None:
    scene.chapter.expect_earnings(
        sale.earned, "R13: it moves to the successor", booking_id=successor.id, **expected
    )
    scene.earns_nothing(sale.booking, "R13: the old booking counts nowhere")
    scene.links(successor, sale.order, "R15: the order of the booking it was rescheduled from")
    scene.chapter.expect(
        "booking", sale.booking.id, "R13: the old one stays as it was", status="rescheduled"
    )


@shape
def s20a_rescheduled(scene: Scene) -> None:
    """A rescheduled booking keeps the earnings; its successor has neither earnings nor order."""
    user, _, service = scene.offer()
    sale = scene.chapter.checkout(user, service, scene.ago(25), scene.ago(10), scene.ago(10) + HOUR)
    start = scene.ahead(35)
    successor = _reschedule(scene, sale, user, service, start)
    _moves(scene, sale, successor, status="projected", available_after=start + HOUR + HOLD)


@shape
def s20b_rescheduled_twice(scene: Scene) -> None:
    """A booking was rescheduled twice; the earnings are on the first."""
    user, _, service = scene.offer()
    sale = scene.chapter.checkout(user, service, scene.ago(25), scene.ago(10), scene.ago(10) + HOUR)
    middle = _reschedule(scene, sale, user, service, scene.ago(5))
    start = scene.ahead(35)
    last = scene.chapter.reschedule(user, service, middle, scene.ago(20), start, start + HOUR)
    _moves(scene, sale, last, status="projected", available_after=start + HOUR + HOLD)
    scene.links(middle, sale.order, "R15: the order of the booking it was rescheduled from")
    scene.earns_nothing(middle, "R13: the old booking counts nowhere")


@shape
def s20c_rescheduled_after_payment(scene: Scene) -> None:
    """A booking was rescheduled after its earnings were paid; the successor is delivered."""
    user, _, service = scene.offer()
    sale = scene.chapter.checkout(user, service, scene.ago(40), scene.ago(22), scene.ago(22) + HOUR)
    scene.chapter.pay_out([sale.earned], scene.ago(30))
    successor = _reschedule(scene, sale, user, service, scene.ago(15))
    scene.complete(successor)
    scene.stays(sale.earned, "R13: a paid row stays behind")
    scene.earns_nothing(successor, "R13: the successor earns nothing")
    scene.links(successor, sale.order, "R15: the order of the booking it was rescheduled from")
    scene.reports(
        "reschedule_already_paid", "booking", successor.id, "R13: the successor is reported"
    )


@shape
def s20d_rescheduled_and_delivered(scene: Scene) -> None:
    """A rescheduled booking keeps the earnings; its successor is delivered."""
    user, _, service = scene.offer()
    sale = scene.chapter.checkout(user, service, scene.ago(40), scene.ago(22), scene.ago(22) + HOUR)
    successor = _reschedule(scene, sale, user, service, scene.ago(15))
    scene.complete(successor)
    _moves(scene, sale, successor, status="pending", available_after=successor.delivered_at + HOLD)


# 21: soft deletes, several practitioners


@shape
def s21a_booking_soft_deleted(scene: Scene) -> None:
    """A soft-deleted booking has live earnings."""
    sale = scene.upcoming()
    sale.booking.deleted_at = scene.ago(5)
    scene.is_projected(sale.earned, scene.ahead(35) + HOUR, "R24.6: a soft delete decides nothing")
    scene.reports("soft_deleted_with_earnings", "booking", sale.booking.id, "R18: a person decides")


@shape
def s21b_order_soft_deleted(scene: Scene) -> None:
    """A delivered booking's order is soft-deleted."""
    sale = scene.delivered()
    sale.order.deleted_at = scene.ago(5)
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R24.7: a soft delete decides nothing")
    scene.links(sale.booking, sale.order, "R15: the credit row's order")


@shape
def s21c_two_practitioners_in_one_package(scene: Scene) -> None:
    """A package paid out to one practitioner is delivered by two."""
    user, payee, session = scene.offer(price=5000)
    _, _, other_session = scene.offer(price=5000)
    package = scene.chapter.package(payee, scene.price, [(session, 1), (other_session, 1)])
    sale = scene.chapter.checkout_package(user, package, [session, other_session], scene.ago(90))
    scene.chapter.pay_out([sale.earned], scene.ago(80))
    own, foreign = sale.children
    scene.hold_session(own, 50)
    scene.hold_session(foreign, 40)
    scene.stays(sale.earned, "R24.5: paid rows stay")
    scene.earns_nothing(own, "R7: the paid purchase nets its payee's sessions")
    scene.is_created(foreign, scene.price // 2, "R7: other practitioners earn in full")
    scene.is_described(sale, 2, 2, "R24.3: sold by its children, both delivered")
    scene.reports("purchase_already_paid", "order", sale.order.id, "R7: what is over is reported")


# 22: prices and sessions that do not add up


@shape
def s22a_price_with_a_remainder(scene: Scene) -> None:
    """A price does not divide by the sessions; all are delivered."""
    price = 10000 + 3 * (scene.copy % 50)
    sale = scene.packaged(3, price=price)
    for number, (child, days) in enumerate(zip(sale.children, (60, 50, 40), strict=True), start=1):
        scene.hold_session(child, days)
        worth = world.slot(price, 3, number)
        scene.is_created(child, worth, "R7: the shares add up to the price")
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 3, 3, "R24.3: sold by its children, all delivered")


@shape
def s22b_package_changed_after_the_sale(scene: Scene) -> None:
    """A package sells more sessions today than when it was bought."""
    sale = scene.packaged(2, quantity=3)
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 2, 0, "R24.3: its children are what was sold")
    scene.reports("package_sessions_disagree", "order", sale.order.id, "R24.3: reported")


@shape
def s22c_quantity_zero(scene: Scene) -> None:
    """A package holds one service zero times."""
    user, practitioner, session = scene.offer(price=5000)
    other = scene.chapter.service(practitioner, world.SESSION, 5000)
    package = scene.chapter.package(practitioner, scene.price, [(session, 2), (other, 0)])
    sale = scene.chapter.checkout_package(user, package, [session, session], scene.ago(90))
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 2, 0, "R24.3: sold by its children")
    scene.chapter.expect(
        "order",
        sale.order.id,
        "R24.3: none of the other was to be had",
        no_exception="package_sessions_disagree",
    )


@shape
def s22d_relationship_without_service(scene: Scene) -> None:
    """A package's relationship names no service."""
    user, practitioner, session = scene.offer(price=5000)
    package = scene.chapter.package(practitioner, scene.price, [(session, 2)])
    scene.chapter.add(Relationship(parent_service_id=package.id, child_service_id=None))
    sale = scene.chapter.checkout_package(user, package, [session, session], scene.ago(90))
    scene.is_reversed(sale.earned, "R10: a purchase earns nothing")
    scene.is_described(sale, 2, 0, "R24.3: sold by its children")


# 23 to 25: pending orders that are sold, courses, commissions


@shape
def s23_paid_by_credits_alone(scene: Scene) -> None:
    """An order paid by credits alone is pending for ever."""
    user, _, service = scene.offer()
    scene.chapter.credit(user.id, "purchase", scene.price, scene.ago(60))
    end = scene.ahead(35) + HOUR
    sale = scene.chapter.checkout(
        user, service, scene.ago(25), end - HOUR, end, credits_cents=scene.price
    )
    scene.is_projected(sale.earned, end, "R24.6: held from the appointment's end")
    scene.links(sale.booking, sale.order, "R15: pending, and sold all the same")
    scene.chapter.expect("order", sale.order.id, "R24: a direct order stays", unchanged=True)
    scene.chapter.expect(
        "booking",
        sale.booking.id,
        "R15: the usage row under its new name",
        credit_usage_transaction_id=sale.usage.id,
    )


@shape
def s24a_course_to_come(scene: Scene) -> None:
    """A course's booking has placeholder times; its sessions are to come."""
    _course(scene, scene.ahead(20))


@shape
def s24b_course_over(scene: Scene) -> None:
    """A course's booking has placeholder times; its sessions are over, and it is confirmed."""
    _course(scene, scene.ago(20))


def _course(scene: Scene, first: int) -> None:
    """Sell a course: the booking's times are placeholders, its sessions count."""
    user, _, service = scene.offer(world.COURSE)
    for number in range(3):
        start = first + number * 7 * DAY
        scene.chapter.service_session(service, start, start + 2 * HOUR, number)
    at = scene.ago(40)
    sale = scene.chapter.checkout(user, service, at, at, at + HOUR)
    last = first + 14 * DAY + 2 * HOUR
    scene.is_projected(sale.earned, last, "R4: the course's last session counts")


@shape
def s25a_two_active_rates(scene: Scene) -> None:
    """A service type has two active rates, so the app lost the earnings."""
    service_type = (world.ONLINE, world.RETREAT)[scene.copy % 2]
    sale = scene.past(service_type, earns=False)
    scene.complete(sale.booking)
    scene.chapter.expect_created(
        sale.booking,
        "R5: of two active rows the newest counts",
        scene.price,
        world.rate(service_type, None),
    )
    if scene.copy < 2:
        scene.reports("duplicate_commission_rate", "service_type", service_type, "R5: reported")


@shape
def s25b_no_rate(scene: Scene) -> None:
    """A service type has no rate; delivered earnings are missing."""
    service_type = (world.IN_PERSON, world.CONSULTATION)[scene.copy % 2]
    user, _, service = scene.offer(service_type, tier=world.PREMIUM)
    start = scene.ago(20)
    sale = scene.chapter.checkout(user, service, scene.ago(40), start, start + HOUR, earns=False)
    scene.complete(sale.booking)
    scene.chapter.expect_created(sale.booking, "R5: flat, the tier ignored", scene.price, 1500)


@shape
def s25c_overlapping_subscriptions(scene: Scene) -> None:
    """A practitioner has two active subscriptions; delivered earnings are missing."""
    user, practitioner, service = scene.offer(tier=world.PRO)
    scene.chapter.subscription(practitioner, world.PREMIUM)
    start = scene.ago(20)
    sale = scene.chapter.checkout(user, service, scene.ago(40), start, start + HOUR, earns=False)
    scene.complete(sale.booking)
    scene.is_created(sale.booking, scene.price, "Readings: the first one counts")


# 26 to 28: what else finance will ask about


@shape
def s26_another_currency(scene: Scene) -> None:
    """A sale in EUR is delivered."""
    sale = scene.delivered(currency="EUR")
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R24.7: held from the delivery")
    practitioner_id = sale.earned.practitioner_id
    scene.reports("foreign_currency", "practitioner", practitioner_id, "R17: reported")
    scene.chapter.expect(
        "practitioner",
        practitioner_id,
        "R17: currencies are never added",
        pending_balance_cents=0,
        available_balance_cents=0,
        lifetime_earnings_cents=0,
    )


@shape
def s27a_partly_refunded_by_card(scene: Scene) -> None:
    """A card refund made the order partially_refunded, and nothing says how much."""
    sale = scene.upcoming()
    sale.order.status = "partially_refunded"
    sale.booking.payment_status = "partially_refunded"
    scene.is_projected(sale.earned, scene.ahead(35) + HOUR, "R9: no amount, so no adjustment")
    scene.reports("refund_without_amount", "order", sale.order.id, "R9: nobody says how much")


@shape
def s27b_partly_refunded_by_credits(scene: Scene) -> None:
    """Half of an upcoming booking was refunded as credits."""
    sale = scene.upcoming()
    booking = sale.booking
    half = booking.final_amount_cents // 2
    scene.refund(sale, half, scene.ago(20))
    scene.is_projected(
        sale.earned, scene.ahead(35) + HOUR, "R24.6: held from the appointment's end"
    )
    scene.keeps_a_refund(booking, sale.earned, half)


@shape
def s27c_refunded_and_delivered(scene: Scene) -> None:
    """A delivered booking was refunded as credits; its earnings are pending."""
    sale = scene.delivered(credits_cents=scene.price // 4)
    scene.refund(sale, sale.booking.final_amount_cents, scene.ago(10))
    scene.is_pending(sale.earned, sale.booking.delivered_at, "R24.7: held from the delivery")
    scene.keeps_a_refund(sale.booking, sale.earned, sale.booking.final_amount_cents)


@shape
def s27d_refunded_after_payment(scene: Scene) -> None:
    """A third of a delivered booking was refunded after its earnings were paid."""
    sale = scene.delivered()
    scene.chapter.pay_out([sale.earned], scene.ago(15))
    third = sale.booking.final_amount_cents // 3
    scene.refund(sale, third, scene.ago(10))
    scene.stays(sale.earned, "R9: what is older than the engine is not taken off by itself")
    scene.keeps_a_refund(sale.booking, sale.earned, third)


@shape
def s27e_order_refunded_by_card(scene: Scene) -> None:
    """A card refund made the order refunded; its booking is still to come."""
    sale = scene.upcoming()
    sale.order.status = "refunded"
    scene.is_projected(
        sale.earned, scene.ahead(35) + HOUR, "R24.6: held from the appointment's end"
    )
    scene.keeps_a_refund(sale.booking, sale.earned, sale.booking.final_amount_cents)


@shape
def s28_no_show(scene: Scene) -> None:
    """The client did not come; the earnings are pending."""
    sale = scene.past()
    sale.booking.status = "no_show"
    sale.booking.no_show_at = scene.ago(20) + HOUR
    scene.is_projected(sale.earned, scene.ago(20) + HOUR, "Readings: held, so not earned yet")
    scene.reports("no_show_held", "booking", sale.booking.id, "R12: reported")


def plant(chapter: Chapter, copy: int) -> None:
    """Write every shape once."""
    for name, write in SHAPES.items():
        chapter.shape = name
        write(Scene(chapter=chapter, copy=copy))
    chapter.close()
