"""Make .venv hold exactly what a lock file says; runs before any dependency is there.

The lock file is copied into .venv once everything it names is installed, so an interrupted
set-up is taken up again by the next one.  Addresses of package registries are never printed.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUPERSETS = {
    "requirements-metrics.lock": ["requirements.lock"],
    "requirements-test.lock": ["requirements.lock", "requirements-metrics.lock"],
}
ADDRESS = re.compile(r"\w+://\S+")
RESERVED_VARIABLES = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV",
)


class SetUpFailed(Exception):
    """Say what stands in the way of a usable .venv, and what to do about it."""


def set_up(root: Path, lock_name: str) -> None:
    """Create or complete `root`/.venv, one process at a time."""
    venv = root / ".venv"
    (root / ".earnings").mkdir(exist_ok=True)
    with (root / ".earnings" / "setup.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        wanted = (root / lock_name).read_text()
        stamp = venv / lock_name
        if stamp.exists() and stamp.read_text() == wanted:
            return
        started = time.monotonic()
        if not works(venv):
            create(venv)
        install(venv, root / lock_name)
        for name in [lock_name, *SUPERSETS.get(lock_name, [])]:
            unfinished = venv / f"{name}.new"
            shutil.copyfile(root / name, unfinished)
            unfinished.rename(venv / name)
        say(f"dependencies installed in {time.monotonic() - started:.0f} s\n")


def works(venv: Path) -> bool:
    python = venv / "bin" / "python"
    if not python.exists():
        return False
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-I", "-c", check], capture_output=True).returncode == 0


def create(venv: Path) -> None:
    uv = shutil.which("uv")
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    elif uv:
        command = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)]
    else:
        raise SetUpFailed(
            f"{sys.executable} makes no virtual environments: its venv or ensurepip is missing.\n"
            "  Debian, Ubuntu:  apt-get install python3-venv\n"
            "  or install uv, which needs neither"
        )
    say("making .venv ...")
    made = subprocess.run(command, capture_output=True, text=True, env=environment())
    if made.returncode != 0:
        raise SetUpFailed(f"could not make {venv}:\n{tail(made.stdout + made.stderr)}")


def install(venv: Path, lock: Path) -> None:
    """Install with uv where it is there, and with pip where it is not or fails."""
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--no-input", "--require-hashes", "-r", str(lock)]
    commands = [pip] if (venv / "bin" / "pip").exists() else []
    if uv := shutil.which("uv"):
        options = ["--quiet", "--python", python, "--require-hashes", "-r", str(lock)]
        commands.insert(0, [uv, "pip", "install", *options])
    for command in commands:
        status, output = run_with_progress(command, venv, lock)
        if status == 0:
            return
    raise SetUpFailed(
        f"the dependencies of {lock.name} could not be installed:\n{tail(output)}\n"
        "What is installed so far is kept: run the same command again to go on."
    )


def run_with_progress(command: list[str], venv: Path, lock: Path) -> tuple[int, str]:
    """Run an installer, counting what it has fetched and what has arrived in site-packages."""
    total = len(re.findall(r"^[A-Za-z0-9]", lock.read_text(), flags=re.MULTILINE))
    with tempfile.TemporaryFile("w+") as log:
        installer = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment()
        )
        shown = -1.0
        try:
            while installer.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - shown > (1 if sys.stderr.isatty() else 10):
                    shown = time.monotonic()
                    say(progress(os.pread(log.fileno(), 1 << 22, 0).decode(), venv, total))
        finally:
            if installer.poll() is None:
                installer.terminate()
                installer.wait()
        return installer.returncode, os.pread(log.fileno(), 1 << 22, 0).decode()


def progress(output: str, venv: Path, total: int) -> str:
    installed = len(list(venv.glob("lib/python*/site-packages/*.dist-info")))
    fetched = len(re.findall(r"^Collecting ", output, flags=re.MULTILINE))
    if "Installing collected packages" in output or installed > fetched + 5:
        return f"installing dependencies: {min(installed, total)} of {total} ..."
    return f"fetching dependencies: {min(fetched, total)} of {total} ..."


def environment() -> dict[str, str]:
    settings = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    kept = {name: value for name, value in os.environ.items() if name not in RESERVED_VARIABLES}
    return kept | settings


def tail(output: str) -> str:
    lines = [ADDRESS.sub("<address>", line) for line in output.strip().splitlines()]
    return "\n".join(f"  {line}" for line in lines[-8:])


def say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text.rstrip("\n"), file=sys.stderr, flush=True)


def main() -> int:
    try:
        set_up(Path(sys.argv[1]), sys.argv[2])
    except SetUpFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
