"""The app's own data migrations, row by row: what the engine's backfill is compared with.

As in a migration of Django the models are without their own methods, and so is `write`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models

from marketplace_app.client import Client, now
from marketplace_app.tables import HOLD

AROUND = timedelta(minutes=10)


class Migrating(Client):
    """What it does to one row; it needs the columns of the form `after`."""

    def link_order(self, booking: Any) -> None:
        """Find the order by the parent's credits, the booking's, or the time; else invent one."""
        order = None
        if booking.parent_booking_id:
            parent = self.query(self.models.Booking).filter(pk=booking.parent_booking_id).first()
            order = parent and self._order_of_credits(parent)
        order = order or self._order_of_credits(booking) or self._order_by_time(booking)
        booking.order = order or self.query(self.models.Order).create(
            user_id=booking.user_id,
            service_id=booking.service_id,
            subtotal_amount_cents=booking.price_charged_cents,
            credits_applied_cents=booking.discount_amount_cents,
            total_amount_cents=booking.final_amount_cents,
            order_type="direct",
            status="completed",
        )
        write(booking, ["order"])

    def _order_of_credits(self, booking: Any) -> Any:
        credit = self.query(self.models.UserCreditTransaction).filter(booking=booking).first()
        return credit and credit.order

    def _order_by_time(self, booking: Any) -> Any:
        return (
            self.query(self.models.Order)
            .filter(user_id=booking.user_id, service_id=booking.service_id)
            .filter(created_at__range=(booking.created_at - AROUND, booking.created_at + AROUND))
            .first()
        )

    def describe_package(self, parent: Any) -> None:
        """Put what a legacy purchase sold into its order, and its sessions onto the order."""
        children = self.query(self.models.Booking).filter(parent_booking=parent)
        count = children.count()
        kind = "package" if parent.is_package_purchase else "bundle"
        order = parent.order
        order.order_type = kind
        order.package_metadata = {
            "package_type": kind,
            "total_sessions": count,
            "sessions_completed": children.filter(status="completed").count(),
            "session_value_cents": parent.price_charged_cents // count if count else 0,
            "package_service_id": parent.service_id,
            "migrated_from_booking_id": parent.pk,
            "migrated_at": now().isoformat(),
        }
        write(order)
        children.update(order=order)

    def return_earnings(self, earnings: Any) -> None:
        """Make pending earnings of a booking that is not delivered projected."""
        booking = earnings.booking
        if booking.status not in ("completed", "cancelled"):
            earnings.status = "projected"
            earnings.available_after = (booking.end_time or now()) + HOLD
            write(earnings)


def write(row: models.Model, update_fields: list[str] | None = None) -> None:
    """Save all columns, or only `update_fields`."""
    models.Model.save(row, update_fields=update_fields)
