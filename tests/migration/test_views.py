from __future__ import annotations

import psycopg
import pytest

from earnings_pipeline import migration
from earnings_pipeline.errors import DatabaseRefused
from migration.support import app_tables, differences, one


@pytest.fixture
def migrated_conn(sample_conn: psycopg.Connection) -> psycopg.Connection:
    migration.up(sample_conn)
    sample_conn.execute(
        "update earnings_migration.steps set last_write_at = now() - interval '8 days'"
    )
    return sample_conn


def make_views(conn: psycopg.Connection, schema: str) -> None:
    """A view on columns that go, and one on that view, as the models make them."""
    conn.execute(f"create schema if not exists {schema}")
    conn.execute(
        f"create view {schema}.bookings as "  # noqa: S608
        "select id, order_id, parent_booking_id from public.bookings_booking"
    )
    conn.execute(f"create view {schema}.sold as select id from {schema}.bookings")  # noqa: S608


def views(conn: psycopg.Connection, schema: str) -> int:
    return int(
        one(conn, "select count(*) from pg_views where schemaname = '" + schema + "'")  # noqa: S608
    )


def test_down_takes_the_views_of_the_models_off(sample_conn: psycopg.Connection) -> None:
    before = app_tables(sample_conn)
    migration.up(sample_conn)
    make_views(sample_conn, "staging")

    migration.down(sample_conn)

    assert views(sample_conn, "staging") == 0
    assert differences(before, app_tables(sample_conn)) == []


def test_contract_takes_the_views_of_the_models_off(migrated_conn: psycopg.Connection) -> None:
    make_views(migrated_conn, "staging")

    assert migration.contract(migrated_conn, app_no_longer_maps=True).state == "done"

    assert views(migrated_conn, "staging") == 0


def test_a_view_of_somebody_else_is_never_dropped(migrated_conn: psycopg.Connection) -> None:
    make_views(migrated_conn, "dashboards")
    before = app_tables(migrated_conn)

    for undo in (
        lambda: migration.down(migrated_conn),
        lambda: migration.contract(migrated_conn, app_no_longer_maps=True),
    ):
        with pytest.raises(DatabaseRefused) as refusal:
            undo()
        assert "dashboards.bookings" in refusal.value.message

    assert views(migrated_conn, "dashboards") == 2
    assert differences(before, app_tables(migrated_conn)) == []


def test_a_plan_says_only_what_is_left(migrated_conn: psycopg.Connection) -> None:
    assert migration.plan(migrated_conn) == []
