"""Workspaces with very many executions, written straight into the local table: by the product it would take hours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from domain.aws.keys import Key
from domain.entities import executions
from domain.moments import to_text
from scripts.bench.product import Product
from tests.support.machines import Flight

SHARDS = 4


class Crowd:
    """Copies of executions that the product itself has made, with ids and moments of their own."""

    def __init__(self, on: Product) -> None:
        self._on = on
        self._table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_table("table")
        self._made = 0

    def of(self, execution_id: str, count: int, *, apart_seconds: int = 1, **changed: str) -> list[str]:
        """Store so many copies of one, each started so long before the one before it; answers with their ids."""
        system = self._on.system
        at = executions.key(system.workspace.id, execution_id)
        model = self._stored(at).attrs
        started = executions.read(system.table, system.workspace.id, execution_id).started
        ids = []
        for _ in range(count):
            self._made += 1
            moment = started - timedelta(seconds=self._made * apart_seconds)
            name = f"{int(moment.timestamp()):08x}{self._made:016x}"
            own = {"id": name, "sk": executions.key(system.workspace.id, name).sk, "started_at": to_text(moment)}
            if "open_shard" in model:
                own["open_shard"] = f"OPEN#{self._made % SHARDS}"
            self._put({**own, **changed}, model)
            ids.append(name)
        return ids

    def started(self, like: str, ids: list[str], status: str = "RUNNING") -> None:
        """Let the state machine know executions, as one that it has started."""
        flights = self._on.system.machines.flights
        flights |= {name: Flight({**flights[like].input, "execution_id": name}, status) for name in ids}

    def _stored(self, at: Key) -> Any:
        return self._table.items[DynamoType({"S": at.pk})][DynamoType({"S": at.sk})]

    def _put(self, own: dict[str, str], model: Any) -> None:
        new: Any = Item.__new__(Item)
        kind: Any = type(model)
        attributes = kind.__new__(kind)
        dict.update(attributes, model)
        for name, text in own.items():
            dict.__setitem__(attributes, name, DynamoType({"S": text}))
        new.attrs, new.hash_key, new.range_key = attributes, attributes["pk"], attributes["sk"]
        self._table.items[new.hash_key][new.range_key] = new
