"""The generator: the same bytes everywhere, small in memory, and every shape in its place."""

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from csv import DictReader
from io import StringIO
from pathlib import Path

import pytest

from earnings_pipeline import sample, sqlfiles
from earnings_pipeline.sample.rows import TABLES
from earnings_pipeline.sample.shapes import SHAPES

COLUMNS = {table.table: table.columns.split(",") for table in TABLES}


def written(seed: int, bookings: int) -> dict[str, list[dict[str, str]]]:
    """Return the sample's rows by table, as CSV reads them."""
    lines: dict[str, list[str]] = defaultdict(list)
    for part in sample.generate(seed, bookings):
        for table, more in part.lines.items():
            lines[table] += more
    return {
        table: list(DictReader(StringIO("".join(lines[table])), names))
        for table, names in COLUMNS.items()
    }


@pytest.fixture(scope="module", params=[300, 3000])
def bookings(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def rows(bookings: int) -> dict[str, list[dict[str, str]]]:
    return written(1, bookings)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def run(folder: Path, seed: int, hash_seed: str) -> dict[str, str]:
    command = [sys.executable, "-m", "earnings_pipeline.sample", "--bookings", "700"]
    command += ["--seed", str(seed), "--out", str(folder)]
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    environ["PYTHONPATH"] = str(sqlfiles.ROOT / "scripts")
    subprocess.run(command, check=True, env=environ)
    return digests(folder)


def test_two_runs_with_one_seed_are_byte_for_byte_alike(tmp_path: Path) -> None:
    first = run(tmp_path / "first", 7, "1")

    assert run(tmp_path / "second", 7, "2") == first
    assert run(tmp_path / "other", 8, "1") != first
    assert set(first) == {f"{table}.csv" for table in COLUMNS} | {"truth.csv"}


def test_there_are_exactly_as_many_bookings_as_asked_for(
    bookings: int, rows: dict[str, list[dict[str, str]]]
) -> None:
    assert len(rows["bookings_booking"]) == bookings


def test_fewer_bookings_than_the_shapes_need_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 300"):
        next(sample.generate(1, 299))


def test_every_shape_is_planted_at_least_twice(bookings: int) -> None:
    subjects: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for row in sample.truth(1, bookings):
        subjects[row.shape].add((row.subject, row.subject_id))

    assert [name for name in SHAPES if len(subjects[name]) < 2] == []


def test_every_kind_of_dirt_of_the_apps_data_has_a_shape() -> None:
    numbers = {int(name[:2]) for name in SHAPES}

    assert set(range(1, 26)) <= numbers


def test_the_truth_never_contradicts_itself(bookings: int) -> None:
    said: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for row in sample.truth(1, bookings):
        if row.attribute not in ("exception", "no_exception"):
            said[row.subject, row.subject_id, row.attribute].add(row.expected)

    assert {key: values for key, values in said.items() if len(values) > 1} == {}


def most_memory(bookings: int) -> int:
    tracemalloc.start()
    for _ in sample.generate(1, bookings):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_number_of_bookings() -> None:
    # both are longer than one chapter, which is all that is held
    assert most_memory(10_000) < 1.2 * most_memory(5_000)


def test_ids_are_counted_without_gaps(rows: dict[str, list[dict[str, str]]]) -> None:
    for table, members in rows.items():
        assert [int(row["id"]) for row in members] == list(range(1, len(members) + 1)), table


def test_net_is_gross_less_commission_everywhere(rows: dict[str, list[dict[str, str]]]) -> None:
    for row in rows["payments_earningstransaction"]:
        gross, cut = int(row["gross_amount_cents"]), int(row["commission_amount_cents"])
        assert int(row["net_amount_cents"]) == gross - cut
        rate = round(float(row["commission_rate"]) * 100)
        assert abs(cut) == abs(gross) * rate // 10000


def test_an_order_is_paid_by_card_and_credits_and_nothing_else(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    for row in rows["payments_order"]:
        applied = int(row["credits_applied_cents"])
        assert int(row["total_amount_cents"]) == int(row["subtotal_amount_cents"]) - applied >= 0


def test_every_purchase_of_a_service_is_used_up_by_its_usage(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    orders = {row["id"]: row for row in rows["payments_order"]}
    sums: Counter[str] = Counter()
    for row in rows["payments_usercredittransaction"]:
        if row["order_id"] and row["transaction_type"] in ("purchase", "usage"):
            sums[row["order_id"]] += int(row["amount_cents"])

    left = {order_id for order_id, cents in sums.items() if cents}
    # a pack of credits keeps its worth; 12b's usage rows have lost their order
    assert {orders[order_id]["order_type"] for order_id in left} <= {"credit", "direct"}
    assert sum(orders[order_id]["order_type"] == "direct" for order_id in left) == 2


def test_cached_credit_balances_are_the_sums_but_for_the_planted_ones(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    sums: Counter[str] = Counter()
    for row in rows["payments_usercredittransaction"]:
        sums[row["user_id"]] += int(row["amount_cents"])

    cached = {
        row["user_id"]: int(row["balance_cents"]) for row in rows["payments_usercreditbalance"]
    }
    assert cached.keys() == sums.keys()
    assert [cached[user] - sums[user] for user in sums if cached[user] != sums[user]] == [
        -250,
        -250,
    ]


def test_no_practitioner_is_paid_more_than_clients_paid(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    price = {row["id"]: int(row["price_charged_cents"]) for row in rows["bookings_booking"]}
    for row in rows["payments_earningstransaction"]:
        assert int(row["gross_amount_cents"]) <= price[row["booking_id"]]
    paid = Counter[str]()
    for row in rows["payments_earningstransaction"]:
        if row["payout_id"]:
            paid[row["payout_id"]] += int(row["net_amount_cents"])
    differing = [
        row["id"]
        for row in rows["payments_practitionerpayout"]
        if row["credits_payout_cents"] != str(paid[row["id"]])
    ]
    # 18g has no amounts and 18h a wrong one, twice each
    assert len(differing) == 4


def test_everything_lies_in_the_two_years_and_the_weeks_after(
    rows: dict[str, list[dict[str, str]]],
) -> None:
    moments = [
        row[column]
        for row in rows["bookings_booking"]
        for column in ("created_at", "start_time", "end_time", "completed_at")
        if row[column]
    ]
    assert min(moments) >= "2024-11-01"
    assert max(row["created_at"] for row in rows["bookings_booking"]) <= sample.AS_OF.isoformat()
    assert max(moments) < "2027-01-05"


def names(rows: dict[str, list[dict[str, str]]]) -> Iterator[str]:
    yield from (row["email"] for row in rows["users_user"])


def test_every_address_is_obviously_invented(rows: dict[str, list[dict[str, str]]]) -> None:
    addresses = list(names(rows))

    assert len(set(addresses)) == len(addresses)
    assert all(address.endswith("@example.com") for address in addresses)
