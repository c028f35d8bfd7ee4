"""Build the models and run their tests: dbt in this process, at one moment of the database."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from earnings_pipeline import publishing
from earnings_pipeline.database import connect
from earnings_pipeline.errors import PipelineError, WrongUsage
from earnings_pipeline.progress import Progress, Report, silent
from earnings_pipeline.publishing import Mart
from earnings_pipeline.sqlfiles import ROOT
from earnings_pipeline.target import Target

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

STATE = ROOT / ".earnings" / "dbt"
TASK = "build models"
ROWS_SHOWN = 5
# selects everything, for the build of a schedule
DAILY = "tag:daily"
# dbt's commands that write what a build writes
WRITING = frozenset({"build", "clone", "retry", "run", "run-operation", "seed", "snapshot"})


@dataclass(frozen=True, kw_only=True)
class BuildFailure:
    """A node that failed: a test with some of the rows it found, or a model with its error."""

    node: str
    kind: str
    message: str
    row_count: int = 0
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What a build did; `findings` are tests that found rows, `errors` what could not be built."""

    node_counts: Mapping[str, int]
    findings: tuple[BuildFailure, ...]
    errors: tuple[BuildFailure, ...]
    skipped: tuple[str, ...]
    published: tuple[str, ...]
    seconds: float
    log: Path
    documentation: Path | None

    @property
    def ok(self) -> bool:
        return not self.findings and not self.errors

    @property
    def exit_code(self) -> int:
        if self.errors:
            return 3
        return 1 if self.findings else 0


class BuildRefused(PipelineError):
    """dbt could not even begin: another build runs, or the project cannot be read."""


def build(
    target: Target,
    select: Sequence[str] = (),
    *,
    report: Report = silent,
    full_refresh: bool = False,
    tests: bool = True,
    unit_tests: bool = False,
    verbose: bool = False,
) -> BuildResult:
    """Seed, build and test the models that `select` names, all of them by default.

    One build at a time runs on a database.  All marts read one snapshot, taken at the start, so
    they agree with each other while the app keeps writing; and readers see them all at once when
    the last is tested, or none of them when one cannot be built.  Unit tests need no data and are
    left to the test suite unless `unit_tests` is set.  A build of everything, such as the daily
    one, writes the documentation too.
    """
    with built(
        target,
        select,
        report=report,
        full_refresh=full_refresh,
        tests=tests,
        unit_tests=unit_tests,
        verbose=verbose,
    ) as (result, _):
        return result


@contextmanager
def built(
    target: Target,
    select: Sequence[str] = (),
    *,
    report: Report = silent,
    full_refresh: bool = False,
    tests: bool = True,
    unit_tests: bool = False,
    verbose: bool = False,
) -> Iterator[tuple[BuildResult, psycopg.Connection]]:
    """Build, and give the result with a connection that still reads the moment that was built.

    The tables that the build has made are younger than that moment: whoever wants to read them
    takes another connection.  No other build begins before the context ends.  Rolling back lets
    go of the moment, which holds back vacuum, and not of the lock.
    """
    started = time.monotonic()
    types = {"test": tests, "unit_test": unit_tests}
    left_out = [name for name, is_wanted in types.items() if not is_wanted]
    folder = _folder(target)
    places = [
        *_places(folder),
        # at debug a fifth of a build is spent on its log
        *("--log-level-file", "debug" if verbose else "info", "--no-use-colors"),
        *("--log-level", "info" if verbose else "none"),
    ]
    chosen = [
        *(["--exclude-resource-type", *left_out] if left_out else []),
        # a test of marts of which only one is built would compare two builds
        *(["--select", *select, "--indirect-selection", "buildable"] if select else []),
    ]
    with connect(target, "build") as conn:
        _lock(conn, target)
        environment = _environment(target, conn) | {"DBT_FULL_REFRESH": str(full_refresh)}
        with _variables(environment):
            report(Progress(task=TASK, note="reading the project"))
            manifest = _invoke(["parse", *places], None, report)
        slot = publishing.next_slot(conn)
        marts = publishing.put_into(manifest, slot)
        publishing.prepare(conn, slot, marts, anew=full_refresh)
        # a beat of before the snapshot, so that the build can be final up to it
        conn.execute("select earnings.watermark()")
        with _snapshot(conn) as snapshot:
            with _variables(environment | {"EARNINGS_SNAPSHOT": snapshot, "EARNINGS_SLOT": slot}):
                results = _invoke(["build", *places, *chosen], manifest, report).results
            with connect(target, "build") as other:
                findings, errors, skipped, counts = _sorted(other, results)
                published = _built(results, marts)
                if published:
                    report(Progress(task=TASK, note="publishing"))
                    publishing.publish(other, slot, published, anew=full_refresh)
            documentation = None
            if (not select or DAILY in select) and not errors:
                report(Progress(task=TASK, note="documentation"))
                publishing.put_back(manifest, marts)
                with _variables(environment):
                    _invoke(["docs", "generate", "--static", *places], manifest, report)
                documentation = folder / "static_index.html"
            result = BuildResult(
                node_counts=counts,
                findings=findings,
                errors=errors,
                skipped=skipped,
                published=tuple(mart.full_name for mart in published),
                seconds=time.monotonic() - started,
                log=folder / "dbt.log",
                documentation=documentation,
            )
            yield result, conn


def run_dbt(target: Target, arguments: Sequence[str]) -> int:
    """Run a command of dbt's on the database, as on a command line; return its exit code.

    It is led to what a build has made, and prints by itself.  What writes models runs alone, as a
    build does.
    """
    dbt = Path(sys.executable).with_name("dbt")
    # dbt's own options, such as --version, need no project
    places = [] if arguments[:1] and arguments[0].startswith("-") else _places(_folder(target))
    with connect(target, "dbt") as conn:
        environment = os.environ | _environment(target, conn)
        if WRITING & set(arguments):
            _lock(conn, target)
        else:
            conn.close()
        done = subprocess.run([dbt, *arguments, *places], env=environment, check=False)
    return done.returncode


def run_metrics(target: Target, arguments: Sequence[str]) -> int:
    """Run MetricFlow's mf on the database, as on a command line; return its exit code."""
    mf = Path(sys.executable).with_name("mf")
    if not mf.exists():
        raise WrongUsage("MetricFlow is not installed", "scripts/metrics installs and runs it.")
    with connect(target, "metrics") as conn:
        variables = _environment(target, conn)
    # mf reads what dbt has parsed from this folder, and from no other
    places = [*_places(ROOT / "target"), "--log-level", "none"]
    with _variables(variables):
        _invoke(["parse", *places], None, silent)
    folders = {"DBT_PROJECT_DIR": str(ROOT), "DBT_PROFILES_DIR": str(ROOT)}
    environment = os.environ | variables | folders
    return subprocess.run([mf, *arguments], env=environment, check=False).returncode


def _places(folder: Path) -> list[str]:
    """Say where dbt finds the project, and where it may keep what it writes."""
    return [
        *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT)),
        *("--target-path", str(folder), "--log-path", str(folder)),
    ]


def _folder(target: Target) -> Path:
    folder = STATE / hashlib.sha256(str(target).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _invoke(arguments: list[str], manifest: Manifest | None, report: Report) -> Any:
    # dbt takes seconds to import, and most commands do not need it.
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner(manifest=manifest, callbacks=[_Counter(report)]).invoke(arguments)
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if outcome.result is None:
        raise BuildRefused(
            f"dbt could not {arguments[0]}: {outcome.exception or 'no result'}",
            f"The log is {arguments[arguments.index('--log-path') + 1]}/dbt.log.",
        ) from outcome.exception
    return outcome.result


def _built(results: Sequence[RunResult], marts: Sequence[Mart]) -> list[Mart]:
    """Return the marts that were built, or none when one of those selected could not be."""
    states = {
        result.node.name: str(result.status)
        for result in results
        if str(result.node.resource_type) == "model"
    }
    selected = [mart for mart in marts if mart.name in states]
    if any(states[mart.name] != "success" for mart in selected):
        return []
    return selected


class _Counter:
    """Reports each node that dbt finishes; dbt calls it from several threads."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.total: int | None = None
        self.done = 0

    def __call__(self, event: EventMsg) -> None:
        if event.info.name == "ConcurrencyLine":
            self.total = event.data.node_count
        elif event.info.name == "NodeFinished":
            self.done += 1
            name = event.data.node_info.node_name
            self.report(Progress(task=TASK, done=self.done, total=self.total, note=name))


def _sorted(
    conn: psycopg.Connection, results: Sequence[RunResult]
) -> tuple[tuple[BuildFailure, ...], tuple[BuildFailure, ...], tuple[str, ...], dict[str, int]]:
    findings, errors, skipped = [], [], []
    counts: dict[str, int] = {}
    for result in results:
        node, status = result.node, str(result.status)
        kind = str(node.resource_type)
        if status in ("success", "pass"):
            counts[kind] = counts.get(kind, 0) + 1
        elif status == "skipped":
            skipped.append(node.name)
        elif status == "no-op":
            # an exposure: there is nothing to build
            continue
        elif status in ("fail", "warn"):
            findings.append(
                BuildFailure(
                    node=node.name,
                    kind=kind,
                    message=result.message or "",
                    row_count=result.failures or 0,
                    rows=_offenders(conn, getattr(node, "compiled_code", None)),
                )
            )
        else:
            errors.append(BuildFailure(node=node.name, kind=kind, message=result.message or ""))
    return tuple(findings), tuple(errors), tuple(skipped), counts


def _offenders(conn: psycopg.Connection, compiled: str | None) -> tuple[Mapping[str, Any], ...]:
    """Ask a failed test once more for its first rows: dbt itself only counts them."""
    if compiled is None:
        return ()
    query = f"select * from (\n{compiled}\n) as offenders limit {ROWS_SHOWN}"  # noqa: S608
    with conn.cursor(row_factory=dict_row) as cursor:
        return tuple(cursor.execute(query.encode()).fetchall())


def _lock(conn: psycopg.Connection, target: Target) -> None:
    """Take the lock of the builds of this database, for as long as the connection is there."""
    row = conn.execute("select pg_try_advisory_lock(hashtext('earnings build'))").fetchone()
    if row is None or not row[0]:
        raise BuildRefused(
            f"another build is running on {target}",
            "Wait until it has finished. select * from pg_stat_activity where application_name "
            "like 'earnings %' shows it.",
        )
    # it is idle while others do the work
    conn.execute("set idle_session_timeout = 0")


@contextmanager
def _snapshot(conn: psycopg.Connection) -> Iterator[str]:
    """Keep one snapshot of the database open and give its name to whoever shall read it."""
    conn.execute("set idle_in_transaction_session_timeout = 0")
    conn.execute("begin isolation level repeatable read read only")
    try:
        row = conn.execute("select pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101
        yield row[0]
    finally:
        if not conn.closed:
            conn.rollback()


def _environment(target: Target, conn: psycopg.Connection) -> dict[str, str]:
    """Lead dbt to where `conn` is connected, also when that was a default of libpq's."""
    info = conn.info
    found = {"PGHOST": info.host, "PGPORT": str(info.port), "PGUSER": info.user}
    return target.environment() | found | {"PGDATABASE": info.dbname, "PGPASSWORD": info.password}


@contextmanager
def _variables(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
