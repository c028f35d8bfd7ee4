from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from earnings_pipeline.database import connect
from earnings_pipeline.target import Target
from migration.support import Town


@pytest.fixture
def conn(marketplace: Target) -> Iterator[psycopg.Connection]:
    """A connection to a database with the app's tables, without rows."""
    with connect(marketplace, "test") as conn:
        yield conn


@pytest.fixture
def sample_conn(sampled: Target) -> Iterator[psycopg.Connection]:
    """A connection to a database with the small sample."""
    with connect(sampled, "test") as conn:
        yield conn


@pytest.fixture
def town(conn: psycopg.Connection) -> Iterator[Town]:
    town = Town(conn)
    yield town
    town.close()
