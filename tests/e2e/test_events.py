"""A run ends, and others know within seconds: from the table's stream through the stack's bus to a queue of theirs."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.local import deployment
from scripts.local.deployment import Deployment
from tests.e2e.conftest import Team, eventually
from tests.support.programs import call, do, literal, ret, sleep


class Queue:
    """A queue behind a rule of the bus, and what has come."""

    def __init__(self, deployed: Deployment, workspace_id: str) -> None:
        session, endpoint = deployment.session(), deployed.cloud.endpoint_url
        self._sqs = session.client("sqs", endpoint_url=endpoint)
        self._events = session.client("events", endpoint_url=endpoint)
        self._rule, self._bus = workspace_id, deployed.stack_name
        self._url = self._sqs.create_queue(QueueName=workspace_id)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {"source": ["lodol.executions"], "detail": {"workspace_id": [workspace_id]}}
        self._events.put_rule(Name=self._rule, EventBusName=self._bus, EventPattern=json.dumps(pattern))
        self._events.put_targets(Rule=self._rule, EventBusName=self._bus, Targets=[{"Id": "queue", "Arn": arn}])
        self.came: list[Any] = []

    def look(self) -> list[Any]:
        """All that has come so far: the details of the events."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.came.append(json.loads(message["Body"])["detail"])
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self.came

    def close(self) -> None:
        self._events.remove_targets(Rule=self._rule, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self._rule, EventBusName=self._bus)


@pytest.fixture
def queue(team: Team, deployed: Deployment) -> Iterator[Queue]:
    queue = Queue(deployed, team.workspace.id)
    yield queue
    queue.close()


def test_whoever_listens_learns_of_every_end_within_seconds(team: Team, queue: Queue) -> None:
    ended = team.ended(ret(literal(1)))
    begun = time.monotonic()
    eventually(queue.look, within=15)
    seconds = time.monotonic() - begun
    stopped = team.client.run(team.workflow(sleep(600))).json()["execution_id"]
    team.client.send("POST", f"/v1/executions/{stopped}/stop")
    failed = team.ended({"kind": "FailStmt", "message": literal("enough")})
    eventually(lambda: len({one["id"] for one in queue.look()}) == 3, within=30)

    told = {one["data"]["execution_id"]: one for one in queue.came}
    assert told[ended["execution_id"]]["type"] == "execution.succeeded"
    assert told[stopped]["type"] == "execution.stopped"
    assert told[failed["execution_id"]]["type"] == "execution.failed"
    assert told[failed["execution_id"]]["data"]["error"] == failed["error"]
    assert {one["sequence"] for one in queue.came} == {1}
    assert seconds < 15


def test_a_review_is_told_when_it_is_asked_and_when_it_is_decided(team: Team, queue: Queue) -> None:
    asks = (do(call("human.create", literal("Go?"))), do(call("human.wait")))
    execution_id = team.client.run(team.workflow(*asks)).json()["execution_id"]
    eventually(queue.look)
    review_id = queue.came[0]["data"]["review_id"]
    team.client.send("POST", f"/v1/reviews/{review_id}/decision", {"decision": "approved"})
    team.client.until_ended(execution_id)
    eventually(lambda: len({one["id"] for one in queue.look()}) == 3)

    by_sequence = {one["sequence"]: one for one in queue.came}
    assert [by_sequence[number]["type"] for number in (1, 2, 3)] == [
        "review.asked",
        "review.decided",
        "execution.succeeded",
    ]
    assert by_sequence[2]["data"]["decision"] == "approved"
    assert by_sequence[2]["data"]["by_default"] is False
