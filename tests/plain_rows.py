"""Rows of the app's tables in plain SQL: what a test names, and dull values for the rest."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

APPOINTMENT_END = datetime(2026, 3, 2, 11, tzinfo=UTC)
DULL = {
    "boolean": False,
    "integer": 0,
    "smallint": 0,
    "numeric": 0,
    "jsonb": Jsonb({}),
    "timestamp with time zone": datetime(2026, 3, 1, tzinfo=UTC),
}
REQUIRED = (
    "select column_name, data_type from information_schema.columns "
    "where table_schema = 'public' and table_name = %s and is_nullable = 'NO' "
    "and column_default is null and is_identity = 'NO'"
)
REQUIRED_COLUMNS: dict[tuple[str, str], list[tuple[str, str]]] = {}


class PlainRows:
    """Writes rows as whatever role the connection has; `put` writes past the engine's guards."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn

    def insert(self, table: str, **values: Any) -> int:
        row = {name: dull(name, kind) for name, kind in required(self.conn, table)} | values
        statement = sql.SQL("insert into public.{} ({}) values ({}) returning id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() for _ in row),
        )
        inserted = self.conn.execute(statement, list(row.values())).fetchone()
        assert inserted is not None
        return int(inserted[0])

    def update(self, table: str, row_id: int, **values: Any) -> None:
        columns = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in values
        )
        statement = sql.SQL("update public.{} set {} where id = {}").format(
            sql.Identifier(table), columns, sql.Placeholder()
        )
        assert self.conn.execute(statement, [*values.values(), row_id]).rowcount == 1

    def get(self, table: str, row_id: int, *columns: str) -> tuple[Any, ...]:
        statement = sql.SQL("select {} from public.{} where id = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
        )
        row = self.conn.execute(statement, [row_id]).fetchone()
        assert row is not None
        return row

    @contextmanager
    def as_role(self, role: str) -> Iterator[None]:
        """Be another role in a transaction of its own, and the login role again afterwards."""
        with self.conn.transaction():
            self.conn.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            yield
            self.conn.execute("set local role none")

    def put(self, table: str, row_id: int, **values: Any) -> None:
        """Change a row as the migration does: no rule is asked, the history is written."""
        with self.as_role("earnings_migrator"):
            self.update(table, row_id, **values)

    def practitioner(self) -> int:
        return self.insert("practitioners_practitioner", user_id=self.insert("users_user"))

    def service(self, practitioner_id: int, code: str = "session", **values: Any) -> int:
        found = self.conn.execute(
            "select id from public.services_servicetype where code = %s", [code]
        ).fetchone()
        type_id = found[0] if found else self.insert("services_servicetype", code=code, name=code)
        return self.insert(
            "services_service",
            **{"primary_practitioner_id": practitioner_id, "service_type_id": type_id, **values},
        )

    def booking(self, practitioner_id: int, **values: Any) -> int:
        """A direct booking of 10000 cents, confirmed and without an order unless told otherwise."""
        service_id = values.get("service_id") or self.service(practitioner_id)
        return self.insert(
            "bookings_booking",
            **{
                "user_id": self.insert("users_user"),
                "practitioner_id": practitioner_id,
                "service_id": service_id,
                "status": "confirmed",
                "end_time": APPOINTMENT_END,
                "price_charged_cents": 10000,
                "final_amount_cents": 10000,
                **values,
            },
        )

    def earnings(self, booking_id: int, **values: Any) -> int:
        """Earnings of 10000 cents gross at 15 %, offered as the app before the plan does."""
        practitioner_id, *_ = self.get("bookings_booking", booking_id, "practitioner_id")
        return self.insert(
            "payments_earningstransaction",
            **{
                "booking_id": booking_id,
                "practitioner_id": practitioner_id,
                "gross_amount_cents": 10000,
                "commission_rate": 15,
                "commission_amount_cents": 1500,
                "net_amount_cents": 8500,
                "status": "pending",
                "transaction_type": "booking_completion",
                **values,
            },
        )

    def pay(self, earnings_id: int) -> None:
        """Have a payout of its practitioner take a row, past the guards."""
        [practitioner_id] = self.get("payments_earningstransaction", earnings_id, "practitioner_id")
        payout_id = self.payout(practitioner_id)
        self.put("payments_earningstransaction", earnings_id, status="paid", payout_id=payout_id)

    def payout(self, practitioner_id: int, **values: Any) -> int:
        """A payout, past the guard that asks for available earnings."""
        with self.as_role("earnings_migrator"):
            return self.insert(
                "payments_practitionerpayout",
                **{"practitioner_id": practitioner_id, "status": "pending", **values},
            )


def required(conn: psycopg.Connection, table: str) -> list[tuple[str, str]]:
    """The columns that an insert must give, with their types."""
    key = conn.info.dbname, table
    if key not in REQUIRED_COLUMNS:
        REQUIRED_COLUMNS[key] = conn.execute(REQUIRED, [table]).fetchall()
    return REQUIRED_COLUMNS[key]


def dull(name: str, kind: str) -> Any:
    if kind == "uuid":
        return uuid.uuid4()
    if name == "currency":
        return "USD"
    if name in {"email", "slug", "username"}:
        return f"{uuid.uuid4()}@example.com"
    return DULL.get(kind, "")
