from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from before_app import BeforeApp
from earnings_pipeline.database import connect
from earnings_pipeline.target import Target


@pytest.fixture
def conn(engine_copy: Target) -> Iterator[psycopg.Connection]:
    with connect(engine_copy, "test") as conn:
        yield conn


@pytest.fixture
def app(conn: psycopg.Connection) -> BeforeApp:
    return BeforeApp(conn)


@pytest.fixture
def pia(app: BeforeApp) -> int:
    """A practitioner."""
    return app.practitioner()
