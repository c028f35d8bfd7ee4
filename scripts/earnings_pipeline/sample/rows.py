"""The app's rows, with the values that the app gives them when nobody says otherwise.

The class attributes stand for Django's defaults; an instance holds what differs, and may be changed
until its chapter is written.  `line` writes the row as CSV: nothing for NULL, "" for an empty text.
"""

from __future__ import annotations

import json
from typing import ClassVar

from earnings_pipeline.sample.clock import OPENING, written


def quoted(value: object) -> str:
    """Write a value as JSON in CSV."""
    return '"' + json.dumps(value, separators=(", ", ": ")).replace('"', '""') + '"'


def optional(value: object) -> str:
    """Write a number or a word that may be missing."""
    return "" if value is None else str(value)


def flag(value: bool) -> str:
    """Write a truth value."""
    return "t" if value else "f"


def percent(hundredths: int) -> str:
    """Write a rate that is kept in hundredths of a percent."""
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02}"


class Row:
    """One row of a table of the app."""

    table: ClassVar[str]
    columns: ClassVar[str]
    id: int
    created_at: int = OPENING

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)

    def line(self) -> str:
        """Write the row as one line of CSV."""
        raise NotImplementedError


class User(Row):
    table = "users_user"
    columns = (
        "id,password,is_superuser,is_staff,is_active,date_joined,email,uuid,first_name,last_name,"
        "phone_number_verified,timezone,is_practitioner,account_status,created_at,updated_at"
    )
    uuid: str
    first_name: str
    last_name: str
    is_practitioner: bool = False

    def line(self) -> str:
        born = written(self.created_at)
        address = f"{self.first_name}.{self.last_name}.{self.id}@example.com".lower()
        return (
            f'{self.id},!,f,f,t,{born},{address},{self.uuid},{self.first_name},"{self.last_name} '
            f'{self.id}",f,UTC,{flag(self.is_practitioner)},active,{born},{born}\n'
        )


class Practitioner(Row):
    table = "practitioners_practitioner"
    columns = (
        "id,created_at,updated_at,is_deleted,public_uuid,is_verified,practitioner_status,featured,"
        "display_name,buffer_time,is_onboarded,onboarding_step,user_id,slug,current_subscription_id"
    )
    public_uuid: str
    display_name: str
    user_id: int
    current_subscription_id: int | None = None
    # the tier whose adjustment its commission takes; no column
    tier: int | None = None

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{born},{born},f,{self.public_uuid},t,active,f,{self.display_name},15,t,5,"
            f"{self.user_id},practitioner-{self.id},{optional(self.current_subscription_id)}\n"
        )


class Service(Row):
    table = "services_service"
    columns = (
        "id,created_at,updated_at,is_deleted,public_uuid,name,price_cents,duration_minutes,"
        "max_participants,min_participants,experience_level,location_type,is_active,is_featured,"
        "is_public,status,validity_days,is_transferable,is_shareable,sessions_included,"
        "bonus_sessions,primary_practitioner_id,service_type_id,slug"
    )
    public_uuid: str
    name: str
    price_cents: int
    duration_minutes: int = 60
    max_participants: int = 1
    sessions_included: int | None = None
    primary_practitioner_id: int
    service_type_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{born},{born},f,{self.public_uuid},{self.name},{self.price_cents},"
            f"{self.duration_minutes},{self.max_participants},1,all_levels,virtual,t,f,t,active,365,"
            f"f,f,{optional(self.sessions_included)},0,{self.primary_practitioner_id},"
            f"{self.service_type_id},service-{self.id}\n"
        )


class ServicePractitioner(Row):
    table = "services_servicepractitioner"
    columns = (
        "id,is_primary,revenue_share_percentage,created_at,updated_at,practitioner_id,service_id"
    )
    practitioner_id: int
    service_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return f"{self.id},t,100.00,{born},{born},{self.practitioner_id},{self.service_id}\n"


class Relationship(Row):
    table = "service_relationships"
    columns = (
        "id,quantity,order,discount_percentage,is_required,created_at,updated_at,"
        "child_service_id,parent_service_id"
    )
    quantity: int = 1
    child_service_id: int | None = None
    parent_service_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{self.quantity},0,0.00,t,{born},{born},{optional(self.child_service_id)},"
            f"{self.parent_service_id}\n"
        )


class ServiceSession(Row):
    table = "service_sessions"
    columns = (
        "id,title,start_time,end_time,duration,max_participants,current_participants,"
        "sequence_number,status,created_at,updated_at,service_id"
    )
    start_time: int
    end_time: int
    sequence_number: int = 0
    service_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},Session {self.sequence_number + 1},{written(self.start_time)},"
            f"{written(self.end_time)},{(self.end_time - self.start_time) // 60},20,0,"
            f"{self.sequence_number},scheduled,{born},{born},{self.service_id}\n"
        )


class Subscription(Row):
    table = "practitioner_subscriptions"
    columns = (
        "id,status,start_date,end_date,is_annual,auto_renew,created_at,updated_at,"
        "practitioner_id,tier_id"
    )
    status: str = "active"
    end_date: int | None = None
    practitioner_id: int
    tier_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{self.status},{born},{written(self.end_date)},f,t,{born},{born},"
            f"{self.practitioner_id},{self.tier_id}\n"
        )


class ServiceType(Row):
    table = "services_servicetype"
    columns = "id,created_at,updated_at,name,code,is_active,order"
    name: str
    code: str

    def line(self) -> str:
        born = written(self.created_at)
        return f"{self.id},{born},{born},{self.name},{self.code},t,{self.id}\n"


class Commission(Row):
    table = "service_type_commissions"
    columns = "id,base_rate,is_active,created_at,updated_at,service_type_id"
    base_rate: int
    is_active: bool = True
    service_type_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{percent(self.base_rate)},{flag(self.is_active)},{born},{born},"
            f"{self.service_type_id}\n"
        )


class Tier(Row):
    table = "subscription_tiers"
    columns = (
        "id,created_at,updated_at,name,description,monthly_price,features,is_active,order,code"
    )
    name: str
    code: str
    monthly_price: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f'{self.id},{born},{born},{self.name},"",{self.monthly_price}.00,[],t,{self.id},'
            f"{self.code}\n"
        )


class TierAdjustment(Row):
    table = "tier_commission_adjustments"
    columns = (
        "id,adjustment_percentage,is_active,created_at,updated_at,service_type_commission_id,"
        "tier_id"
    )
    adjustment: int
    service_type_commission_id: int
    tier_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{percent(self.adjustment)},t,{born},{born},"
            f"{self.service_type_commission_id},{self.tier_id}\n"
        )


class Order(Row):
    table = "payments_order"
    columns = (
        "id,created_at,updated_at,is_deleted,deleted_at,public_uuid,payment_method,"
        "stripe_payment_intent_id,stripe_payment_method_id,subtotal_amount_cents,tax_amount_cents,"
        "credits_applied_cents,total_amount_cents,status,order_type,currency,metadata,tax_details,"
        "audit_log,practitioner_id,service_id,user_id"
    )
    updated_at: int
    deleted_at: int | None = None
    public_uuid: str
    payment_method: str = "stripe"
    subtotal_amount_cents: int
    credits_applied_cents: int = 0
    status: str = "completed"
    order_type: str = "direct"
    currency: str = "USD"
    practitioner_id: int | None = None
    service_id: int | None = None
    user_id: int

    @property
    def total_amount_cents(self) -> int:
        """The card part: tax is always zero."""
        return self.subtotal_amount_cents - self.credits_applied_cents

    def line(self) -> str:
        intent = f"pi_sample_{self.id}" if self.payment_method == "stripe" else '""'
        return (
            f"{self.id},{written(self.created_at)},{written(self.updated_at)},"
            f"{flag(self.deleted_at is not None)},{written(self.deleted_at)},{self.public_uuid},"
            f'{self.payment_method},{intent},"",{self.subtotal_amount_cents},0,'
            f"{self.credits_applied_cents},{self.total_amount_cents},{self.status},"
            f"{self.order_type},{self.currency},{{}},{{}},[],{optional(self.practitioner_id)},"
            f"{optional(self.service_id)},{self.user_id}\n"
        )


class Credit(Row):
    table = "payments_usercredittransaction"
    columns = (
        "id,created_at,updated_at,amount_cents,transaction_type,currency,is_expired,description,"
        "metadata,booking_id,order_id,practitioner_id,reference_transaction_id,service_id,user_id"
    )
    amount_cents: int
    transaction_type: str
    currency: str = "USD"
    booking_id: int | None = None
    order_id: int | None = None
    practitioner_id: int | None = None
    reference_transaction_id: int | None = None
    service_id: int | None = None
    user_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return (
            f"{self.id},{born},{born},{self.amount_cents},{self.transaction_type},{self.currency},"
            f"f,{self.transaction_type},{{}},{optional(self.booking_id)},{optional(self.order_id)},"
            f"{optional(self.practitioner_id)},{optional(self.reference_transaction_id)},"
            f"{optional(self.service_id)},{self.user_id}\n"
        )


class CreditBalance(Row):
    table = "payments_usercreditbalance"
    columns = "id,created_at,updated_at,balance_cents,user_id,last_transaction_id"
    updated_at: int
    balance_cents: int
    user_id: int
    last_transaction_id: int | None = None

    def line(self) -> str:
        return (
            f"{self.id},{written(self.created_at)},{written(self.updated_at)},"
            f"{self.balance_cents},{self.user_id},{optional(self.last_transaction_id)}\n"
        )


class Booking(Row):
    table = "bookings_booking"
    columns = (
        "id,created_at,updated_at,is_deleted,deleted_at,public_uuid,start_time,end_time,"
        "actual_start_time,actual_end_time,timezone,status,payment_status,price_charged_cents,"
        "discount_amount_cents,final_amount_cents,service_name_snapshot,"
        "service_description_snapshot,practitioner_name_snapshot,service_duration_snapshot,"
        "package_name_snapshot,package_contents_snapshot,bundle_name_snapshot,"
        "bundle_sessions_snapshot,completed_at,no_show_at,canceled_at,canceled_by,"
        "status_changed_at,confirmed_at,is_package_purchase,is_bundle_purchase,max_participants,"
        "parent_booking_id,payment_transaction_id,practitioner_id,rescheduled_from_id,service_id,"
        "service_session_id,user_id,metadata"
    )
    updated_at: int
    deleted_at: int | None = None
    public_uuid: str
    start_time: int | None = None
    end_time: int | None = None
    actual_end_time: int | None = None
    status: str = "confirmed"
    payment_status: str = "paid"
    price_charged_cents: int = 0
    discount_amount_cents: int = 0
    service_name: str
    practitioner_name: str
    package_name: str = ""
    package_contents: list[dict[str, object]] | None = None
    bundle_name: str = ""
    bundle_sessions: int | None = None
    completed_at: int | None = None
    no_show_at: int | None = None
    canceled_at: int | None = None
    canceled_by: str | None = None
    confirmed_at: int | None = None
    is_package_purchase: bool = False
    is_bundle_purchase: bool = False
    parent_booking_id: int | None = None
    payment_transaction_id: int | None = None
    practitioner_id: int
    rescheduled_from_id: int | None = None
    service_id: int
    service_session_id: int | None = None
    user_id: int

    @property
    def final_amount_cents(self) -> int:
        """The card part."""
        return self.price_charged_cents - self.discount_amount_cents

    @property
    def delivered_at(self) -> int:
        """When a completed booking was delivered, as far as its own columns tell (R24.7)."""
        moment = self.completed_at or self.actual_end_time or self.end_time
        return moment or self.created_at

    def line(self) -> str:
        moved = written(self.updated_at)
        contents = "" if self.package_contents is None else quoted(self.package_contents)
        duration = (
            (self.end_time - self.start_time) // 60 if self.end_time and self.start_time else ""
        )
        package = self.package_name or '""'
        bundle = self.bundle_name or '""'
        return (
            f"{self.id},{written(self.created_at)},{moved},{flag(self.deleted_at is not None)},"
            f"{written(self.deleted_at)},{self.public_uuid},{written(self.start_time)},"
            f"{written(self.end_time)},,{written(self.actual_end_time)},UTC,{self.status},"
            f"{self.payment_status},{self.price_charged_cents},{self.discount_amount_cents},"
            f'{self.final_amount_cents},{self.service_name},"",{self.practitioner_name},{duration},'
            f"{package},{contents},{bundle},{optional(self.bundle_sessions)},"
            f"{written(self.completed_at)},{written(self.no_show_at)},{written(self.canceled_at)},"
            f"{optional(self.canceled_by)},{moved},{written(self.confirmed_at)},"
            f"{flag(self.is_package_purchase)},{flag(self.is_bundle_purchase)},1,"
            f"{optional(self.parent_booking_id)},{optional(self.payment_transaction_id)},"
            f"{self.practitioner_id},{optional(self.rescheduled_from_id)},{self.service_id},"
            f"{optional(self.service_session_id)},{self.user_id},{{}}\n"
        )


class CompletionRecord(Row):
    table = "package_completion_records"
    columns = (
        "id,status,completion_percentage,total_sessions,completed_sessions,payout_processed,"
        "created_at,updated_at,last_payout_percentage,total_paid_credits,package_booking_id"
    )
    package_booking_id: int

    def line(self) -> str:
        born = written(self.created_at)
        return f"{self.id},pending,0.00,0,0,f,{born},{born},0.00,0.00,{self.package_booking_id}\n"


class Earnings(Row):
    table = "payments_earningstransaction"
    columns = (
        "id,created_at,updated_at,gross_amount_cents,commission_rate,commission_amount_cents,"
        "net_amount_cents,status,available_after,currency,description,transaction_type,booking_id,"
        "practitioner_id,payout_id"
    )
    updated_at: int
    gross_amount_cents: int
    commission_rate: int
    commission_amount_cents: int
    status: str = "pending"
    available_after: int
    currency: str = "USD"
    transaction_type: str = "booking_completion"
    booking_id: int
    practitioner_id: int
    payout_id: int | None = None
    # what the truth table says of the status after the migration; none: it stays
    status_in_the_end: str | None = None

    @property
    def net_amount_cents(self) -> int:
        """What the practitioner gets."""
        return self.gross_amount_cents - self.commission_amount_cents

    def line(self) -> str:
        return (
            f"{self.id},{written(self.created_at)},{written(self.updated_at)},"
            f"{self.gross_amount_cents},{percent(self.commission_rate)},"
            f"{self.commission_amount_cents},{self.net_amount_cents},{self.status},"
            f"{written(self.available_after)},{self.currency},Booking {self.booking_id},"
            f"{self.transaction_type},{self.booking_id},{self.practitioner_id},"
            f"{optional(self.payout_id)}\n"
        )


class Payout(Row):
    table = "payments_practitionerpayout"
    columns = (
        "id,created_at,payout_date,credits_payout_cents,commission_collected_cents,"
        "stripe_transfer_id,status,currency,payment_method,error_message,updated_at,practitioner_id"
    )
    payout_date: int | None = None
    credits_payout_cents: int | None = 0
    commission_collected_cents: int | None = 0
    status: str = "completed"
    currency: str = "USD"
    practitioner_id: int | None = None

    def line(self) -> str:
        born = written(self.created_at)
        transfer = f"tr_sample_{self.id}" if self.status == "completed" else ""
        error = "the bank refused the transfer" if self.status == "failed" else ""
        return (
            f"{self.id},{born},{written(self.payout_date)},{optional(self.credits_payout_cents)},"
            f"{optional(self.commission_collected_cents)},{transfer},{self.status},{self.currency},"
            f"stripe,{error},{born},{optional(self.practitioner_id)}\n"
        )


class PractitionerEarnings(Row):
    table = "payments_practitionerearnings"
    columns = (
        "id,created_at,updated_at,pending_balance_cents,available_balance_cents,"
        "lifetime_earnings_cents,lifetime_payouts_cents,last_payout_date,practitioner_id"
    )
    updated_at: int
    pending: int = 0
    available: int = 0
    lifetime: int = 0
    paid: int = 0
    last_payout_date: int | None = None
    practitioner_id: int

    def line(self) -> str:
        return (
            f"{self.id},{written(self.created_at)},{written(self.updated_at)},{self.pending},"
            f"{self.available},{self.lifetime},{self.paid},{written(self.last_payout_date)},"
            f"{self.practitioner_id}\n"
        )


TABLES: tuple[type[Row], ...] = (
    ServiceType,
    Tier,
    Commission,
    TierAdjustment,
    User,
    Practitioner,
    Subscription,
    Service,
    ServicePractitioner,
    Relationship,
    ServiceSession,
    Order,
    Booking,
    CompletionRecord,
    Credit,
    CreditBalance,
    Earnings,
    Payout,
    PractitionerEarnings,
)
"""Every table that the sample fills."""
