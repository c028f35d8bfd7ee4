"""The steps of the data migration: what they are called, and where their SQL is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from earnings_pipeline import sqlfiles


class Phase(Enum):
    """When a schema change runs; its number says so."""

    BEFORE_INSTALL = range(300)
    BEFORE_BACKFILL = range(300, 900)
    AFTER_BACKFILL = range(900, 1000)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One folder of sql/expand or sql/backfill."""

    folder: str

    @property
    def name(self) -> str:
        return self.folder.split("/")[1]

    @property
    def is_backfill(self) -> bool:
        return self.folder.startswith("backfill/")

    @property
    def number(self) -> int:
        return int(self.name.split("_")[0])

    @property
    def key_table(self) -> str:
        """The table by whose ids the step's batches are cut."""
        return KEY_TABLES.get(self.name, "bookings_booking")

    def has(self, part: str) -> bool:
        return f"{self.folder}/{part}" in sqlfiles.names(self.folder)

    def text(self, part: str) -> str:
        """Return the text of one of the step's files, such as plan or verify."""
        return sqlfiles.read(f"{self.folder}/{part}")

    def apply_text(self) -> str:
        """Return the SQL that writes what was planned; any step may open exceptions."""
        return self._own("apply") + sqlfiles.read("queries/migration_apply_exceptions")

    def revert_text(self) -> str:
        """Return the SQL that undoes what `apply_text` wrote."""
        return sqlfiles.read("queries/migration_revert_exceptions") + self._own("revert")

    def _own(self, part: str) -> str:
        return self.text(part) if self.has(part) else ""


# Not a folder: once more over all of the backfill, which `up` remembers like a step.
LOOK_AGAIN = "look_again"
KEY_TABLES = {
    "035_complete_package_terms": "payments_order",
    "080_count_sessions": "payments_order",
    "090_fold_balances": "practitioners_practitioner",
}


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one step did; `row_count` is 0 for a step that was done already."""

    step: str
    state: str
    row_count: int
    batch_count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LeftAlone:
    """A change that undoing did not touch, and why."""

    step: str
    table: str
    row_id: int
    reason: str


def expand(phase: Phase) -> list[Step]:
    """Return the schema changes of a phase, in order."""
    return [step for step in _folders("expand") if step.number in phase.value]


def backfill() -> list[Step]:
    """Return the backfill steps, in order."""
    return _folders("backfill")


def everything() -> list[Step]:
    """Return every step in the order in which `up` runs them."""
    return [
        *expand(Phase.BEFORE_INSTALL),
        *expand(Phase.BEFORE_BACKFILL),
        *backfill(),
        *expand(Phase.AFTER_BACKFILL),
    ]


def named(name: str) -> Step | None:
    """Return the step of that name, given as 020_link_bookings_to_orders or 020."""
    for step in everything():
        if name in (step.name, step.folder):
            return step
    numbered = [step for step in everything() if step.name.startswith(f"{name}_")]
    return next((step for step in numbered if step.is_backfill), numbered[0] if numbered else None)


def _folders(kind: str) -> list[Step]:
    return [
        Step(folder=folder)
        for folder in sorted({name.rsplit("/", 1)[0] for name in sqlfiles.names(kind)})
    ]
