"""How the app's Django learns of columns that are there: docs/migration.md, as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from earnings_pipeline import migration
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from marketplace_app import App
from migration.support import app_tables, differences

DOCS = Path(__file__).resolve().parents[2] / "docs/migration.md"
SETTINGS = """
import os

INSTALLED_APPS = ["bookings", "payments"]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": os.environ["PGDATABASE"],
    "USER": os.environ["PGUSER"],
    "PASSWORD": os.environ["PGPASSWORD"],
    "HOST": os.environ["PGHOST"],
    "PORT": os.environ["PGPORT"],
}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
PAYMENTS_MODELS = """
from django.db import models


class Order(models.Model):
    pass


class UserCreditTransaction(models.Model):
    pass
"""
BOOKINGS_MODELS = """
from django.db import models


class Booking(models.Model):
    order = models.ForeignKey("payments.order", models.CASCADE, null=True, blank=True)
    credit_usage_transaction = models.ForeignKey(
        "payments.usercredittransaction", models.SET_NULL, null=True, blank=True
    )
"""
INITIAL_PAYMENTS = """
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                verbose_name="ID"))


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Order", [ID]),
        migrations.CreateModel("UserCreditTransaction", [ID]),
    ]
"""
INITIAL_BOOKINGS = """
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False,
                                verbose_name="ID"))


class Migration(migrations.Migration):
    dependencies = [("payments", "0017_package_metadata")]
    operations = [
        migrations.CreateModel("Booking", [ID, ("payment_transaction", models.ForeignKey(
            "payments.usercredittransaction", models.SET_NULL, null=True, blank=True,
        ))]),
    ]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Django project with the part of the app's models that the documented migration is about."""
    section = re.search(
        r"^## With the app's own migrations\n(.*?)(?=^## )",
        DOCS.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert section
    (documented,) = re.findall(r"```python\n(.*?)```", section[1], re.DOTALL)
    files = {
        "settings.py": SETTINGS,
        "payments/models.py": PAYMENTS_MODELS,
        "payments/migrations/0017_package_metadata.py": INITIAL_PAYMENTS,
        "bookings/models.py": BOOKINGS_MODELS,
        "bookings/migrations/0041_before.py": INITIAL_BOOKINGS,
        "bookings/migrations/0042_order.py": documented,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in (path.parent, path.parent.parent):
            if folder not in (tmp_path, tmp_path.parent):
                (folder / "__init__.py").touch()
    return tmp_path


def manage(project: Path, target: Target, *arguments: str) -> str:
    environment = {**os.environ, **target.environment(), "PYTHONPATH": str(project)}
    environment["DJANGO_SETTINGS_MODULE"] = "settings"
    command = [sys.executable, "-m", "django", *arguments]
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, f"{arguments}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def test_django_is_told_of_the_columns_and_changes_nothing(sampled: Target, project: Path) -> None:
    with connect(sampled, "test") as conn:
        migration.up(conn)
        before = app_tables(conn)

        manage(project, sampled, "migrate", "bookings", "0041", "--fake")
        printed = manage(project, sampled, "sqlmigrate", "bookings", "0042")
        manage(project, sampled, "migrate")

        statements = [line for line in printed.splitlines() if not line.startswith("--")]
        assert set(statements) <= {"BEGIN;", "COMMIT;", ""}
        assert "No changes detected" in manage(project, sampled, "makemigrations", "--check")
        changed = differences(before, app_tables(conn))
        assert [line for line in changed if "django_migrations" not in line] == []
        assert migration.up(conn, step="020_add_order_id_foreign_key")[0].state == "done"
        assert all(not v.offenders for v in migration.verify(conn))
    with App(sampled, "after") as app:
        assert [row for row in app.objects("bookings_booking") if row.order_id]
