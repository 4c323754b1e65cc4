"""A fresh product for every fault."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto.core.model_instances import reset_model_data

from domain.aws.clients import CLIENT_CONFIG
from tests.support.system import Fresh, System
from tests.support.template import create_table


@cache
def client(service: str) -> Any:
    """A client as the product makes it, for the whole process: to make one takes as long as many calls."""
    return boto3.client(service, config=CLIENT_CONFIG)  # type: ignore[call-overload]


@pytest.fixture
def fresh(dynamodb: Any) -> Iterator[Fresh]:
    """Makes a product with nothing in it; the one before is gone, from memory too."""
    patches = pytest.MonkeyPatch()
    before: list[System] = []

    def forget() -> None:
        patches.undo()
        while before:
            before.pop().wire.let_go()

    def make(**how: Any) -> System:
        forget()
        # moto remembers every item that there ever was.
        reset_model_data()
        dynamodb.delete_table(TableName="table")
        create_table(dynamodb)
        before.append(System(patches, client("dynamodb"), client("stepfunctions"), **how))
        return before[-1]

    yield make
    forget()
