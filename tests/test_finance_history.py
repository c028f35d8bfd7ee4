"""What the marts say of the past: days, months, and a history that grows while it is read (R19)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import EVERYTHING
from earnings_pipeline import building, pipeline
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App, now

STATUSES = ("projected", "pending", "available", "paid", "reversed")
OWED = ("pending", "available")
INCREMENTAL = ("earnings_transitions", "practitioner_balances_daily")
HISTORY = [
    f"+{model}"
    for model in ("practitioner_statements", "practitioner_balances", "watermark", *INCREMENTAL)
]


@pytest.fixture
def conn(engine_copy: Target) -> Iterator[psycopg.Connection]:
    with connect(engine_copy, "test") as conn:
        yield conn


@pytest.fixture
def app(engine_copy: Target) -> Iterator[App]:
    with App(engine_copy) as app:
        yield app


def build(target: Target, *select: str, full_refresh: bool = False) -> None:
    result = building.build(target, select, full_refresh=full_refresh)
    assert (result.findings, result.errors) == ((), ())


def rows(conn: psycopg.Connection, table: str) -> set[tuple[Any, ...]]:
    return set(conn.execute(f"select * from finance.{table}").fetchall())  # noqa: S608


def make_final(conn: psycopg.Connection) -> datetime:
    """Beat, and wait until every transaction of the server that ran meanwhile has ended."""
    [(moment,)] = conn.execute("select clock_timestamp()").fetchall()
    deadline = time.monotonic() + 60
    while True:
        conn.execute("select earnings.beat()")
        [(watermark,)] = conn.execute("select earnings.watermark()").fetchall()
        if watermark is not None and watermark > moment:
            return watermark
        assert time.monotonic() < deadline, "a transaction of this server does not end"
        time.sleep(0.01)


def move_history(conn: psycopg.Connection, days: int) -> None:
    """Let the history that is there have happened so many days earlier."""
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        conn.execute(
            "update earnings.transitions set stamped_at = stamped_at - %s", [timedelta(days=days)]
        )


def trade(app: App, practitioner_id: int) -> list[int]:
    """Sell, deliver, pay, refund, cancel, reschedule, undo: some of each; return the bookings."""
    sold = [app.checkout(app.client(), app.service(practitioner_id)) for _ in range(8)]
    for booking in sold[:4]:
        app.update(
            "bookings_booking", booking, status="completed", completed_at=now() - timedelta(days=4)
        )
    app.refund(sold[1], 4000)
    app.execute("select * from earnings.release_holds()")
    app.pay_out(practitioner_id)
    app.refund(sold[2], 1000)
    app.cancel(sold[0])
    app.cancel(sold[4])
    app.reschedule(sold[5], now() + timedelta(days=9))
    for booking in sold[6:]:
        app.end_video_room(booking)
    app.execute("select earnings.correct_booking(%s, 'confirmed', 'a mistake')", [sold[6]])
    app.cancel(sold[7])
    return sold


def bonus(app: App, practitioner_id: int, booking_id: int, cents: int, currency: str) -> None:
    app.insert(
        "payments_earningstransaction",
        booking_id=booking_id,
        practitioner_id=practitioner_id,
        gross_amount_cents=cents,
        commission_rate=0,
        commission_amount_cents=0,
        net_amount_cents=cents,
        status="available",
        available_after=now(),
        transaction_type="bonus",
        currency=currency,
    )


@pytest.fixture
def months(conn: psycopg.Connection, app: App) -> list[int]:
    """Two practitioners whose history spans more than three months."""
    people = [app.practitioner("Ada"), app.practitioner("Bo")]
    first = trade(app, people[0])
    bonus(app, people[0], first[0], 777, "EUR")
    move_history(conn, 47)
    trade(app, people[1])
    app.fail_payout(app.rows("payments_practitionerpayout")[-1]["id"])
    move_history(conn, 31)
    app.end_video_room(first[6])
    move_history(conn, 1)
    trade(app, people[1])
    return people


def balances_at(conn: psycopg.Connection, practitioner_id: int, moment: datetime) -> Any:
    """{currency: cents by status} as the engine's function has it."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATUSES, 0))
    for currency, status, cents in conn.execute(
        "select currency, status, net_amount_cents from ("
        "select transitions.currency, sides.status, sum(sides.cents) as net_amount_cents "
        "from earnings.transitions cross join lateral (values (to_status, net_amount_cents), "
        "(from_status, -from_net_amount_cents)) as sides (status, cents) "
        "where practitioner_id = %s and stamped_at <= %s and sides.status is not null "
        "group by 1, 2) as sums",
        [practitioner_id, moment],
    ):
        found[currency][status] = cents
    return found


def test_every_day_says_what_the_history_says_of_its_end(
    conn: psycopg.Connection, engine_copy: Target, months: list[int]
) -> None:
    make_final(conn)
    build(engine_copy, *HISTORY)
    [(first_on, last_on, opened)] = conn.execute(
        "select min(stamped_at)::date, max(stamped_at)::date, "
        "(select min(applied_at) from earnings.changes) from earnings.transitions"
    ).fetchall()

    shown: dict[tuple[int, date], Any] = defaultdict(dict)
    for practitioner_id, currency, day_on, *cents in conn.execute(
        "select practitioner_id, currency, day_on, projected_cents, pending_cents, "
        "available_cents, paid_cents, reversed_cents from finance.practitioner_balances_daily"
    ):
        shown[practitioner_id, day_on][currency] = dict(zip(STATUSES, cents, strict=True))

    days = [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]
    assert len(days) > 75
    for practitioner_id in months:
        for day in days:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
            expected = balances_at(conn, practitioner_id, midnight - timedelta(microseconds=1))
            assert shown.get((practitioner_id, day), {}) == dict(expected), day
    for practitioner_id in months:
        engine = conn.execute(
            "select currency, status, net_amount_cents from earnings.balance_as_of(%s, %s)",
            [practitioner_id, max(opened, now())],
        ).fetchall()
        today = shown[practitioner_id, last_on]
        assert {(c, s): cents for c, s, cents in engine} == {
            (c, s): cents for c, by in today.items() for s, cents in by.items() if cents
        }


def test_every_statement_is_the_movement_of_its_month(
    conn: psycopg.Connection, engine_copy: Target, months: list[int]
) -> None:
    make_final(conn)
    build(engine_copy, *HISTORY)

    types = dict(
        conn.execute("select id, transaction_type from payments_earningstransaction").fetchall()
    )
    expected: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row_id, person, currency, event, before, after, net, net_before, month in conn.execute(
        "select earnings_id, practitioner_id, currency, event, from_status, to_status, "
        "net_amount_cents, from_net_amount_cents, date_trunc('month', stamped_at)::date "
        "from earnings.transitions"
    ):
        of_month = expected[person, currency, month]
        owed = net * (after in OWED) - net_before * (before in OWED)
        paid = net * (after == "paid") - net_before * (before == "paid")
        of_month["paid"] += paid
        of_month["owed"] += owed
        if not owed + paid:
            continue
        if types[row_id] == "clawback":
            of_month["clawed_back"] -= owed + paid
        elif after == "reversed":
            of_month["reversed"] -= owed + paid
        elif event == "corrected":
            of_month["corrected"] += owed + paid
        else:
            of_month["adjusted" if types[row_id] == "adjustment" else "earned"] += owed + paid

    names = ("earned", "adjusted", "corrected", "reversed", "clawed_back", "paid")
    shown = conn.execute(
        "select practitioner_id, currency, month_on, opening_cents, closing_cents, "
        "brought_in_cents, earned_cents, adjusted_cents, corrected_cents, reversed_cents, "
        "clawed_back_cents, paid_cents from finance.practitioner_statements order by 1, 2, 3"
    ).fetchall()
    balances: dict[Any, int] = defaultdict(int)
    for person, currency, month, opening, closing, brought_in, *cents in shown:
        movement = expected.pop((person, currency, month), {})
        assert dict(zip(names, cents, strict=True)) == {n: movement.get(n, 0) for n in names}
        assert (opening, brought_in) == (balances[person, currency], 0)
        balances[person, currency] += movement.get("owed", 0)
        assert closing == balances[person, currency]

    assert not any(any(movement.values()) for movement in expected.values())
    assert len(shown) >= 8
    totals = [sum(column) for column in zip(*(row[6:] for row in shown), strict=True)]
    assert all(totals), dict(zip(names, totals, strict=True))
    assert all(
        final == (month < now().date().replace(day=1))
        for month, final in conn.execute(
            "select month_on, is_final from finance.practitioner_statements"
        )
    )


def test_what_the_history_found_is_brought_in_and_not_earned(migrated: Target) -> None:
    build(migrated, *HISTORY)

    with connect(migrated, "test") as conn:
        [(opened, brought_in)] = conn.execute(
            "select (select sum(net_amount_cents) from earnings.transitions "
            "where event = 'opening' and to_status in ('pending', 'available')), "
            "(select sum(brought_in_cents) from finance.practitioner_statements)"
        ).fetchall()
    assert opened == brought_in > 0


def test_builds_that_follow_each_other_say_what_one_build_says(
    conn: psycopg.Connection,
    app: App,
    engine_copy: Target,
    months: list[int],
) -> None:
    build(engine_copy, *HISTORY)
    assert {row[-1] for row in rows(conn, "earnings_transitions")} == {True, False}
    make_final(conn)
    build(engine_copy, *HISTORY)
    early = rows(conn, "practitioner_balances_daily")
    assert sum(row[-1] for row in early) > 75

    for _ in range(2):
        trade(app, months[1])
        trade(app, app.practitioner())
        build(engine_copy, *HISTORY)
    make_final(conn)
    build(engine_copy, *HISTORY)
    followed = {table: rows(conn, table) for table in INCREMENTAL}
    build(engine_copy, *HISTORY, full_refresh=True)
    anew = {table: rows(conn, table) for table in INCREMENTAL}

    assert followed == anew
    assert {row for row in early if row[-1]} < anew["practitioner_balances_daily"]
    assert (
        len(anew["earnings_transitions"])
        == conn.execute("select count(*) from earnings.transitions").fetchone()[0]
    )  # type: ignore[index]


def test_what_commits_after_a_build_with_lower_ids_is_picked_up(
    conn: psycopg.Connection, app: App, engine_copy: Target
) -> None:
    late, early = app.practitioner("late"), app.practitioner("early")
    waiting = app.checkout(app.client(), app.service(late))
    with App(engine_copy, name="other") as other:
        with other.atomic():
            other.end_video_room(waiting)
            trade(app, early)
            build(engine_copy, *HISTORY)
            make_beat(conn)
            build(engine_copy, *HISTORY)
            before = rows(conn, "earnings_transitions")
        [(late_id, newest_id)] = conn.execute(
            "select max(id) filter (where practitioner_id = %s), max(id) from earnings.transitions",
            [late],
        ).fetchall()
        assert late_id < newest_id
        assert late_id not in {row[0] for row in before}

    make_final(conn)
    build(engine_copy, *HISTORY)

    after = rows(conn, "earnings_transitions")
    assert late_id in {row[0] for row in after}
    assert {row[0] for row in after} == {
        row_id for (row_id,) in conn.execute("select id from earnings.transitions")
    }
    assert all(row[-1] for row in after)


def watermark(conn: psycopg.Connection) -> datetime:
    """The one moment up to which all marts are final: those of a build agree."""
    query = "select distinct final_until from finance.watermark"
    [(final_until,)] = conn.execute(query).fetchall()
    return final_until  # type: ignore[no-any-return]


def make_beat(conn: psycopg.Connection) -> None:
    """Beat while another transaction is running, so that the beat is not final."""
    conn.execute("select earnings.beat()")


def test_nothing_is_final_that_an_open_transaction_can_still_join(
    conn: psycopg.Connection, app: App, engine_copy: Target
) -> None:
    pia = app.practitioner()
    booking = app.checkout(app.client(), app.service(pia))
    final_until = make_final(conn)
    with App(engine_copy, name="other") as other, other.atomic():
        other.end_video_room(booking)
        [(joined_from,)] = conn.execute("select clock_timestamp()").fetchall()
        trade(app, pia)
        make_beat(conn)
        build(engine_copy, *HISTORY)

    published = watermark(conn)
    assert final_until <= published < joined_from
    entries = conn.execute(
        "select stamped_at, is_final from finance.earnings_transitions"
    ).fetchall()
    assert {is_final for _, is_final in entries} == {True, False}
    assert all(is_final == (stamped_at <= published) for stamped_at, is_final in entries)


def test_the_watermark_of_the_marts_is_the_engines(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    final_until = make_final(conn)

    build(engine_copy, *HISTORY)

    published = watermark(conn)
    [(engines,)] = conn.execute("select earnings.watermark()").fetchall()
    assert final_until <= published <= engines


def test_marts_of_little_or_odd_data_build(
    conn: psycopg.Connection, app: App, engine_copy: Target, tmp_path: Path
) -> None:
    """One order without a booking, a package worth nothing, nobody to pay, no history; then one
    row of everything, and no practitioner."""
    pia = app.practitioner()
    app.insert("payments_order", user_id=app.client(), order_type="credit", status="pending")
    app.checkout(app.client(), app.package(app.service(pia), 3, 1))
    paid = trade(app, app.practitioner())
    conn.execute(
        "create temporary table kept as select * from payments_earningstransaction limit 1"
    )
    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        conn.execute(
            "update payments_practitionerpayout "
            "set practitioner_id = null, credits_payout_cents = null"
        )
        conn.execute("delete from bookings_booking where id = any (%s)", [paid])
        conn.execute("update payments_order set subtotal_amount_cents = 0, total_amount_cents = 0")
        conn.execute("delete from payments_practitionerearnings")
        conn.execute("delete from payments_earningstransaction")
        conn.execute("delete from earnings.transitions")
        conn.execute("delete from earnings.heartbeats")

    build(engine_copy, *EVERYTHING)

    [(unlisted, days, payouts)] = conn.execute(
        "select (select count(*) from payments_order) - (select count(*) from finance.orders), "
        "(select count(*) from finance.practitioner_balances_daily), "
        "(select sum(earnings_count) from finance.payouts)"
    ).fetchall()
    assert (unlisted, days, payouts) == (0, 0, 0)

    with conn.transaction():
        conn.execute("set local session_replication_role = replica")
        conn.execute("insert into payments_earningstransaction select * from kept")
        for table in ("bookings_booking", "payments_order", "payments_usercredittransaction"):
            only = f"delete from {table} where id > (select min(id) from {table})"  # noqa: S608
            conn.execute(only)
        conn.execute("delete from practitioners_practitioner")

    judged = pipeline.build(engine_copy, output=tmp_path / "report.html")

    assert (judged.build.errors, judged.build.skipped) == ((), ())
    assert judged.report is not None
    assert judged.report.exists()
    assert rows(conn, "earnings") != set()


def test_a_final_month_stays_as_it_was_when_the_rows_of_it_are_deleted(
    conn: psycopg.Connection, app: App, engine_copy: Target
) -> None:
    pia = app.practitioner()
    booking = app.checkout(app.client(), app.service(pia))
    app.end_video_room(booking)
    app.refund(booking, 1000)
    move_history(conn, 40)
    app.cancel(booking)
    make_final(conn)
    build(engine_copy, *HISTORY)
    before = {row for row in rows(conn, "practitioner_statements") if row[-1]}
    assert before

    app.delete("bookings_booking", booking)
    make_final(conn)
    build(engine_copy, *HISTORY)

    after = {row for row in rows(conn, "practitioner_statements") if row[-1]}
    assert before <= after
