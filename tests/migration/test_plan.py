from __future__ import annotations

from collections import Counter

import psycopg
import pytest
from psycopg import sql

from earnings_pipeline import migration
from earnings_pipeline.migration import rehearsing, steps
from earnings_pipeline.progress import silent
from migration.support import Town, app_tables, differences

Key = tuple[str, str, str, str]


def planned(conn: psycopg.Connection) -> dict[Key, int]:
    return {
        (p.step, p.table, p.operation, p.reason): p.row_count for p in migration.plan(conn, silent)
    }


def done(conn: psycopg.Connection) -> dict[Key, int]:
    rows = conn.execute(
        "select step, table_name, operation, reason from earnings_migration.row_changes"
    )
    return dict(Counter(rows.fetchall()))


def test_the_plan_says_what_up_then_does(sample_conn: psycopg.Connection) -> None:
    promised = planned(sample_conn)

    migration.up(sample_conn)

    assert promised
    assert promised == done(sample_conn)


def test_the_plan_says_how_much_money_moves(sample_conn: psycopg.Connection) -> None:
    (undelivered,) = (p for p in migration.plan(sample_conn) if p.reason == "undelivered")

    migration.up(sample_conn)

    moved = sample_conn.execute(
        "select currency, sum((after ->> 'net_amount_cents')::bigint)::bigint"
        " from earnings_migration.row_changes where reason = 'undelivered' group by currency"
    ).fetchall()
    assert undelivered.amount_cents == dict(moved)
    assert 0 < len(undelivered.sample_ids) <= 5


def test_the_plan_leaves_a_pristine_database_as_it_is(sample_conn: psycopg.Connection) -> None:
    before = app_tables(sample_conn)

    migration.plan(sample_conn)

    assert differences(before, app_tables(sample_conn)) == []
    schemas = sample_conn.execute(
        "select nspname from pg_namespace where nspname like 'earnings%'"
    ).fetchall()
    assert schemas == []


def test_the_plan_needs_no_right_to_write(sample_conn: psycopg.Connection) -> None:
    role = sql.Identifier("migration_test_reader")
    sample_conn.execute("drop role if exists migration_test_reader")
    sample_conn.execute(sql.SQL("create role {}").format(role))
    try:
        sample_conn.execute(
            sql.SQL("grant select on all tables in schema public to {}").format(role)
        )
        with sample_conn.transaction():
            sample_conn.execute(sql.SQL("set local role {}").format(role))
            assert migration.plan(sample_conn)
    finally:
        sample_conn.execute(sql.SQL("drop owned by {}").format(role))
        sample_conn.execute(sql.SQL("drop role {}").format(role))


def test_a_plan_that_would_write_to_the_app_s_tables_is_stopped(
    sample_conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = steps.Step.text

    def writing(step: steps.Step, part: str) -> str:
        text = original(step, part)
        if step.name == "050_reverse_purchase_earnings" and part == "apply":
            return "delete from public.package_completion_records;\n" + text  # noqa: S608
        return text

    monkeypatch.setattr(rehearsing.Step, "text", writing)

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        migration.plan(sample_conn)


def test_after_up_the_plan_is_empty(sample_conn: psycopg.Connection) -> None:
    migration.up(sample_conn)

    assert planned(sample_conn) == {}


def test_an_empty_marketplace_has_an_empty_plan(conn: psycopg.Connection) -> None:
    assert migration.plan(conn) == []


def test_the_plan_of_one_booking_names_it(conn: psycopg.Connection) -> None:
    booking = Town(conn).sell()

    links = [p for p in migration.plan(conn) if p.reason == "order_by_credit_row"]

    assert [(p.row_count, p.sample_ids) for p in links] == [(1, (booking,))]
