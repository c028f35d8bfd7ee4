"""The app's tables as its models map them, in three forms.

`before` is the app before the plan, `after` the one with the plan's changes made, `contracted`
that one without the columns that contract drops.  A form maps its own columns only: a full save
writes these and no others, and an insert gives a value to each of them, as no column has a default.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import CASCADE, SET_NULL, Sum
from django.utils import timezone

from marketplace_app.project import FORMS

HOLD = timedelta(hours=48)


class SaveRefused(Exception):
    """The app's own save handler does not let a session of a package be completed."""


def random_name() -> str:
    return uuid.uuid4().hex[:12]


def random_email() -> str:
    return f"{random_name()}@example.com"


def required(length: int, default: Any = "", **options: Any) -> models.CharField:
    return models.CharField(max_length=length, blank=True, default=default, **options)


def optional(length: int) -> models.CharField:
    return models.CharField(max_length=length, null=True, blank=True)


def choice(default: str, *others: str, is_listed: bool = True) -> models.CharField:
    """A varchar(20) that full_clean holds against its list; the database does not."""
    values = [(value, value) for value in (default, *others)] if is_listed else None
    return models.CharField(max_length=20, default=default, choices=values)


def text() -> models.TextField:
    return models.TextField(null=True, blank=True)


def moment() -> models.DateTimeField:
    return models.DateTimeField(null=True, blank=True)


def number(default: int | None = None) -> models.IntegerField:
    return models.IntegerField(null=default is None, blank=default is None, default=default)


def flag(default: bool = False) -> models.BooleanField:
    return models.BooleanField(default=default)


def rate(digits: int = 5, default: int = 0) -> models.DecimalField:
    return models.DecimalField(max_digits=digits, decimal_places=2, default=default)


def document(make: type = dict) -> models.JSONField:
    return models.JSONField(default=make, blank=True)


def optional_document() -> models.JSONField:
    return models.JSONField(null=True, blank=True)


def link(to: str) -> models.ForeignKey:
    return models.ForeignKey(to, CASCADE, related_name="+")


def optional_link(to: str, on_delete: Any = SET_NULL) -> models.ForeignKey:
    return models.ForeignKey(to, on_delete, null=True, blank=True, related_name="+")


def unmapped_link() -> models.BigIntegerField:
    """A reference to a table of which nothing is needed here."""
    return models.BigIntegerField(null=True, blank=True)


class Timed(models.Model):
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        managed = False


class Public(Timed):
    is_deleted = flag()
    deleted_at = moment()
    public_uuid = models.UUIDField(default=uuid.uuid4)

    class Meta(Timed.Meta):
        abstract = True


class User(Timed):
    password = required(128)
    last_login = moment()
    is_superuser = flag()
    is_staff = flag()
    is_active = flag(True)
    date_joined = models.DateTimeField(default=timezone.now)
    email = required(254, random_email)
    uuid = models.UUIDField(default=uuid.uuid4)
    first_name = required(150)
    last_name = required(150)
    phone_number = optional(17)
    phone_number_verified = flag()
    timezone = required(50, "UTC")
    is_practitioner = flag()
    account_status = required(20, "active")
    last_login_ip = models.GenericIPAddressField(null=True)
    last_active = moment()

    class Meta(Timed.Meta):
        abstract = True
        db_table = "users_user"


class Practitioner(Public):
    user = link("User")
    is_verified = flag(True)
    practitioner_status = required(20, "active")
    featured = flag()
    display_name = optional(255)
    professional_title = optional(255)
    bio = text()
    quote = text()
    profile_image_url = optional(200)
    profile_video_url = optional(200)
    years_of_experience = number()
    buffer_time = number(15)
    next_available_date = moment()
    is_onboarded = flag(True)
    onboarding_step = models.SmallIntegerField(default=0)
    onboarding_completed_at = moment()
    primary_location_id = unmapped_link()
    slug = required(255, random_name)
    current_subscription = optional_link("PractitionerSubscription")

    class Meta(Public.Meta):
        abstract = True
        db_table = "practitioners_practitioner"


class ServiceType(Timed):
    name = required(50, random_name)
    code = required(20, random_name)
    description = text()
    is_active = flag(True)
    order = number(0)
    category_id = unmapped_link()

    class Meta(Timed.Meta):
        abstract = True
        db_table = "services_servicetype"


class Service(Public):
    name = required(255)
    description = text()
    short_description = optional(500)
    price_cents = number(10000)
    duration_minutes = number(60)
    max_participants = number(1)
    min_participants = number(1)
    experience_level = required(20, "all_levels")
    age_min = number()
    age_max = number()
    location_type = required(20, "virtual")
    what_youll_learn = text()
    prerequisites = text()
    includes = optional_document()
    tags = optional_document()
    is_active = flag(True)
    is_featured = flag()
    is_public = flag(True)
    status = required(20, "active")
    published_at = moment()
    validity_days = number(365)
    is_transferable = flag()
    is_shareable = flag()
    sessions_included = number()
    bonus_sessions = number(0)
    max_per_customer = number()
    available_from = moment()
    available_until = moment()
    highlight_text = optional(50)
    terms_conditions = text()
    address_id = unmapped_link()
    primary_practitioner = link("Practitioner")
    category_id = unmapped_link()
    service_type = link("ServiceType")
    practitioner_category_id = unmapped_link()
    image = optional(100)
    schedule_id = unmapped_link()
    slug = required(255, random_name)

    class Meta(Public.Meta):
        abstract = True
        db_table = "services_service"


class ServicePractitioner(Timed):
    is_primary = flag()
    role = optional(100)
    revenue_share_percentage = rate()
    practitioner = link("Practitioner")
    service = link("Service")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "services_servicepractitioner"


class ServiceRelationship(Timed):
    quantity = models.SmallIntegerField(default=1)
    order = models.SmallIntegerField(default=0)
    discount_percentage = rate()
    is_required = flag()
    description_override = text()
    child_service = optional_link("Service", CASCADE)
    parent_service = optional_link("Service", CASCADE)

    class Meta(Timed.Meta):
        abstract = True
        db_table = "service_relationships"


class ServiceSession(Timed):
    title = optional(255)
    description = text()
    start_time = models.DateTimeField()
    end_time = models.DateTimeField()
    duration = number()
    max_participants = number()
    current_participants = number(0)
    sequence_number = number(0)
    price_cents = number()
    status = required(20, "scheduled")
    agenda = text()
    what_youll_learn = text()
    address_id = unmapped_link()
    room_id = unmapped_link()
    service = link("Service")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "service_sessions"


class ServiceTypeCommission(Timed):
    base_rate = rate()
    description = text()
    is_active = flag(True)
    service_type = link("ServiceType")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "service_type_commissions"


class SubscriptionTier(Timed):
    name = required(100, random_name)
    description = models.TextField(blank=True, default="")
    monthly_price = rate(10)
    annual_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    features = document(list)
    is_active = flag(True)
    order = number(0)
    stripe_product_id = optional(255)
    stripe_monthly_price_id = optional(255)
    stripe_annual_price_id = optional(255)
    code = required(20, random_name)

    class Meta(Timed.Meta):
        abstract = True
        db_table = "subscription_tiers"


class TierCommissionAdjustment(Timed):
    adjustment_percentage = rate()
    is_active = flag(True)
    service_type_commission = link("ServiceTypeCommission")
    tier = link("SubscriptionTier")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "tier_commission_adjustments"


class PractitionerSubscription(Timed):
    status = required(20, "active")
    start_date = models.DateTimeField(default=timezone.now)
    end_date = moment()
    is_annual = flag()
    stripe_subscription_id = optional(100)
    auto_renew = flag(True)
    practitioner = link("Practitioner")
    tier = link("SubscriptionTier")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "practitioner_subscriptions"


class Order(Public):
    """Validates its whole row at every save, also with update_fields."""

    payment_method = choice("stripe", "credits", "manual")
    stripe_payment_intent_id = required(200)
    stripe_payment_method_id = required(200)
    subtotal_amount_cents = number(0)
    tax_amount_cents = number(0)
    credits_applied_cents = number(0)
    total_amount_cents = number(0)
    status = choice(
        "pending", "processing", "completed", "failed", "refunded", "partially_refunded"
    )
    currency = required(3, "USD")
    metadata = document()
    tax_details = document()
    audit_log = document(list)
    practitioner = optional_link("Practitioner")
    service = optional_link("Service")
    user = link("User")

    class Meta(Public.Meta):
        abstract = True
        db_table = "payments_order"

    def clean(self) -> None:
        due = self.subtotal_amount_cents + self.tax_amount_cents - self.credits_applied_cents
        if self.total_amount_cents != due:
            raise ValidationError({"total_amount_cents": f"should be {due}"})

    def save(self, *args: Any, **options: Any) -> None:
        # Whether the users and services exist is the foreign keys' to say.
        self.clean_fields(exclude={"user", "service", "practitioner"})
        self.clean()
        super().save(*args, **options)


class OrderBefore(Order):
    order_type = choice("direct", "credit", "package", "subscription")

    class Meta(Order.Meta):
        abstract = True


class OrderAfter(Order):
    order_type = choice("direct", "credit", "package", "bundle", "subscription")
    package_metadata = optional_document()

    class Meta(Order.Meta):
        abstract = True

    @property
    def is_package_or_bundle(self) -> bool:
        return self.order_type in ("package", "bundle")

    @property
    def session_value_cents(self) -> int:
        return (self.package_metadata or {}).get("session_value_cents", 0)

    def increment_sessions_completed(self) -> None:
        """Read the JSON as this object has it, add 1, write all of it."""
        if not self.package_metadata:
            return
        count = self.package_metadata.get("sessions_completed", 0)
        self.package_metadata["sessions_completed"] = count + 1
        self.save(update_fields=["package_metadata"])


class UserCreditTransaction(Timed):
    amount_cents = models.IntegerField()
    transaction_type = required(20)
    currency = required(3, "USD")
    exchange_rate = models.DecimalField(max_digits=10, decimal_places=6, null=True)
    expires_at = moment()
    is_expired = flag()
    description = models.TextField(blank=True, default="")
    metadata = document()
    booking = optional_link("Booking")
    order = optional_link("Order")
    practitioner = optional_link("Practitioner")
    reference_transaction = optional_link("UserCreditTransaction")
    service = optional_link("Service")
    user = link("User")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "payments_usercredittransaction"


class UserCreditBalance(Timed):
    balance_cents = number(0)
    user = link("User")
    last_transaction = optional_link("UserCreditTransaction")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "payments_usercreditbalance"


class Booking(Public):
    start_time = moment()
    end_time = moment()
    actual_start_time = moment()
    actual_end_time = moment()
    timezone = required(50, "UTC")
    status = choice("draft", is_listed=False)
    payment_status = choice("unpaid", is_listed=False)
    title = optional(255)
    description = text()
    client_notes = text()
    practitioner_notes = text()
    price_charged_cents = number(0)
    discount_amount_cents = number(0)
    final_amount_cents = number(0)
    service_name_snapshot = required(255)
    service_description_snapshot = models.TextField(blank=True, default="")
    practitioner_name_snapshot = required(255)
    service_duration_snapshot = number()
    completed_at = moment()
    no_show_at = moment()
    canceled_at = moment()
    canceled_by = optional(20)
    cancellation_reason = text()
    # Set by every save, so not the time of a change of status.
    status_changed_at = models.DateTimeField(auto_now=True)
    confirmed_at = moment()
    max_participants = number(1)
    location_id = unmapped_link()
    practitioner = link("Practitioner")
    rescheduled_from = optional_link("Booking")
    service = link("Service")
    service_session = optional_link("ServiceSession")
    user = link("User")
    metadata = document()

    class Meta(Public.Meta):
        abstract = True
        db_table = "bookings_booking"

    @property
    def is_session_without_order(self) -> bool:
        """A legacy session of a package: it has a parent, and no order that this form sees."""
        return False

    def save(self, *, update_fields: Sequence[str] | None = None, **options: Any) -> None:
        completes = update_fields is None and self.status == "completed"
        if not (completes and self.is_session_without_order):
            super().save(update_fields=update_fields, **options)
            return
        with transaction.atomic(using=options.get("using") or self._state.db, savepoint=False):
            super().save(**options)
            raise SaveRefused(f"booking {self.pk} is a session of a package")


class LegacyPurchase(models.Model):
    """What makes a booking the sale of a package, until contract."""

    is_package_purchase = flag()
    is_bundle_purchase = flag()
    parent_booking = optional_link("Booking", CASCADE)

    class Meta:
        abstract = True


class BookingBefore(LegacyPurchase, Booking):
    meeting_url = optional(200)
    meeting_id = optional(100)
    package_name_snapshot = required(255)
    package_contents_snapshot = optional_document()
    bundle_name_snapshot = required(255)
    bundle_sessions_snapshot = number()
    started_at = moment()
    payment_transaction = optional_link("UserCreditTransaction")
    room_id = unmapped_link()

    class Meta(Booking.Meta):
        abstract = True

    @property
    def is_session_without_order(self) -> bool:
        return self.parent_booking_id is not None


class BookingContracted(Booking):
    order = optional_link("Order", CASCADE)
    credit_usage_transaction = optional_link("UserCreditTransaction")

    class Meta(Booking.Meta):
        abstract = True


class BookingAfter(LegacyPurchase, BookingContracted):
    class Meta(BookingContracted.Meta):
        abstract = True

    @property
    def is_session_without_order(self) -> bool:
        return self.parent_booking_id is not None and self.order_id is None


class PackageCompletionRecord(Timed):
    status = required(20, "pending")
    completion_percentage = rate()
    total_sessions = number(0)
    completed_sessions = number(0)
    payout_processed = flag()
    payout_date = moment()
    last_payout_percentage = rate()
    last_payout_date = moment()
    total_paid_credits = rate(10)
    package_booking = link("Booking")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "package_completion_records"


class PractitionerEarnings(Timed):
    """The cached balance of a practitioner."""

    pending_balance_cents = number(0)
    available_balance_cents = number(0)
    lifetime_earnings_cents = number(0)
    lifetime_payouts_cents = number(0)
    last_payout_date = moment()
    practitioner = link("Practitioner")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "payments_practitionerearnings"


class PractitionerPayout(Timed):
    payout_date = moment()
    credits_payout_cents = number()
    cash_payout_cents = number()
    commission_collected_cents = number()
    stripe_account_id = text()
    stripe_transfer_id = text()
    status = choice("pending", is_listed=False)
    batch_id = models.UUIDField(null=True, blank=True)
    currency = required(3, "USD")
    notes = text()
    payment_method = required(50, "stripe")
    error_message = text()
    transaction_fee_cents = number()
    practitioner = optional_link("Practitioner")
    processed_by = optional_link("User")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "payments_practitionerpayout"


class EarningsTransaction(Timed):
    """Refreshes the cached balance of its practitioner at every save."""

    gross_amount_cents = number(0)
    commission_rate = rate()
    commission_amount_cents = number(0)
    net_amount_cents = number(0)
    status = choice("pending", is_listed=False)
    available_after = models.DateTimeField()
    currency = required(3, "USD")
    description = models.TextField(blank=True, default="")
    transaction_type = required(50, "booking_completion")
    external_fees = optional_document()
    metadata = optional_document()
    booking = link("Booking")
    practitioner = link("Practitioner")
    payout = optional_link("PractitionerPayout")

    class Meta(Timed.Meta):
        abstract = True
        db_table = "payments_earningstransaction"

    def save(self, *args: Any, **options: Any) -> None:
        super().save(*args, **options)
        cache_model = self._meta.apps.get_model(self._meta.app_label, "PractitionerEarnings")
        refresh_cache(type(self), cache_model, self._state.db, self.practitioner_id)


def refresh_cache(
    ledger: type[models.Model], cache_model: type[models.Model], alias: str, practitioner_id: int
) -> models.Model:
    """Three sums without a lock, then a full save of the cached balance."""
    rows = ledger.objects.using(alias).filter(practitioner_id=practitioner_id)
    pending, available, paid = (
        rows.filter(status=status).aggregate(cents=Sum("net_amount_cents"))["cents"] or 0
        for status in ("pending", "available", "paid")
    )
    cache, _ = cache_model.objects.using(alias).get_or_create(practitioner_id=practitioner_id)
    cache.pending_balance_cents = pending
    cache.available_balance_cents = available
    cache.lifetime_earnings_cents = pending + available + paid
    cache.lifetime_payouts_cents = paid
    cache.save()
    return cache


SHARED = (
    User,
    Practitioner,
    ServiceType,
    Service,
    ServicePractitioner,
    ServiceRelationship,
    ServiceSession,
    ServiceTypeCommission,
    SubscriptionTier,
    TierCommissionAdjustment,
    PractitionerSubscription,
    UserCreditTransaction,
    UserCreditBalance,
    PackageCompletionRecord,
    PractitionerEarnings,
    PractitionerPayout,
    EarningsTransaction,
)
OWN = {
    "before": {"Order": OrderBefore, "Booking": BookingBefore},
    "after": {"Order": OrderAfter, "Booking": BookingAfter},
    "contracted": {"Order": OrderAfter, "Booking": BookingContracted},
}


def concrete(form: str) -> SimpleNamespace:
    """The models of one form, registered under the form's name as their app."""
    made = SimpleNamespace()
    for name, base in {**{base.__name__: base for base in SHARED}, **OWN[form]}.items():
        meta = type("Meta", (base.Meta,), {"app_label": form})
        setattr(made, name, type(name, (base,), {"__module__": __name__, "Meta": meta}))
    return made


MODELS = {form: concrete(form) for form in FORMS}
