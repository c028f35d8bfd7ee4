"""A real PostgreSQL for every test, and databases in the states that tests start from.

Each pytest process starts a throw-away embedded server.  EARNINGS_TEST_DATABASE_URL, a superuser's
address, makes all of them use that server instead.  A state is built once per process as a template
and cloned for each test that asks for it.  Names are used again once they are free: dbt reads the
project anew, for seconds, for each name that it has not seen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import psycopg
import pytest
from psycopg import sql

import throw_away
from earnings_pipeline import building, embedded, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target, named

SAMPLE_BOOKINGS = 300
SAMPLE_SEED = 1
ROLES_LOCK = 2_301_001
# A selection of every model, which is built without the documentation that takes half as long again
EVERYTHING = ("*",)
# These take from half a minute to a minute and a half.  They begin first: a process that came to
# one of them last would still run when the other has long been done.
LONGEST_FIRST = (
    *("test_models", "test_finance_history", "test_pipeline", "test_publishing"),
    *("test_after_app", "test_before_app", "test_resume", "test_finance_questions", "test_expand"),
)

Builder = Callable[[psycopg.Connection], object]
MakeDatabase = Callable[[str, Builder], Target]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


class Databases:
    """The databases that this process has made on a server; all of them go when it ends."""

    def __init__(self, server: Target) -> None:
        self.server = server
        self.templates: dict[str, str] = {}
        self.made: list[str] = []
        self.left: list[str] = []

    def create(self, template: str | None = None) -> Target:
        """Create a database, empty or as a copy of a template that `clone` has built."""
        while self.left:
            self.drop(self.left.pop())
        names = (f"earnings_test_{os.getpid()}_{number}" for number in count(1))
        name = next(name for name in names if name not in self.made)
        command = sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        with connect(self.server, "test") as conn:
            conn.execute(command)
        self.made.append(name)
        return self.target(name)

    def clone(self, template_name: str, builder: Builder) -> Target:
        """Return a copy of the template, which `builder` fills the first time it is asked for."""
        if template_name not in self.templates:
            template = self.create()
            with connect(template, "test") as conn:
                builder(conn)
            self.templates[template_name] = template.dbname
        return self.create(self.templates[template_name])

    def leave(self, name: str) -> None:
        """Drop it with the next creation: until then its last session has ended."""
        self.left.append(name)

    def drop(self, name: str) -> None:
        with connect(self.server, "test") as conn:
            drop = sql.SQL("drop database if exists {} with (force)")
            conn.execute(drop.format(sql.Identifier(name)))
        self.made.remove(name)

    def target(self, name: str) -> Target:
        return replace(self.server, parameters={**self.server.parameters, "dbname": name})


@pytest.fixture(scope="session")
def server() -> Iterator[Target]:
    """The server of this process, as a superuser."""
    url = os.environ.get("EARNINGS_TEST_DATABASE_URL")
    if url:
        target = named(url, {})
        assert target is not None
        yield target
        return
    throw_away.remove_abandoned()
    state = throw_away.new_folder()
    own = embedded.Server(state=state, is_throw_away=True)
    try:
        own.start()
        yield own.target(dbname="postgres")
    finally:
        own.remove()
        shutil.rmtree(state)


@pytest.fixture(scope="session")
def databases(server: Target) -> Iterator[Databases]:
    """Databases for fixtures that live longer than one test."""
    with connect(server, "test") as conn, conn.transaction():
        conn.execute("select pg_advisory_xact_lock(%s)", [ROLES_LOCK])
        conn.execute(sqlfiles.read("roles"))
    made = Databases(server)
    yield made
    for name in list(made.made):
        made.drop(name)


@pytest.fixture
def make_database(databases: Databases) -> Iterator[MakeDatabase]:
    """make_database(template_name, builder): a copy of a template, dropped after the test."""
    names: list[str] = []

    def make(template_name: str, builder: Builder) -> Target:
        target = databases.clone(template_name, builder)
        names.append(target.dbname)
        return target

    yield make
    for name in names:
        databases.leave(name)


@pytest.fixture
def empty_database(make_database: MakeDatabase) -> Target:
    return make_database("empty", lambda conn: None)


@pytest.fixture
def marketplace(make_database: MakeDatabase) -> Target:
    """A database with the app's tables in the before form, without rows."""
    return make_database("marketplace", create_marketplace)


@pytest.fixture
def sampled(make_database: MakeDatabase) -> Target:
    """A database with the app's tables in the before form and the small sample."""
    return make_database("sampled", load_sample)


@pytest.fixture
def migrated(make_database: MakeDatabase) -> Target:
    """A database with the small sample after migrate up."""
    return make_database("migrated", load_and_migrate_sample)


@pytest.fixture(scope="session", autouse=True)
def dbt_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what dbt remembers of throw-away databases out of .earnings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "STATE", tmp_path_factory.mktemp("dbt"))
        yield


@pytest.fixture(scope="session")
def built(databases: Databases) -> Target:
    """The migrated sample with all marts; tests only read it."""
    return databases.clone("built", build_sample(databases))


@pytest.fixture
def built_copy(databases: Databases, make_database: MakeDatabase) -> Target:
    """A copy of `built` of the test's own."""
    return make_database("built", build_sample(databases))


@pytest.fixture
def engine_copy(make_database: MakeDatabase) -> Target:
    """A database of the test's own, before form, engine on: what it commits goes with it."""
    return make_database("engine", install_engine)


@pytest.fixture(scope="session")
def engine_database(databases: Databases) -> Target:
    """A database in the before form with the engine on; tests leave it as they find it."""
    return databases.clone("engine", install_engine)


@pytest.fixture
def db(engine_database: Target) -> Iterator[psycopg.Connection]:
    """A connection to `engine_database` in a transaction that is rolled back after the test."""
    with connect(engine_database, "test") as conn, conn.transaction(force_rollback=True):
        yield conn


def create_marketplace(conn: psycopg.Connection) -> None:
    from earnings_pipeline.sample.tables import create_tables

    create_tables(conn, form="before")


def load_sample(conn: psycopg.Connection) -> None:
    from earnings_pipeline import sample
    from earnings_pipeline.progress import silent

    create_marketplace(conn)
    sample.load(conn, bookings=SAMPLE_BOOKINGS, seed=SAMPLE_SEED, report=silent)


def install_engine(conn: psycopg.Connection) -> None:
    create_marketplace(conn)
    migrate_up(conn)


def load_and_migrate_sample(conn: psycopg.Connection) -> None:
    load_sample(conn)
    migrate_up(conn)


def build_sample(databases: Databases) -> Builder:
    def builder(conn: psycopg.Connection) -> None:
        load_and_migrate_sample(conn)
        result = building.build(databases.target(conn.info.dbname), EVERYTHING)
        assert (result.findings, result.errors) == ((), ())

    return builder


def migrate_up(conn: psycopg.Connection) -> None:
    from earnings_pipeline import migration
    from earnings_pipeline.progress import silent

    migration.up(conn, report=silent)
