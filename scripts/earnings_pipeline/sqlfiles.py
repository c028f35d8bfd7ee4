"""Read the SQL that lives in sql/ by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "sql"


@cache
def read(name: str) -> str:
    """Return the text of sql/`name`.sql."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """Name every SQL file below sql/`folder`, sorted, as `read` takes it."""
    found = (SQL / folder).rglob("*.sql")
    return sorted(path.relative_to(SQL).with_suffix("").as_posix() for path in found)
