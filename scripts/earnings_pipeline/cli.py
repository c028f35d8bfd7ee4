"""The command line: parses, prints and exits; the work is done by the modules it imports late."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from earnings_pipeline.errors import PipelineError, WrongUsage

if TYPE_CHECKING:
    import psycopg

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

app = typer.Typer(
    name="earnings",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
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
        help="postgresql://user:password@host:5432/database, or key=value pairs.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@app.command()
def doctor(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Examine whether a database is fit for the pipeline. Writes nothing, locks nothing.

    Looks at the server, privileges, the app's tables and columns, triggers, long transactions and
    what of the pipeline is there already. Exits 1 when something must be mended first.
    """
    from earnings_pipeline import display
    from earnings_pipeline import doctor as doctor_

    with connection(database_url, "doctor") as conn:
        findings = doctor_.examine(conn)
    if as_json:
        display.print_json(findings)
    else:
        display.print_findings(findings)
    if doctor_.has_errors(findings):
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
    """Connect to the target for the length of one command."""
    from earnings_pipeline import database

    with database.connect(resolved(database_url), command) as conn:
        yield conn


def resolved(database_url: str | None) -> Target:
    from earnings_pipeline import target

    return target.resolve(database_url, os.environ)


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
    except Exception as error:
        fail(_expected(error))
    raise AssertionError("typer always exits")


def _expected(error: Exception) -> PipelineError:
    """Return what stands for an error of the database; anything else is a bug and goes on."""
    import psycopg

    from earnings_pipeline.database import explained

    if isinstance(error, psycopg.Error):
        return explained(error)
    raise error


def fail(error: PipelineError) -> NoReturn:
    from earnings_pipeline import display

    display.print_error(error.message, error.hint)
    sys.exit(error.exit_code)
