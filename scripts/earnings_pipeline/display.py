"""Show things on a terminal: tables, progress bars, amounts.  Only cli.py uses it."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from earnings_pipeline.progress import Progress, Report

if TYPE_CHECKING:
    from earnings_pipeline.bench import Planned
    from earnings_pipeline.bench.measuring import Measurement
    from earnings_pipeline.building import BuildResult
    from earnings_pipeline.checks import CheckResult
    from earnings_pipeline.comparing import Comparison
    from earnings_pipeline.doctor import Finding
    from earnings_pipeline.explain import ExplainedBalance
    from earnings_pipeline.jobs import JobSummary
    from earnings_pipeline.migration import (
        AmbiguousLink,
        ChecklistItem,
        PlannedReason,
        Verification,
    )
    from earnings_pipeline.pipeline import Judged, Plan, StepDone, Summary

OFFENDERS_SHOWN = 5
SEVERITY_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}

# What a script reads goes to stdout, everything that accompanies it to stderr.
# Off a terminal nobody needs a table to fit into 80 columns.
OFF_TERMINAL_WIDTH = 200
out = Console(
    soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else OFF_TERMINAL_WIDTH
)
err = Console(
    soft_wrap=True,
    highlight=False,
    stderr=True,
    width=None if sys.stderr.isatty() else OFF_TERMINAL_WIDTH,
)


def print_json(value: object) -> None:
    """Print one JSON document and nothing else on stdout."""
    print(json.dumps(value, default=_as_json, indent=2, ensure_ascii=False))


def _as_json(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset | Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_rows(
    rows: Sequence[object], columns: Sequence[str], title: str = "", console: Console = out
) -> None:
    """Print dataclasses or dictionaries as a table; numbers stand to the right."""
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    values = [[_value(row, column) for column in columns] for row in rows]
    for index, column in enumerate(columns):
        is_number = bool(values) and all(
            isinstance(row[index], int | float | decimal.Decimal) or row[index] is None
            for row in values
        )
        table.add_column(_heading(column), justify="right" if is_number else "left")
    for row in values:
        table.add_row(*(_cell(column, value) for column, value in zip(columns, row, strict=True)))
    console.print(table)


def money(cents: int | None, currency: str = "") -> str:
    """Write cents as an amount, exactly."""
    if cents is None:
        return "-"
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02d} {currency}".rstrip()


def _value(row: object, column: str) -> object:
    return row.get(column) if isinstance(row, dict) else getattr(row, column)


def _heading(column: str) -> str:
    return column.removesuffix("_cents").replace("_", " ")


def _cell(column: str, value: object) -> Text:
    if value is None:
        return Text("-")
    if column.endswith("_cents") and isinstance(value, int):
        return Text(money(value))
    if column == "severity":
        return Text(str(value), style=SEVERITY_STYLES.get(str(value), ""))
    if isinstance(value, float):
        return Text(f"{value:.1f}")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, int) and not column.endswith("id"):
        return Text(f"{value:,}")
    if isinstance(value, datetime.datetime):
        return Text(value.strftime("%Y-%m-%d %H:%M"))
    return Text(str(value))


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Give a `Report` that draws a bar per task while it lasts; silent off a terminal."""
    if not err.is_terminal:
        yield lambda progress: None
        return
    bars = Bars(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=err,
        transient=True,
        refresh_per_second=4,
    )
    tasks: dict[str, TaskID] = {}

    def report(progress: Progress) -> None:
        if progress.task not in tasks:
            tasks[progress.task] = bars.add_task(progress.task, total=progress.total, note="")
        bars.update(
            tasks[progress.task],
            completed=progress.done,
            total=progress.total,
            note=progress.note,
        )

    with bars:
        yield report


def print_error(message: str, hint: str) -> None:
    err.print(Text("error: ", style="bold red") + Text(message))
    if hint:
        err.print(Text(hint))


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def print_findings(findings: Sequence[Finding]) -> None:
    """Print what doctor found, each with what to do about it."""
    for finding in findings:
        mark = Text(f"{finding.severity:>7}  ", style=SEVERITY_STYLES[finding.severity])
        out.print(mark + Text(f"{finding.subject}: {finding.message}", style=""))
        if finding.hint:
            out.print(Text(f"         {finding.hint}", style="dim"))


def print_bench_plan(planned: Sequence[Planned], bookings: int, rounds: int) -> None:
    """Say what will be measured before it is."""
    print_rows(planned, ["name", "what", "against"])
    out.print(f"{bookings:,} bookings, {rounds} rounds")


def print_measurements(measurements: Sequence[Measurement]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("scenario", "case", "size", "goal", "measured", "CPU", "verdict"):
        table.add_column(heading)
    for one in measurements:
        table.add_row(
            one.scenario,
            one.case,
            one.size,
            str(one.goal),
            f"{one.figure:.3g}",
            f"{one.cpu_figure:.2g} x" if one.cpu_figure else "",
            Text(one.verdict, style="green" if one.is_met else "yellow"),
        )
    out.print(table)


def print_job(summary: JobSummary) -> None:
    """Print what a job did: the counts that are not zero, and the money."""
    from earnings_pipeline.pipeline import counted

    counts = {
        f"{summary.completed_count:,} completed": summary.completed_count,
        f"{summary.earnings_created_count:,} earnings created": summary.earnings_created_count,
        f"{summary.released_count:,} released": summary.released_count,
        counted(summary.payout_count, "payout"): summary.payout_count,
        counted(summary.expired_count, "package", " expired"): summary.expired_count,
        f"{summary.skipped_count:,} left to another session": summary.skipped_count,
        counted(summary.error_count, "new exception"): summary.error_count,
    }
    done = ", ".join(what for what, count in counts.items() if count)
    amounts = ", ".join(money(cents, currency) for currency, cents in summary.cents.items())
    out.print(f"{summary.job}: {done or 'nothing was due'}{f' ({amounts})' if amounts else ''}")


def print_checks(results: Sequence[CheckResult]) -> None:
    """Print each claim with its verdict; below those that fail, the first offenders."""
    for result in results:
        _print_check(result)
    _print_claims(results)


def _print_claims(results: Sequence[CheckResult]) -> None:
    failed = sum(not result.ok for result in results)
    out.print(f"{len(results)} claims, {failed} with offenders")
    changed = {
        result.reads: result.changed_count for result in results if result.changed_count is not None
    }
    if changed:
        listed = ", ".join(f"{count:,} {kind}" for kind, count in sorted(changed.items()))
        out.print(f"put to what has changed: {listed}", style="dim")


def _print_check(result: CheckResult) -> None:
    from earnings_pipeline.pipeline import counted

    mark = Text("  ok  " if result.ok else "FAILS ", style="green" if result.ok else "bold red")
    out.print(mark + Text(f"{result.name}: {result.claim}"))
    if result.ok:
        return
    found = counted(result.offender_count, "offender", f", rule {result.rule}")
    out.print(f"      {found}", style="dim")
    for offender in result.offenders:
        detail = f"      {offender.subject} {offender.subject_id}: {offender.detail}"
        out.print(Text(detail))
    out.print(Text(f"      If not {result.remedy}", style="dim"))


def print_judged(judged: Judged) -> None:
    """Print what was built, what is not as claimed, and where report and documentation lie."""
    print_build(judged.build)
    for result in judged.marts:
        if not result.ok:
            out.print(Text(f"expected {result.describe()}", style="red"))
    for check in judged.checks:
        if not check.ok:
            _print_check(check)
    _print_claims(judged.checks)
    if judged.report:
        print_report(judged.report)
    if judged.build.documentation:
        out.print(f"the models, documented: {judged.build.documentation}")


def print_build(result: BuildResult) -> None:
    """Print what dbt built, and for each failure some of the rows that it found."""
    for failure in [*result.errors, *result.findings]:
        out.print(Text(f"{failure.kind} {failure.node}: {failure.message}", style="red"))
        if failure.rows:
            print_rows(failure.rows, list(failure.rows[0]))
    built = ", ".join(f"{count} {kind}s" for kind, count in result.node_counts.items())
    out.print(
        f"{built or 'nothing'} built in {result.seconds:.0f} s, {len(result.findings)} tests "
        f"with findings, {len(result.errors)} errors, {len(result.skipped)} skipped"
    )
    if result.errors or result.skipped:
        out.print("readers go on seeing the build before")
    if not result.ok:
        out.print(f"dbt's log: {result.log}")


def print_comparison(comparison: Comparison, shown: int) -> None:
    """Print how many figures were compared, and of those that differ who says what."""
    differing = [difference.what for difference in comparison.differences]
    for what, count in comparison.figure_counts.items():
        differ = differing.count(what)
        mark = _mark(differ == 0)
        out.print(mark + Text(f"{what}: {count:,} figures compared, {differ:,} differ"))
    for difference in comparison.differences[:shown]:
        moment = _exactly(difference.as_of) if difference.as_of else "now"
        said = ", ".join(f"{source} {cents}" for source, cents in difference.cents.items())
        subject = f"{difference.subject} {difference.subject_id} {difference.currency}"
        out.print(Text(f"{subject}, {difference.what} {difference.part}, {moment}: {said} cents"))
    if len(differing) > shown:
        out.print(f"... and {len(differing) - shown:,} more; --json has them all")
    out.print(
        f"now and as of {len(comparison.moments)} moments from {_exactly(comparison.opened_at)} "
        f"to {_exactly(comparison.final_until)}"
    )


def _exactly(moment: datetime.datetime) -> str:
    """A moment to the microsecond, as --as-of takes it."""
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def print_balance(balance: ExplainedBalance) -> None:
    """Print a practitioner's balance and the rows that add up to it."""
    finality = "" if balance.is_final else " (provisional: transactions are still running)"
    moment = balance.as_of.strftime("%Y-%m-%d %H:%M:%S UTC")
    out.print(f"practitioner {balance.practitioner_id} as of {moment}{finality}")
    totals = [
        {"currency": currency, "status": status, "net_cents": net}
        for (currency, status), net in balance.totals.items()
    ]
    print_rows(totals, ["currency", "status", "net_cents"])
    out.print()
    print_rows(
        balance.rows,
        [
            *("earnings_id", "booking_id", "currency", "status", "net_amount_cents", "since"),
            *("available_after", "payout_id", "event", "reason"),
        ],
    )


def print_balance_as_json(balance: ExplainedBalance) -> None:
    totals = [
        {"currency": currency, "status": status, "net_amount_cents": net}
        for (currency, status), net in balance.totals.items()
    ]
    fields = {field.name: getattr(balance, field.name) for field in dataclasses.fields(balance)}
    print_json(fields | {"totals": totals})


def print_report(path: Path) -> None:
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    out.print(f"the report: {path}")
    out.print(f"to open it: {opener} {shlex.quote(str(path))}")


def print_step(done: StepDone) -> None:
    """Print one finished step with the time it took."""
    err.print(Text(f"  {done.name:<20} {done.seconds:6.1f} s  {done.note}"))


@contextmanager
def step(name: str) -> Iterator[Callable[[str], None]]:
    """Time a step and print it when it has ended; the callable given takes its note."""
    from earnings_pipeline.pipeline import StepDone

    started = time.monotonic()
    notes: list[str] = []
    yield notes.append
    print_step(StepDone(name=name, seconds=time.monotonic() - started, note=" ".join(notes)))


def print_plan(plan: Plan, *, with_jobs: bool) -> None:
    """Print what a run would do to a database, before anything is written."""
    err.print(Text(f"This is what the run would do to {plan.target}.", style="bold"))
    warnings = [finding for finding in plan.findings if finding.severity != "ok"]
    for finding in plan.findings:
        err.print(Text(f"  {finding.subject}: {finding.message}"))
        if finding in warnings:
            err.print(Text(f"    {finding.hint}", style="dim"))
    from earnings_pipeline.pipeline import described_result

    dirty = [result for result in plan.preflight if not result.ok]
    err.print(f"Old rows that are not as expected: {len(dirty)} kinds", style="bold")
    for result in dirty:
        err.print(Text(f"  {described_result(result)}"))
    err.print("migrate up", style="bold")
    print_planned(plan.migration, err)
    err.print("jobs", style="bold")
    if not with_jobs:
        err.print("  left out (--without-jobs)")
    elif plan.due:
        print_rows(plan.due, ["job", "currency", "row_count", "net_cents"], console=err)
        err.print(
            "  Past bookings become completed and the app may ask their clients for a review: "
            "--without-jobs leaves that for later."
        )
    else:
        err.print("  nothing is due")
    err.print(
        "Then dbt writes the schemas staging, finance and reconciliation, "
        "and the report is written here."
    )


def print_summary(summary: Summary, seconds: float) -> None:
    """Print what a run did, in counts and money, and where the report lies."""
    out.print()
    print_rows(
        summary.money,
        ["currency", "status", "row_count", "net_cents"],
        title=f"earnings in {summary.target}",
    )
    moved = [{"step": name, "rows_changed": count} for name, count in summary.migrated_rows.items()]
    if moved:
        out.print()
        print_rows(moved, ["step", "rows_changed"], title="the data migration")
    out.print()
    for summary_of_job in summary.jobs:
        print_job(summary_of_job)
    out.print()
    if summary.problems:
        out.print(Text("what needs a person first:", style="bold yellow"))
        for problem in summary.problems:
            out.print(Text(f"  {problem}"))
    else:
        out.print("every claim holds: no check and no test found an offender")
    if summary.open_matters:
        needs = "matter needs" if summary.open_matters == 1 else "matters need"
        out.print(f"{summary.open_matters:,} {needs} a person: see the report")
    if summary.sample_today:
        out.print(f"as of {summary.sample_today:%Y-%m-%d %H:%M} UTC, the sample's today")
    print_report(summary.report)
    out.print(f"done in {seconds:.0f} s; running it again does only what is new")


def print_planned(planned: Sequence[PlannedReason], console: Console) -> None:
    """Print what the migration would change, by step and reason, and the net it concerns."""
    if not planned:
        console.print("  nothing: every row is as the rules want it")
        return
    step = ""
    for reason in planned:
        if reason.step != step:
            step = reason.step
            console.print(Text(f"  {step}"))
        amounts = [money(cents, currency) for currency, cents in reason.amount_cents.items()]
        examples = ", ".join(map(str, reason.sample_ids[:3]))
        said = f"{reason.operation} {reason.table}: {reason.reason.replace('_', ' ')}"
        line = Text(f"  {reason.row_count:>9,}  {said}  {', '.join(amounts)}")
        console.print(line + Text(f"  (such as {examples})", style="dim"))
        for link in reason.ambiguous_links:
            console.print(Text(f"             booking {link.booking_id}: {_candidates(link)}"))


def _candidates(link: AmbiguousLink) -> str:
    pairs = zip(link.order_ids, link.distances_seconds, strict=True)
    orders = [f"order {order_id}, {seconds:.0f} s away" for order_id, seconds in pairs]
    return " or ".join(orders) or "waits with the booking that it belongs to"


def print_verified(results: Sequence[Verification], checklist: Sequence[ChecklistItem]) -> None:
    """Print each check of the migration with the first rows that offend, then the checklist."""
    for result in results:
        is_ok = not result.offenders
        count = "" if is_ok else f": {len(result.offenders):,} offenders"
        out.print(_mark(is_ok) + Text(f"{result.check}{count}"))
        for offender in result.offenders[:OFFENDERS_SHOWN]:
            subject = f"{offender.subject} {offender.subject_id or ''}".rstrip()
            out.print(Text(f"      {subject}: {offender.offence}"))
    part = ""
    for item in checklist:
        if item.part != part:
            part = item.part
            out.print(Text(f"{part}:"))
        if item.is_met is None:
            out.print(Text(f"  --  {item.item}: {item.command}", style="dim"))
        else:
            told_by = "" if item.is_met else f" ({', '.join(item.checks)})"
            out.print(_mark(item.is_met) + Text(f"{item.item}{told_by}"))


def _mark(is_ok: bool) -> Text:
    return Text("  ok  " if is_ok else "FAILS ", style="green" if is_ok else "bold red")
