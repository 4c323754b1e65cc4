"""Webhooks in a test's hands: a workspace with events and receivers, a clock, and what comes through the queue."""

import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from domain.aws.stack import Stack
from domain.entities import deliveries
from domain.entities.deliveries import Delivery
from domain.entities.events import Event, EventType
from domain.entities.executions import Execution, Status
from domain.entities.workspaces import Plan
from domain.ids import new_id
from domain.moments import to_text, utc_now
from domain.operations import delivering
from domain.program.values import dumps
from handlers import (
    create_webhook,
    delete_webhook,
    deliver_webhooks,
    get_webhook,
    hand_over_deliveries,
    list_deliveries,
    list_webhooks,
    redeliver,
    rotate_webhook_secret,
    test_webhook,
    update_webhook,
)
from handlers.http import Endpoint
from handlers.worker import Worker
from tests.support.requests import Context, send
from tests.support.shop import Shop
from views import telling


class Hooks:
    """A workspace, what its clients send, and what the functions behind the queue do; time goes on as it is told."""

    def __init__(self, stack: Stack, allowed: str = "") -> None:
        self.now = utc_now()
        self.stack = stack
        self.worker = Worker(stack, lambda: self.now, frozenset({allowed}))
        self.shop = Shop(self.worker, Plan.ENTERPRISE)

    def send(self, endpoint: Endpoint, path: str = "", body: Any = None, **how: Any) -> tuple[int, Any]:
        """Status and body of what is answered below `/v1/webhooks`."""
        key, headers, query = how.get("key", self.shop.key), how.get("headers"), how.get("query")
        text = None if body is None else json.dumps(body)
        where = f"/v1/webhooks{path}"
        status, _, answer = send(self.worker, endpoint, endpoint.method, where, key, query, text, headers)
        return status, answer

    def create(self, url: str, **more: Any) -> Any:
        status, body = self.send(create_webhook.handler, body={"url": url, **more})
        assert status == 201, body
        return body

    def show(self, webhook_id: str) -> Any:
        return self.send(get_webhook.handler, f"/{webhook_id}")[1]

    def all(self) -> Any:
        return self.send(list_webhooks.handler)[1]["webhooks"]

    def set_status(self, webhook_id: str, status: str) -> Any:
        return self.send(update_webhook.handler, f"/{webhook_id}", {"status": status})[1]

    def delete(self, webhook_id: str) -> Any:
        return self.send(delete_webhook.handler, f"/{webhook_id}")[1]

    def rotate(self, webhook_id: str) -> Any:
        return self.send(rotate_webhook_secret.handler, f"/{webhook_id}/rotate")[1]

    def test(self, webhook_id: str) -> tuple[int, Any]:
        return self.send(test_webhook.handler, f"/{webhook_id}/test")

    def redeliver(self, webhook_id: str, delivery_id: str) -> tuple[int, Any]:
        return self.send(redeliver.handler, f"/{webhook_id}/deliveries/{delivery_id}/redeliver")

    def deliveries(self, webhook_id: str) -> Any:
        return self.send(list_deliveries.handler, f"/{webhook_id}/deliveries")[1]["deliveries"]

    def stored(self, webhook_id: str) -> list[Delivery]:
        return deliveries.list_page(self.stack.table, self.shop.workspace.id, webhook_id, 100, None)

    def happens(self, status: Status = Status.FAILED, workflow_id: str = "a" * 24) -> Event:
        """Let an execution have ended, and tell the webhooks."""
        event = self.event(status, workflow_id)
        delivering.fan_out(self.stack, self.now, [(event, self.body(event))])
        return event

    def event(self, status: Status = Status.FAILED, workflow_id: str = "a" * 24) -> Event:
        at = to_text(self.now)
        ended = Execution(new_id(self.now), self.shop.workspace.id, workflow_id, "Welcome", 1, status, at, at, "enough")
        kind = {Status.SUCCESS: EventType.EXECUTION_SUCCEEDED, Status.FAILED: EventType.EXECUTION_FAILED}[status]
        return Event(kind, ended.id, 1, datetime.fromisoformat(at), ended.workspace_id, ended)

    def body(self, event: Event) -> str:
        return dumps(telling.event(event))

    def pump(self, at_once: int = 1) -> dict[str, int]:
        """Let the function make the attempts that are in the queue, ten at most; answers with what came of them.

        moto takes one thread at a time, so each is an invocation of its own unless a test says otherwise.
        """
        client, url = self.stack.deliveries._client, self.stack.deliveries._url
        messages = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            return {}
        done: Counter[str] = Counter()
        for some in batched([{"body": message["Body"]} for message in messages], at_once, strict=False):
            done.update(deliver_webhooks.handler({"Records": some}, Context(), self.worker))  # type: ignore[arg-type]
        for message in messages:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dict(done)

    def forget_messages(self) -> None:
        """Lose what is in the queue; what SQS knows as a repeat it does not know any more."""
        self.stack.deliveries._client.purge_queue(QueueUrl=self.stack.deliveries._url)

    def minute(self) -> dict[str, int]:
        """Let what is due be handed over."""
        return dict(hand_over_deliveries.handler({}, Context(), self.worker))  # type: ignore[arg-type]

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)

    def until_due(self, webhook_id: str) -> None:
        """Let time pass until the next attempt of the first delivery is due."""
        [first, *_] = [one for one in self.stored(webhook_id) if one.due_at]
        self.now = max(self.now, datetime.fromisoformat(first.due_at or "")) + timedelta(seconds=1)

    def in_another_workspace(self) -> str:
        """The key of another workspace."""
        return Shop(self.worker).key
