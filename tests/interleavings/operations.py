"""Everything that anybody does to one booking, its order and its earnings, statement by statement.

Each operation is what one transaction of the app, a job or a person sends.  The app's objects are
those that it read when the booking was open, so every save of a whole row is as stale as can be.
The before-version serves the kinds `direct` and `legacy`, the after-version `package` and
`crowded`: a save writes the columns that its version maps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from interleavings.driver import Side, Step, commit, roll_back

UNMAPPED = {
    "before": {
        "bookings_booking": {"order_id", "credit_usage_transaction_id"},
        "payments_order": {"package_metadata"},
    },
    "after": {
        "bookings_booking": {
            "payment_transaction_id",
            "meeting_url",
            "meeting_id",
            "package_name_snapshot",
            "package_contents_snapshot",
            "bundle_name_snapshot",
            "bundle_sessions_snapshot",
            "started_at",
            "room_id",
        }
    },
}
HOLD = timedelta(hours=48)
OPEN = frozenset({"open"})
# A save that completes a legacy child fails in the app itself, in both versions.
NOT_LEGACY = frozenset({"direct", "package", "crowded"})
PACKAGES = frozenset({"package", "crowded", "legacy"})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One transaction: its steps, the states of a booking it is meant for, and what it may leave.

    `delivers`: once committed, its booking stays completed, whatever the app's saves do.
    `takes_back`: a person or the client ended the booking; it need not stay delivered.
    `is_job`: may give way by its lock_timeout.
    `is_refusable`: the engine may refuse it; it completes nothing and follows no charge (R3).
    """

    name: str
    steps: tuple[Step, ...]
    states: frozenset[str]
    kinds: frozenset[str] = frozenset({"direct", "package", "crowded", "legacy"})
    delivers: bool = False
    takes_back: bool = False
    is_job: bool = False
    is_refusable: bool = False
    ends: Step = commit


def now() -> datetime:
    return datetime.now(UTC)


def form_of(side: Side) -> str:
    return "before" if side.world["kind"] in {"direct", "legacy"} else "after"


def adapted(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def update(side: Side, table: str, row_id: Any, values: dict[str, Any]) -> None:
    side.conn.execute(
        sql.SQL("update {} set {} where id = %s").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values),
        ),
        [*(adapted(value) for value in values.values()), row_id],
    )


def save(side: Side, table: str, row: dict[str, Any], **changes: Any) -> None:
    """Write every column that this version maps, as the object remembers it."""
    unmapped = UNMAPPED[form_of(side)].get(table, set()) | {"id"}
    row = row | {"updated_at": now()} | changes
    update(side, table, row["id"], {name: row[name] for name in row if name not in unmapped})


def insert(side: Side, table: str, row: dict[str, Any]) -> int:
    unmapped = UNMAPPED[form_of(side)].get(table, set()) | {"id"}
    row = {name: value for name, value in row.items() if name not in unmapped}
    found = side.conn.execute(
        sql.SQL("insert into {} ({}) values ({}) returning id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        [adapted(value) for value in row.values()],
    ).fetchone()
    assert found is not None, "the insert returned no row: the ORM would raise TypeError"
    return int(found[0])


def new_row(side: Side, table: str, **given: Any) -> dict[str, Any]:
    """Return a whole row as Python would give it, from the columns of the table."""
    with side.conn.cursor() as cursor:
        found = cursor.execute(
            "select interleavings.blank(%s, %s)", [table, json.dumps(given, default=str)]
        ).fetchone()
    assert found is not None
    return dict(found[0])


def read(side: Side, table: str, **where: Any) -> list[dict[str, Any]]:
    condition = sql.SQL(" and ").join(
        sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where
    )
    with side.conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            sql.SQL("select * from {} where {} order by id").format(
                sql.Identifier(table), condition
            ),
            list(where.values()),
        ).fetchall()


def refresh_cache(side: Side, subtract: int = 0) -> None:
    """Three sums without a lock, then a full save of the cached balance, in one step."""
    sums = dict(
        side.conn.execute(
            "select status, sum(net_amount_cents)::integer from payments_earningstransaction "
            "where practitioner_id = %s group by status",
            [side.world["practitioner_id"]],
        ).fetchall()
    )
    for cached in read(
        side, "payments_practitionerearnings", practitioner_id=side.world["practitioner_id"]
    ):
        save(
            side,
            "payments_practitionerearnings",
            cached,
            pending_balance_cents=sums.get("pending", 0),
            available_balance_cents=sums.get("available", 0) - subtract,
            lifetime_earnings_cents=sum(sums.values()),
            lifetime_payouts_cents=sums.get("paid", 0),
        )


def earnings_of(side: Side) -> dict[str, Any] | None:
    """The earnings row as the app read it before the case began."""
    return side.world["earnings"].get(str(side.booking["id"]))


# what the app does to a booking


def save_completed(side: Side) -> None:
    at = now()
    save(
        side,
        "bookings_booking",
        side.booking,
        status="completed",
        completed_at=at,
        actual_end_time=at,
        status_changed_at=at,
    )


def save_first_projected(side: Side) -> None:
    found = read(
        side, "payments_earningstransaction", booking_id=side.booking["id"], status="projected"
    )
    for row in found[:1]:
        values = {"status": "pending", "available_after": now() + HOLD, "updated_at": now()}
        update(side, "payments_earningstransaction", row["id"], values)


def end_room(side: Side) -> None:
    values = {"status": "completed", "actual_end_time": now()}
    update(side, "bookings_booking", side.booking["id"], values)


def update_completed(side: Side) -> None:
    """queryset.update() names its columns: no signal, and no updated_at."""
    values = {"status": "completed", "completed_at": now()}
    update(side, "bookings_booking", side.booking["id"], values)


def save_no_show(side: Side) -> None:
    save(side, "bookings_booking", side.booking, status="no_show", no_show_at=now())


def save_canceled(side: Side) -> None:
    save(side, "bookings_booking", side.booking, status="canceled", canceled_at=now())


def save_cancelled(side: Side) -> None:
    save(side, "bookings_booking", side.booking, status="cancelled")


def save_stale(side: Side) -> None:
    save(side, "bookings_booking", side.booking, client_notes="I am looking forward to it")


def insert_successor(side: Side) -> None:
    old = side.booking
    row = new_row(side, "bookings_booking") | old
    row |= {
        "public_uuid": new_row(side, "bookings_booking")["public_uuid"],
        "rescheduled_from_id": old["id"],
        "order_id": None,
        "service_session_id": None,
        "payment_status": "unpaid",
        "start_time": now() + timedelta(days=7),
        "end_time": now() + timedelta(days=7, hours=1),
    }
    side.memory["successor_id"] = insert(side, "bookings_booking", row)


def save_rescheduled(side: Side) -> None:
    save(side, "bookings_booking", side.booking, status="rescheduled")


def delete_what_hangs_on_it(side: Side) -> None:
    for statement in (
        "delete from payments_earningstransaction where booking_id in (%s)",
        "update payments_usercredittransaction set booking_id = null where booking_id in (%s)",
        "update bookings_booking set rescheduled_from_id = null where rescheduled_from_id in (%s)",
    ):
        side.conn.execute(statement, [side.booking["id"]])


def delete_booking(side: Side) -> None:
    side.conn.execute("delete from bookings_booking where id in (%s)", [side.booking["id"]])


# what the app does to earnings and payouts


def insert_earnings(side: Side) -> None:
    row = new_row(
        side,
        "payments_earningstransaction",
        booking_id=side.booking["id"],
        practitioner_id=side.world["practitioner_id"],
        gross_amount_cents=10001,
        commission_rate=15,
        commission_amount_cents=1500,
        net_amount_cents=8501,
        status="pending",
        available_after=now() + HOLD,
        transaction_type="booking_completion",
    )
    insert(side, "payments_earningstransaction", row)


def insert_mirror(side: Side) -> None:
    """reverse_earnings as it was meant: a mirror row of the amounts, then the original reversed."""
    row = earnings_of(side)
    if row is None:
        return
    mirror = {name: value for name, value in row.items() if name != "id"}
    mirror |= {"status": "completed", "transaction_type": "reversal", "payout_id": None}
    for name in ("gross_amount_cents", "commission_amount_cents", "net_amount_cents"):
        mirror[name] = -row[name]
    insert(side, "payments_earningstransaction", mirror)


def save_reversed(side: Side) -> None:
    if row := earnings_of(side):
        save(side, "payments_earningstransaction", row, status="reversed")


def save_released(side: Side) -> None:
    if row := earnings_of(side):
        save(side, "payments_earningstransaction", row, status="available")


def insert_payout(side: Side) -> None:
    known = [*side.world["earnings"].values(), *side.world["beside"]]
    rows = [row for row in known if row["status"] == "available"]
    side.memory["rows"] = sorted(rows, key=lambda row: -row["id"])
    total = sum(row["net_amount_cents"] for row in rows)
    side.memory["payout_id"] = insert(
        side,
        "payments_practitionerpayout",
        new_row(
            side,
            "payments_practitionerpayout",
            practitioner_id=side.world["practitioner_id"],
            status="pending",
            payment_method="manual",
            credits_payout_cents=total,
        ),
    )


def pay_next_row(side: Side) -> None:
    if side.memory["rows"]:
        row = side.memory["rows"].pop(0)
        values = {"status": "paid", "payout_id": side.memory["payout_id"], "updated_at": now()}
        update(side, "payments_earningstransaction", row["id"], values)


def pay_last_rows(side: Side) -> None:
    while side.memory["rows"]:
        pay_next_row(side)
    refresh_cache(side, subtract=8501)


def payout_of(side: Side) -> dict[str, Any] | None:
    return side.world["payouts"].get(str(side.booking["id"]))


def save_payout_failed(side: Side) -> None:
    if row := payout_of(side):
        save(side, "payments_practitionerpayout", row, status="failed")


def save_payout_completed(side: Side) -> None:
    """The transfer's webhook: the payout's object is read when it arrives."""
    if row := payout_of(side):
        save(side, "payments_practitionerpayout", row, status="completed")


def mark_rows_paid(side: Side) -> None:
    if row := payout_of(side):
        side.conn.execute(
            "update payments_earningstransaction set status = 'paid' where payout_id = %s",
            [row["id"]],
        )


def return_rows(side: Side) -> None:
    if row := payout_of(side):
        side.conn.execute(
            "update payments_earningstransaction set status = 'available' where payout_id = %s",
            [row["id"]],
        )


def save_payout_canceled(side: Side) -> None:
    if row := payout_of(side):
        save(side, "payments_practitionerpayout", row, status="canceled")


# what the app does to orders and credits


def save_order(side: Side) -> None:
    save(side, "payments_order", side.world["order"])


def save_order_refunded(side: Side) -> None:
    save(side, "payments_order", side.world["order"], status="refunded")


def save_order_partially_refunded(side: Side) -> None:
    save(side, "payments_order", side.world["order"], status="partially_refunded")


def read_order(side: Side) -> None:
    [side.memory["order"]] = read(side, "payments_order", id=side.world["order_id"])


def add_one(side: Side) -> None:
    order = side.memory["order"]
    metadata = order["package_metadata"] or {}
    metadata["sessions_completed"] = metadata.get("sessions_completed", 0) + 1
    update(side, "payments_order", order["id"], {"package_metadata": metadata, "updated_at": now()})


def insert_credit(side: Side, booking_id: int | None, amount_cents: int) -> None:
    insert(
        side,
        "payments_usercredittransaction",
        new_row(
            side,
            "payments_usercredittransaction",
            user_id=side.world["user_id"],
            booking_id=booking_id,
            order_id=side.world["order_id"],
            amount_cents=amount_cents,
            transaction_type="refund",
        ),
    )


def insert_refund(side: Side) -> None:
    insert_credit(side, side.booking["id"], 4000)


def insert_refund_of_order(side: Side) -> None:
    insert_credit(side, None, side.world["order"]["total_amount_cents"])


def insert_order(side: Side) -> None:
    row = {name: value for name, value in side.world["order"].items() if name != "id"}
    row |= {
        "public_uuid": new_row(side, "payments_order")["public_uuid"],
        "package_metadata": None,
        "created_at": now(),
        "updated_at": now(),
    }
    row["id"] = insert(side, "payments_order", row)
    side.memory["order"] = row


def save_new_order(side: Side) -> None:
    save(side, "payments_order", side.memory["order"], status="completed")


def insert_new_bookings(side: Side) -> None:
    row = side.booking | {
        "public_uuid": new_row(side, "bookings_booking")["public_uuid"],
        "parent_booking_id": None,
        "order_id": side.memory["order"]["id"],
        "start_time": now() + timedelta(days=9),
        "end_time": now() + timedelta(days=9, hours=1),
    }
    if side.world["kind"] == "legacy":
        row |= {"service_id": side.world["sold_service_id"], "is_package_purchase": True}
        row["price_charged_cents"] = row["final_amount_cents"] = 10001
    insert(side, "bookings_booking", row)


def move_session(side: Side) -> None:
    update(
        side,
        "service_sessions",
        side.world["session_id"],
        {"end_time": now() + timedelta(days=3), "start_time": now() + timedelta(days=2)},
    )


# what jobs and people do


def call(statement: str, *names: str) -> Step:
    def step(side: Side) -> None:
        row = earnings_of(side)
        known = {
            "booking_id": side.booking["id"],
            "order_id": side.world["order_id"],
            "earnings_id": row["id"] if row else None,
        }
        if "earnings_id" in names and not row:
            return
        side.conn.execute(statement, [known[name] for name in names])

    return step


def operation(name: str, *steps: Step, states: Iterable[str], **what: Any) -> Operation:
    return Operation(name=name, steps=steps, states=frozenset(states), **what)


OPERATIONS = (
    operation(
        "start package",
        call("select * from earnings.start_package(%s)", "order_id"),
        states=["open", "canceled"],
        kinds=PACKAGES,
        is_refusable=True,
    ),
    operation(
        "refund of the order",
        insert_refund_of_order,
        states=["open", "delivered", "paid"],
        takes_back=True,
    ),
    operation(
        "order partially refunded",
        save_order_partially_refunded,
        states=["open", "delivered"],
    ),
    operation("complete by update", update_completed, states=["open", "bare"], delivers=True),
    operation("no show", save_no_show, states=["open", "delivered"], takes_back=True),
    operation(
        "correct to completed",
        call("select earnings.correct_booking(%s, 'completed', 'it was held')", "booking_id"),
        states=["open", "canceled"],
        delivers=True,
        is_refusable=True,
    ),
    operation(
        "correct to canceled",
        call("select earnings.correct_booking(%s, 'canceled', 'a mistake')", "booking_id"),
        states=["open", "delivered", "paid"],
        takes_back=True,
        is_refusable=True,
    ),
    operation(
        "close period",
        call("select earnings.close_period('closed beside ' || %s)", "booking_id"),
        states=["delivered", "available"],
    ),
    operation(
        "forgive",
        call(
            "select earnings.correct_status(id, 'reversed', 'goodwill') "
            "from payments_earningstransaction "
            "where booking_id = %s and transaction_type in ('clawback', 'adjustment')",
            "booking_id",
        ),
        states=["clawed_back", "undone"],
        is_refusable=True,
    ),
    operation(
        "mirror",
        insert_mirror,
        save_reversed,
        states=["delivered", "paid"],
        takes_back=True,
        is_refusable=True,
    ),
    operation(
        "reverse booking",
        call("select earnings.reverse_booking(%s, 'it was a test')", "booking_id"),
        states=["delivered", "paid"],
        takes_back=True,
        is_refusable=True,
    ),
    operation(
        "complete by save",
        save_completed,
        save_first_projected,
        states=["open", "bare"],
        kinds=NOT_LEGACY,
        delivers=True,
    ),
    operation("complete by room", end_room, end_room, states=["open", "canceled"], delivers=True),
    operation("cancel", save_canceled, states=["open", "delivered", "paid"], takes_back=True),
    operation("cancelled", save_cancelled, states=["open"], takes_back=True),
    operation(
        "reschedule",
        insert_successor,
        save_rescheduled,
        states=["open", "delivered"],
        takes_back=True,
    ),
    operation("stale save", save_stale, states=["open", "delivered"]),
    operation("stale save given up", save_stale, states=["open", "delivered"], ends=roll_back),
    operation(
        "delete",
        delete_what_hangs_on_it,
        delete_booking,
        states=["open", "rescheduled"],
        takes_back=True,
        is_refusable=True,
    ),
    operation(
        "earnings task",
        insert_earnings,
        refresh_cache,
        states=["bare", "open", "rescheduled"],
        is_refusable=True,
    ),
    operation("release save", save_released, refresh_cache, states=["due"], is_refusable=True),
    operation(
        "payout",
        insert_payout,
        pay_next_row,
        pay_last_rows,
        states=["available", "undone"],
        is_refusable=True,
    ),
    operation("payout failed", save_payout_failed, states=["paid", "undone"]),
    operation(
        "payout completed",
        save_payout_completed,
        mark_rows_paid,
        states=["paid"],
        is_refusable=True,
    ),
    operation(
        "payout canceled",
        return_rows,
        save_payout_canceled,
        states=["paid", "undone"],
        is_refusable=True,
    ),
    operation("order save", save_order, states=["open", "delivered"]),
    operation("order refunded", save_order_refunded, states=["delivered"], takes_back=True),
    operation(
        "plus one", read_order, add_one, states=["open"], kinds=frozenset({"package", "crowded"})
    ),
    operation("refund", insert_refund, states=["delivered", "paid", "rescheduled"]),
    operation("purchase", insert_order, save_new_order, insert_new_bookings, states=["open"]),
    operation("session moves", move_session, states=["open"], kinds=frozenset({"direct"})),
    operation(
        "correct booking",
        call("select earnings.correct_booking(%s, 'confirmed', 'nobody came')", "booking_id"),
        states=["delivered"],
        takes_back=True,
        is_refusable=True,
    ),
    operation(
        "correct status",
        call("select earnings.correct_status(%s, 'projected', 'not held')", "earnings_id"),
        states=["delivered"],
        takes_back=True,
        is_refusable=True,
    ),
    operation(
        "complete_due", call("select * from earnings.complete_due()"), states=["open"], is_job=True
    ),
    operation(
        "release_holds", call("select * from earnings.release_holds()"), states=["due"], is_job=True
    ),
    operation(
        "create_payouts",
        call("select * from earnings.create_payouts()"),
        states=["available", "undone"],
        is_job=True,
    ),
    operation(
        "expire_packages",
        call("select * from earnings.expire_packages()"),
        states=["delivered"],
        kinds=PACKAGES,
        is_job=True,
    ),
)
