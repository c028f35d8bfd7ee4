"""Killed anywhere and run again, the migration ends as if it had not been killed.

Killed is the tool (kill -9), or the server (an immediate shutdown, and then recovery); when a batch
has just committed, or some milliseconds into a statement; on the way up, or on the way down.
scripts/test does that twenty times.  At every batch boundary, and at random moments inside, it is
354 times, 10 minutes on two cores:

    EARNINGS_KILLS=all scripts/test tests/migration/test_resume.py --dist load
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from conftest import Databases, MakeDatabase, load_and_migrate_sample, load_sample
from earnings_pipeline import embedded, migration, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from migration import resumable
from migration.support import app_tables, differences, end_state

HERE = Path(__file__).parent
IS_WHOLE = os.environ.get("EARNINGS_KILLS") == "all"
BATCH_SIZE = 100
# How many batches of that size the small sample takes; a test compares.
BOUNDARIES = {"up": 98, "down": 19}
INSIDE = 30
LONGEST_DELAY_SECONDS = 0.02
IS_OUR_SERVER = not os.environ.get("EARNINGS_TEST_DATABASE_URL")


@dataclass(frozen=True)
class Death:
    """Who dies on which way; after so many batches, or in the statement at this part of all."""

    victim: str
    way: str
    boundary: int = 0
    part: float = 0.0
    delay: float = 0.0

    def __str__(self) -> str:
        place = f"boundary {self.boundary}" if self.boundary else f"inside {self.part:.3f}"
        return f"{self.victim} {self.way} {place}"


def deaths() -> list[Death]:
    chosen = random.Random(1)
    found = []
    for victim in ("tool", "server"):
        for way in ("up", "down"):
            boundaries = range(1, BOUNDARIES[way] + 1)
            found += [Death(victim, way, boundary=number) for number in boundaries]
            found += [
                Death(
                    victim,
                    way,
                    part=chosen.random(),
                    delay=chosen.uniform(0, LONGEST_DELAY_SECONDS),
                )
                for _ in range(INSIDE)
            ]
    if IS_WHOLE:
        return found
    return [
        death
        for victim, way, boundary_count, inside_count in (
            ("tool", "up", 4, 4),
            ("tool", "down", 2, 2),
            ("server", "up", 2, 2),
            ("server", "down", 2, 2),
        )
        for is_boundary, count in ((True, boundary_count), (False, inside_count))
        for death in chosen.sample(
            [d for d in found if (d.victim, d.way, d.boundary > 0) == (victim, way, is_boundary)],
            count,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """A migration that nobody disturbed: what it found, how it ended, what it took."""

    legacy: list[str]
    migrated: list[str]
    batches: dict[str, int]
    statements: dict[str, int]


@pytest.fixture(scope="module")
def undisturbed(databases: Databases) -> Undisturbed:
    target = databases.clone("sampled", load_sample)
    batches = {"up": 0, "down": 0}
    statements = {"up": 0, "down": 0}
    with resumable.Doomed.connect(target.conninfo, autocommit=True) as conn:
        conn.execute("set timezone = 'UTC'")
        legacy, migrated = app_tables(conn), []
        for way in ("up", "down"):

            def report(progress: resumable.Progress, way: str = way) -> None:
                batches[way] += resumable.is_batch(progress)

            conn.statements = 0
            {"up": migration.up, "down": migration.down}[way](
                conn, batch_size=BATCH_SIZE, report=report
            )
            statements[way] = conn.statements
            migrated = migrated or end_state(conn)
    databases.drop(target.dbname)
    return Undisturbed(legacy=legacy, migrated=migrated, batches=batches, statements=statements)


class MortalServer:
    """A server of its own, for the tests that kill it."""

    def __init__(self, state: Path) -> None:
        self.own = embedded.Server(state=state, is_throw_away=True)
        self.databases = Databases(self.own.start())
        with connect(self.databases.server, "test") as conn:
            # as the servers that matter have it: what was committed is there after a crash
            conn.execute("alter system set synchronous_commit = on")
            conn.execute("select pg_reload_conf()")
            conn.execute(sqlfiles.read("roles"))

    @property
    def postmaster(self) -> int:
        return int((self.own.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def checkpoint(self) -> None:
        """Make the next number of every sequence of a clone survive a crash.

        A clone holds its sequences as they stood, and takes the numbers that its template had
        logged ahead for logged as well: without a checkpoint, recovery hands them out again.
        """
        with connect(self.databases.server, "test") as conn:
            conn.execute("checkpoint")

    def recover(self, dbname: str) -> Target:
        """Start the server again once it has gone, and return the database."""
        deadline = time.monotonic() + 30
        while (self.own.data / "postmaster.pid").exists():
            assert time.monotonic() < deadline, "the server was not killed"
            time.sleep(0.02)
        self.databases.server = self.own.start()
        return self.own.target(dbname)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalServer]:
    if not IS_OUR_SERVER:
        pytest.skip("EARNINGS_TEST_DATABASE_URL names a server that is not ours to kill")
    state = tmp_path_factory.mktemp("mortal")
    server = MortalServer(state)
    yield server
    server.own.remove()


def test_every_batch_boundary_is_among_the_deaths(undisturbed: Undisturbed) -> None:
    assert undisturbed.batches == BOUNDARIES


@pytest.mark.parametrize("death", deaths(), ids=str)
def test_killed_and_run_again_it_ends_in_the_same_state(
    request: pytest.FixtureRequest, undisturbed: Undisturbed, death: Death
) -> None:
    mortal: MortalServer | None = None
    if death.victim == "server":
        mortal = request.getfixturevalue("mortal")
    databases: Databases = mortal.databases if mortal else request.getfixturevalue("databases")
    target = (
        databases.clone("sampled", load_sample)
        if death.way == "up"
        else databases.clone("migrated", load_and_migrate_sample)
    )

    if mortal:
        mortal.checkpoint()
    ended = die(target, death, undisturbed, mortal.postmaster if mortal else None)

    # the last statements may be through before the server has noticed that it dies
    assert ended in ((1, 0) if mortal else (-signal.SIGKILL,))
    if mortal:
        target = mortal.recover(target.dbname)
    with connect(target, "test") as conn:
        if death.way == "up":
            migration.up(conn)
            assert differences(undisturbed.migrated, end_state(conn)) == []
            assert all(not v.offenders for v in migration.verify(conn))
        else:
            assert migration.down(conn).left_alone == ()
            assert differences(undisturbed.legacy, app_tables(conn)) == []
    databases.drop(target.dbname)


def die(target: Target, death: Death, undisturbed: Undisturbed, postmaster: int | None) -> int:
    """Migrate in a process of its own until the death; return its exit status."""
    path = os.pathsep.join([str(HERE.parents[1] / "scripts"), str(HERE.parent)])
    statement = 1 + int(death.part * undisturbed.statements[death.way])
    command = [sys.executable, str(HERE / "resumable.py"), target.conninfo, death.way]
    command += [f"--batch-size={BATCH_SIZE}"]
    command += [f"--boundary={death.boundary}"] if death.boundary else []
    command += [] if death.boundary else [f"--statement={statement}", f"--delay={death.delay}"]
    command += [f"--postmaster={postmaster}"] if postmaster else []
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, stderr=subprocess.DEVNULL).returncode


def test_a_connection_that_is_cut_leaves_what_was_committed(
    make_database: MakeDatabase, undisturbed: Undisturbed
) -> None:
    target = make_database("sampled", load_sample)
    with connect(target, "test") as conn, connect(target, "other") as other:
        batches = 0

        def cut(progress: object) -> None:
            nonlocal batches
            batches += 1
            if batches == 40:
                other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

        with pytest.raises(psycopg.OperationalError):
            migration.up(conn, batch_size=60, report=cut)

    with connect(target, "test") as conn:
        migration.up(conn)
        assert differences(undisturbed.migrated, end_state(conn)) == []
