"""What calls of AWS have in common."""

from typing import Any

import boto3
import pytest

from domain.aws.clients import CLIENT_CONFIG


class Sent(Exception):
    """Instead of the network."""


def test_calls_name_the_product_and_not_all_that_it_runs_on() -> None:
    client = boto3.Session("test", "test", region_name="us-east-1").client("dynamodb", config=CLIENT_CONFIG)

    def send(request: Any, **_: object) -> None:
        raise Sent(request.headers["User-Agent"].decode())

    client.meta.events.register("before-send.dynamodb.*", send)

    with pytest.raises(Sent) as sent:
        client.list_tables()
    assert str(sent.value).startswith("lodol-executions ")
    assert "lang/python" not in str(sent.value)
