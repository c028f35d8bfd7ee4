"""What the app does with bookings: complete, cancel, refund, reschedule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from marketplace_app.client import now
from marketplace_app.earning import Earning
from marketplace_app.tables import HOLD

TRANSITIONS = {
    "draft": ("pending_payment", "canceled"),
    "pending_payment": ("confirmed", "canceled"),
    "confirmed": ("in_progress", "canceled", "no_show"),
    "in_progress": ("completed", "no_show"),
}
STAMPED = {
    "confirmed": "confirmed_at",
    "completed": "completed_at",
    "canceled": "canceled_at",
    "no_show": "no_show_at",
}


class NotAllowed(Exception):
    """The app's own rules do not let a booking take this step."""


class Delivering(Earning):
    # completion

    def mark_completed(self, booking: Any) -> None:
        """mark_booking_completed, with the object as it was read, however long ago."""
        with self.atomic():
            if booking.status == "completed":
                return
            self.save(booking, status="completed", actual_end_time=now(), completed_at=now())
            self._make_pending(booking)
            if not self.is_before and booking.order and booking.order.is_package_or_bundle:
                try:
                    booking.order.increment_sessions_completed()
                except Exception as error:  # noqa: BLE001  so does the app
                    self.swallowed.append(error)

    def _make_pending(self, booking: Any) -> None:
        """The first projected row, in a try without an atomic block of its own.

        A refusal of the database is swallowed here and breaks the transaction around it, which
        Django then rolls back in silence: the completion is lost.
        """
        try:
            earnings = (
                self.query(self.models.EarningsTransaction)
                .filter(booking=booking, status="projected")
                .order_by("pk")
                .first()
            )
            if earnings:
                earnings.status = "pending"
                earnings.available_after = now() + HOLD
                earnings.save(update_fields=["status", "available_after", "updated_at"])
        except Exception as error:  # noqa: BLE001  so does the app
            self.swallowed.append(error)

    def end_video_room(self, booking_id: int) -> None:
        """Completed from any status, two columns, twice; nothing else."""
        for _ in range(2):
            booking = self.get("bookings_booking", booking_id)
            self.save(
                booking,
                status="completed",
                actual_end_time=now(),
                update_fields=["status", "actual_end_time"],
            )

    def transition_to(self, booking_id: int, status: str) -> None:
        booking = self.get("bookings_booking", booking_id)
        if status not in TRANSITIONS.get(booking.status, ()):
            raise NotAllowed(f"{booking.status} cannot become {status}")
        stamps = {STAMPED[status]: now()} if status in STAMPED else {}
        self.save(booking, status=status, **stamps)

    def complete_ended(self) -> dict[str, int]:
        """The completion task; after the plan it pays package sessions once more."""
        counts = {"completed": 0, "earnings_created": 0, "errors": 0, "skipped": 0}
        candidates = self.objects("bookings_booking", status__in=("confirmed", "in_progress"))
        for booking in candidates:
            try:
                if not self._has_ended(booking):
                    counts["skipped"] += 1
                    continue
                self.mark_completed(booking)
                counts["completed"] += 1
                counts["earnings_created"] += self._pay_session(booking)
            except Exception as error:  # noqa: BLE001  so does the app
                self.swallowed.append(error)
                counts["errors"] += 1
        return counts

    def _has_ended(self, booking: Any) -> bool:
        """By the type of the service; a type without a rule never ends."""
        match booking.service.service_type.code:
            case "session":
                end = booking.end_time
            case "workshop":
                end = booking.service_session.end_time
            case "course":
                sessions = self.query(self.models.ServiceSession).filter(service=booking.service)
                end = sessions.aggregate(end=Max("end_time"))["end"]
            case _:
                return False
        return end < now()

    def _pay_session(self, booking: Any) -> int:
        if self.is_before or not (booking.order and booking.order.is_package_or_bundle):
            return 0
        rows = self.query(self.models.EarningsTransaction).filter(booking=booking)
        if rows.filter(transaction_type="booking").exists():
            return 0
        earnings = self.create_booking_earnings(booking, booking.order.session_value_cents)
        self.save(earnings, status="pending", available_after=now() + HOLD)
        return 1

    # cancellation and refund

    def cancel(self, booking_id: int, spelling: str = "canceled") -> None:
        """The main path; `cancelled` is the second one, which leaves canceled_at NULL."""
        booking = self.get("bookings_booking", booking_id)
        stamps = {"canceled_at": now()} if spelling == "canceled" else {}
        self.save(booking, status=spelling, **stamps)

    def refund(self, booking_id: int, cents: int | None = None) -> int:
        """The refund of a booking as a credit row: the card part, or `cents` of it."""
        booking = self.get("bookings_booking", booking_id)
        return self.insert(
            "payments_usercredittransaction",
            user_id=booking.user_id,
            booking_id=booking_id,
            service_id=booking.service_id,
            amount_cents=booking.final_amount_cents if cents is None else cents,
            transaction_type="refund",
        )

    def refund_order(self, order_id: int, status: str = "refunded") -> None:
        """A card refund, by the app or by its webhook: the order's status and nothing else."""
        self.save(self.get("payments_order", order_id), status=status)

    def credit_order(self, order_id: int, cents: int) -> int:
        """A refund credit row for an order as a whole, without a booking."""
        order = self.get("payments_order", order_id)
        return self.insert(
            "payments_usercredittransaction",
            user_id=order.user_id,
            order_id=order_id,
            service_id=order.service_id,
            amount_cents=cents,
            transaction_type="refund",
        )

    # rescheduling

    def book(self, client_id: int, service_id: int, **values: Any) -> int:
        """Write one booking without an order; return its id."""
        service = self.get("services_service", service_id)
        return self.create_booking(client_id, service, **values).pk

    def create_booking(
        self,
        client_id: int,
        service: Any,
        *,
        start: datetime | None = None,
        price: int = 0,
        discount: int = 0,
        **values: Any,
    ) -> Any:
        """Insert a booking, by default a confirmed and paid one."""
        end = start + timedelta(minutes=service.duration_minutes) if start else None
        options = {
            "user_id": client_id,
            "service_id": service.pk,
            "practitioner_id": service.primary_practitioner_id,
            "start_time": start,
            "end_time": end,
            "status": "confirmed",
            "payment_status": "paid",
            "price_charged_cents": price,
            "discount_amount_cents": discount,
            "final_amount_cents": price - discount,
            "service_name_snapshot": service.name,
            **values,
        }
        return self.query(self.models.Booking).create(**options)

    def schedule(self, booking_id: int, start: datetime) -> None:
        """Give a draft session its time, which confirms it."""
        booking = self.get("bookings_booking", booking_id)
        length = timedelta(minutes=booking.service.duration_minutes)
        self.save(booking, start_time=start, end_time=start + length, status="confirmed")

    def reschedule(self, booking_id: int, start: datetime) -> int:
        """A new confirmed booking without order and payment; the old one keeps its earnings."""
        old = self.get("bookings_booking", booking_id)
        new_id = self.book(
            old.user_id,
            old.service_id,
            start=start,
            price=old.price_charged_cents,
            payment_status="unpaid",
            rescheduled_from_id=booking_id,
        )
        self.save(old, status="rescheduled")
        return new_id
