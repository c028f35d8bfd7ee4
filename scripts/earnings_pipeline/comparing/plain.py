"""Balances, statements and shares in plain Python, from the raw rows and nothing else.

It is meant to be told apart from what it is compared with.  Where the functions and the models add
and take away what each entry of the history says of itself, this follows each earnings row from one
state to the next; where they ask for one slot by a formula, this cuts the whole price.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import accumulate, pairwise
from typing import Any

EARNED = frozenset({"pending", "available", "paid"})
TAKEN_BACK = frozenset({"clawback", "reversal"})
CALLED_BEFORE = {"paid_out": "paid", "completed": "reversed"}
SUBTRACTED = frozenset({"reversed", "clawed back"})
MOST_SESSIONS = 10_000

Account = tuple[int, str]
Totals = dict[tuple[int, str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an entry of the history says its earnings row has become."""

    earnings_id: int
    practitioner_id: int
    currency: str
    event: str
    to_status: str | None
    payout_id: int | None
    net_amount_cents: int
    stamped_at: datetime
    transaction_type: str | None
    order_id: int | None

    @property
    def account(self) -> Account:
        return self.practitioner_id, self.currency

    @property
    def status(self) -> str | None:
        """One of the five, whatever it was called before the migration (R1)."""
        if self.to_status == "processing":
            return "projected" if self.payout_id is None else "paid"
        return CALLED_BEFORE.get(self.to_status or "", self.to_status)

    @property
    def earned_cents(self) -> int:
        return self.net_amount_cents if self.status in EARNED else 0

    @property
    def paid_cents(self) -> int:
        return self.net_amount_cents if self.status == "paid" else 0


@dataclass
class Statement:
    """What moved what a practitioner is owed within a month, in cents by part."""

    parts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    owed_change_cents: int = 0


class Past:
    """What the history says of each of the moments, by account, by package and by month."""

    def __init__(self, moments: Iterable[datetime], package_ids: frozenset[int]) -> None:
        self.moments = sorted(set(moments))
        self.package_ids = package_ids
        self._changes: list[Totals] = [defaultdict(int) for _ in self.moments]
        self._package_changes: list[Totals] = [defaultdict(int) for _ in self.moments]
        self.months: dict[date, dict[Account, Statement]] = defaultdict(
            lambda: defaultdict(Statement)
        )
        self._until: list[dict[Account, Statement]] = [defaultdict(Statement) for _ in self.moments]

    def follow(self, entries: Iterable[Entry]) -> None:
        """Take in the history: each earnings row's entries in a run, from first to last."""
        before: Entry | None = None
        for entry in entries:
            if before is not None and before.earnings_id != entry.earnings_id:
                before = None
            self._move(before, entry)
            before = entry

    def balances(self) -> dict[datetime, Totals]:
        """Net cents by practitioner, currency and status at each moment."""
        return self._accumulated(self._changes)

    def package_balances(self) -> dict[datetime, Totals]:
        """Net cents by package order, currency and status at each moment."""
        return self._accumulated(self._package_changes)

    def statements(self, last_month: date) -> dict[date, dict[Account, dict[str, int]]]:
        """The statements of every month up to `last_month`, opening and closing among the parts."""
        owed: dict[Account, int] = defaultdict(int)
        result: dict[date, dict[Account, dict[str, int]]] = {}
        for month in months_until(self.months, last_month):
            of_month = self.months.get(month, {})
            result[month] = {}
            for account in owed.keys() | of_month.keys():
                result[month][account] = _stated(owed[account], of_month.get(account))
                owed[account] = result[month][account]["closing"]
        return result

    def statements_until(self) -> dict[datetime, dict[Account, dict[str, int]]]:
        """The statement of the month that each moment lies in, as far as that moment."""
        result: dict[datetime, dict[Account, dict[str, int]]] = {}
        for moment, until in zip(self.moments, self._until, strict=True):
            owed: dict[Account, int] = defaultdict(int)
            for month, of_month in self.months.items():
                if month < month_of(moment):
                    for account, statement in of_month.items():
                        owed[account] += statement.owed_change_cents
            result[moment] = {
                account: _stated(owed[account], until.get(account))
                for account in owed.keys() | until.keys()
            }
        return result

    def _move(self, before: Entry | None, after: Entry) -> None:
        reached = bisect_left(self.moments, after.stamped_at)
        if reached < len(self.moments):
            for entry, sign in ((before, -1), (after, 1)):
                if entry is None or entry.status is None:
                    continue
                cents = sign * entry.net_amount_cents
                key = (entry.practitioner_id, entry.currency, entry.status)
                self._changes[reached][key] += cents
                if entry.order_id is not None and entry.order_id in self.package_ids:
                    package = (entry.order_id, entry.currency, entry.status)
                    self._package_changes[reached][package] += cents
        self._state(before, after, reached)

    def _state(self, before: Entry | None, after: Entry, reached: int) -> None:
        month = month_of(after.stamped_at)
        statements = [self.months[month]]
        for index in range(reached, len(self.moments)):
            if month_of(self.moments[index]) != month:
                break
            statements.append(self._until[index])
        for account in {entry.account for entry in (before, after) if entry}:
            old = before if before and before.account == account else None
            new = after if after.account == account else None
            earned = (new.earned_cents if new else 0) - (old.earned_cents if old else 0)
            paid = (new.paid_cents if new else 0) - (old.paid_cents if old else 0)
            if not earned and not paid:
                continue
            for of_month in statements:
                statement = of_month[account]
                statement.owed_change_cents += earned - paid
                if after.event == "opening":
                    # what was paid before the history opened moves nobody's balance
                    statement.parts["brought in"] += earned - paid
                else:
                    part = part_of(after)
                    statement.parts[part] += earned if part not in SUBTRACTED else -earned
                    statement.parts["paid"] += paid

    def _accumulated(self, changes: Sequence[Totals]) -> dict[datetime, Totals]:
        result: dict[datetime, Totals] = {}
        standing: Totals = defaultdict(int)
        for moment, of_moment in zip(self.moments, changes, strict=True):
            for key, cents in of_moment.items():
                standing[key] += cents
            result[moment] = {key: cents for key, cents in standing.items() if cents}
        return result


def part_of(entry: Entry) -> str:
    """Name the part of a statement that a change belongs to (docs/finance.md)."""
    if entry.transaction_type in TAKEN_BACK:
        return "clawed back"
    if entry.status in (None, "reversed"):
        return "reversed"
    if entry.event == "corrected":
        return "corrected"
    return "adjusted" if entry.transaction_type == "adjustment" else "earned"


def _stated(opening_cents: int, statement: Statement | None) -> dict[str, int]:
    moved = statement or Statement()
    closing_cents = opening_cents + moved.owed_change_cents
    return {"opening": opening_cents, **moved.parts, "closing": closing_cents}


def month_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def months_until(known: Iterable[date], last: date) -> list[date]:
    """Every month from the first known one to the last, without a gap."""
    months = []
    month = min(known, default=None)
    while month is not None and month <= last:
        months.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return months


def price_of(subtotal_cents: int, terms: Mapping[str, Any], session_count: int) -> int:
    """The price that the sessions of a package share (R7)."""
    value = terms.get("session_value_cents")
    if subtotal_cents == 0 and isinstance(value, int | float):
        return max(0, int(value) * session_count)
    return max(0, subtotal_cents)


def sessions_of(terms: Mapping[str, Any]) -> int | None:
    """How many sessions a package was sold with, where that can be known (R10)."""
    count = terms.get("total_sessions")
    if isinstance(count, bool) or not isinstance(count, int | float) or count != int(count):
        return None
    return int(count) if 1 <= count <= MOST_SESSIONS else None


def shares(price_cents: int, session_count: int) -> list[int]:
    """Cut a price so that the first i sessions are together worth floor(i P / n) (R7)."""
    each, rest = divmod(price_cents, session_count)
    running = accumulate(([rest] * session_count), initial=0)
    extra = [cents // session_count for cents in running]
    return [each + after - before for before, after in pairwise(extra)]


def used_up(worth: Sequence[int], taken: Mapping[int, int], refunded_cents: int) -> list[int]:
    """What refunds of the whole package have used up of each session (R9).

    `taken` are the sessions that have a slot, from 1, and what had been used up of it by then.
    What is left is taken off the others, from the highest.
    """
    left = refunded_cents - sum(taken.values())
    result = [0] * len(worth)
    for number in range(len(worth), 0, -1):
        if number in taken:
            result[number - 1] = taken[number]
        else:
            result[number - 1] = min(worth[number - 1], max(0, left))
            left -= result[number - 1]
    return result
