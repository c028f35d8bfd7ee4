"""The app: its checkout, and through the classes below it everything else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from marketplace_app.client import now
from marketplace_app.delivering import Delivering
from marketplace_app.migrating import Migrating

LEAD_TIME = timedelta(days=7)
PLACEHOLDER = timedelta(hours=1)


class App(Delivering, Migrating):
    """All that the app does, for one database and one of its forms."""

    def checkout(
        self,
        client_id: int,
        service_id: int,
        *,
        start: datetime | None = None,
        credits_cents: int = 0,
        run_earnings_task: bool = True,
        earnings_inside: bool = False,
    ) -> int:
        """Sell a service in one transaction; return its booking.

        For a package that is the parent before the plan, the first session after it.
        `earnings_inside` is the older checkout, which creates the earnings before the commit
        and without a try.
        """
        service = self.get("services_service", service_id)
        is_package = service.service_type.code in ("package", "bundle")
        with self.atomic():
            order = self._create_order(client_id, service, credits_cents)
            if order.total_amount_cents:
                self.save(order, stripe_payment_intent_id="pi_charged")
                self.save(order, status="completed")
            for kind, cents in (
                ("purchase", service.price_cents),
                ("usage", -service.price_cents),
            ):
                self.insert(
                    "payments_usercredittransaction",
                    user_id=client_id,
                    order_id=order.pk,
                    service_id=service_id,
                    amount_cents=cents,
                    transaction_type=kind,
                )
            if not is_package:
                booking = self._sell_appointment(order, service, start)
            elif self.is_before:
                booking = self._sell_through_parent(order, service, start)
            else:
                booking = self._sell_sessions(order, service)
            self._link_usage(order, booking)

            earns = service.primary_practitioner_id and (self.is_before or not is_package)
            if earns and earnings_inside:
                self.create_booking_earnings(booking, service.price_cents)
            elif earns and run_earnings_task:
                transaction.on_commit(
                    lambda: self.earnings_task(booking.pk, service.price_cents), using=self.alias
                )
        return booking.pk

    def _create_order(self, client_id: int, service: Any, credits_cents: int) -> Any:
        code = service.service_type.code
        values: dict[str, Any] = {"order_type": "direct"}
        if not self.is_before and code in ("package", "bundle"):
            values = {"order_type": code, "package_metadata": self._describe(service, code)}
        return self.query(self.models.Order).create(
            user_id=client_id,
            service_id=service.pk,
            practitioner_id=service.primary_practitioner_id,
            payment_method="stripe" if credits_cents < service.price_cents else "credits",
            subtotal_amount_cents=service.price_cents,
            credits_applied_cents=credits_cents,
            total_amount_cents=service.price_cents - credits_cents,
            **values,
        )

    def contents(self, service: Any) -> list[tuple[Any, int]]:
        """(child service, sessions) of a package or bundle, in the order they were added."""
        relationships = self.objects("service_relationships", parent_service_id=service.pk)
        if service.service_type.code == "package":
            return [(found.child_service, found.quantity) for found in relationships]
        child = relationships[0].child_service if len(relationships) == 1 else service
        return [(child, service.sessions_included)]

    def _describe(self, service: Any, code: str) -> dict[str, Any]:
        contents = self.contents(service)
        sessions = sum(quantity for _, quantity in contents)
        return {
            "package_type": code,
            f"{code}_service_id": service.pk,
            f"{code}_name": service.name,
            "total_sessions": sessions,
            "sessions_completed": 0,
            "session_value_cents": service.price_cents // sessions,
            "child_services": [
                {"service_id": child.pk, "name": child.name, "quantity": quantity}
                for child, quantity in contents
            ],
        }

    def _sell_appointment(self, order: Any, service: Any, start: datetime | None) -> Any:
        booking = self.create_booking(
            order.user_id,
            service,
            start=start or now() + LEAD_TIME,
            price=service.price_cents,
            discount=order.credits_applied_cents,
        )
        if not self.is_before:
            self.save(booking, order=order, update_fields=["order"])
        return booking

    def _sell_through_parent(self, order: Any, service: Any, start: datetime | None) -> Any:
        """A parent that stands for the sale, and the draft sessions below it.

        A bundle has no sessions but one of its own service, and that only with a start time.
        """
        code = service.service_type.code
        begins = now()
        parent = self.create_booking(
            order.user_id,
            service,
            start=begins,
            end_time=begins + PLACEHOLDER,
            price=service.price_cents,
            discount=order.credits_applied_cents,
            is_package_purchase=code == "package",
            is_bundle_purchase=code == "bundle",
            package_name_snapshot=service.name if code == "package" else "",
            bundle_name_snapshot=service.name if code == "bundle" else "",
            bundle_sessions_snapshot=service.sessions_included,
        )
        for child, quantity in self.contents(service) if code == "package" else ():
            for _ in range(quantity):
                self.create_booking(
                    order.user_id,
                    child,
                    status="draft",
                    payment_status="unpaid",
                    parent_booking=parent,
                )
        if code == "bundle" and start:
            self.create_booking(order.user_id, service, start=start, parent_booking=parent)
        return parent

    def _sell_sessions(self, order: Any, service: Any) -> Any:
        """Draft sessions of the order; return the first."""
        sessions = [
            self.create_booking(
                order.user_id,
                child,
                status="draft",
                order=order,
                practitioner_name_snapshot=child.primary_practitioner.display_name or "",
            )
            for child, quantity in self.contents(service)
            for _ in range(quantity)
        ]
        return sessions[0]

    def _link_usage(self, order: Any, booking: Any) -> None:
        for usage in self.objects(
            "payments_usercredittransaction", order_id=order.pk, transaction_type="usage"
        ):
            self.save(usage, booking=booking)
            if not self.is_before and booking.credit_usage_transaction_id is None:
                self.save(
                    booking,
                    credit_usage_transaction=usage,
                    update_fields=["credit_usage_transaction"],
                )
