"""The clients of a workspace: what they ask for, again until they know what came of it, and what people decide."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from scripts.day.facts import Answer
from scripts.day.plan import Kind, Order
from scripts.day.receiver import Receiver
from scripts.local.client import Client, Response

_INSISTS_SECONDS = 180
_LOOKS_EVERY_SECONDS = 3.0


@dataclass
class Clients:
    """Those of one workspace.

    `counts` has how many requests came to what, `answers` what runs came to, `unanswered` of what nobody knows that.
    """

    name: str
    workspace_id: str
    client: Client
    workflow_ids: Mapping[Kind, str]
    receiver: Receiver
    seed: int
    answers: list[Answer] = field(default_factory=list)
    decided: dict[str, str] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _ids: dict[int, str] = field(default_factory=dict)

    def carry_out(self, order: Order) -> str:
        """Ask for a run, as often as planned; answers with its id, empty if it was refused."""
        key = f"day-{self.seed}-{order.number}"
        path, body = f"/v1/workflows/{self.workflow_ids.get(order.kind)}/run-async", {"input": order.number}
        if order.of is not None:
            original = self._ids.get(order.of)
            if original is None:
                return ""
            path, body = f"/v1/executions/{original}/rerun", {}
        with ThreadPoolExecutor(order.times) as at_once:
            list(at_once.map(lambda _: self._ask(order, path, body, key), range(order.times)))
        return self._ids.get(order.number, "")

    def _ask(self, order: Order, path: str, body: Any, key: str) -> None:
        answer = self._insist("POST", path, body, key)
        if answer is None:
            return
        if answer.status != 202:
            refusal = answer.headers.get("error-code", "")
            self.answers.append(Answer(key, order.kind, answer.status, refusal))
            return
        execution_id = answer.json()["execution_id"]
        self._ids[order.number] = execution_id
        self.answers.append(Answer(key, order.kind, 202, "", execution_id, answer.body.decode()))

    def stop(self, execution_id: str) -> None:
        """Stop an execution, unless it has ended."""
        answer = self._insist("POST", f"/v1/executions/{execution_id}/stop", None, f"stop-{execution_id}")
        if answer is not None and answer.status == 200:
            self.stopped.add(execution_id)

    def decide_until(self, is_over: threading.Event) -> None:
        """Let people decide what is asked, every few seconds, until the day is over; what has a time is left to it."""
        chance = random.Random(f"decisions {self.seed} {self.name}")
        while not is_over.wait(_LOOKS_EVERY_SECONDS):
            found = self._insist("GET", "/v1/reviews?status=pending&limit=100")
            for review in found.json()["reviews"] if found else []:
                if review["times_out_at"] is None:
                    self._decide(review["review_id"], chance.choice(review["decisions"]))

    def _decide(self, review_id: str, decision: str) -> None:
        path, key = f"/v1/reviews/{review_id}/decision", f"decide-{review_id}"
        answer = self._insist("POST", path, {"decision": decision}, key)
        if answer is not None and answer.status == 200:
            self.decided[review_id] = decision

    def _insist(self, method: str, path: str, body: Any = None, key: str | None = None) -> Response | None:
        """Send a request until it is known what came of it; `None` if that takes too long."""
        headers = {} if key is None else {"Idempotency_Key": key}
        deadline = time.monotonic() + _INSISTS_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self.client.send(method, path, body, **headers)
            except (OSError, HTTPException):
                self.counts["without an answer"] += 1
            else:
                self.counts[f"{answer.status}"] += 1
                if answer.status < 500 and answer.status != 409:
                    return answer
            time.sleep(random.uniform(1, 3))
        self.unanswered.append(f"{method} {path}")
        return None
