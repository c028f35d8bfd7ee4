"""The marketplace by the rules: every write of the app, of the jobs and of people."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from oracle.money import commission_cents, remaining_cents, slot_cents
from oracle.rows import (
    EARNED,
    FAILED_PAYOUT,
    UNDELIVERED,
    UNPAID,
    Booking,
    Earnings,
    Order,
    Payout,
    Refused,
    Service,
    Transition,
)

HOLD = timedelta(hours=48)
NEARBY = timedelta(minutes=10)
PAYOUT_MINIMUM_CENTS = 5000
LEGAL = frozenset(
    {
        ("projected", "pending"),
        ("projected", "reversed"),
        ("pending", "available"),
        ("pending", "reversed"),
        ("available", "paid"),
        ("available", "reversed"),
    }
)
CORRECTIONS = frozenset({("pending", "projected"), ("available", "projected")})
DEBITS = frozenset({"clawback", "adjustment"})
SETTLED = frozenset({"completed", "canceled", "no_show"})
REFUNDED = frozenset({"refunded", "partially_refunded"})
NOBODY: Collection[int] = frozenset()


class Marketplace:
    """Rows by id, and the rules that move them.

    Set `now` before each call: it is the moment of that write.  A call that raises Refused has
    may have changed half of it: copy the marketplace first, and keep the copy that was right.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.services: dict[int, Service] = {}
        self.orders: dict[int, Order] = {}
        self.bookings: dict[int, Booking] = {}
        self.earnings: dict[int, Earnings] = {}
        self.payouts: dict[int, Payout] = {}
        self.transitions: list[Transition] = []
        self.queue: set[int] = set()
        self._number = 0

    # reading

    def rows_of(self, booking_id: int) -> list[Earnings]:
        return [row for row in self.earnings.values() if row.booking_id == booking_id]

    def delivery_rows(self, booking_id: int) -> list[Earnings]:
        """Delivery rows but those that only waited for a slot: they do not count (R7)."""
        return [
            row for row in self.rows_of(booking_id) if row.is_delivery and not row.waits_for_slot
        ]

    def live_row(self, booking_id: int) -> Earnings | None:
        live = [row for row in self.rows_of(booking_id) if row.is_delivery and row.is_live]
        assert len(live) <= 1, f"booking {booking_id} has two live delivery rows"
        return live[0] if live else None

    def adjustments_of(self, row: Earnings) -> list[Earnings]:
        return [
            other
            for other in self.earnings.values()
            if other.original == row.number and other.kind == "adjustment"
        ]

    def is_clawed_back(self, booking_id: int) -> bool:
        return any(row.kind == "clawback" and row.is_live for row in self.rows_of(booking_id))

    def is_taken_back(self, row: Earnings) -> bool:
        """A clawback names the rows it takes back; itself and adjustments are none of them."""
        return row.kind not in DEBITS and self.is_clawed_back(row.booking_id)

    def order_of(self, booking: Booking) -> Order | None:
        return None if booking.order_id is None else self.orders[booking.order_id]

    def package_of(self, booking: Booking) -> Order | None:
        order = self.order_of(booking)
        return order if order is not None and order.is_package else None

    def sessions_of(self, order: Order) -> list[Booking]:
        return [
            booking
            for booking in self.bookings.values()
            if booking.order_id == order.id and not booking.is_purchase
        ]

    def sessions_completed(self, order_id: int) -> int:
        """The number of delivered session bookings (R8); a rescheduled one counts nowhere (R13).

        A no-show that keeps the slot that it was paid for has used up a session as well (R12).
        """
        order = self.orders[order_id]
        return sum(
            (self.is_delivered(booking) and self.successor(booking.id) is None)
            or (booking.status == "no_show" and self.slot_of(booking) is not None)
            for booking in self.sessions_of(order)
        )

    def is_delivered(self, booking: Booking) -> bool:
        return booking.status == "completed" and not booking.is_purchase

    def slot_of(self, booking: Booking) -> int | None:
        order = self.package_of(booking)
        slots = {} if order is None else {taker: slot for slot, taker in order.slots.items()}
        return slots.get(booking.id)

    def slot_worth(self, order: Order, slot_number: int) -> int:
        assert order.terms is not None
        return slot_cents(*order.terms, slot_number)

    def _slot_earns(self, order: Order, slot_number: int) -> int:
        netted = order.prepaid.get(slot_number, 0) + order.slot_refunds.get(slot_number, 0)
        return self.slot_worth(order, slot_number) - netted

    def successor(self, booking_id: int) -> Booking | None:
        later = [b for b in self.bookings.values() if b.rescheduled_from_id == booking_id]
        return max(later, key=lambda b: b.id, default=None)

    def last_successor(self, booking_id: int) -> Booking:
        booking = self.bookings[booking_id]
        while (later := self.successor(booking.id)) is not None:
            booking = later
        return booking

    def predecessors(self, booking: Booking) -> Iterator[Booking]:
        earlier_id = booking.rescheduled_from_id
        while earlier_id is not None and earlier_id in self.bookings:
            earlier = self.bookings[earlier_id]
            yield earlier
            earlier_id = earlier.rescheduled_from_id

    def appointment_end(self, booking: Booking) -> datetime | None:
        service = self.services[booking.service_id]
        if service.code == "workshop":
            session_id = booking.service_session_id
            return booking.end_time if session_id is None else service.session_ends[session_id]
        if service.code == "course":
            return max(service.session_ends.values(), default=None)
        return booking.end_time

    def balance(self, practitioner_id: int, as_of: datetime | None = None) -> dict[str, int]:
        """Net cents by status, of the rows as they are or as of a moment (R17, R19)."""
        sums = dict.fromkeys(("projected", "pending", "available", "paid", "reversed"), 0)
        for change in self.transitions:
            if change.practitioner_id == practitioner_id and (
                as_of is None or change.stamp <= as_of
            ):
                if change.from_status is not None:
                    sums[change.from_status] -= change.from_net_cents
                if change.to_status is not None:
                    sums[change.to_status] += change.net_cents
        return sums

    def statement(self, practitioner_id: int, since: datetime, until: datetime) -> list[Transition]:
        """What happened to a practitioner's earnings in (since, until], in order."""
        return [
            change
            for change in self.transitions
            if change.practitioner_id == practitioner_id and since < change.stamp <= until
        ]

    def shares(self, order_id: int) -> dict[int, int]:
        """Booking -> the gross cents of the slot that it uses (R7)."""
        order = self.orders[order_id]
        return {
            booking_id: self.slot_worth(order, slot) for slot, booking_id in order.slots.items()
        }

    # earnings rows: the only writers of self.earnings

    def _add(self, **values: Any) -> Earnings:
        self._number += 1
        row = Earnings(number=self._number, created_at=self.now, **values)
        self.earnings[row.number] = row
        self._record(row, None, row.status, 0)
        return row

    def _change(self, row: Earnings, **values: Any) -> None:
        was_status, was_net = row.status, row.net_cents
        was_booking = row.booking_id
        for name, value in values.items():
            setattr(row, name, value)
        if (was_status, was_net, was_booking) != (row.status, row.net_cents, row.booking_id):
            self._record(row, was_status, row.status, was_net)
        if row.is_delivery and was_status in UNPAID and row.status != "paid":
            for other in self.adjustments_of(row):
                is_reversed = row.status == "reversed"
                if is_reversed and other.status == "paid" and other.net_cents < 0:
                    self._oppose(other)
                elif other.status == was_status or (is_reversed and other.status in UNPAID):
                    self._change(
                        other,
                        status=row.status,
                        booking_id=row.booking_id,
                        available_after=row.available_after,
                    )
                elif was_booking != row.booking_id:
                    self._change(other, booking_id=row.booking_id)

    def _oppose(self, debit: Earnings) -> None:
        """A debit was paid before the row that it took from was reversed: it took from nothing."""
        self._add(
            booking_id=debit.booking_id,
            practitioner_id=debit.practitioner_id,
            kind="adjustment",
            status="available",
            available_after=self.now,
            gross_cents=-debit.gross_cents,
            commission_cents=-debit.commission_cents,
            rate=debit.rate,
            original=debit.original,
            opposite_of=debit.number,
        )

    def _remove(self, row: Earnings) -> None:
        self._record(row, row.status, None, row.net_cents)
        del self.earnings[row.number]

    def _record(
        self, row: Earnings, from_status: str | None, to_status: str | None, from_net: int
    ) -> None:
        self.transitions.append(
            Transition(
                stamp=self.now,
                number=row.number,
                booking_id=row.booking_id,
                practitioner_id=row.practitioner_id,
                from_status=from_status,
                to_status=to_status,
                from_net_cents=from_net,
                net_cents=0 if to_status is None else row.net_cents,
            )
        )

    # orders

    def add_order(self, order: Order) -> None:
        self.orders[order.id] = order

    def write_order(self, order_id: int, **values: Any) -> None:
        """A save or update() of an order: frozen terms stay as they are (R7)."""
        order = self.orders[order_id]
        was_status = order.status
        for name, value in values.items():
            setattr(order, name, value)
        speaks_of_a_refund = was_status == "refunded" or order.status in REFUNDED
        if order.status == was_status or not speaks_of_a_refund:
            return
        self._settle_refund(order)
        if was_status == "refunded" and order.is_package:
            waiting = [b for b in self.sessions_of(order) if self.slot_of(b) is None]
            self.queue.update(booking.id for booking in waiting if self.is_delivered(booking))

    def expire_packages(self) -> None:
        """The share of an expired package neither delivered nor refunded is breakage (R22)."""
        for order in self.orders.values():
            if (
                not order.is_package
                or order.breakage is not None
                or order.expires_at is None
                or order.expires_at > self.now
                or order.status in {"failed", "refunded"}
            ):
                continue
            price, count = order.terms or (order.price_cents, order.session_count)
            free = self._free_slots(order)
            if free:
                unused = sum(slot_cents(price, count, slot) - free[slot] for slot in free)
                order.breakage = (len(free), unused)

    # bookings

    def add_booking(self, booking: Booking, orders_of_transaction: Collection[int] = ()) -> None:
        """An INSERT: linked to its order (R15); earnings follow a reschedule (R13)."""
        if booking.status == "cancelled":
            booking.status = "canceled"
        if booking.order_id is None:
            booking.order_id = self._find_order(booking, orders_of_transaction)
        self.bookings[booking.id] = booking
        if booking.rescheduled_from_id is not None:
            old = self.bookings[booking.rescheduled_from_id]
            self._follow(old, booking)
            if self.is_delivered(old):
                self._settle({old.id}, {old.order_id})
        if booking.status == "completed":
            booking.completed_at = booking.completed_at or self.now
            booking.delivered_at = min(booking.completed_at, self.now)
            self._settle({booking.id}, {booking.order_id})

    def _find_order(self, booking: Booking, orders_of_transaction: Collection[int]) -> int | None:
        for relative_id in (booking.rescheduled_from_id, booking.parent_id):
            if relative_id is not None and self.bookings[relative_id].order_id is not None:
                return self.bookings[relative_id].order_id
        sold = [
            self.orders[order_id]
            for order_id in orders_of_transaction
            if self._is_of(self.orders[order_id], booking)
        ]
        if sold:
            return sold[-1].id
        if booking.rescheduled_from_id is not None or booking.parent_id is not None:
            return None
        claimed = {other.order_id for other in self.bookings.values()}
        near = [
            order.id
            for order in self.orders.values()
            if self._is_of(order, booking)
            and order.id not in claimed
            and order.status != "failed"
            and abs(order.created_at - booking.created_at) <= NEARBY
        ]
        return near[0] if len(near) == 1 else None

    @staticmethod
    def _is_of(order: Order, booking: Booking) -> bool:
        return (order.user_id, order.service_id) == (booking.user_id, booking.service_id)

    def _follow(self, old: Booking, new: Booking) -> None:
        """Hand the live unpaid delivery row of a rescheduled booking to its successor (R13)."""
        row = self.live_row(old.id)
        if row is None or row.status not in UNPAID or self.is_clawed_back(old.id):
            return
        if self.live_row(new.id) is not None:
            self._change(row, status="reversed")
            return
        self._change(
            row,
            booking_id=new.id,
            status="projected",
            available_after=self._projected_until(new, row),
        )

    def write_booking(self, booking_id: int, *, is_save: bool, **offered: Any) -> None:
        """A write of the app.  `is_save`: updated_at moves with it, so that a NULL is stale."""
        booking = self.bookings[booking_id]
        if offered.get("status") == "cancelled":
            offered["status"] = "canceled"
        if booking.status == "completed" and offered.get("status") in UNDELIVERED:
            offered["status"] = "completed"
        if is_save:
            for kept in ("order_id", "completed_at"):
                if kept in offered and offered[kept] is None:
                    del offered[kept]
        self._write_booking(booking, offered, is_save=is_save)

    def correct_booking(self, booking_id: int, status: str) -> None:
        """A person's word: goes where no write of the app can (R14)."""
        booking = self.bookings[booking_id]
        completed_at = (booking.completed_at or self.now) if status == "completed" else None
        self._write_booking(booking, {"status": status, "completed_at": completed_at}, is_save=True)

    def _write_booking(self, booking: Booking, values: dict[str, Any], *, is_save: bool) -> None:
        was = replace(booking)
        for name, value in values.items():
            setattr(booking, name, value)
        if booking.status == "completed" and was.status != "completed":
            booking.completed_at = booking.completed_at or self.now
            is_said = booking.completed_at != was.completed_at
            booking.delivered_at = min(booking.completed_at, self.now) if is_said else self.now
        elif booking.status == "completed":
            booking.delivered_at = booking.completed_at
        if booking.status == "rescheduled" and was.status == "completed":
            later = self.successor(booking.id)
            if later is not None:
                self._follow(booking, later)
        # a write that concerns neither its delivery nor its appointment leaves it alone (R20 a)
        statuses = {was.status, booking.status}
        if (
            ("completed" in statuses and (is_save or was.completed_at != booking.completed_at))
            or (len(statuses) == 2 and not statuses.isdisjoint(SETTLED))
            or was.order_id != booking.order_id
        ):
            self._settle({booking.id}, {was.order_id, booking.order_id})
            booking.delivered_at = booking.completed_at
        elif (was.end_time, was.service_session_id) != (
            booking.end_time,
            booking.service_session_id,
        ):
            self._settle({booking.id}, {})

    def delete_booking(self, booking_id: int) -> None:
        """The app's cascade: its earnings, if they may go (R5), then the booking."""
        for row in self.rows_of(booking_id):
            if row.status not in {"projected", "reversed"}:
                raise Refused("23X06")
        for row in self.rows_of(booking_id):
            self._remove(row)
        gone = self.bookings.pop(booking_id)
        for other in self.bookings.values():
            if other.rescheduled_from_id == booking_id:
                other.rescheduled_from_id = None
        had_a_slot = self.slot_of(gone) is not None
        is_queued = booking_id in self.queue
        if gone.status in {"completed", "no_show", "canceled"} or had_a_slot or is_queued:
            self._settle({}, {gone.order_id})
        earlier = self.bookings.get(gone.rescheduled_from_id or 0)
        if earlier is not None and self.is_delivered(earlier):
            self.queue.add(earlier.id)

    def move_service_session(self, service_id: int, session_id: int, end: datetime) -> None:
        """Projected earnings are held until the new end (R4)."""
        self.services[service_id].session_ends[session_id] = end
        for booking in self.bookings.values():
            if booking.service_id == service_id and booking.status not in {"canceled", "completed"}:
                if not any(row.status == "projected" for row in self.rows_of(booking.id)):
                    self.queue.add(booking.id)
                self._hold_projected(booking)

    def complete_due(self, skipping: Collection[int] = NOBODY) -> None:
        """The job: confirmed and in_progress bookings whose appointment has ended (R22).

        First what a failed payout has queued: its earnings follow a reschedule (R21).
        """
        for booking_id in sorted(self.queue & self.bookings.keys()):
            chain = [self.bookings[booking_id]]
            while (later := self.successor(chain[-1].id)) is not None:
                chain.append(later)
            written = {booking.id for booking in chain}
            if written & set(skipping):
                continue
            self.queue.remove(booking_id)
            for earlier, later in pairwise(chain):
                self._follow(earlier, later)
            self._settle(written, {booking.order_id for booking in chain})
            for package in filter(None, map(self.package_of, chain)):
                self._settle_refund(package)
        for booking in list(self.bookings.values()):
            end = self.appointment_end(booking)
            if (
                booking.status in {"confirmed", "in_progress"}
                and not booking.is_purchase
                and booking.id not in skipping
                and end is not None
                and end < self.now
            ):
                values = {"status": "completed", "completed_at": self.now}
                self._write_booking(booking, values, is_save=True)

    # what a booking write brings about

    def _settle(self, written: Collection[int], order_ids: Collection[int | None]) -> None:
        for booking_id in written:
            if self.bookings[booking_id].status == "canceled":
                self._reverse(self.bookings[booking_id])
            elif self.bookings[booking_id].status != "completed":
                self._return_to_projected(self.bookings[booking_id])
        takers: set[int] = set()
        for order_id in order_ids:
            if order_id is not None and self.orders[order_id].is_package:
                takers.update(self._assign_slots(self.orders[order_id], written))
        settled = {*written, *takers}
        waiting = {
            booking.id
            for order_id in order_ids
            if order_id is not None and not self.orders[order_id].is_package
            for booking in self.sessions_of(self.orders[order_id])
            if self.is_delivered(booking)
        }
        in_turn = sorted(
            (self.bookings[booking_id] for booking_id in settled | waiting),
            key=lambda booking: (booking.completed_at or self.now, booking.id),
        )
        for booking in in_turn:
            if self.is_delivered(booking):
                self._earn(booking)
            if booking.id in settled:
                self._refund(booking)
                self._hold_projected(booking)

    def _assign_slots(self, order: Order, written: Collection[int]) -> Collection[int]:
        """Free the slots of undelivered sessions; the longest waiting take the lowest (R7).

        Return the sessions that have got one.
        """
        delivered = [booking for booking in self.sessions_of(order) if self.is_delivered(booking)]
        if delivered and order.terms is None:
            order.terms = (order.price_cents, order.session_count)
        if order.terms is None:
            return ()
        ids = {booking.id for booking in delivered}
        for slot, taker in list(order.slots.items()):
            is_kept = taker in ids and self.successor(taker) is None
            if taker not in written and taker in self.bookings:
                # a no-show that lost its pay in another way waits for the next job
                is_kept = is_kept or self.bookings[taker].status == "no_show"
            if not is_kept and not self._is_paid(taker):
                del order.slots[slot]
                order.prepaid.pop(slot, None)
                order.slot_refunds.pop(slot, None)
        waiting = [
            booking
            for booking in delivered
            if self.slot_of(booking) is None
            and self.successor(booking.id) is None
            and not self._is_earned_before(booking)
        ]
        free = self._free_slots(order)
        in_turn = sorted(waiting, key=lambda b: (b.completed_at, b.id))
        taken = list(zip(sorted(free), in_turn, strict=False))
        for slot, taker in taken:
            order.slots[slot] = taker.id
            order.slot_refunds[slot] = free[slot]
            if taker.practitioner_id == order.prepaid_practitioner_id:
                left = order.prepaid_cents - sum(order.prepaid.values())
                worth = self.slot_worth(order, slot) - free[slot]
                order.prepaid[slot] = max(0, min(worth, left))
        return [taker.id for _, taker in taken]

    def _free_slots(self, order: Order) -> dict[int, int]:
        """Free slot -> the part of it that a refund of the order has used up, from the highest."""
        price, count = order.terms or (order.price_cents, order.session_count)
        left = self._refunded_order_cents(order) - sum(order.slot_refunds.values())
        free = {}
        for slot in range(count, 0, -1):
            if slot in order.slots:
                continue
            worth = slot_cents(price, count, slot)
            used = min(worth, max(left, 0))
            left -= used
            if used < worth:
                free[slot] = used
        return free

    def _refunded_order_cents(self, order: Order) -> int:
        """Refunds of the whole order, and of its canceled sessions: their slots are free again."""
        price, _ = order.terms or (order.price_cents, order.session_count)
        canceled = [b for b in self.sessions_of(order) if b.status == "canceled"]
        cents = order.refunded_cents + sum(booking.refunded_cents for booking in canceled)
        return max(cents, price if order.status == "refunded" else 0)

    def _is_used_up(self, order: Order) -> bool:
        """A refund of the order has left no slot to the sessions that have none (R9)."""
        return self._refunded_order_cents(order) > 0 and not self._free_slots(order)

    def _is_paid(self, booking_id: int) -> bool:
        """Paid and not taken back: its slot stays used even if it leaves the package (R7).

        A refund takes nothing back from the slot, unless the booking is canceled: then it counts
        as one of the whole package (R9).
        """
        row = self.live_row(booking_id)
        if row is None or row.status != "paid":
            return False
        taken_back = sum(o.net_cents for o in self.rows_of(booking_id) if self._is_debit(o))
        return row.net_cents + taken_back > 0 or (
            self.bookings[booking_id].status != "canceled" and not self.is_clawed_back(booking_id)
        )

    def _is_earned_before(self, booking: Booking) -> bool:
        """Its work is earned on a booking that it was rescheduled from (R13)."""
        return any(self._is_earning(earlier) for earlier in self.predecessors(booking))

    def _is_earned_elsewhere(self, booking: Booking) -> bool:
        """It was rescheduled (R13), or another booking of its direct order earns (R7)."""
        if self.successor(booking.id) is not None:
            return True
        order = self.order_of(booking)
        if order is not None and not order.is_package:
            others = (other for other in self.sessions_of(order) if other.id != booking.id)
            return any(self._holds_order(other) for other in others)
        return False

    def _holds_order(self, booking: Booking) -> bool:
        """A delivered one keeps the place of a direct order, whatever was taken back since (R7)."""
        if self._is_earning(booking):
            return True
        if not self.is_delivered(booking) or self.successor(booking.id) is not None:
            return False
        once_pending = {step.number for step in self.transitions if step.to_status == "pending"}
        return any(
            row.number in once_pending and row.status != "projected"
            for row in self.delivery_rows(booking.id)
        )

    def _is_earning(self, booking: Booking) -> bool:
        row = self.live_row(booking.id)
        return row is not None and row.status in EARNED and not self.is_clawed_back(booking.id)

    def _earn(self, booking: Booking) -> None:
        """What a delivered booking earns (R4, R6, R7); nothing reversed comes back (R9)."""
        order = self.package_of(booking)
        gross = booking.price_cents
        is_prepaid = False
        if order is not None:
            slot = self.slot_of(booking)
            if slot is None:
                return
            netted = order.prepaid.get(slot, 0)
            gross = self._slot_earns(order, slot)
            is_prepaid = netted > 0 and gross == 0
        elif booking.order_id is None and booking.parent_id is not None:
            return
        if self._is_earned_before(booking) or self._is_earned_elsewhere(booking):
            return
        assert booking.delivered_at is not None
        held_until = booking.delivered_at + HOLD
        row = self.live_row(booking.id)
        if row is not None and row.status == "projected":
            if order is not None and not is_prepaid:
                commission = commission_cents(row.rate, gross)
                self._change(
                    row,
                    status="pending",
                    gross_cents=gross,
                    commission_cents=commission,
                    available_after=held_until,
                )
            else:
                status = "reversed" if is_prepaid else "pending"
                self._change(row, status=status, available_after=held_until)
        elif not self.delivery_rows(booking.id):
            if order is not None and is_prepaid:
                gross = order.prepaid[slot or 0]
            rate = self.services[booking.service_id].rate
            self._add(
                booking_id=booking.id,
                practitioner_id=booking.practitioner_id,
                kind="booking_completion",
                status="reversed" if is_prepaid else "pending",
                gross_cents=gross,
                commission_cents=commission_cents(rate, gross),
                rate=rate,
                available_after=held_until,
            )
        self._refund(booking)

    def _projected_until(self, booking: Booking, row: Earnings) -> datetime:
        return (self.appointment_end(booking) or row.created_at) + HOLD

    def _hold_projected(self, booking: Booking) -> None:
        for row in self.rows_of(booking.id):
            if row.status == "projected" and row.is_delivery:
                self._change(row, available_after=self._projected_until(booking, row))

    def _return_to_projected(self, booking: Booking) -> None:
        """The delivery was undone: what was not paid out is projected again (R2)."""
        row = self.live_row(booking.id)
        if (
            row is not None
            and row.status in {"pending", "available"}
            and not self.is_clawed_back(booking.id)
        ):
            self._change(row, status="projected")

    def _reverse(self, booking: Booking) -> None:
        """Reverse what is unpaid, claw back what is paid, once (R9)."""
        if not self.is_clawed_back(booking.id):
            for row in self.rows_of(booking.id):
                if row.status in UNPAID and row.original is None:
                    self._change(row, status="reversed")
        if any(row.status == "paid" for row in self.rows_of(booking.id)):
            self._claw_back(booking.id)

    def _claw_back(self, booking_id: int) -> None:
        booking = self.bookings[booking_id]
        if self.slot_of(booking) is not None and not self.is_delivered(booking):
            self.queue.add(booking_id)
        paid = [
            row for row in self.rows_of(booking_id) if row.status == "paid" or self._is_debit(row)
        ]
        if not any(row.status == "paid" for row in paid):
            return
        gross = sum(row.gross_cents for row in paid)
        commission = sum(row.commission_cents for row in paid)
        if gross - commission <= 0:
            return
        self._add(
            booking_id=booking_id,
            practitioner_id=paid[0].practitioner_id,
            kind="clawback",
            status="available",
            gross_cents=-gross,
            commission_cents=-commission,
            rate=paid[0].rate,
            available_after=self.now,
        )

    def _is_debit(self, row: Earnings) -> bool:
        """What was taken off, or forgiven by a person; not what went with its original (R9)."""
        if row.kind == "adjustment" and not row.is_live:
            return row.original is not None and self.earnings[row.original].is_live
        return row.kind in DEBITS

    # refunds

    def refund_booking(self, booking_id: int, cents: int) -> None:
        """A refund credit row of a booking; it counts for its successors too (R9)."""
        refunded = self.bookings[booking_id]
        refunded.refunded_cents += cents
        touched = [refunded]
        for booking in touched:
            self._refund(booking)
            touched += [
                later for later in self.bookings.values() if later.rescheduled_from_id == booking.id
            ]
        package = self.package_of(refunded)
        if package is not None:
            self._settle_refund(package)

    def refund_order(self, order_id: int, *, status: str | None = None, cents: int = 0) -> None:
        """A refund of the whole order: by its status, or by a credit row without booking (R9)."""
        order = self.orders[order_id]
        order.refunded_cents += cents
        self.write_order(order_id, status=status or order.status)
        if cents:
            self._settle_refund(order)

    def _settle_refund(self, order: Order) -> None:
        if not order.is_package:
            for booking in self.sessions_of(order):
                self._refund(booking)
        elif self._is_used_up(order):
            for booking in self.sessions_of(order):
                row = self.live_row(booking.id)
                if row is not None and row.status == "projected" and not self.is_delivered(booking):
                    self._change(row, status="reversed")

    def _refunded_cents(self, booking: Booking) -> int:
        """Credit rows of it and of those it was rescheduled from; a direct order's own too."""
        cents = sum(b.refunded_cents for b in (booking, *self.predecessors(booking)))
        order = self.order_of(booking)
        if order is None or order.is_package:
            return cents
        return cents + order.refunded_cents

    def _refund(self, booking: Booking) -> None:
        """Lower what remains of a refunded booking's earnings; it never rises again (R9)."""
        row = self.live_row(booking.id)
        refunded = self._refunded_cents(booking)
        sold = self.order_of(booking)
        is_whole = sold is not None and not sold.is_package and sold.status == "refunded"
        if row is None or not (refunded > 0 or is_whole) or booking.status == "canceled":
            return
        if self.is_clawed_back(booking.id):
            return
        if self.package_of(booking) is not None:
            # what it earned for its slot, also when it has come to hold another one since
            worth = row.gross_cents
        else:
            worth = booking.final_cents
            if refunded > worth or worth == 0:
                worth = booking.price_cents
        if worth == 0:
            return
        if is_whole:
            refunded = max(refunded, worth)
        recorded = [row, *self.adjustments_of(row)]
        recorded_gross = sum(other.gross_cents for other in recorded)
        recorded_commission = sum(other.commission_cents for other in recorded)
        gross = max(0, min(recorded_gross, remaining_cents(row.gross_cents, refunded, worth)))
        commission = commission_cents(row.rate, gross)
        if gross == 0 and row.status in UNPAID:
            self._change(row, status="reversed")
        elif gross < recorded_gross or (len(recorded) > 1 and commission != recorded_commission):
            self._add(
                booking_id=booking.id,
                practitioner_id=row.practitioner_id,
                kind="adjustment",
                status=row.status if row.status in UNPAID else "available",
                available_after=row.available_after if row.status in UNPAID else self.now,
                gross_cents=gross - recorded_gross,
                commission_cents=commission - recorded_commission,
                rate=row.rate,
                original=row.number,
            )

    # earnings, as the app, the jobs and people write them

    def offer(self, booking_id: int, gross_cents: int, rate: Decimal) -> Earnings:
        """The app's earnings task: how what it offers for a booking is stored (R2 to R7, R10)."""
        booking = self.last_successor(booking_id)
        if self.live_row(booking.id) is not None:
            raise Refused("23X04")
        order, slot = self.package_of(booking), self.slot_of(booking)
        if order is not None and slot is not None:
            gross_cents = self._slot_earns(order, slot)
        elif order is not None:
            price, count = order.terms or (order.price_cents, order.session_count)
            gross_cents = price // count
        held_until = (self.appointment_end(booking) or self.now) + HOLD
        waits = False
        is_delivered = self.is_delivered(booking)
        if booking.is_purchase or booking.status == "canceled":
            status = "reversed"
        elif is_delivered and order is not None and slot is None:
            status, waits = "reversed", True
        elif self._is_earned_before(booking) or self.delivery_rows(booking.id):
            status = "reversed"
        elif not is_delivered:
            is_refunded = order is not None and self._is_used_up(order)
            status = "reversed" if is_refunded else "projected"
        elif self._is_earned_elsewhere(booking):
            status, waits = "reversed", True
        else:
            assert booking.delivered_at is not None
            status, held_until = "pending", booking.delivered_at + HOLD
        row = self._add(
            booking_id=booking.id,
            practitioner_id=booking.practitioner_id,
            kind="booking_completion",
            status=status,
            gross_cents=gross_cents,
            commission_cents=commission_cents(rate, gross_cents),
            rate=rate,
            available_after=held_until,
            waits_for_slot=waits,
        )
        self._refund(booking)
        return row

    def write_earnings(self, number: int, status: str, payout_id: int | None = None) -> None:
        """A save or update() that offers a status, and with `paid` a payout (R2, R3)."""
        row = self.earnings[number]
        if status == row.status:
            if status == "paid" and payout_id not in {None, row.payout_id}:
                raise Refused("23X12")
            return
        if row.status == "paid" and status == "reversed":
            self._claw_back(row.booking_id)
        elif row.status == "paid" and status == "available":
            return  # its payout has not failed, else it would be available already (R21)
        elif status == "pending" and row.status == "projected":
            return  # a delivered booking's row is pending already (R3)
        elif (row.status, status) not in LEGAL:
            raise Refused("23X01")
        elif status == "available" and row.available_after > self.now:
            raise Refused("23X02")
        elif status == "paid" and payout_id is None:
            raise Refused("23X03")
        elif status == "reversed" and (self.is_taken_back(row) or row.kind in DEBITS):
            return  # the clawback has taken it back already; only a person forgives a debit (R9)
        else:
            self._change(row, status=status, payout_id=payout_id if status == "paid" else None)

    def mirror(self, booking_id: int) -> None:
        """The app's mirror rows, each with its original asked to be reversed (R9)."""
        for row in [row for row in self.rows_of(booking_id) if row.is_delivery]:
            before = len(self.rows_of(booking_id))
            if row.status == "paid":
                self._claw_back(booking_id)
            if len(self.rows_of(booking_id)) == before:
                self._add(
                    booking_id=booking_id,
                    practitioner_id=row.practitioner_id,
                    kind="reversal",
                    status="reversed",
                    gross_cents=-row.gross_cents,
                    commission_cents=-row.commission_cents,
                    rate=row.rate,
                    available_after=self.now,
                    original=row.number,
                )
            self.write_earnings(row.number, "reversed")

    def reverse_booking(self, booking_id: int) -> None:
        """A person's word: what it earns is taken away, whatever its status (R9)."""
        booking = self.bookings[booking_id]
        self._reverse(booking)
        self._settle({booking_id}, {booking.order_id})

    def missing_sessions(self, order_id: int) -> int:
        """How many session bookings start_package creates (R11)."""
        order = self.orders[order_id]
        gone = {"canceled", "rescheduled"}
        present = [b for b in self.sessions_of(order) if b.status not in gone]
        _, count = order.terms or (order.price_cents, order.session_count)
        return max(count - len(present), 0)

    def correct_status(self, number: int, status: str) -> None:
        """A person's word: any arrow of the rules, corrections included (R2)."""
        row = self.earnings[number]
        if row.status == status:
            return
        if status == "projected" and not row.is_delivery:
            raise Refused("23X01")
        if (row.status, status) not in LEGAL | CORRECTIONS:
            raise Refused("23X01")
        if status == "available" and row.available_after > self.now:
            raise Refused("23X02")
        if status in {"reversed", "projected"} and self.is_taken_back(row):
            raise Refused("23X01")
        if status == "reversed" and row.kind == "clawback":
            original = self.live_row(row.booking_id)
            if original is not None and original.status in UNPAID:
                raise Refused("23X01")
        if status == "reversed" and any(
            other.is_live and (other.opposite_of == row.number or row.opposite_of == other.number)
            for other in self.rows_of(row.booking_id)
        ):
            raise Refused("23X01")
        if status == "paid":
            raise Refused("23X03")
        if status == "projected":
            held_until = self._projected_until(self.bookings[row.booking_id], row)
            self._change(row, status=status, available_after=held_until)
        else:
            self._change(row, status=status)
        if status == "reversed" and row.kind == "clawback":
            self._refund(self.bookings[row.booking_id])

    def release_holds(self, skipping: Collection[int] = NOBODY) -> None:
        """The job: pending rows whose hold has elapsed (R22)."""
        for row in list(self.earnings.values()):
            is_due = row.status == "pending" and row.available_after <= self.now
            if is_due and row.number not in skipping:
                self._change(row, status="available")

    # payouts

    def available_cents(self, practitioner_id: int) -> int:
        return self.balance(practitioner_id)["available"]

    def add_payout(self, payout: Payout) -> None:
        """Refused before money moves when it is empty or more than is available (R21)."""
        if not 0 < payout.cents <= self.available_cents(payout.practitioner_id):
            raise Refused("23X12")
        self.payouts[payout.id] = payout

    def write_payout(self, payout_id: int, status: str) -> None:
        """A failed or canceled payout returns its rows and stays as it is (R21)."""
        payout = self.payouts[payout_id]
        if payout.status in FAILED_PAYOUT and status not in FAILED_PAYOUT:
            return
        payout.status = status
        if status in FAILED_PAYOUT:
            returned = [
                row
                for row in self.earnings.values()
                if row.payout_id == payout_id and row.status == "paid"
            ]
            for row in returned:
                self._change(row, status="available", payout_id=None)
            for row in returned:
                self._return_undelivered(self.bookings[row.booking_id])

    def _return_undelivered(self, booking: Booking) -> None:
        """A failed payout never pays an undelivered booking; the next job follows it (R21)."""
        row = self.live_row(booking.id)
        if (
            row is not None
            and row.status == "available"
            and booking.status != "canceled"
            and (booking.status != "completed" or self.successor(booking.id) is not None)
            and not self.is_clawed_back(booking.id)
        ):
            self._change(
                row, status="projected", available_after=self._projected_until(booking, row)
            )
            self.queue.add(booking.id)

    def due_payouts(self, skipping: Collection[int] = NOBODY) -> dict[int, list[Earnings]]:
        """Practitioner -> the rows that the next payout takes, if they reach the minimum (R21)."""
        by_practitioner: dict[int, list[Earnings]] = {}
        for row in self.earnings.values():
            if row.status == "available":
                by_practitioner.setdefault(row.practitioner_id, []).append(row)
        return {
            practitioner_id: rows
            for practitioner_id, rows in by_practitioner.items()
            if sum(row.net_cents for row in rows) >= PAYOUT_MINIMUM_CENTS
            and not any(row.number in skipping for row in rows)
        }

    def pay(self, payout: Payout, rows: list[Earnings]) -> None:
        """A payout that the engine created: no limit but its own rows (R21)."""
        self.payouts[payout.id] = payout
        for row in rows:
            self._change(row, status="paid", payout_id=payout.id)
