from __future__ import annotations

import psycopg
import pytest

from earnings_pipeline import migration
from earnings_pipeline.errors import WrongUsage
from migration.support import app_tables, differences, one

DROPPED = {
    "parent_booking_id",
    "is_package_purchase",
    "is_bundle_purchase",
    "payment_transaction_id",
}


@pytest.fixture
def rested(sample_conn: psycopg.Connection) -> psycopg.Connection:
    """A migrated sample whose migration has rested for as long as it has to."""
    migration.up(sample_conn)
    sample_conn.execute(
        "update earnings_migration.steps set last_write_at = now() - interval '8 days'"
    )
    return sample_conn


def columns(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute(
        "select attname from pg_attribute where attrelid = 'bookings_booking'::regclass"
        " and attnum > 0 and not attisdropped"
    )
    return {name for (name,) in rows}


def digest_of_values(conn: psycopg.Connection) -> str:
    names = ", ".join(sorted(columns(conn)))
    rows = f"select md5(string_agg(b::text, '' order by id)) from (select {names}"  # noqa: S608
    return str(one(conn, f"{rows} from bookings_booking) as b"))


def test_contract_drops_the_columns_and_revert_brings_them_back(
    rested: psycopg.Connection,
) -> None:
    before, values = app_tables(rested), digest_of_values(rested)

    result = migration.contract(rested, app_no_longer_maps=True)

    assert (result.state, result.refusals) == ("done", ())
    assert DROPPED.isdisjoint(columns(rested))
    assert result.kept_booking_count > 0

    migration.contract(rested, revert=True)

    assert columns(rested) >= DROPPED
    assert digest_of_values(rested) == values
    # Only the position of the columns differs, and so the order in which their rows are written.
    differing = {line.split()[0] for line in differences(before, app_tables(rested))}
    assert differing <= {"column", "rows"}


@pytest.mark.parametrize(
    ("breach", "app_no_longer_maps", "refusal"),
    [
        ("select", False, "no longer maps"),
        ("update earnings_migration.steps set last_write_at = now()", True, "has to rest until"),
        ("update bookings_booking set order_id = null where id = 1", True, "rows offend 020"),
        (
            "update earnings_migration.steps set state = 'running' where step like '070%'",
            True,
            "is not done",
        ),
    ],
)
def test_contract_is_refused_while_its_gate_is_closed(
    rested: psycopg.Connection, breach: str, app_no_longer_maps: bool, refusal: str
) -> None:
    rested.execute(breach)

    result = migration.contract(rested, app_no_longer_maps=app_no_longer_maps)

    assert result.state == "refused"
    assert any(refusal in reason for reason in result.refusals), result.refusals
    assert columns(rested) >= DROPPED


def test_after_contract_the_checks_still_run_and_nothing_offends(
    rested: psycopg.Connection,
) -> None:
    migration.contract(rested, app_no_longer_maps=True)

    assert {v.check: v.offenders[:2] for v in migration.verify(rested) if v.offenders} == {}
    assert migration.up(rested) == []
    with pytest.raises(WrongUsage, match="contract"):
        migration.down(rested)


def test_contract_before_the_migration_is_wrong_usage(conn: psycopg.Connection) -> None:
    with pytest.raises(WrongUsage, match="has not begun"):
        migration.contract(conn, app_no_longer_maps=True)
