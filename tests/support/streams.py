"""The table's stream and what is behind it, in a test's hands: moto's stream, the template's filters, a bus."""

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import EventPattern

from domain.aws.bus import Bus
from domain.aws.queue import Queue
from domain.aws.stack import Stack
from handlers import publish_events
from handlers.worker import Worker
from tests.support.operations import WEBHOOK_KEY
from tests.support.requests import Context
from tests.support.system import System
from tests.support.template import functions, template
from tests.support.truth import events_of
from tests.support.wire import Died

_CHANGE = functions()["PublishEventsFunction"]["Events"]["Change"]["Properties"]


class Outside:
    """The clients of EventBridge and SQS: keeps what it is given, and dies or refuses as it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.letters: list[Any] = []
        self.errands: list[str] = []
        """The messages of the queue of deliveries."""
        self.refuses: Callable[[Any], bool] = lambda _: False
        """Which entries the bus refuses."""
        self.dies_at, self.is_applied, self.calls = 0, False, 0
        """At which call the worker dies, and whether the call is carried out all the same."""

    def put_events(self, *, Entries: list[Any]) -> Any:  # noqa: N803
        taken = [entry for entry in Entries if not self.refuses(entry)]
        self._carry_out(lambda: self.told.extend(taken))
        return {"FailedEntryCount": len(Entries) - len(taken)}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> Any:  # noqa: N803
        self._carry_out(lambda: self.letters.append(json.loads(MessageBody)))
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Any:  # noqa: N803
        self._carry_out(lambda: self.errands.extend(entry["MessageBody"] for entry in Entries))
        return {}

    def _carry_out(self, call: Callable[[], None]) -> None:
        self.calls += 1
        is_last = self.calls == self.dies_at
        if not is_last or self.is_applied:
            call()
        if is_last:
            raise Died

    @property
    def details(self) -> list[Any]:
        """The details of the events that the bus has taken."""
        return [json.loads(entry["Detail"]) for entry in self.told]

    def stack(self, of: Stack) -> Stack:
        """A stack with this outside."""
        bus, queue = Bus(self, "bus"), Queue(self, "queue")  # type: ignore[arg-type]
        parts = (lambda: of.table, lambda: of.state_machine, lambda: bus, lambda: queue, lambda: queue)
        return Stack(*parts, webhook_key=lambda: WEBHOOK_KEY)


class Told:
    """What is told of all that a system does from now on."""

    def __init__(self, system: System) -> None:
        self.outside, self.stream = Outside(), Stream()
        self._system = system
        self._worker = Worker(self.outside.stack(system.stack), system.world.clock)

    def deliver(self) -> None:
        """Tell what is new."""
        self.stream.deliver(self._worker)

    def check(self) -> None:
        """Each event was told at least once, those of an execution in order, and the same each time."""
        details = self.outside.details
        assert {
            (one["data"]["execution_id"], one["type"], one["data"].get("review_id", "")) for one in details
        } == events_of(self._system.table, self._system.stored())
        by_id: dict[str, Any] = {}
        for one in details:
            assert by_id.setdefault(one["id"], one) == one
        by_execution = sorted(by_id.values(), key=lambda one: one["data"]["execution_id"])
        for execution_id, its in groupby(by_execution, key=lambda one: one["data"]["execution_id"]):
            first_told = list(its)
            assert [one["sequence"] for one in first_told] == list(range(1, len(first_told) + 1))
            assert [one["id"] for one in first_told] == [f"{execution_id}-{one['sequence']}" for one in first_told]
            assert [one["type"] for one in first_told if one["type"].startswith("execution.")] == [
                one["type"] for one in first_told[-1:] if one["type"].startswith("execution.")
            ]


class Stream:
    """The stream of the one table from now on, read as Lambda reads it: from where the last batch was dealt with."""

    def __init__(self) -> None:
        self._table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_table("table")
        specification = template()["Resources"]["Table"]["Properties"]["StreamSpecification"]
        self._table.set_stream_specification({"StreamEnabled": True, **specification})
        self._position = 0
        patterns = [json.loads(one["Pattern"]) for one in _CHANGE["FilterCriteria"]["Filters"]]
        self._filters = [EventPattern(None, pattern) for pattern in patterns]

    @property
    def records(self) -> list[Any]:
        """Every record so far, as Lambda gets it."""
        assert self._table.stream_shard is not None
        items = self._table.stream_shard.items
        return [json.loads(json.dumps(item.to_json(), default=lambda at: at.timestamp())) for item in items]

    def batch(self) -> list[Any]:
        """The records of the next batch that the function is invoked with."""
        return [one for one in self.records[self._position :] if any(each.matches_event(one) for each in self._filters)]

    def take(self) -> list[Any]:
        """The records of the next batch, which is dealt with from now on."""
        batch, self._position = self.batch(), len(self.records)
        return batch

    def deliver(self, worker: Worker) -> None:
        """Invoke the function with what is new, and go on behind it unless that fails."""
        reached = len(self.records)
        if batch := self.batch():
            publish_events.handler({"Records": batch}, Context(), worker)  # type: ignore[arg-type]
        self._position = reached
