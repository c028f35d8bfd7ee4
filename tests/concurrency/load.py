"""All that happens to a marketplace, from many connections at once, on few rows.

Each worker is the app in one of its forms, or a job, or a person, and does what it likes to the
same few practitioners and packages: far hotter than a marketplace is.  What went wrong is kept by
flow and SQLSTATE; a deadlock is kept with what both sides were doing.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError

from earnings_pipeline.target import Target
from marketplace_app import App, now
from marketplace_app.delivering import NotAllowed

PRACTITIONERS = 3
CLIENTS = 6
HOT_BOOKINGS = 40
HOT_ORDERS = 8
SESSIONS = 5
PRICE_CENTS = 10001
DEADLOCK_DETECTED = "40P01"

Flow = Callable[["Worker"], object]


@dataclass
class Crowd:
    """The rows that everybody writes, and what came of it."""

    target: Target
    practitioners: list[int] = field(default_factory=list)
    services: dict[str, list[int]] = field(default_factory=dict)
    clients: list[int] = field(default_factory=list)
    workshop_sessions: list[int] = field(default_factory=list)
    bookings: list[int] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    deadlocks: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    doing: dict[int, str] = field(default_factory=dict)
    left: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle_down(self) -> None:
        """People, services, workshops, and a setting: without a hold, no test waits for one."""
        with App(self.target, "after") as app:
            app.execute("update earnings.settings set value = '0 seconds' where name = 'hold'")
            self.populate(app)

    def populate(self, app: App) -> None:
        self.practitioners = [app.practitioner() for _ in range(PRACTITIONERS)]
        self.clients = [app.client() for _ in range(CLIENTS)]
        for practitioner in self.practitioners:
            session = app.service(practitioner, price_cents=PRICE_CENTS)
            workshop = app.service(practitioner, "workshop", price_cents=PRICE_CENTS)
            self.services.setdefault("session", []).append(session)
            self.services.setdefault("workshop", []).append(workshop)
            for code in ("package", "bundle"):
                self.services.setdefault(code, []).append(
                    app.package(session, SESSIONS, PRICE_CENTS, code)
                )
            self.workshop_sessions.append(
                app.insert(
                    "service_sessions",
                    service_id=workshop,
                    start_time=now() - timedelta(hours=3),
                    end_time=now() - timedelta(hours=2),
                    status="scheduled",
                )
            )

    def run(self, flows: int, workers: int, seed: int = 1) -> float:
        """Let the workers do so many flows together; return the seconds it took."""
        self.left = flows
        crew = self.crew(workers, seed)
        threads = [threading.Thread(target=worker.work) for worker in crew]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - started

    def crew(self, workers: int, seed: int) -> list[Worker]:
        return [Worker(self, number, seed) for number in range(workers)]

    def take(self) -> bool:
        with self.lock:
            self.left -= 1
            return self.left >= 0


class Worker:
    """One connection: the before-version, the after-version, or the jobs."""

    def __init__(self, crowd: Crowd, number: int, seed: int) -> None:
        self.crowd = crowd
        self.random = random.Random(f"{seed} {number}")
        self.is_job = number == 0
        self.form = "after" if number % 2 else "before"
        self.flows, self.weights = zip(*(JOBS if self.is_job else FLOWS), strict=True)
        self.app = App(crowd.target, self.form, name=f"load {number}")
        self.stale: list[Any] = []

    def work(self) -> None:
        try:
            [(pid,)] = self.app.execute("select pg_backend_pid()")
            while self.crowd.take():
                [flow] = self.random.choices(self.flows, self.weights)
                self.crowd.doing[pid] = flow.__name__
                self.do(flow)
        finally:
            self.app.close()

    def do(self, flow: Flow) -> None:
        name = flow.__name__
        self.app.swallowed.clear()
        try:
            flow(self)
            outcome = "done"
        except (ObjectDoesNotExist, ValidationError, NotAllowed, NothingToDo):
            outcome = "nothing to do"
        except DatabaseError as error:
            outcome = self.told(name, error)
        except AssertionError as error:
            outcome = "gone" if "is gone" in str(error) else self.surprised(name, error)
        for error in self.app.swallowed:
            if isinstance(error, DatabaseError):
                self.crowd.outcomes[name, f"swallowed {self.told(name, error)}"] += 1
        self.crowd.outcomes[name, outcome] += 1

    def told(self, name: str, error: DatabaseError) -> str:
        """Return the SQLSTATE; keep what no flow may meet."""
        cause = error.__cause__
        if cause is None and "did not affect any rows" in str(error):
            return "gone"  # Django says so itself: somebody has deleted the row
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name in OWN_KEYS:
            return "gone"  # two saves of what somebody has deleted insert it again
        sqlstate = getattr(cause, "sqlstate", None)
        if sqlstate == DEADLOCK_DETECTED:
            assert isinstance(cause, psycopg.Error)
            self.crowd.deadlocks.append(self.explained(name, cause))
        elif sqlstate not in ALLOWED.get(name, set()) | ANYWHERE:
            self.surprised(name, error)
        return sqlstate or "connection"

    def explained(self, name: str, error: psycopg.Error) -> str:
        """Name both sides of a deadlock: what they did, and where this one waited."""
        pids = [
            int(pid)
            for pid in re.findall(r"blocked by process (\d+)", error.diag.message_detail or "")
        ]
        others = {self.crowd.doing.get(pid, "?") for pid in pids} - {name} or {name}
        context = error.diag.context or ""
        doing, *_ = re.sub(r" \(\d+,\d+\)", "", context).splitlines() or ["committing"]
        function = re.search(r"PL/pgSQL function (earnings\.\w+)", context)
        at = f"{doing} in {function[1]}" if function else doing
        return f"{name} against {', '.join(sorted(others))} {at}"

    def surprised(self, name: str, error: Exception) -> str:
        self.crowd.unexpected.append(f"{name}: {type(error).__name__} {error}")
        return "unexpected"

    # what it finds

    def booking(self) -> int:
        if not self.crowd.bookings:
            raise NothingToDo
        return self.random.choice(self.crowd.bookings[-HOT_BOOKINGS:])

    def order(self) -> int:
        if not self.crowd.orders:
            raise NothingToDo
        return self.random.choice(self.crowd.orders[-HOT_ORDERS:])

    def order_of(self, booking_id: int) -> int:
        """The order of a new sale, by its credit row: that works before there is an order_id."""
        [usage] = self.app.rows(
            "payments_usercredittransaction", booking_id=booking_id, transaction_type="usage"
        )
        return usage["order_id"]

    def earnings(self, **where: Any) -> Any:
        found = self.app.objects("payments_earningstransaction", **where)
        if not found:
            raise NothingToDo
        return self.random.choice(found[-HOT_BOOKINGS:])

    def payout(self) -> int:
        found = self.app.objects("payments_practitionerpayout")
        if not found:
            raise NothingToDo
        return self.random.choice(found[-5:]).pk

    def practitioner(self) -> int:
        return self.random.choice(self.crowd.practitioners)


class NothingToDo(Exception):
    """There is no row yet for this flow."""


# the app


def buys_a_session(worker: Worker) -> None:
    service = worker.random.choice(
        worker.crowd.services[worker.random.choice(["session", "workshop"])]
    )
    booking = worker.app.checkout(
        worker.random.choice(worker.crowd.clients),
        service,
        start=now() - timedelta(hours=2),
        credits_cents=worker.random.choice([0, 3000]),
        earnings_inside=worker.random.random() < 0.2,
    )
    worker.crowd.bookings.append(booking)
    worker.crowd.orders.append(worker.order_of(booking))
    if service in worker.crowd.services["workshop"]:
        place = worker.crowd.services["workshop"].index(service)
        worker.app.update(
            "bookings_booking", booking, service_session_id=worker.crowd.workshop_sessions[place]
        )


def buys_a_package(worker: Worker) -> None:
    code = worker.random.choice(["package", "package", "bundle"])
    booking = worker.app.checkout(
        worker.random.choice(worker.crowd.clients),
        worker.random.choice(worker.crowd.services[code]),
    )
    worker.crowd.orders.append(worker.order_of(booking))
    worker.crowd.bookings += [session["id"] for session in worker.app.children(booking)]


def schedules(worker: Worker) -> None:
    worker.app.schedule(worker.booking(), now() - timedelta(hours=2))


def marks_completed(worker: Worker) -> None:
    booking = worker.app.get("bookings_booking", worker.booking())
    if worker.is_job or booking.parent_booking_id:
        raise NothingToDo
    worker.app.mark_completed(booking)


def marks_completed_late(worker: Worker) -> None:
    if len(worker.stale) < 5:
        worker.stale.append(worker.app.get("bookings_booking", worker.booking()))
        raise NothingToDo
    booking = worker.stale.pop(0)
    if booking.parent_booking_id:
        raise NothingToDo
    worker.app.mark_completed(booking)


def saves_a_stale_booking(worker: Worker) -> None:
    if len(worker.stale) < 5:
        worker.stale.append(worker.app.get("bookings_booking", worker.booking()))
        raise NothingToDo
    booking = worker.stale.pop(0)
    if booking.parent_booking_id and booking.status == "completed":
        raise NothingToDo
    worker.app.save(booking, client_notes="looking forward")


def ends_the_room(worker: Worker) -> None:
    worker.app.end_video_room(worker.booking())


def cancels(worker: Worker) -> None:
    worker.app.cancel(worker.booking(), worker.random.choice(["canceled", "cancelled"]))


def reschedules(worker: Worker) -> None:
    worker.crowd.bookings.append(
        worker.app.reschedule(worker.booking(), now() - timedelta(hours=2))
    )


def deletes(worker: Worker) -> None:
    worker.app.delete("bookings_booking", worker.booking())


def runs_the_task_again(worker: Worker) -> None:
    worker.app.earnings_task(worker.booking())


def releases(worker: Worker) -> None:
    worker.app.release(worker.earnings(status="pending"))


def pays_out(worker: Worker) -> None:
    worker.app.pay_out(worker.practitioner())


def completes_a_payout(worker: Worker) -> None:
    worker.app.complete_payout(worker.payout())


def fails_a_payout(worker: Worker) -> None:
    worker.app.fail_payout(worker.payout())


def cancels_a_payout(worker: Worker) -> None:
    worker.app.cancel_payout(worker.payout(), rows_first=worker.random.random() < 0.5)


def saves_an_order(worker: Worker) -> None:
    order = worker.app.get("payments_order", worker.order())
    worker.app.save(order, stripe_payment_method_id="pm_again")


def adds_one(worker: Worker) -> None:
    order = worker.app.get("payments_order", worker.order())
    if not getattr(order, "package_metadata", None):
        raise NothingToDo
    order.increment_sessions_completed()


def refunds(worker: Worker) -> None:
    worker.app.refund(worker.booking(), worker.random.choice([1000, 4000, PRICE_CENTS]))


def refunds_an_order(worker: Worker) -> None:
    worker.app.refund_order(
        worker.order(), worker.random.choice(["refunded", "partially_refunded"])
    )


def credits_an_order(worker: Worker) -> None:
    worker.app.credit_order(worker.order(), worker.random.choice([1000, 4000]))


def refreshes_the_cache(worker: Worker) -> None:
    worker.app.refresh_cache(worker.practitioner(), subtract=100)


def moves_a_workshop(worker: Worker) -> None:
    session = worker.app.get(
        "service_sessions", worker.random.choice(worker.crowd.workshop_sessions)
    )
    shift = timedelta(minutes=worker.random.randint(1, 50))
    worker.app.save(
        session, start_time=session.start_time - shift, end_time=session.end_time - shift
    )


# jobs and people


def completes_what_is_due(worker: Worker) -> None:
    worker.app.execute("select * from earnings.complete_due(batch_size => 20)")


def releases_what_is_due(worker: Worker) -> None:
    worker.app.execute("select * from earnings.release_holds(batch_size => 20)")


def creates_payouts(worker: Worker) -> None:
    worker.app.execute("select * from earnings.create_payouts()")


def expires_packages(worker: Worker) -> None:
    worker.app.execute("select * from earnings.expire_packages()")


def corrects_a_booking(worker: Worker) -> None:
    status = worker.random.choice(["confirmed", "completed"])
    worker.app.execute(
        "select earnings.correct_booking(%s, %s, 'a person said so')", [worker.booking(), status]
    )


FLOWS: list[tuple[Flow, int]] = [
    (buys_a_session, 10),
    (buys_a_package, 4),
    (schedules, 8),
    (marks_completed, 12),
    (marks_completed_late, 5),
    (saves_a_stale_booking, 8),
    (ends_the_room, 14),
    (cancels, 6),
    (reschedules, 3),
    (deletes, 1),
    (runs_the_task_again, 6),
    (releases, 6),
    (pays_out, 2),
    (completes_a_payout, 1),
    (fails_a_payout, 1),
    (cancels_a_payout, 1),
    (saves_an_order, 6),
    (adds_one, 6),
    (refunds, 2),
    (refunds_an_order, 1),
    (credits_an_order, 1),
    (refreshes_the_cache, 3),
    (moves_a_workshop, 2),
]
JOBS: list[tuple[Flow, int]] = [
    (completes_what_is_due, 5),
    (releases_what_is_due, 5),
    (creates_payouts, 2),
    (expires_packages, 1),
    (corrects_a_booking, 2),
]
GIVES_WAY = {"55P03"}
# After a refusal the rest of the transaction; and whoever writes a row by what it remembers of a
# booking that was deleted meanwhile.
ANYWHERE = {"25P02", "23503"}
ALLOWED = {
    "runs_the_task_again": {"23X04"},
    "buys_a_session": {"23X04"},
    "releases": {"23X01", "23X02", "23X05"},
    "pays_out": {"23X01", "23X03", "23X05", "23X12"},
    "completes_a_payout": {"23X01", "23X03"},
    "cancels_a_payout": {"23X01"},
    "deletes": {"23X06"},
    "deletes_a_sale": {"23X06"},
    "corrects_a_booking": {"23X13"},
    "completes_what_is_due": GIVES_WAY,
    "releases_what_is_due": GIVES_WAY,
    "creates_payouts": GIVES_WAY,
    "expires_packages": GIVES_WAY,
}
OWN_KEYS = {"bookings_booking_pkey"}
PAYOUTS_OF_THE_APP = {"pays_out", "completes_a_payout", "cancels_a_payout", "fails_a_payout"}


def of_payouts(deadlock: str) -> bool:
    """True when a payout that the app makes itself is one side: the known rest (R20)."""
    return any(name in deadlock for name in PAYOUTS_OF_THE_APP)
