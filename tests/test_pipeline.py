import json
import os
import signal
import subprocess
import sys
import time

import pytest

from earnings_pipeline import building, checks, pipeline, sqlfiles
from earnings_pipeline.database import connect
from migration.support import end_state

STAGES = {
    "migrate up": "select count(*) >= 12 from earnings_migration.steps where state = 'done'",
    "jobs": "select count(*) > 0 from earnings.completions",
    "dbt build": "select to_regclass('finance.practitioner_balances') is not null",
}

SMALL = ["release_schedule"]
SNAPSHOTS_KEPT = (
    "select application_name, query from pg_stat_activity where datname = current_database() "
    "and state = 'idle in transaction' and backend_xmin is not null"
)


@pytest.fixture(scope="module")
def run_through(databases):
    """A database with the small sample after one whole run, and what that run printed."""
    from conftest import load_sample

    target = databases.clone("sampled", load_sample)
    done = run(target, "--json")
    assert done.returncode == 0, done.stderr
    return target, json.loads(done.stdout)


def command(target, *arguments):
    return [
        *(sys.executable, "-m", "earnings_pipeline", "run", "--yes"),
        *("--database-url", target.url(), *arguments),
    ]


def run(target, *arguments):
    return subprocess.run(
        command(target, *arguments), env=environ(), capture_output=True, text=True, check=False
    )


def environ():
    return os.environ | {"PYTHONPATH": str(sqlfiles.ROOT / "scripts")}


def test_a_run_ends_with_right_earnings_and_a_report(run_through):
    target, summary = run_through

    assert all(check["offender_count"] == 0 for check in summary["checks"])
    assert all(result["ok"] for result in summary["marts"])
    assert sum(summary["migrated_rows"].values()) > 100
    assert [job["job"] for job in summary["jobs"]] == list(pipeline.JOBS)
    page = pipeline.report_path(target).read_text()
    assert page.lower().startswith("<!doctype html>")


def test_the_money_that_a_run_prints_is_what_the_ledger_holds(run_through):
    target, summary = run_through

    with connect(target, "test") as conn:
        ledger = conn.execute(
            "select currency, status, count(*), sum(net_amount_cents) "
            "from public.payments_earningstransaction group by 1, 2"
        ).fetchall()

    printed = {tuple(money.values()) for money in summary["money"]}
    assert printed == set(ledger)


def test_a_second_run_builds_nothing_and_writes_nothing_but_heartbeats(run_through):
    target, _ = run_through
    before = written(target)

    done = run(target, "--json")

    summary = json.loads(done.stdout)
    assert done.returncode == 0
    assert summary["build"] is None
    assert summary["migrated_rows"] == {}
    assert written(target) == before


def test_a_run_builds_again_when_a_row_has_changed(run_through):
    target, _ = run_through
    with connect(target, "test") as conn:
        assert pipeline.is_unchanged(conn, target)

        conn.execute("update practitioners_practitioner set bio = bio where id = 1")

        assert not pipeline.is_unchanged(conn, target)


def test_a_run_that_is_killed_at_any_stage_ends_in_the_same_state(run_through, sampled):
    whole, _ = run_through

    for stage, is_reached in STAGES.items():
        assert kill_once(sampled, is_reached), f"the run was over before {stage}"
    done = run(sampled)

    assert done.returncode == 0, done.stderr
    assert state(sampled) == state(whole)


def test_a_second_build_is_refused_while_the_first_is_still_judged(built_copy, tmp_path):
    with connect(built_copy, "test") as conn:
        conn.execute("update marts_a.session_values set session_value_cents = -1")
        refused, kept = [], []

        def build_once_more(progress):
            if progress.task == checks.TASK and not refused:
                with pytest.raises(building.BuildRefused, match="another build is running"):
                    pipeline.build(built_copy, SMALL, output=tmp_path / "second.html")
                with pytest.raises(building.BuildRefused, match="another build is running"):
                    building.run_dbt(built_copy, ["run"])
                refused.append(progress.note)
                kept.extend(conn.execute(SNAPSHOTS_KEPT).fetchall())

        judged = pipeline.build(
            built_copy, SMALL, output=tmp_path / "first.html", report=build_once_more
        )

    assert refused
    assert kept == []
    assert [path.name for path in tmp_path.iterdir()] == ["first.html"]
    # dbt and the checks find nothing: what is not as expected is reason enough
    assert judged.build.ok
    assert all(result.ok for result in judged.checks)
    assert judged.exit_code == 1


def kill_once(target, is_reached):
    """Start a run and kill -9 it as soon as the query says that the stage is reached."""
    started = subprocess.Popen(
        command(target), env=environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with connect(target, "test") as conn:
        while started.poll() is None:
            if holds(conn, is_reached):
                started.send_signal(signal.SIGKILL)
                started.wait()
                return True
            time.sleep(0.02)
    return False


def holds(conn, question):
    """Ask about tables that may not be there yet."""
    import psycopg

    try:
        return conn.execute(question).fetchone()[0]
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return False


def state(target):
    """What a run has made of a marketplace, without the ids and moments that it chose."""
    questions = (
        "select booking_id, slot_number, amount_cents from earnings.session_slots",
        "select step, state, row_count from earnings_migration.steps",
        "select practitioner_id, currency, available_cents from finance.practitioner_balances",
    )
    with connect(target, "test") as conn:
        found = [sorted(map(str, conn.execute(question).fetchall())) for question in questions]
        return [sorted(end_state(conn)), *found]


def written(target):
    """How often rows of each table were written, as the server counts it."""
    with connect(target, "test") as conn:
        conn.execute("select pg_stat_force_next_flush()")
        return conn.execute(
            "select schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables "
            "where relname <> 'heartbeats' order by 1, 2"
        ).fetchall()
