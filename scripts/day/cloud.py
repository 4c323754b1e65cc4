"""The stack of the day, and what happens to it: workers die, Step Functions and queues forget, builds come and go."""

import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from domain.aws.table import Table
from scripts.day.plan import Incident, Trouble
from scripts.local import cloud as clouds
from scripts.local import deployment
from scripts.local.deployment import Deployment
from scripts.local.lodol import lodol

STACK_NAME = "lodol-day"
_STARTED_WITHIN_SECONDS, _WATCHED_SECONDS, _WORKS_SECONDS = 10, 10, 0.05
_TOLD_AGAIN = 20
"""So many changes of the stream come once more at a time."""


@dataclass
class Day:
    """A deployed stack that suffers; `counts` has what it has suffered, `live` what code was live when."""

    deployed: Deployment
    newer: Path
    """A newer build than the one that was deployed."""
    parameters: dict[str, str]
    say: Callable[[str], None]
    counts: Counter[str] = field(default_factory=Counter)
    _lost: set[str] = field(default_factory=set)
    live: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        session, endpoint = deployment.session(), self.deployed.cloud.endpoint_url
        self.table = Table(session.client("dynamodb", endpoint_url=endpoint), self.deployed.table_name)
        self._states = session.client("stepfunctions", endpoint_url=endpoint)
        self._events = session.client("events", endpoint_url=endpoint)
        self._streams = session.client("dynamodbstreams", endpoint_url=endpoint)
        self._functions = session.client("lambda", endpoint_url=endpoint)
        self._queues = session.client("sqs", endpoint_url=endpoint)
        self.telling = threading.Lock()
        """Held by who relies on status events, or lets them be lost."""
        self.live.append(self.live_code())

    def suffer(self, incident: Incident) -> None:
        """Let something happen to it."""
        match incident.trouble:
            case Trouble.KILL:
                self._kill(incident.function, incident.choice)
            case Trouble.LOSE:
                self._lose(incident.choice)
            case Trouble.LOSE_UNTOLD:
                self._without_status_events(incident.choice)
            case Trouble.TELL_AGAIN:
                self._tell_again(incident.choice)
            case Trouble.STREAM_AGAIN:
                self._stream_again(incident.choice)
            case Trouble.PURGE:
                [url] = self._queues.list_queues(QueueNamePrefix=f"{STACK_NAME}-webhook-deliveries")["QueueUrls"]
                self._queues.purge_queue(QueueUrl=url)
            case Trouble.UPGRADE:
                deployment.deploy(self.deployed.cloud, self.newer, STACK_NAME, self.parameters)
                self._note_what_is_live("a newer build is live")
            case Trouble.ROLL_BACK:
                lodol(self.deployed.cloud, STACK_NAME, "rollback")
                self._note_what_is_live("the build from before is live again")

    def _kill(self, function: str, choice: float) -> None:
        """Kill a worker of a function while it works, as a crash would, unless none works for a while."""
        # The local cloud lets all workers of a function die with one that dies as it starts, and those that follow too.
        workers = self.deployed.cloud.workers(_STARTED_WITHIN_SECONDS).items()
        before = {pid: _switches(pid) for pid, name in workers if name == f"{STACK_NAME}-{function}"}
        deadline = time.monotonic() + _WATCHED_SECONDS
        while before and time.monotonic() < deadline:
            time.sleep(0.005)
            if at_work := [pid for pid, count in before.items() if _switches(pid) != count]:
                time.sleep(choice * _WORKS_SECONDS)
                clouds.kill(at_work[0])
                self.counts[f"killed: {function}"] += 1
                return

    def live_code(self) -> dict[str, str]:
        """The hash of the code that is live, of each function."""
        pages = self._functions.get_paginator("list_functions").paginate()
        names = [function["FunctionName"] for page in pages for function in page["Functions"]]
        return {
            name: self._functions.get_function_configuration(FunctionName=name, Qualifier="live")["CodeSha256"]
            for name in names
            if name.startswith(f"{STACK_NAME}-")
        }

    def lose(self, name: str) -> None:
        """End a Step Functions execution from outside, by its name, if it is there."""
        with suppress(ClientError):
            arn = self.deployed.state_machine_arn.replace(":stateMachine:", ":execution:")
            self._states.stop_execution(executionArn=f"{arn}:{name}", cause="the day")
            self.counts["lost"] += name not in self._lost
            self._lost.add(name)

    def _lose(self, choice: float) -> int:
        running = self._states.list_executions(
            stateMachineArn=self.deployed.state_machine_arn, statusFilter="RUNNING", maxResults=1000
        )["executions"]
        if running:
            self.lose(running[int(choice * len(running))]["name"])
        return len(running[:1])

    def _without_status_events(self, choice: float) -> None:
        [rule] = [one["Name"] for one in self._events.list_rules()["Rules"] if "AbnormalEnd" in one["Name"]]
        with self.telling:
            self._events.disable_rule(Name=rule)
            self.counts["lost, and nobody told"] += self._lose(choice)
            time.sleep(1)
            self._events.enable_rule(Name=rule)

    def _tell_again(self, choice: float) -> None:
        """Bring the status event of an execution that was lost once more, as late as may be."""
        machine = self.deployed.state_machine_arn
        lost = self._states.list_executions(stateMachineArn=machine, statusFilter="ABORTED", maxResults=1000)
        if not lost["executions"]:
            return
        chosen = lost["executions"][int(choice * len(lost["executions"]))]
        found = self._states.describe_execution(executionArn=chosen["executionArn"])
        detail = {"name": found["name"], "status": found["status"], "input": found["input"]}
        self._invoke("record-outcome", {"source": "aws.states", "detail": detail})
        self.counts["status events that came again"] += 1

    def _stream_again(self, choice: float) -> None:
        """Bring some changes of executions once more, in their order."""
        changes = [
            {**one, "dynamodb": {**one["dynamodb"], "ApproximateCreationDateTime": _seconds_of(one)}}
            for one in self._changes()
            if one["eventName"] == "MODIFY" and one["dynamodb"]["Keys"]["sk"]["S"].startswith("EXECUTION#")
        ]
        start = int(choice * len(changes))
        some = changes[start : start + _TOLD_AGAIN]
        self._invoke("publish-events", {"Records": some})
        self.counts["changes that came again"] += len(some)

    def _changes(self) -> list[Any]:
        """All that the table's stream remembers."""
        [stream] = self._streams.list_streams(TableName=self.deployed.table_name)["Streams"]
        arn, found = stream["StreamArn"], list[Any]()
        for shard in self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = self._streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while page := self._streams.get_records(ShardIterator=iterator, Limit=1000):
                found += page["Records"]
                iterator = page.get("NextShardIterator", "")
                if not iterator or not page["Records"]:
                    break
        return found

    def _invoke(self, function: str, event: Any) -> None:
        """Invoke a function; that its worker may be killed meanwhile is part of the day."""
        payload = json.dumps(event).encode()
        self._functions.invoke(FunctionName=f"{STACK_NAME}-{function}", Qualifier="live", Payload=payload)

    def _note_what_is_live(self, why: str) -> None:
        self.live.append(self.live_code())
        self.say(why)


def _switches(pid: int) -> str:
    """How often a process has waited for something; of one that has ended, something else."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "ended"
    return status.partition("voluntary_ctxt_switches:")[2].partition("\n")[0]


def _seconds_of(change: Any) -> int:
    return int(change["dynamodb"]["ApproximateCreationDateTime"].timestamp())


def newer(build: Path) -> Path:
    """A build like another, and newer: what is in it is not the same, though it does the same."""
    made = build.with_name(f"{build.name}-newer")
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(build, made, copy_function=os.link)
    for package in made.iterdir():
        if package.is_dir():
            (package / "newer").touch()
    return made
