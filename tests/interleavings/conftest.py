from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases ran and how their two sides ended, over all workers."""
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "interleavings" and report.when == "call":
                    counts.update(value)
    if counts:
        said = ", ".join(f"{name} {number}" for name, number in counts.most_common())
        terminalreporter.write_line(f"interleavings: {said}")
