"""Take the models' views off columns that are about to go; refuse when others read them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import DatabaseRefused

MODEL_SCHEMAS = frozenset({"staging", "finance", "reconciliation"})
EXPANDED = (
    "bookings_booking.order_id",
    "bookings_booking.credit_usage_transaction_id",
    "payments_order.package_metadata",
)
CONTRACTED = (
    "bookings_booking.parent_booking_id",
    "bookings_booking.is_package_purchase",
    "bookings_booking.is_bundle_purchase",
    "bookings_booking.payment_transaction_id",
)


def refuse_foreign_views(conn: psycopg.Connection, columns: tuple[str, ...]) -> None:
    """Refuse when a view that is not a model of ours reads one of the columns."""
    if foreign := [f"{schema}.{view}" for schema, view, _ in _reading(conn, columns, ours=False)]:
        raise DatabaseRefused(
            f"columns that are to go are read by {', '.join(foreign)}",
            "Nothing was written. Drop these views, or take the columns out of them, and run the "
            "same command again.",
        )


def drop_model_views(conn: psycopg.Connection, columns: tuple[str, ...]) -> None:
    """Drop the models' views on the columns; the next build makes them again."""
    for schema, view, is_materialized in _reading(conn, columns, ours=True):
        kind = "materialized view" if is_materialized else "view"
        conn.execute(sql.SQL("drop {} {}").format(sql.SQL(kind), sql.Identifier(schema, view)))


def _reading(
    conn: psycopg.Connection, columns: tuple[str, ...], *, ours: bool
) -> list[tuple[str, str, bool]]:
    found = conn.execute(
        sqlfiles.read("queries/views_on_columns"), {"columns": list(columns)}
    ).fetchall()
    return [row for row in found if (row[0] in MODEL_SCHEMAS) == ours]
