"""The pages docs/errors.md and docs/lifecycle.md, made from seeds/ and sql/.

`python -m earnings_pipeline.reference` writes them; run it after a change of either.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from earnings_pipeline import engine, sqlfiles
from earnings_pipeline.errors import BY_SQLSTATE

RAISED = re.compile(r"errcode\s*=\s*'(\w{5})'")
CALLED = re.compile(r"\b(earnings(?:_migration)?\.\w+)\(")
EXECUTED = re.compile(r"execute function\s+([\w.]+)\(")
GRANT = re.compile(r"grant execute on function\n(.*?)\nto ", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One SQLSTATE: what it says, which functions raise it, and through what a caller meets it."""

    sqlstate: str
    name: str
    raised_when: str
    what_to_do: str
    raisers: list[str]
    triggers: dict[str, list[str]]
    calls: list[str]
    python_name: str


def errors_page() -> str:
    """Return docs/errors.md: every SQLSTATE of the engine, and every matter that it reports."""
    kinds = [{**row, "reporters": reporters(row["kind"])} for row in rows("exception_kinds")]
    return _page("errors.md.j2", errors=refusals(), kinds=kinds)


def lifecycle_page() -> str:
    """Return docs/lifecycle.md: the diagram and the table of status changes, and the holds."""
    rules = rows("earnings_status_rules")
    final = sorted({rule["to_status"] for rule in rules} - {rule["from_status"] for rule in rules})
    return _page("lifecycle.md.j2", rules=rules, final=final)


PAGES: dict[str, Callable[[], str]] = {
    "docs/errors.md": errors_page,
    "docs/lifecycle.md": lifecycle_page,
}


def rows(seed: str) -> list[dict[str, str]]:
    """Return the rows of seeds/`seed`.csv."""
    with (sqlfiles.ROOT / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refusals() -> list[Refusal]:
    """Return every error of seeds/errors.csv with the places of sql/ that it comes from."""
    raisers = raised()
    result = []
    for row in rows("errors"):
        reached = reaching(raisers.get(row["sqlstate"], ()))
        result.append(
            Refusal(
                **row,
                raisers=sorted(raisers.get(row["sqlstate"], ())),
                triggers=_triggers(reached),
                calls=sorted(granted() & reached),
                python_name=BY_SQLSTATE[row["sqlstate"]].__name__,
            )
        )
    return result


def raised() -> dict[str, set[str]]:
    """Map each SQLSTATE to the functions that raise it."""
    result: dict[str, set[str]] = {}
    for definition in engine.functions():
        for sqlstate in RAISED.findall(definition.text):
            result.setdefault(sqlstate, set()).add(definition.identity)
    return result


def reaching(names: Iterable[str]) -> set[str]:
    """Return these functions and those that call them, directly or through others."""
    calls = {item.identity: set(CALLED.findall(item.text)) for item in engine.functions()}
    reached = set(names)
    while more := {name for name, called in calls.items() if called & reached} - reached:
        reached |= more
    return reached


def granted() -> set[str]:
    """Name the functions that people call."""
    grants = GRANT.findall(sqlfiles.read("function_grants"))
    return {name for grant in grants for name in CALLED.findall(grant)}


def reporters(kind: str) -> list[str]:
    """Name the functions and the backfill steps that report matters of a kind."""
    functions = [
        f"`{item.identity}`"
        for item in engine.functions()
        if f"'{kind}'" in item.text and "earnings.raise_exception_row(" in item.text
    ]
    steps = [
        f"step {name.split('/')[1][:3]}"
        for name in sqlfiles.names("backfill")
        if name.endswith("/plan") and f"'{kind}'" in sqlfiles.read(name)
    ]
    return functions + steps


def _triggers(functions: set[str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for trigger in engine.triggers():
        executed = EXECUTED.search(trigger.text)
        if executed and executed[1] in functions:
            name, table = trigger.identity.split(" on ")
            result.setdefault(table.removeprefix("public."), []).append(name)
    return result


def _page(template: str, **values: object) -> str:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters |= {"sentence": _sentence, "label": _label, "code": _code}
    return pages.get_template(template).render(**values)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _label(text: str) -> str:
    # a second colon or a semicolon would end a label of the diagram
    return text.replace(":", ",").replace(";", ",")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
