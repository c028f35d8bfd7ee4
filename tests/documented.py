"""Run the commands of a page of docs/ as they stand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from earnings_pipeline import embedded

ROOT = Path(__file__).resolve().parents[1]


def environment(**variables: str) -> dict[str, str]:
    """The environment of who has these variables, and PostgreSQL's programs on PATH."""
    programs = f"{embedded.binaries()}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **variables, "PATH": programs}


def commands(page: str, section: str) -> list[str]:
    """The lines of a section's shell blocks; `section` is its title, whatever its level."""
    text = (ROOT / "docs" / page).read_text()
    [body] = re.findall(rf"^##+ {section}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"```sh\n(.*?)```", body, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run one in a folder, as if the checkout were there, and return what it prints."""
    command = re.sub(r"\b(?=scripts/earnings |sql/)", f"{shlex.quote(str(ROOT))}/", command)
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout
