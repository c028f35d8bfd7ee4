"""An ordinary chapter: a town's practitioners, their clients, and two years of business.

The scheduled jobs never ran, so most appointments were never completed and most earnings never
released; what is available or paid is so because somebody did it by hand every quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from earnings_pipeline.sample import world
from earnings_pipeline.sample.chapter import Chapter, Sale
from earnings_pipeline.sample.clock import (
    DAY,
    HOLD,
    HOUR,
    MINUTE,
    NOW,
    OPENING,
    appointment_moment,
    purchase_moment,
)
from earnings_pipeline.sample.rows import Booking, Earnings, Service, ServiceSession, User

Kind = Callable[["Town", int, "Offer"], None]
BOOKINGS_PER_PRACTITIONER = 180
HAND_RUNS = range(OPENING + 100 * DAY, NOW - 100 * DAY, 91 * DAY)
SESSION_PRICES = (4500, 6000, 7500, 8000, 9000, 12000)


@dataclass(kw_only=True)
class Offer:
    """What one practitioner sells."""

    sessions: list[Service]
    workshop: Service
    workshop_meetings: list[ServiceSession]
    course: Service
    course_meetings: list[ServiceSession]
    package: Service
    package_size: int
    bundle: Service
    bundle_size: int


@dataclass(kw_only=True)
class Outcome:
    """A sale, the booking that its earnings are for in the end, and when that one ends."""

    sale: Sale
    booking: Booking
    end: int
    told: bool


class Town:
    """The writer of one ordinary chapter."""

    def __init__(self, chapter: Chapter, bookings: int, *, tell_every: int) -> None:
        self.chapter = chapter
        self.random = chapter.rng.random
        self.budget = bookings
        self.tell_every = tell_every
        count = max(2, bookings // BOOKINGS_PER_PRACTITIONER)
        self.offers = [self._offer() for _ in range(count)]
        self.users = [chapter.user() for _ in range(max(3, bookings // 5))]
        self.outcomes: list[Outcome] = []

    def _pick(self, count: int) -> int:
        """Pick a place in a list; the first ones are picked far more often."""
        share = self.random()
        return int(share * share * count)

    def _offer(self) -> Offer:
        chapter = self.chapter
        tier = (None, None, 1, world.PRO, world.PREMIUM)[int(self.random() * 5)]
        practitioner = chapter.practitioner(tier)
        price = SESSION_PRICES[int(self.random() * len(SESSION_PRICES))]
        other = (world.SESSION, world.IN_PERSON, world.ONLINE)[int(self.random() * 3)]
        session = chapter.service(practitioner, world.SESSION, price)
        workshop = chapter.service(practitioner, world.WORKSHOP, price // 2)
        course = chapter.service(practitioner, world.COURSE, price * 5)
        size = 3 + int(self.random() * 4)
        bundle_size = 4 + int(self.random() * 7)
        meetings = []
        for number in range(11):
            start = appointment_moment(OPENING + (30 + number * 73) * DAY, 20)
            meetings.append(chapter.service_session(workshop, start, start + 3 * HOUR, number))
        first = OPENING + (80 + int(self.random() * 640)) * DAY
        lessons = []
        for number in range(6):
            start = appointment_moment(first + number * 7 * DAY, 22)
            lessons.append(chapter.service_session(course, start, start + 2 * HOUR, number))
        return Offer(
            sessions=[session, chapter.service(practitioner, other, price + 500)],
            workshop=workshop,
            workshop_meetings=meetings,
            course=course,
            course_meetings=lessons,
            # a tenth off each session, so that the sessions divide the price
            package=chapter.package(practitioner, price * 9 // 10 * size, [(session, size)]),
            package_size=size,
            bundle=chapter.package(
                practitioner,
                price * bundle_size * 8 // 10,
                [(session, 1)],
                world.BUNDLE,
                sessions_included=bundle_size,
            ),
            bundle_size=bundle_size,
        )

    def write(self) -> None:
        """Write the two years, then what was done by hand, then what must become of it all."""
        for at, kind, offer in self._plan():
            kind(self, at, offer)
        self._release_and_pay_by_hand()
        self._tell()
        self.chapter.close()

    def _plan(self) -> list[tuple[int, Kind, Offer]]:
        """Decide what is sold when, so that the town has exactly its bookings."""
        plan: list[tuple[int, Kind, Offer]] = []
        left = self.budget
        while left > 0:
            offer = self.offers[self._pick(len(self.offers))]
            at = purchase_moment(self.random(), self.random())
            draw = self.random()
            kind, count = Town._sell_appointment, 1
            if draw < 0.04:
                kind, count = Town._sell_package, 1 + offer.package_size
            elif draw < 0.05:
                kind = Town._sell_bundle
            elif draw < 0.12:
                kind = Town._sell_workshop
            elif draw < 0.15:
                kind = Town._sell_course
                at = offer.course_meetings[0].start_time - DAY - int(self.random() * 50 * DAY)
            elif draw < 0.19:
                kind, count = Town._sell_and_reschedule, 2
            elif draw < 0.22:
                kind = Town._leave_unpaid
            elif draw < 0.26:
                kind, count = Town._fail_to_pay, 0
            elif draw < 0.28:
                kind, count = Town._sell_credits, 0
            if count > left or at >= NOW:
                continue
            left -= count
            plan.append((at, kind, offer))
        plan.sort(key=lambda entry: entry[0])
        return plan

    # what clients do

    def _client(self) -> User:
        return self.users[self._pick(len(self.users))]

    def _appointment(self, at: int) -> int:
        lead = self.random()
        day = at + DAY + int(lead * lead * 40 * DAY)
        return appointment_moment(day, int(self.random() * 22))

    def _told(self) -> bool:
        return len(self.outcomes) % self.tell_every == 0

    def _sell(
        self,
        at: int,
        service: Service,
        start: int,
        end: int,
        *,
        user: User | None = None,
        service_session_id: int | None = None,
    ) -> Sale:
        user = user or self._client()
        if self.random() < 0.04:
            self._decline(user, service, at - 70)
        credits = max(self.chapter.credit_sums[user.id], 0) if self.random() < 0.5 else 0
        sale = self.chapter.checkout(
            user,
            service,
            at,
            start,
            end,
            credits_cents=min(credits, service.price_cents),
            earns=self.random() >= 0.03,
            service_session_id=service_session_id,
        )
        if self.random() < 0.01 and sale.order.status == "completed":
            sale.order.status = "partially_refunded"
        return sale

    def _decline(self, user: User, service: Service, at: int) -> None:
        self.chapter.order(
            user, service, at, subtotal_amount_cents=service.price_cents, status="failed"
        )

    def _keep(self, sale: Sale, booking: Booking, end: int) -> None:
        self.outcomes.append(Outcome(sale=sale, booking=booking, end=end, told=self._told()))

    def _sell_appointment(self, at: int, offer: Offer) -> None:
        service = offer.sessions[int(self.random() * 2)]
        start = self._appointment(at)
        sale = self._sell(at, service, start, start + HOUR)
        self._live(sale, start + HOUR)

    def _sell_workshop(self, at: int, offer: Offer) -> None:
        meeting = next(m for m in offer.workshop_meetings if m.start_time > at + HOUR)
        sale = self._sell(
            at,
            offer.workshop,
            meeting.start_time,
            meeting.end_time,
            service_session_id=meeting.id,
        )
        self._live(sale, meeting.end_time)

    def _sell_course(self, at: int, offer: Offer) -> None:
        # the checkout gives a course placeholder times
        sale = self._sell(at, offer.course, at + 2, at + 2 + HOUR)
        self._live(sale, offer.course_meetings[-1].end_time)

    def _live(self, sale: Sale, end: int) -> None:
        """Cancel, complete or forget an appointment."""
        booking = sale.booking
        draw = self.random()
        at = booking.created_at
        if draw < 0.09:
            latest = min(end, NOW)
            moment = at + HOUR + int(self.random() * max(latest - at - 2 * HOUR, 0))
            self.chapter.cancel(
                sale, min(moment, NOW), refunded=self.random() < 0.7, british=self.random() < 0.3
            )
        elif end < NOW:
            self._pass(booking, end, draw)
        self._keep(sale, booking, end)

    def _pass(self, booking: Booking, end: int, draw: float) -> None:
        """Let an appointment's end pass: few are completed."""
        if draw < 0.12:
            booking.status = "no_show"
            booking.no_show_at = booking.updated_at = end
        elif draw < 0.3 and end < NOW - HOUR:
            self.chapter.complete(booking, end + int(self.random() * 40 * MINUTE))
        elif draw < 0.45 and end < NOW - HOUR:
            self.chapter.leave_room(booking, end + int(self.random() * 10 * MINUTE))

    def _sell_and_reschedule(self, at: int, offer: Offer) -> None:
        service = offer.sessions[0]
        user = self._client()
        start = self._appointment(at)
        sale = self._sell(at, service, start, start + HOUR, user=user)
        moved_at = min(at + 2 * HOUR + int(self.random() * (start - at - DAY // 2)), NOW - HOUR)
        start = self._appointment(max(start, moved_at))
        successor = self.chapter.reschedule(
            user, service, sale.booking, max(moved_at, at + 60), start, start + HOUR
        )
        if start + HOUR < NOW:
            self._pass(successor, start + HOUR, 0.12 + self.random() * 0.88)
        self._keep(sale, successor, start + HOUR)

    def _sell_package(self, at: int, offer: Offer) -> None:
        sale = self.chapter.checkout_package(
            self._client(), offer.package, [offer.sessions[0]] * offer.package_size, at
        )
        pace = (5 + self.random() * 40) * DAY
        for number, child in enumerate(sale.children, start=1):
            start = appointment_moment(int(at + number * pace), int(self.random() * 22))
            if start > NOW + 50 * DAY:
                break
            child.start_time, child.end_time = start, start + HOUR
            child.status = "scheduled" if self.random() < 0.2 else "confirmed"
            if start + HOUR < NOW - HOUR and self.random() < 0.6:
                self.chapter.leave_room(child, start + HOUR + int(self.random() * 10 * MINUTE))
        self._keep(sale, sale.booking, sale.booking.delivered_at)

    def _sell_bundle(self, at: int, offer: Offer) -> None:
        sale = self.chapter.checkout_package(
            self._client(), offer.bundle, [], at, bundle_sessions=offer.bundle_size
        )
        self._keep(sale, sale.booking, sale.booking.delivered_at)

    def _leave_unpaid(self, at: int, offer: Offer) -> None:
        service = offer.sessions[0]
        start = self._appointment(at)
        booking = self.chapter.booking(
            self._client(),
            service,
            at,
            start_time=start,
            end_time=start + HOUR,
            status="pending_payment",
            payment_status="unpaid",
            price_charged_cents=service.price_cents,
        )
        if self._told():
            self.chapter.expect(
                "booking",
                booking.id,
                "R24.2: an unpaid booking gets a pending order",
                order_id="synthetic",
                order__status="pending",
                status="pending_payment",
            )

    def _fail_to_pay(self, at: int, offer: Offer) -> None:
        self._decline(self._client(), offer.sessions[0], at)

    def _sell_credits(self, at: int, offer: Offer) -> None:
        user = self._client()
        cents = 2500 * (1 + int(self.random() * 4))
        order = self.chapter.order(user, None, at, subtotal_amount_cents=cents, order_type="credit")
        self.chapter.credit(user.id, "purchase", cents, at + 1, order_id=order.id)

    # what staff do

    def _release_and_pay_by_hand(self) -> None:
        owed: dict[int, list[Earnings]] = {}
        for row in self.chapter.earnings:
            owed.setdefault(row.practitioner_id, []).append(row)
        for practitioner_id in sorted(owed):
            waiting = owed[practitioner_id]
            for run in HAND_RUNS:
                if self.random() < 0.25:
                    continue
                due = [row for row in waiting if row.available_after <= run]
                for row in due:
                    if row.status == "pending":
                        row.status = "available"
                        row.updated_at = run
                if sum(row.net_amount_cents for row in due) >= 5000 and self.random() < 0.7:
                    waiting = [row for row in waiting if row.available_after > run]
                    self._pay(due, run + HOUR)

    def _pay(self, due: list[Earnings], at: int) -> None:
        draw = self.random()
        if draw < 0.88:
            self.chapter.pay_out(due, at)
        elif draw < 0.92:
            self.chapter.pay_out(due, at, status="failed")
        elif draw < 0.95:
            # the cancel path sets the rows back and leaves payout_id
            self.chapter.pay_out(due, at, status="canceled")
            for row in due:
                row.status = "available"
        elif draw < 0.97:
            self.chapter.pay_out(due, at, status="cancelled")
        else:
            self.chapter.pay_out(due, at, status="processing")

    # what must become of it

    def _tell(self) -> None:
        self.returned = {
            payout.id
            for payout in self.chapter.rows["payments_practitionerpayout"]
            if getattr(payout, "status", "") in ("failed", "canceled", "cancelled")
        }
        for outcome in self.outcomes:
            mark = len(self.chapter.truth)
            if outcome.sale.booking.is_package_purchase or outcome.sale.booking.is_bundle_purchase:
                self._tell_of_package(outcome)
            else:
                self._tell_of_appointment(outcome)
            if not outcome.told:
                del self.chapter.truth[mark:]

    def _is_paid(self, earnings: Earnings) -> bool:
        return earnings.status == "paid" and earnings.payout_id not in self.returned

    def _tell_of_appointment(self, outcome: Outcome) -> None:
        chapter, sale, booking = self.chapter, outcome.sale, outcome.booking
        earnings = sale.earnings
        delivered = booking.completed_at or booking.actual_end_time or outcome.end
        canceled = booking.status in ("canceled", "cancelled")
        chapter.expect(
            "booking",
            booking.id,
            "R15: the credit row's order, or its predecessor's",
            order_id=sale.order.id,
            status="canceled" if canceled else booking.status,
        )
        chapter.expect("order", sale.order.id, "R24: a direct order stays", unchanged=True)
        if earnings is None:
            if booking.status == "completed":
                tier = chapter.practitioners[booking.practitioner_id].tier
                service_type = chapter.service_types[booking.service_id]
                chapter.expect_created(
                    booking,
                    "R24.7: missing rows are created",
                    booking.price_charged_cents,
                    world.rate(service_type, tier),
                    delivered,
                )
            return
        if self._is_paid(earnings):
            chapter.expect_earnings(
                earnings,
                "R24: what is paid stays",
                status="paid",
                unchanged=True,
            )
        elif canceled:
            chapter.expect_earnings(earnings, "R24.6: canceled", status="reversed")
        elif booking.status != "completed":
            chapter.expect_earnings(
                earnings,
                "R24.6: not delivered",
                status="projected",
                available_after=outcome.end + HOLD,
                payout_id=None,
                booking_id=booking.id,
            )
        elif earnings.status == "pending" or booking is not sale.booking:
            chapter.expect_earnings(
                earnings,
                "R24.7: held from the delivery",
                status="pending",
                available_after=delivered + HOLD,
                booking_id=booking.id,
            )
            chapter.expect("booking", booking.id, "R24.7", completed_at=delivered)
        else:
            chapter.expect_earnings(
                earnings,
                "R24.7: delivered and available stays",
                status="available",
                payout_id=None,
            )

    def _tell_of_package(self, outcome: Outcome) -> None:
        chapter, sale = self.chapter, outcome.sale
        is_bundle = sale.booking.is_bundle_purchase
        sessions = sale.booking.bundle_sessions if is_bundle else len(sale.children)
        done = [child for child in sale.children if child.status == "completed"]
        chapter.expect(
            "order",
            sale.order.id,
            "R24.3: described from the purchase",
            order_type="package",
            package_metadata__total_sessions=sessions,
            package_metadata__sessions_completed=len(done),
            package_metadata__session_value_cents=sale.order.subtotal_amount_cents
            // (sessions or 1),
        )
        for child in sale.children:
            chapter.expect("booking", child.id, "R15: its parent's order", order_id=sale.order.id)
        paid = sale.earnings is not None and self._is_paid(sale.earnings)
        if sale.earnings is not None:
            chapter.expect_earnings(
                sale.earnings,
                "R24.5: paid stays" if paid else "R10: a purchase earns nothing",
                status="paid" if paid else "reversed",
            )
        for child in done:
            if paid:
                chapter.expect(
                    "booking_earnings", child.id, "R7: the purchase nets it", live_delivery_count=0
                )
            else:
                chapter.expect_created(
                    child,
                    "R7: an even share of the price",
                    sale.order.subtotal_amount_cents // (sessions or 1),
                    world.rate(world.SESSION, chapter.practitioners[child.practitioner_id].tier),
                    child.delivered_at,
                )
