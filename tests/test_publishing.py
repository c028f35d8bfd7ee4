"""What a dashboard sees while builds run: whole marts of one build, never two builds at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from conftest import Databases, install_engine
from earnings_pipeline import building, publishing
from earnings_pipeline.building import BuildResult
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App, now

MARTS = ("earnings", "practitioner_balances", "release_schedule")
SELECT = [f"+{mart}" for mart in MARTS]
SUMS = (
    "select (select sum(net_cents) from finance.earnings), (select sum(projected_cents + "
    "lifetime_cents + reversed_cents) from finance.practitioner_balances), "
    "(select count(*) from finance.release_schedule), "
    "(select count(distinct snapshot) from finance.watermark where mart in "
    "('finance.earnings', 'finance.practitioner_balances', 'finance.release_schedule'))"
)


@pytest.fixture(scope="module")
def target(databases: Databases) -> Iterator[Target]:
    """A database with three earnings rows and their marts, which the tests build again."""
    target = databases.clone("engine", install_engine)
    with App(target) as app:
        booking = app.checkout(app.client(), app.service(app.practitioner()))
        app.end_video_room(booking)
        app.checkout(app.client(), app.service(app.practitioner()))
    # the first build of all may be that of a schedule
    first = build(target, "tag:hourly")
    assert {"finance.orders", "reconciliation.open_exceptions"} < set(first.published)
    assert "reconciliation.checklist" not in first.published
    yield target
    databases.drop(target.dbname)


@pytest.fixture
def conn(target: Target) -> Iterator[psycopg.Connection]:
    with connect(target, "test") as conn:
        yield conn


def build(target: Target, *select: str) -> BuildResult:
    result = building.build(target, [*(select or SELECT), "watermark"])
    assert (result.findings, result.errors) == ((), ())
    return result


def earn(target: Target, cents: int) -> None:
    with App(target) as app:
        booking = app.rows("bookings_booking")[0]
        app.insert(
            "payments_earningstransaction",
            booking_id=booking["id"],
            practitioner_id=booking["practitioner_id"],
            gross_amount_cents=cents,
            commission_rate=0,
            commission_amount_cents=0,
            net_amount_cents=cents,
            status="available",
            available_after=now(),
            transaction_type="bonus",
        )


def writers(conn: psycopg.Connection, slot: str) -> dict[int, str]:
    """Say by earnings row in which transaction a slot got it; nothing of a slot without builds."""
    if conn.execute("select to_regclass(%s)", [f"{slot}.earnings"]).fetchone() == (None,):
        return {}
    query = sql.SQL("select earnings_id, xmin::text from {}")
    return dict(conn.execute(query.format(sql.Identifier(slot, "earnings"))).fetchall())


class Reader(threading.Thread):
    """A dashboard that reads without a pause, as earnings_reader."""

    def __init__(self, target: Target, *, isolation: str) -> None:
        super().__init__()
        self.target = target
        self.isolation = isolation
        self.is_over = threading.Event()
        self.seen: list[tuple[int, ...]] = []
        self.error: psycopg.Error | None = None

    def run(self) -> None:
        try:
            with connect(self.target, "test") as conn:
                conn.execute("set role earnings_reader")
                while not self.is_over.is_set():
                    with conn.transaction():
                        conn.execute(f"set transaction isolation level {self.isolation}")
                        # under repeatable read all that follows sees the moment of this
                        conn.execute("select 1")
                        self.seen += conn.execute(SUMS).fetchall()
        except psycopg.Error as error:
            self.error = error


@contextmanager
def reading(*readers: Reader) -> Iterator[None]:
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        for reader in readers:
            reader.is_over.set()
            reader.join()


def test_a_reader_sees_whole_marts_of_one_build_while_builds_run(target, conn):
    readers = [Reader(target, isolation=name) for name in ("read committed", "repeatable read")]
    conn.execute(
        "create view public.of_finance as select sum(net_cents), "
        "(select count(*) from finance.watermark where mart = 'finance.earnings') "
        "from finance.earnings"
    )

    with reading(*readers), conn.transaction():
        # a dashboard that stays in its transaction neither waits nor makes the builds wait
        conn.execute("select * from public.of_finance")
        for cents in (700, 1100):
            earn(target, cents)
            slot = publishing.next_slot(conn)
            days = sql.Identifier(slot, "release_schedule")
            before = writers(conn, slot)
            if before:
                with connect(target, "test") as other:
                    twice = sql.SQL("insert into {days} select * from {days}").format(days=days)
                    other.execute(twice)
            build(target)

    for reader in readers:
        assert reader.error is None
        assert len(reader.seen) > 100
        assert all(net == balances for net, balances, _, _ in reader.seen)
        assert all(net and days and builds == 1 for net, _, days, builds in reader.seen)
        totals = list(dict.fromkeys(net for net, *_ in reader.seen))
        assert [later - totals[0] for later in totals] == [0, 700, 1800]
    assert conn.execute("select * from public.of_finance").fetchone() == (totals[-1], 1)
    # what had not changed since the last build in this slot was not written again
    assert before
    assert before.items() < writers(conn, slot).items()
    # and what stood twice there, by whatever mistake, was
    counted = sql.SQL("select count(*) = count(distinct (available_on, currency)) from {}")
    assert conn.execute(counted.format(days)).fetchone() == (True,)


def test_what_a_build_leaves_out_stays_as_it_was_and_says_so(target, conn):
    build(target)
    earned, *_ = conn.execute("select sum(net_cents) from finance.earnings").fetchone()
    earn(target, 300)

    result = build(target, "release_schedule")

    assert result.published == ("finance.release_schedule",)
    assert conn.execute("select sum(net_cents) from finance.earnings").fetchone() == (earned,)
    snapshots = dict(conn.execute("select mart, snapshot from finance.watermark").fetchall())
    assert snapshots["finance.earnings"] == snapshots["finance.practitioner_balances"]
    assert snapshots["finance.earnings"] != snapshots["finance.release_schedule"]

    # the next build works where the two that were left out lie: readers are moved before
    build(target, "release_schedule")

    assert conn.execute("select sum(net_cents) from finance.earnings").fetchone() == (earned,)
    after = dict(conn.execute("select mart, snapshot from finance.watermark").fetchall())
    assert after["finance.earnings"] == snapshots["finance.earnings"]
    build(target)
    assert conn.execute("select sum(net_cents) from finance.earnings").fetchone() == (earned + 300,)


def test_a_mart_that_gets_other_columns_is_made_anew_in_both_slots(target, conn):
    for slot in ("marts_a", "marts_b"):
        conn.execute(f"alter table {slot}.release_schedule add column obsolete text")

    build(target)
    build(target)

    columns = conn.execute(
        "select table_schema, array_agg(column_name::text order by column_name::text) "
        "from information_schema.columns where table_name = 'release_schedule' group by 1"
    ).fetchall()
    assert {schema for schema, _ in columns} == {"finance", "marts_a", "marts_b"}
    assert {tuple(names) for _, names in columns} == {
        (
            *("available_on", "currency", "pending_cents", "pending_count"),
            *("projected_cents", "projected_count"),
        )
    }
    assert conn.execute("select count(*) from finance.release_schedule").fetchone() != (0,)


def test_a_view_that_says_something_else_is_made_anew(target, conn):
    conn.execute("create or replace view finance.days as select current_date as day_on")

    building.build(target, ["days"])

    assert conn.execute("select count(*) from finance.days").fetchone() == (12784,)
    left = conn.execute(
        "select relname from pg_class where relname like '%\\_\\_dbt\\_%'"
    ).fetchall()
    assert left == []


def test_a_build_that_fails_lets_readers_see_nothing_of_it(target, conn):
    before = conn.execute(SUMS).fetchone()
    earn(target, 500)
    conn.execute("alter table payments_practitionerearnings rename to moved")
    try:
        result = building.build(target, SELECT)
    finally:
        conn.execute("alter table moved rename to payments_practitionerearnings")

    assert [error.node for error in result.errors] == ["stg_marketplace__cached_balances"]
    assert result.published == ()
    assert result.exit_code == 3
    assert conn.execute(SUMS).fetchone() == before


def test_readers_see_finance_and_reconciliation_and_keep_seeing_them(target, conn):
    for _ in range(2):
        build(target, "release_schedule")
        readable = conn.execute(
            "select distinct relnamespace::regnamespace::text from pg_class "
            "where relkind in ('r', 'v', 'm', 'p') "
            "and has_schema_privilege('earnings_reader', relnamespace, 'usage') "
            "and has_table_privilege('earnings_reader', oid, 'select') "
            "and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema') "
            "order by 1"
        ).fetchall()
        assert readable == [("finance",), ("reconciliation",)]
        with conn.transaction(force_rollback=True):
            conn.execute("set local role earnings_reader")
            assert conn.execute("select count(*) from finance.earnings").fetchone() != (0,)
