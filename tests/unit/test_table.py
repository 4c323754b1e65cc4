"""The table's calls of DynamoDB, one by one: what is asked, what is read on, how long a busy item is waited for."""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from domain.aws.keys import Index, Key, Page
from domain.aws.table import Table
from domain.aws.writes import KNOWN_SHAPE, SHAPE, ConditionNotMet, Write
from domain.refusals import Contention, NewerShape
from tests.support.scripted import Client

KEY = Key("p", "s")
RAW = {"pk": {"S": "p"}, "sk": {"S": "s"}}
NEWER = {**RAW, "v": {"N": str(KNOWN_SHAPE + 1)}}


def error(code: str, *reasons: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": 400},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(answer, "TransactWriteItems")


def _condition_failed(item: Any) -> ClientError:
    refused = error("ConditionalCheckFailedException")
    refused.response["Item"] = item  # type: ignore[typeddict-unknown-key]
    return refused


def table(client: Client, slept: list[float] | None = None, random: float = 0.5) -> Table:
    """A table whose clock moves only while it pauses."""
    pauses = [] if slept is None else slept
    return Table(client, "table", sleep=pauses.append, random=lambda: random, monotonic=lambda: sum(pauses))  # type: ignore[arg-type]


def test_a_busy_item_is_waited_for_with_growing_pauses_for_four_seconds() -> None:
    slept: list[float] = []
    client = Client(*[error("TransactionCanceledException", "TransactionConflict")] * 99)

    with pytest.raises(Contention):
        table(client, slept).commit(Write.delete(KEY), Write.delete(Key("p", "t")))

    assert slept == [0.02, 0.04, 0.08, 0.16, 0.32] + [0.4] * 8
    assert len(client.asked) == len(slept) + 1


@pytest.mark.parametrize(("random", "pause"), [(0.0, 0.01), (0.9, 0.028)])
def test_pauses_are_spread_by_half_either_way(random: float, pause: float) -> None:
    slept: list[float] = []
    client = Client(error("TransactionConflictException"))

    table(client, slept, random).commit(Write.delete(KEY))

    assert slept == [pytest.approx(pause)]


def test_a_commit_keeps_its_token_while_it_is_in_progress_and_gets_another_once_it_is_cancelled() -> None:
    conflict = error("TransactionCanceledException", "None", "TransactionConflict")
    client = Client(error("TransactionInProgressException"), conflict)

    table(client).commit(Write.delete(KEY), Write.delete(Key("p", "t")))

    first, second, third = (asked["ClientRequestToken"] for asked in client.asked)
    assert first == second != third


@pytest.mark.parametrize(
    ("reasons", "raised"),
    [
        (["None", "ConditionalCheckFailed"], ConditionNotMet),
        (["ValidationError", "ConditionalCheckFailed"], ClientError),
        (["None", "None"], ClientError),
    ],
)
def test_the_first_reason_decides(reasons: list[str], raised: type[Exception]) -> None:
    with pytest.raises(raised):
        table(Client(error("TransactionCanceledException", *reasons))).commit(Write.delete(KEY), Write.delete(KEY))


def test_one_write_is_no_transaction_and_asks_for_nothing_that_it_does_not_need() -> None:
    client = Client()

    table(client).commit(Write.put(KEY, {"a": 1}))
    table(client).commit(Write.delete(KEY))
    table(client).commit(Write.update(KEY, "SET a = :a", values={":a": {"b": 2}}))

    assert client.asked == [
        {"TableName": "table", "Item": {**RAW, "a": {"N": "1"}, "v": {"N": str(SHAPE)}}},
        {"TableName": "table", "Key": RAW},
        {
            "TableName": "table",
            "Key": RAW,
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"M": {"b": {"N": "2"}}}},
        },
    ]


def test_a_condition_comes_with_its_names_and_asks_for_the_item_as_it_was() -> None:
    client = Client()

    table(client).commit(
        Write.update(KEY, "SET #a = :a", condition="#a = :b", values={":a": 1, ":b": 2}, names={"#a": "a"})
    )

    assert client.asked[0]["ConditionExpression"] == "#a = :b"
    assert client.asked[0]["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert client.asked[0]["ExpressionAttributeNames"] == {"#a": "a"}


def test_what_a_batch_left_out_is_read_after_a_pause_and_nothing_else_is_paused_for() -> None:
    left = {"table": {"Keys": [RAW]}}
    client = Client({"Responses": {}, "UnprocessedKeys": left}, {"Responses": {"table": [{**RAW, "n": {"N": "1"}}]}})
    slept: list[float] = []

    found = table(client, slept).get_many(KEY, KEY)

    assert found == {KEY: {"pk": "p", "sk": "s", "n": 1}}
    assert client.asked[0]["RequestItems"]["table"] == {"Keys": [RAW], "ConsistentRead": True}
    assert client.asked[1]["RequestItems"] == left
    assert slept == [pytest.approx(0.01)]


def test_numbers_are_whole_however_deep_they_stand() -> None:
    client = Client({"Item": {**RAW, "m": {"M": {"n": {"N": "7"}}}, "l": {"L": [{"M": {"n": {"N": "8"}}}]}}})

    found = table(client).get(KEY)

    assert found == {"pk": "p", "sk": "s", "m": {"n": 7}, "l": [{"n": 8}]}
    assert type(found["m"]["n"]) is type(found["l"][0]["n"]) is int


class Kind(StrEnum):
    ONE = "one"


def test_items_are_written_as_boto3_writes_them() -> None:
    item: Any = {
        "text": "ä",
        "kind": Kind.ONE,
        "number": -7,
        "large": 10**20,
        "yes": True,
        "no": False,
        "nothing": None,
        "names": {"b", "a"},
        "list": [1, "x", [None]],
        "pair": (1, {"deep": False}),
        "counts": Counter(a=1),
    }
    client = Client()

    table(client).commit(Write.put(KEY, item))

    [asked] = client.asked
    # Of a set the order is nobody's.
    assert asked["Item"].pop("names") == {"SS": ["a", "b"]}
    del item["names"]
    whole = item | KEY._asdict() | {"v": SHAPE}
    assert asked["Item"] == {name: TypeSerializer().serialize(value) for name, value in whole.items()}


def test_a_scan_reads_on_to_its_end() -> None:
    client = Client({"Items": [RAW], "LastEvaluatedKey": RAW}, {"Items": [RAW]})

    assert len(list(table(client).scan())) == 2
    assert "ExclusiveStartKey" not in client.asked[0]
    assert client.asked[1]["ExclusiveStartKey"] == RAW


def test_a_query_reads_as_many_as_are_wanted_and_no_more() -> None:
    pages = [{"Items": [RAW], "LastEvaluatedKey": RAW} for _ in range(3)]
    client = Client(*pages)

    found = list(table(client).query_index(Index("i", "a", "b"), "x", Page.newest("", limit=3)))

    assert len(found) == 3
    assert [asked["Limit"] for asked in client.asked] == [3, 2, 1]
    assert [asked["ScanIndexForward"] for asked in client.asked] == [False] * 3
    assert client.asked[0]["KeyConditionExpression"] == "a = :pk AND b BETWEEN :first AND :last"
    assert "ConsistentRead" not in client.asked[0]


def test_a_query_reads_the_attributes_that_are_wanted_and_no_others() -> None:
    client = Client({"Items": [RAW]})

    list(table(client).query("p", Page.whole("A"), ("pk", "status")))

    assert client.asked[0]["ProjectionExpression"] == "#0,#1,#2"
    assert client.asked[0]["ExpressionAttributeNames"] == {"#0": "pk", "#1": "status", "#2": "v"}


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"Item": NEWER}, lambda it: it.get(KEY)),
        ({"Responses": {"table": [NEWER]}}, lambda it: it.get_many(KEY)),
        ({"Items": [NEWER]}, lambda it: list(it.query("p", Page.whole("")))),
        ({"Items": [NEWER]}, lambda it: list(it.query("p", Page.whole(""), ("pk",)))),
        ({"Items": [NEWER]}, lambda it: list(it.scan())),
        ({"Attributes": NEWER}, lambda it: it.update(KEY, "ADD requests :one", {":one": 1})),
        (_condition_failed(NEWER), lambda it: it.commit(Write.delete(KEY, condition="a = b"))),
    ],
)
def test_what_a_later_release_has_stored_is_not_read(answer: Any, read: Callable[[Table], object]) -> None:
    with pytest.raises(NewerShape):
        read(table(Client(answer)))


def test_of_an_item_the_version_counts_and_not_of_a_map_in_it() -> None:
    known = {**RAW, "v": {"N": str(KNOWN_SHAPE)}, "map": {"M": {"v": {"N": str(KNOWN_SHAPE + 1)}}}}

    assert table(Client({"Item": known})).get(KEY) == {**KEY._asdict(), "v": KNOWN_SHAPE, "map": {"v": KNOWN_SHAPE + 1}}


def test_a_query_without_a_limit_reads_on_to_its_end() -> None:
    client = Client({"Items": [RAW], "LastEvaluatedKey": RAW}, {"Items": []})

    assert len(list(table(client).query("p", Page.whole("A")))) == 1
    assert "Limit" not in client.asked[0]
    assert client.asked[0]["ConsistentRead"]
    assert "ProjectionExpression" not in client.asked[0]
    assert client.asked[0]["ExpressionAttributeValues"] == {
        ":pk": {"S": "p"},
        ":first": {"S": "A"},
        ":last": {"S": "A~"},
    }


@pytest.mark.parametrize(
    ("prefix", "after", "last"),
    [
        ("E#", None, "E#~"),
        ("E#", "0" * 23 + "2", "E#" + "0" * 23 + "1"),
        ("E#", "0" * 24, "E#"),
        ("", "f" * 24, "f" * 23 + "e"),
    ],
)
def test_a_page_ends_right_before_the_position_that_it_comes_after(prefix: str, after: str | None, last: str) -> None:
    assert Page.newest(prefix, after).last == last


def test_nothing_is_asked_where_nothing_is_wanted() -> None:
    client = Client()

    assert table(client).get_many() == {}
    assert client.asked == []


def test_what_throttling_leaves_of_a_deletion_is_tried_again_with_growing_pauses_until_it_is_done() -> None:
    slept: list[float] = []
    left = {"table": [{"DeleteRequest": {"Key": RAW}}]}
    client = Client(*[{"UnprocessedItems": left}] * 7)

    assert table(client, slept).delete([KEY, Key("p", "t")]) == 2

    assert slept == [0.02, 0.04, 0.08, 0.16, 0.32, 0.4, 0.4]
    assert [len(asked["RequestItems"]["table"]) for asked in client.asked] == [2, *[1] * 7]


def test_items_are_walked_in_the_order_of_their_keys_a_hundred_a_call_without_those_not_there() -> None:
    keys = [Key("p", f"{number:03d}") for number in range(101)]
    raw = [{"pk": {"S": "p"}, "sk": {"S": key.sk}} for key in keys]
    client = Client({"Responses": {"table": raw[99:0:-1]}}, {"Responses": {"table": raw[100:]}})

    assert [item["sk"] for item in table(client).walk_items(iter(keys))] == [key.sk for key in keys[1:]]
    assert [len(asked["RequestItems"]["table"]["Keys"]) for asked in client.asked] == [100, 1]
