"""What was said of a past moment stays said: beats, the watermark and closings (R19).

Each scenario is right with the engine, and wrong with a variant that was tried and refuted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from conftest import Databases
from earnings_pipeline.database import connect
from interleavings.cases import build
from interleavings.driver import STUCK_AFTER, Driver, Session, wait_until_waiting
from interleavings.test_refuted_variants import put

PAUSE = 2_301_002


@pytest.fixture
def driver(databases: Databases) -> Iterator[Driver]:
    target = databases.clone("interleavings", build)
    made = Driver(target)
    yield made
    made.close()
    databases.drop(target.dbname)


def due_world(driver: Driver) -> dict[str, Any]:
    [[world]] = driver.watcher.execute("select interleavings.make('direct', 'due')").fetchall()
    driver.watcher.execute("select earnings.beat()")
    return world


def release(conn: psycopg.Connection, world: dict[str, Any]) -> None:
    conn.execute(
        "update payments_earningstransaction set status = 'available' where booking_id = %s",
        [world["booking"]["id"]],
    )


def watermark(conn: psycopg.Connection) -> Any:
    [[moment]] = conn.execute("select earnings.watermark()").fetchall()
    return moment


def net_at(conn: psycopg.Connection, world: dict[str, Any], moment: Any) -> list[tuple[Any, ...]]:
    """What the history says of the moment, and whether that is final."""
    return conn.execute(
        "select status, net_amount_cents from earnings.balance_as_of(%s, %s)",
        [world["practitioner_id"], moment],
    ).fetchall()


def wait_until_oldest(driver: Driver, slow: Session) -> None:
    """Return when no transaction of the server is older than this one: it alone holds things up."""
    [[oldest]] = slow.conn.execute("select pg_current_xact_id()").fetchall()
    deadline = time.monotonic() + STUCK_AFTER
    is_reached = "select pg_snapshot_xmin(pg_current_snapshot()) >= %s::text::xid8"
    while driver.watcher.execute(is_reached, [oldest]).fetchone() != (True,):
        assert time.monotonic() < deadline, "another transaction of the server does not end"


def answers_of_a_running_transaction(driver: Driver) -> tuple[Any, Any]:
    """It stamps, a beat follows, then it commits: what was final, before and after."""
    world = due_world(driver)
    [slow, _] = driver.sessions
    slow.conn.execute("begin")
    release(slow.conn, world)

    driver.watcher.execute("select earnings.beat()")
    wait_until_oldest(driver, slow)
    moment = watermark(driver.watcher)
    before = net_at(driver.watcher, world, moment)
    slow.conn.execute("commit")

    return before, net_at(driver.watcher, world, moment)


def answers_of_a_slow_beat(driver: Driver) -> tuple[Any, Any]:
    """A beat is held up between the clock and its id; meanwhile another transaction stamps."""
    world = due_world(driver)
    beating, slow = driver.sessions
    with connect(driver.target, "holder") as holder:
        holder.execute("select pg_advisory_lock(%s)", [PAUSE])
        beaten = beating.thread.submit(beating.conn.execute, "select earnings.beat()")
        wait_until_waiting(driver.watcher, beating)
        slow.conn.execute("begin")
        release(slow.conn, world)
        holder.execute("select pg_advisory_unlock(%s)", [PAUSE])
        beaten.result()

    wait_until_oldest(driver, slow)
    moment = watermark(driver.watcher)
    before = net_at(driver.watcher, world, moment)
    slow.conn.execute("commit")

    return before, net_at(driver.watcher, world, moment)


def answers_of_a_late_beat(driver: Driver) -> tuple[Any, Any]:
    """The beat's transaction has written before, so its id is older than its clock."""
    world = due_world(driver)
    beating, slow = driver.sessions
    beating.conn.execute("begin")
    beating.conn.execute("update users_user set first_name = 'Ada'")
    slow.conn.execute("begin")
    release(slow.conn, world)
    beating.conn.execute("select earnings.beat()")
    beating.conn.execute("commit")

    wait_until_oldest(driver, slow)
    moment = watermark(driver.watcher)
    before = net_at(driver.watcher, world, moment)
    slow.conn.execute("commit")

    return before, net_at(driver.watcher, world, moment)


@pytest.mark.parametrize(
    "ask",
    [answers_of_a_running_transaction, answers_of_a_slow_beat, answers_of_a_late_beat],
)
def test_an_answer_below_the_watermark_never_changes(
    driver: Driver, ask: Callable[[Driver], tuple[Any, Any]]
) -> None:
    pause_the_beat(driver.watcher)

    before, after = ask(driver)

    assert before == after


def test_a_watermark_that_trusts_the_clock_would_be_seen(driver: Driver) -> None:
    put(
        driver.watcher,
        "final_until",
        "heartbeats.transaction_id < pg_snapshot_xmin(pg_current_snapshot())",
        "true",
    )

    before, after = answers_of_a_running_transaction(driver)

    assert before != after


def test_a_beat_in_a_transaction_that_has_its_id_would_be_seen(driver: Driver) -> None:
    let_every_transaction_beat(driver.watcher)

    before, after = answers_of_a_late_beat(driver)

    assert before != after


def test_a_beat_that_takes_its_id_before_the_clock_would_be_seen(driver: Driver) -> None:
    pause_the_beat(driver.watcher)
    let_every_transaction_beat(driver.watcher)
    put(
        driver.watcher,
        "beat",
        "v_now constant timestamptz := clock_timestamp();",
        "v_id constant xid8 := pg_current_xact_id(); v_now timestamptz;",
    )
    put(driver.watcher, "beat", "insert into", "v_now := clock_timestamp(); insert into")

    before, after = answers_of_a_slow_beat(driver)

    assert before != after


def balances_of_closings(driver: Driver) -> list[Any]:
    """What a closing says that is made while a transaction runs, and one made after it."""
    world = due_world(driver)
    [slow, _] = driver.sessions
    slow.conn.execute("begin")
    release(slow.conn, world)
    driver.watcher.execute("select earnings.close_period('November')")
    slow.conn.execute("commit")
    driver.watcher.execute("select earnings.close_period('December')")
    return [
        driver.watcher.execute(
            "select status, net_amount_cents from earnings.balance_at_closing(%s, %s)",
            [world["practitioner_id"], closing],
        ).fetchall()
        for closing in ("November", "December")
    ]


def test_a_closing_is_exact_whatever_commits_after_it(driver: Driver) -> None:
    assert balances_of_closings(driver) == [[("pending", 8501)], [("available", 8501)]]


def test_a_closing_that_goes_by_the_stamps_would_be_seen(driver: Driver) -> None:
    put(
        driver.watcher,
        "balance_at_closing",
        "pg_visible_in_snapshot(transitions.transaction_id, v_snapshot)",
        "transitions.stamped_at <= (select closings.closed_at from earnings.closings"
        " where closings.name = balance_at_closing.closing)",
    )

    assert balances_of_closings(driver)[0] == [("available", 8501)]


def pause_the_beat(conn: psycopg.Connection) -> None:
    """Make a beat wait, between its two readings, for whoever holds the advisory lock."""
    put(conn, "beat", "begin\n", f"begin\n    perform pg_advisory_xact_lock_shared({PAUSE});\n")


def let_every_transaction_beat(conn: psycopg.Connection) -> None:
    put(conn, "beat", "pg_current_xact_id_if_assigned() is not null", "false")
