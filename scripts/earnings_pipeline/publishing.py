"""Let readers see the marts of a build, all at one moment, and never one that is half built.

There are two slots, the schemas marts_a and marts_b.  A build works in the one that readers do not
see; what they read are views over both, and one row per mart says which slot is the current one.
docs/decisions/0010 says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from earnings_pipeline import sqlfiles

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

SLOTS = ("marts_a", "marts_b")
SCHEMAS = frozenset({"finance", "reconciliation"})


@dataclass(frozen=True, kw_only=True)
class Mart:
    """A table that readers see; its columns have a name, a type and a description each."""

    schema: str
    name: str
    description: str
    columns: tuple[dict[str, str], ...]

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


def put_into(manifest: Manifest, slot: str) -> list[Mart]:
    """Have dbt build the marts of a project in a slot, and return them.

    Marts that are views hold nothing, and stay where readers see them.
    """
    marts = []
    for node in manifest.nodes.values():
        is_table = str(node.resource_type) == "model" and node.config.materialized != "view"
        if is_table and node.schema in SCHEMAS:
            marts.append(_mart(node))
            node.schema = slot
            node.relation_name = f'"{node.database}"."{slot}"."{node.alias}"'
    return marts


def put_back(manifest: Manifest, marts: Iterable[Mart]) -> None:
    """Have the marts lie where readers see them, as documentation names them."""
    schemas = {mart.name: mart.schema for mart in marts}
    for node in manifest.nodes.values():
        if node.schema in SLOTS:
            node.schema = schemas[node.name]
            node.relation_name = f'"{node.database}"."{node.schema}"."{node.alias}"'


def _mart(node: Any) -> Mart:
    return Mart(
        schema=node.schema,
        name=node.alias,
        description=node.description,
        columns=tuple(
            {"name": name, "type": column.data_type, "description": column.description}
            for name, column in node.columns.items()
        ),
    )


def next_slot(conn: psycopg.Connection) -> str:
    """Return the slot that a build may work in without any reader noticing."""
    if not _is_recorded(conn):
        return SLOTS[0]
    ((slot,),) = conn.execute(sqlfiles.read("publishing/next_slot")).fetchall()
    return str(slot)


def prepare(conn: psycopg.Connection, slot: str, marts: Sequence[Mart], *, anew: bool) -> None:
    """Make a slot ready to be built in: no reader sees it, and every table has its columns.

    With `anew` nothing is left in it, so that what grows build by build begins again.
    """
    with conn.transaction():
        if _is_recorded(conn):
            _run(conn, "vacate_slot", slot=slot, other=_other(slot))
        parameters = {"slot": slot, "other": _other(slot), "anew": anew}
        _run(conn, "clear_slot", marts=_as_json(marts), **parameters)


def publish(conn: psycopg.Connection, slot: str, marts: Sequence[Mart], *, anew: bool) -> None:
    """Let readers see what was built in a slot, in one transaction."""
    with conn.transaction():
        parameters = {"slot": slot, "other": _other(slot), "anew": anew}
        _run(conn, "publish_marts", marts=_as_json(marts), **parameters)
    for mart in marts:
        # not truncated: that would lock the table, which readers of the other slot hold too
        vacuum = sql.SQL("vacuum (analyze, truncate false) {}")
        conn.execute(vacuum.format(sql.Identifier(slot, mart.name)))


def _run(conn: psycopg.Connection, name: str, **parameters: object) -> None:
    """Run the statements that a query of sql/publishing returns."""
    query = sqlfiles.read(f"publishing/{name}").encode()
    for (statement,) in conn.execute(query, parameters).fetchall():
        conn.execute(statement)


def _is_recorded(conn: psycopg.Connection) -> bool:
    row = conn.execute("select to_regclass('staging.published_marts') is not null").fetchone()
    return row is not None and bool(row[0])


def _other(slot: str) -> str:
    return SLOTS[1 - SLOTS.index(slot)]


def _as_json(marts: Sequence[Mart]) -> str:
    return json.dumps([asdict(mart) for mart in marts])
