"""Packages: what their sessions earn, and how many count as delivered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from earnings_pipeline.target import Target
from marketplace_app import App, now, refused


@pytest.fixture
def package(app: App, pia: int) -> int:
    """A package of three sessions for 400.00, bought; the parent booking."""
    return app.checkout(app.client(), app.package(app.service(pia), 3, 40000))


def test_the_purchase_itself_earns_nothing(app: App, package: int) -> None:
    assert app.earnings(package) == [("reversed", 13333, 11334)]
    assert all(app.earnings(child["id"]) == [] for child in app.children(package))


def test_a_package_order_knows_what_it_sold(app: App, package: int) -> None:
    order = app.order_of(package)

    assert order["order_type"] == "package"
    metadata = order["package_metadata"]
    assert metadata["package_type"] == "package"
    assert metadata["total_sessions"] == 3
    assert metadata["sessions_completed"] == 0
    assert metadata["session_value_cents"] == 13333
    assert "expires_at" in metadata


def test_sessions_link_to_the_order_of_their_parent(app: App, package: int) -> None:
    order_id = app.order_of(package)["id"]

    assert [child["order_id"] for child in app.children(package)] == [order_id] * 3


def test_each_delivered_session_earns_its_slot_and_together_exactly_the_price(
    app: App, package: int
) -> None:
    for child in app.children(package):
        app.end_video_room(child["id"])

    earned = [app.earnings(child["id"]) for child in app.children(package)]
    assert earned == [
        [("pending", 13333, 11334)],
        [("pending", 13333, 11334)],
        [("pending", 13334, 11334)],
    ]
    assert app.order_of(package)["package_metadata"]["sessions_completed"] == 3


def test_the_apps_own_count_moves_nothing(app: App, upgraded: App, package: int) -> None:
    app.end_video_room(app.children(package)[0]["id"])
    order = app.order_of(package)

    app.save(app.get("payments_order", order["id"]), order_type="direct")
    upgraded.get("payments_order", order["id"]).increment_sessions_completed()

    stored = app.order_of(package)
    assert stored["order_type"] == "package"
    assert stored["package_metadata"]["sessions_completed"] == 1


def test_a_canceled_session_gives_its_slot_to_the_next(app: App, package: int) -> None:
    first, second, third = (child["id"] for child in app.children(package))
    app.end_video_room(first)
    app.cancel(first)

    app.end_video_room(second)

    assert app.earnings(first) == [("reversed", 13333, 11334)]
    assert app.earnings(second) == [("pending", 13333, 11334)]
    assert app.order_of(package)["package_metadata"]["sessions_completed"] == 1
    assert app.earnings(third) == []


def test_a_session_beyond_those_sold_is_reported_and_earns_when_a_slot_is_freed(
    conn: psycopg.Connection, app: App, pia: int
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 1, 5000))
    [sold] = app.children(parent)
    extra = app.book(
        sold["user_id"], sold["service_id"], start=now(), parent_booking_id=parent, status="draft"
    )
    app.end_video_room(sold["id"])

    app.end_video_room(extra)
    assert app.earnings(extra) == []
    assert conn.execute(
        "select kind, subject_id from earnings.exceptions where kind = 'session_without_slot'"
    ).fetchall() == [("session_without_slot", extra)]

    app.cancel(sold["id"])
    assert app.earnings(extra) == [("pending", 5000, 4250)]


def test_a_bundle_is_stored_so_that_the_app_can_save_it_again(app: App, pia: int) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 10, 90000, code="bundle"))

    order = app.order_of(parent)
    assert order["order_type"] == "package"
    assert order["package_metadata"]["package_type"] == "bundle"
    assert order["package_metadata"]["total_sessions"] == 10


@pytest.mark.parametrize("total", [-1, 0, 2.5, "many"])
def test_metadata_that_cannot_be_true_is_refused_before_the_charge(
    conn: psycopg.Connection, app: App, package: int, total: object
) -> None:
    order = app.order_of(package)

    with refused("23X10"):
        conn.execute(
            "insert into payments_order select (jsonb_populate_record(o, jsonb_build_object("
            "'id', 9999, 'public_uuid', gen_random_uuid(), 'package_metadata', "
            "jsonb_build_object('total_sessions', %s::jsonb)))).* from payments_order o "
            "where id = %s",
            [psycopg.types.json.Jsonb(total), order["id"]],
        )


def test_twenty_parallel_completions_count_twenty_and_earn_exactly_the_price(
    engine_copy: Target, app: App, pia: int
) -> None:
    parent = app.checkout(app.client(), app.package(app.service(pia), 20, 99999))

    def complete(child_id: int) -> None:
        with App(engine_copy) as worker:
            worker.end_video_room(child_id)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(complete, [child["id"] for child in app.children(parent)]))

    rows = [app.earnings(child["id"]) for child in app.children(parent)]
    assert all(len(row) == 1 for row in rows)
    assert sum(gross for [(_, gross, _)] in rows) == 99999
    assert app.order_of(parent)["package_metadata"]["sessions_completed"] == 20
    cached = app.cached(pia)
    assert cached["pending_balance_cents"] == sum(net for [(_, _, net)] in rows)


def test_slots_are_worth_exactly_the_price_for_every_price_and_count(
    conn: psycopg.Connection,
) -> None:
    wrong = conn.execute(
        """
        select prices, counts
        from generate_series(0, 2000) as prices
        cross join generate_series(1, 50) as counts
        cross join lateral (
            select sum(worth) as total, max(worth) - min(worth) as spread
            from generate_series(1, counts) as number
            cross join earnings.slot_amount(prices, counts, number) as worth
        ) as slots
        where total <> prices or spread > 1
        """
    ).fetchall()

    assert wrong == []
