"""A server of its own with the settings of production, and databases in the states to measure."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from earnings_pipeline import embedded, migration, sample, sqlfiles
from earnings_pipeline.bench.measuring import Sample
from earnings_pipeline.bench.multiplying import multiply
from earnings_pipeline.bench.statements import table_name
from earnings_pipeline.database import connect
from earnings_pipeline.errors import PipelineError
from earnings_pipeline.progress import Report, silent
from earnings_pipeline.target import Target

# What a server of this size gets from its administrator; durability is left as it comes: on.
SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "maintenance_work_mem": "512MB",
    "work_mem": "16MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "random_page_cost": "1.1",
}
ENGINE_TABLES = (
    "public.bookings_booking",
    "public.payments_earningstransaction",
    "public.payments_order",
    "public.payments_practitionerearnings",
    "public.payments_practitionerpayout",
    "public.payments_usercredittransaction",
    "public.service_sessions",
    "earnings.balance_queue",
)
# Of a larger marketplace the rest are copies.
LARGEST_SAMPLE = 100_000
# Plans and code are loaded by a session's first writes; they are left out of its latency.
WARM_UP = 5


@dataclass(kw_only=True)
class Bench:
    """What the scenarios share: the server, the sizes, and clones of prepared databases."""

    server: Target
    bookings: int
    rounds: int
    postmaster: int
    report: Report = silent
    templates: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def size(self) -> str:
        return f"{self.bookings:,} bookings"

    @contextmanager
    def clone(self, state: str = "migrated", bookings: int | None = None) -> Iterator[Target]:
        """Lend a copy of the sample: `sampled` is as the app left it, `migrated` after up."""
        template = self._template(state, bookings or self.bookings)
        name = f"bench_{next(self._numbers)}"
        self._create(name, template)
        try:
            yield self.target(name)
        finally:
            self._drop(name)

    def target(self, name: str) -> Target:
        return replace(self.server, parameters={**self.server.parameters, "dbname": name})

    def timed(self, work: Callable[[], int]) -> Sample:
        """Run `work`, which returns how many rows it dealt with."""
        cpu, started = self.cpu_seconds(), time.perf_counter()
        rows = work()
        seconds = time.perf_counter() - started
        return Sample(rows=rows, seconds=seconds, cpu_seconds=_difference(self.cpu_seconds(), cpu))

    def cpu_seconds(self) -> float | None:
        """Return the CPU that all processes of the server have used, those that ended included."""
        return cpu_of(self.postmaster)

    def clients(
        self, target: Target, script: str, *, clients: int, transactions: int, **variables: int
    ) -> Sample:
        """Let clients of pgbench run sql/bench/<script>.sql; return their rate after warming up.

        %(place)s in the script counts from %(first)s on, over all clients.
        """
        variables = {"first": 0, **variables}
        each = transactions // clients
        cpu = self.cpu_seconds()
        latencies = run_pgbench(target, script, clients, each, variables)
        used = _difference(self.cpu_seconds(), cpu)
        warm = [times[min(WARM_UP, each - 1) :] for times in latencies]
        mean = sum(map(sum, warm)) / sum(map(len, warm))
        total = clients * each
        return Sample(rows=total, seconds=total * mean / clients, cpu_seconds=used)

    def _template(self, state: str, bookings: int) -> str:
        name = f"{state}_{bookings}"
        if name not in self.templates:
            copies = math.ceil(bookings / LARGEST_SAMPLE)
            if copies > 1:
                self._create(name, self._template(state, bookings // copies))
                with connect(self.target(name), "bench") as conn:
                    multiply(conn, copies, self.report)
            elif state == "sampled":
                self._create(name)
                with connect(self.target(name), "bench") as conn:
                    sample.load(conn, bookings=bookings, report=self.report)
            else:
                self._create(name, self._template("sampled", bookings))
                with connect(self.target(name), "bench") as conn:
                    migration.up(conn, report=self.report)
                    conn.execute("vacuum (analyze)")
            self.templates[name] = name
        return name

    def _create(self, name: str, template: str = "template0") -> None:
        command = sql.SQL("create database {} template {} strategy file_copy")
        with connect(self.server, "bench") as conn:
            conn.execute(command.format(sql.Identifier(name), sql.Identifier(template)))

    def _drop(self, name: str) -> None:
        with connect(self.server, "bench") as conn:
            drop = sql.SQL("drop database {} with (force)")
            conn.execute(drop.format(sql.Identifier(name)))


@contextmanager
def started(*, bookings: int, rounds: int, report: Report) -> Iterator[Bench]:
    """Start a server whose data goes with it."""
    state = Path(tempfile.mkdtemp(prefix="earnings-bench-"))
    state.chmod(0o711)
    server = embedded.Server(state=state, settings=SETTINGS)
    try:
        server.start()
        postmaster = server.pid()
        if postmaster is None:
            raise PipelineError("the server of the benchmarks has stopped")
        bench = Bench(
            server=server.target(dbname="postgres"),
            bookings=bookings,
            rounds=rounds,
            postmaster=postmaster,
            report=report,
        )
        yield bench
    finally:
        server.remove()
        shutil.rmtree(state, ignore_errors=True)


def switch_triggers(conn: psycopg.Connection, verb: str) -> None:
    """Disable or enable the engine's triggers; the app's foreign keys stay in force."""
    for table in ENGINE_TABLES:
        name = table_name(table)
        conn.execute(sql.SQL("alter table {} {} trigger user").format(name, sql.SQL(verb)))


def run_pgbench(
    target: Target, script: str, clients: int, transactions: int, variables: dict[str, int]
) -> list[list[float]]:
    """Return each client's latencies in seconds, in the order of its transactions."""
    text = sqlfiles.read(f"bench/{script}")
    names = set(re.findall(r"%\((\w+)\)s", text))
    statement = text % {name: f":{name}" for name in names}
    head = "\\set place :first + :client_id + :clients * :turn\n\\set turn :turn + 1\n"
    settings = {**variables, "clients": clients, "turn": 0}
    with tempfile.TemporaryDirectory(prefix="earnings-bench-") as folder:
        path = Path(folder) / "script.sql"
        path.write_text(f"{head}{statement.strip()};\n")
        done = subprocess.run(
            [
                embedded.binaries() / "pgbench",
                *("--no-vacuum", "--protocol=prepared", f"--file={path}", "--log"),
                *(f"--log-prefix={folder}/times", f"--client={clients}"),
                *(f"--transactions={transactions}",),
                *(f"--define={name}={value}" for name, value in settings.items()),
            ],
            env=os.environ | target.environment(),
            capture_output=True,
            text=True,
        )
        if done.returncode or "number of failed transactions: 0 " not in done.stdout:
            raise PipelineError(f"pgbench failed: {(done.stderr or done.stdout).strip()[-800:]}")
        latencies: list[list[float]] = [[] for _ in range(clients)]
        for log in Path(folder).glob("times.*"):
            for line in log.read_text().splitlines():
                client, _, microseconds, *_ = line.split()
                latencies[int(client)].append(int(microseconds) / 1e6)
    return latencies


def cpu_of(postmaster: int) -> float | None:
    """Return the CPU seconds of a process, its children, and the children it has outlived."""
    if not Path("/proc/self/stat").exists():
        return None
    while True:
        before = _ticks(postmaster)
        running = [
            ticks[:2]
            for path in Path("/proc").glob("[0-9]*")
            if (ticks := _ticks(int(path.name), child_of=postmaster))
        ]
        # a child that ends meanwhile would be counted twice or not at all
        if before[2:] == (after := _ticks(postmaster))[2:]:
            return (sum(after) + sum(map(sum, running))) / os.sysconf("SC_CLK_TCK")


def _ticks(process: int, child_of: int | None = None) -> list[int]:
    """Return user and system time of a process, then of its ended children.

    Empty when it is gone, or is no child of `child_of`.
    """
    try:
        # the name of the program, in parentheses, may contain anything
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    if child_of is not None and int(fields[1]) != child_of:
        return []
    return [int(field) for field in fields[11:15]]


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
