"""Reruns: the same version again, from any step that was reached, with what came before it taken over."""

import json
from typing import Any

import pytest

from domain.aws.table import Table
from domain.entities import executions, steps, workflows
from domain.entities.executions import RerunOf
from domain.operations import publishing
from domain.operations.admission import Rerun
from domain.operations.outcomes import record_broken
from handlers import get_history, rerun_execution
from tests.support.programs import call, do, let, literal, plus, post, program, ret, sleep, var
from tests.support.requests import send
from tests.support.system import Fresh, System

type Answer = tuple[int, dict[str, str], Any]


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


def rerun(system: System, execution_id: str, body: Any = None, key: str | None = None) -> Answer:
    path, headers = f"/v1/executions/{execution_id}/rerun", {} if key is None else {"Idempotency-Key": key}
    text = None if body is None else json.dumps(body)
    return send(system.worker, rerun_execution.handler, "POST", path, system.key, None, text, headers)


def history(system: System, execution_id: str) -> Any:
    path = f"/v1/executions/{execution_id}/history"
    return send(system.worker, get_history.handler, "GET", path, system.key, {"limit": "100"})[2]


def failing_at(system: System, *body: Any, given: Any = None) -> str:
    execution_id: str = system.run(system.workflow(*body), given=given).body["execution_id"]
    system.drive()
    return execution_id


FAILS = do(call("http.request", literal("GET"), literal("https://fail/")))


def test_it_answers_as_a_run_does_and_says_what_it_repeats(system: System) -> None:
    first = failing_at(system, FAILS)

    status, _, body = rerun(system, first)

    assert status == 202
    assert list(body) == ["execution_id", "workflow_id", "status", "created_at", "rerun_of"]
    assert (body["status"], body["rerun_of"]) == ("running", first)
    system.drive()
    assert system.status(body["execution_id"]) == "failed"
    assert system.credits == 10 - 2
    system.check_quiet()


def test_it_goes_on_from_a_step_with_the_results_and_variables_before_it(system: System) -> None:
    body = [let("x", plus(var("input"), literal(1))), do(post("https://once/")), let("y", plus(var("x"), literal(1)))]
    first = failing_at(system, *body, FAILS, ret(var("y")), given=5)
    assert len(system.effects) == 2
    system.world.request = lambda *_: {"status": 200}  # type: ignore[method-assign]

    again = rerun(system, first, {"from_step": 3})[2]["execution_id"]
    system.drive()

    shown = system.get(again).body
    assert (shown["status"], shown["steps"][-1]["result"]) == ("success", 7)
    assert [step["status"] for step in shown["steps"]] == ["completed"] * 5
    before = system.get(first).body["steps"]
    assert shown["steps"][:3] == before[:3]
    # The request of the step that was taken over was made once, by the first.
    assert [key.partition(" ")[0] for key in system.effects] == [f"{first}:1:1", f"{first}:3:1", f"{again}:3:1"]
    assert [entry.get("taken_from") for entry in history(system, again)["entries"] if entry["type"] == "step"] == [
        first,
        first,
        first,
        None,
        None,
    ]


def test_both_name_each_other(system: System) -> None:
    first = failing_at(system, let("x", literal(1)), FAILS)
    second = rerun(system, first, {"from_step": 1})[2]["execution_id"]
    system.pass_time(seconds=1)
    third = rerun(system, first)[2]["execution_id"]
    system.drive()

    assert history(system, first)["reruns"] == [third, second]
    assert history(system, second)["rerun_of"] == {"execution_id": first, "from_step": 1}
    assert history(system, third)["rerun_of"] == {"execution_id": first, "from_step": 0}
    assert (history(system, first)["rerun_of"], history(system, second)["reruns"]) == (None, [])


def test_a_rerun_of_a_rerun_says_who_did_it_first(system: System) -> None:
    first = failing_at(system, let("x", literal(1)), let("y", literal(2)), FAILS, ret(plus(var("x"), var("y"))))
    second = rerun(system, first, {"from_step": 2})[2]["execution_id"]
    system.drive()
    system.world.request = lambda *_: {"status": 200}  # type: ignore[method-assign]
    third = rerun(system, second, {"from_step": 2})[2]["execution_id"]
    system.drive()

    shown = history(system, third)
    assert (shown["status"], shown["output"]) == ("success", 3)
    assert [entry["taken_from"] for entry in shown["entries"] if entry["type"] == "step"] == [first, first, None, None]


@pytest.mark.parametrize(("body", "given"), [(None, 5), ({"input": 6}, 6), ({"input": None}, None)])
def test_without_an_input_it_has_the_same_and_null_is_one(system: System, body: Any, given: Any) -> None:
    first = failing_at(system, ret(var("input")), given=5)

    again = rerun(system, first, body)[2]["execution_id"]
    system.drive()

    assert (history(system, again)["input"], history(system, again)["output"]) == (given, given)


def test_it_runs_the_version_that_the_other_ran(system: System) -> None:
    first = failing_at(system, ret(literal("old")))
    stored = system.stored()[0]
    publishing.publish(
        system.table,
        system.world.now,
        system.workspace.id,
        name=stored.workflow_name,
        description="",
        program=program(ret(literal("new"))),
    )

    again = rerun(system, first)[2]["execution_id"]
    system.drive()

    assert history(system, again)["output"] == "old"
    assert history(system, again)["version"] == 1


def test_a_repeat_with_the_same_key_starts_nothing_more(system: System) -> None:
    first = failing_at(system, FAILS)
    answers = [rerun(system, first, {"from_step": 0}, "k") for _ in range(2)]

    assert answers[0][2] == answers[1][2]
    assert "idempotency-replayed" in answers[1][1]
    assert rerun(system, first, {"input": None}, "k")[0] == 400
    assert system.credits == 10 - 2


def test_what_runs_is_not_repeated(system: System) -> None:
    running = system.run(system.workflow(sleep(60))).body["execution_id"]

    status, headers, body = rerun(system, running)

    assert (status, headers["error-code"]) == (400, "execution_still_running")
    assert body == {"error": "Execution is still running: it can be repeated once it has ended."}
    assert system.credits == 10 - 1


@pytest.mark.parametrize("from_step", [0, 1])
def test_a_step_that_was_reached_may_begin_a_rerun(system: System, from_step: int) -> None:
    assert rerun(system, failing_at(system, let("x", literal(1)), FAILS), {"from_step": from_step})[0] == 202


@pytest.mark.parametrize(("from_step", "queries"), [(0, 0), (1, 1)])
def test_from_its_beginning_no_step_is_looked_at(system: System, from_step: int, queries: int) -> None:
    first = failing_at(system, let("x", literal(1)), FAILS)
    system.wire.clear()

    assert rerun(system, first, {"from_step": from_step})[0] == 202

    assert system.wire.calls.count("Query") == queries


def test_what_is_taken_over_is_looked_at_once_the_execution_was_found(system: System) -> None:
    rest = Rerun(now=system.world.now, workspace=system.workspace, execution_id="0" * 24, from_step=1)
    [at] = rest.reads()
    assert at.pk == f"WS#{system.workspace.id}"
    system.wire.clear()

    assert rest.read_then(system.table, {}) == {}

    assert system.wire.calls == []


@pytest.mark.parametrize("from_step", [2, 3, 500])
def test_a_step_that_was_not_reached_is_400(system: System, from_step: int) -> None:
    first = failing_at(system, let("x", literal(1)), FAILS, let("y", literal(1)))

    status, _, body = rerun(system, first, {"from_step": from_step})

    sentence = f"from_step must be a step that the execution has reached, and {from_step} is not."
    assert (status, body) == (400, {"error": sentence})


@pytest.mark.parametrize("from_step", [-1, 501, 1.0, True, "1", None])
def test_a_step_that_no_program_has_is_no_rerun(system: System, from_step: Any) -> None:
    first = failing_at(system, let("x", literal(1)), FAILS)

    status, _, body = rerun(system, first, {"from_step": from_step})

    assert (status, body) == (400, {"error": f"The request body must be {rerun_execution.Body.must_be}."})


def test_behind_the_end_of_a_success_nothing_is_reached(system: System) -> None:
    first = failing_at(system, let("x", literal(1)), ret(literal(1)), let("never", literal(1)))

    assert [rerun(system, first, {"from_step": number})[0] for number in (1, 2)] == [202, 400]


def test_the_step_under_way_of_a_stopped_one_may_begin_a_rerun(system: System) -> None:
    first = system.run(system.workflow(let("x", literal(1)), sleep(60))).body["execution_id"]
    system.step(first)
    system.stop(first)

    assert rerun(system, first, {"from_step": 1})[0] == 202
    assert rerun(system, first, {"from_step": 2})[0] == 400


def test_what_the_platform_broke_goes_on_at_the_step_under_way(system: System) -> None:
    first = system.run(system.workflow(let("x", literal(1)), sleep(60))).body["execution_id"]
    system.step(first)
    record_broken(system.table, system.world.now, executions.read_state(system.table, system.workspace.id, first))

    assert rerun(system, first, {"from_step": 1})[0] == 202


@pytest.mark.parametrize(
    "body",
    [{"from_step": -1}, {"from_step": 501}, {"from_step": 1.5}, {"from_step": "1"}, {"from_step": True}, {"x": 1}],
)
def test_any_other_body_is_400(system: System, body: Any) -> None:
    assert rerun(system, failing_at(system, FAILS), body)[0] == 400


def test_an_unknown_execution_is_404(system: System) -> None:
    assert rerun(system, "0" * 24)[::2] == (404, {"error": "Execution not found"})


@pytest.mark.parametrize("dies_after", [1, 2, 3])
def test_a_rerun_of_hundreds_of_steps_survives_a_crash_at_every_commit(
    system: System, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    """More steps than one commit takes are taken over in several; each is recorded once, none is run."""
    results = [f"{number}," * 500 for number in range(250)]
    taken = [
        let(f"x{number}", call("string.repeat", literal(f"{number},"), literal(500))) for number in range(len(results))
    ]
    first = failing_at(system, *taken, FAILS)
    system.world.request = lambda *_: {"status": 200}  # type: ignore[method-assign]
    commits = [0]
    commit = Table.commit

    def dying(self: Table, *writes: Any) -> None:
        commit(self, *writes)
        commits[0] += 1
        if commits[0] == dies_after + 1:
            raise RuntimeError("killed")

    monkeypatch.setattr(Table, "commit", dying)
    again = rerun(system, first, {"from_step": 250})[2]["execution_id"]
    system.drive()

    assert system.crashes == 1
    assert system.status(again) == "success"
    shown = system.get(again).body["steps"]
    assert [step["result"] for step in shown[:250]] == results
    state = executions.read_state(system.table, system.workspace.id, again)
    before = executions.read_state(system.table, system.workspace.id, first)
    assert state.progress.record_bytes - before.progress.record_bytes == len(json.dumps({"status": 200})) - 1
    assert state.execution.rerun_of == RerunOf(first, 250)


def test_an_archived_workflow_is_neither_run_nor_rerun(system: System) -> None:
    workflow_id = system.workflow(FAILS)
    first = system.run(workflow_id).body["execution_id"]
    system.drive()
    publishing.archive(system.table, system.world.now, system.workspace.id, workflow_id)

    for status, body in (rerun(system, first)[::2], (system.run(workflow_id).status, system.run(workflow_id).body)):
        assert (status, body) == (400, {"error": "Workflow is archived: it cannot be run."})
    assert system.credits == 10 - 1
    assert history(system, first)["status"] == "failed"

    publishing.restore(system.table, system.workspace.id, workflow_id)
    assert workflows.read(system.table, system.workspace.id, workflow_id).archived_at is None
    assert rerun(system, first)[0] == 202
    assert steps.read_all(system.table, executions.read_state(system.table, system.workspace.id, first))
