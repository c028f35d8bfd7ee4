import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import typer
from psycopg import sql
from typer.testing import CliRunner

from earnings_pipeline import cli, sqlfiles
from earnings_pipeline.database import connect

COMMANDS = [
    *("", "doctor", "install", "status", "uninstall", "check", "build", "explain", "report", "run"),
    *("bench", "compare", "dbt", "metrics"),
    *("migrate", "migrate plan", "migrate up", "migrate down", "migrate status"),
    *("migrate verify", "migrate contract", "jobs", "jobs run"),
    *("server", "server start", "server stop", "server status", "server remove"),
    "server environment",
]


def earnings(*arguments, target=None, environ=None):
    """Run the command line as a shell would, without a terminal."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    variables.pop("DATABASE_URL", None)
    variables |= {"PYTHONPATH": str(sqlfiles.ROOT / "scripts"), "COLUMNS": "100"}
    url = ["--database-url", target.url()] if target else []
    return subprocess.run(
        [sys.executable, "-m", "earnings_pipeline", *arguments, *url],
        env=variables | (environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = CliRunner().invoke(cli.app, [*command.split(), "--help"], prog_name="scripts/earnings")

    assert done.exit_code == 0
    assert f"Usage: scripts/earnings {command}".rstrip() in done.stdout


def test_no_command_is_without_a_test():
    found = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    for group in cli.app.registered_groups:
        found.add(group.name)
        for command in group.typer_instance.registered_commands:
            found.add(f"{group.name} {command.name}")

    assert found == set(COMMANDS) - {""}


def test_help_loads_nothing_slow():
    variables = os.environ | {"PYTHONPATH": str(sqlfiles.ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "earnings_pipeline", "--help"],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    slow = {"psycopg", "dbt", "great_expectations", "altair", "pandas", "vl_convert", "jinja2"}
    assert not loaded & slow


@pytest.mark.parametrize(
    "arguments",
    [["bill"], ["jobs", "run", "bill"], ["doctor", "--colour"], ["jobs", "run"], ["explain", "x"]],
)
def test_wrong_usage_ends_with_2_and_points_to_the_help(arguments):
    done = earnings(*arguments)

    assert done.returncode == 2
    assert "--help" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 21:14",
        "2026-11-22T21:14",
        "2026-11-22 21:14:00+00",
        "2026-11-22T22:14:00.000+01:00",
        "2026-11-22T21:14Z",
        "2026-11-22 21:14:00 UTC",
    ],
)
def test_a_moment_is_read_as_it_is_printed(text):
    assert cli.moment(text) == datetime(2026, 11, 22, 21, 14, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "22.11.2026", "2026-11-22 25:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(typer.BadParameter):
        cli.moment(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "1", "--as-of", "yesterday"],
        ["jobs", "run", "release", "--as-of", "yesterday"],
        ["jobs", "run", "complete", "--ended-after", "yesterday"],
    ],
)
def test_a_command_says_how_a_moment_is_given(arguments):
    done = earnings(*arguments)

    assert done.returncode == 2
    assert "give a moment such as 2026-01-31 or 2026-01-31T12:00 (UTC)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["doctor"], ["check"], ["run", "--yes"], ["build"]])
def test_a_wrong_address_is_one_clear_message(command):
    done = earnings(*command, "--database-url", "shop")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: --database-url is not an address")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["doctor"], ["check"], ["run", "--yes"], ["build"]])
def test_a_server_that_does_not_answer_is_one_clear_message(command):
    url = "postgresql://ann:hunter2@127.0.0.1:1/shop"

    done = earnings(*command, environ={"DATABASE_URL": url})

    assert done.returncode == 3
    assert "no server answers there" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_ends_with_0_on_the_apps_database_and_with_1_on_another(marketplace, empty_database):
    assert earnings("doctor", target=marketplace).returncode == 0

    done = earnings("doctor", target=empty_database)
    assert done.returncode == 1
    assert "not the app's database" in done.stdout


def test_json_is_all_there_is_on_stdout(marketplace):
    done = earnings("doctor", "--json", target=marketplace)

    findings = json.loads(done.stdout)
    assert {finding["severity"] for finding in findings} == {"ok"}


def test_a_check_of_what_has_changed_says_what_it_was_put_to(migrated):
    done = earnings("check", "--since", "1day", target=migrated)
    assert done.returncode == 0, done.stdout
    assert re.search(r"put to what has changed: \d+ bookings, \d+ earnings, ", done.stdout)

    refused = earnings("check", "--since", "yesterday", target=migrated)
    assert refused.returncode == 2
    assert "yesterday is no length of time" in refused.stderr


def test_run_says_why_another_database_is_refused_and_writes_nothing(empty_database):
    before = contents(empty_database)

    done = earnings("run", "--yes", target=empty_database)

    assert done.returncode == 3
    assert "not the app's database" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(empty_database) == before


def test_run_without_a_confirmation_writes_nothing(sampled):
    before = contents(sampled)

    done = earnings("run", target=sampled)

    assert done.returncode == 2
    assert "nothing was written: to run the pipeline, a confirmation is needed" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(sampled) == before


def test_the_sample_is_never_loaded_into_a_database_that_was_named(marketplace):
    done = earnings("run", "--yes", "--bookings", "300", target=marketplace)

    assert done.returncode == 2
    assert "--bookings and --seed are for the sample" in done.stderr


def test_where_nothing_was_migrated_nothing_is_undone(marketplace):
    down = earnings("migrate", "down", "--yes", target=marketplace)
    revert = earnings("migrate", "contract", "--revert", "--yes", target=marketplace)

    assert (down.returncode, down.stdout) == (0, "there is nothing to undo\n")
    assert (revert.returncode, revert.stdout) == (0, "there is nothing to revert\n")


def contents(target):
    """What a database holds: its schemas, columns, triggers, functions and the app's rows."""
    with connect(target, "test") as conn:
        lines = conn.execute((sqlfiles.ROOT / "tests" / "contents.sql").read_text()).fetchall()
        tables = conn.execute("select tablename from pg_tables where schemaname = 'public'")
        checksum = (
            "select md5(string_agg(entry::text, '' order by entry.id)) from public.{} as entry"
        )
        for (table,) in tables.fetchall():
            lines += conn.execute(sql.SQL(checksum).format(sql.Identifier(table))).fetchall()
    return lines
