"""Entries of the journal and resume points: what is stored of each, and that it reads back."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.aws.writes import ABSENT
from domain.entities import resume_points, steps, workflows
from domain.entities.executions import Execution, Status
from domain.entities.journal import CallState, Entry, from_item
from domain.entities.resume_points import MOST_BYTES, ResumePoint
from domain.entities.steps import StepStatus
from domain.entities.workflows import Workflow
from domain.moments import to_text

NOW = datetime(2026, 1, 15, 10, 30, 0, 250, tzinfo=UTC)
ALWAYS = {"callee": "c", "started_at": NOW.isoformat(), "attempt": 1}


@pytest.mark.parametrize(
    ("entry", "stored"),
    [
        (Entry(1, "c", CallState.DONE, NOW), {**ALWAYS, "state": "done", "result": "null"}),
        (Entry(1, "c", CallState.DONE, NOW, result={"a": 1.0}), {**ALWAYS, "state": "done", "result": '{"a":1.0}'}),
        (Entry(1, "c", CallState.FAILED, NOW, message="no"), {**ALWAYS, "state": "failed", "message": "no"}),
        (Entry(1, "c", CallState.AWAITING, NOW), {**ALWAYS, "state": "awaiting"}),
        (Entry(1, "c", CallState.SLEEPING, NOW, until=NOW), {**ALWAYS, "state": "sleeping", "until": NOW.isoformat()}),
        (
            Entry(1, "c", CallState.RETRYING, NOW, attempt=2, message="", until=NOW),
            {**ALWAYS, "state": "retrying", "attempt": 2, "message": "", "until": NOW.isoformat()},
        ),
    ],
)
def test_an_entry_stores_what_it_has_and_reads_back(entry: Entry, stored: dict[str, Any]) -> None:
    write = entry.write("0" * 24, 3)

    assert write.item == stored
    assert from_item({**write.item, **write.key._asdict()}) == entry


def test_a_resume_point_of_the_largest_size_is_stored_and_none_that_is_larger() -> None:
    spare = MOST_BYTES - len('{"a":""}')

    assert len(resume_points.write("0" * 24, ResumePoint(1, {"a": "x" * spare}))) == 1
    assert resume_points.write("0" * 24, ResumePoint(1, {"a": "x" * (spare - 1) + "é"})) == []


SHARED: Any = {"b": 1}


@pytest.mark.parametrize(
    ("result", "changed", "stored", "size"),
    [
        (5, {}, {"result": "5"}, 1),
        (None, {}, {"result": "null"}, 4),
        (None, {"x": None}, {"changes": {"x": "null"}, "result": "null"}, 1 + 4 + 4),
        (SHARED, {"a": 7, "x": SHARED}, {"changes": {"a": "7", "x": '{"b":1}'}, "result_from": "x"}, 1 + 1 + 1 + 7),
        ({"b": 1}, {"x": SHARED}, {"changes": {"x": '{"b":1}'}, "result": '{"b":1}'}, 1 + 7 + 7),
        ("é", {"é": 1}, {"changes": {"é": "1"}, "result": '"é"'}, 2 + 1 + 4),
    ],
)
def test_a_completed_step_stores_its_result_once_and_counts_its_bytes(
    result: Any, changed: dict[str, Any], stored: dict[str, Any], size: int
) -> None:
    write, counted = steps.completed("0" * 24, 0, "begun", NOW, result, changed)

    always = {"status": "completed", "completed_at": to_text(NOW), "started_at": "begun"}
    assert write.item == {**always, **stored}
    assert counted == size


@pytest.mark.parametrize(
    ("ended", "shown"),
    [
        ("running", (StepStatus.RUNNING, None)),
        ("stopped", (StepStatus.STOPPED, None)),
        ("failed", (StepStatus.FAILED, "why")),
        ("success", (StepStatus.FAILED, "why")),
    ],
)
def test_what_an_ended_execution_left_unfinished_ended_with_it(
    ended: str, shown: tuple[StepStatus, str | None]
) -> None:
    execution = Execution("e", "w", "f", "A", 1, Status(ended), "begun", None, "why")

    step = steps.from_item({"sk": "STEP#00003", "status": "running"}, execution)

    assert (step.index, step.status, step.error) == (3, *shown)


def test_a_workflow_is_stored_over_the_version_that_was_seen_or_where_there_was_none() -> None:
    workflow = Workflow("f", "w", "A", "", 2, "created", "updated", None)

    first, second = workflows.put(workflow, None), workflows.put(workflow, replace(workflow, version=1))

    assert (first.condition, ":seen" in first.values) == (ABSENT, False)
    assert (second.condition, second.values[":seen"], second.values[":version"]) == ("version = :seen", 1, 2)
    assert "last_run_at" not in first.expression
