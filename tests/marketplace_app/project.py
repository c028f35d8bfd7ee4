"""A Django project without files: settings in code, a database for each test that asks for one."""

from __future__ import annotations

import sys
from itertools import count

import django
from django.apps import AppConfig
from django.conf import settings
from django.db import connections

from earnings_pipeline.target import Target

FORMS = ("before", "after", "contracted")

settings.configure(
    INSTALLED_APPS=[AppConfig(f"marketplace_app.{form}", sys.modules[__name__]) for form in FORMS],
    DATABASES={"default": {}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    TIME_ZONE="UTC",
    USE_TZ=True,
)
django.setup()

_numbers = count(1)


def register(target: Target, name: str) -> str:
    """Make a database known to Django; return its alias.

    Each thread gets a connection of its own, called `name` in pg_stat_activity.
    """
    alias = f"marketplace_{next(_numbers)}"
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": target.dbname,
        "USER": target.user,
        "PASSWORD": target.parameters.get("password", ""),
        "HOST": target.host,
        "PORT": target.port,
        "OPTIONS": {"application_name": name},
    }
    connections.settings |= connections.configure_settings({"default": {}, alias: database})
    return alias
