"""The one DynamoDB table: reads, and the only place where a commit is carried out and its reasons are read."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from domain.aws import CLIENT_CONFIG, answered
from domain.keys import Key
from domain.refusals import Contention, Throttled
from domain.writes import Item, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SERIALIZE = TypeSerializer().serialize
_DESERIALIZE = TypeDeserializer().deserialize

TRANSACTION_WRITES = 100
"""The most writes that DynamoDB takes in one transaction."""

_BUSY_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_IN_PROGRESS = "TransactionInProgressException"
_BUSY_ERRORS = {"TransactionConflictException", _IN_PROGRESS}
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.4
_CONTENTION_SECONDS = 4.0


def _random() -> float:
    """Draw from the system's secure source: a process copied by SnapStart must not repeat its jitter."""
    return secrets.randbelow(1 << 30) / (1 << 30)


@dataclass(frozen=True, slots=True)
class Page:
    """How a query walks a partition: the sort keys between `first` and `last` (both included), in which order."""

    first: str
    last: str
    newest_first: bool = False
    limit: int | None = None


class Table:
    """Reads and conditional writes of the product's items."""

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = _random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._client = client
        self._sleep = sleep
        self._random = random
        self._monotonic = monotonic

    def get(self, key: Key) -> Item | None:
        """Read one item, consistently."""
        answer = answered(self._client.get_item, TableName=self.name, Key=_key(key), ConsistentRead=True)
        return _item(answer["Item"]) if "Item" in answer else None

    def get_many(self, *keys: Key) -> dict[Key, Item]:
        """Read items consistently in one call; those that do not exist are missing from the answer."""
        found: dict[Key, Item] = {}
        wanted: Any = {self.name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        while wanted:
            answer = answered(self._client.batch_get_item, RequestItems=wanted)
            for raw in answer["Responses"].get(self.name, []):
                item = _item(raw)
                found[Key(item["pk"], item["sk"])] = item
            wanted = answer.get("UnprocessedKeys")
            if wanted:
                self._sleep(_FIRST_PAUSE_SECONDS * self._random())
        return found

    def query(self, pk: str, page: Page) -> Iterator[Item]:
        """Read a range of one partition, consistently, as many requests as it takes."""
        return self._query(
            {
                "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
                "ConsistentRead": True,
            },
            pk,
            page,
        )

    def query_index(self, index: str, attribute: str, value: str, page: Page) -> Iterator[Item]:
        """Read a range of ids in one partition of an index. An index lags: what it shows is a hint."""
        return self._query(
            {
                "IndexName": index,
                "KeyConditionExpression": f"{attribute} = :pk AND id BETWEEN :first AND :last",
            },
            value,
            page,
        )

    def scan(self) -> Iterator[Item]:
        """Read every item, consistently: for operators, never for a request."""
        request: dict[str, Any] = {"TableName": self.name, "ConsistentRead": True}
        while True:
            answer = answered(self._client.scan, **request)
            yield from map(_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _query(self, request: dict[str, Any], pk: str, page: Page) -> Iterator[Item]:
        values = {":pk": pk, ":first": page.first, ":last": page.last}
        request |= {
            "TableName": self.name,
            "ScanIndexForward": not page.newest_first,
            "ExpressionAttributeValues": _attributes(values),
        }
        left = page.limit
        while True:
            if left is not None:
                request["Limit"] = left
            answer = answered(self._client.query, **request)
            yield from map(_item, answer["Items"])
            left = None if left is None else left - len(answer["Items"])
            if "LastEvaluatedKey" not in answer or left == 0:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def update(self, key: Key, expression: str, values: Item) -> Item:
        """Change an item unconditionally, creating it if need be, and answer with the whole item afterwards."""
        after: list[Item] = []

        def attempt() -> Exception | str | None:
            try:
                answer = answered(
                    self._client.update_item,
                    TableName=self.name,
                    Key=_key(key),
                    UpdateExpression=expression,
                    ExpressionAttributeValues=_attributes(values),
                    ReturnValues="ALL_NEW",
                )
            except Throttled:
                return "Throttled"
            except ClientError as error:
                code = error.response["Error"]["Code"]
                return code if code in _BUSY_ERRORS else error
            after.append(_item(answer["Attributes"]))
            return None

        self._patiently(attempt)
        return after[0]

    def commit(self, *writes: Write) -> None:
        """Carry out all writes or none.

        The order of the writes is the order of precedence: the first that could not be done decides. If its
        condition failed, its refusal is raised. If another commit had the item, all is tried again with
        growing, jittered pauses; `Contention` after four seconds of that. `Unavailable` leaves unknown whether it was
        carried out. Rule: DESIGN "Traps".
        """
        token = secrets.token_hex(16)

        def attempt() -> Exception | str | None:
            nonlocal token
            blocked = self._attempt(writes, token)
            if blocked != _IN_PROGRESS:
                # Under its own token a repeat counts as the same request; one that was cancelled needs another.
                token = secrets.token_hex(16)
            return blocked

        self._patiently(attempt)

    def _patiently(self, attempt: Callable[[], Exception | str | None]) -> None:
        deadline = self._monotonic() + _CONTENTION_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        while True:
            blocked = attempt()
            if blocked is None:
                return
            if isinstance(blocked, Exception):
                raise blocked
            if self._monotonic() + pause > deadline:
                raise Contention
            self._sleep(pause * (0.5 + self._random()))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _attempt(self, writes: Sequence[Write], token: str) -> Exception | str | None:
        """Try once: `None` when done, a refusal, or the code for which it is worth trying again.

        DynamoDB knows a transaction by its token for ten minutes: where only the answer got lost, the client's own
        repeat is answered as the first would have been.
        """
        try:
            if len(writes) == 1:
                self._write_alone(writes[0])
            else:
                answered(
                    self._client.transact_write_items,
                    TransactItems=[{write.kind: self._request(write)} for write in writes],  # type: ignore[misc]
                    ClientRequestToken=token,
                )
        except Throttled:
            return "Throttled"
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _BUSY_ERRORS:
                return code
            if code == "ConditionalCheckFailedException":
                return writes[0].refusal(_seen(error.response))
            if code == "TransactionCanceledException":
                return _first_reason(error, writes)
            raise
        return None

    def _write_alone(self, write: Write) -> None:
        """A single write needs no transaction, which would cost twice as much."""
        operations: dict[str, Callable[..., object]] = {
            "Put": self._client.put_item,
            "Update": self._client.update_item,
            "Delete": self._client.delete_item,
        }
        answered(operations[write.kind], **self._request(write))

    def _request(self, write: Write) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self.name}
        if write.kind == "Put":
            request["Item"] = _attributes({**write.item, **write.key._asdict()})
        else:
            request["Key"] = _key(write.key)
        if write.expression:
            request["UpdateExpression"] = write.expression
        if write.condition:
            request["ConditionExpression"] = write.condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if write.values:
            request["ExpressionAttributeValues"] = _attributes(write.values)
        if write.names:
            request["ExpressionAttributeNames"] = dict(write.names)
        return request


def _first_reason(error: ClientError, writes: Sequence[Write]) -> Exception | str:
    reasons: list[Any] = error.response.get("CancellationReasons", [])
    for write, reason in zip(writes, reasons, strict=False):
        code = reason.get("Code", "None")
        if code == "ConditionalCheckFailed":
            return write.refusal(_seen(reason))
        if code in _BUSY_REASONS:
            return str(code)
        if code != "None":
            return error
    return error


def _seen(answer: Any) -> Item | None:
    return _item(answer["Item"]) if answer.get("Item") else None


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _attributes(item: Item) -> dict[str, Any]:
    return {name: _SERIALIZE(value) for name, value in item.items()}


def _item(raw: Any) -> Item:
    return {name: _plain(_DESERIALIZE(value)) for name, value in raw.items()}


def _plain(value: Any) -> Any:
    """Turn DynamoDB's numbers back into whole numbers: this product stores no others as numbers."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value


@cache
def the_table() -> Table:
    """The table that this process works on, by the setting TABLE_NAME."""
    return Table(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["TABLE_NAME"])
