from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from earnings_pipeline import migration
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from migration.support import app_tables, differences, end_state, load_sample, one

HERE = Path(__file__).parent
# Some 90 batches of 45 bookings.
MOMENTS = (1, 7, 14, 22, 31, 40, 55, 63, 71, 80)


@pytest.fixture(scope="module")
def expected(databases) -> list[str]:  # type: ignore[no-untyped-def]
    target = databases.clone("migration_sampled", load_sample)
    with connect(target, "test") as conn:
        migration.up(conn)
        return end_state(conn)


def up_killed(target: Target, place: str, moment: int) -> int:
    address = make_conninfo("", **target.parameters)
    path = os.pathsep.join([str(HERE.parents[1] / "scripts"), str(HERE.parent)])
    command = [sys.executable, str(HERE / "resumable.py"), address, place, str(moment)]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.mark.parametrize("place", ["between", "inside"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_run_again_it_ends_in_the_same_state(
    sampled: Target, expected: list[str], place: str, moment: int
) -> None:
    assert up_killed(sampled, place, moment) == -signal.SIGKILL

    with connect(sampled, "test") as conn:
        migration.up(conn)
        assert differences(expected, end_state(conn)) == []
        assert all(not v.offenders for v in migration.verify(conn))


def test_killed_on_the_way_down_it_goes_on_down(sampled: Target) -> None:
    with connect(sampled, "test") as conn:
        before = app_tables(conn)
        migration.up(conn)
    with connect(sampled, "test") as doomed:
        batches = 0

        def interrupt(progress: object) -> None:
            nonlocal batches
            batches += 1
            if batches == 12:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            migration.down(doomed, batch_size=50, report=interrupt)

    with connect(sampled, "test") as conn:
        assert "reverting" in {s.state for s in migration.status(conn)} or one(
            conn, "select count(*) from earnings_migration.row_changes where reverted_at is null"
        )
        migration.down(conn)
        assert differences(before, app_tables(conn)) == []


def test_a_connection_that_is_cut_leaves_what_was_committed(
    sampled: Target, expected: list[str]
) -> None:
    with connect(sampled, "test") as conn, connect(sampled, "other") as other:
        batches = 0

        def cut(progress: object) -> None:
            nonlocal batches
            batches += 1
            if batches == 40:
                other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])

        with pytest.raises(psycopg.OperationalError):
            migration.up(conn, batch_size=60, report=cut)

    with connect(sampled, "test") as conn:
        migration.up(conn)
        assert differences(expected, end_state(conn)) == []
