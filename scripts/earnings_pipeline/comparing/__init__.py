"""Compute balances, statements and shares three ways, and compare them cent for cent.

PostgreSQL's functions, the dbt models and plain Python answer the same questions, of one snapshot
of the database: now, and as of moments of the past.  What they disagree on is a difference.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from earnings_pipeline import sqlfiles
from earnings_pipeline.building import BuildRefused, built
from earnings_pipeline.comparing import plain
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.progress import Progress, Report, silent
from earnings_pipeline.target import Target

FOLDER = "comparison"
TASK = "compare"
MOMENTS = 20
MODELS = (
    *("earnings", "earnings_transitions", "practitioner_balances"),
    *("practitioner_balances_daily", "practitioner_statements", "session_values"),
)
PLAIN = "plain Python"
# They refuse to answer for a practitioner whom the app has deleted.
FUNCTIONS_OF_PRACTITIONERS = frozenset({"balance_as_of", "explain_balance"})
EDGES = ("opening", "closing")
OWED = frozenset({"pending", "available"})
NEVER_SOLD = frozenset({"failed", "canceled", "cancelled"})
TICK = timedelta(microseconds=1)

Key = tuple[int, str, str]
"""Whose figure it is, its currency, and which of the figures: a status, a part, a session."""
Answer = Mapping[Key, int]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A figure that not all say the same of; `as_of` is None for now, `cents` is who says what."""

    what: str
    as_of: datetime | None
    subject: str
    subject_id: int
    currency: str
    part: str
    cents: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was compared, how many figures of each kind, and those that differ."""

    as_of: datetime
    opened_at: datetime
    final_until: datetime
    moments: tuple[datetime, ...]
    figure_counts: Mapping[str, int]
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Between which moments the history can be asked."""

    opened_at: datetime
    final_until: datetime | None
    last_stamped_at: datetime | None
    asked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package order in raw rows: `taken_slots` is slot number -> what a refund had used up."""

    id: int
    status: str
    currency: str
    subtotal_amount_cents: int
    package_metadata: Mapping[str, Any] | None
    price_cents: int | None
    session_count: int | None
    refunded_cents: int
    refunded_sessions_cents: int
    taken_slots: Mapping[str, int]


def run(
    target: Target,
    moments: Sequence[datetime] = (),
    *,
    moment_count: int = MOMENTS,
    seed: int | None = None,
    report: Report = silent,
) -> Comparison:
    """Build the models that are compared, and compare all three at the moment that was built.

    Without `moments`, so many are drawn between the opening of the history and its watermark, every
    other one at the very stamp of an entry or just before it.  Only the models are written.
    """
    if moments:
        with connect(target, "compare") as conn:
            _chosen(_bounds(conn), moments)  # before the models are built for nothing
    select = [f"+{model}" for model in MODELS]
    with built(target, select, tests=False, report=report) as (result, conn):
        if result.errors:
            raise BuildRefused(
                f"{result.errors[0].node} cannot be built: {result.errors[0].message}",
                f"dbt's log is {result.log}.",
            )
        with connect(target, "compare") as marts:
            bounds = _bounds(conn)
            asked = _chosen(bounds, moments) or _drawn(conn, bounds, moment_count, seed)
            return _Inquiry(conn, marts, bounds, asked).answer(report)


def _rows(conn: psycopg.Connection, name: str, **parameters: object) -> Iterator[tuple[Any, ...]]:
    yield from conn.execute(sqlfiles.read(f"{FOLDER}/{name}").encode(), parameters)


def _bounds(conn: psycopg.Connection) -> Bounds:
    with conn.cursor(row_factory=class_row(Bounds)) as cursor:
        found = cursor.execute(sqlfiles.read(f"{FOLDER}/raw_bounds").encode()).fetchone()
    assert found is not None  # noqa: S101
    return found


def _chosen(bounds: Bounds, moments: Sequence[datetime]) -> list[datetime]:
    """The moments that were named, which lie where the history is open and final."""
    for moment in moments:
        if bounds.final_until is None or not bounds.opened_at <= moment <= bounds.final_until:
            raise WrongUsage(
                f"nothing can be compared as of {moment:%Y-%m-%d %H:%M:%S} UTC",
                f"The history opens at {bounds.opened_at} and is final until {bounds.final_until}.",
            )
    return sorted(set(moments))


def _drawn(
    conn: psycopg.Connection, bounds: Bounds, count: int, seed: int | None
) -> list[datetime]:
    if bounds.final_until is None:
        return []
    drawing = random.Random(seed)  # noqa: S311
    fractions = [drawing.random() for _ in range(count // 2)]
    edges = [
        stamp - drawing.choice((timedelta(0), TICK))
        for (stamp,) in _rows(conn, "raw_stamps", fractions=fractions)
    ]
    drawn = {edge for edge in edges if bounds.opened_at <= edge <= bounds.final_until}
    span = bounds.final_until - bounds.opened_at
    while len(drawn) < min(count, span // TICK):
        drawn.add(bounds.opened_at + drawing.random() * span)
    return sorted(drawn)


class _Inquiry:
    """Asks all of them everything, at one moment of the database."""

    def __init__(
        self,
        conn: psycopg.Connection,
        marts: psycopg.Connection,
        bounds: Bounds,
        moments: list[datetime],
    ) -> None:
        self.conn = conn
        self.marts = marts
        self.bounds = bounds
        self.now = bounds.asked_at
        self.moments = moments
        self.day_ends = _day_ends(bounds, moments)
        self.last_month = plain.month_of(
            max(filter(None, (bounds.final_until, bounds.last_stamped_at, bounds.opened_at)))
        )
        self.practitioner_ids = {row[0] for row in _rows(conn, "raw_practitioners")}
        self.packages = self._read_packages()
        ids = list(self.packages)
        self.order_of = dict(_rows(conn, "raw_package_bookings", order_ids=ids))
        self.balances: dict[datetime, dict[Key, int]] = {}
        self.explained = _by_key([*moments, self.now])
        self.explained_packages = _by_key([*moments, self.now])
        self.counts: dict[str, int] = defaultdict(int)
        self.differences: list[Difference] = []

    def answer(self, report: Report) -> Comparison:
        past = plain.Past([*self.moments, *self.day_ends], frozenset(self.packages))
        parts: tuple[Callable[[], None], ...] = (
            self._compare_shares,
            self._ask_functions,
            lambda: past.follow(self._history()),
            lambda: self._compare_balances(past),
            lambda: self._compare_packages(past),
            lambda: self._compare_statements(past),
        )
        for done, part in enumerate(parts):
            report(Progress(task=TASK, done=done, total=len(parts)))
            part()
        report(Progress(task=TASK, done=len(parts), total=len(parts)))
        return Comparison(
            as_of=self.now,
            opened_at=self.bounds.opened_at,
            final_until=self.bounds.final_until or self.bounds.opened_at,
            moments=tuple(self.moments),
            figure_counts=dict(self.counts),
            differences=tuple(self.differences),
        )

    def _compare(
        self, what: str, as_of: datetime | None, subject: str, answers: Mapping[str, Answer]
    ) -> None:
        """Compare what each source says of every figure; what it does not name it says is 0."""
        keys = sorted(set().union(*answers.values()))
        self.counts[what] += len(keys)
        for key in keys:
            subject_id, currency, part = key
            cents = {source: answer.get(key, 0) for source, answer in answers.items()}
            if subject == "practitioner" and subject_id not in self.practitioner_ids:
                for source in FUNCTIONS_OF_PRACTITIONERS:
                    cents.pop(source, None)
            if len(set(cents.values())) > 1:
                self.differences.append(
                    Difference(
                        what=what,
                        as_of=as_of,
                        subject=subject,
                        subject_id=subject_id,
                        currency=currency,
                        part=part,
                        cents=cents,
                    )
                )

    # shares

    def _read_packages(self) -> dict[int, Package]:
        """The package orders whose number of sessions is known."""
        with self.conn.cursor(row_factory=class_row(Package)) as cursor:
            query = sqlfiles.read(f"{FOLDER}/raw_packages").encode()
            return {
                package.id: package
                for package in cursor.execute(query)
                if _session_count(package) is not None
            }

    def _compare_shares(self) -> None:
        by_plain: dict[Key, int] = {}
        by_function: dict[Key, int] = {}
        by_slots: dict[Key, int] = {}
        by_model: dict[Key, int] = {}
        refunds: dict[str, dict[Key, int]] = {
            source: {} for source in ("free_slots", "session_values", PLAIN)
        }
        for package in self.packages.values():
            worth, used_up = _cut(package)
            for number, (share, refunded) in enumerate(zip(worth, used_up, strict=True), 1):
                key = _session(package.id, package.currency, number)
                by_plain[key] = share
                refunds[PLAIN][key] = refunded
        ids = list(self.packages)
        for order_id, number, currency, amount, slot, refunded in _rows(
            self.conn, "functions_shares", order_ids=ids
        ):
            key = _session(order_id, currency, number)
            by_function[key] = amount
            # a session that a refund has used up whole has no slot to ask for
            by_slots[key] = amount if slot is None else slot
            refunds["free_slots"][key] = refunded
        for order_id, number, currency, amount, refunded in _rows(
            self.marts, "models_shares", order_ids=ids
        ):
            key = _session(order_id, currency, number)
            by_model[key] = amount
            refunds["session_values"][key] = refunded
        self._compare(
            "share",
            None,
            "order",
            {
                "slot_amount": by_function,
                "session_slots": by_slots,
                "session_values": by_model,
                PLAIN: by_plain,
            },
        )
        sold = {
            source: {
                key: cents
                for key, cents in said.items()
                if self.packages[key[0]].status not in NEVER_SOLD
            }
            for source, said in refunds.items()
        }
        self._compare("refunded share", None, "order", sold)

    # the past

    def _history(self) -> Iterator[plain.Entry]:
        """Stream the history: it may be larger than the memory."""
        with self.conn.cursor("history", row_factory=class_row(plain.Entry)) as cursor:
            cursor.itersize = 20_000
            yield from cursor.execute(sqlfiles.read(f"{FOLDER}/raw_history").encode())

    # what the functions say of the past and of now

    def _ask_functions(self) -> None:
        asked = sorted({*self.moments, *self.day_ends, *self._month_ends(), self.now})
        self.balances = self._by_moment(self.conn, "functions_balances", asked)
        for as_of, practitioner_id, order_id, currency, status, cents in _rows(
            self.conn, "functions_explained", moments=[*self.moments, self.now]
        ):
            self.explained[as_of][practitioner_id, currency, status] += cents
            if order_id in self.packages:
                self.explained_packages[as_of][order_id, currency, status] += cents

    def _month_ends(self) -> list[datetime]:
        """When the months of the history ended; the last one has not."""
        first = plain.month_of(self.bounds.opened_at)
        months = plain.months_until([first], self.last_month)[1:]
        return [_midnight(month) - TICK for month in months]

    # balances

    def _compare_balances(self, past: plain.Past) -> None:
        by_plain = past.balances()
        by_model = self._by_moment(self.marts, "models_balances_at", self.moments)
        for moment in self.moments:
            answers = {
                "balance_as_of": self.balances[moment],
                "explain_balance": self.explained[moment],
                "earnings_transitions": by_model[moment],
                PLAIN: by_plain[moment],
            }
            self._compare("balance", moment, "practitioner", answers)
        days = self._days()
        for moment in self.day_ends:
            answers = {
                "balance_as_of": self.balances[moment],
                "practitioner_balances_daily": days[moment.date()],
                PLAIN: by_plain[moment],
            }
            self._compare("balance", moment, "practitioner", answers)
        answers = {
            "balance_as_of": self.balances[self.now],
            "explain_balance": self.explained[self.now],
            "practitioner_balances": _answer(_rows(self.marts, "models_balances")),
            "practitioner_balances_daily": days[self._last_day()],
            PLAIN: self._ledger()["practitioner"],
        }
        self._compare("balance", None, "practitioner", answers)

    def _by_moment(
        self, conn: psycopg.Connection, name: str, moments: Sequence[datetime]
    ) -> dict[datetime, dict[Key, int]]:
        result: dict[datetime, dict[Key, int]] = {moment: {} for moment in moments}
        for as_of, subject_id, currency, part, cents in _rows(conn, name, moments=moments):
            result[as_of][subject_id, currency, part] = cents
        return result

    def _last_day(self) -> date:
        known = (self.bounds.final_until, self.bounds.last_stamped_at, self.bounds.opened_at)
        return max(filter(None, known)).astimezone(UTC).date()

    def _days(self) -> dict[date, dict[Key, int]]:
        days = [moment.date() for moment in self.day_ends] + [self._last_day()]
        result: dict[date, dict[Key, int]] = {day: {} for day in days}
        for practitioner_id, currency, day, status, cents in _rows(
            self.marts, "models_days", days=days
        ):
            result[day][practitioner_id, currency, status] = cents
        return result

    def _ledger(self) -> dict[str, dict[Key, int]]:
        """The balances of practitioners and of packages, from the earnings rows as they stand."""
        result: dict[str, dict[Key, int]] = {
            "practitioner": defaultdict(int),
            "order": defaultdict(int),
        }
        for practitioner_id, currency, status, cents, order_id in _rows(self.conn, "raw_ledger"):
            result["practitioner"][practitioner_id, currency, status] += cents
            if order_id in self.packages:
                result["order"][order_id, currency, status] += cents
        return result

    # packages

    def _compare_packages(self, past: plain.Past) -> None:
        """What the sessions of each package had earned, by status."""
        by_plain = past.package_balances()
        booking_ids = list(self.order_of)
        by_model = _by_key(self.moments)
        for as_of, booking_id, currency, status, cents in _rows(
            self.marts,
            "models_package_balances_at",
            moments=self.moments,
            booking_ids=booking_ids,
        ):
            by_model[as_of][self.order_of[booking_id], currency, status] += cents
        for moment in self.moments:
            answers = {
                "explain_balance": self.explained_packages[moment],
                "earnings_transitions": by_model[moment],
                PLAIN: by_plain[moment],
            }
            self._compare("package", moment, "order", answers)
        answers = {
            "explain_balance": self.explained_packages[self.now],
            "earnings": _answer(
                _rows(self.marts, "models_package_balances", order_ids=list(self.packages))
            ),
            PLAIN: self._ledger()["order"],
        }
        self._compare("package", None, "order", answers)

    # statements

    def _compare_statements(self, past: plain.Past) -> None:
        by_model: dict[Key, int] = {}
        for subject_id, currency, month, part, cents in _rows(self.marts, "models_statements"):
            by_model[subject_id, currency, _of_month(month, part)] = cents
        by_plain = {
            (subject_id, currency, _of_month(month, part)): cents
            for month, accounts in past.statements(self.last_month).items()
            for (subject_id, currency), parts in accounts.items()
            for part, cents in parts.items()
        }
        self._compare_statement(
            None, self._owed_by_function(), {"practitioner_statements": by_model, PLAIN: by_plain}
        )
        # a view, so it has to be read at the moment of everything else
        at_moments = self._by_moment(self.conn, "models_statements_at", self.moments)
        until = past.statements_until()
        for moment in self.moments:
            month = plain.month_of(moment)
            by_view = {
                (subject_id, currency, _of_month(month, part)): cents
                for (subject_id, currency, part), cents in at_moments[moment].items()
            }
            by_plain = {
                (subject_id, currency, _of_month(month, part)): cents
                for (subject_id, currency), parts in until[moment].items()
                for part, cents in parts.items()
            }
            owed = {
                **self._edge(month, "opening", _midnight(month) - TICK),
                **self._edge(month, "closing", moment),
            }
            self._compare_statement(
                moment, owed, {"int_transitions__explained": by_view, PLAIN: by_plain}
            )

    def _compare_statement(
        self, as_of: datetime | None, owed: Answer, answers: Mapping[str, Answer]
    ) -> None:
        """Compare its edges with the function, which knows no parts, and its parts without it."""
        edges: dict[str, Answer] = {"balance_as_of": owed}
        parts: dict[str, Answer] = {}
        for source, answer in answers.items():
            edges[source] = {key: cents for key, cents in answer.items() if _is_edge(key)}
            parts[source] = {key: cents for key, cents in answer.items() if not _is_edge(key)}
        self._compare("statement", as_of, "practitioner", edges)
        self._compare("statement", as_of, "practitioner", parts)

    def _owed_by_function(self) -> dict[Key, int]:
        """The opening and the closing of every month, as balance_as_of has them."""
        months = plain.months_until([plain.month_of(self.bounds.opened_at)], self.last_month)
        result: dict[Key, int] = {}
        for month, ended in zip(months, [*self._month_ends(), self.now], strict=True):
            result |= self._edge(month, "opening", _midnight(month) - TICK)
            result |= self._edge(month, "closing", ended)
        return result

    def _edge(self, month: date, edge: str, moment: datetime) -> dict[Key, int]:
        """What everybody was owed at a moment; nothing before the history opened."""
        result: dict[Key, int] = defaultdict(int)
        for (subject_id, currency, status), cents in self.balances.get(moment, {}).items():
            if status in OWED:
                result[subject_id, currency, _of_month(month, edge)] += cents
        return result


def _by_key(moments: Iterable[datetime]) -> dict[datetime, dict[Key, int]]:
    return {moment: defaultdict(int) for moment in moments}


def _answer(rows: Iterable[tuple[Any, ...]]) -> dict[Key, int]:
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _day_ends(bounds: Bounds, moments: Iterable[datetime]) -> list[datetime]:
    """For each moment the end of its day, or of the one before if that is not final yet."""
    ends: set[datetime] = set()
    for moment in moments:
        midnight = _midnight(moment.astimezone(UTC).date())
        for end in (midnight + timedelta(days=1) - TICK, midnight - TICK):
            if bounds.final_until and bounds.opened_at <= end < bounds.final_until:
                ends.add(end)
                break
    return sorted(ends)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _session(order_id: int, currency: str, number: int) -> Key:
    return order_id, currency, f"session {number}"


def _of_month(month: date, part: str) -> str:
    return f"{month:%Y-%m} {part}"


def _is_edge(key: Key) -> bool:
    return key[2].endswith(EDGES)


def _session_count(package: Package) -> int | None:
    return package.session_count or plain.sessions_of(package.package_metadata or {})


def _cut(package: Package) -> tuple[list[int], list[int]]:
    """What each session of a package is worth, and what refunds have used up of it."""
    count = _session_count(package)
    assert count is not None  # noqa: S101
    price = package.price_cents
    if price is None:
        terms = package.package_metadata or {}
        price = plain.price_of(package.subtotal_amount_cents, terms, count)
    refunded = package.refunded_cents + package.refunded_sessions_cents
    if package.status == "refunded":
        refunded = max(refunded, price)
    worth = plain.shares(price, count)
    taken = {int(number): cents for number, cents in package.taken_slots.items()}
    return worth, plain.used_up(worth, taken, refunded)
