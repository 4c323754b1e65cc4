"""The one DynamoDB table: reads, and the only place where a commit is carried out and its reasons are read."""

from __future__ import annotations

import heapq
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import batched
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from domain.aws.clients import call_aws
from domain.aws.keys import DUE, DUE_SHARDS, DueKind, Index, Key, Page
from domain.aws.writes import KNOWN_SHAPE, READ_AT_ONCE, Item, Write
from domain.refusals import Contention, NewerShape, Throttled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOGGER = logging.getLogger(__name__)

_BUSY_REASONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_IN_PROGRESS = "TransactionInProgressException"
_BUSY_ERRORS = {"TransactionConflictException", _IN_PROGRESS}
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.4
_CONTENTION_SECONDS = 4.0
_DELETED_AT_ONCE = 25


class _Busy(Exception):
    """Another commit had the items, or DynamoDB had no capacity for them."""

    def __init__(self, *, is_in_progress: bool = False) -> None:
        self.is_in_progress = is_in_progress


def chance() -> float:
    """Draw from 0 to 1, from the system's secure source: a process copied by SnapStart must not repeat its jitter."""
    return secrets.randbelow(1 << 30) / (1 << 30)


class Table:
    """Reads and conditional writes of the product's items."""

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._client = client
        self._sleep = sleep
        self._random = random
        self._monotonic = monotonic

    def get(self, key: Key) -> Item | None:
        """Read one item, consistently."""
        answer = call_aws(self._client.get_item, TableName=self.name, Key=_key(key), ConsistentRead=True)
        return item_of(answer["Item"]) if "Item" in answer else None

    def get_many(self, *keys: Key) -> dict[Key, Item]:
        """Read items, `READ_AT_ONCE` at most, consistently in one call; those that do not exist are missing."""
        found: dict[Key, Item] = {}
        asked = {"Keys": [_key(key) for key in dict.fromkeys(keys)], "ConsistentRead": True}
        wanted: Any = {self.name: asked} if keys else {}
        while wanted:
            answer = call_aws(self._client.batch_get_item, RequestItems=wanted)
            for raw in answer["Responses"].get(self.name, []):
                item = item_of(raw)
                found[Key(item["pk"], item["sk"])] = item
            wanted = answer.get("UnprocessedKeys")
            if wanted:
                self._sleep(_FIRST_PAUSE_SECONDS * self._random())
        return found

    def walk_items(self, keys: Iterable[Key]) -> Iterator[Item]:
        """Walk items in the order of their keys, read likewise a page after the other; those not there are left out."""
        for some in batched(keys, READ_AT_ONCE, strict=False):
            found = self.get_many(*some)
            yield from (found[key] for key in some if key in found)

    def query(self, pk: str, page: Page, attributes: Sequence[str] = ()) -> Iterator[Item]:
        """Read a range of one partition, consistently, as many requests as it takes.

        `attributes` are those that are read of each item, beside the version of its shape; all without them: what is
        not sent need not be read.
        """
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ConsistentRead": True,
        }
        if attributes:
            # Each under another name: DynamoDB has words of its own, such as `status`.
            names = {f"#{number}": attribute for number, attribute in enumerate(dict.fromkeys((*attributes, "v")))}
            request |= {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}
        return self._query(request, pk, page)

    def query_index(self, index: Index, partition: str, page: Page) -> Iterator[Item]:
        """Read a range of one partition of an index. An index lags: what it shows is a hint."""
        condition = f"{index.partition_key} = :pk AND {index.sort_key} BETWEEN :first AND :last"
        return self._query({"IndexName": index.name, "KeyConditionExpression": condition}, partition, page)

    def list_due(self, kind: DueKind, until: str | None = None) -> Iterator[Key]:
        """Walk what the index shows of a kind as due until a moment, or ever, the first first: a hint as well."""
        page = Page.everything() if until is None else Page.until(until)
        parts = (self.query_index(DUE, f"{kind}#{number}", page) for number in range(DUE_SHARDS))
        for row in heapq.merge(*parts, key=itemgetter("due_at")):
            yield Key(row["pk"], row["sk"])

    def scan(self) -> Iterator[Item]:
        """Read every item, consistently: for operators, never for a request."""
        for items, _ in self.scan_pages():
            yield from items

    def scan_pages(self, after: Key | None = None) -> Iterator[tuple[list[Item], Key | None]]:
        """Read every item likewise, from a position on: pages of up to 1 MB, each with the position behind it."""
        request: dict[str, Any] = {"TableName": self.name, "ConsistentRead": True}
        while True:
            if after is not None:
                request["ExclusiveStartKey"] = _key(after)
            answer = call_aws(self._client.scan, **request)
            last = answer.get("LastEvaluatedKey")
            after = Key(**item_of(last)) if last else None
            yield list(map(item_of, answer["Items"])), after
            if after is None:
                return

    def count_items(self) -> int:
        """About how many items there are: DynamoDB counts them every six hours. For operators."""
        described = call_aws(self._client.describe_table, TableName=self.name)
        return int(described["Table"].get("ItemCount", 0))

    def delete(self, keys: Iterable[Key]) -> int:
        """Remove items, whether or not they are there, in no order; answers how many. For operators.

        What throttling leaves undone is tried again until it is done.
        """
        done = 0
        for some in batched(keys, _DELETED_AT_ONCE, strict=False):
            wanted: Any = {self.name: [{"DeleteRequest": {"Key": _key(key)}} for key in some]}
            pauses = _pauses()
            while wanted:
                answer = call_aws(self._client.batch_write_item, RequestItems=wanted)
                wanted = answer.get("UnprocessedItems")
                if wanted:
                    self._rest(next(pauses))
            done += len(some)
        return done

    def _query(self, request: dict[str, Any], pk: str, page: Page) -> Iterator[Item]:
        if page.is_empty:
            return
        values = {":pk": pk, ":first": page.first, ":last": page.last}
        request |= {
            "TableName": self.name,
            "ScanIndexForward": not page.newest_first,
            "ExpressionAttributeValues": _attributes(values),
        }
        left = page.limit
        while True:
            asked = [most for most in (left, page.at_once) if most is not None]
            if asked:
                request["Limit"] = min(asked)
            answer = call_aws(self._client.query, **request)
            yield from map(item_of, answer["Items"])
            left = None if left is None else left - len(answer["Items"])
            if "LastEvaluatedKey" not in answer or left == 0:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def update(self, key: Key, expression: str, values: Item) -> Item:
        """Change an item unconditionally, creating it if need be, and answer with the whole item afterwards."""
        answer = self._patiently(
            lambda: _call(
                self._client.update_item,
                TableName=self.name,
                Key=_key(key),
                UpdateExpression=expression,
                ExpressionAttributeValues=_attributes(values),
                ReturnValues="ALL_NEW",
            )
        )
        return item_of(answer["Attributes"])

    def commit(self, *writes: Write) -> None:
        """Carry out all writes or none.

        The order of the writes is the order of precedence: the first that could not be done decides. If its
        condition failed, its refusal is raised. If another commit had the item, all is tried again with
        growing, jittered pauses; `Contention` after four seconds of that. `Unavailable` leaves unknown whether it was
        carried out. Rule: architecture "Traps".
        """
        token = secrets.token_hex(16)

        def attempt() -> None:
            nonlocal token
            try:
                self._write(writes, token)
            except _Busy as busy:
                # Under its own token a repeat counts as the same request; one that was cancelled needs another.
                if not busy.is_in_progress:
                    token = secrets.token_hex(16)
                raise

        self._patiently(attempt)

    def _patiently[T](self, attempt: Callable[[], T]) -> T:
        deadline = self._monotonic() + _CONTENTION_SECONDS
        pauses = _pauses()
        while True:
            try:
                return attempt()
            except _Busy:
                pause = next(pauses)
                if self._monotonic() + pause > deadline:
                    raise Contention from None
            self._rest(pause)

    def _rest(self, pause: float) -> None:
        """Pause about so many seconds, half as many more or less."""
        self._sleep(pause * (0.5 + self._random()))

    def _write(self, writes: Sequence[Write], token: str) -> None:
        """Try once, or raise the refusal of the write that decides.

        DynamoDB knows a transaction by its token for ten minutes: where only the answer got lost, the client's own
        repeat is answered as the first would have been.
        """
        try:
            if len(writes) == 1:
                self._write_alone(writes[0])
            else:
                _call(
                    self._client.transact_write_items,
                    TransactItems=[{write.kind: self._request(write)} for write in writes],  # type: ignore[misc]
                    ClientRequestToken=token,
                )
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "ConditionalCheckFailedException":
                    raise writes[0].refusal(_seen(error.response)) from None
                case "TransactionCanceledException":
                    raise _first_reason(error, writes) from None
            raise

    def _write_alone(self, write: Write) -> None:
        """A single write needs no transaction, which would cost twice as much."""
        operations: dict[str, Callable[..., object]] = {
            "Put": self._client.put_item,
            "Update": self._client.update_item,
            "Delete": self._client.delete_item,
        }
        _call(operations[write.kind], **self._request(write))

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


def _call[**P, T](operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an operation that writes, or raise `_Busy` where the same call may succeed a moment later."""
    try:
        return call_aws(operation, *args, **kwargs)
    except Throttled:
        raise _Busy from None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _BUSY_ERRORS:
            raise _Busy(is_in_progress=code == _IN_PROGRESS) from None
        raise


def _first_reason(error: ClientError, writes: Sequence[Write]) -> Exception:
    reasons: list[Any] = error.response.get("CancellationReasons", [])
    for write, reason in zip(writes, reasons, strict=False):
        code = reason.get("Code", "None")
        if code == "ConditionalCheckFailed":
            return write.refusal(_seen(reason))
        if code in _BUSY_REASONS:
            return _Busy()
        if code != "None":
            return error
    return error


def _seen(answer: Any) -> Item | None:
    return item_of(answer["Item"]) if answer.get("Item") else None


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _attributes(item: Item) -> dict[str, Any]:
    return {name: _written(value) for name, value in item.items()}


def _written(value: Any) -> dict[str, Any]:
    """Write one value as DynamoDB takes it, of the kinds that this product stores.

    boto3's own way tries each kind after the other, and takes four times as long.
    """
    kind, written = _WRITE.get(type(value)) or next(_WRITE[of] for of in type(value).__mro__ if of in _WRITE)
    return {kind: written(value)}


def _pauses() -> Iterator[float]:
    """The seconds between attempts: twice as many each time, up to the longest pause."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _listed(values: Sequence[Any]) -> list[dict[str, Any]]:
    return [_written(value) for value in values]


def item_of(raw: Any) -> Item:
    """Read an item as DynamoDB writes it, or raise `NewerShape` if a later release has stored what is unknown here."""
    item = _map(raw)
    if item.get("v", 0) > KNOWN_SHAPE:
        _LOGGER.error("stored by a later release", extra={"item": item.get("sk"), "shape": item["v"]})
        raise NewerShape(item["v"])
    return item


def _map(raw: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in raw.items()}


def _value(raw: Any) -> Any:
    """Read one value of DynamoDB, of the kinds that this product stores: numbers are whole.

    boto3's own way makes each number a decimal, and takes three times as long.
    """
    [(kind, value)] = raw.items()
    return _READ[kind](value)


_WRITE: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    str: ("S", lambda text: text),
    int: ("N", str),
    bool: ("BOOL", lambda is_so: is_so),
    type(None): ("NULL", lambda _: True),
    set: ("SS", sorted),
    frozenset: ("SS", sorted),
    tuple: ("L", _listed),
    list: ("L", _listed),
    dict: ("M", _attributes),
}

_READ: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "N": int,
    "BOOL": bool,
    "NULL": lambda _: None,
    "SS": set,
    "L": lambda values: [_value(value) for value in values],
    "M": _map,
}
