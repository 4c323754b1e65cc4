"""DynamoDB as the tests have it answers, and leaves its table, as moto's own does."""

import itertools
from collections.abc import Iterable
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.support.aws import mocked
from tests.support.template import create_table

type Call = tuple[str, dict[str, Any]]


def key(name: str) -> Any:
    return {"pk": {"S": "P"}, "sk": {"S": name}}


def item(name: str, **more: Any) -> Any:
    return {**key(name), "id": {"S": name}, "open_shard": {"S": "0"}, "n": {"N": "1"}, **more}


def on_table(name: str, **asked: Any) -> Call:
    return name, {"TableName": "table", **asked}


def transaction(*writes: Any) -> Call:
    return "transact_write_items", {"TransactItems": list(writes)}


STORED = [
    on_table("put_item", Item=item("a", team={"SS": ["x", "y"]}, of={"M": {"l": {"L": [{"N": "1"}, {"NULL": True}]}}})),
    on_table("put_item", Item=item("b", done={"BOOL": False})),
    on_table("put_item", Item=item("c")),
]
"""What is there before."""


@cache
def session() -> boto3.Session:
    return boto3.Session("test", "test", region_name="us-east-1")


def outcomes(calls: Iterable[Call]) -> list[Any]:
    """What a client is told of each call, each on a new table, and what is in the table afterwards."""
    client: Any = session().client("dynamodb")
    told = []
    for one in calls:
        create_table(client)
        for name, asked in (*STORED, one, on_table("scan")):
            try:
                answer = getattr(client, name)(**asked)
            except ClientError as error:
                answer = dict(error.response)
            told.append({**answer, "ResponseMetadata": answer["ResponseMetadata"]["HTTPStatusCode"]})
        client.delete_table(TableName="table")
    return told


def agree(*calls: Call) -> None:
    with mock_aws():
        expected = outcomes(calls)
    with mocked():
        assert outcomes(calls) == expected


WHERE = {"ConditionExpression": "n = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}
SEEN = {**WHERE, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
AT = {":p": {"S": "P"}, ":a": {"S": "a"}, ":z": {"S": "z"}}
LONG = "x" * 400 * 1024
CALLS = {
    "get": on_table("get_item", Key=key("a"), ConsistentRead=True),
    "get what is not there": on_table("get_item", Key=key("z")),
    "get from no table": ("get_item", {"TableName": "other", "Key": key("a")}),
    "get many": ("batch_get_item", {"RequestItems": {"table": {"Keys": [key("a"), key("z"), key("c")]}}}),
    "scan a page": on_table("scan", Limit=2),
    "scan from the middle": on_table("scan", ExclusiveStartKey=key("b")),
    "query backwards": on_table(
        "query",
        KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :z",
        ExpressionAttributeValues=AT,
        ScanIndexForward=False,
        Limit=2,
    ),
    "query an index": on_table(
        "query",
        IndexName="open",
        KeyConditionExpression="open_shard = :p AND id BETWEEN :a AND :z",
        ExpressionAttributeValues={**AT, ":p": {"S": "0"}},
    ),
    "query nonsense": on_table("query", KeyConditionExpression="pk ==", ExpressionAttributeValues=AT),
    "put": on_table("put_item", Item=item("d")),
    "put over": on_table("put_item", Item=item("a")),
    "put refused": on_table("put_item", Item=item("a"), **WHERE),
    "put refused, the item shown": on_table("put_item", Item=item("a"), **SEEN),
    "update": on_table(
        "update_item",
        Key=key("a"),
        UpdateExpression="SET n = n + :one, done = if_not_exists(done, :yes) ADD team :z DELETE team :x REMOVE #of.l",
        ExpressionAttributeNames={"#of": "of"},
        ExpressionAttributeValues={
            ":one": {"N": "1"},
            ":yes": {"BOOL": True},
            ":z": {"SS": ["z"]},
            ":x": {"SS": ["x"]},
        },
        ReturnValues="ALL_NEW",
    ),
    "put too much": on_table("put_item", Item=item("d", text={"S": LONG})),
    "put a list of too much": on_table("put_item", Item=item("d", texts={"L": [{"S": LONG}]})),
    "update to too much": on_table(
        "update_item",
        Key=key("a"),
        UpdateExpression="SET half = :half, another = :half",
        ExpressionAttributeValues={":half": {"S": LONG[: len(LONG) // 2]}},
    ),
    "update what is not there": on_table(
        "update_item", Key=key("d"), UpdateExpression="ADD n :n", ExpressionAttributeValues={":n": {"N": "1"}}
    ),
    "update refused": on_table("update_item", Key=key("a"), UpdateExpression="SET n = :n", **SEEN),
    "update nonsense": on_table("update_item", Key=key("a"), UpdateExpression="SET n.o = n"),
    "delete": on_table("delete_item", Key=key("a")),
    "delete what is not there": on_table("delete_item", Key=key("z")),
    "delete refused": on_table("delete_item", Key=key("a"), **SEEN),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_answered_as_by_moto(name: str) -> None:
    agree(CALLS[name])


def write(kind: str, name: str, *, holds: bool, shows: bool) -> Any:
    """A write of a transaction, with a condition that holds or does not."""
    more: dict[str, Any] = {"Item": item(name)} if kind == "Put" else {"Key": key(name)}
    values = {":n": {"N": "1" if holds else "2"}}
    if kind == "Update":
        more["UpdateExpression"] = "SET #m = :m"
        more["ExpressionAttributeNames"] = {"#m": "m"}
        values[":m"] = {"N": "5"}
    if shows:
        more["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return {kind: {"TableName": "table", **more, "ConditionExpression": "n = :n", "ExpressionAttributeValues": values}}


KINDS = {"Put": "a", "Update": "b", "Delete": "c", "ConditionCheck": "d"}
"""The last of them meets no item: its condition never holds."""


@pytest.mark.parametrize("shows", [True, False])
@pytest.mark.parametrize("kinds", [("Put", "Update", "Delete"), tuple(KINDS)])
def test_a_transaction_is_carried_out_or_cancelled_as_by_moto(kinds: tuple[str, ...], shows: bool) -> None:
    """Whichever of its conditions hold."""
    agree(
        *(
            transaction(
                *(write(kind, KINDS[kind], holds=is_met, shows=shows) for kind, is_met in zip(kinds, met, strict=True))
            )
            for met in itertools.product((True, False), repeat=len(kinds))
        )
    )


ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
NONSENSE = {"Update": {"TableName": "table", "Key": key("b"), "UpdateExpression": "SET z.z = n"}}
TRANSACTIONS = {
    "of new items": transaction(
        {"Put": {"TableName": "table", "Item": item("d"), **ABSENT}},
        {"ConditionCheck": {"TableName": "table", "Key": key("e"), **ABSENT}},
        {"Update": {"TableName": "table", "Key": key("f"), "UpdateExpression": "SET n = :n", **WHERE} | ABSENT},
        {"Delete": {"TableName": "table", "Key": key("g"), **ABSENT}},
    ),
    "without conditions": transaction(
        {"Put": {"TableName": "table", "Item": item("a", m={"N": "1"})}},
        {"Delete": {"TableName": "table", "Key": key("b")}},
    ),
    "of two writes of one item": transaction(
        {"Put": {"TableName": "table", "Item": item("a", m={"N": "1"})}},
        {"Delete": {"TableName": "table", "Key": key("a")}},
    ),
    "whose first update makes no sense": transaction(NONSENSE, {"Delete": {"TableName": "table", "Key": key("a")}}),
    "whose last update makes no sense": transaction(
        {"Put": {"TableName": "table", "Item": item("d")}},
        {"Delete": {"TableName": "table", "Key": key("a")}},
        {"Update": {"TableName": "table", "Key": key("c"), "UpdateExpression": "REMOVE n"}},
        NONSENSE,
    ),
    "of more writes than there may be": transaction(
        *({"Put": {"TableName": "table", "Item": item(str(n))}} for n in range(101))
    ),
}


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_a_transaction_is_answered_as_by_moto(name: str) -> None:
    agree(TRANSACTIONS[name])
