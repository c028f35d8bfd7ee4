"""What the documentation names exists: commands, options, jobs, paths, exit codes."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from typing import Any

import pytest
import typer

from earnings_pipeline import errors
from earnings_pipeline.cli import FINDINGS, INTERRUPTED, app
from earnings_pipeline.jobs import JOBS
from earnings_pipeline.sqlfiles import ROOT

GUIDES = ("README.md", "CONTRIBUTING.md")
FOLDERS = r"docs|models|macros|scripts|seeds|sql|tests|\.ci"
PATH = re.compile(rf"(?<![\w./-])((?:{FOLDERS})/[\w./<>-]*|[\w-]+\.(?:toml|lock))")
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"scripts/(?:earnings|run)\b(?![_/])[^\n`;|&#]*")
EXECUTABLE = re.compile(r"(?<![\w/])(scripts/\w+|\.ci/run)\b(?!/)")
OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|Users|tmp|opt|mnt|var)/|file://")


@cache
def documents() -> dict[str, str]:
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sql/**/*.md")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}


def shown_commands() -> list[tuple[str, str]]:
    return sorted(
        {
            (name, line.strip())
            for name, text in documents().items()
            for line in COMMAND.findall(text)
        }
    )


def called(line: str) -> tuple[Any, list[str]]:
    """Return the command that a line calls, and the words that come after its name."""
    program, *words = re.sub(r"[\"'.,:)]+( |$)", " ", line).split()
    words = ["run", *words] if program == "scripts/run" else words
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    return command, words


def test_the_guides_show_commands():
    assert {name for name, _ in shown_commands()} >= set(GUIDES)


@pytest.mark.parametrize(("name", "line"), shown_commands())
def test_every_command_shown_exists_with_its_options(name, line):
    command, words = called(line)

    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options | {"--help"}
    is_sentence = name not in GUIDES or line in ("scripts/run", "scripts/earnings")
    assert is_sentence or not hasattr(command, "commands"), "it stops at a group of commands"
    if command.name == "run" and line.startswith("scripts/earnings jobs run"):
        assert words[0] in JOBS


def test_every_option_that_the_readme_recommends_exists():
    def options(command: Any) -> set[str]:
        found = {option for parameter in command.params for option in parameter.opts}
        return found.union(*map(options, getattr(command, "commands", {}).values()))

    recommended = set(re.findall(r"`(--[\w-]+)", documents()["README.md"]))
    assert recommended
    assert recommended <= options(typer.main.get_command(app))


@pytest.mark.parametrize("name", sorted(documents()))
def test_every_path_named_exists(name):
    text = documents()[name]
    near = [ROOT, (ROOT / name).parent, ROOT / "scripts" / "earnings_pipeline"]
    links = {link.partition("#")[0] for link in LINK.findall(text) if "://" not in link}
    paths = {path.rstrip("/.") for path in PATH.findall(text)}
    made_up = {path for path in paths if re.search(r"[<>]|NNN", path)}

    assert [link for link in links if link and not (near[1] / link).exists()] == []
    missing = [
        path for path in paths - made_up if not any((start / path).exists() for start in near)
    ]
    assert missing == []


@pytest.mark.parametrize("name", sorted(documents()))
def test_no_document_mentions_a_path_of_a_machine(name):
    assert OF_A_MACHINE.findall(documents()[name]) == []


def test_the_exit_codes_are_those_of_the_program():
    (line,) = re.findall(r"^0 fine.*$", documents()["README.md"], flags=re.MULTILINE)

    assert f"{FINDINGS} there are findings" in line
    assert f"{errors.WrongUsage.exit_code} wrong usage" in line
    assert f"{errors.DatabaseRefused.exit_code} the database refused" in line
    assert f"{INTERRUPTED} interrupted" in line


def test_every_executable_named_in_the_guides_can_be_executed():
    shown = {found for guide in GUIDES for found in EXECUTABLE.findall(documents()[guide])}

    assert shown >= {"scripts/run", "scripts/test", "scripts/lint", "scripts/earnings", ".ci/run"}
    for name in shown:
        assert (ROOT / name).stat().st_mode & 0o111, name
        subprocess.run(["bash", "-n", ROOT / name], check=True)
