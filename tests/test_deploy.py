"""The units and the crontab under deploy/ call commands that exist, and work as they stand."""

from __future__ import annotations

import configparser
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from conftest import Databases, build_sample
from earnings_pipeline.cli import app
from earnings_pipeline.database import connect
from earnings_pipeline.jobs import JOBS
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target

SYSTEMD = ROOT / "deploy" / "systemd"
CRONTAB = ROOT / "deploy" / "cron" / "crontab"
CRON_JOB = ROOT / "deploy" / "cron" / "earnings-job"
HOME = "/opt/earnings"
ADDRESS = re.compile(r"postgres(?:ql)?://|PGPASSWORD|PGHOST|DATABASE_URL\s*=|--database-url")


class Unit(configparser.RawConfigParser):
    """A systemd unit: keys may repeat, so every value is kept, one per line."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, dict_type=Repeating, comment_prefixes=("#",))
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read(path, encoding="utf-8")


class Repeating(dict[str, Any]):
    def __setitem__(self, key: str, value: Any) -> None:
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def services() -> list[Path]:
    return sorted(SYSTEMD.glob("*.service"))


def timers() -> list[Path]:
    return sorted(SYSTEMD.glob("*.timer"))


def commands_of_units() -> list[list[str]]:
    """The arguments of scripts/earnings in every ExecStart that a timer leads to."""
    found = []
    for timer in timers():
        unit = Unit(timer)["Timer"]["Unit"]
        name, _, instance = unit.removesuffix(".service").partition("@")
        file = SYSTEMD / (f"{name}@.service" if instance else unit)
        for line in Unit(file)["Service"]["ExecStart"].splitlines():
            program, *words = line.replace("%i", instance).split()
            assert program == f"{HOME}/scripts/earnings"
            found.append(words)
    return found


def lines_of_cron() -> list[str]:
    lines = CRONTAB.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# ") for line in lines if re.match(r"(# )?[\d*]\S* ", line)]


def commands_of_cron() -> list[list[str]]:
    found = []
    for line in lines_of_cron():
        program, *words = line.split()[5:]
        assert program == f"{HOME}/deploy/cron/earnings-job"
        found.append(words)
    return found


@pytest.mark.parametrize("words", [*commands_of_units(), *commands_of_cron()], ids=" ".join)
def test_every_scheduled_command_is_one_of_the_program(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]

    assert not hasattr(command, "commands"), "it stops at a group of commands"
    command.make_context(command.name, rest)


def test_units_and_crontab_schedule_the_same_commands_and_every_job() -> None:
    assert sorted(commands_of_units()) == sorted(commands_of_cron())
    assert {words[2] for words in commands_of_units() if words[0] == "jobs"} == set(JOBS)


def test_payouts_are_the_one_line_of_the_crontab_that_waits_for_a_decision() -> None:
    waiting = [line for line in CRONTAB.read_text().splitlines() if re.match(r"# [\d*]\S* ", line)]

    assert [line.split()[-1] for line in waiting] == ["payouts"]


@pytest.mark.parametrize("path", services(), ids=lambda path: path.name)
def test_a_service_runs_once_at_a_time_and_finds_its_database_in_a_file(path: Path) -> None:
    service = Unit(path)["Service"]

    assert service["Type"] == "oneshot"
    assert service["EnvironmentFile"] == "/etc/earnings/environment"
    assert service["TimeoutStartSec"] != "infinity"
    assert "SuccessExitStatus" not in service
    assert not any(line.startswith("-") for line in service["ExecStart"].splitlines())


@pytest.mark.parametrize("path", [*SYSTEMD.iterdir(), CRONTAB], ids=lambda path: path.name)
def test_no_unit_holds_an_address(path: Path) -> None:
    assert ADDRESS.findall(path.read_text(encoding="utf-8")) == []


def test_the_units_and_files_that_the_guide_names_exist() -> None:
    guide = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")

    units = set(re.findall(r"earnings-[\w-]+@?\.(?:service|timer)", guide))
    assert {path.name for path in SYSTEMD.iterdir()} == units
    files = re.findall(rf"{HOME}/(\w[\w./-]+)", guide)
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    # where this checkout lies may hold a space, which a unit would have to escape
    checkout, units = tmp_path / "checkout", tmp_path / "units"
    checkout.symlink_to(ROOT)
    units.mkdir()
    for path in SYSTEMD.iterdir():
        text = path.read_text(encoding="utf-8").replace(HOME, str(checkout))
        (units / path.name).write_text(text, encoding="utf-8")

    verified = subprocess.run(
        ["systemd-analyze", "verify", *sorted(units.iterdir())],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    ours = [line for line in verified.stderr.splitlines() if "earnings" in line]
    assert (verified.returncode, ours) == (0, [])


@pytest.fixture
def environment(tmp_path: Path, engine_copy: Target) -> Iterator[Path]:
    """The example of an environment file, with the address of a role that may only run jobs."""
    role = f"earnings_test_jobs_{os.getpid()}"
    address = f"postgresql://{role}:it%27s%20%24HOME@{engine_copy.host}:{engine_copy.port}"
    with connect(engine_copy, "test") as conn:
        conn.execute(f"create role {role} login password 'it''s $HOME' in role earnings_operator")
    example = (ROOT / "deploy" / "environment.example").read_text(encoding="utf-8")
    path = tmp_path / "environment"
    path.write_text(re.sub(r"'.*'", f"'{address}/{engine_copy.dbname}'", example))
    yield path
    with connect(engine_copy, "test") as conn:
        conn.execute(f"drop owned by {role}")
        conn.execute(f"drop role {role}")


def run_by_cron(environment: Path, locks: Path, words: list[str]) -> tuple[int, str]:
    """Run a line of the crontab as cron does, with next to nothing in the environment."""
    done = subprocess.run(
        [CRON_JOB, *words],
        env={
            "PATH": os.environ["PATH"],
            "EARNINGS_ENVIRONMENT": str(environment),
            "EARNINGS_LOCKS": str(locks),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def in_use(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> tuple[Target, Path]:
    """A database with all marts, and an environment file with the address of its owner."""
    target = databases.clone("built", build_sample(databases))
    path = tmp_path_factory.mktemp("deploy") / "environment"
    path.write_text(f"DATABASE_URL='{target.url()}'\n", encoding="utf-8")
    return target, path


def test_a_scheduled_build_says_nothing_unless_it_finds_a_row_and_then_names_it(
    in_use: tuple[Target, Path], tmp_path: Path
) -> None:
    target, environment = in_use
    report = tmp_path / "report.html"
    (words,) = [words[:-1] for words in commands_of_cron() if "tag:hourly" in words]
    assert words[-1] == "--output"

    assert run_by_cron(environment, tmp_path, [*words, str(report)]) == (0, "")
    assert report.exists()

    breakage = (ROOT / "tests" / "breakages" / "balances_are_true.sql").read_text(encoding="utf-8")
    with connect(target, "test") as conn:
        conn.execute("set session_replication_role = replica")
        ((practitioner_id,),) = conn.execute(breakage.encode()).fetchall()
    # no model of this build reads the balance: the check alone finds it
    small = ["build", "--select", "release_schedule", "--output", str(report)]
    code, said = run_by_cron(environment, tmp_path, small)

    assert code == 1, said
    assert "0 tests with findings" in said
    assert "FAILS balances_are_true" in said
    assert f"practitioner {practitioner_id}: " in said


def test_the_schedule_tells_when_neither_jobs_nor_builds_run(
    in_use: tuple[Target, Path], tmp_path: Path
) -> None:
    target, environment = in_use
    (words,) = [words for words in commands_of_cron() if words[0] == "dbt"]
    with connect(target, "test") as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("update bookings_booking set updated_at = now() - interval '6 days'")
        conn.execute("update payments_order set updated_at = now()")
        conn.execute("update payments_earningstransaction set updated_at = now()")
        assert run_by_cron(environment, tmp_path, words) == (0, "")

        conn.execute("update earnings.heartbeats set beaten_at = beaten_at - interval '25 hours'")
        code, said = run_by_cron(environment, tmp_path, words)

    assert code == 1, said
    assert set(re.findall(r"ERROR STALE freshness of (\S+)", said)) == {"earnings.heartbeats"}
    assert "WARN freshness of marketplace.bookings_booking" in said


def test_every_job_runs_as_a_member_of_earnings_operator_and_says_nothing(
    environment: Path, tmp_path: Path
) -> None:
    for words in commands_of_cron():
        if words[0] == "jobs":
            code, said = run_by_cron(environment, tmp_path, words)
            assert (code, said) == (0, ""), f"{words}: {said}"


def test_a_job_that_fails_says_so_with_its_exit_code(environment: Path, tmp_path: Path) -> None:
    code, said = run_by_cron(environment, tmp_path, ["jobs", "run", "nothing"])
    assert code == 2
    assert "scripts/earnings jobs run nothing ended with 2" in said

    environment.write_text("DATABASE_URL=\n", encoding="utf-8")
    code, said = run_by_cron(environment, tmp_path, ["jobs", "run", "release"])
    assert code == 1
    assert "DATABASE_URL" in said

    code, said = run_by_cron(tmp_path / "missing", tmp_path, ["jobs", "run", "release"])
    assert code == 1
    assert "missing" in said


def test_a_command_that_still_runs_is_not_started_again(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    environment.write_text("DATABASE_URL='postgresql://nobody@127.0.0.1:1/none'\n")
    with (tmp_path / "jobs-run-release").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run_by_cron(environment, tmp_path, ["jobs", "run", "release"]) == (0, "")

    assert run_by_cron(environment, tmp_path, ["jobs", "run", "release"])[0] == 3
