"""Run many sequences on one database, and say how to run a failing one again.

    EARNINGS_SEQUENCES=10000 scripts/test tests/model

runs that many new ones, half of them in each form of the app; without it the same 200 each time.
A failure names the seed, and the command that runs the same sequences again; Hypothesis also tries
the failing one first when the test runs again.

    EARNINGS_SHRINK=yes scripts/test tests/model -k after --hypothesis-seed=…

looks for the shortest sequence that fails as well, for five minutes at most: each try is a sequence
of its own, so a failing run does without unless it is asked.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from conftest import migrate_up
from earnings_pipeline import checks
from earnings_pipeline.database import connect
from earnings_pipeline.sample.tables import Form, create_tables
from earnings_pipeline.target import Target
from marketplace_app import App
from model.machine import MarketplaceMachine

# The small size is always the same, so that it fails for a change and not by chance.
SEQUENCES, SEED = 200, 1
SHARDS = 2
STEPS = 25
FINDING = (Phase.explicit, Phase.reuse, Phase.generate)


def build(form: Form) -> Callable[[psycopg.Connection], None]:
    """A builder of the app's tables in one form, with the engine on."""

    def builder(conn: psycopg.Connection) -> None:
        create_tables(conn, form=form)
        migrate_up(conn)

    return builder


def run_sequences(target: Target, form: str, config: pytest.Config) -> None:
    """Drive one app's form; the check queries judge the whole database at the end."""
    asked = os.environ.get("EARNINGS_SEQUENCES")
    count = int(asked or SEQUENCES) // SHARDS
    phases = (*FINDING, Phase.shrink) if "EARNINGS_SHRINK" in os.environ else FINDING
    given_seed = config.getoption("--hypothesis-seed")
    chosen = int(given_seed) if given_seed else random.randrange(2**32) if asked else SEED
    with ExitStack() as stack:
        conn = stack.enter_context(connect(target, "test"))
        app, other, slow = (stack.enter_context(App(target, form)) for _ in range(3))
        app.commission("workshop", "12.50")
        for each in (app, other, slow):
            each.execute("set lock_timeout = '5s'")
        conn.execute("set lock_timeout = '5s'")
        machine = type(
            f"{form.capitalize()}Machine",
            (MarketplaceMachine,),
            {"app": app, "other_app": other, "slow_app": slow, "conn": conn},
        )
        try:
            run_state_machine_as_test(
                seed(chosen)(machine),
                settings=settings(
                    max_examples=count,
                    stateful_step_count=STEPS,
                    deadline=None,
                    print_blob=True,
                    suppress_health_check=list(HealthCheck),
                    phases=phases,
                    report_multiple_bugs=False,
                ),
            )
            refuse_offenders(conn)
        except Exception as error:
            error.add_note(
                f"Again: EARNINGS_SEQUENCES={count * SHARDS} scripts/test tests/model "
                f"-k {form} --hypothesis-seed={chosen}"
            )
            raise


def refuse_offenders(conn: psycopg.Connection) -> None:
    failed = [result for result in checks.run(conn) if not result.ok]
    assert not failed, "\n".join(f"{r.name}: {r.offenders}" for r in failed)
