"""docs/scaling.md, run as it stands: the models on a second server that follows the first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

import documented
from earnings_pipeline import building, embedded, jobs
from earnings_pipeline.database import connect
from earnings_pipeline.progress import silent
from earnings_pipeline.sample import AS_OF
from earnings_pipeline.target import Target

MARTS = ("earnings_transitions", "practitioner_balances", "session_values")
PATIENCE = 60


@dataclass(frozen=True)
class Pair:
    """A migrated marketplace and the server that follows it."""

    primary: Target
    replica: Target
    folder: Path

    def follow(self, section: str) -> str:
        environment = documented.environment(
            DATABASE_URL=self.primary.url(), REPLICA_URL=self.replica.url()
        )
        commands = documented.commands("scaling.md", section)
        return "".join(documented.run(line, self.folder, environment) for line in commands)


@pytest.fixture
def pair(migrated: Target, tmp_path: Path) -> Iterator[Pair]:
    server = embedded.Server(state=tmp_path / "replica", is_throw_away=True)
    found = Pair(migrated, server.start(), tmp_path)
    try:
        yield found
    finally:
        server.remove()
        with connect(migrated, "test") as conn:
            for (slot,) in conn.execute(
                "select slot_name from pg_replication_slots where database = current_database()"
            ).fetchall():
                conn.execute("select pg_drop_replication_slot(%s)", [slot])


def arrived(replica: psycopg.Connection, moment: object) -> bool:
    """Wait until all that was final at a moment is there."""
    ask = "select coalesce(earnings.final_until() >= %s, false)"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if replica.execute(ask, [moment]).fetchone() == (True,):
            return True
        time.sleep(0.1)
    return False


def rows_of(conn: psycopg.Connection, mart: str) -> list[str]:
    found = conn.execute(f"select to_jsonb(m)::text from finance.{mart} as m order by 1")  # noqa: S608
    return [row for (row,) in found]


def test_marts_that_are_built_on_a_replica_are_those_of_the_primary(pair: Pair) -> None:
    pair.follow("Set up")
    with connect(pair.primary, "test") as primary, connect(pair.replica, "test") as replica:
        jobs.run(primary, "complete", as_of=AS_OF, report=silent)
        [(moment,)] = primary.execute("select clock_timestamp()").fetchall()
        primary.execute("select earnings.beat()")
        primary.execute("select earnings.beat()")
        assert arrived(replica, moment)
        replica.execute("select earnings.beat()")
        [(watermark,)] = replica.execute("select earnings.watermark()").fetchall()
        said = "select max(final_until), count(*) from earnings.heartbeats"
        assert replica.execute(said).fetchall() == primary.execute(said).fetchall()
        assert primary.execute(said).fetchall()[0][0] == watermark

        assert "behind" in pair.follow("Look at the lag")
        for target in (pair.primary, pair.replica):
            assert building.build(target, [f"+{mart}" for mart in MARTS]).ok

        assert {mart: rows_of(replica, mart) for mart in MARTS} == {
            mart: rows_of(primary, mart) for mart in MARTS
        }
    pair.follow("Take it away")
