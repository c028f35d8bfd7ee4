"""Sequences of the before-version of the app."""

from __future__ import annotations

import pytest

from conftest import MakeDatabase
from model.running import build, run_sequences


def test_in_no_sequence_of_the_before_version_do_engine_and_oracle_disagree(
    make_database: MakeDatabase, request: pytest.FixtureRequest
) -> None:
    target = make_database("model_before", build("before"))

    run_sequences(target, "before", request.config)
