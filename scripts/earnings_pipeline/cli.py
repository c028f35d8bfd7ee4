"""The command line: parses, prints and exits; the work is done by the modules it imports late."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from earnings_pipeline.errors import PipelineError, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from earnings_pipeline.expectations import ExpectationResult
    from earnings_pipeline.target import Target

FINDINGS = 1
INTERRUPTED = 130
EXIT_CODES = (
    "Exit codes: 0 fine, 1 there are findings, 2 wrong usage, 3 the database refused, "
    "130 interrupted."
)
WHERE = (
    "The database is the one of --database-url, else of DATABASE_URL, else of the PG* variables, "
    "else the embedded server under .earnings/."
)


class Job(StrEnum):
    complete = "complete"
    release = "release"
    payouts = "payouts"
    expire = "expire"


def moment(text: str) -> datetime:
    """Read a moment in ISO 8601, or as we print it; without a time zone it is meant in UTC."""
    try:
        read = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError as error:
        raise typer.BadParameter(
            "give a moment such as 2026-01-31 or 2026-01-31T12:00 (UTC)"
        ) from error
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


app = typer.Typer(
    name="earnings",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Pays a booking marketplace's practitioners right, in the database, under the app as it "
    f"runs.\n\n{WHERE}\n\n{EXIT_CODES}",
)
migrate = typer.Typer(
    no_args_is_help=True,
    help="Bring the app's old data under the rules, step by step, and back again.",
)
jobs = typer.Typer(no_args_is_help=True, help="The work that falls due with time.")
server = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL under .earnings/.")
app.add_typer(migrate, name="migrate")
app.add_typer(jobs, name="jobs")
app.add_typer(server, name="server")

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        help="postgresql://user:password@host/name, or key=value pairs.",
        show_default=False,
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Go on without asking; needed without a terminal.")
]
Step = Annotated[
    str | None, typer.Option("--step", metavar="STEP", help="One step only; see migrate status.")
]
BatchSize = Annotated[int, typer.Option(metavar="N", min=1, help="Rows per transaction.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@app.command()
def doctor(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Examine whether a database is fit for the pipeline. Writes nothing, locks nothing.

    Looks at the server, privileges, the app's tables and columns, triggers, long transactions and
    what of the pipeline is there already; then reads the app's rows, and names those that are not
    as expected. Exits 1 when something must be mended first.
    """
    from earnings_pipeline import display, pipeline
    from earnings_pipeline import doctor as doctor_

    target = resolved(database_url)
    with connection_to(target, "doctor") as conn:
        findings = doctor_.examine(conn)
    if not doctor_.has_errors(findings):
        with refusals(), display.progress_bars() as report:
            findings += pipeline.preflight_findings(target, report)
    if as_json:
        display.print_json(findings)
    else:
        display.print_findings(findings)
    if doctor_.has_errors(findings):
        raise typer.Exit(FINDINGS)


@app.command()
def install(
    database_url: DatabaseUrl = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the statements instead of running them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Install or update the engine: roles, its own schemas, functions and triggers.

    Writes the schemas earnings and earnings_migration, and triggers on the app's tables; the app's
    rows stay as they are. Each table is locked for milliseconds, in a transaction that soon gives
    up and tries again. Run it again after every update: only what differs is replaced.
    """
    from earnings_pipeline import display, engine

    with connection(database_url, "install") as conn, display.progress_bars() as report:
        done = engine.install(conn, dry_run=dry_run, report=report)
    if as_json:
        display.print_json(done)
    elif dry_run:
        for statement in done.statements:
            print(statement.rstrip().rstrip(";") + ";\n")
    else:
        display.out.print(
            f"{len(done.replaced)} functions and triggers replaced, {len(done.removed)} removed, "
            f"{done.opened_rows:,} earnings rows opened in the history"
        )


@app.command()
def status(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Compare the functions and triggers in the database with their files. Writes nothing.

    Exits 1 when one is missing, outdated, drifted (edited by hand), disabled or orphaned.
    """
    from earnings_pipeline import display, engine

    with connection(database_url, "status") as conn:
        objects = engine.status(conn)
    others = [item for item in objects if item.state != "installed"]
    if as_json:
        display.print_json(objects)
    else:
        display.out.print(f"{len(objects) - len(others)} of {len(objects)} are as their files say")
        if others:
            display.print_rows(others, ["state", "kind", "identity"])
            display.out.print("scripts/earnings install brings them up to date.")
    if others:
        raise typer.Exit(FINDINGS)


@app.command()
def uninstall(
    database_url: DatabaseUrl = None,
    drop_history: Annotated[
        bool,
        typer.Option(
            "--drop-history",
            help="Drop the history and the record of the migration too: it cannot be undone then.",
        ),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take the engine's triggers and functions off the database.

    The app's rows, and the columns that migrate up added, stay: scripts/earnings migrate down takes
    them back, and goes first. Each table is locked for milliseconds. The history stays unless
    --drop-history is given.
    """
    from earnings_pipeline import display, engine

    target = resolved(database_url)
    what = "drop the engine, its history and the way back" if drop_history else "drop the engine"
    confirm(target, what, yes)
    with connection_to(target, "uninstall") as conn, display.progress_bars() as report:
        removed = engine.uninstall(conn, drop_history=drop_history, report=report)
    if as_json:
        display.print_json(removed)
    else:
        display.out.print(f"{len(removed)} functions and triggers removed")


@jobs.command("run")
def jobs_run(
    job: Annotated[
        Job, typer.Argument(metavar="JOB", help="complete, release, payouts or expire.")
    ],
    database_url: DatabaseUrl = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            metavar="MOMENT",
            parser=moment,
            help="What is due at this moment (UTC); now by default.",
        ),
    ] = None,
    ended_after: Annotated[
        datetime | None,
        typer.Option(
            metavar="MOMENT",
            parser=moment,
            help="complete: leave appointments alone that ended before this; for a first run on a "
            "backlog, since each completion asks the app for a review.",
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(metavar="N", min=1, help="Rows per transaction.")
    ] = 500,
    as_json: AsJson = False,
) -> None:
    """Run a job until nothing is due. For cron or a timer; safe to run twice and side by side.

    complete (every 30 minutes): bookings whose appointment has ended become completed. release
    (hourly): pending earnings whose hold has elapsed become available. payouts: one payout per
    practitioner and currency from available earnings. expire: the worth of sessions that expired
    packages still owed is recorded; no booking changes. Rows that others hold are skipped and found
    by the next run.
    """
    from earnings_pipeline import display
    from earnings_pipeline import jobs as jobs_

    with connection(database_url, f"jobs {job.value}") as conn, display.progress_bars() as report:
        summary = jobs_.run(
            conn,
            job.value,
            as_of=as_of,
            ended_after=ended_after,
            batch_size=batch_size,
            report=report,
        )
    if as_json:
        display.print_json(summary)
    else:
        display.print_job(summary)


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECK", help="Checks by name; all of them by default."),
    ] = None,
    database_url: DatabaseUrl = None,
    shown: Annotated[
        int, typer.Option(metavar="N", min=0, help="Offenders to show per check.")
    ] = 5,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Only what has changed in the last DURATION, such as 15min or 6h; for every five "
            "minutes. By default everything; for every night.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold the database against every claim of sql/checks. Writes nothing, locks nothing.

    A check is a query that returns the offenders. Exits 1 when one finds any.

    With --since the checks are put to the earnings that have a new entry in the history, and to
    their bookings, orders, payouts and practitioners; those of the catalog (are the rules in
    force?) read it whole every time. So it finds what goes wrong under the rules. What somebody
    has written past them (triggers off, a superuser as a replica) leaves no entry: that is for the
    complete run, every night. Let DURATION be some times as long as the pause between two runs,
    since what takes long to commit is dated from when it was written.
    """
    from earnings_pipeline import checks, display

    with connection(database_url, "check") as conn, display.progress_bars() as report:
        results = checks.run(conn, names, report=report, shown=shown, since=since)
    if as_json:
        display.print_json(results)
    else:
        display.print_checks(results)
    if not all(result.ok for result in results):
        raise typer.Exit(FINDINGS)


@app.command()
def build(
    database_url: DatabaseUrl = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            "-s",
            metavar="MODEL",
            help="dbt's selection, such as finance or tag:hourly; may be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The report; .earnings/reports by default."
        ),
    ] = None,
    full_refresh: Annotated[
        bool,
        typer.Option(
            "--full-refresh", help="Build what grows with the history from its beginning."
        ),
    ] = False,
    unit_tests: Annotated[
        bool, typer.Option("--unit-tests", help="Run dbt's unit tests too.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show dbt's own output.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a schedule calls: build the models and their tests, expectations, check, report.

    Writes the models' schemas and nothing else; the app's tables are read in one snapshot. Readers
    see all marts of the build at once when the last is tested, or go on seeing the build before
    when one cannot be built. One build runs at a time, until its report is written. Exits 1 when a
    test, an expectation or a check finds rows, 3 when a model cannot be built.
    """
    from earnings_pipeline import display, pipeline

    target = resolved(database_url)
    with refusals(), display.progress_bars() as report:
        judged = pipeline.build(
            target,
            select or (),
            output=output,
            full_refresh=full_refresh,
            unit_tests=unit_tests,
            verbose=verbose,
            report=report,
        )
    if as_json:
        display.print_json(judged)
    else:
        display.print_judged(judged)
    if judged.exit_code:
        raise typer.Exit(judged.exit_code)


PASSED_ON = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
}


@app.command(context_settings=PASSED_ON)
def dbt(context: typer.Context, database_url: DatabaseUrl = None) -> None:
    """Run dbt on the database: source freshness, docs serve, ls, and what else it offers.

    Give --database-url before dbt's own arguments. Its exit code is returned. What writes models is
    refused while a build runs.
    """
    from earnings_pipeline import building

    target = resolved(database_url)
    with refusals():
        code = building.run_dbt(target, context.args)
    raise typer.Exit(code)


@app.command(context_settings=PASSED_ON)
def metrics(context: typer.Context, database_url: DatabaseUrl = None) -> None:
    """Ask for metrics with MetricFlow's mf, which scripts/metrics installs first.

    Give --database-url before mf's own arguments. Its exit code is returned.
    """
    from earnings_pipeline import building

    target = resolved(database_url)
    with refusals():
        code = building.run_metrics(target, context.args)
    raise typer.Exit(code)


@app.command()
def explain(
    practitioner_id: Annotated[
        int, typer.Argument(metavar="ID", help="The id of practitioners_practitioner.")
    ],
    database_url: DatabaseUrl = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            metavar="MOMENT",
            parser=moment,
            help="How it stood at this moment (UTC); now by default.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain a practitioner's balance row by row, now or as of any moment. Writes nothing.

    A moment that transactions still running may change is marked provisional.
    """
    from earnings_pipeline import display
    from earnings_pipeline import explain as explain_

    with connection(database_url, "explain") as conn:
        balance = explain_.balance(conn, practitioner_id, as_of)
    if as_json:
        display.print_balance_as_json(balance)
    else:
        display.print_balance(balance)


@app.command()
def compare(
    database_url: DatabaseUrl = None,
    as_of: Annotated[
        list[datetime] | None,
        typer.Option(
            metavar="MOMENT",
            parser=moment,
            help="As of this moment (UTC) instead of random ones; may be repeated.",
        ),
    ] = None,
    moments: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many random moments of the past.")
    ] = 20,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Draw the same moments of the same history.")
    ] = None,
    shown: Annotated[
        int, typer.Option(metavar="N", min=0, help="Differences to show; --json has them all.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Compute balances, statements and shares three ways and compare them, cent for cent.

    By the functions in the database, by the models, and in plain Python from the raw rows: now, and
    as of random moments of the past. The models that it needs are built first, so that all three
    see one moment; nothing else is written. Exits 1 when they differ.
    """
    from earnings_pipeline import comparing, display

    target = resolved(database_url)
    with refusals(), display.progress_bars() as report:
        comparison = comparing.run(
            target, as_of or (), moment_count=moments, seed=seed, report=report
        )
    if as_json:
        display.print_json(comparison)
    else:
        display.print_comparison(comparison, shown)
    if not comparison.ok:
        raise typer.Exit(FINDINGS)


@app.command()
def report(
    database_url: DatabaseUrl = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to; .earnings/reports by default."
        ),
    ] = None,
) -> None:
    """Write the report: one self-contained page with charts, for finance. Reads the marts.

    Run scripts/earnings build first. The file is the only thing that is written.
    """
    from earnings_pipeline import display, pipeline
    from earnings_pipeline import report as report_

    target = resolved(database_url)
    path = output or pipeline.report_path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    with connection_to(target, "report") as conn:
        display.print_report(report_.write(conn, path, as_of=pipeline.today(conn)))


@app.command()
def run(
    database_url: DatabaseUrl = None,
    yes: Yes = False,
    without_jobs: Annotated[
        bool,
        typer.Option(
            "--without-jobs",
            help="Leave the jobs out: on a backlog they complete every past booking at once.",
        ),
    ] = False,
    bookings: Annotated[
        int | None,
        typer.Option(metavar="N", min=300, help="How many bookings the sample has."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The sample's seed: one seed, one sample.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do the main job: doctor, migrate up, jobs, dbt build, expectations, check, report.

    Without a database it starts the embedded server and loads the sample marketplace, once. On a
    database that was named it never loads a sample: it prints what it would do, and writes nothing
    before you have typed the database's name or given --yes. Stopped at any moment, the same
    command goes on; what is done already is passed quickly. It drops no column (that is migrate
    contract) and pays nothing out (that is jobs run payouts).
    """
    from earnings_pipeline import display, pipeline

    started = time.monotonic()
    target = resolved(database_url)
    with refusals():
        if target.is_embedded:
            preflight = prepare_sample(target, bookings, seed)
        elif bookings is not None or seed is not None:
            raise WrongUsage("--bookings and --seed are for the sample on the embedded server")
        else:
            with display.progress_bars() as report:
                plan = pipeline.plan(target, report=report)
            display.print_plan(plan, with_jobs=not without_jobs)
            confirm(target, "run the pipeline", yes)
            preflight = plan.preflight
        with display.progress_bars() as report:
            summary = pipeline.run(
                target,
                with_jobs=not without_jobs,
                preflight=preflight,
                report=report,
                announce=display.print_step,
            )
    if as_json:
        display.print_json(summary)
    else:
        display.print_summary(summary, time.monotonic() - started)
    if summary.problems:
        raise typer.Exit(FINDINGS)


@app.command()
def bench(
    bookings: Annotated[
        int, typer.Option(metavar="N", min=300, help="How many bookings the sample has.")
    ] = 100_000,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often the two sides take turns.")
    ] = 5,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One scenario; may be repeated.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute of it: does each part still run?")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Put the figures into docs/benchmarks.json and .md.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the engine, the migration and the models against their limits.

    It starts an embedded PostgreSQL of its own with fsync on and the settings of production, and
    removes it afterwards. Two sides take turns; a goal is judged by the medians of their runs.
    """
    from earnings_pipeline import bench as bench_
    from earnings_pipeline import display
    from earnings_pipeline.bench import pages

    names = list(only or (bench_.QUICK if quick else ()))
    if quick:
        bookings, rounds = 2000, 1
    if not as_json:
        display.print_bench_plan(bench_.plan(names), bookings, rounds)
    measured = []
    with refusals(), display.progress_bars() as report:
        for measurement in bench_.run(bookings=bookings, rounds=rounds, only=names, report=report):
            measured.append(measurement)
            if keep:
                chosen = "".join(f" --only {name}" for name in names)
                command = f"scripts/bench --bookings {bookings} --rounds {rounds}{chosen}"
                pages.keep([measurement], command)
                pages.write()
    if as_json:
        display.print_json(measured)
    else:
        display.print_measurements(measured)


def prepare_sample(
    target: Target, bookings: int | None, seed: int | None
) -> Sequence[ExpectationResult]:
    """Have the embedded server hold a sample that is fit for the pipeline."""
    from earnings_pipeline import display, pipeline

    with display.progress_bars() as report, display.step("sample marketplace") as note:
        note(pipeline.load_sample(target, bookings=bookings, seed=seed, report=report))
    with display.progress_bars() as report, display.step("doctor, preflight") as note:
        findings, preflight = pipeline.examine(target, report)
        warnings = sum(finding.severity == "warning" for finding in findings)
        dirty = sum(not result.ok for result in preflight)
        met = f"{dirty} of {len(preflight)} expectations not met by old rows"
        note(f"{warnings} warnings, {met if preflight else 'nothing has changed'}")
    return preflight


@migrate.command("plan")
def migrate_plan(
    database_url: DatabaseUrl = None,
    csv_folder: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="DIR",
            file_okay=False,
            help="Also write every row, before and after, to a CSV file per step and reason.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Rehearse the data migration: what it would change, by step and reason. Writes nothing.

    It runs every step on temporary copies of the app's tables, in a transaction that is rolled
    back: it needs room for a copy, reads the tables once, and locks nothing. Bookings between two
    orders are listed, each with the orders in question.
    """
    from earnings_pipeline import display, migration

    with connection(database_url, "migrate plan") as conn, display.progress_bars() as report:
        planned = migration.plan(conn, report=report, folder=csv_folder)
    if as_json:
        display.print_json(planned)
    else:
        display.print_planned(planned, display.out)


@migrate.command("up")
def migrate_up(
    database_url: DatabaseUrl = None,
    step: Step = None,
    batch_size: BatchSize = 1000,
    pause: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Rest between two batches.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Add columns, install the engine and bring the old rows under the rules.

    The app keeps running. Schema changes lock a table for milliseconds and soon give up, to try
    again; indexes are built concurrently; each batch of rows is a transaction of its own
    that locks those rows. Every row that is changed is kept, before and after, so migrate down can
    undo it. Stopped at any moment it goes on when it is run again; done already it writes nothing.
    """
    from earnings_pipeline import display, migration

    with connection(database_url, "migrate up") as conn, display.progress_bars() as report:
        results = migration.up(conn, step=step, batch_size=batch_size, pause=pause, report=report)
    if as_json:
        display.print_json(results)
    else:
        display.print_rows(results, ["step", "state", "row_count", "batch_count", "seconds"])


@migrate.command("down")
def migrate_down(
    database_url: DatabaseUrl = None,
    step: Step = None,
    batch_size: BatchSize = 1000,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Undo the migration: take the engine off, restore every row, drop what was added.

    A row that the app has changed since is left as it is and listed, and the exit code is 1. With
    --step it undoes the latest step alone, with the engine on. Locks as migrate up does.
    """
    from earnings_pipeline import display, migration

    target = resolved(database_url)
    confirm(target, f"undo {step or 'the migration'}", yes)
    with connection_to(target, "migrate down") as conn, display.progress_bars() as report:
        undone = migration.down(conn, step=step, batch_size=batch_size, report=report)
    if as_json:
        display.print_json(undone)
    else:
        columns = ["step", "state", "row_count", "batch_count", "seconds"]
        if undone.steps:
            display.print_rows(undone.steps, columns)
        else:
            display.out.print("there is nothing to undo")
        if undone.left_alone:
            display.print_rows(
                undone.left_alone, ["step", "table", "row_id", "reason"], title="left alone"
            )
    if undone.left_alone:
        raise typer.Exit(FINDINGS)


@migrate.command("status")
def migrate_status(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Say where each step of the migration stands. Writes nothing, locks nothing."""
    from earnings_pipeline import display, migration

    with connection(database_url, "migrate status") as conn:
        steps = migration.status(conn)
    if as_json:
        display.print_json(steps)
    else:
        columns = ["step", "state", "row_count", "started_at", "finished_at"]
        display.print_rows(steps, columns)


@migrate.command("verify")
def migrate_verify(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Check what every step promised, the checklist, and that no cent is unaccounted for.

    Writes nothing, and sees one moment of the database. What a database cannot tell is listed with
    the command that does. Exits 1 when a check finds rows.
    """
    from earnings_pipeline import display, migration

    with connection(database_url, "migrate verify") as conn, display.progress_bars() as report:
        results = migration.verify(conn, report=report)
        items = migration.checklist(conn, results)
    if as_json:
        display.print_json({"checks": results, "checklist": items})
    else:
        display.print_verified(results, items)
    if any(result.offenders for result in results):
        raise typer.Exit(FINDINGS)


@migrate.command("contract")
def migrate_contract(
    database_url: DatabaseUrl = None,
    app_no_longer_maps: Annotated[
        bool,
        typer.Option(
            "--app-no-longer-maps",
            help="State that the app that runs no longer maps the columns that are dropped.",
        ),
    ] = False,
    revert: Annotated[bool, typer.Option("--revert", help="Bring the columns back.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Drop the columns that nobody needs any more, keeping aside what they hold.

    parent_booking_id, is_package_purchase, is_bundle_purchase and payment_transaction_id. It is
    refused, with exit code 1, until the migration verifies clean, has rested for contract_wait, and
    you state that the app no longer maps them. Locks bookings_booking for milliseconds.
    """
    from earnings_pipeline import display, migration
    from earnings_pipeline.migration.session import is_contracted

    target = resolved(database_url)
    confirm(target, "bring the old columns back" if revert else "drop the old columns", yes)
    with connection_to(target, "migrate contract") as conn, display.progress_bars() as report:
        is_idle = revert and not is_contracted(conn)
        result = (
            migration.ContractResult(state="reverted")
            if is_idle
            else migration.contract(
                conn, app_no_longer_maps=app_no_longer_maps, revert=revert, report=report
            )
        )
    if as_json:
        display.print_json(result)
    elif is_idle:
        display.out.print("there is nothing to revert")
    else:
        kept = f"what {result.kept_booking_count:,} bookings held is kept aside"
        display.out.print(f"{result.state}: {kept}" if not result.refusals else "refused:")
        for refusal in result.refusals:
            display.out.print(f"  {refusal}")
    if result.refusals:
        raise typer.Exit(FINDINGS)


@server.command("start")
def server_start() -> None:
    """Start the embedded PostgreSQL unless it runs. It goes on running until it is stopped."""
    from earnings_pipeline import display, embedded

    target = embedded.start()
    display.out.print(f"running: {target}")
    display.out.print(f"its password is in {embedded.default_server().state / 'password'}")


@server.command("stop")
def server_stop() -> None:
    """Stop the embedded PostgreSQL. Its data stays under .earnings/."""
    from earnings_pipeline import display, embedded

    display.out.print("stopped" if embedded.stop() else "it was not running")


@server.command("environment")
def server_environment() -> None:
    """Print the PG* variables of the embedded PostgreSQL, which it starts, for psql and dbt.

    In a shell: eval "$(scripts/earnings server environment)". The password is among them.
    """
    from earnings_pipeline import embedded

    for name, value in embedded.start().environment().items():
        print(f"export {name}={shlex.quote(value)}")


@server.command("remove")
def server_remove(yes: Yes = False) -> None:
    """Stop the embedded PostgreSQL and delete its data, the sample included."""
    from earnings_pipeline import display, embedded

    own = embedded.default_server()
    if own.data.exists():
        confirm(own.target(), "delete the embedded server", yes)
    own.remove()
    display.out.print("removed; the next run begins with a new one")


@server.command("status")
def server_status(as_json: AsJson = False) -> None:
    """Say whether the embedded PostgreSQL runs, and where. Exits 1 when it does not."""
    from earnings_pipeline import display, embedded

    own = embedded.default_server()
    is_running = own.is_running()
    if as_json:
        port = own.target().port if is_running else None
        display.print_json({"is_running": is_running, "port": port, "data": str(own.data)})
    else:
        display.out.print(f"running: {own.target()}" if is_running else "not running")
    if not is_running:
        raise typer.Exit(FINDINGS)


@contextmanager
def connection(database_url: str | None, command: str) -> Iterator[psycopg.Connection]:
    """Connect to the database that was named for the length of one command."""
    with connection_to(resolved(database_url), command) as conn:
        yield conn


@contextmanager
def connection_to(target: Target, command: str) -> Iterator[psycopg.Connection]:
    from earnings_pipeline import database

    with database.refusals(), database.connect(target, command) as conn:
        yield conn


@contextmanager
def refusals() -> Iterator[None]:
    from earnings_pipeline import database

    with database.refusals():
        yield


def resolved(database_url: str | None) -> Target:
    from earnings_pipeline import display, target

    found = target.resolve(database_url, os.environ)
    if found.is_embedded:
        display.err.print(f"using the embedded server: {found}")
    return found


def confirm(target: Target, what: str, yes: bool) -> None:
    """Have a person type the database's name before `what` is done to it."""
    from earnings_pipeline import display

    if yes:
        return
    if not display.is_interactive():
        raise WrongUsage(
            f"nothing was written: to {what}, a confirmation is needed, "
            "and there is no terminal to ask on",
            "Give --yes to go on without being asked.",
        )
    answer = typer.prompt(
        f"To {what} on {target}, type the database's name ({target.dbname})", err=True
    )
    if answer.strip() != target.dbname:
        raise WrongUsage("nothing was written: that is not the database's name")


def main() -> NoReturn:
    """Run the command line; what is expected to go wrong ends without a traceback."""
    try:
        app(prog_name="scripts/earnings")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print("\nstopped; the same command goes on from here", file=sys.stderr)
        raise
    except PipelineError as error:
        fail(error)
    except OSError as error:
        fail(PipelineError(f"{error.strerror or error}: {error.filename}"))
    raise AssertionError("typer always exits")


def fail(error: PipelineError) -> NoReturn:
    from earnings_pipeline import display

    display.print_error(error.message, error.hint)
    sys.exit(error.exit_code)
