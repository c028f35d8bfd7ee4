"""Create the app's tables as the app has them, for tests and the sample."""

from typing import Literal

import psycopg

from earnings_pipeline import sqlfiles

Form = Literal["before", "after"]


def create_tables(conn: psycopg.Connection, form: Form = "before") -> None:
    """Create the app's tables in their form before or after the plan, all or none."""
    with conn.transaction():
        conn.execute(sqlfiles.read("marketplace/before").encode())
        if form == "after":
            conn.execute(sqlfiles.read("marketplace/after").encode())
