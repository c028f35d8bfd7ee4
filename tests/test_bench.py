"""What is made of figures: medians, verdicts, the page.  The scenarios run in .ci/run."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial

import psycopg
import pytest

from earnings_pipeline import bench, checks, migration
from earnings_pipeline.bench import pages
from earnings_pipeline.bench.measuring import Goal, Measurement, Sample, alternate
from earnings_pipeline.bench.multiplying import multiply
from earnings_pipeline.database import connect
from earnings_pipeline.errors import WrongUsage
from earnings_pipeline.target import Target

MACHINE = {"processor": "2 cores"}


def samples(*seconds: float) -> list[Sample]:
    return [Sample(rows=10, seconds=each, cpu_seconds=each / 2) for each in seconds]


def measured(kind: str, bound: float, ours: list[Sample], limit: list[Sample]) -> Measurement:
    goal = Goal(kind=kind, bound=bound)
    return Measurement(
        scenario="release", case="1 worker", size="9 bookings", goal=goal, ours=ours, limit=limit
    )


def test_a_ratio_is_that_of_the_medians_so_one_slow_run_decides_nothing():
    one = measured("times its time", 1.3, samples(2, 2.4, 90), samples(2, 1, 2))

    assert one.figure == pytest.approx(1.2)
    assert one.cpu_figure == pytest.approx(1.2)
    assert one.verdict == "met"


@pytest.mark.parametrize(
    ("kind", "bound", "figure", "verdict"),
    [
        ("share of its rate", 0.8, 0.5, "missed by 1.6 x"),
        ("times its time", 1.0, 2.0, "missed by 2 x"),
        ("times its rate", 100, 0.5, "missed by 2e+02 x"),
    ],
)
def test_a_rate_is_missed_from_below_and_a_time_from_above(kind, bound, figure, verdict):
    one = measured(kind, bound, samples(2), samples(1))

    assert one.figure == figure
    assert not one.is_met
    assert one.verdict == verdict


def test_the_bound_itself_is_met():
    assert measured("share of its rate", 0.5, samples(2), samples(1)).is_met
    assert measured("times its time", 2, samples(2), samples(1)).is_met


def test_a_goal_that_stands_for_itself_is_judged_by_its_value():
    goal = Goal(kind="ms", bound=5)
    slow = Measurement(scenario="pages", case="a", size="9 bookings", goal=goal, value=7.5)

    assert (slow.figure, slow.cpu_figure, slow.verdict) == (7.5, None, "missed by 1.5 x")


def test_the_sides_take_turns_and_none_always_comes_first():
    order: list[str] = []

    def run(name: str, number: int) -> Sample:
        order.append(f"{name}{number}")
        return Sample(rows=1, seconds=1)

    sides = alternate(3, *(partial(run, name) for name in "abc"))

    assert order == ["a0", "b0", "c0", "c1", "b1", "a1", "a2", "b2", "c2"]
    assert [len(samples) for samples in sides] == [3, 3, 3]


def test_a_scenario_that_does_not_exist_is_refused_and_those_of_the_minute_do():
    with pytest.raises(WrongUsage, match="no scenario colour"):
        bench.plan(["colour"])
    assert [planned.name for planned in bench.plan(bench.QUICK)] == list(bench.QUICK)


def test_a_figure_takes_the_place_of_an_older_one_of_its_case_and_size(tmp_path):
    path = tmp_path / "figures.json"
    pages.keep([measured("times its time", 1.3, samples(9), samples(1))], "bench", path)
    pages.keep([measured("times its time", 1.3, samples(1), samples(1))], "bench", path)

    [row] = json.loads(path.read_text(encoding="utf-8"))
    assert pages.measurement(row).figure == 1


def test_the_page_says_of_each_figure_its_size_its_verdict_and_its_command():
    one = measured("times its time", 1.3, samples(2), samples(1))
    row = {**asdict(one), "command": "scripts/bench", "machine": MACHINE}

    page = pages.page([row], "")

    assert "| 1 worker | 9 bookings | ≤ 1.3 times its time | 2 | missed by 1.5 x |" in page
    assert "- `scripts/bench`: processor 2 cores" in page
    assert page.count("Not measured.") == len(bench.SCENARIOS) - 1


def test_the_picture_needs_nothing_of_a_page():
    row = asdict(measured("times its time", 1.3, samples(2), samples(1)))

    picture = pages.picture([row])

    assert picture.startswith("<svg xmlns=")
    assert "var(--" not in picture


def test_the_page_is_written_from_the_kept_figures():
    rows = json.loads(pages.FIGURES.read_text(encoding="utf-8"))
    remarks = pages.REMARKS.read_text(encoding="utf-8")

    assert pages.PAGE.read_text(encoding="utf-8") == pages.page(rows, remarks)


@pytest.mark.parametrize("state", ["sampled", "migrated"])
def test_a_marketplace_times_three_is_migrated_to_three_times_what_it_holds(
    sampled: Target, migrated: Target, state: str
) -> None:
    with connect(migrated, "test") as conn:
        once = counted(conn)
    with connect({"sampled": sampled, "migrated": migrated}[state], "test") as conn:
        multiply(conn, 3)
        migration.up(conn)

        assert counted(conn) == {what: 3 * count for what, count in once.items()}
        assert [found.name for found in checks.run(conn) if not found.ok] == []
        assert [found.check for found in migration.verify(conn) if found.offenders] == []


def counted(conn: psycopg.Connection) -> dict[str, int]:
    """Rows, cents and exceptions by kind."""
    return dict(
        conn.execute(
            """
            select 'bookings ' || status || (order_id is null), count(*) from bookings_booking
            group by 1
            union all
            select concat_ws(' ', 'cents', status, transaction_type), sum(net_amount_cents)::bigint
            from payments_earningstransaction group by 1
            union all
            select 'balances', sum(available_balance_cents) from payments_practitionerearnings
            union all
            select 'entry ' || event, count(*) from earnings.transitions group by 1
            union all
            select 'slots', sum(amount_cents) from earnings.session_slots
            union all
            select kind, count(*) from earnings.exceptions
            -- rates are rows that the copies share
            where kind <> 'duplicate_commission_rate' group by 1
            """
        ).fetchall()
    )
