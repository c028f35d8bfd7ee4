"""The sample's time: whole seconds UTC, counted from 1970, and how they are written."""

import bisect
import math
from datetime import UTC, datetime, timedelta
from itertools import accumulate

AS_OF = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
"""The sample's today. Everything lies in the two years before it, upcoming appointments after."""

MINUTE, HOUR, DAY = 60, 3600, 86400
HOLD = 48 * HOUR
DAYS = 730
NOW = int(AS_OF.timestamp())
OPENING = NOW - DAYS * DAY

_FIRST_DAY = OPENING // DAY - 400
_DATES = [
    (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")
    for day in range(_FIRST_DAY, NOW // DAY + 800)
]
_CLOCK = [f"{s // HOUR:02}:{s // MINUTE % 60:02}:{s % 60:02}" for s in range(DAY)]


def written(moment: int | None) -> str:
    """Write a moment as PostgreSQL and ISO 8601 both read it; nothing for none."""
    if moment is None:
        return ""
    return f"{_DATES[moment // DAY - _FIRST_DAY]}T{_CLOCK[moment % DAY]}+00:00"


def _weight(day: int) -> float:
    date = datetime.fromtimestamp(OPENING + day * DAY, tz=UTC)
    growth = 0.3 + 1.4 * day / DAYS
    week = (1.25, 1.2, 1.1, 1.0, 0.8, 0.6, 0.75)[date.weekday()]
    # January's good intentions, July's holidays
    year = 1 + 0.3 * math.cos((date.timetuple().tm_yday - 20) / 365.25 * 2 * math.pi)
    return round(growth * week * year, 6)


_UNTIL_DAY = list(accumulate(_weight(day) for day in range(DAYS)))


def purchase_moment(share: float, second: float) -> int:
    """Place a purchase, given two numbers in [0, 1), where business grows and has its seasons."""
    day = bisect.bisect_right(_UNTIL_DAY, share * _UNTIL_DAY[-1])
    # between 06:00 and 22:00; the last day ends at noon
    return min(OPENING // DAY * DAY + day * DAY + 6 * HOUR + int(second * 16 * HOUR), NOW - HOUR)


def appointment_moment(day: int, half_hour: int) -> int:
    """Give the start of an appointment on the day of a moment: 08:00 and so many half hours."""
    return day // DAY * DAY + 8 * HOUR + half_hour * 30 * MINUTE
