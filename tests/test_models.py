"""The marts say what the app's tables say, to the cent, in every form of the app."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import psycopg
import pytest

from conftest import EVERYTHING, migrate_up
from earnings_pipeline import building, sample
from earnings_pipeline.database import connect
from earnings_pipeline.progress import Progress
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target
from marketplace_app import App
from test_finance_history import trade

MARTS = ("finance", "reconciliation")


@pytest.fixture(scope="module")
def conn(built: Target) -> Iterator[psycopg.Connection]:
    with connect(built, "test") as conn:
        yield conn


def test_everything_builds_on_empty_tables_and_the_unit_tests_pass(engine_database):
    result = building.build(engine_database, [building.DAILY], unit_tests=True)

    assert (result.findings, result.errors, result.skipped) == ((), (), ())
    assert result.node_counts["unit_test"] >= 11
    assert result.documentation is not None
    assert "practitioner_balances_daily" in result.documentation.read_text()
    with connect(engine_database, "test") as conn:
        assert conn.execute("select count(*) from finance.session_values").fetchone() == (0,)


def test_everything_builds_on_the_form_after_the_plan(make_database):
    def after_the_plan(conn: psycopg.Connection) -> None:
        sample.create_tables(conn, form="after")
        migrate_up(conn)

    target = make_database("after_the_plan", after_the_plan)
    with App(target, "after") as app:
        pia = app.practitioner()
        trade(app, pia)
        package = app.checkout(app.client(), app.package(app.service(pia), 3, 10000))
        first, *_ = app.sessions(int(app.order_of(package)["id"]))
        app.end_video_room(first["id"])

    result = building.build(target, EVERYTHING)

    assert (result.findings, result.errors, result.skipped) == ((), (), ())
    with connect(target, "test") as conn:
        assert conn.execute(
            "select session_value_cents, is_delivered from finance.session_values "
            "order by session_number"
        ).fetchall() == [(3333, True), (3333, False), (3334, False)]


def test_the_sessions_of_each_order_are_its_price_and_its_credits(conn):
    orders = conn.execute(
        "select id, subtotal_amount_cents, credits_applied_cents, package_metadata "
        "from payments_order where order_type in ('package', 'bundle')"
    ).fetchall()
    sessions = defaultdict(list)
    for order_id, *session in conn.execute(
        "select order_id, session_number, session_value_cents, credits_applied_cents "
        "from finance.session_values order by order_id, session_number"
    ):
        sessions[order_id].append(tuple(session))

    expected = {}
    for order_id, subtotal, credit, terms in orders:
        count = (terms or {}).get("total_sessions")
        if not count:
            continue
        price = subtotal or (terms.get("session_value_cents") or 0) * count
        expected[order_id] = list(
            zip(range(1, count + 1), shares(price, count), shares(credit, count), strict=True)
        )
    assert len(expected) > 10
    assert any(price % len(sold) for price, sold in prices(expected))
    assert dict(sessions) == expected


def test_a_delivered_session_stands_at_its_slot_with_its_earnings(conn):
    slots = conn.execute(
        "select order_id, slot_number, booking_id, amount_cents, prepaid_cents "
        "from earnings.session_slots order by 1, 2"
    ).fetchall()

    shown = conn.execute(
        "select order_id, session_number, booking_id, session_value_cents, prepaid_cents "
        "from finance.session_values where is_used order by 1, 2"
    ).fetchall()

    assert len(slots) > 10
    assert shown == slots


def test_no_booking_stands_twice_and_no_canceled_one_waits(conn):
    rows = conn.execute(
        "select v.booking_id, b.status, b.order_id = v.order_id, v.is_used "
        "from finance.session_values as v join bookings_booking as b on b.id = v.booking_id"
    ).fetchall()

    assert len({row[0] for row in rows}) == len(rows)
    waiting = [row for row in rows if not row[3]]
    assert not {row[1] for row in waiting} & {"canceled", "cancelled", "rescheduled"}
    assert all(row[2] for row in waiting)


def test_the_balances_are_the_sums_of_the_apps_own_rows(conn):
    expected: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for practitioner_id, currency, status, net in conn.execute(
        "select practitioner_id, currency, status, net_amount_cents "
        "from payments_earningstransaction"
    ):
        expected[practitioner_id, currency][status] += net

    statuses = ("projected", "pending", "available", "paid", "reversed")
    shown = {}
    for practitioner_id, currency, lifetime, *cents in conn.execute(
        "select practitioner_id, currency, lifetime_cents, projected_cents, pending_cents, "
        "available_cents, paid_cents, reversed_cents from finance.practitioner_balances"
    ):
        assert lifetime == sum(cents[1:4])
        shown[practitioner_id, currency] = dict(zip(statuses, cents, strict=True))

    assert len({currency for _, currency in expected}) > 1
    for key, sums in expected.items():
        assert shown[key] == {status: sums[status] for status in statuses}
    assert all(not any(shown[key].values()) for key in shown.keys() - expected.keys())


def test_the_next_release_is_the_earliest_that_is_pending(conn):
    expected: dict[tuple[int, str], tuple[object, int]] = {}
    for practitioner_id, currency, moment, cents in conn.execute(
        "select practitioner_id, currency, available_after, sum(net_amount_cents) "
        "from payments_earningstransaction where status = 'pending' group by 1, 2, 3 order by 3"
    ):
        expected.setdefault((practitioner_id, currency), (moment, cents))

    shown = {
        (practitioner_id, currency): (moment, cents)
        for practitioner_id, currency, moment, cents in conn.execute(
            "select practitioner_id, currency, next_release_at, next_release_cents "
            "from finance.practitioner_balances where next_release_at is not null"
        )
    }

    assert len(expected) > 5
    assert shown == expected


def test_payouts_stand_beside_their_earnings(conn):
    earned = defaultdict(int)
    for payout_id, net in conn.execute(
        "select payout_id, net_amount_cents from payments_earningstransaction "
        "where payout_id is not null"
    ):
        earned[payout_id] += net

    expected = {
        payout_id: (earned[payout_id], 0 if stopped else stated or 0)
        for payout_id, stated, stopped in conn.execute(
            "select id, credits_payout_cents, status in ('failed', 'canceled', 'cancelled') "
            "from payments_practitionerpayout"
        )
    }
    shown = {
        row[0]: row[1:]
        for row in conn.execute(
            "select payout_id, earnings_cents, expected_cents, difference_cents "
            "from finance.payouts"
        )
    }

    assert {payout: row[:2] for payout, row in shown.items()} == expected
    assert all(row[2] == row[1] - row[0] for row in shown.values())
    assert any(row[2] for row in shown.values())


def test_the_credits_of_clients_are_the_sums_of_their_rows(conn):
    expected: dict[tuple[int, str], int] = defaultdict(int)
    for client_id, currency, cents in conn.execute(
        "select user_id, currency, amount_cents from payments_usercredittransaction"
    ):
        expected[client_id, currency] += cents
    cached = dict(
        conn.execute("select user_id, balance_cents from payments_usercreditbalance").fetchall()
    )

    shown = {
        (client_id, currency): row
        for client_id, currency, *row in conn.execute(
            "select client_id, currency, balance_cents, cached_balance_cents, drift_cents "
            "from finance.user_credit_balances"
        )
    }
    drifting = {
        (holder_id, drift)
        for holder_id, drift in conn.execute(
            "select holder_id, drift_cents from reconciliation.cache_drift where holder = 'client'"
        )
    }

    assert {key: row[0] for key, row in shown.items() if key in expected} == expected
    assert {key[0]: row[1] for key, row in shown.items() if row[1] is not None} == cached
    assert drifting == {
        (client, (cached.get(client) or 0) - expected.get((client, "USD"), 0))
        for client in cached.keys() | {client for client, _ in expected}
        if (cached.get(client) or 0) != expected.get((client, "USD"), 0)
    }
    assert drifting


def test_the_platform_earns_the_commission_of_what_was_delivered(conn):
    expected: dict[str, int] = defaultdict(int)
    delivered: dict[str, int] = defaultdict(int)
    for currency, cents, booking_status, kind in conn.execute(
        "select e.currency, e.commission_amount_cents, b.status, e.transaction_type "
        "from payments_earningstransaction as e join bookings_booking as b on b.id = e.booking_id "
        "where e.status in ('pending', 'available', 'paid')"
    ):
        expected[currency] += cents
        if booking_status in ("completed", "no_show") and kind == "booking_completion":
            delivered[currency] += cents

    shown = {
        currency: (int(commission), int(of_deliveries))
        for currency, commission, of_deliveries in conn.execute(
            "select currency, sum(commission_cents), sum(delivered_commission_cents) "
            "from finance.platform_revenue group by 1"
        )
    }

    assert len(expected) > 1
    assert shown == {currency: (expected[currency], delivered[currency]) for currency in expected}
    assert expected != delivered


def test_orders_stand_beside_their_bookings_and_credits(conn):
    credit: dict[tuple[int, str], int] = defaultdict(int)
    for order_id, kind, cents in conn.execute(
        "select coalesce(c.order_id, b.order_id), c.transaction_type, c.amount_cents "
        "from payments_usercredittransaction as c "
        "left join bookings_booking as b on b.id = c.booking_id"
    ):
        credit[order_id, kind] += cents
    booked: dict[int, int] = defaultdict(int)
    for order_id, cents in conn.execute(
        "select order_id, price_charged_cents from bookings_booking "
        "where order_id is not null and status <> 'rescheduled'"
    ):
        booked[order_id] += cents

    expected = {
        order_id: (
            0 if failed else subtotal,
            booked[order_id] or None,
            credit[order_id, "purchase"],
            -credit[order_id, "usage"],
            credit[order_id, "refund"],
        )
        for order_id, subtotal, failed in conn.execute(
            "select id, subtotal_amount_cents, status in ('failed', 'canceled') from payments_order"
        )
    }
    shown = {
        row[0]: row[1:]
        for row in conn.execute(
            "select order_id, sold_cents, booked_cents, purchased_cents, used_cents, "
            "refunded_cents from finance.orders"
        )
    }

    assert len(expected) > 100
    assert shown == expected


def test_every_cent_of_every_package_stands_somewhere(conn):
    rows = conn.execute(
        "select price_cents, earned_cents, refundable_cents, refunded_cents, expired_cents, "
        "not_yet_delivered_cents from finance.package_progress"
    ).fetchall()

    assert len(rows) > 10
    assert all(any(row[part] for row in rows) for part in (1, 2, 3, 5))
    assert all(price == sum(parts) for price, *parts in rows)


def test_the_migration_summary_accounts_for_every_row_that_the_migration_wrote(conn):
    written = conn.execute(
        "select step, table_name, reason, count(*) from earnings_migration.row_changes "
        "group by 1, 2, 3 order by 1, 2, 3"
    ).fetchall()

    shown = conn.execute(
        "select step, table_name, reason, sum(row_count) from reconciliation.migration_summary "
        "group by 1, 2, 3 order by 1, 2, 3"
    ).fetchall()

    assert len(written) > 5
    assert [(*row[:3], int(row[3])) for row in shown] == written


def test_every_open_matter_is_listed_with_its_meaning(conn):
    opened = conn.execute(
        "select count(*) from earnings.exceptions where resolved_at is null"
    ).fetchone()

    listed = conn.execute(
        "select count(*), count(meaning) from reconciliation.open_exceptions"
    ).fetchone()

    assert opened is not None
    assert opened[0] > 0
    assert listed == (*opened, *opened)


def test_every_mart_says_up_to_when_it_is_final_and_those_of_a_build_agree(conn):
    marts = conn.execute("select mart, final_until, snapshot from finance.watermark").fetchall()

    assert {mart for mart, *_ in marts} == {
        f"{path.parent.name}.{path.stem}"
        for folder in MARTS
        for path in (ROOT / "models" / folder).glob("*.sql")
        if path.stem not in ("days", "watermark")
    }
    assert len({final_until for _, final_until, _ in marts}) == 1
    assert len({snapshot for *_, snapshot in marts}) == 1


def test_every_mart_and_every_column_is_described_in_the_database(conn):
    undescribed = conn.execute(
        "select c.relname, a.attname from pg_class as c "
        "join pg_attribute as a on a.attrelid = c.oid and a.attnum >= 0 "
        "where c.relnamespace::regnamespace::text = any (%s) and c.relkind = 'v' "
        "and not a.attisdropped and col_description(c.oid, a.attnum) is null",
        [list(MARTS)],
    ).fetchall()
    tables = conn.execute(
        "select count(*), count(obj_description(oid)) from pg_class "
        "where relnamespace::regnamespace::text = any (%s) and relkind = 'v'",
        [list(MARTS)],
    ).fetchone()

    assert undescribed == []
    models = [len(list((ROOT / "models" / folder).glob("*.sql"))) for folder in MARTS]
    assert tables == (sum(models), sum(models))


def test_readers_see_the_marts_and_not_the_apps_tables(conn):
    with conn.transaction(force_rollback=True):
        conn.execute("set local role earnings_reader")
        for (table,) in conn.execute(
            "select schemaname || '.' || viewname from pg_views where schemaname = any (%s)",
            [list(MARTS)],
        ).fetchall():
            conn.execute(f"select 1 from {table} limit 1")  # noqa: S608
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select 1 from public.payments_order limit 1")


def test_the_models_build_after_contract_and_still_know_the_purchases(migrated):
    with connect(migrated, "test") as conn:
        purchases = conn.execute(
            "select count(*) from bookings_booking where is_package_purchase or is_bundle_purchase"
        ).fetchone()
        for column in (
            *("parent_booking_id", "is_package_purchase"),
            *("is_bundle_purchase", "payment_transaction_id"),
        ):
            conn.execute(f"alter table bookings_booking drop column {column} cascade")

        result = building.build(migrated, EVERYTHING)

        known = conn.execute(
            "select count(*) filter (where is_purchase), count(parent_booking_id) "
            "from staging.stg_marketplace__bookings"
        ).fetchone()
    assert (result.findings, result.errors) == ((), ())
    assert purchases is not None
    assert purchases[0] > 0
    assert known == (*purchases, 0)


def test_a_failed_test_names_the_rows_and_the_others_still_run(migrated):
    with connect(migrated, "test") as conn:
        conn.execute("set session_replication_role = replica")
        (practitioner_id,) = conn.execute(
            "update payments_practitionerearnings set pending_balance_cents = "
            "pending_balance_cents + 5 where id = (select min(id) from "
            "payments_practitionerearnings) returning practitioner_id"
        ).fetchall()[0]

    result = building.build(migrated, EVERYTHING)

    (finding,) = result.findings
    assert (result.ok, result.exit_code, result.errors) == (False, 1, ())
    assert (finding.node, finding.row_count) == ("no_cached_balance_drifts", 1)
    assert finding.rows[0]["practitioner_id"] == practitioner_id
    assert finding.rows[0]["pending_drift_cents"] == 5


def test_a_model_that_cannot_be_built_is_an_error_and_what_hangs_on_it_is_skipped(migrated):
    with connect(migrated, "test") as conn:
        conn.execute("drop table earnings.breakage cascade")

    result = building.build(migrated, EVERYTHING)

    assert result.exit_code == 3
    assert [error.node for error in result.errors] == ["int_package_orders__progressed"]
    assert "breakage" in result.errors[0].message
    assert {"package_progress", "platform_revenue", "client_liability"} <= set(result.skipped)
    assert "packages_and_their_sessions_agree" in result.skipped


def test_a_second_build_is_refused_while_one_runs(migrated):
    with connect(migrated, "test") as conn:
        conn.execute("select pg_advisory_lock(hashtext('earnings build'))")

        with pytest.raises(building.BuildRefused, match="another build is running"):
            building.build(migrated, EVERYTHING)


def test_marts_of_one_build_agree_although_the_app_writes_meanwhile(migrated):
    with connect(migrated, "test") as app:
        before = app.execute("select count(*) from payments_earningstransaction").fetchone()
        written: list[str] = []

        def write_once_the_first_mart_is_there(progress: Progress) -> None:
            if progress.note == "earnings" and not written:
                written.append("bonus")
                app.execute(
                    "insert into payments_earningstransaction (created_at, updated_at, "
                    "gross_amount_cents, commission_rate, commission_amount_cents, "
                    "net_amount_cents, status, available_after, currency, description, "
                    "transaction_type, booking_id, practitioner_id) select now(), now(), 700, 0, "
                    "0, 700, 'available', now(), 'USD', '', 'bonus', id, practitioner_id "
                    "from bookings_booking order by id limit 1"
                )

        result = building.build(migrated, EVERYTHING, report=write_once_the_first_mart_is_there)

        assert written == ["bonus"]
        assert (result.findings, result.errors) == ((), ())
        assert app.execute("select count(*) from finance.earnings").fetchone() == before


def test_select_builds_what_it_names_and_nothing_else(built_copy):
    result = building.build(built_copy, ["release_schedule"])

    assert result.node_counts["model"] == 1


def shares(total: int, parts: int) -> list[int]:
    """Cut cents by running total, the way R7 says it."""
    ends = [number * total // parts for number in range(parts + 1)]
    return [later - earlier for earlier, later in pairwise(ends)]


def prices(sessions: dict[int, list[tuple[int, int, int]]]) -> list[tuple[int, list[object]]]:
    return [(sum(row[1] for row in sold), list(sold)) for sold in sessions.values()]
