"""Compare what the database holds of some practitioners with what the oracle expects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from oracle import Earnings, Marketplace

HERE = Path(__file__).parent
STATE = (HERE / "state.sql").read_text(encoding="utf-8").encode()
INVARIANTS = (HERE / "invariants.sql").read_text(encoding="utf-8").encode()
# The oracle reads its clock just before the write, the database within it; all else is hours.
TOLERANCE = timedelta(minutes=5)


class Observer:
    """What the database holds of the practitioners of one sequence, and which row is which."""

    def __init__(self, conn: psycopg.Connection, practitioner_ids: list[int]) -> None:
        self.conn = conn
        self.parameters = {"practitioner_ids": practitioner_ids}
        self.earnings_ids: dict[int, int] = {}

    @property
    def numbers(self) -> dict[int, int]:
        return {earnings_id: number for number, earnings_id in self.earnings_ids.items()}

    def state(self) -> dict[str, Any]:
        row = self.conn.execute(STATE, self.parameters).fetchone()
        assert row is not None
        return dict(row[0])

    def refuse_offenders(self) -> None:
        offenders = self.conn.execute(INVARIANTS, self.parameters).fetchall()
        assert not offenders, "\n".join(map(str, offenders))

    def compare(self, oracle: Marketplace) -> None:
        """Every row as the oracle says; then take over the database's own moments and ids."""
        state = self.state()
        problems = [
            *self._bookings(oracle, state["bookings"]),
            *self._orders(oracle, state["orders"], state["slots"], state["breakage"]),
            *self._payouts(oracle, state["payouts"]),
            *self._earnings(oracle, state["earnings"]),
        ]
        assert not problems, "engine and oracle disagree\n" + "\n".join(problems)

    def _bookings(self, oracle: Marketplace, found: dict[str, Any]) -> list[str]:
        problems = differences(
            "booking",
            {key: (row["status"], row["order_id"]) for key, row in found.items()},
            {str(b.id): (b.status, b.order_id) for b in oracle.bookings.values()},
        )
        for booking in oracle.bookings.values():
            row = found.get(str(booking.id))
            if row is None:
                continue
            stored = moment(row["completed_at"])
            if booking.status == "completed" and not close(stored, booking.completed_at):
                problems.append(
                    f"booking {booking.id}: completed_at {stored}, not {booking.completed_at}"
                )
            booking.completed_at = stored
        return problems

    def _orders(
        self,
        oracle: Marketplace,
        found: dict[str, Any],
        slots: dict[str, Any],
        breakage: dict[str, Any],
    ) -> list[str]:
        packages = [order for order in oracle.orders.values() if order.is_package]
        return [
            *differences(
                "order",
                {
                    key: (row["completed"], row["total"])
                    for key, row in found.items()
                    if row["type"] in {"package", "bundle"}
                },
                {
                    str(order.id): (
                        oracle.sessions_completed(order.id),
                        order.terms[1] if order.terms else order.session_count,
                    )
                    for order in packages
                },
            ),
            *differences(
                "slot of booking",
                {key: (row["number"], row["cents"]) for key, row in slots.items()},
                {
                    str(booking_id): (slot, oracle.slot_worth(order, slot))
                    for order in packages
                    for slot, booking_id in order.slots.items()
                },
            ),
            *differences(
                "breakage of order",
                {key: tuple(row) for key, row in breakage.items()},
                {str(order.id): order.breakage for order in packages if order.breakage},
            ),
        ]

    def _payouts(self, oracle: Marketplace, found: dict[str, Any]) -> list[str]:
        return differences(
            "payout",
            {key: (row["status"], row["cents"]) for key, row in found.items()},
            {str(p.id): (p.status, p.cents) for p in oracle.payouts.values()},
        )

    def _earnings(self, oracle: Marketplace, found: list[dict[str, Any]]) -> list[str]:
        """Known rows by id; new ones by what they are."""
        rows = {row["id"]: row for row in found}
        gone = [number for number in self.earnings_ids if number not in oracle.earnings]
        problems = [
            f"earnings {self.earnings_ids[number]} should be gone"
            for number in gone
            if self.earnings_ids[number] in rows
        ]
        for number in gone:
            del self.earnings_ids[number]
        known = set(self.earnings_ids.values())
        new = sorted((row for row in found if row["id"] not in known), key=stored_as)
        expected_new = sorted(
            (row for number, row in oracle.earnings.items() if number not in self.earnings_ids),
            key=expected_as,
        )
        if [stored_as(row) for row in new] != [expected_as(row) for row in expected_new]:
            problems += ["new earnings, expected:", *(f"  {expected_as(r)}" for r in expected_new)]
            problems += ["new earnings, stored:", *(f"  {stored_as(row)}" for row in new)]
        else:
            for row, expected in zip(new, expected_new, strict=True):
                self.earnings_ids[expected.number] = row["id"]
        for number, earnings_id in self.earnings_ids.items():
            row, expected = rows.get(earnings_id), oracle.earnings[number]
            if row is None:
                problems.append(f"earnings {earnings_id}: gone, expected {expected_as(expected)}")
            elif stored_as(row) != expected_as(expected):
                problems.append(
                    f"earnings {earnings_id}: {stored_as(row)}, expected {expected_as(expected)}"
                )
            else:
                problems += take_moments(row, expected)
        return problems


def take_moments(row: dict[str, Any], expected: Earnings) -> list[str]:
    held_until = moment(row["available_after"])
    assert held_until is not None
    problems = []
    if expected.is_live and not close(held_until, expected.available_after):
        problems.append(
            f"earnings {row['id']} ({row['status']}, booking {row['booking_id']}): "
            f"held until {held_until}, expected {expected.available_after}"
        )
    expected.available_after = held_until
    created_at = moment(row["created_at"])
    assert created_at is not None
    expected.created_at = created_at
    return problems


Facts = tuple[int, str, str, int, int, int]


def stored_as(row: dict[str, Any]) -> Facts:
    """(booking, kind, status, gross, commission, payout) of a stored row; cents."""
    return (
        row["booking_id"],
        row["kind"],
        row["status"],
        row["gross"],
        row["commission"],
        row["payout_id"] or 0,
    )


def expected_as(row: Earnings) -> Facts:
    return (
        row.booking_id,
        row.kind,
        row.status,
        row.gross_cents,
        row.commission_cents,
        row.payout_id or 0,
    )


def differences(subject: str, found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    return [
        f"{subject} {key}: {found.get(key)}, expected {expected.get(key)}"
        for key in sorted(found.keys() | expected.keys(), key=int)
        if found.get(key) != expected.get(key)
    ]


def moment(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


def close(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) < TOLERANCE
