"""A marketplace that lives on after its migration: months of it, the same for the same seed.

The app sells, delivers, cancels, refunds, reschedules and pays out, people correct, and the jobs do
what is due.  Between the episodes everything that was stamped becomes older by some weeks.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.db import IntegrityError

from earnings_pipeline import jobs, sample
from earnings_pipeline.progress import silent
from earnings_pipeline.target import Target
from marketplace_app import App, now

GROW_OLDER = Path(__file__).with_name("grow_older.sql").read_text(encoding="utf-8")
EPISODES = 3
PRICES = (3333, 10000, 4999, 12001)


def live_on(target: Target, conn: psycopg.Connection, seed: int) -> None:
    """Let some episodes pass, some months apart."""
    chance = random.Random(f"life {seed}")
    for episode in range(EPISODES):
        with App(target, "before" if episode == 0 else "after") as app:
            Episode(app, chance).pass_by()
        _run_jobs(conn)
        grow_older(conn, timedelta(days=chance.randint(20, 50), seconds=chance.randint(0, 86_399)))
    conn.execute("select earnings.beat()")


def grow_older(conn: psycopg.Connection, by: timedelta) -> None:
    """Let all that the engine has stamped have happened so much earlier."""
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        conn.execute("select set_config('test.older_by', %s, true)", [f"{by.total_seconds()} s"])
        conn.execute(GROW_OLDER.encode())


def _run_jobs(conn: psycopg.Connection) -> None:
    for job in ("complete", "release", "payouts", "expire"):
        jobs.run(conn, job, as_of=sample.AS_OF if job == "complete" else None, report=silent)


class Episode:
    """Some weeks of two practitioners, one of whom also earns in another currency."""

    def __init__(self, app: App, chance: random.Random) -> None:
        self.app = app
        self.chance = chance
        self.practitioners = [app.practitioner("Ada"), app.practitioner("Bo")]
        self.bookings: list[int] = []

    def pass_by(self) -> None:
        for practitioner in self.practitioners:
            self._sell(practitioner)
        chosen = [
            self._reschedule,
            self._delete,
            self._deliver,
            self._cancel,
            self._refund,
            self._correct,
            self._refund_an_order,
            self._release,
            self._pay_out,
            self._fail_a_payout,
            self._give_a_bonus,
        ]
        self._move(self.bookings[0])
        self._delete()
        self._deliver(5)
        self._release()
        for step in [*chosen, *self.chance.choices(chosen, k=8)]:
            with suppress(IntegrityError):  # what the engine refuses does not happen
                step()

    def _sell(self, practitioner: int) -> None:
        service = self.app.service(practitioner, price_cents=self.chance.choice(PRICES))
        for _ in range(5):
            self.bookings.append(self.app.checkout(self.app.client(), service))
        for code in ("package", "bundle"):
            count, price = self.chance.randint(2, 5), self.chance.choice(PRICES)
            sold = self.app.checkout(
                self.app.client(), self.app.package(service, count, price, code)
            )
            self.bookings += [row["id"] for row in self.app.children(sold)]

    def _booking(self, *statuses: str) -> dict[str, Any] | None:
        rows = [self.app.row("bookings_booking", booking) for booking in self.bookings]
        matching = [row for row in rows if row["status"] in statuses]
        return self.chance.choice(matching) if matching else None

    def _deliver(self, times: int = 3) -> None:
        for _ in range(times):
            if booking := self._booking("confirmed", "draft"):
                delivered_at = now() - timedelta(days=self.chance.choice((0, 4)))
                self.app.update(
                    "bookings_booking",
                    booking["id"],
                    status="completed",
                    completed_at=delivered_at,
                )

    def _cancel(self) -> None:
        if booking := self._booking("confirmed", "draft", "completed"):
            self.app.cancel(booking["id"], self.chance.choice(("canceled", "cancelled")))

    def _refund(self) -> None:
        if booking := self._booking("confirmed", "completed"):
            self.app.refund(booking["id"], self.chance.choice((100, 1234, 4000)))

    def _reschedule(self) -> None:
        if booking := self._booking("confirmed"):
            self._move(booking["id"])

    def _move(self, booking_id: int) -> None:
        start = now() + timedelta(days=self.chance.randint(1, 9))
        self.bookings.append(self.app.reschedule(booking_id, start))

    def _correct(self) -> None:
        if booking := self._booking("completed"):
            self.app.execute(
                "select earnings.correct_booking(%s, 'confirmed', 'a mistake')", [booking["id"]]
            )

    def _refund_an_order(self) -> None:
        booking = self._booking("confirmed", "draft", "completed")
        if booking and booking["order_id"]:
            self.app.credit_order(booking["order_id"], self.chance.choice((500, 3333)))
            if self.chance.random() < 0.3:
                self.app.refund_order(booking["order_id"])

    def _delete(self) -> None:
        if booking := self._booking("confirmed"):
            self.bookings.remove(booking["id"])
            self.app.delete("bookings_booking", booking["id"])

    def _release(self) -> None:
        self.app.execute("select * from earnings.release_holds()")

    def _pay_out(self) -> None:
        self.app.pay_out(self.chance.choice(self.practitioners))

    def _fail_a_payout(self) -> None:
        payouts = [
            row["id"]
            for row in self.app.rows("payments_practitionerpayout")
            if row["practitioner_id"] in self.practitioners
        ]
        if payouts:
            self.app.fail_payout(self.chance.choice(payouts))

    def _give_a_bonus(self) -> None:
        self.app.insert(
            "payments_earningstransaction",
            booking_id=self.bookings[0],
            practitioner_id=self.practitioners[0],
            gross_amount_cents=777,
            commission_rate=0,
            commission_amount_cents=0,
            net_amount_cents=777,
            status="available",
            available_after=now(),
            transaction_type="bonus",
            currency="EUR",
        )
