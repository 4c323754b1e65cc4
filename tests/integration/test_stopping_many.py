"""Stopping many: each as safely as one, bounded, counted first, and gone on with where it ended."""

from datetime import timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.entities import executions
from domain.operations import stopping
from domain.operations.idempotency import carry_out
from domain.refusals import Contention, Unavailable
from handlers import stop_executions
from tests.support.programs import sleep
from tests.support.requests import Context, event, send
from tests.support.system import Fresh, System


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh(credits=50, concurrent=50)


def stop_many(system: System, **query: str) -> Any:
    status, _, body = send(
        system.worker, stop_executions.handler, "POST", "/v1/executions/stop", system.key, query or None
    )
    return body if status == 200 else (status, body["error"])


@pytest.fixture
def runs(system: System) -> dict[str, list[str]]:
    """Executions of two workflows, each a second after the one before; one of them has ended."""
    found: dict[str, list[str]] = {}
    for workflow_id in (system.workflow(sleep(600)), system.workflow(sleep(600))):
        found[workflow_id] = []
        for _ in range(3):
            found[workflow_id].append(system.run(workflow_id).body["execution_id"])
            system.pass_time(seconds=1)
    _, second = found
    system.stop(found[second][0])
    return found


def running(system: System) -> set[str]:
    return {run.id for run in system.stored() if run.status == "running"}


def test_all_that_run_are_stopped_and_their_slots_are_free(system: System, runs: dict[str, list[str]]) -> None:
    before = running(system)

    answer = stop_many(system, status="running")

    assert (answer["matching"], answer["has_more"]) == (5, False)
    assert sorted(answer["stopped"]) == sorted(before)
    assert running(system) == set()
    assert stop_many(system, status="running") == {"matching": 0, "stopped": [], "has_more": False}
    system.check_quiet()


def test_a_dry_run_counts_and_stops_nothing(system: System, runs: dict[str, list[str]]) -> None:
    before = running(system)

    assert stop_many(system, status="running", dry_run="true") == {"matching": 5, "stopped": [], "has_more": True}
    assert running(system) == before


def test_filters_leave_out_others(system: System, runs: dict[str, list[str]]) -> None:
    first, second = runs
    of_second = executions.read(system.table, system.workspace.id, runs[second][1])

    assert stop_many(system, status="running", workflow_id=second, started_after=of_second.started_at)["stopped"] == [
        runs[second][2]
    ]
    earlier = stop_many(system, status="running", started_before=of_second.started_at)
    assert sorted(earlier["stopped"]) == sorted(runs[first])
    assert running(system) == {of_second.id}


@pytest.mark.parametrize("query", [{}, {"dry_run": "true"}])
def test_without_saying_so_nothing_is_stopped(
    system: System, runs: dict[str, list[str]], query: dict[str, str]
) -> None:
    assert stop_many(system, **query) == (400, "status must be running: only what runs can be stopped.")
    assert len(running(system)) == 5


def test_a_time_that_ends_before_it_begins_stops_nothing(system: System, runs: dict[str, list[str]]) -> None:
    times = {"started_after": "2026-01-15T10:30:00Z", "started_before": "2026-01-15T10:30:00Z"}
    assert stop_many(system, status="running", **times) == (400, "started_after must be earlier than started_before.")


@pytest.mark.parametrize("status", ["failed", "running,failed", ""])
def test_what_has_ended_cannot_be_stopped(system: System, status: str) -> None:
    assert stop_many(system, status=status) == (400, "status must be running: only what runs can be stopped.")


def test_one_request_stops_a_bounded_number_and_says_that_there_are_more(
    system: System, runs: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "STOPPED_AT_ONCE", 2)
    answers = [stop_many(system, status="running") for _ in range(3)]

    assert [(a["matching"], len(a["stopped"]), a["has_more"]) for a in answers] == [
        (2, 2, True),
        (2, 2, True),
        (1, 1, False),
    ]
    assert running(system) == set()


def test_as_many_as_are_stopped_at_once_leave_none(
    system: System, runs: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "STOPPED_AT_ONCE", 5)
    answer = stop_many(system, status="running")

    assert (answer["matching"], len(answer["stopped"]), answer["has_more"]) == (5, 5, False)


def test_what_ends_meanwhile_is_not_among_the_stopped(
    system: System, runs: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = executions.list_page(system.table, system.workspace.id)
    monkeypatch.setattr(executions, "list_page", lambda *_: found)

    answer = stop_many(system, status="running")

    assert (answer["matching"], len(answer["stopped"])) == (6, 5)


def test_for_an_operator_what_has_ended_is_passed_over_and_what_ends_meanwhile_is_not_counted(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_id = system.workflow(sleep(60))
    ended, ending, left = (str(system.run(workflow_id).body["execution_id"]) for _ in range(3))
    system.stop(ended)
    tried = list[str]()

    def late(stack: Stack, stop: stopping.Stop) -> object:
        tried.append(stop.execution_id)
        if stop.execution_id == ending:
            system.stop(ending)
        return carry_out(stack, stop)

    monkeypatch.setattr(stopping, "carry_out", late)

    assert stopping.stop_all(system.stack, system.world.now, system.workspace.id) == 1
    assert sorted(tried) == sorted([ending, left])
    assert {system.status(one) for one in (ended, ending, left)} == {"stopped"}


@pytest.mark.parametrize("refusal", [Contention, Unavailable])
def test_where_aws_does_not_answer_it_says_what_it_has_done(
    system: System, runs: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, refusal: type[Exception]
) -> None:
    done = [0]

    def limping(*args: Any) -> Any:
        done[0] += 1
        if done[0] % 3 == 0:
            raise refusal
        return carry_out(*args)

    monkeypatch.setattr(stopping, "carry_out", limping)

    first = stop_many(system, status="running")
    assert (len(first["stopped"]), first["has_more"]) == (2, True)
    done[0] = 2
    assert stop_many(system, status="running")[0] == 503
    assert len(running(system)) == 3


def test_it_ends_before_its_function_does(system: System, runs: dict[str, list[str]]) -> None:
    times = iter([20_000, 20_000, 5_001, 5_000])

    class Short(Context):
        def get_remaining_time_in_millis(self) -> int:
            return next(times)

    asked = event("POST", "/v1/executions/stop", system.key, {"status": "running"}, None, {})
    answer = stop_executions.handler(asked, Short(), system.worker)  # type: ignore[arg-type]

    assert '"has_more":true' in answer["body"]
    assert len(running(system)) == 2


def test_the_executions_of_another_workspace_are_none_of_its_business(
    system: System, runs: dict[str, list[str]]
) -> None:
    which = executions.Filter(started_after=system.world.now - timedelta(days=1))
    assert stopping.count_running(system.stack, "0" * 24, which).matching == 0
