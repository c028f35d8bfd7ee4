"""Install, status and uninstall of the engine."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from conftest import Databases, install_engine
from earnings_pipeline import checks, engine, sqlfiles
from earnings_pipeline.cli import app as command_line
from earnings_pipeline.database import connect
from earnings_pipeline.errors import DatabaseRefused
from earnings_pipeline.target import Target
from functions.conftest import wait_until_blocked
from marketplace_app import App
from plain_rows import PlainRows

# What a statement of the app may wait for an install: one lock_timeout and what the machine adds.
LONGEST_WAIT_SECONDS = 1.5
GUARD = "earnings_100_guard_update on public.bookings_booking"
PAIR = "earnings_050_pair_credit_links on public.bookings_booking"
OF_TRIGGERS = ["definitions_are_as_installed", "triggers_are_enabled"]
OURS = sql.SQL("pronamespace in ('earnings'::regnamespace, 'earnings_migration'::regnamespace)")

# What can be done to an object by hand, and what status must call it then.
BY_HAND = {
    "earnings.setting": [
        (
            "create or replace function earnings.setting(name text) returns text "
            "language sql stable set search_path = '' as 'select null::text'",
            "drifted",
        ),
        ("alter function earnings.setting(text) security definer", "drifted"),
        ("alter function earnings.setting(text) reset search_path", "drifted"),
        (
            "create function earnings.setting(integer) returns text language sql as 'select 1'",
            "drifted",
        ),
        ("alter function earnings.setting(text) owner to current_user", "drifted"),
        ("grant execute on function earnings.setting(text) to public", "drifted"),
        ("drop function earnings.setting(text)", "missing"),
    ],
    "earnings.tg_bookings__guard_update": [
        (
            "create or replace function earnings.tg_bookings__guard_update() returns trigger "
            "language plpgsql as 'begin return new; end'",
            "drifted",
        ),
        (
            "alter function earnings.tg_bookings__guard_update() owner to current_user",
            "drifted",
        ),
        ("drop function earnings.tg_bookings__guard_update() cascade", "missing"),
    ],
    GUARD: [
        (
            "create or replace trigger earnings_100_guard_update "
            "before update of title on public.bookings_booking for each row "
            "execute function earnings.tg_bookings__guard_update()",
            "drifted",
        ),
        (
            "create or replace trigger earnings_100_guard_update "
            "before update on public.bookings_booking for each row "
            "execute function earnings.tg_bookings__guard_insert()",
            "drifted",
        ),
        (
            "alter table public.bookings_booking disable trigger earnings_100_guard_update",
            "disabled",
        ),
        (
            "alter table public.bookings_booking enable replica trigger earnings_100_guard_update",
            "disabled",
        ),
        ("alter table public.bookings_booking disable trigger user", "disabled"),
        ("drop trigger earnings_100_guard_update on public.bookings_booking", "missing"),
    ],
    "earnings_900_fold_balances on earnings.balance_queue": [
        ("alter table earnings.balance_queue disable trigger all", "disabled"),
        ("drop trigger earnings_900_fold_balances on earnings.balance_queue", "missing"),
    ],
    PAIR: [
        (
            "create or replace trigger earnings_050_pair_credit_links "
            "before insert or update of payment_transaction_id, credit_usage_transaction_id "
            "on public.bookings_booking for each row when (false) "
            "execute function earnings_migration.tg_bookings__pair_credit_links()",
            "drifted",
        ),
        ("alter table bookings_booking disable trigger earnings_050_pair_credit_links", "disabled"),
        ("drop trigger earnings_050_pair_credit_links on bookings_booking", "missing"),
    ],
    "earnings.left_over": [
        (
            "create function earnings.left_over() returns integer language sql as 'select 1'",
            "orphaned",
        ),
        ("create procedure earnings.left_over() language sql as 'select 1'", "orphaned"),
    ],
    "earnings_999_left_over on public.payments_order": [
        (
            "create trigger earnings_999_left_over before update on public.payments_order "
            "for each row execute function earnings.tg_orders__guard_update()",
            "orphaned",
        ),
    ],
}


@pytest.fixture
def conn(engine_copy: Target) -> Iterator[psycopg.Connection]:
    with connect(engine_copy, "test") as conn:
        yield conn


@pytest.fixture(scope="module")
def repaired(databases: Databases) -> Iterator[psycopg.Connection]:
    """A database with the engine on, for tests that break something and have it repaired."""
    target = databases.clone("engine", install_engine)
    with connect(target, "test") as conn:
        yield conn
    databases.drop(target.dbname)


@pytest.fixture
def sql_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of sql/ that the engine reads instead, for what the next release changes in it."""
    folder = tmp_path / "sql"
    shutil.copytree(sqlfiles.SQL, folder)
    monkeypatch.setattr(sqlfiles, "SQL", folder)
    sqlfiles.read.cache_clear()
    yield folder
    sqlfiles.read.cache_clear()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    sqlfiles.read.cache_clear()


def states(conn: psycopg.Connection) -> Counter[str]:
    return Counter(item.state for item in engine.status(conn))


def state_of(conn: psycopg.Connection, identity: str) -> str:
    [state] = {item.state for item in engine.status(conn) if item.identity == identity}
    return state


def catalog(conn: psycopg.Connection) -> list[tuple[object, ...]]:
    """Every function and trigger of ours as the catalog has it, with owner and rights."""
    functions = sql.SQL(
        "select pg_get_functiondef(oid), proowner::regrole::text, proacl::text, "
        "obj_description(oid, 'pg_proc') from pg_proc where {} order by 1"
    )
    triggers = (
        "select pg_get_triggerdef(oid), tgenabled::text from pg_trigger "
        "where not tgisinternal and tgname like 'earnings%' order by 1"
    )
    return conn.execute(functions.format(OURS)).fetchall() + conn.execute(triggers).fetchall()


def earnings_of(conn: psycopg.Connection, booking_id: int) -> list[tuple[str, int, int]]:
    return conn.execute(
        "select status, gross_amount_cents, net_amount_cents "
        "from public.payments_earningstransaction where booking_id = %s order by id",
        [booking_id],
    ).fetchall()


def add_expand_columns(conn: psycopg.Connection) -> None:
    conn.execute("alter table bookings_booking add order_id bigint")
    conn.execute("alter table payments_order add package_metadata jsonb")


def test_a_second_install_replaces_nothing(repaired: psycopg.Connection) -> None:
    assert set(states(repaired)) == {"installed"}
    assert engine.install(repaired) == engine.InstallReport()


@pytest.mark.parametrize(
    ("identity", "statement", "state"),
    [(identity, *case) for identity, cases in BY_HAND.items() for case in cases],
)
def test_status_tells_what_was_changed_by_hand_and_install_repairs_it(
    repaired: psycopg.Connection, identity: str, statement: str, state: str
) -> None:
    definitions = catalog(repaired)
    repaired.execute(statement)

    assert state_of(repaired, identity) == state
    engine.install(repaired)
    assert set(states(repaired)) == {"installed"}
    assert catalog(repaired) == definitions
    assert engine.install(repaired) == engine.InstallReport()


def test_a_newer_file_is_outdated_until_it_is_installed(
    conn: psycopg.Connection, sql_folder: Path
) -> None:
    remember = "earnings_900_remember_order"
    edit(sql_folder / "functions/earnings.setting.sql", "is 'The value", "is 'Newer: the value")
    edit(
        sql_folder / "triggers/payments_order.sql",
        f"{remember}\nafter insert",
        f"{remember}\nafter insert or update of status",
    )

    assert state_of(conn, "earnings.setting") == "outdated"
    assert state_of(conn, f"{remember} on public.payments_order") == "outdated"
    report = engine.install(conn)

    assert report.replaced == ("earnings.setting", f"{remember} on public.payments_order")
    assert set(states(conn)) == {"installed"}
    assert any("Newer: the value" in str(row) for row in catalog(conn))
    assert any("AFTER INSERT OR UPDATE OF status" in str(row) for row in catalog(conn))


def test_a_newer_file_of_a_trigger_of_expand_is_outdated_until_it_is_installed(
    conn: psycopg.Connection, sql_folder: Path
) -> None:
    edit(sql_folder / "expand/310_pair_credit_links/apply.sql", "insert or update of", "update of")

    assert state_of(conn, PAIR) == "outdated"

    assert engine.install(conn).replaced == (PAIR,)
    assert set(states(conn)) == {"installed"}


def test_a_changed_signature_leaves_no_second_function(
    conn: psycopg.Connection, sql_folder: Path
) -> None:
    path = sql_folder / "functions/earnings.changed_keys.sql"
    edit(path, "changed_keys(image jsonb, other jsonb)", "changed_keys(image jsonb, other json)")
    edit(path, "changed_keys(jsonb, jsonb)", "changed_keys(jsonb, json)")

    assert engine.install(conn).replaced == ("earnings.changed_keys",)

    assert conn.execute(
        "select oid::regprocedure::text from pg_proc where proname = 'changed_keys'"
    ).fetchall() == [("earnings.changed_keys(jsonb,json)",)]
    assert set(states(conn)) == {"installed"}


def test_what_no_file_defines_any_more_is_removed(
    conn: psycopg.Connection, sql_folder: Path
) -> None:
    function = "earnings.tg_service_sessions__move_holds"
    (sql_folder / "triggers/service_sessions.sql").unlink()
    (sql_folder / f"functions/{function}.sql").unlink()

    assert state_of(conn, function) == "orphaned"
    removed = engine.install(conn).removed

    assert function in removed
    assert [name for name in removed if name.endswith(" on public.service_sessions")] != []
    assert set(states(conn)) == {"installed"}


def install_ten_times_at_once(target: Target) -> list[int]:
    """Return how many objects each of ten installs replaced or removed, the idle ones first."""
    start = threading.Barrier(10)

    def install(_: int) -> int:
        with connect(target, "install") as conn:
            start.wait()
            report = engine.install(conn)
            return len(report.replaced) + len(report.removed)

    with ThreadPoolExecutor(10) as pool:
        return sorted(pool.map(install, range(10)))


def test_ten_installs_at_once_are_one(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn:
        add_expand_columns(conn)

    done = install_ten_times_at_once(marketplace)

    assert done == [0] * 9 + [len(engine.functions()) + len(engine.triggers())]
    with connect(marketplace, "test") as conn:
        assert set(states(conn)) == {"installed"}


def test_ten_installs_at_once_repair_what_has_drifted_once(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    definitions = catalog(conn)
    for cases in BY_HAND.values():
        conn.execute(cases[0][0])

    done = install_ten_times_at_once(engine_copy)

    assert done == [0] * 9 + [len(BY_HAND)]
    assert set(states(conn)) == {"installed"}
    assert catalog(conn) == definitions


def longest_wait_beside_an_install(
    conn: psycopg.Connection,
    target: Target,
    hold: Callable[[PlainRows], object],
    write: Callable[[], object],
) -> float:
    """Return how long a write of `conn` waited while an install could not go past another one."""
    waits = []
    conn.execute("set lock_timeout = '10s'")  # a failure, not a test without an end

    def install() -> None:
        with connect(target, "install") as installing:
            engine.install(installing)

    with ThreadPoolExecutor(1) as pool, connect(target, "app") as holder:
        with holder.transaction():
            hold(PlainRows(holder))
            installed = pool.submit(install)
            for _ in range(3):
                wait_until_install_waits(conn)
                waits.append(seconds(write))
                assert not installed.done()
        installed.result(timeout=30)
    assert set(states(conn)) == {"installed"}
    return max(waits)


def test_nobody_queues_long_behind_an_install_that_waits_for_a_table(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    rows = PlainRows(conn)
    with conn.transaction():
        pia = rows.practitioner()
        held, written = rows.booking(pia), rows.booking(pia)
    conn.execute("drop trigger earnings_100_guard_update on public.bookings_booking")

    waited = longest_wait_beside_an_install(
        conn,
        engine_copy,
        lambda app: app.update("bookings_booking", held, title="held"),
        lambda: rows.update("bookings_booking", written, title="x"),
    )

    assert waited < LONGEST_WAIT_SECONDS


def test_nobody_queues_long_behind_an_install_that_waits_to_change_the_history(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    rows = PlainRows(conn)
    with conn.transaction():
        held, *written = (rows.booking(rows.practitioner()) for _ in range(4))
    forget_change(conn, "0009", "alter table earnings.transitions drop transaction_type")

    waited = longest_wait_beside_an_install(
        conn, engine_copy, lambda app: app.earnings(held), lambda: rows.earnings(written.pop())
    )

    assert waited < LONGEST_WAIT_SECONDS
    assert "changes/0009_say_what_a_deleted_row_was" in engine.applied_changes(conn)
    assert conn.execute("select transaction_type from earnings.transitions").rowcount == 4


def test_nobody_queues_long_behind_an_install_that_opens_the_history(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    rows = PlainRows(conn)
    with conn.transaction():
        written, held = (rows.earnings(rows.booking(rows.practitioner())) for _ in range(2))
    conn.execute("delete from earnings.changes where name = 'history opened'")

    waited = longest_wait_beside_an_install(
        conn,
        engine_copy,
        lambda app: app.update("payments_earningstransaction", held, description="held"),
        lambda: rows.update("payments_earningstransaction", written, description="x"),
    )

    assert waited < LONGEST_WAIT_SECONDS


def test_what_an_install_has_opened_stays_so_while_it_waits_for_the_next_row(
    conn: psycopg.Connection, engine_copy: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "OPENING_BATCH", 1)
    rows = PlainRows(conn)
    with conn.transaction():
        first, held = (rows.earnings(rows.booking(rows.practitioner())) for _ in range(2))
    conn.execute("set session_replication_role = replica")
    conn.execute("delete from earnings.transitions")
    conn.execute("delete from earnings.changes where name = 'history opened'")
    opened = "select earnings_id from earnings.transitions order by id"
    seen = []

    longest_wait_beside_an_install(
        conn,
        engine_copy,
        lambda app: app.update("payments_earningstransaction", held, description="held"),
        lambda: seen.append(conn.execute(opened).fetchall()),
    )

    assert seen == [[(first,)]] * 3
    assert conn.execute(opened).fetchall() == [(first,), (held,)]


def forget_change(conn: psycopg.Connection, number: str, undo: LiteralString) -> None:
    """Make the engine one that was installed before there was this change of its tables."""
    conn.execute(undo)
    gone = "delete from earnings.changes where name like %s"
    assert conn.execute(gone, [f"changes/{number}%"]).rowcount == 1


def seconds(action: Callable[[], object]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def wait_until_install_waits(conn: psycopg.Connection) -> None:
    deadline = time.monotonic() + 20
    while not conn.execute(
        "select 1 from pg_stat_activity where datname = current_database() "
        "and application_name = 'earnings install' and wait_event_type = 'Lock'"
    ).fetchone():
        assert time.monotonic() < deadline, "the install did not wait for a lock"
        time.sleep(0.01)


def test_install_without_expand_is_refused_with_the_way_out(marketplace: Target) -> None:
    with connect(marketplace, "test") as conn, pytest.raises(DatabaseRefused) as refusal:
        engine.install(conn)

    assert "bookings_booking.order_id" in refusal.value.message
    assert "migrate up" in refusal.value.hint


def test_a_dry_run_says_what_install_would_do_and_writes_nothing(conn: psycopg.Connection) -> None:
    for cases in BY_HAND.values():
        conn.execute(cases[0][0])
    conn.execute("set default_transaction_read_only = on")

    planned = engine.install(conn, dry_run=True)

    conn.execute("set default_transaction_read_only = off")
    done = engine.install(conn)
    assert sorted(planned.replaced) == sorted(done.replaced)
    assert planned.removed == done.removed
    assert set(done.replaced + done.removed) == set(BY_HAND)


@pytest.mark.parametrize("is_new", [True, False], ids=["a new database", "a drifted one"])
def test_the_statements_that_a_dry_run_prints_do_what_install_does(
    marketplace: Target, engine_copy: Target, is_new: bool
) -> None:
    target = marketplace if is_new else engine_copy
    with connect(target, "test") as conn:
        if is_new:
            add_expand_columns(conn)
        else:
            for cases in BY_HAND.values():
                conn.execute(cases[0][0])

        dry_run = ["install", "--dry-run", "--database-url", target.url()]
        printed = CliRunner().invoke(command_line, dry_run)
        assert printed.exit_code == 0
        conn.execute(printed.stdout)

        by_hand = catalog(conn)
        engine.install(conn)
        assert catalog(conn) == by_hand


def test_uninstall_takes_the_engine_off_and_keeps_the_history(conn: psycopg.Connection) -> None:
    rows = PlainRows(conn)
    with conn.transaction():
        booking_id = rows.booking(rows.practitioner())
        rows.earnings(booking_id)
    kept = {name: count(conn, name) for name in ("transitions", "corrections", "exceptions")}

    engine.uninstall(conn)

    assert set(states(conn)) == {"missing"}
    assert {name: count(conn, name) for name in kept} == kept
    assert kept["transitions"] == 1
    rows.update("bookings_booking", booking_id, status="completed")
    assert earnings_of(conn, booking_id) == [("projected", 10000, 8500)]


def count(conn: psycopg.Connection, table: str) -> int:
    statement = sql.SQL("select count(*) from {}").format(sql.Identifier("earnings", table))
    row = conn.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def test_uninstall_and_install_bring_everything_back(conn: psycopg.Connection) -> None:
    definitions = catalog(conn)

    engine.uninstall(conn)
    assert catalog(conn) == []
    engine.install(conn)

    assert catalog(conn) == definitions
    assert set(states(conn)) == {"installed"}


def test_what_changed_while_the_engine_was_off_is_in_the_history_after_install(
    conn: psycopg.Connection,
) -> None:
    rows = PlainRows(conn)
    with conn.transaction():
        pia = rows.practitioner()
        changed, deleted, new = rows.booking(pia), rows.booking(pia), rows.booking(pia)
        rows.earnings(changed)
        rows.earnings(deleted)
    [(known_at,)] = conn.execute("select clock_timestamp()").fetchall()
    engine.uninstall(conn)
    engine.install(conn)
    engine.uninstall(conn)
    conn.execute(
        "update payments_earningstransaction set status = 'available' where booking_id = %s",
        [changed],
    )
    conn.execute("delete from payments_earningstransaction where booking_id = %s", [deleted])
    rows.earnings(new)

    report = engine.install(conn)

    assert report.opened_rows == 2
    assert conn.execute(
        "select status, net_amount_cents from earnings.balance_as_of(%s)", [pia]
    ).fetchall() == [("available", 8500), ("pending", 8500)]
    assert conn.execute(
        "select status, net_amount_cents from earnings.balance_as_of(%s, %s)", [pia, known_at]
    ).fetchall() == [("projected", 17000)]
    assert earnings_of(conn, new) == [("pending", 10000, 8500)]


def test_what_expand_put_on_goes_with_its_column(conn: psycopg.Connection) -> None:
    conn.execute("alter table bookings_booking drop payment_transaction_id cascade")

    assert PAIR not in {item.identity for item in engine.status(conn)}
    assert [result.name for result in checks.run(conn, OF_TRIGGERS) if not result.ok] == []
    assert engine.install(conn) == engine.InstallReport()


def test_dropping_the_history_leaves_nothing_of_ours(conn: psycopg.Connection) -> None:
    engine.uninstall(conn, drop_history=True)

    left = conn.execute(
        "select nspname from pg_namespace where nspname like 'earnings%'"
    ).fetchall()
    assert left == []


def of_functions(db: psycopg.Connection, condition: str) -> list[str]:
    """Name our functions of which a condition on pg_proc is true."""
    statement = sql.SQL("select oid::regprocedure::text from pg_proc where {} and {}")
    return [name for (name,) in db.execute(statement.format(OURS, sql.SQL(condition)))]  # type: ignore[arg-type]


def test_every_function_says_what_it_is_for(db: psycopg.Connection) -> None:
    assert of_functions(db, "coalesce(obj_description(oid, 'pg_proc'), '') !~ '.{20}'") == []


def test_every_function_pins_its_search_path(db: psycopg.Connection) -> None:
    """Above all those that run as their owner: who calls must not choose what they call."""
    pinned = "'search_path=pg_catalog, pg_temp' = any (coalesce(proconfig, '{}'))"

    # bare arithmetic calls nothing, and without the setting it is put into its caller's plan
    is_arithmetic = "not prosecdef and provolatile = 'i' and proparallel = 's'"

    # so are these two, which name what they call and read in full
    assert set(of_functions(db, f"not {pinned} and not ({is_arithmetic})")) == {
        "earnings.is_delivered(bookings_booking)",
        "earnings.stored_purchase(bigint)",
    }
    assert len(of_functions(db, f"{pinned} and prosecdef")) > 20


def test_no_function_is_for_everybody(db: psycopg.Connection) -> None:
    rights = "aclexplode(coalesce(proacl, acldefault('f', proowner)))"

    assert of_functions(db, f"exists (select from {rights} as rights where grantee = 0)") == []


def test_every_function_belongs_to_a_role_that_cannot_log_in(db: psycopg.Connection) -> None:
    owner = "select from pg_roles where oid = proowner and rolname = 'earnings_owner'"

    assert of_functions(db, f"not exists ({owner} and not rolcanlogin and not rolsuper)") == []


def test_people_may_call_no_function_that_they_have_no_use_for(db: psycopg.Connection) -> None:
    granted = {
        name.partition("(")[0]
        for grant in sqlfiles.read("function_grants").split("grant execute on function")[1:]
        for name in grant.partition("\nto ")[0].strip().splitlines()
    }

    operators = of_functions(db, "has_function_privilege('earnings_operator', oid, 'execute')")
    readers = of_functions(db, "has_function_privilege('earnings_reader', oid, 'execute')")

    assert {name.partition("(")[0] for name in operators} == granted
    assert len(granted) > 3
    assert readers == []


def test_the_apps_role_needs_no_right_and_gets_none(
    conn: psycopg.Connection, engine_copy: Target
) -> None:
    conn.execute("drop role if exists earnings_test_app")
    conn.execute("create role earnings_test_app")
    try:
        conn.execute(
            "grant select, insert, update, delete on all tables in schema public "
            "to earnings_test_app"
        )
        with connect(engine_copy, "test") as as_app:
            as_app.execute("set session authorization earnings_test_app")
            rows = PlainRows(as_app)
            with as_app.transaction():
                booking_id = rows.booking(rows.practitioner())
                earnings_id = rows.earnings(booking_id)
            rows.update("bookings_booking", booking_id, status="completed")
            assert earnings_of(as_app, booking_id) == [("pending", 10000, 8500)]
            for statement in (
                "insert into earnings.transitions default values",
                "select * from earnings.release_holds()",
                "select earnings.setting('hold')",
                "update earnings.settings set value = '0 hours' where name = 'hold'",
                "set role earnings_migrator",
                "set role earnings_owner",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    as_app.execute(statement)
            as_app.execute("select set_config('earnings.actor', 'earnings_migrator', false)")
            with pytest.raises(psycopg.IntegrityError):
                rows.update("payments_earningstransaction", earnings_id, status="available")
    finally:
        conn.execute("drop owned by earnings_test_app")
        conn.execute("drop role earnings_test_app")


def test_what_changes_while_the_history_opens_is_opened_once(engine_copy: Target) -> None:
    def install_again() -> None:
        with connect(engine_copy, "second") as other:
            engine.install(other)

    with App(engine_copy) as app, connect(engine_copy, "test") as conn:
        booking = app.checkout(app.client(), app.service(app.practitioner()))
        conn.execute("set session_replication_role = replica")
        conn.execute("delete from earnings.transitions")
        conn.execute("delete from earnings.changes where name = 'history opened'")
        thread = threading.Thread(target=install_again)

        with app.atomic():
            app.end_video_room(booking)
            thread.start()
            wait_until_blocked(conn, "earnings second")
        thread.join()

        events = conn.execute("select event, to_status from earnings.transitions order by id")
        assert events.fetchall() == [("opening", "projected"), ("status_changed", "pending")]
