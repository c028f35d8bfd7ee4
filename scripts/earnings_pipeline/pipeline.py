"""The main job: from a marketplace's database to right earnings, marts, checks and a report.

On the embedded server it works on the sample marketplace.  On any other database it never
loads a sample, and whoever calls `run` has shown the `Plan` and been told to go on.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import class_row

from earnings_pipeline import doctor, sqlfiles
from earnings_pipeline.database import connect
from earnings_pipeline.errors import DatabaseRefused, WrongUsage
from earnings_pipeline.progress import Report, silent
from earnings_pipeline.target import Target

if TYPE_CHECKING:
    from earnings_pipeline.building import BuildResult
    from earnings_pipeline.checks import CheckResult
    from earnings_pipeline.expectations import ExpectationResult
    from earnings_pipeline.jobs import JobSummary
    from earnings_pipeline.migration import PlannedReason

STATE = sqlfiles.ROOT / ".earnings"
DEFAULT_BOOKINGS = 3000
DEFAULT_SEED = 1
# Paying out is a decision with a calendar of its own: scripts/earnings jobs run payouts.
JOBS = ("complete", "release", "expire")
MEND = "Mend these rows in the app first; the migration cannot know what is right."
MODEL_FOLDERS = ("models", "macros", "seeds", "tests/dbt")


@dataclass(frozen=True, kw_only=True)
class Due:
    """What one job would find due, by currency; about as much, since the migration comes first."""

    job: str
    currency: str
    row_count: int
    net_cents: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would do to a database."""

    target: str
    findings: Sequence[doctor.Finding]
    preflight: Sequence[ExpectationResult]
    migration: Sequence[PlannedReason]
    due: Sequence[Due]


@dataclass(frozen=True, kw_only=True)
class StepDone:
    """A step of the run that has ended."""

    name: str
    seconds: float
    note: str


@dataclass(frozen=True, kw_only=True)
class Money:
    """The earnings of one currency in one status."""

    currency: str
    status: str
    row_count: int
    net_cents: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run did and what it left behind; `build` is None when nothing had changed."""

    target: str
    migrated_rows: Mapping[str, int]
    jobs: Sequence[JobSummary]
    build: BuildResult | None
    marts: Sequence[ExpectationResult]
    checks: Sequence[CheckResult]
    money: Sequence[Money]
    open_matters: int
    sample_today: datetime | None
    report: Path

    @property
    def problems(self) -> list[str]:
        """What a person must look at before the numbers can be trusted."""
        built = [] if self.build is None else [*self.build.errors, *self.build.findings]
        return [
            *(f"dbt: {failure.node}: {failure.message}" for failure in built),
            *(f"marts: {described_result(result)}" for result in self.marts if not result.ok),
            *(
                f"check: {result.claim} ({counted(result.offender_count, 'offender')})"
                for result in self.checks
                if not result.ok
            ),
        ]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a build made, and what was claimed of it; `report` is None when nothing was built."""

    build: BuildResult
    marts: Sequence[ExpectationResult]
    checks: Sequence[CheckResult]
    report: Path | None

    @property
    def exit_code(self) -> int:
        if not self.build.ok:
            return self.build.exit_code
        is_fine = all(result.ok for result in self.marts) and all(r.ok for r in self.checks)
        return int(not is_fine)


Announce = Callable[[StepDone], None]


def load_sample(target: Target, *, bookings: int | None, seed: int | None, report: Report) -> str:
    """Have the embedded database hold the sample, loaded once; say what it holds."""
    from earnings_pipeline import sample

    if not target.is_embedded:
        raise WrongUsage("the sample is loaded on the embedded server only")
    with connect(target, "run") as conn:
        if not sample.is_loaded(conn):
            bookings, seed = bookings or DEFAULT_BOOKINGS, seed or DEFAULT_SEED
            sample.load(conn, bookings=bookings, seed=seed, report=report)
            return f"loaded: {bookings:,} bookings, seed {seed}"
        found_seed, found_bookings, _ = _row(conn, "pipeline_sample")
        if (bookings or found_bookings, seed or found_seed) != (found_bookings, found_seed):
            raise WrongUsage(
                f"a sample of {found_bookings} bookings with seed {found_seed} is loaded already",
                "To begin with another one: scripts/earnings server remove",
            )
        return f"there already: {found_bookings:,} bookings, seed {found_seed}"


def today(conn: psycopg.Connection) -> datetime | None:
    """Return the sample's today where the database holds a sample; None stands for now."""
    from earnings_pipeline import sample

    return sample.AS_OF if sample.is_loaded(conn) else None


def plan(target: Target, *, report: Report) -> Plan:
    """Examine the database and rehearse what is left of the migration, writing nothing."""
    from earnings_pipeline import migration

    findings, preflight = examine(target, report)
    with connect(target, "run") as conn:
        is_done = all(step.state == "done" for step in migration.status(conn))
        return Plan(
            target=str(target),
            findings=findings,
            preflight=preflight,
            migration=[] if is_done else migration.plan(conn, report=report),
            due=due(conn),
        )


def examine(
    target: Target, report: Report
) -> tuple[list[doctor.Finding], Sequence[ExpectationResult]]:
    """Return what doctor and the preflight expectations find; refuse what must be mended first.

    The expectations are left out when no row has changed since the last run: they would be met
    or not as they were.
    """
    from earnings_pipeline import expectations

    with connect(target, "run") as conn:
        findings = doctor.examine(conn)
        refuse([(found.message, found.hint) for found in findings if found.severity == "error"])
        if is_unchanged(conn, target):
            return findings, []
    preflight = expectations.validate_apart(target, "preflight", report)
    refuse([(described_result(result), MEND) for result in preflight if result.is_blocking])
    return findings, preflight


def preflight_findings(target: Target, report: Report) -> list[doctor.Finding]:
    """Hold the app's rows against the preflight expectations, as doctor reports it."""
    from earnings_pipeline import expectations

    results = expectations.validate_apart(target, "preflight", report)
    unmet = [
        doctor.Finding(
            severity="error" if result.is_blocking else "warning",
            subject="rows",
            message=described_result(result),
            hint=MEND if result.is_blocking else "",
        )
        for result in results
        if not result.ok
    ]
    met = f"{len(results) - len(unmet)} of {len(results)} expectations of the app's rows are met"
    return [doctor.Finding(severity="ok", subject="rows", message=met), *unmet]


def refuse(problems: Sequence[tuple[str, str]]) -> None:
    """Refuse to go on when there are problems, saying all of them."""
    if problems:
        (message, hint), *others = problems
        raise DatabaseRefused(message, "\n".join([hint, *(f"{m}\n{h}" for m, h in others)]))


def described_result(result: ExpectationResult) -> str:
    """Say in a line what was expected, how many rows differ and which the first ones are."""
    keys = "; ".join(
        ", ".join(f"{name} {value}" for name, value in row.items()) for row in result.rows[:3]
    )
    counted = f"{result.unexpected_count:,} of {result.row_count:,} rows of {result.table}"
    return f"{result.meaning}: not so for {counted}{f' ({keys}, …)' if keys else ''}"


def due(conn: psycopg.Connection) -> list[Due]:
    """Say what the jobs would find due."""
    moment = today(conn) or _now(conn)
    with conn.cursor(row_factory=class_row(Due)) as cursor:
        query = sqlfiles.read("queries/pipeline_due")
        return cursor.execute(query, {"as_of": moment}).fetchall()


def run(
    target: Target,
    *,
    with_jobs: bool,
    preflight: Sequence[ExpectationResult],
    report: Report,
    announce: Announce,
) -> Summary:
    """Migrate up, run the jobs, build, check and report; what is done already is passed quickly.

    Stopped at any moment, even by kill -9, the next run goes on and ends in the same state.
    """
    from earnings_pipeline import jobs as jobs_
    from earnings_pipeline import migration

    clock = _Clock(announce)
    with connect(target, "run") as conn:
        as_of = today(conn)
        migrated = migration.up(conn, report=report)
        rows = {step.step: step.row_count for step in migrated if step.row_count}
        clock.done("migrate up", f"{sum(rows.values()):,} rows changed in {len(migrated)} steps")
        jobs = [
            jobs_.run(conn, job, as_of=as_of, report=report) for job in (JOBS if with_jobs else ())
        ]
        clock.done("jobs", described(jobs) if with_jobs else "left out")
        judged = _judge(conn, target, preflight, report, clock)
        return Summary(
            target=str(target),
            migrated_rows=rows,
            jobs=jobs,
            build=judged.build,
            marts=judged.marts,
            checks=judged.checks,
            money=money(conn),
            open_matters=_open_matters(conn),
            sample_today=as_of,
            report=report_path(target),
        )


def money(conn: psycopg.Connection) -> list[Money]:
    """Return the earnings by currency and status."""
    with conn.cursor(row_factory=class_row(Money)) as cursor:
        return cursor.execute(sqlfiles.read("queries/pipeline_money")).fetchall()


def counted(count: int, what: str, rest: str = "") -> str:
    """Say how many of something there are: 1 package expired, 2 packages expired."""
    return f"{count:,} {what}{'' if count == 1 else 's'}{rest}"


def described(summaries: Sequence[JobSummary]) -> str:
    """Say in a line what jobs did."""
    totals = {
        "completed": sum(summary.completed_count for summary in summaries),
        "earnings created": sum(summary.earnings_created_count for summary in summaries),
        "released": sum(summary.released_count for summary in summaries),
    }
    done = [f"{count:,} {what}" for what, count in totals.items() if count]
    if expired := sum(summary.expired_count for summary in summaries):
        done.append(counted(expired, "package", " expired"))
    return ", ".join(done) or "nothing was due"


def report_path(target: Target) -> Path:
    """Return where the report of a database lies."""
    return STATE / "reports" / f"{target.dbname}-{_checksum(str(target))[:8]}.html"


def build(
    target: Target,
    select: Sequence[str] = (),
    *,
    output: Path | None = None,
    full_refresh: bool = False,
    unit_tests: bool = False,
    verbose: bool = False,
    preflight: Sequence[ExpectationResult] = (),
    report: Report = silent,
    announce: Announce = lambda step: None,
) -> Judged:
    """Build the models that `select` names, hold marts and tables against what is claimed, report.

    What a build cannot do anything about, such as a check that finds rows, does not keep the marts
    from readers: they see what is true now, and the report says what is wrong with it.  Nobody
    else builds before the report is written.
    """
    from earnings_pipeline import building, expectations
    from earnings_pipeline import report as report_

    clock = _Clock(announce)
    with (
        building.built(
            target,
            select,
            report=report,
            full_refresh=full_refresh,
            unit_tests=unit_tests,
            verbose=verbose,
        ) as (built, lock),
        connect(target, "build") as conn,
    ):
        # the snapshot of the build need not hold back vacuum any longer
        lock.rollback()
        clock.done("dbt build", described_build(built))
        # the first builds may have been of some marts only
        is_whole = not built.errors and not _missing(conn, [*report_.MARTS, *expectations.MARTS])
        marts: Sequence[ExpectationResult] = []
        if is_whole:
            marts = expectations.validate_apart(target, "marts", report)
            failed = sum(not result.ok for result in marts)
            clock.done("expectations", f"{len(marts)} of the marts, {failed} not met")
        results = _checked(conn, report, clock)
        path = None
        if is_whole:
            path = output or report_path(target)
            shown = [*preflight, *marts]
            report_.write(conn, path, checks=results, expectations=shown, as_of=today(conn))
            clock.done("report", f"{path.stat().st_size // 1024:,} KB")
        return Judged(build=built, marts=marts, checks=results, report=path)


def _checked(conn: psycopg.Connection, report: Report, clock: _Clock) -> list[CheckResult]:
    from earnings_pipeline import checks

    results = checks.run(conn, report=report)
    failed = sum(not result.ok for result in results)
    clock.done("check", f"{len(results)} claims, {failed} with offenders")
    return results


def _missing(conn: psycopg.Connection, marts: Sequence[str]) -> bool:
    query = sqlfiles.read("queries/report_missing_marts").encode()
    return bool(conn.execute(query, {"names": list(marts)}).fetchall())


@dataclass(frozen=True, kw_only=True)
class _Standing:
    build: BuildResult | None
    marts: Sequence[ExpectationResult]
    checks: Sequence[CheckResult]


def _judge(
    conn: psycopg.Connection,
    target: Target,
    preflight: Sequence[ExpectationResult],
    report: Report,
    clock: _Clock,
) -> _Standing:
    """Build the models, hold marts and tables against what is claimed of them, and report.

    The models and the report are left alone when no row and no model has changed since they
    were last built and found right.
    """
    if is_unchanged(conn, target):
        clock.done("dbt build", "nothing has changed since the last run")
        return _Standing(build=None, marts=[], checks=_checked(conn, report, clock))
    _remembered(target).unlink(missing_ok=True)
    fingerprint, _ = _fingerprint(conn)
    judged = build(target, preflight=preflight, report=report, announce=clock.announce)
    if judged.build.ok and all(result.ok for result in judged.marts):
        _remembered(target).parent.mkdir(parents=True, exist_ok=True)
        _remembered(target).write_text(json.dumps(fingerprint))
    return _Standing(build=judged.build, marts=judged.marts, checks=judged.checks)


def described_build(build: BuildResult) -> str:
    """Say in a line what a build made and what it found."""
    nodes = [counted(count, kind) for kind, count in build.node_counts.items()]
    failed = [counted(len(build.findings), "test", " with findings")] if build.findings else []
    errors = [counted(len(build.errors), "error")] if build.errors else []
    return ", ".join([*nodes, *failed, *errors]) or "nothing"


def is_unchanged(conn: psycopg.Connection, target: Target) -> bool:
    """Tell whether no row and no model has changed since a run last came to a good end."""
    if not doctor.is_engine_there(conn) or not report_path(target).exists():
        return False
    fingerprint, are_marts_there = _fingerprint(conn)
    return are_marts_there and _read(_remembered(target)) == fingerprint


def _remembered(target: Target) -> Path:
    return STATE / "runs" / f"{_checksum(str(target))[:12]}.json"


def _fingerprint(conn: psycopg.Connection) -> tuple[str, bool]:
    """Return what changes whenever the models would, and whether there are marts at all."""
    conn.execute("select pg_stat_force_next_flush()")
    rows, are_marts_there = _row(conn, "pipeline_fingerprint")
    models = hashlib.sha256()
    for path in _model_files():
        models.update(path.relative_to(sqlfiles.ROOT).as_posix().encode())
        models.update(path.read_bytes())
    return f"{rows} {models.hexdigest()}", bool(are_marts_there)


def _model_files() -> list[Path]:
    found = [
        path
        for folder in MODEL_FOLDERS
        for path in (sqlfiles.ROOT / folder).rglob("*")
        if path.is_file()
    ]
    return sorted([sqlfiles.ROOT / "dbt_project.yml", *found])


class _Clock:
    """Announces each step with the time since the one before."""

    def __init__(self, announce: Announce) -> None:
        self.announce = announce
        self.since = time.monotonic()

    def done(self, name: str, note: str) -> None:
        now = time.monotonic()
        self.announce(StepDone(name=name, seconds=now - self.since, note=note))
        self.since = now


def _row(conn: psycopg.Connection, name: str) -> tuple[Any, ...]:
    (row,) = conn.execute(sqlfiles.read(f"queries/{name}")).fetchall()
    return row


def _open_matters(conn: psycopg.Connection) -> int:
    count: int
    query = "select count(*) from earnings.exceptions where resolved_at is null"
    ((count,),) = conn.execute(query).fetchall()
    return count


def _now(conn: psycopg.Connection) -> datetime:
    now: datetime
    ((now,),) = conn.execute("select clock_timestamp()").fetchall()
    return now


def _read(path: Path) -> str | None:
    try:
        return str(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
