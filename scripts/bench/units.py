"""Capacity units of DynamoDB by its published rules, and a meter that counts them at a client.

The rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html for units,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html for the sizes of items,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html for indexes.
Of events and of requests of a queue 64 KB are billed as one: https://aws.amazon.com/eventbridge/pricing/,
https://aws.amazon.com/sqs/pricing/.
What the local table says of consumed capacity is not these rules, and is not read.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from tests.support.template import template

type Attributes = Mapping[str, Mapping[str, Any]]
"""An item as on the wire: each attribute with its type."""

_WRITE_BYTES, _READ_BYTES, _MESSAGE_BYTES = 1024, 4096, 65_536
_ITEM_OVERHEAD_BYTES = 100
"""What DynamoDB adds to an item when it bills storage, in the table and in each index."""


def value_bytes(value: Mapping[str, Any]) -> int:
    """The size of an attribute's value in bytes."""
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0")
            return 1 + math.ceil(len(digits) / 2) + int(content.startswith("-"))
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(text.encode()) for text in content)
        case "L":
            return 3 + sum(1 + value_bytes(inner) for inner in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_bytes(inner) for name, inner in content.items())
    raise ValueError(f"this product stores no {kind}")


def item_bytes(item: Attributes) -> int:
    """The size of an item in bytes: the names of its attributes, and their values."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def _started(size: int, unit: int) -> int:
    return max(1, math.ceil(size / unit))


def read_units(size: int, *, is_consistent: bool) -> float:
    """The units of one read of so many bytes; what is not there is read too."""
    return _started(size, _READ_BYTES) * (1.0 if is_consistent else 0.5)


@dataclass(frozen=True, slots=True)
class IndexRules:
    """An index: the attributes that are its key, and all that it holds."""

    name: str
    key: tuple[str, ...]
    holds: frozenset[str]

    def entry(self, item: Attributes) -> Attributes | None:
        """What the index holds of an item, `None` if it lacks the index's key."""
        if any(name not in item for name in self.key):
            return None
        return {name: value for name, value in item.items() if name in self.holds}

    def write_units(self, before: Attributes, after: Attributes) -> int:
        """The units that a write of the table costs here: an entry put, removed or changed; another key is both."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        sizes = [item_bytes(entry) for entry in (old, new) if entry is not None]
        if old and new and all(old[name] == new[name] for name in self.key):
            return _started(max(sizes), _WRITE_BYTES)
        return sum(_started(size, _WRITE_BYTES) for size in sizes)


def indexes() -> list[IndexRules]:
    """The indexes of the table, as the template has them."""
    properties = template()["Resources"]["Table"]["Properties"]
    of_table = [part["AttributeName"] for part in properties["KeySchema"]]
    found = []
    for index in properties["GlobalSecondaryIndexes"]:
        key = tuple(part["AttributeName"] for part in index["KeySchema"])
        holds = frozenset([*of_table, *key, *index["Projection"].get("NonKeyAttributes", [])])
        found.append(IndexRules(index["IndexName"], key, holds))
    return found


def write_units(before: Attributes, after: Attributes, rules: list[IndexRules], *, is_transactional: bool) -> int:
    """The units of one write, by the larger of the item before and after it; a transaction doubles those of the table.

    Indexes follow after the transaction, and cost the same as after a plain write.
    """
    of_table = _started(max(item_bytes(before), item_bytes(after)), _WRITE_BYTES)
    return of_table * (2 if is_transactional else 1) + sum(rule.write_units(before, after) for rule in rules)


def stored_bytes(item: Attributes, rules: list[IndexRules]) -> int:
    """The bytes that an item is billed for, in the table and in its indexes."""
    entries = [item] if item else []
    entries += [entry for rule in rules if item and (entry := rule.entry(item)) is not None]
    return sum(_ITEM_OVERHEAD_BYTES + item_bytes(entry) for entry in entries)


@dataclass
class Counted:
    """What was asked of AWS: calls by their names, capacity units, by how many bytes what is stored has grown, events
    and requests of queues as they are billed.
    """

    calls: Counter[str] = field(default_factory=Counter)
    write_units: int = 0
    read_units: float = 0.0
    stored_bytes: int = 0
    custom_events: int = 0
    queue_requests: int = 0
    largest_transaction: int = 0
    """Of the writes of one transaction, the most."""
    heat: Counter[str] = field(default_factory=Counter)
    """Write units by where they are spent: each item of the table, each partition of an index."""

    def __add__(self, other: Counted) -> Counted:
        """Both together."""
        return Counted(
            self.calls + other.calls,
            self.write_units + other.write_units,
            self.read_units + other.read_units,
            self.stored_bytes + other.stored_bytes,
            self.custom_events + other.custom_events,
            self.queue_requests + other.queue_requests,
            max(self.largest_transaction, other.largest_transaction),
            self.heat + other.heat,
        )


class Meter:
    """Counts what clients ask of the table, the state machine, the bus and queues, by botocore's own events."""

    def __init__(self, *clients: Any) -> None:
        self._rules = indexes()
        self._by_index = {rule.name: rule for rule in self._rules}
        self._total = Counted()
        for client in clients:
            client.meta.events.register("before-call", self._before)
            client.meta.events.register("after-call", self._after)

    @contextmanager
    def counted(self) -> Iterator[Counted]:
        """What is asked meanwhile."""
        self._total = counted = Counted()
        yield counted
        self._total = Counted()

    def _before(self, model: Any, params: Any, context: Any, **_: Any) -> None:
        self._total.calls[model.name] += 1
        match model.service_model.service_name:
            case "dynamodb":
                asked = json.loads(params["body"])
                context["metered"] = asked, [_stored(*at) for at in _written(model.name, asked)]
            case "events":
                entries = json.loads(params["body"])["Entries"]
                self._total.custom_events += sum(_messages(entry["Detail"]) for entry in entries)
            case "sqs":
                entries = json.loads(params["body"]).get("Entries", [])
                self._total.queue_requests += _messages("".join(entry.get("MessageBody", "") for entry in entries))

    def _after(self, model: Any, parsed: Any, context: Any, **_: Any) -> None:
        if "metered" not in context:
            return
        asked, before = context.pop("metered")
        total, is_transactional = self._total, model.name == "TransactWriteItems"
        for old, at in zip(before, _written(model.name, asked), strict=True):
            new = _stored(*at)
            total.write_units += write_units(old, new, self._rules, is_transactional=is_transactional)
            total.heat += self._heat(at[1], old, new, is_transactional=is_transactional)
            total.stored_bytes += stored_bytes(new, self._rules) - stored_bytes(old, self._rules)
        if is_transactional:
            total.largest_transaction = max(total.largest_transaction, len(before))
        elif not before:
            total.read_units += sum(self._reads(model.name, asked, parsed))

    def _heat(self, key: Attributes, old: Attributes, new: Attributes, *, is_transactional: bool) -> Counter[str]:
        found = Counter(
            {
                "/".join(key[name]["S"] for name in ("pk", "sk")): write_units(
                    old, new, [], is_transactional=is_transactional
                )
            }
        )
        for rule in self._rules:
            sides = [rule.entry(old), rule.entry(new)]
            if sides[0] == sides[1]:
                continue
            for partition in {entry[rule.key[0]]["S"] for entry in sides if entry is not None}:
                side = [entry if entry and entry[rule.key[0]]["S"] == partition else {} for entry in sides]
                found[f"{rule.name}/{partition}"] += rule.write_units(*side)
        return found

    def _reads(self, operation: str, asked: Any, parsed: Any) -> Iterator[float]:
        """The units of each read of a call: of one item, of each item of a batch, of all rows of a query together."""
        if operation == "BatchGetItem":
            for table, wanted in asked["RequestItems"].items():
                for key in wanted["Keys"]:
                    size = item_bytes(_stored(table, key))
                    yield read_units(size, is_consistent=bool(wanted.get("ConsistentRead")))
            return
        rows = parsed.get("Items", [parsed.get("Item", {})])
        if "IndexName" in asked:
            rows = [self._by_index[asked["IndexName"]].entry(row) or {} for row in rows]
        yield read_units(sum(map(item_bytes, rows)), is_consistent=bool(asked.get("ConsistentRead")))


def _messages(text: str) -> int:
    return _started(len(text.encode()), _MESSAGE_BYTES)


def _written(operation: str, asked: Any) -> list[tuple[str, Attributes]]:
    """Table and key of each item that a call writes; a failed condition is billed as the write would have been."""
    match operation:
        case "TransactWriteItems":
            writes = [write for kinds in asked["TransactItems"] for write in kinds.values()]
        case "PutItem" | "UpdateItem" | "DeleteItem":
            writes = [asked]
        case _:
            writes = []
    return [(write["TableName"], write.get("Key") or _key_of(write["Item"])) for write in writes]


def _key_of(item: Attributes) -> Attributes:
    return {name: item[name] for name in ("pk", "sk")}


def _stored(table: str, key: Attributes) -> Attributes:
    """An item as it stands in the local table, nothing where there is none."""
    backend: DynamoDBBackend = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    item = backend.get_item(table, dict(key))
    found: Attributes = item.to_json()["Attributes"] if item else {}
    return found
