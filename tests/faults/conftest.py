"""A fresh product for every fault."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.system import System
from tests.integration.conftest import aws, create_table, dynamodb

__all__ = ["aws", "dynamodb"]

type Fresh = Callable[..., System]


@pytest.fixture
def fresh(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """Makes a product with nothing in it; the one before is gone."""

    def make(**how: Any) -> System:
        dynamodb.delete_table(TableName="table")
        create_table(dynamodb)
        return System(monkeypatch, **how)

    return make
