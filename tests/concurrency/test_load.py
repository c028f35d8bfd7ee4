"""Twelve connections, all flows of both versions of the app, payouts, jobs: the lock order (R20).

scripts/test lets them do 1,500 things.  The documented run is 30,000, some six minutes on two
cores; it prints how each ended, and every deadlock by what both sides were doing:

    EARNINGS_LOAD=30000 scripts/test tests/concurrency/test_load.py -n 0 -s
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from concurrency.load import Crowd, of_payouts
from earnings_pipeline import checks
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target

FLOWS = int(os.environ.get("EARNINGS_LOAD", "1500"))
WORKERS = 12


def test_all_flows_at_once_do_not_deadlock_and_leave_every_cent_in_its_place(
    engine_copy: Target,
) -> None:
    crowd = Crowd(engine_copy)
    crowd.settle_down()

    with asked(crowd) as answers:
        seconds = crowd.run(FLOWS, WORKERS)

    print(
        f"\n{FLOWS} flows in {seconds:.0f} s, {len(answers.final)} past balances asked, "
        f"{len(answers.closings)} closings"
    )
    for name, number in Counter(crowd.deadlocks).most_common():
        print(f"{number} deadlocks: {name}")
    for (flow, outcome), number in sorted(crowd.outcomes.items()):
        print(f"{number:6} {flow}: {outcome}")
    assert not crowd.unexpected, "\n".join(dict.fromkeys(crowd.unexpected))
    with connect(engine_copy, "test") as conn:
        # what one side could not lock is left to the next job (R7, R9)
        while conn.execute("select 1 from earnings.settlement_queue limit 1").fetchone():
            conn.execute("select earnings.settle_queued(1000)")
        wrong = [result for result in checks.run(conn) if not result.ok]
        assert not wrong, "\n".join(f"{found.name}: {found.offenders}" for found in wrong)
        assert_answers_stay(conn, answers)
    assert [name for name in crowd.deadlocks if not of_payouts(name)] == []


class Answers:
    """What was asked while everything moved: balances of past moments, and closings."""

    def __init__(self) -> None:
        self.final: dict[tuple[int, Any], list[tuple[Any, ...]]] = {}
        self.closings: dict[str, list[tuple[Any, ...]]] = {}


@contextmanager
def asked(crowd: Crowd) -> Iterator[Answers]:
    """Ask for balances below the watermark, and make closings, until the block ends."""
    answers = Answers()
    is_over = threading.Event()
    failures: list[BaseException] = []

    def ask() -> None:
        chosen = random.Random(1)
        try:
            with connect(crowd.target, "asks") as conn:
                [[opened]] = conn.execute("select clock_timestamp()").fetchall()
                while not is_over.is_set():
                    conn.execute("select earnings.beat()")
                    [[watermark]] = conn.execute("select earnings.watermark()").fetchall()
                    if watermark is None or watermark < opened:
                        continue
                    for _ in range(10):
                        moment = watermark - (watermark - opened) * min(chosen.expovariate(20), 1)
                        practitioner = chosen.choice(crowd.practitioners)
                        answers.final[practitioner, moment] = balance(conn, practitioner, moment)
                    if chosen.random() < 0.1:
                        make_closing(conn, answers)
        except BaseException as error:  # noqa: BLE001  it is raised again below
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        thread.join()
    if failures:
        raise failures[0]


def balance(conn: Any, practitioner_id: int, moment: Any) -> list[tuple[Any, ...]]:
    return conn.execute(
        "select * from earnings.balance_as_of(%s, %s)", [practitioner_id, moment]
    ).fetchall()


def make_closing(conn: Any, answers: Answers) -> None:
    """Close, and add up the ledger in the very snapshot of the closing."""
    name = f"closing {len(answers.closings) + 1}"
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        conn.execute("select earnings.close_period(%s)", [name])
        answers.closings[name] = conn.execute(
            "select practitioner_id, currency, status, sum(net_amount_cents) "
            "from payments_earningstransaction group by 1, 2, 3 "
            "having sum(net_amount_cents) <> 0 order by 1, 2, 3"
        ).fetchall()


def assert_answers_stay(conn: Any, answers: Answers) -> None:
    """What was final then is so now, and a closing is what the ledger was."""
    assert len(answers.final) > FLOWS / 10
    for (practitioner_id, moment), then in answers.final.items():
        assert all(is_final for *_, is_final in then)
        assert balance(conn, practitioner_id, moment) == then, f"{practitioner_id} as of {moment}"
    assert answers.closings
    practitioners = conn.execute("select id from practitioners_practitioner order by id").fetchall()
    for name, then in answers.closings.items():
        now = [
            (practitioner_id, *row)
            for (practitioner_id,) in practitioners
            for row in conn.execute(
                "select * from earnings.balance_at_closing(%s, %s)", [practitioner_id, name]
            )
        ]
        assert now == then, name
