"""docs/rollback.md, run as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

import documented
from conftest import MakeDatabase, load_sample
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from migration.support import lines

# There is no systemd where tests run; tests/test_deploy.py looks at its units.
NOT_HERE = ("systemctl",)


@pytest.fixture
def operator(make_database: MakeDatabase, tmp_path: Path) -> tuple[Target, Path, dict[str, str]]:
    """A marketplace, a folder for what is written, and the environment."""
    target = make_database("sampled", load_sample)
    return target, tmp_path, documented.environment(DATABASE_URL=target.url())


def follow(operator: tuple[Target, Path, dict[str, str]], section: str) -> None:
    _, folder, environment = operator
    for command in documented.commands("rollback.md", section):
        if not command.startswith(NOT_HERE):
            documented.run(command, folder, environment)


def test_undoing_gives_the_tables_back_and_migrating_again_ends_as_before(
    operator: tuple[Target, Path, dict[str, str]],
) -> None:
    follow(operator, "Before migrating")
    follow(operator, "Start again")
    migrated = end_state(operator)

    follow(operator, "Undo")
    follow(operator, "Start again")

    assert end_state(operator) == migrated


def test_restoring_gives_the_tables_back(
    operator: tuple[Target, Path, dict[str, str]],
) -> None:
    follow(operator, "Before migrating")
    follow(operator, "Start again")

    follow(operator, "Restore")


def end_state(operator: tuple[Target, Path, dict[str, str]]) -> list[str]:
    with connect(operator[0], "test") as conn:
        return lines(conn, "end_state")
