"""A fresh product for every fault."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.core.model_instances import reset_model_data

from domain.aws.clients import CLIENT_CONFIG
from tests.support.system import Fresh, System
from tests.support.template import create_table


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
        return System(patches, boto3.client("dynamodb", config=CLIENT_CONFIG), **how)

    yield make
    patches.undo()
