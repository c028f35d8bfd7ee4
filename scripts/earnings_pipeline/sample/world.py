"""What every chapter shares: service types, commissions, tiers, and what they say of a rate."""

from earnings_pipeline.sample.clock import DAY, NOW
from earnings_pipeline.sample.rows import Commission, Row, ServiceType, Tier, TierAdjustment

SESSION, WORKSHOP, COURSE, PACKAGE, BUNDLE, IN_PERSON, ONLINE, RETREAT, CONSULTATION = range(1, 10)
PRO, PREMIUM = 2, 3

_CODES = (
    "session",
    "workshop",
    "course",
    "package",
    "bundle",
    "in-person_session",
    "online_session",
    "retreat",
    "consultation",
)

# ONLINE and RETREAT have two active rows since this moment; IN_PERSON and CONSULTATION have none
SECOND_RATES_FROM = NOW - 20 * DAY

COMMISSIONS = (
    Commission(id=1, service_type_id=SESSION, base_rate=1800),
    Commission(id=2, service_type_id=WORKSHOP, base_rate=2000),
    Commission(id=3, service_type_id=COURSE, base_rate=2200),
    Commission(id=4, service_type_id=PACKAGE, base_rate=1600),
    Commission(id=5, service_type_id=BUNDLE, base_rate=1600),
    Commission(id=6, service_type_id=ONLINE, base_rate=1800),
    Commission(id=7, service_type_id=RETREAT, base_rate=2000),
    Commission(id=8, service_type_id=SESSION, base_rate=1000, is_active=False),
    Commission(id=9, service_type_id=ONLINE, base_rate=1750, created_at=SECOND_RATES_FROM),
    Commission(id=10, service_type_id=RETREAT, base_rate=2150, created_at=SECOND_RATES_FROM),
)
_ADJUSTMENTS = {
    (PRO, 1): -300,
    (PRO, 2): -250,
    (PRO, 9): -100,
    (PREMIUM, 1): -500,
    (PREMIUM, 2): -500,
    (PREMIUM, 3): -433,
}


def rows() -> list[Row]:
    """Give the rows of the tables that do not grow."""
    types = [
        ServiceType(id=number, name=code.replace("_", " ").capitalize(), code=code)
        for number, code in enumerate(_CODES, start=1)
    ]
    tiers = [
        Tier(id=number, name=code.capitalize(), code=code, monthly_price=price)
        for number, (code, price) in enumerate((("basic", 0), ("pro", 29), ("premium", 79)), 1)
    ]
    adjustments = [
        TierAdjustment(
            id=number, tier_id=tier, service_type_commission_id=commission, adjustment=adjustment
        )
        for number, ((tier, commission), adjustment) in enumerate(_ADJUSTMENTS.items(), start=1)
    ]
    return [*types, *tiers, *COMMISSIONS, *adjustments]


def app_crashes(service_type_id: int, moment: int) -> bool:
    """Tell whether the app finds two active rates, and so loses the earnings it was to write."""
    return service_type_id in (ONLINE, RETREAT) and moment >= SECOND_RATES_FROM


def rate(service_type_id: int, tier: int | None, moment: int = NOW) -> int:
    """Give the commission rate, in hundredths of a percent, as it was at a moment.

    The newest active base row counts (R5), adjusted for the tier and clamped to 0..100;
    without one it is a flat fifteen percent.
    """
    base = [
        row
        for row in COMMISSIONS
        if row.service_type_id == service_type_id and row.is_active and row.created_at <= moment
    ]
    if not base:
        return 1500
    newest = max(base, key=lambda row: (row.created_at, row.id))
    adjustment = 0 if tier is None else _ADJUSTMENTS.get((tier, newest.id), 0)
    return min(max(newest.base_rate + adjustment, 0), 10000)


def commission(rate_hundredths: int, gross_cents: int) -> int:
    """Cut the commission towards zero, as the app does."""
    cents = abs(gross_cents) * rate_hundredths // 10000
    return cents if gross_cents >= 0 else -cents


def slot(price_cents: int, session_count: int, number: int) -> int:
    """Give what slot `number` of a package is worth (R7)."""
    return number * price_cents // session_count - (number - 1) * price_cents // session_count
