"""The app before the plan, as its database sees it: the statements that its ORM sends.

An object holds the row as it was read; `save` writes all of its columns back, stale or not,
`update_fields` only some, `update` bypasses the object, as Django does.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

HOLD = timedelta(hours=48)
UNMAPPED = {
    "bookings_booking": {"order_id", "credit_usage_transaction_id"},
    "payments_order": {"package_metadata"},
}


def now() -> datetime:
    return datetime.now(UTC)


class BeforeApp:
    """One connection of the app, in autocommit as Django's default is."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self._columns: dict[str, list[tuple[str, str, bool]]] = {}

    def columns(self, table: str) -> list[tuple[str, str, bool]]:
        if table not in self._columns:
            self._columns[table] = self.conn.execute(
                "select column_name, data_type, is_nullable = 'YES' "
                "from information_schema.columns "
                "where table_schema = 'public' and table_name = %s",
                [table],
            ).fetchall()
        return self._columns[table]

    def insert(self, table: str, **values: Any) -> int:
        """INSERT ... RETURNING id with every column the version maps, as the ORM does."""
        row = {
            name: values.get(name, None if nullable else self.default(name, kind))
            for name, kind, nullable in self.columns(table)
            if name not in {"id"} | UNMAPPED.get(table, set())
        }
        unknown = set(values) - set(row)
        assert not unknown, f"{table} has no {unknown}"
        statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        found = self.conn.execute(statement, [adapted(value) for value in row.values()]).fetchone()
        assert found is not None, "the insert returned no row: the ORM would raise TypeError"
        return int(found[0])

    @staticmethod
    def default(name: str, kind: str) -> Any:
        if name in {"created_at", "updated_at", "status_changed_at", "date_joined"}:
            return now()
        if name == "currency":
            return "USD"
        if name in {"timezone"}:
            return "UTC"
        if name == "payment_method":
            return "stripe"
        return {
            "boolean": False,
            "uuid": uuid.uuid4(),
            "jsonb": {},
            "integer": 0,
            "smallint": 0,
            "numeric": 0,
            "timestamp with time zone": now(),
        }.get(kind, uuid.uuid4().hex[:12] if name in {"slug", "email", "code", "name"} else "")

    def get(self, table: str, row_id: int) -> dict[str, Any]:
        with self.conn.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(
                sql.SQL("select * from {} where id = %s").format(sql.Identifier(table)), [row_id]
            ).fetchone()
        assert row is not None, f"{table} {row_id} is gone"
        return {"table": table, **row}

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        condition = sql.SQL(" and ").join(
            sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where
        )
        with self.conn.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(
                sql.SQL("select * from {} where {} order by id").format(
                    sql.Identifier(table), condition
                ),
                list(where.values()),
            ).fetchall()
        return [{"table": table, **row} for row in found]

    def save(self, row: dict[str, Any], *, update_fields: list[str] | None = None) -> None:
        """Write all columns as the object remembers them, or only `update_fields`."""
        unsaved = {"id", "table"} | UNMAPPED.get(row["table"], set())
        names = update_fields or [name for name in row if name not in unsaved]
        if "updated_at" in row and (update_fields is None or "updated_at" in update_fields):
            row["updated_at"] = now()
        self._write(row["table"], row["id"], {name: row[name] for name in names})

    def update(self, table: str, row_id: int, **values: Any) -> None:
        """queryset.update(): only these columns, and updated_at does not move."""
        self._write(table, row_id, values)

    def _write(self, table: str, row_id: int, values: dict[str, Any]) -> None:
        cursor = self.conn.execute(
            sql.SQL("update {} set {} where id = %s").format(
                sql.Identifier(table),
                sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(n)) for n in values),
            ),
            [*(adapted(value) for value in values.values()), row_id],
        )
        assert cursor.rowcount == 1, "no row was updated: the ORM would try an INSERT"

    # the people and the services

    def practitioner(self, name: str = "Pia Practitioner") -> int:
        user_id = self.insert("users_user", email=f"{uuid.uuid4()}@example.com")
        return self.insert(
            "practitioners_practitioner",
            user_id=user_id,
            display_name=name,
            practitioner_status="active",
        )

    def client(self) -> int:
        return self.insert("users_user", email=f"{uuid.uuid4()}@example.com")

    def service(self, practitioner_id: int, code: str = "session", **values: Any) -> int:
        found = self.rows("services_servicetype", code=code)
        type_id = found[0]["id"] if found else self.insert("services_servicetype", code=code)
        return self.insert(
            "services_service",
            **{
                "primary_practitioner_id": practitioner_id,
                "service_type_id": type_id,
                "name": f"A {code}",
                "price_cents": 10000,
                "duration_minutes": 60,
                "validity_days": 365,
                "status": "active",
                **values,
            },
        )

    def package(self, child_id: int, sessions: int, price_cents: int, code: str = "package") -> int:
        child = self.get("services_service", child_id)
        package_id = self.service(
            child["primary_practitioner_id"],
            code,
            price_cents=price_cents,
            sessions_included=sessions if code == "bundle" else None,
        )
        self.insert(
            "service_relationships",
            parent_service_id=package_id,
            child_service_id=child_id,
            quantity=sessions,
        )
        return package_id

    # the checkout

    def checkout(
        self,
        client_id: int,
        service_id: int,
        *,
        start: datetime | None = None,
        credits_cents: int = 0,
        run_earnings_task: bool = True,
    ) -> int:
        """Sell a service; return its booking, for a package the parent."""
        service = self.get("services_service", service_id)
        code = self.get("services_servicetype", service["service_type_id"])["code"]
        price = service["price_cents"]
        start = start or now() + timedelta(days=7)
        with self.conn.transaction():
            order_id = self.insert(
                "payments_order",
                user_id=client_id,
                service_id=service_id,
                practitioner_id=service["primary_practitioner_id"],
                subtotal_amount_cents=price,
                credits_applied_cents=credits_cents,
                total_amount_cents=price - credits_cents,
                status="pending",
                order_type="direct",
            )
            order = self.get("payments_order", order_id)
            order |= {"status": "completed", "order_type": "direct"}
            self.save(order)
            credit_ids = [
                self.insert(
                    "payments_usercredittransaction",
                    user_id=client_id,
                    order_id=order_id,
                    service_id=service_id,
                    amount_cents=amount,
                    transaction_type=kind,
                )
                for kind, amount in (("purchase", price), ("usage", -price))
                if amount
            ]
            is_parent = code in {"package", "bundle"}
            booking_id = self.book(
                client_id,
                service,
                start=now() if is_parent else start,
                price=price,
                discount=credits_cents,
                is_package_purchase=code == "package",
                is_bundle_purchase=code == "bundle",
            )
            if code == "package":
                for relationship in self.rows(
                    "service_relationships", parent_service_id=service_id
                ):
                    child = self.get("services_service", relationship["child_service_id"])
                    for _ in range(relationship["quantity"]):
                        self.book(
                            client_id,
                            child,
                            start=None,
                            price=0,
                            status="draft",
                            payment_status="unpaid",
                            parent_booking_id=booking_id,
                        )
            for credit_id in credit_ids[1:]:
                credit = self.get("payments_usercredittransaction", credit_id)
                credit["booking_id"] = booking_id
                self.save(credit)
        if run_earnings_task:
            self.earnings_task(booking_id)
        return booking_id

    def book(
        self, client_id: int, service: dict[str, Any], *, start: datetime | None, price: int,
        discount: int = 0, **values: Any,
    ) -> int:  # fmt: skip
        end = start + timedelta(minutes=service["duration_minutes"]) if start else None
        return self.insert(
            "bookings_booking",
            **{
                "user_id": client_id,
                "service_id": service["id"],
                "practitioner_id": service["primary_practitioner_id"],
                "start_time": start,
                "end_time": end,
                "status": "confirmed",
                "payment_status": "paid",
                "price_charged_cents": price,
                "discount_amount_cents": discount,
                "final_amount_cents": price - discount,
                "max_participants": 1,
                "service_name_snapshot": service["name"],
                **values,
            },
        )

    # what happens to a booking

    def earnings_task(self, booking_id: int) -> int | None:
        """create_booking_earnings: pending, 48 hours from now; every exception is swallowed."""
        booking = self.get("bookings_booking", booking_id)
        gross = booking["price_charged_cents"]
        commission = gross * 15 // 100
        try:
            with self.conn.transaction():
                earnings_id = self.insert(
                    "payments_earningstransaction",
                    booking_id=booking_id,
                    practitioner_id=booking["practitioner_id"],
                    gross_amount_cents=gross,
                    commission_rate=15,
                    commission_amount_cents=commission,
                    net_amount_cents=gross - commission,
                    status="pending",
                    available_after=now() + HOLD,
                    transaction_type="booking_completion",
                )
                self.refresh_cache(booking["practitioner_id"])
                return earnings_id
        except psycopg.IntegrityError:
            return None

    def refresh_cache(self, practitioner_id: int, subtract: int = 0) -> None:
        """Three sums without a lock, then a full save of the cached balance."""
        sums = {
            status: self.conn.execute(
                "select coalesce(sum(net_amount_cents), 0) from payments_earningstransaction "
                "where practitioner_id = %s and status = %s",
                [practitioner_id, status],
            ).fetchone()[0]  # type: ignore[index]
            for status in ("pending", "available", "paid")
        }
        found = self.rows("payments_practitionerearnings", practitioner_id=practitioner_id)
        values = {
            "pending_balance_cents": sums["pending"],
            "available_balance_cents": sums["available"] - subtract,
            "lifetime_earnings_cents": sum(sums.values()),
            "lifetime_payouts_cents": sums["paid"],
        }
        if found:
            self.save(found[0] | values)
        else:
            self.insert("payments_practitionerearnings", practitioner_id=practitioner_id, **values)

    def mark_completed(self, booking: dict[str, Any]) -> None:
        """mark_booking_completed with the object as it was read, however long ago."""
        with self.conn.transaction():
            booking |= {"status": "completed", "actual_end_time": now(), "completed_at": now()}
            self.save(booking)
            for earnings in self.rows(
                "payments_earningstransaction", booking_id=booking["id"], status="projected"
            )[:1]:
                earnings |= {"status": "pending", "available_after": now() + HOLD}
                self.save(earnings, update_fields=["status", "available_after", "updated_at"])

    def end_video_room(self, booking_id: int) -> None:
        """Completed from any status, two columns, twice; nothing else."""
        for _ in range(2):
            booking = self.get("bookings_booking", booking_id)
            booking |= {"status": "completed", "actual_end_time": now()}
            self.save(booking, update_fields=["status", "actual_end_time"])

    def cancel(self, booking_id: int, spelling: str = "canceled") -> None:
        booking = self.get("bookings_booking", booking_id)
        booking["status"] = spelling
        if spelling == "canceled":
            booking["canceled_at"] = now()
        self.save(booking)

    def reschedule(self, booking_id: int, start: datetime) -> int:
        """A new confirmed booking without order and payment; the old one keeps its earnings."""
        old = self.get("bookings_booking", booking_id)
        service = self.get("services_service", old["service_id"])
        new_id = self.book(
            old["user_id"],
            service,
            start=start,
            price=old["price_charged_cents"],
            payment_status="unpaid",
            rescheduled_from_id=booking_id,
        )
        old["status"] = "rescheduled"
        self.save(old)
        return new_id

    def release(self, earnings: dict[str, Any]) -> None:
        """The release loop's full save of a row that it read a while ago."""
        earnings["status"] = "available"
        self.save(earnings)

    def pay_out(self, practitioner_id: int) -> int:
        """create_batch_payout, with its second subtraction from the cached balance."""
        rows = self.rows(
            "payments_earningstransaction", practitioner_id=practitioner_id, status="available"
        )
        total = sum(row["net_amount_cents"] for row in rows)
        with self.conn.transaction():
            payout_id = self.insert(
                "payments_practitionerpayout",
                practitioner_id=practitioner_id,
                status="pending",
                credits_payout_cents=total,
                commission_collected_cents=sum(row["commission_amount_cents"] for row in rows),
            )
            for row in rows:
                row |= {"status": "paid", "payout_id": payout_id}
                self.save(row, update_fields=["status", "payout_id", "updated_at"])
            self.refresh_cache(practitioner_id, subtract=total)
        return payout_id

    # what the practitioner ends up with

    def earnings(self, booking_id: int) -> list[tuple[str, int, int]]:
        """(status, gross, net) of every earnings row of a booking, oldest first."""
        return [
            (row["status"], row["gross_amount_cents"], row["net_amount_cents"])
            for row in self.rows("payments_earningstransaction", booking_id=booking_id)
        ]

    def children(self, parent_id: int) -> list[dict[str, Any]]:
        return self.rows("bookings_booking", parent_booking_id=parent_id)

    def order_of(self, booking_id: int) -> dict[str, Any]:
        return self.get("payments_order", self.get("bookings_booking", booking_id)["order_id"])

    def cached(self, practitioner_id: int) -> dict[str, Any]:
        return self.rows("payments_practitionerearnings", practitioner_id=practitioner_id)[0]


def adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value
