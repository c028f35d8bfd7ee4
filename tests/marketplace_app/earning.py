"""What the app does with earnings: create, release, pay out, reverse."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from marketplace_app.client import Client, now
from marketplace_app.tables import HOLD, refresh_cache

FLAT_RATE = Decimal("15.00")


class Earning(Client):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.swallowed: list[Exception] = []

    # creation

    def commission_rate(self, practitioner_id: int, service_type_id: int) -> Decimal:
        """The rate in percent; two active base rows make the app crash."""
        models = self.models
        bases = self.query(models.ServiceTypeCommission)
        try:
            base = bases.get(service_type_id=service_type_id, is_active=True)
        except models.ServiceTypeCommission.DoesNotExist:
            return FLAT_RATE
        subscription = (
            self.query(models.PractitionerSubscription)
            .filter(practitioner_id=practitioner_id, status="active", tier__is_active=True)
            .filter(Q(end_date__isnull=True) | Q(end_date__gt=now()))
            .first()
        )
        adjustment = subscription and (
            self.query(models.TierCommissionAdjustment)
            .filter(tier_id=subscription.tier_id, service_type_commission=base, is_active=True)
            .first()
        )
        rate = base.base_rate + (adjustment.adjustment_percentage if adjustment else 0)
        return min(max(rate, Decimal(0)), Decimal(100))

    def create_booking_earnings(self, booking: Any, gross_cents: int) -> Any:
        """One INSERT in an atomic block of its own, without a look at what is there."""
        with self.atomic():
            if not self.is_before and booking.order and booking.order.is_package_or_bundle:
                gross_cents = booking.order.session_value_cents
            service = booking.service
            rate = self.commission_rate(booking.practitioner_id, service.service_type_id)
            commission = int(rate / 100 * gross_cents)
            end = None if self.is_before else booking.end_time
            earnings = self.models.EarningsTransaction(
                practitioner_id=booking.practitioner_id,
                booking=booking,
                gross_amount_cents=gross_cents,
                commission_rate=rate,
                commission_amount_cents=commission,
                net_amount_cents=gross_cents - commission,
                status="pending" if self.is_before else "projected",
                available_after=(end or now()) + HOLD,
                description=f"Earnings from booking for {service.name}",
            )
            earnings.save(using=self.alias)
            return earnings

    def earnings_task(self, booking_id: int, gross_cents: int | None = None) -> int | None:
        """The task that checkout queues: it may come late, or twice, and swallows every error.

        What it swallowed is in `swallowed`.  Return the row's id, None if there is none.
        """
        try:
            booking = self.get("bookings_booking", booking_id)
            gross = booking.price_charged_cents if gross_cents is None else gross_cents
            return self.create_booking_earnings(booking, gross).pk
        except Exception as error:  # noqa: BLE001  so does the app
            self.swallowed.append(error)
            return None

    # release and payout

    def refresh_cache(self, practitioner_id: int, subtract: int = 0) -> None:
        """Write the cached balance anew, and as a payout does take its total off once more."""
        models = self.models
        cache = refresh_cache(
            models.EarningsTransaction, models.PractitionerEarnings, self.alias, practitioner_id
        )
        if subtract:
            cache.available_balance_cents -= subtract
            cache.save()

    def held_earnings(self, due_at: datetime | None = None) -> list[Any]:
        """What the release loop reads before it begins to save."""
        return self.objects(
            "payments_earningstransaction", status="pending", available_after__lte=due_at or now()
        )

    def release(self, earnings: Any) -> None:
        """The release loop's full save of a row that it read a while ago."""
        self.save(earnings, status="available")

    def release_due(self) -> int:
        """The whole release loop; return how many rows it saved."""
        due = self.held_earnings()
        for earnings in due:
            self.release(earnings)
        return len(due)

    def pay_out(self, practitioner_id: int, rows: list[Any] | None = None) -> int:
        """create_batch_payout, with its second subtraction from the cached balance."""
        if rows is None:
            rows = self.objects(
                "payments_earningstransaction", practitioner_id=practitioner_id, status="available"
            )
        total = sum(row.net_amount_cents for row in rows)
        with self.atomic():
            payout_id = self.insert(
                "payments_practitionerpayout",
                practitioner_id=practitioner_id,
                credits_payout_cents=total,
                commission_collected_cents=sum(row.commission_amount_cents for row in rows),
            )
            for row in rows:
                row.status = "paid"
                row.payout_id = payout_id
                # rows that another process has read are written in this transaction all the same
                row.save(using=self.alias, update_fields=["status", "payout", "updated_at"])
            self.refresh_cache(practitioner_id, subtract=total)
        return payout_id

    def complete_payout(self, payout_id: int) -> None:
        """The transfer went through: the payout in full, its rows by update()."""
        payout = self.get("payments_practitionerpayout", payout_id)
        self.save(payout, status="completed", payout_date=now())
        self.rows_of_payout(payout_id).update(status="paid")

    def fail_payout(self, payout_id: int, message: str = "the bank refused it") -> None:
        """Nothing happens to the rows."""
        payout = self.get("payments_practitionerpayout", payout_id)
        self.save(payout, status="failed", error_message=message)

    def cancel_payout(
        self, payout_id: int, spelling: str = "canceled", *, rows_first: bool = False
    ) -> None:
        """Its rows become available by update(), and keep their payout_id."""
        if rows_first:
            self.rows_of_payout(payout_id).update(status="available")
        payout = self.get("payments_practitionerpayout", payout_id)
        self.save(payout, status=spelling)
        if not rows_first:
            self.rows_of_payout(payout_id).update(status="available")

    def rows_of_payout(self, payout_id: int) -> Any:
        return self.query(self.models.EarningsTransaction).filter(payout_id=payout_id)

    # reversal

    def reverse_earnings(self, booking_id: int) -> int:
        """As it is: it looks for a transaction_type that no row has.  Return what it reversed."""
        return self._reverse(booking_id, transaction_type="booking")

    def reverse_earnings_as_meant(self, booking_id: int) -> int:
        """As it would be: a mirror row of status `completed`, then the original reversed."""
        return self._reverse(booking_id, transaction_type="booking_completion")

    def _reverse(self, booking_id: int, **where: Any) -> int:
        found = self.objects("payments_earningstransaction", booking_id=booking_id, **where)
        for original in found:
            with self.atomic():
                self.insert(
                    "payments_earningstransaction",
                    practitioner_id=original.practitioner_id,
                    booking_id=original.booking_id,
                    gross_amount_cents=-original.gross_amount_cents,
                    commission_rate=original.commission_rate,
                    commission_amount_cents=-original.commission_amount_cents,
                    net_amount_cents=-original.net_amount_cents,
                    status="completed",
                    available_after=now(),
                    transaction_type="reversal",
                    description=f"Reversal of earnings {original.pk}",
                )
                self.save(original, status="reversed")
        return len(found)
