"""What was tried and found wrong: each variant goes into a copy of the engine and must be seen.

A variant is a change to the text of one function that looks harmless.  Its case is right with the
engine as it is, and wrong with the variant: so the return of the variant would not go unnoticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import Databases
from interleavings.cases import UNIQUE_VIOLATION, Case, build, prepared, run_case
from interleavings.driver import COMMITTED, Driver, Side
from interleavings.operations import (
    OPERATIONS,
    Operation,
    end_room,
    insert_new_bookings,
    insert_payout,
    now,
    operation,
    pay_last_rows,
    pay_next_row,
    refresh_cache,
    save,
    save_canceled,
    save_released,
    update,
)

ORDER_LOCK = "order by orders.id\n    for no key update;"
NAMED = {known.name: known for known in OPERATIONS}


def fold(side: Side) -> None:
    """The transaction folds its balances and stays open."""
    side.conn.execute("set constraints all immediate")


def add_session(side: Side) -> None:
    """One more booking of the same order; its foreign key is checked at commit."""
    side.memory["order"] = side.world["order"]
    insert_new_bookings(side)


def complete_long_ago(side: Side) -> None:
    """completed_at of a delivery that was undone since is left in the row."""
    values = {"completed_at": now().replace(year=now().year - 1)}
    update(side, "bookings_booking", side.booking["id"], values)


def save_without_links(side: Side) -> None:
    """An object that was read before the engine linked the booking and filled completed_at."""
    save(side, "bookings_booking", side.booking, order_id=None, completed_at=None)


def save_without_end(side: Side) -> None:
    save(side, "bookings_booking", side.booking, start_time=None, end_time=None)


def insert_payout_forwards(side: Side) -> None:
    """Another worker of the app, which pays the same rows the other way round."""
    insert_payout(side)
    side.memory["rows"].reverse()


RELEASE_AND_FOLD = operation("release and fold", save_released, fold, states=["due"])
REFRESH = operation("refresh", refresh_cache, states=["due"])
ADD_SESSION = operation("add a session", add_session, refresh_cache, states=["open"])
LEFT_OVER = operation("completed_at is left over", complete_long_ago, states=["open"])
SAVE_WITHOUT_LINKS = operation("save without links", save_without_links, states=["delivered"])
SAVE_WITHOUT_END = operation("save without end", save_without_end, states=["open"])
CANCEL_AGAIN = operation("cancel again", end_room, save_canceled, states=["paid"], takes_back=True)
PAYOUT_FORWARDS = operation(
    "payout forwards",
    insert_payout_forwards,
    pay_next_row,
    pay_last_rows,
    states=["available"],
    is_refusable=True,
)
END_ROOM = operation("the room ends", end_room, states=["open"], delivers=True)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """In each function `old` becomes `new`; the case shows what that does."""

    says: str
    changes: tuple[tuple[str, str, str], ...]
    first: Operation
    second: Operation
    scene: tuple[str, str, str]
    order: str

    @property
    def case(self) -> Case:
        kind, target, state = self.scene
        return Case(first=self.first, second=self.second, kind=kind, target=target, state=state)


VARIANTS = [
    Variant(
        says="R6 earnings inserted without the lock of their booking: a cancel commits beside it",
        changes=(("lock_bookings", "for no key update;", ";"),),
        first=NAMED["cancel"],
        second=NAMED["earnings task"],
        scene=("direct", "same", "bare"),
        order="ABABB",
    ),
    Variant(
        says="R17 sums in the update that waits for the lock of the balance",
        changes=(
            (
                "tg_balance_queue__fold_balances",
                "order by balances.practitioner_id\n    for no key update;",
                ";",
            ),
        ),
        first=RELEASE_AND_FOLD,
        second=RELEASE_AND_FOLD,
        scene=("package", "sibling", "due"),
        order="AABBAB",
    ),
    Variant(
        says="R17 sums in a stable function, which sees what its caller's statement saw",
        changes=(
            ("tg_balances__guard_write", " SECURITY DEFINER", " STABLE SECURITY DEFINER"),
            ("true_balance", " ROWS 1", " STABLE ROWS 1"),
        ),
        first=RELEASE_AND_FOLD,
        second=REFRESH,
        scene=("package", "sibling", "due"),
        order="AABAB",
    ),
    Variant(
        says="R8 a count that is taken over from whoever saves the order: a second +1",
        changes=(
            (
                "tg_orders__guard_update",
                "earnings.completed_session_count(new.id)",
                "new.package_metadata -> 'sessions_completed'",
            ),
        ),
        first=REFRESH,
        second=NAMED["plus one"],
        scene=("package", "same", "delivered"),
        order="AABBB",
    ),
    Variant(
        says="R8 a count in a stable trigger, which does not see what committed while it waited",
        changes=(
            ("tg_orders__guard_update", " SECURITY DEFINER", " STABLE SECURITY DEFINER"),
            ("completed_session_count", " SET search_path", " STABLE SET search_path"),
        ),
        first=NAMED["complete by room"],
        second=NAMED["order save"],
        scene=("package", "same", "open"),
        order="AABAB",
    ),
    Variant(
        says="R20 a settlement that does not lock the order before the earnings",
        changes=(
            (
                "settle_bookings",
                ORDER_LOCK,
                ORDER_LOCK.replace("for no key update", ""),
            ),
        ),
        first=NAMED["complete by save"],
        second=NAMED["correct booking"],
        scene=("crowded", "sibling", "open"),
        order="AABB",
    ),
    Variant(
        says="R14 a stale save of a booking undoes its delivery",
        changes=(("tg_bookings__guard_update", "new.status := 'completed';", "null;"),),
        first=NAMED["complete by room"],
        second=NAMED["stale save"],
        scene=("direct", "same", "open"),
        order="AAABB",
    ),
    Variant(
        says="R14 a NULL in a stale save takes the order away",
        changes=(("tg_bookings__guard_update", "new.order_id is null and v_is_save", "false"),),
        first=REFRESH,
        second=SAVE_WITHOUT_LINKS,
        scene=("package", "same", "delivered"),
        order="AABB",
    ),
    Variant(
        says="R14 a NULL in a stale save takes the time of the delivery away",
        changes=(("tg_bookings__guard_update", "new.completed_at is null and v_is_save", "false"),),
        first=REFRESH,
        second=SAVE_WITHOUT_LINKS,
        scene=("direct", "same", "delivered"),
        order="AABB",
    ),
    Variant(
        says="R4 a hold without an end that is counted from now: it would move at every look",
        changes=(("projected_available_after", "projected_available_after.created_at", "now()"),),
        first=REFRESH,
        second=SAVE_WITHOUT_END,
        scene=("package", "same", "open"),
        order="AABB",
    ),
    Variant(
        says="R9 a clawback that forgets the one before it",
        changes=(
            (
                "due_clawbacks",
                "or paid.transaction_type = 'clawback'",
                "",
            ),
        ),
        first=NAMED["cancel"],
        second=CANCEL_AGAIN,
        scene=("direct", "same", "paid"),
        order="AABBB",
    ),
    Variant(
        says="R20 a payout that does not lock what is available first",
        changes=(("tg_payouts__guard_insert", "order by available.id\n    for no key update", ""),),
        first=NAMED["payout"],
        second=PAYOUT_FORWARDS,
        scene=("package", "same", "available"),
        order="ABABABAB",
    ),
    Variant(
        says="R4 a completed_at that an undone delivery left behind skips the hold",
        changes=(
            (
                "tg_bookings__settle_update",
                "when written.completed_at is distinct from written.was_completed_at",
                "when written.completed_at is not null",
            ),
        ),
        first=LEFT_OVER,
        second=END_ROOM,
        scene=("direct", "same", "open"),
        order="AABB",
    ),
    Variant(
        says="R21 a failed payout that a late webhook completes",
        changes=(("tg_payouts__guard_update", "new.status := old.status;", "null;"),),
        first=NAMED["payout failed"],
        second=NAMED["payout completed"],
        scene=("direct", "same", "paid"),
        order="AABBB",
    ),
    Variant(
        says="R20 for update on the order: deadlocks with the deferred checks of foreign keys",
        changes=(
            (
                "settle_bookings",
                ORDER_LOCK,
                ORDER_LOCK.replace("for no key update", "for update"),
            ),
        ),
        first=ADD_SESSION,
        second=NAMED["complete by room"],
        scene=("package", "sibling", "open"),
        order="AABBBA",
    ),
]


@pytest.fixture
def driver(databases: Databases) -> Iterator[Driver]:
    target = databases.clone("interleavings", build)
    made = Driver(target)
    yield made
    made.close()
    databases.drop(target.dbname)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.says)
def test_a_variant_that_was_refuted_would_be_seen(driver: Driver, variant: Variant) -> None:
    _, before = run_case(driver, variant.case, variant.order, "read committed", Counter())
    for function, old, new in variant.changes:
        put(driver.watcher, function, old, new)
    _, after = run_case(driver, variant.case, variant.order, "read committed", Counter())

    assert before == []
    assert after != []


def outcome_of_a_completion_beside_new_earnings(driver: Driver) -> str | None:
    """The earnings are inserted before the completion looks for them, and commit after that."""
    case = Case(
        first=NAMED["earnings task"],
        second=NAMED["complete by update"],
        kind="direct",
        target="same",
        state="bare",
    )
    [[world]] = driver.watcher.execute(
        "select interleavings.make(%s, %s)", [case.kind, case.state]
    ).fetchall()
    sides = prepared(driver, case, world, "read committed")
    driver.run(sides, "ABAAB")
    return sides[1].outcome


def test_a_conflict_inside_a_completion_would_lose_the_completion(driver: Driver) -> None:
    """R6: what the lock of the booking keeps away is survived even without that lock."""
    put(driver.watcher, "lock_bookings", "for no key update;", ";")
    before = outcome_of_a_completion_beside_new_earnings(driver)
    put(driver.watcher, "move_delivered_earnings", "on conflict do nothing", "")
    after = outcome_of_a_completion_beside_new_earnings(driver)

    assert (before, after) == (COMMITTED, UNIQUE_VIOLATION)


def order_of_a_checkout_with_savepoints(conn: psycopg.Connection) -> str:
    """Two orders of one client and service; the second is inserted within a savepoint."""
    [[world]] = conn.execute("select interleavings.make('direct', 'open')").fetchall()
    order = {name: world["order"][name] for name in ("user_id", "service_id", "practitioner_id")}
    sold = {**order, "status": "completed", "order_type": "direct"}
    put_row = "select interleavings.put(%s, %s)"
    [[_]] = conn.execute(put_row, ["payments_order", Jsonb(sold)]).fetchall()
    with conn.transaction():
        with conn.transaction():
            [[order_id]] = conn.execute(put_row, ["payments_order", Jsonb(sold)]).fetchall()
        booking = {**order, "status": "confirmed"}
        [[booking_id]] = conn.execute(put_row, ["bookings_booking", Jsonb(booking)]).fetchall()
    linked = conn.execute("select order_id from bookings_booking where id = %s", [booking_id])
    return "its own" if linked.fetchone() == (order_id,) else "another, or none"


def test_an_order_found_by_its_xmin_is_lost_when_the_checkout_has_savepoints(
    driver: Driver,
) -> None:
    """R15: the row carries the id of the savepoint, not of the transaction."""
    before = order_of_a_checkout_with_savepoints(driver.watcher)
    put(
        driver.watcher,
        "find_order",
        "orders.id = substring(\n"
        "                current_setting('earnings.orders_of_transaction', true)\n"
        "                from format('(?:^|,)%s/%s=([0-9]{1,18})(?:,|$)',"
        " booking.user_id, booking.service_id)\n"
        "            )::bigint",
        "orders.xmin::text::bigint = pg_current_xact_id()::text::bigint",
    )
    after = order_of_a_checkout_with_savepoints(driver.watcher)

    assert (before, after) == ("its own", "another, or none")


def put(conn: psycopg.Connection, function: str, old: str, new: str) -> None:
    """Replace a part of a function of the engine; its text must be there."""
    found = conn.execute(
        "select pg_get_functiondef(pg_proc.oid) from pg_proc "
        "where pronamespace = 'earnings'::regnamespace and proname = %s",
        [function],
    ).fetchone()
    assert found is not None
    assert old in found[0], f"{function} no longer says: {old}"
    conn.execute(found[0].replace(old, new))
