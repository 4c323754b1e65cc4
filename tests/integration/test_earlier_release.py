"""What an earlier release has stored is read as it was, and goes on: one item for each step and for each call.

`earlier_release.json` holds the table of such a release, and what that answered about five executions: one that has
ended, one that failed, one that was stopped, one within a sleep of a loop, and one between two attempts of a call.
"""

import json
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.stack import Stack
from domain.aws.writes import Write
from domain.engine.slices import run_slice
from domain.entities import executions, journal, steps, workspaces
from domain.operations import histories
from domain.operations.admission import Rerun
from domain.operations.idempotency import carry_out
from domain.refusals import InvalidRequest
from tests.support.conformance import World, slices_of
from tests.support.template import ROOT
from views import bodies
from views.histories import page_of

NAMES = ["done", "failed", "stopped", "sleeping", "retrying"]


@cache
def _stored() -> Any:
    return json.loads((ROOT / "tests/support/earlier_release.json").read_text())


@pytest.fixture
def earlier(dynamodb: Any, unreachable: Stack) -> Stack:
    for item in _stored()["items"]:
        dynamodb.put_item(TableName="table", Item=item)
    return unreachable


def _ids(name: str) -> tuple[str, str]:
    return _stored()["workspace_id"], _stored()["executions"][name]["id"]


def _body(stack: Stack, ids: tuple[str, str]) -> Any:
    state = executions.read_state(stack.table, *ids)
    return bodies.execution(state.execution, steps.read_all(stack.table, state))


def _history(stack: Stack, ids: tuple[str, str], now: datetime, limit: int = 100) -> Any:
    history = histories.read(stack.table, now, *ids)
    done: list[histories.Done] = []
    while page := histories.read_done(stack.table, history.state, limit, done[-1].at if done else None):
        done += page
    return json.loads(page_of(history, done, with_program=False).model_dump_json(exclude_unset=True))


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_as_it_was(earlier: Stack, name: str, limit: int) -> None:
    then = _stored()["executions"][name]

    assert _body(earlier, _ids(name)) == then["body"]
    assert _history(earlier, _ids(name), datetime.fromisoformat(then["now"]), limit) == then["history"]


@pytest.mark.parametrize("name", ["sleeping", "retrying"])
def test_what_was_under_way_goes_on_where_it_was(earlier: Stack, name: str) -> None:
    world = World(datetime.fromisoformat(_stored()["executions"][name]["now"]))
    while (following := run_slice(slices_of(earlier, world), *_ids(name))).until is not None:
        world.now = following.until

    ended, then = _body(earlier, _ids(name)), _stored()["executions"]["done"]
    assert (ended["status"], ended["steps"]) == ("success", then["body"]["steps"])
    # What was done is not done again.
    flaky = ["https://flaky/"]
    assert [url for _, url in world.attempts] == (flaky if name == "retrying" else flaky * 2)
    told = _history(earlier, _ids(name), world.now)["entries"]
    assert told == _history(earlier, _ids(name), world.now, limit=1)["entries"]
    assert [_told(entry) for entry in told] == [_told(entry) for entry in then["history"]["entries"]]


def _told(entry: Any) -> Any:
    """What is told of a step or a call but for when it was: both began at the same moments, and were driven later."""
    return {name: value for name, value in entry.items() if name in {"type", "step", "call", "status", "at", "result"}}


def test_a_step_that_was_under_way_began_when_it_did(earlier: Stack) -> None:
    then = _stored()["executions"]["sleeping"]
    world = World(datetime.fromisoformat(then["now"]))

    assert run_slice(slices_of(earlier, world), *_ids("sleeping")).action == "wait"

    state = executions.read_state(earlier.table, *_ids("sleeping"))
    [entry] = [one for one in then["history"]["entries"] if (one["type"], one["step"]) == ("step", 2)]
    assert state.progress.step_started_at == entry["started_at"]
    assert steps.read_all(earlier.table, state)[-1].started_at == entry["started_at"]


@pytest.mark.parametrize("change", ["REMOVE misses", None])
def test_a_wait_whose_call_says_nothing_any_more_is_shown_as_it_stands(earlier: Stack, change: str | None) -> None:
    """It went on between the two readings."""
    then = _stored()["executions"]["retrying"]
    shown = _history(earlier, _ids("retrying"), datetime.fromisoformat(then["now"]))["waiting_for"]
    stored = earlier.table.query(keys.execution_partition(then["id"]), Page.whole("CALL#"))
    calls = [Key(call["pk"], call["sk"]) for call in stored]
    if change:
        earlier.table.commit(Write.update(calls[-1], change))
    else:
        earlier.table.delete(calls)

    state = executions.read_state(earlier.table, *_ids("retrying"))
    waiting = histories._waiting(earlier.table, datetime.fromisoformat(then["now"]), state)

    assert waiting is not None
    assert (waiting.wait.kind, waiting.wait.attempt, waiting.wait.error) == ("retry", None, None)
    assert (shown["attempt"], shown["error"]) == (2, "the answer was 503")


def test_a_rerun_takes_over_what_it_has_done_and_no_more(earlier: Stack) -> None:
    workspace_id, first_id = _ids("failed")
    workspace = workspaces.read(earlier.table, workspace_id)
    now = datetime.fromisoformat(_stored()["executions"]["failed"]["now"])

    def rerun(from_step: int) -> str:
        operation = Rerun(now=now, workspace=workspace, execution_id=first_id, from_step=from_step)
        execution_id: str = json.loads(carry_out(earlier, operation).body)["execution_id"]
        return execution_id

    world = World(now)
    again = rerun(2)
    assert run_slice(slices_of(earlier, world), workspace_id, again).action == "done"

    before, after = (_body(earlier, (workspace_id, which))["steps"] for which in (first_id, again))
    assert after == before
    assert [url for _, url in world.attempts] == ["https://fail/"]
    with pytest.raises(InvalidRequest):
        rerun(3)


def test_a_call_that_waits_is_found_with_its_attempts(earlier: Stack) -> None:
    entry = journal.read_last(earlier.table, _ids("retrying")[1], 3)

    assert entry is not None
    assert (entry.state, entry.attempt, len(entry.misses)) == ("retrying", 2, 1)
