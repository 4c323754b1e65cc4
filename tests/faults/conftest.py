"""A fresh product for every fault."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.core.model_instances import reset_model_data

from tests.faults.system import System
from tests.integration.conftest import aws, create_table, dynamodb

__all__ = ["aws", "dynamodb"]

type Fresh = Callable[..., System]


@pytest.fixture
def fresh(dynamodb: Any) -> Iterator[Fresh]:
    """Makes a product with nothing in it; the one before is gone, from memory too."""
    patches = pytest.MonkeyPatch()

    def make(**how: Any) -> System:
        patches.undo()
        # moto remembers every copy that a transaction has made of the table.
        reset_model_data()
        dynamodb.delete_table(TableName="table")
        create_table(dynamodb)
        return System(patches, **how)

    yield make
    patches.undo()
