from __future__ import annotations

import psycopg
import pytest

from earnings_pipeline import engine, migration
from earnings_pipeline.errors import DatabaseRefused, WrongUsage
from migration.support import (
    Town,
    app_tables,
    differences,
    end_state,
    one,
    row_change_count,
)


def test_after_up_every_check_is_clean(sample_conn: psycopg.Connection) -> None:
    migration.up(sample_conn)

    found = {v.check: v.offenders[:3] for v in migration.verify(sample_conn) if v.offenders}
    assert found == {}
    assert {s.state for s in migration.status(sample_conn)} == {"done"}


def test_running_it_again_writes_nothing(sample_conn: psycopg.Connection) -> None:
    migration.up(sample_conn)
    before, count = app_tables(sample_conn), row_change_count(sample_conn)

    results = migration.up(sample_conn)

    assert sum(result.row_count for result in results) == 0
    assert differences(before, app_tables(sample_conn)) == []
    assert row_change_count(sample_conn) == count


def test_each_step_run_again_from_its_first_row_plans_nothing(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)

    for step in (s.step for s in migration.status(sample_conn)):
        assert migration.up(sample_conn, step=step)[0].row_count == 0, step


def test_down_leaves_the_app_s_tables_as_they_were(sample_conn: psycopg.Connection) -> None:
    before = app_tables(sample_conn)
    migration.up(sample_conn)
    assert differences(before, app_tables(sample_conn)) != []

    result = migration.down(sample_conn)

    assert differences(before, app_tables(sample_conn)) == []
    assert result.left_alone == ()


def test_up_down_and_up_again_ends_where_up_ended(sample_conn: psycopg.Connection) -> None:
    migration.up(sample_conn)
    first = end_state(sample_conn)

    migration.down(sample_conn)
    migration.up(sample_conn)

    assert differences(first, end_state(sample_conn)) == []
    assert all(not v.offenders for v in migration.verify(sample_conn))


def test_the_size_of_the_batches_does_not_matter(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)
    in_one = end_state(sample_conn)
    migration.down(sample_conn, batch_size=37)

    migration.up(sample_conn, batch_size=7)

    assert differences(in_one, end_state(sample_conn)) == []


def test_the_engine_is_installed_and_nothing_of_it_is_missing(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)

    broken = [o for o in engine.status(sample_conn) if o.state in ("missing", "drifted")]
    assert broken == []


def test_what_the_app_changed_since_is_left_alone_and_listed(conn: psycopg.Connection) -> None:
    town = Town(conn)
    kept, moved = town.sell(), town.sell()
    migration.up(conn)
    assert town.app.earnings(kept)[0][0] == "projected"
    town.app.end_video_room(moved)

    result = migration.down(conn)

    left = {(item.table, item.row_id) for item in result.left_alone}
    moved_id = one(conn, "select id from payments_earningstransaction where booking_id = %s", moved)
    assert ("payments_earningstransaction", moved_id) in left
    assert town.app.earnings(kept)[0][0] == "pending"
    assert town.app.earnings(moved)[0][0] == "pending"


def test_a_credit_link_that_was_found_is_taken_away_again(conn: psycopg.Connection) -> None:
    town = Town(conn)
    with_credits, by_card = town.sell(credits_cents=2500), town.sell()
    before = app_tables(conn)

    migration.up(conn)

    links = [
        town.app.row("bookings_booking", booking)["credit_usage_transaction_id"]
        for booking in (with_credits, by_card)
    ]
    (usage,) = town.app.rows(
        "payments_usercredittransaction", booking_id=with_credits, transaction_type="usage"
    )
    assert links == [usage["id"], None]

    migration.down(conn)

    assert differences(before, app_tables(conn)) == []


def test_a_synthetic_order_that_somebody_uses_is_left_alone(conn: psycopg.Connection) -> None:
    town = Town(conn)
    booking = town.booking()
    migration.up(conn)
    order = town.order_of(booking)
    town.app.insert(
        "payments_usercredittransaction",
        user_id=town.client,
        order_id=order,
        amount_cents=500,
        transaction_type="refund",
    )

    result = migration.down(conn)

    assert ("payments_order", order) in {(item.table, item.row_id) for item in result.left_alone}


def test_one_step_is_undone_and_done_again_with_the_engine_on(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)
    after = end_state(sample_conn)
    for step in (
        "930_index_one_live_delivery_row",
        "920_check_earnings_net",
        "910_check_earnings_status",
        "100_report_matters",
        "090_fold_balances",
        "080_count_sessions",
        "070_earn_delivered_bookings",
    ):
        migration.down(sample_conn, step=step)

    checks = {v.check for v in migration.verify(sample_conn) if v.offenders}
    assert "070_earn_delivered_bookings" in checks
    assert "history_sums_to_the_tables" not in checks

    migration.up(sample_conn)
    assert differences(after, end_state(sample_conn)) == []


def test_a_step_that_others_stand_on_cannot_be_undone(conn: psycopg.Connection) -> None:
    migration.up(conn)

    with pytest.raises(DatabaseRefused, match="cannot be undone while"):
        migration.down(conn, step="060")


def test_a_step_cannot_be_run_before_its_turn(conn: psycopg.Connection) -> None:
    with pytest.raises(WrongUsage, match="comes after"):
        migration.up(conn, step="070")


def test_an_unknown_step_is_refused(conn: psycopg.Connection) -> None:
    with pytest.raises(WrongUsage, match="there is no step"):
        migration.up(conn, step="999")


def test_every_change_of_earnings_says_from_which_status_and_amount(
    sample_conn: psycopg.Connection,
) -> None:
    migration.up(sample_conn)

    assert (
        one(
            sample_conn,
            "select count(*) from earnings_migration.row_changes"
            " where table_name = 'payments_earningstransaction' and not ("
            " after ? 'status' and after ? 'net_amount_cents' and practitioner_id is not null"
            " and currency is not null and (operation = 'insert'"
            " or (before ? 'status' and before ? 'net_amount_cents')))",
        )
        == 0
    )
    unexplained = sample_conn.execute(
        "select application, reason from earnings.transitions"
        " where event <> 'opening' and reason is null"
    ).fetchall()
    assert unexplained == []
