"""Validate data with great-expectations: the app's tables before migrate, the marts after build.

The suites are data: `preflight.py` and `marts.py` say what is expected of which table, why, and
whether the opposite must stop us.  Everything runs in SQL; of what is unexpected only the count
and the keys of the first rows are fetched.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from earnings_pipeline import sqlfiles
from earnings_pipeline.errors import PipelineError, WrongUsage
from earnings_pipeline.expectations import marts, preflight
from earnings_pipeline.expectations.suite import Batch, Expectation
from earnings_pipeline.progress import Progress, Report, silent
from earnings_pipeline.target import Target

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent.postgres_datasource import PostgresDatasource

SUITES: Mapping[str, Sequence[Batch]] = {"preflight": preflight.SUITE, "marts": marts.SUITE}
# what must be there before they can be validated
MARTS = tuple(batch.name for batch in marts.SUITE if not batch.is_query)
ROWS_SHOWN = 20
NAMED = 5
# what the query of a batch ends with
BATCH = " as batch"
# The second has a level of its own, and tells of every temporary directory.
CHATTY = ("great_expectations", "great_expectations.data_context.types.base")
UNREADABLE = (
    "The app's tables must be there for the preflight, and scripts/earnings build must have run "
    "for the marts; scripts/earnings doctor lists missing privileges."
)
READ_ONLY = "-c default_transaction_read_only=on -c timezone=UTC"


@dataclass(frozen=True, kw_only=True)
class ExpectationResult:
    """Whether the rows of a table were as expected; `rows` are the first that were not."""

    suite: str
    table: str
    column: str
    meaning: str
    severity: str
    ok: bool
    row_count: int
    unexpected_count: int
    key: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]

    @property
    def is_blocking(self) -> bool:
        """Whether this must be mended before going on; the migration mends the rest."""
        return not self.ok and self.severity == "critical"

    def describe(self) -> str:
        """Say in a line what was expected, and of how many rows it is not so, by their keys."""
        if self.ok:
            return f"{self.table}: {self.meaning}"
        named = ", ".join(
            " ".join(str(row[column]) for column in self.key) for row in self.rows[:NAMED]
        )
        more = ", …" if self.unexpected_count > NAMED else ""
        return (
            f"{self.table}: {self.meaning}. {self.unexpected_count:,} of {self.row_count:,} rows "
            f"are otherwise: {' '.join(self.key)} {named}{more}"
        )


class ValidationFailed(PipelineError):
    """The data could not be validated at all."""


def validate(target: Target, suite: str, report: Report = silent) -> list[ExpectationResult]:
    """Validate the suite's tables and return one result per expectation.

    A result that is not ok is a finding; `is_blocking` tells those that must stop the migration.
    """
    if suite not in SUITES:
        raise WrongUsage(
            f"there is no suite named {suite}", f"The suites are {' and '.join(SUITES)}."
        )
    # Importing it takes seconds, and most commands do not need it.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres(
        "database",
        connection_string=target.url("postgresql+psycopg"),
        create_temp_table=False,
        kwargs={  # type: ignore[call-arg]  # its stub lacks what the class takes
            "connect_args": {"options": READ_ONLY, "application_name": "earnings validate"}
        },
    )
    _spare_rows(source)
    batches = SUITES[suite]
    results = []
    for number, batch in enumerate(batches):
        report(Progress(task=suite, done=number, total=len(batches), note=batch.name))
        results += _validate_batch(source, suite, batch)
    report(Progress(task=suite, done=len(batches), total=len(batches)))
    return results


def validate_apart(target: Target, suite: str, report: Report = silent) -> list[ExpectationResult]:
    """Validate in a process of its own: what great-expectations loads, 160 MB, goes with it.

    Beside dbt and the report's charts it would be too much.
    """
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send_results, args=(sending, target, suite), daemon=True)
    process.start()
    # so that the end of the process is the end of what it sends
    sending.close()
    try:
        while isinstance(received := receiving.recv(), Progress):
            report(received)
    except EOFError:
        raise ValidationFailed(
            f"the process that validates the {suite} has ended",
            "Its last words are above; if there are none, the system may be short of memory.",
        ) from None
    process.join()
    if isinstance(received, PipelineError):
        raise received
    results: list[ExpectationResult] = received
    return results


def _send_results(sending: Connection, target: Target, suite: str) -> None:
    # who is interrupted at the terminal says so itself, and ends this process with its own
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sending.send(validate(target, suite, sending.send))
    except PipelineError as error:
        sending.send(error)


def _validate_batch(
    source: PostgresDatasource, suite: str, batch: Batch
) -> list[ExpectationResult]:
    import great_expectations as gx

    definition = _batch_definition(source, batch)
    expected = gx.ExpectationSuite(
        name=batch.name,
        expectations=[
            _configured(expectation, number)
            for number, expectation in enumerate(batch.expectations)
        ],
    )
    validated = definition.get_batch().validate(
        expected,
        result_format={
            "result_format": "SUMMARY",
            "unexpected_index_column_names": list(batch.key),
            "partial_unexpected_count": ROWS_SHOWN,
        },
    )
    results = {}
    for result in validated.results:
        assert result.expectation_config is not None  # noqa: S101
        number = result.expectation_config.meta["number"]
        if failure := _failure(result.exception_info):
            raise ValidationFailed(f"{batch.name} cannot be read: {failure}", UNREADABLE)
        results[number] = _result(suite, batch, batch.expectations[number], result)
    return [results[number] for number in sorted(results)]


def _spare_rows(source: PostgresDatasource) -> None:
    """Leave the rows of a whole batch where they are.

    GX runs the batch's own query to learn the names of its columns, and keeps nothing else of it.
    """
    from sqlalchemy import Engine, TextClause, event, text

    def limited(_: object, clause: object, many: object, one: object, __: object) -> object:
        if isinstance(clause, TextClause) and clause.text.endswith(BATCH):
            clause = text(f"{clause.text} limit 0")
        return clause, many, one

    engine = source.get_execution_engine().engine
    assert isinstance(engine, Engine)  # noqa: S101
    event.listen(engine, "before_execute", limited, retval=True)


def _batch_definition(source: PostgresDatasource, batch: Batch) -> BatchDefinition[Any]:
    # GX wants the word select in front, and the files begin with what they are.
    rows = f"(\n{sqlfiles.read(f'expectations/{batch.name}')})" if batch.is_query else batch.name
    query = f"select * from {rows}{BATCH}"  # noqa: S608
    return source.add_query_asset(batch.name, query=query).add_batch_definition(batch.name)


def _failure(info: Mapping[str, Any]) -> str:
    """Return the first error in what GX keeps of them: one, or one per metric."""
    if info.get("raised_exception"):
        return str(info["exception_message"]).strip().splitlines()[0]
    nested = [_failure(part) for part in info.values() if isinstance(part, Mapping)]
    return next(filter(None, nested), "")


def _configured(expectation: Expectation, number: int) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.row_conditions import Column

    arguments = dict(expectation.arguments)
    if expectation.where is not None:
        column, value = expectation.where
        arguments["row_condition"] = Column(column) == value
    return ExpectationConfiguration(
        type=expectation.type,
        kwargs={"column": expectation.column, **arguments},
        meta={"number": number},
    ).to_domain_obj()


def _result(suite: str, batch: Batch, expectation: Expectation, result: Any) -> ExpectationResult:
    details = result.result
    return ExpectationResult(
        suite=suite,
        table=batch.name,
        column=expectation.column,
        meaning=expectation.meaning,
        severity=expectation.severity,
        ok=bool(result.success),
        row_count=details.get("element_count") or 0,
        unexpected_count=details.get("unexpected_count") or 0,
        key=batch.key,
        rows=tuple(details.get("partial_unexpected_index_list") or ()),
    )
