"""One client of the app: its models on one database, and what the database holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

import psycopg
import pytest
from django.db import IntegrityError, connections, models, transaction

from earnings_pipeline.target import Target
from marketplace_app.project import register
from marketplace_app.tables import MODELS

JSONB = 3802


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def refused(sqlstate: str) -> Iterator[None]:
    """Expect that the database refuses what happens inside, with this SQLSTATE."""
    with pytest.raises((IntegrityError, psycopg.IntegrityError)) as refusal:
        yield
    error = refusal.value.__cause__ or refusal.value
    assert isinstance(error, psycopg.IntegrityError)
    assert error.sqlstate == sqlstate


class Client:
    """The app in one of its forms, in autocommit as Django's default is.

    May be used from several threads, each of which gets a connection of its own and closes it.
    """

    def __init__(self, target: Target, form: str = "before", *, name: str = "marketplace") -> None:
        self.form = form
        self.is_before = form == "before"
        self.models = MODELS[form]
        self.alias = register(target, name)
        self._by_table = {model._meta.db_table: model for model in vars(self.models).values()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection of this thread; the next statement opens another."""
        connections[self.alias].close()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        with transaction.atomic(using=self.alias):
            yield

    # objects, as the app reads and writes them

    def query(self, model: type[models.Model]) -> models.QuerySet:
        return model.objects.using(self.alias)

    def insert(self, table: str, **values: Any) -> int:
        """INSERT ... RETURNING id of every column that the form maps; return the id."""
        return self.query(self._by_table[table]).create(**values).pk

    def get(self, table: str, row_id: int) -> Any:
        """The row as an object, to be saved now or when it has become stale."""
        return self.query(self._by_table[table]).get(pk=row_id)

    def objects(self, table: str, **where: Any) -> list[Any]:
        return list(self.query(self._by_table[table]).filter(**where).order_by("pk"))

    def save(
        self, row: models.Model, *, update_fields: list[str] | None = None, **values: Any
    ) -> None:
        """Set `values` and write all columns as the object has them, or only `update_fields`."""
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=update_fields)

    def update(self, table: str, row_id: int, **values: Any) -> None:
        """queryset.update(): these columns only, and updated_at does not move."""
        count = self.query(self._by_table[table]).filter(pk=row_id).update(**values)
        assert count == 1, f"{table} {row_id} is gone"

    def delete(self, table: str, row_id: int) -> None:
        """Delete a row with Django's collector, which cascades and sets to NULL in Python."""
        self.get(table, row_id).delete()

    # rows, as the database has them: every column, whether this form maps it or not

    def execute(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with connections[self.alias].cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        quote = connections[self.alias].ops.quote_name
        condition = " and ".join(f"{quote(name)} = %s" for name in where) or "true"
        statement = f"select * from {quote(table)} where {condition} order by id"  # noqa: S608
        with connections[self.alias].cursor() as cursor:
            cursor.execute(statement, list(where.values()))
            columns = [(column.name, column.type_code == JSONB) for column in cursor.description]
            return [
                {
                    name: json.loads(value) if is_json and value is not None else value
                    for (name, is_json), value in zip(columns, row, strict=True)
                }
                for row in cursor.fetchall()
            ]

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        [row] = self.rows(table, id=row_id)
        return row

    # what the practitioner ends up with

    def earnings(self, booking_id: int) -> list[tuple[str, int, int]]:
        """(status, gross, net) of every earnings row of a booking, oldest first, in cents."""
        return [
            (row["status"], row["gross_amount_cents"], row["net_amount_cents"])
            for row in self.rows("payments_earningstransaction", booking_id=booking_id)
        ]

    def order_of(self, booking_id: int) -> dict[str, Any]:
        return self.row("payments_order", self.row("bookings_booking", booking_id)["order_id"])

    def sessions(self, order_id: int) -> list[dict[str, Any]]:
        """The bookings of an order, without the legacy one that stands for the sale."""
        return [
            row
            for row in self.rows("bookings_booking", order_id=order_id)
            if not row.get("is_package_purchase") and not row.get("is_bundle_purchase")
        ]

    def children(self, booking_id: int) -> list[dict[str, Any]]:
        """The sessions that were sold together with what `checkout` returned."""
        if self.is_before:
            return self.rows("bookings_booking", parent_booking_id=booking_id)
        return self.sessions(self.row("bookings_booking", booking_id)["order_id"])

    def cached(self, practitioner_id: int) -> dict[str, Any]:
        [row] = self.rows("payments_practitionerearnings", practitioner_id=practitioner_id)
        return row

    # the people and the services

    def practitioner(self, name: str = "Pia Practitioner") -> int:
        user = self.insert("users_user", is_practitioner=True)
        return self.insert("practitioners_practitioner", user_id=user, display_name=name)

    def client(self) -> int:
        return self.insert("users_user")

    def service_type(self, code: str) -> int:
        found = self.objects("services_servicetype", code=code)
        return found[0].pk if found else self.insert("services_servicetype", code=code)

    def service(self, practitioner_id: int, code: str = "session", **values: Any) -> int:
        options = {
            "primary_practitioner_id": practitioner_id,
            "service_type_id": self.service_type(code),
            "name": f"A {code}",
            **values,
        }
        return self.insert("services_service", **options)

    def package(self, child_id: int, sessions: int, price_cents: int, code: str = "package") -> int:
        """A package or bundle of `sessions` appointments of one child service."""
        child = self.get("services_service", child_id)
        package_id = self.service(
            child.primary_practitioner_id,
            code,
            price_cents=price_cents,
            sessions_included=sessions if code == "bundle" else None,
        )
        self.contain(package_id, child_id, sessions)
        return package_id

    def contain(self, package_id: int, child_id: int, sessions: int) -> int:
        """Add `sessions` appointments of another service to a package."""
        return self.insert(
            "service_relationships",
            parent_service_id=package_id,
            child_service_id=child_id,
            quantity=sessions,
        )

    def commission(self, code: str, base_rate: float | str, **values: Any) -> int:
        """A base rate, in percent, for services of a type."""
        return self.insert(
            "service_type_commissions",
            service_type_id=self.service_type(code),
            base_rate=base_rate,
            **values,
        )

    def subscribe(self, practitioner_id: int, commission_id: int, adjustment: float | str) -> int:
        """Put a practitioner on a tier that adds `adjustment` percent to a base rate."""
        tier = self.insert("subscription_tiers")
        self.insert(
            "tier_commission_adjustments",
            tier_id=tier,
            service_type_commission_id=commission_id,
            adjustment_percentage=adjustment,
        )
        return self.insert(
            "practitioner_subscriptions", practitioner_id=practitioner_id, tier_id=tier
        )
