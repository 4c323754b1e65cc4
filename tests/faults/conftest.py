"""A fresh product for every fault, and the figures of what was tried."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.system import System
from tests.integration.conftest import aws, create_table, dynamodb

__all__ = ["aws", "dynamodb"]

FIGURES: Counter[str] = Counter()

type Fresh = Callable[..., System]


@pytest.fixture
def fresh(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """Makes a product with nothing in it; the one before is gone."""

    def make(**how: Any) -> System:
        dynamodb.delete_table(TableName="table")
        create_table(dynamodb)
        return System(monkeypatch, **how)

    return make


@pytest.fixture
def figures() -> Counter[str]:
    """What the suite has tried, printed at its end."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("faults")
        for name, number in sorted(FIGURES.items()):
            terminalreporter.write_line(f"{number:7} {name}")
