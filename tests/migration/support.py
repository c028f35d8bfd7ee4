"""What the tests of the migration share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from earnings_pipeline import sample
from earnings_pipeline.progress import silent
from earnings_pipeline.target import Target
from marketplace_app import App, now

FOLDER = Path(__file__).parent


def lines(conn: psycopg.Connection, name: str) -> list[str]:
    """Run one of the queries beside this file."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return [line for (line,) in conn.execute(text)]


def app_tables(conn: psycopg.Connection) -> list[str]:
    """Describe everything the app owns: its schema, and a digest of each table's rows.

    Equal lines mean that nothing of the app's differs.
    """
    tables = conn.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    digest = sql.SQL("select md5(string_agg(t::text, ' ' order by t::text)) from {} as t")
    return lines(conn, "app_tables") + [
        f"rows {table} {one(conn, digest.format(sql.Identifier('public', table)))}"
        for (table,) in sorted(tables)
    ]


def load_sample(conn: psycopg.Connection) -> None:
    sample.create_tables(conn, form="before")
    sample.load(conn, bookings=300, seed=1, report=silent)


def end_state(conn: psycopg.Connection) -> list[str]:
    return lines(conn, "end_state")


def differences(before: list[str], after: list[str]) -> list[str]:
    return sorted(set(before) ^ set(after))


def row_change_count(conn: psycopg.Connection) -> int:
    return one(conn, "select count(*) from earnings_migration.row_changes")


def one(conn: psycopg.Connection, query: str | sql.Composed, *parameters: object) -> Any:
    row = conn.execute(query, parameters).fetchone()
    return row[0] if row else None


def exceptions(conn: psycopg.Connection, subject_id: int, subject: str = "booking") -> set[str]:
    rows = conn.execute(
        "select kind from earnings.exceptions where subject_id = %s and subject = %s",
        [subject_id, subject],
    )
    return {kind for (kind,) in rows}


class Town:
    """A practitioner, a client and a service, and what the app has done with them.

    `later_app` is the version after the plan, for when the tables have been expanded.
    """

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        parameters = {**conn.info.get_parameters(), "password": conn.info.password}
        target = Target(origin="the test's connection", parameters=parameters)
        self.app, self.later_app = App(target), App(target, "after")
        self.practitioner = self.app.practitioner()
        self.client = self.app.client()
        self.service = self.app.service(self.practitioner)

    def close(self) -> None:
        self.app.close()
        self.later_app.close()

    def sell(self, **options: Any) -> int:
        """Sell the service through the app's checkout; return the booking."""
        return self.app.checkout(self.client, self.service, **options)

    def order(self, created_at: Any, status: str = "completed", **values: Any) -> int:
        """Write an order that no credit row ties to a booking."""
        return self.app.insert(
            "payments_order",
            **{
                "user_id": self.client,
                "service_id": self.service,
                "practitioner_id": self.practitioner,
                "subtotal_amount_cents": 10000,
                "total_amount_cents": 10000,
                "status": status,
                "order_type": "direct",
                "created_at": created_at,
                **values,
            },
        )

    def booking(self, created_at: Any = None, **values: Any) -> int:
        """Write a booking that no credit row ties to an order."""
        created_at = created_at or now()
        values = {"start": now(), "price": 10000, "created_at": created_at, **values}
        return self.app.book(self.client, self.service, **values)

    def order_of(self, booking_id: int) -> int | None:
        found = one(self.conn, "select order_id from bookings_booking where id = %s", booking_id)
        return int(found) if found is not None else None
