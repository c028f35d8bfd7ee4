from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App
from plain_rows import PlainRows


@pytest.fixture
def rows(db: psycopg.Connection) -> PlainRows:
    return PlainRows(db)


@pytest.fixture
def conn(engine_copy: Target) -> Iterator[psycopg.Connection]:
    with connect(engine_copy, "test") as conn:
        yield conn


@pytest.fixture
def app(engine_copy: Target) -> Iterator[App]:
    with App(engine_copy) as app:
        yield app


@pytest.fixture
def upgraded(engine_copy: Target) -> Iterator[App]:
    """The app after the plan, on the same database."""
    with App(engine_copy, "after") as app:
        yield app


@pytest.fixture
def pia(app: App) -> int:
    """A practitioner."""
    return app.practitioner()


@pytest.fixture
def meanwhile(engine_copy: Target, conn: psycopg.Connection) -> Callable[..., None]:
    """Run one thing in an open transaction, start another that has to wait, then commit."""

    def run(
        first: Callable[[App], object], second: Callable[[App], object], form: str = "before"
    ) -> None:
        failures: list[BaseException] = []

        def do_second() -> None:
            with App(engine_copy, form, name="second") as other:
                other.execute("set lock_timeout = '20s'")
                try:
                    second(other)
                except BaseException as error:  # noqa: BLE001  it is raised again below
                    failures.append(error)

        with App(engine_copy, form, name="first") as one:
            with one.atomic():
                first(one)
                thread = threading.Thread(target=do_second)
                thread.start()
                wait_until_blocked(conn, "second")
            thread.join(timeout=30)
        if failures:
            raise failures[0]

    return run


def wait_until_blocked(conn: psycopg.Connection, application: str) -> None:
    deadline = time.monotonic() + 20
    while not conn.execute(
        "select 1 from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'",
        [application],
    ).fetchone():
        assert time.monotonic() < deadline, "the second session did not have to wait"
        time.sleep(0.005)
