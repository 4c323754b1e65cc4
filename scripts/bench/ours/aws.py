"""A stub of AWS: `python -m scripts.bench.ours.aws PORT FUNCTIONS` is a table in memory and a state machine.

It takes the same requests over HTTP as DynamoDB and Step Functions do, and carries out as much of them as an execution
that waits for nothing needs. `GET /ended/NAME` answers when an execution of the state machine has come to its end.
"""

import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from domain.aws.keys import Key, Page
from domain.aws.writes import Item, Write
from lodol.trying import expressions
from lodol.trying.memory import MemoryTable
from scripts.bench.apps import front
from scripts.bench.connection import Connection

_SLICES_AT_ONCE = 16
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize


class _NotDone(Exception):
    """A condition did not hold."""

    def __init__(self, item: Item | None) -> None:
        self.item = item


class _Aws:
    def __init__(self, functions: str) -> None:
        self._functions = functions
        self._table, self._lock = MemoryTable(), threading.Lock()
        self._executions: dict[str, Future[None]] = {}
        self._slices = ThreadPoolExecutor(_SLICES_AT_ONCE)
        self._connections = threading.local()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if method == "GET":
            return 200, {"ended": self._executions.pop(path.removeprefix("/ended/")).result(60)}
        asked = json.loads(body)
        operation = headers["X-Amz-Target"].rpartition(".")[2]
        if operation == "StartExecution":
            self._executions[asked["name"]] = self._slices.submit(self._execute, json.loads(asked["input"]))
            return 200, {"executionArn": asked["name"], "startDate": 0}
        operations: dict[str, Callable[[Any], Any]] = {
            "GetItem": self._get,
            "BatchGetItem": self._get_many,
            "Query": self._query,
            "PutItem": lambda asked: self._write({"Put": asked}),
            "UpdateItem": lambda asked: self._write({"Update": asked}),
            "DeleteItem": lambda asked: self._write({"Delete": asked}),
            "TransactWriteItems": self._write_all,
        }
        with self._lock:
            return operations[operation](asked)  # type: ignore[no-any-return]

    def _execute(self, given: Any) -> None:
        """What the state machine does, as long as an execution goes on without a wait."""
        if not hasattr(self._connections, "one"):
            self._connections.one = Connection(self._functions)
        while (following := self._connections.one.send("POST", "/run-steps", given)["action"]) == "continue":
            continue
        if following != "done":
            raise NotImplementedError(following)

    def _get(self, asked: Any) -> tuple[int, Any]:
        item = self._table.get(_key(asked["Key"]))
        return 200, {} if item is None else {"Item": _attributes(item)}

    def _get_many(self, asked: Any) -> tuple[int, Any]:
        [(name, wanted)] = asked["RequestItems"].items()
        found = self._table.get_many(*map(_key, wanted["Keys"])).values()
        return 200, {"Responses": {name: [_attributes(item) for item in found]}, "UnprocessedKeys": {}}

    def _query(self, asked: Any) -> tuple[int, Any]:
        if "IndexName" in asked:
            # Of which only what is due, or waits for people, would be found.
            return 200, {"Items": []}
        values = _item(asked["ExpressionAttributeValues"])
        page = Page(values[":first"], values[":last"], not asked["ScanIndexForward"], asked.get("Limit"))
        return 200, {"Items": [_attributes(item) for item in self._table.query(values[":pk"], page)]}

    def _write(self, asked: dict[str, Any]) -> tuple[int, Any]:
        [write] = [_written(asked)]
        try:
            self._table.commit(write)
        except _NotDone as failed:
            seen = {} if failed.item is None else {"Item": _attributes(failed.item)}
            return 400, {"__type": "ConditionalCheckFailedException", "message": "", **seen}
        after = self._table.get(write.key)
        return 200, {} if after is None else {"Attributes": _attributes(after)}

    def _write_all(self, asked: Any) -> tuple[int, Any]:
        writes = [_written(each) for each in asked["TransactItems"]]
        try:
            self._table.commit(*writes)
        except _NotDone:
            reasons: list[Any] = []
            for write in writes:
                seen = self._table.get(write.key)
                item = {} if seen is None else {"Item": _attributes(seen)}
                failed = {"Code": "ConditionalCheckFailed", "Message": "", **item}
                reasons.append({"Code": "None"} if expressions.holds(write, seen) else failed)
            return 400, {"__type": "TransactionCanceledException", "CancellationReasons": reasons}
        return 200, {}


def _written(asked: dict[str, Any]) -> Write:
    [(kind, request)] = asked.items()
    item = _item(request.get("Item", {}))
    return Write(
        kind,  # type: ignore[arg-type]
        Key(item["pk"], item["sk"]) if item else _key(request["Key"]),
        request.get("UpdateExpression", ""),
        request.get("ConditionExpression", ""),
        _item(request.get("ExpressionAttributeValues", {})),
        request.get("ExpressionAttributeNames", {}),
        item,
        _NotDone,
    )


def _key(key: Any) -> Key:
    return Key(key["pk"]["S"], key["sk"]["S"])


def _item(attributes: Any) -> dict[str, Any]:
    return {name: _plain(_deserialize(value)) for name, value in attributes.items()}


def _attributes(item: Item) -> dict[str, Any]:
    return {name: _listed(_serialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value)
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _listed(attribute: Any) -> Any:
    [(kind, value)] = attribute.items()
    return {kind: sorted(value)} if kind == "SS" else attribute


if __name__ == "__main__":
    front.serve(int(sys.argv[1]), _Aws(sys.argv[2]).answer)
