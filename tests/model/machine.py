"""Drive the app, the jobs and people in any order, and hold each step against the oracle."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import psycopg
from django.db import IntegrityError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from marketplace_app import App
from marketplace_app.tables import SaveRefused
from model.observing import Observer
from oracle import Booking, Marketplace, Order, Payout, Refused, Service

Item = TypeVar("Item")

PICK = st.integers(0, 63)
# Whole hours, so that no hold elapses while a sequence runs.
HOURS_AGO = st.sampled_from([72, 0, 1, 47, 49, 200])
START_IN_HOURS = st.sampled_from([-200, -60, -49, -47, -2, 24, 240])
WORKSHOP_RATE = Decimal("12.50")
FLAT_RATE = Decimal(15)


OPEN = ("draft", "pending_payment", "confirmed", "in_progress", "scheduled")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Held:
    """One write of a booking in a transaction that stays open across steps."""

    def __init__(self, booking_ids: set[int], expect: Callable[[Marketplace], object]) -> None:
        self.booking_ids = booking_ids
        self.expect = expect
        self.began_at = utc_now()
        self.stack = ExitStack()


class MarketplaceMachine(RuleBasedStateMachine):
    """One sequence: people and services of its own, in a database that many sequences share."""

    app: ClassVar[App]
    other_app: ClassVar[App]
    slow_app: ClassVar[App]
    conn: ClassVar[psycopg.Connection]

    # setting up

    @initialize(
        sold=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=3),
        paid_out=st.sampled_from([None, "app", "job"]),
    )
    def begin(self, sold: list[tuple[int, bool]], paid_out: str | None) -> None:
        """Two practitioners, what they offer, and the first sales; in most, one is paid out."""
        self._open_the_market()
        for number, is_task_run in sold:
            service_id = [*self.appointments, *self.packages][number]
            self._sell(service_id, 24, 0, int(is_task_run))
        if paid_out is not None:
            self.engine_and_oracle_agree()
            self.deliver_release_and_pay_out(pick=1, by_job=paid_out == "job")

    def _open_the_market(self) -> None:
        app = self.app
        self.oracle = Marketplace(utc_now())
        self.held: Held | None = None
        self.stale_bookings: list[Any] = []
        self.stale_earnings: list[Any] = []
        self.stale_orders: list[Any] = []
        self.pia, self.ben = app.practitioner(), app.practitioner()
        self.client = app.client()
        self.observer = Observer(self.conn, [self.pia, self.ben])
        session = app.service(self.pia)
        other = app.service(self.ben, price_cents=3333)
        workshop = app.service(self.ben, "workshop", price_cents=9999)
        for service_id, code, practitioner_id, rate in (
            (session, "session", self.pia, FLAT_RATE),
            (other, "session", self.ben, FLAT_RATE),
            (workshop, "workshop", self.ben, WORKSHOP_RATE),
        ):
            self.oracle.services[service_id] = Service(
                id=service_id, code=code, practitioner_id=practitioner_id, rate=rate
            )
        self.workshop_session = app.insert(
            "service_sessions",
            service_id=workshop,
            start_time=utc_now(),
            end_time=utc_now() + timedelta(hours=1),
        )
        self.oracle.services[workshop].session_ends[self.workshop_session] = utc_now() + timedelta(
            hours=1
        )
        self.workshop = workshop
        self.appointments = [session, other, workshop]
        two = app.package(session, 2, 10001)
        mixed = app.package(session, 2, 40000)
        app.contain(mixed, other, 1)
        bundle = app.package(session, 2, 9999, code="bundle")
        self.packages = {two: 2, mixed: 3, bundle: 2}
        for package_id in self.packages:
            code = "bundle" if package_id == bundle else "package"
            self.oracle.services[package_id] = Service(
                id=package_id, code=code, practitioner_id=self.pia
            )
        self.child_of = {two: session, mixed: session, bundle: session}

    # how a step is taken

    def write(
        self, write: Callable[[], Item], expect: Callable[[Marketplace, Item | None], object]
    ) -> Item | None:
        """Write to the database, then to the oracle: both refuse it, or both accept it."""
        expected = copy.deepcopy(self.oracle)
        expected.now = utc_now()
        result, refused = None, None
        try:
            result = write()
        except IntegrityError as error:
            refused = sqlstate_of(error)
        try:
            expect(expected, result)
            expected_refusal = None
        except Refused as error:
            expected_refusal = error.sqlstate
        assert refused == expected_refusal, f"refused: {refused}, expected {expected_refusal}"
        if refused is None:
            self.oracle = expected
        return result

    @invariant()
    def engine_and_oracle_agree(self) -> None:
        if hasattr(self, "oracle"):
            swallowed = [*self.app.swallowed, *self.other_app.swallowed]
            assert not swallowed, f"the app swallowed {swallowed}"
            self.observer.compare(self.oracle)
            self.observer.refuse_offenders()

    def teardown(self) -> None:
        if hasattr(self, "held") and self.held is not None:
            self.held.stack.close()
        self.app.swallowed.clear()
        self.other_app.swallowed.clear()

    # choosing

    def has_earnings(self, status: str) -> bool:
        return any(row.status == status for row in self.oracle.earnings.values())

    def free_bookings(self) -> list[Booking]:
        """Bookings that no open transaction has to do with, oldest first."""
        held = set() if self.held is None else self.held.booking_ids
        return [booking for booking in self.oracle.bookings.values() if booking.id not in held]

    def free_earnings(self) -> list[int]:
        """Ids of earnings rows that no open transaction has to do with, oldest first."""
        free = {booking.id for booking in self.free_bookings()}
        return sorted(
            earnings_id
            for number, earnings_id in self.observer.earnings_ids.items()
            if self.oracle.earnings[number].booking_id in free
        )

    def one_booking(
        self, pick: int, *, purchases: bool = False, status: Collection[str] = ()
    ) -> Booking | None:
        """The booking that `pick` stands for, of these statuses unless there is none."""
        found = [b for b in self.free_bookings() if purchases or not b.is_purchase]
        return one_of([b for b in found if b.status in status] or found, pick)

    def one_paid_booking(self, pick: int) -> Booking | None:
        """For every other `pick` one that was paid out, if there is any: these are few."""
        paid = {row.booking_id for row in self.oracle.earnings.values() if row.status == "paid"}
        found = [booking for booking in self.free_bookings() if booking.id in paid]
        return one_of(found, pick // 2) if pick % 2 and found else self.one_booking(pick)

    def group_of(self, booking: Booking) -> set[int]:
        """The bookings whose rows a write of this one may lock."""
        return {
            other.id
            for other in self.oracle.bookings.values()
            if other.id == booking.id
            or (other.order_id is not None and other.order_id == booking.order_id)
            or booking.id in (other.rescheduled_from_id, other.parent_id)
            or other.id in (booking.rescheduled_from_id, booking.parent_id)
        }

    def is_free(self, booking_id: int) -> bool:
        return booking_id in {booking.id for booking in self.free_bookings()}

    # selling

    @rule(
        pick=PICK,
        start=START_IN_HOURS,
        credits_used=st.sampled_from([0, 3000, "all"]),
        tasks=st.sampled_from([0, 1, 1, 2]),
    )
    def sell_an_appointment(
        self, pick: int, start: int, credits_used: int | str, tasks: int
    ) -> None:
        service_id = self.appointments[pick % len(self.appointments)]
        self._sell(service_id, start, credits_used, tasks)

    @rule(
        pick=PICK,
        start=st.sampled_from([None, 24]),
        credits_used=st.sampled_from([0, "all"]),
        tasks=st.sampled_from([0, 1]),
    )
    def sell_a_package(
        self, pick: int, start: int | None, credits_used: int | str, tasks: int
    ) -> None:
        service_id = list(self.packages)[pick % len(self.packages)]
        self._sell(service_id, start, credits_used, tasks)

    def _sell(
        self, service_id: int, start: int | None, credits_used: int | str, tasks: int
    ) -> None:
        app = self.app
        price = app.get("services_service", service_id).price_cents
        credits_cents = price if credits_used == "all" else min(int(credits_used), price)
        begins = None if start is None else utc_now() + timedelta(hours=start)

        def expect(oracle: Marketplace, _: int | None) -> None:
            self._expect_sale(oracle, service_id)

        booking_id = self.write(
            lambda: app.checkout(
                self.client,
                service_id,
                start=begins,
                credits_cents=credits_cents,
                run_earnings_task=False,
            ),
            expect,
        )
        assert booking_id is not None
        if service_id == self.workshop:
            self._write_booking(booking_id, service_session_id=self.workshop_session)
        for _ in range(tasks):
            self._run_task(booking_id)

    def _expect_sale(self, oracle: Marketplace, service_id: int) -> None:
        known_orders, known_bookings = set(oracle.orders), set(oracle.bookings)
        [order] = [
            row
            for row in self.app.objects("payments_order", user_id=self.client)
            if row.pk not in known_orders
        ]
        is_package = service_id in self.packages
        oracle.add_order(
            Order(
                id=order.pk,
                user_id=self.client,
                service_id=service_id,
                is_package=is_package,
                price_cents=order.subtotal_amount_cents,
                session_count=self.packages.get(service_id, 1),
                status=order.status,
                created_at=order.created_at,
            )
        )
        for row in self.app.objects("bookings_booking", user_id=self.client):
            if row.pk not in known_bookings:
                is_session = is_package and not self.app.is_before
                oracle.add_booking(
                    booking_of(row, order_id=order.pk if is_session else None), [order.pk]
                )

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def run_the_earnings_task(self, pick: int) -> None:
        """Late, or once more."""
        booking = self.one_booking(pick, purchases=True)
        if booking is not None:
            self._run_task(booking.id)

    def _run_task(self, booking_id: int) -> None:
        booking = self.oracle.bookings[booking_id]
        rate = self.oracle.services[booking.service_id].rate

        def run() -> int | None:
            found = self.app.earnings_task(booking_id)
            if found is None:
                raise self.app.swallowed.pop()
            return found

        self.write(run, lambda oracle, _: oracle.offer(booking_id, booking.price_cents, rate))

    @precondition(
        lambda self: any(b.is_purchase or b.order_id for b in self.oracle.bookings.values())
    )
    @rule(pick=PICK)
    def add_a_session_beyond_those_sold(self, pick: int) -> None:
        """Also how the sessions of a bundle of the before-version come into being."""
        orders = {
            booking.order_id
            for booking in self.free_bookings()
            if self.oracle.package_of(booking) is not None
        }
        order_id = one_of(sorted(orders), pick)
        if order_id is None:
            return
        order = self.oracle.orders[order_id]
        values: dict[str, Any] = {"order_id": order_id}
        if self.app.is_before:
            [parent] = [
                b for b in self.oracle.bookings.values() if b.order_id == order_id and b.is_purchase
            ] or [None]
            if parent is None:
                return
            values = {"parent_booking_id": parent.id}
        child = self.child_of[order.service_id]
        self.write(
            lambda: self.app.book(self.client, child, status="draft", **values),
            lambda oracle, booking_id: oracle.add_booking(
                booking_of(
                    self.app.get("bookings_booking", booking_id or 0),
                    order_id=values.get("order_id"),
                )
            ),
        )

    # delivering

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def end_the_video_room(self, pick: int) -> None:
        booking = self.one_booking(pick, status=OPEN if pick % 4 else ())
        if booking is not None and self.oracle.successor(booking.id) is None:
            self.write(
                lambda: self.app.end_video_room(booking.id),
                lambda oracle, _: oracle.write_booking(
                    booking.id, is_save=False, status="completed"
                ),
            )

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def complete_by_a_full_save(self, pick: int) -> None:
        booking = self.one_booking(pick, status=OPEN)
        if booking is not None:
            self._mark_completed(self.app.get("bookings_booking", booking.id))

    @precondition(lambda self: self.stale_bookings)
    @rule(pick=PICK)
    def complete_by_a_stale_save(self, pick: int) -> None:
        row = self._stale_booking(pick)
        if row is not None:
            self._mark_completed(row)

    def _mark_completed(self, row: Any) -> None:
        if row.status == "completed" or self.oracle.successor(row.pk) is not None:
            return
        offered = image_of(row)
        try:
            self.write(
                lambda: self.other_app.mark_completed(row),
                lambda oracle, _: oracle.write_booking(
                    row.pk,
                    is_save=True,
                    **{**offered, "status": "completed", "completed_at": oracle.now},
                ),
            )
        except SaveRefused:
            assert row.is_session_without_order, "the app lost a completion"

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK, hours=HOURS_AGO)
    def complete_by_update(self, pick: int, hours: int) -> None:
        """update(), as of hours ago: so holds elapse while the clock of the database stands."""
        booking = self.one_booking(pick, status=OPEN if pick % 4 else ())
        if booking is not None and self.oracle.successor(booking.id) is None:
            self._write_booking(
                booking.id, status="completed", completed_at=utc_now() - timedelta(hours=hours)
            )

    @precondition(lambda self: self.oracle.bookings)
    @rule(
        pick=PICK,
        status=st.sampled_from(
            ["draft", "confirmed", "in_progress", "scheduled", "no_show", "canceled", "cancelled"]
        ),
    )
    def update_a_status(self, pick: int, status: str) -> None:
        booking = self.one_booking(pick, purchases=True, status=("completed",) if pick % 2 else ())
        if booking is not None:
            self._write_booking(booking.id, status=status)

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK, hours=START_IN_HOURS)
    def give_a_booking_its_time(self, pick: int, hours: int) -> None:
        booking = self.one_booking(pick)
        if booking is not None:
            start = utc_now() + timedelta(hours=hours)
            self._write_booking(booking.id, start_time=start, end_time=start + timedelta(hours=1))

    def _write_booking(self, booking_id: int, **values: Any) -> None:
        known = {key: value for key, value in values.items() if key != "start_time"}
        self.write(
            lambda: self.app.update("bookings_booking", booking_id, **values),
            lambda oracle, _: oracle.write_booking(booking_id, is_save=False, **known),
        )

    @precondition(lambda self: self.held is None and self.oracle.bookings)
    @rule(pick=PICK, by_job=st.booleans())
    def deliver_release_and_pay_out(self, pick: int, by_job: bool) -> None:
        """The whole life of one booking's earnings: otherwise few sequences would pay at all."""
        self.complete_by_update(pick=pick, hours=72)
        if self.has_earnings("pending"):
            self.engine_and_oracle_agree()
            self.run_release_holds()
        if self.has_earnings("available"):
            self.engine_and_oracle_agree()
            if by_job:
                self.run_create_payouts()
            else:
                self.pay_out(pick=pick, is_stale=False, part="all")

    # undoing

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK, spelling=st.sampled_from(["canceled", "cancelled"]))
    def cancel(self, pick: int, spelling: str) -> None:
        booking = self.one_paid_booking(pick)
        if booking is not None:
            self._save(self.app.get("bookings_booking", booking.id), status=spelling)

    @precondition(lambda self: self.stale_bookings)
    @rule(pick=PICK, status=st.sampled_from([None, None, "canceled", "in_progress"]))
    def save_a_stale_booking(self, pick: int, status: str | None) -> None:
        row = self._stale_booking(pick)
        if row is not None and self.oracle.successor(row.pk) is None:
            self._save(row, **({} if status is None else {"status": status}))

    def _save(self, row: Any, **values: Any) -> None:
        offered = {**image_of(row), **values}
        try:
            self.write(
                lambda: self._save_atomically(row, values),
                lambda oracle, _: oracle.write_booking(row.pk, is_save=True, **offered),
            )
        except SaveRefused:
            assert row.is_session_without_order, "the app lost a save"

    def _save_atomically(self, row: Any, values: dict[str, Any]) -> None:
        app = self.app if row._state.db == self.app.alias else self.other_app
        with app.atomic():
            app.save(row, **values)

    def _stale_booking(self, pick: int) -> Any:
        known = [row for row in self.stale_bookings if self.is_free(row.pk)]
        return one_of(known, pick)

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK, hours=st.sampled_from([24, 240]))
    def reschedule(self, pick: int, hours: int) -> None:
        status = (*OPEN, "completed") if pick % 4 else ("rescheduled",)
        booking = self.one_booking(pick, status=status)
        if booking is None:
            return
        start = utc_now() + timedelta(hours=hours)

        def expect(oracle: Marketplace, new_id: int | None) -> None:
            assert new_id is not None
            oracle.add_booking(booking_of(self.app.get("bookings_booking", new_id), order_id=None))
            oracle.write_booking(booking.id, is_save=True, status="rescheduled")

        self.write(lambda: self.app.reschedule(booking.id, start), expect)

    @precondition(lambda self: self.oracle.bookings)
    @rule(
        pick=PICK,
        status=st.sampled_from(["confirmed", "confirmed", "no_show", "canceled", "completed"]),
    )
    def correct_a_booking(self, pick: int, status: str) -> None:
        booking = self.one_booking(pick)
        if booking is not None and (
            status != "completed" or self.oracle.successor(booking.id) is None
        ):
            self.write(
                lambda: self.call(
                    "select earnings.correct_booking(%s, %s, 'by hand')", booking.id, status
                ),
                lambda oracle, _: oracle.correct_booking(booking.id, status),
            )

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def delete_a_booking(self, pick: int) -> None:
        booking = self.one_booking(pick)
        if booking is None or any(
            other.rescheduled_from_id == booking.id for other in self.oracle.bookings.values()
        ):
            return
        self.write(
            lambda: self.app.delete("bookings_booking", booking.id),
            lambda oracle, _: oracle.delete_booking(booking.id),
        )
        if booking.id not in self.oracle.bookings:
            self.stale_bookings = [row for row in self.stale_bookings if row.pk != booking.id]
            self.stale_earnings = [
                row for row in self.stale_earnings if row.pk in self.observer.numbers
            ]

    @precondition(lambda self: self.held is None)
    @rule(hours=START_IN_HOURS)
    def move_the_workshop(self, hours: int) -> None:
        end = utc_now() + timedelta(hours=hours)
        self.write(
            lambda: self.app.update("service_sessions", self.workshop_session, end_time=end),
            lambda oracle, _: oracle.move_service_session(
                self.workshop, self.workshop_session, end
            ),
        )

    # orders

    @precondition(lambda self: self.stale_orders)
    @rule(pick=PICK)
    def save_an_order_as_it_was_read(self, pick: int) -> None:
        row = one_of(self.free_orders(self.stale_orders), pick)
        if row is not None:
            self.write(
                lambda: self.app.save(row),
                lambda oracle, _: oracle.write_order(
                    row.pk, status=row.status, **expiry_as_read(row)
                ),
            )

    @precondition(lambda self: self.stale_orders and not self.app.is_before)
    @rule(pick=PICK)
    def count_a_session_by_hand(self, pick: int) -> None:
        """increment_sessions_completed, on an object that may be stale."""
        row = one_of(self.free_orders(self.stale_orders), pick)
        if row is not None:
            self.write(
                row.increment_sessions_completed,
                lambda oracle, _: oracle.write_order(row.pk, **expiry_as_read(row)),
            )

    @precondition(lambda self: any(order.is_package for order in self.oracle.orders.values()))
    @rule(pick=PICK)
    def let_a_package_expire(self, pick: int) -> None:
        orders = [
            order
            for order in self.free_orders(self.app.objects("payments_order", user_id=self.client))
            if self.oracle.orders[order.pk].is_package
        ]
        row = one_of(orders, pick)
        if row is None:
            return
        expired_at = utc_now() - timedelta(days=1)
        self.write(
            lambda: self.call(
                "update public.payments_order set package_metadata = package_metadata "
                "|| jsonb_build_object('expires_at', %s::text) where id = %s",
                expired_at.isoformat(),
                row.pk,
            ),
            lambda oracle, _: oracle.write_order(row.pk, expires_at=expired_at),
        )

    # refunds

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK, percent=st.sampled_from([10, 33, 50, 100, 150]))
    def refund_a_booking(self, pick: int, percent: int) -> None:
        """Credits back, as a rule the card part, sometimes more; any number of times."""
        booking = self.one_paid_booking(pick)
        if booking is not None:
            self._refund_booking(booking, percent)

    def _refund_booking(self, booking: Booking, percent: int) -> None:
        order = self.oracle.package_of(booking)
        price = order.price_cents // order.session_count if order else booking.final_cents
        cents = max(price * percent // 100, 1)
        self.write(
            lambda: self.app.refund(booking.id, cents),
            lambda oracle, _: oracle.refund_booking(booking.id, cents),
        )

    @precondition(lambda self: self.oracle.orders)
    @rule(pick=PICK, status=st.sampled_from(["refunded", "partially_refunded"]))
    def refund_an_order_by_card(self, pick: int, status: str) -> None:
        order_id = one_of(self.free_order_ids(), pick)
        if order_id is not None:
            self.write(
                lambda: self.app.refund_order(order_id, status),
                lambda oracle, _: oracle.refund_order(order_id, status=status),
            )

    @precondition(lambda self: self.oracle.orders)
    @rule(pick=PICK, percent=st.sampled_from([10, 50, 100]))
    def refund_an_order_by_credits(self, pick: int, percent: int) -> None:
        order_id = one_of(self.free_order_ids(), pick)
        if order_id is not None:
            cents = max(self.oracle.orders[order_id].price_cents * percent // 100, 1)
            self.write(
                lambda: self.app.credit_order(order_id, cents),
                lambda oracle, _: oracle.refund_order(order_id, cents=cents),
            )

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def mirror_what_a_booking_earns(self, pick: int) -> None:
        booking = self.one_paid_booking(pick)
        if booking is not None:
            self.write(
                lambda: self.app.reverse_earnings_as_meant(booking.id),
                lambda oracle, _: oracle.mirror(booking.id),
            )

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def reverse_a_booking(self, pick: int) -> None:
        booking = self.one_paid_booking(pick)
        if booking is not None:
            self.write(
                lambda: self.call("select earnings.reverse_booking(%s, 'by hand')", booking.id),
                lambda oracle, _: oracle.reverse_booking(booking.id),
            )

    @precondition(lambda self: any(order.is_package for order in self.oracle.orders.values()))
    @rule(pick=PICK)
    def start_a_package(self, pick: int) -> None:
        orders = [
            order_id
            for order_id in self.free_order_ids()
            if self.oracle.orders[order_id].is_package
            and self.oracle.orders[order_id].status != "refunded"
        ]
        order_id = one_of(orders, pick)
        if order_id is None:
            return

        def expect(oracle: Marketplace, made: list[tuple[Any, ...]] | None) -> None:
            ids = [row[0] for row in made or ()]
            assert len(ids) == oracle.missing_sessions(order_id)
            for booking_id in ids:
                row = self.app.get("bookings_booking", booking_id)
                oracle.add_booking(booking_of(row, order_id=order_id))

        self.write(lambda: self.call("select * from earnings.start_package(%s)", order_id), expect)

    def free_order_ids(self) -> list[int]:
        held = set() if self.held is None else self.held.booking_ids
        held_orders = {self.oracle.bookings[booking_id].order_id for booking_id in held}
        return [order_id for order_id in self.oracle.orders if order_id not in held_orders]

    def free_orders(self, rows: Sequence[Any]) -> list[Any]:
        free = set(self.free_order_ids())
        return [row for row in rows if row.pk in free]

    # earnings

    @precondition(lambda self: self.stale_earnings)
    @rule(pick=PICK)
    def release_by_a_stale_save(self, pick: int) -> None:
        free = set(self.free_earnings())
        row = one_of([row for row in self.stale_earnings if row.pk in free], pick)
        if row is not None:
            number = self.observer.numbers[row.pk]
            self.write(
                lambda: self.other_app.release(row),
                lambda oracle, _: oracle.write_earnings(number, "available"),
            )

    @precondition(lambda self: self.oracle.earnings)
    @rule(pick=PICK, status=st.sampled_from(["reversed", "pending", "available", "projected"]))
    def update_earnings(self, pick: int, status: str) -> None:
        earnings_id = one_of(self.free_earnings(), pick)
        if earnings_id is not None:
            number = self.observer.numbers[earnings_id]
            self.write(
                lambda: self.app.update("payments_earningstransaction", earnings_id, status=status),
                lambda oracle, _: oracle.write_earnings(number, status),
            )

    @precondition(lambda self: self.oracle.earnings)
    @rule(pick=PICK, status=st.sampled_from(["reversed", "projected", "available", "paid"]))
    def correct_a_status(self, pick: int, status: str) -> None:
        earnings_id = one_of(self.free_earnings(), pick)
        if earnings_id is None:
            return
        number = self.observer.numbers[earnings_id]
        row = self.oracle.earnings[number]
        if status == "projected" and self.oracle.bookings[row.booking_id].status == "completed":
            return  # what was delivered is not to be said undelivered
        self.write(
            lambda: self.call(
                "select earnings.correct_status(%s, %s, 'by hand')", earnings_id, status
            ),
            lambda oracle, _: oracle.correct_status(number, status),
        )

    # the jobs

    @precondition(lambda self: any(b.status in OPEN for b in self.oracle.bookings.values()))
    @rule()
    def run_complete_due(self) -> None:
        skipped = self._locked_bookings()
        self.write(
            lambda: self.run_job("earnings.complete_due"),
            lambda oracle, _: oracle.complete_due(skipped),
        )

    @precondition(lambda self: self.has_earnings("pending"))
    @rule()
    def run_release_holds(self) -> None:
        skipped = self._locked_earnings()
        self.write(
            lambda: self.run_job("earnings.release_holds"),
            lambda oracle, _: oracle.release_holds(skipped),
        )

    @precondition(lambda self: any(order.expires_at for order in self.oracle.orders.values()))
    @rule()
    def run_expire_packages(self) -> None:
        self.write(
            lambda: self.call("select * from earnings.expire_packages()"),
            lambda oracle, _: oracle.expire_packages(),
        )

    @precondition(lambda self: self.has_earnings("available"))
    @rule()
    def run_create_payouts(self) -> None:
        skipped = self._locked_earnings()

        def expect(oracle: Marketplace, made: list[tuple[Any, ...]] | None) -> None:
            ours = {row[1]: row for row in made or () if row[1] in (self.pia, self.ben)}
            due = oracle.due_payouts(skipped)
            assert ours.keys() == due.keys(), f"paid {ours}, due {due}"
            for practitioner_id, rows in due.items():
                payout_id, _, _, cents, _ = ours[practitioner_id]
                assert cents == sum(row.net_cents for row in rows)
                payout = Payout(id=payout_id, practitioner_id=practitioner_id, cents=cents)
                oracle.pay(payout, rows)

        self.write(lambda: self.call("select * from earnings.create_payouts()"), expect)

    def run_job(self, function: str) -> None:
        """Batches until nothing is left of this or of earlier sequences."""
        match function:
            case "earnings.complete_due":
                while self.call("select * from earnings.complete_due()")[0][0]:
                    pass
            case "earnings.release_holds":
                while self.call("select * from earnings.release_holds()"):
                    pass

    def call(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        try:
            cursor = self.conn.execute(statement.encode(), parameters)
        except psycopg.IntegrityError as error:
            raise IntegrityError(str(error)) from error
        return cursor.fetchall() if cursor.description else []

    def _locked_earnings(self) -> set[int]:
        """Numbers of the rows that another transaction holds: jobs pass them over."""
        free = self._unlocked("payments_earningstransaction")
        return {
            number
            for number, earnings_id in self.observer.earnings_ids.items()
            if earnings_id not in free
        }

    def _locked_bookings(self) -> set[int]:
        """Bookings that are held, or whose order is."""
        free, free_orders = self._unlocked("bookings_booking"), self._unlocked("payments_order")
        return {
            booking.id
            for booking in self.oracle.bookings.values()
            if booking.id not in free
            or (booking.order_id is not None and booking.order_id not in free_orders)
        }

    def _unlocked(self, table: str) -> set[int]:
        statement = psycopg.sql.SQL(
            "select id from {} where practitioner_id = any (%s) for no key update skip locked"
        ).format(psycopg.sql.Identifier("public", table))
        with self.conn.transaction(force_rollback=True):
            rows = self.conn.execute(statement, [[self.pia, self.ben]]).fetchall()
        return {row[0] for row in rows}

    # payouts by the app

    @precondition(lambda self: self.held is None and self.has_earnings("available"))
    @rule(pick=PICK, is_stale=st.booleans(), part=st.sampled_from(["all", "positive", "one"]))
    def pay_out(self, pick: int, is_stale: bool, part: str) -> None:
        held = [row for row in self.oracle.earnings.values() if row.status == "available"]
        practitioner_id = held[pick % len(held)].practitioner_id
        rows = self.app.objects(
            "payments_earningstransaction", practitioner_id=practitioner_id, status="available"
        )
        if is_stale:
            rows = [
                row
                for row in self.stale_earnings
                if row.practitioner_id == practitioner_id
                and row.status == "available"
                and row.pk in self.observer.numbers
            ]
        if part == "positive":
            rows = [row for row in rows if row.net_amount_cents > 0]
        elif part == "one":
            rows = rows[:1]
        cents = sum(row.net_amount_cents for row in rows)
        numbers = [self.observer.numbers[row.pk] for row in rows]

        def expect(oracle: Marketplace, payout_id: int | None) -> None:
            payout = Payout(id=payout_id or 0, practitioner_id=practitioner_id, cents=cents)
            oracle.add_payout(payout)
            for number in numbers:
                oracle.write_earnings(number, "paid", payout.id)

        self.write(lambda: self.app.pay_out(practitioner_id, copy.deepcopy(rows)), expect)

    @precondition(lambda self: self.oracle.payouts and self.held is None)
    @rule(
        pick=PICK,
        outcome=st.sampled_from(["complete", "fail", "canceled", "cancelled"]),
        rows_first=st.booleans(),
    )
    def settle_a_payout(self, pick: int, outcome: str, rows_first: bool) -> None:
        """Also late, after the payout has failed."""
        payout_id = one_of(sorted(self.oracle.payouts), pick)
        assert payout_id is not None
        self._settle_payout(payout_id, outcome, rows_first=rows_first)

    def _settle_payout(self, payout_id: int, outcome: str, *, rows_first: bool = False) -> None:
        writes: dict[str, Callable[[], None]] = {
            "complete": lambda: self.app.complete_payout(payout_id),
            "fail": lambda: self.app.fail_payout(payout_id),
        }
        status = {"complete": "completed", "fail": "failed"}.get(outcome, outcome)
        self.write(
            writes.get(
                outcome,
                lambda: self.app.cancel_payout(payout_id, outcome, rows_first=rows_first),
            ),
            lambda oracle, _: oracle.write_payout(payout_id, status),
        )

    @precondition(lambda self: self.held is None and self.has_earnings("paid"))
    @rule(pick=PICK)
    def fail_a_payout_whose_debit_a_later_one_has_paid(self, pick: int) -> None:
        """Refund a paid booking, pay the debit with another booking, and fail the first payout."""
        row = one_of(
            [
                row
                for row in self.oracle.earnings.values()
                if row.status == "paid" and row.is_delivery
            ],
            pick,
        )
        if row is None or row.payout_id is None:
            return
        self._refund_booking(self.oracle.bookings[row.booking_id], 10)
        self.engine_and_oracle_agree()
        self._sell(self.appointments[0 if row.practitioner_id == self.pia else 1], 24, 0, 1)
        self.engine_and_oracle_agree()
        sold = max(self.oracle.bookings)
        self._write_booking(sold, status="completed", completed_at=utc_now() - timedelta(hours=72))
        self.engine_and_oracle_agree()
        self.run_release_holds()
        self.engine_and_oracle_agree()
        held = [other for other in self.oracle.earnings.values() if other.status == "available"]
        owners = [other.practitioner_id for other in held]
        if row.practitioner_id in owners:
            self.pay_out(pick=owners.index(row.practitioner_id), is_stale=False, part="all")
            self.engine_and_oracle_agree()
        self._settle_payout(row.payout_id, "fail")

    # what others have read, and what they leave open

    @precondition(lambda self: self.oracle.bookings)
    @rule(pick=PICK)
    def read_for_later(self, pick: int) -> None:
        """Another process reads a booking, its order and its earnings, and keeps them."""
        booking = self.one_booking(pick)
        if booking is None:
            return
        app = self.other_app
        self.stale_bookings.append(app.get("bookings_booking", booking.id))
        self.stale_earnings += app.objects("payments_earningstransaction", booking_id=booking.id)
        if booking.order_id is not None:
            self.stale_orders.append(app.get("payments_order", booking.order_id))

    @precondition(lambda self: self.held is None and self.oracle.bookings)
    @rule(
        pick=PICK,
        status=st.sampled_from(["completed", "completed", "canceled", "no_show", "confirmed"]),
        hours=HOURS_AGO,
    )
    def write_and_do_not_commit(self, pick: int, status: str, hours: int) -> None:
        booking = self.one_booking(pick)
        if booking is None or self.oracle.successor(booking.id) is not None:
            return
        values: dict[str, Any] = {"status": status}
        if status == "completed":
            values["completed_at"] = utc_now() - timedelta(hours=hours)
        self.held = Held(
            self.group_of(booking),
            lambda oracle: oracle.write_booking(booking.id, is_save=False, **values),
        )
        self.held.stack.enter_context(self.slow_app.atomic())
        self.slow_app.update("bookings_booking", booking.id, **values)

    @precondition(lambda self: self.held is not None)
    @rule()
    def commit_at_last(self) -> None:
        held, self.held = self.held, None
        assert held is not None

        def expect(oracle: Marketplace, _: object) -> None:
            oracle.now = held.began_at
            held.expect(oracle)

        self.write(held.stack.close, expect)


def one_of(items: Sequence[Item], pick: int) -> Item | None:
    return items[pick % len(items)] if items else None


def sqlstate_of(error: IntegrityError) -> str | None:
    cause = error.__cause__
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def image_of(row: Any) -> dict[str, Any]:
    """What a full save of this object offers, of what the rules look at."""
    names = ["status", "completed_at", "end_time", "service_session_id"]
    names += ["order_id"] if hasattr(row, "order_id") else []
    return {name: getattr(row, name) for name in names}


def expiry_as_read(row: Any) -> dict[str, datetime]:
    """What a save of this order writes back of its expiry, if the object has any."""
    expires_at = (getattr(row, "package_metadata", None) or {}).get("expires_at")
    return {} if expires_at is None else {"expires_at": datetime.fromisoformat(expires_at)}


def booking_of(row: Any, *, order_id: int | None) -> Booking:
    """A booking as the app inserted it; the order as the app gave it."""
    return Booking(
        id=row.pk,
        user_id=row.user_id,
        service_id=row.service_id,
        practitioner_id=row.practitioner_id,
        status=row.status,
        created_at=row.created_at,
        price_cents=row.price_charged_cents,
        final_cents=row.final_amount_cents,
        end_time=row.end_time,
        service_session_id=row.service_session_id,
        order_id=order_id,
        parent_id=getattr(row, "parent_booking_id", None),
        rescheduled_from_id=row.rescheduled_from_id,
        is_purchase=getattr(row, "is_package_purchase", False)
        or getattr(row, "is_bundle_purchase", False),
    )
