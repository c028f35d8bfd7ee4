"""The app in each of its forms, each on a database that all flows of one process share.

Flows keep apart by working for practitioners of their own.  After each file every check of
sql/checks and every step of the migration has to find nothing: whatever the app did, the books are
in order, and there is nothing left to migrate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from earnings_pipeline import checks, migration
from earnings_pipeline.database import connect
from earnings_pipeline.progress import silent
from earnings_pipeline.sample.tables import create_tables
from earnings_pipeline.target import Target
from marketplace_app import App

VERSIONS = ("before", "after")
FORMS = (*VERSIONS, "contracted")
WORLDS = (*FORMS, "adopted")


def expand(conn: psycopg.Connection) -> None:
    """The tables from before the plan, expanded: both versions can use them."""
    create_tables(conn, form="before")
    migration.up(conn, report=silent)


def adopt(conn: psycopg.Connection) -> None:
    """The tables as the app's own migrations of the plan leave them."""
    create_tables(conn, form="after")
    migration.up(conn, report=silent)


def contract(conn: psycopg.Connection) -> None:
    expand(conn)
    conn.execute("update earnings_migration.steps set last_write_at = now() - interval '8 days'")
    result = migration.contract(conn, app_no_longer_maps=True)
    assert result.state == "done", result.refusals


BUILDERS = {"expanded": expand, "adopted": adopt, "contracted": contract}


class Worlds:
    """The databases and clients of this process.

    `used` are the states that a file has used, `reported` the offences that one was told of.
    """

    def __init__(self, databases: Any) -> None:
        self.databases = databases
        self.targets: dict[str, Target] = {}
        self.apps: dict[str, App] = {}
        self.used: set[str] = set()
        self.reported: set[tuple[object, ...]] = set()

    def target(self, state: str) -> Target:
        self.used.add(state)
        if state not in self.targets:
            self.targets[state] = self.databases.clone(f"flows {state}", BUILDERS[state])
        return self.targets[state]

    def app(self, world: str) -> App:
        target = self.target(world if world in BUILDERS else "expanded")
        if world not in self.apps:
            self.apps[world] = App(target, "after" if world == "adopted" else world)
        self.apps[world].swallowed.clear()
        return self.apps[world]


@pytest.fixture(scope="session")
def worlds(databases: Any) -> Iterator[Worlds]:
    worlds = Worlds(databases)
    yield worlds
    for app in worlds.apps.values():
        app.close()


@pytest.fixture(scope="module", autouse=True)
def books_are_in_order(worlds: Worlds) -> Iterator[None]:
    worlds.used.clear()
    yield
    for state in worlds.used:
        with connect(worlds.target(state), "test") as conn:
            found = {(check.name, row) for check in checks.run(conn) for row in check.offenders}
            found |= {
                (step.check, row) for step in migration.verify(conn) for row in step.offenders
            }
        offences = {(state, *offence) for offence in found} - worlds.reported
        worlds.reported |= offences
        assert offences == set()


@pytest.fixture(params=VERSIONS)
def app(request: pytest.FixtureRequest, worlds: Worlds) -> App:
    """Each version of the app, on tables that both can use."""
    return worlds.app(request.param)


@pytest.fixture(params=FORMS)
def any_form(request: pytest.FixtureRequest, worlds: Worlds) -> App:
    """Each version of the app, and the later one also after contract."""
    return worlds.app(request.param)


@pytest.fixture(params=WORLDS)
def any_world(request: pytest.FixtureRequest, worlds: Worlds) -> App:
    """Each form of the app, and the later version also on the tables of its own migrations."""
    return worlds.app(request.param)


@pytest.fixture
def before(worlds: Worlds) -> App:
    return worlds.app("before")


@pytest.fixture
def after(worlds: Worlds) -> App:
    return worlds.app("after")


@pytest.fixture
def pia(request: pytest.FixtureRequest) -> int:
    """A practitioner who has nothing yet."""
    [*_, app] = (
        request.getfixturevalue(name)
        for name in ("before", "after", "any_form", "any_world", "app")
        if name in request.fixturenames
    )
    return int(app.practitioner())
