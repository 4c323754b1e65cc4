"""What clients see at the same time can be explained by one operation after the other, answers lost on the way too."""

import dataclasses
import os
import random
import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.moments import utc_now
from domain.operations.audits import audit_credits
from scripts.local.client import Client, Response
from tests.e2e.conftest import Team, Teams
from tests.support.linearizability import Answer, History, is_linearizable
from tests.support.models import IN_FLIGHT, Execution, Workspace, execution, workspace
from tests.support.programs import let, literal, sleep

HISTORIES = int(os.environ.get("LODOL_HISTORIES", "14"))
CLIENTS = 4
LOST = 0.3
"""The share of requests whose client waits too briefly for most answers."""

REFUSED = "Execution is already in a terminal state: "


class Impatient:
    """Sends requests; of some, it does not wait for the answer."""

    def __init__(self, team: Team, chance: random.Random) -> None:
        self._client = team.client
        self._chance = chance

    def send(self, send: Callable[[Client], Response]) -> Response | None:
        """The answer, or `None`."""
        if self._chance.random() >= LOST:
            return send(self._client)
        try:
            return send(dataclasses.replace(self._client, timeout=self._chance.uniform(0.005, 0.2)))
        except TimeoutError:
            return None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                return None
            raise


def _ran(answer: Response | None) -> Answer:
    if answer is None:
        return None
    said = {
        402: "no credits",
        409: IN_FLIGHT,
        429: "no slot",
        202: "replayed" if "idempotency-replayed" in answer.headers else "admitted",
    }
    return said[answer.status]


def _stopped(answer: Response | None) -> Answer:
    if answer is None:
        return None
    if answer.status == 400:
        return "refused", answer.json()["error"].removeprefix(REFUSED).removesuffix(".")
    return {200: "replayed" if "idempotency-replayed" in answer.headers else "stopped", 409: IN_FLIGHT}[answer.status]


def _polled(answer: Response | None) -> Answer:
    return None if answer is None else (answer.json()["status"], len(answer.json()["steps"]))


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_runs_stops_and_polls_of_an_execution(team: Team, seed: int, figures: Counter[str]) -> None:
    workflow_id = team.workflow(
        let("a", literal(1)), sleep(0.5), let("b", literal(2)), sleep(0.5), let("c", literal(3))
    )
    history = History()
    ids = set[str]()

    def client(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        impatient = Impatient(team, chance)

        def run() -> Answer:
            answer = impatient.send(lambda client: client.run(workflow_id, Idempotency_Key="run"))
            if answer and answer.status == 202:
                ids.add(answer.json()["execution_id"])
            return _ran(answer)

        _insist(history, chance, ("run",), run)
        execution_id = min(ids)

        def poll() -> Answer:
            path = f"/v1/executions/{execution_id}?include_step_results=true"
            return _polled(impatient.send(lambda client: client.send("GET", path)))

        for turn in range(chance.randint(3, 6)):
            time.sleep(chance.uniform(0, 0.5))
            if chance.random() < 0.75:
                history.note(("poll",), poll)
                continue
            path, key = f"/v1/executions/{execution_id}/stop", f"{number}-{turn}"

            def stop(path: str = path, key: str = key) -> Answer:
                return _stopped(impatient.send(lambda client: client.send("POST", path, Idempotency_Key=key)))

            _insist(history, chance, ("stop", key), stop)

    _all_at_once(client)

    assert len(ids) == 1
    assert is_linearizable(history.operations, Execution(), execution), history.operations
    team.client.until_ended(ids.pop())
    assert (team.credits, team.running) == (999, frozenset())
    _count(history, figures)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_admissions_of_a_workspace(teams: Teams, seed: int, figures: Counter[str]) -> None:
    team = teams.make(credits=6, concurrent=2)
    workflow_id = team.workflow(sleep(600))
    history = History()
    ids = dict[str, set[str]]()

    def client(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        impatient = Impatient(team, chance)
        for turn in range(4):
            key = f"{number}-{turn}"

            def run(key: str = key) -> Answer:
                answer = impatient.send(lambda client: client.run(workflow_id, Idempotency_Key=key))
                if answer and answer.status == 202:
                    ids.setdefault(key, set()).add(answer.json()["execution_id"])
                return _ran(answer)

            _insist(history, chance, ("run", key), run)
            if key not in ids or chance.random() < 0.2:
                continue
            path = f"/v1/executions/{min(ids[key])}/stop"

            def stop(path: str = path) -> Answer:
                return _stopped(impatient.send(lambda client: client.send("POST", path)))

            _insist(history, chance, ("stop", key), stop)

    def read() -> Answer:
        key_of = {execution_id: key for key, [execution_id] in ids.items()}
        return team.credits, frozenset(key_of[execution_id] for execution_id in team.running)

    _all_at_once(client)
    history.note(("read",), read)

    assert is_linearizable(history.operations, Workspace(6, 2), workspace), history.operations
    assert audit_credits(team.table, utc_now(), team.workspace.id).differences == ()
    for execution_id in team.running:
        assert team.client.send("POST", f"/v1/executions/{execution_id}/stop").status == 200
    _count(history, figures)


def _insist(history: History, chance: random.Random, request: tuple[str, ...], send: Callable[[], Answer]) -> None:
    """Ask until there is an answer, and it is not that another request is being processed."""
    while history.note(request, send) in {None, IN_FLIGHT}:
        time.sleep(chance.uniform(0, 0.1))


def _all_at_once(client: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))


def _count(history: History, figures: Counter[str]) -> None:
    figures["histories of concurrent clients"] += 1
    figures["operations in these histories"] += len(history.operations)
    figures["operations without an answer in these histories"] += sum(
        operation.answer is None for operation in history.operations
    )
