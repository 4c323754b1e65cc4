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
from domain.moments import to_precise_text

NOW = datetime(2026, 1, 15, 10, 30, 0, 250_000, tzinfo=UTC)
ALWAYS = {"callee": "c", "at": "", "started_at": NOW.isoformat(), "attempt": 1}
END = {"ended_at": NOW.isoformat()}
MISS = {"attempt": 1, "message": "503", "at": NOW.isoformat(), "next_at": NOW.isoformat()}


@pytest.mark.parametrize(
    ("entry", "stored"),
    [
        (Entry(1, "c", CallState.DONE, NOW), {**ALWAYS, "state": "done", "result": "null"}),
        (Entry(1, "c", CallState.DONE, NOW, result={"a": 1.0}), {**ALWAYS, "state": "done", "result": '{"a":1.0}'}),
        (Entry(1, "c", CallState.FAILED, NOW, message="no"), {**ALWAYS, "state": "failed", "message": "no"}),
        (Entry(1, "c", CallState.AWAITING, NOW), {**ALWAYS, "state": "awaiting"}),
        (Entry(1, "c", CallState.SLEEPING, NOW, until=NOW), {**ALWAYS, "state": "sleeping", "until": NOW.isoformat()}),
        (
            Entry(1, "c", CallState.SLEEPING, NOW, "body[0].expr", until=NOW).done(None, NOW),
            {**ALWAYS, **END, "at": "body[0].expr", "state": "done", "result": "null", "until": NOW.isoformat()},
        ),
        (
            Entry(1, "c", CallState.DONE, NOW).missed("503", NOW, NOW),
            {**ALWAYS, "state": "retrying", "attempt": 2, "until": NOW.isoformat(), "misses": [MISS]},
        ),
        (
            Entry(1, "c", CallState.DONE, NOW).missed("503", NOW, NOW).done(7, NOW),
            {**ALWAYS, **END, "state": "done", "attempt": 2, "result": "7", "misses": [MISS]},
        ),
        (
            Entry(1, "c", CallState.DONE, NOW).missed("503", NOW, NOW).failed("no", NOW),
            {**ALWAYS, **END, "state": "failed", "attempt": 2, "message": "no", "misses": [MISS]},
        ),
        (Entry(1, "c", CallState.DONE, NOW, line=""), {**ALWAYS, "state": "done", "result": "null", "line": ""}),
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

    always = {"status": "completed", "completed_at": to_precise_text(NOW), "started_at": "begun"}
    assert write.item == {**always, **stored}
    assert counted == size


@pytest.mark.parametrize(
    ("ended", "shown"),
    [
        ("running", (StepStatus.RUNNING, "503")),
        ("stopped", (StepStatus.STOPPED, None)),
        ("failed", (StepStatus.FAILED, "why")),
        ("success", (StepStatus.FAILED, "why")),
    ],
)
def test_what_an_ended_execution_left_unfinished_ended_with_it(
    ended: str, shown: tuple[StepStatus, str | None]
) -> None:
    execution = Execution("e", "w", "f", "A", 1, Status(ended), "begun", "ended", "why")

    retrying = {"attempt": 2, "next_attempt_at": "later", "error": "503"}
    step = steps.from_item({"sk": "STEP#00003", "status": "running", "started_at": "begun", **retrying}, execution)

    assert (step.index, step.started_at, step.status, step.error) == (3, "begun", *shown)
    is_running = ended == "running"
    assert (step.attempt, step.next_attempt_at) == ((2, "later") if is_running else (None, None))
    assert step.completed_at == (None if is_running else "ended")


def test_a_workflow_is_stored_over_the_version_that_was_seen_or_where_there_was_none() -> None:
    workflow = Workflow("f", "w", "A", "", 2, "created", "updated", None)

    first, second = workflows.put(workflow, None), workflows.put(workflow, replace(workflow, version=1))

    assert (first.condition, ":seen" in first.values) == (ABSENT, False)
    assert (second.condition, second.values[":seen"], second.values[":version"]) == ("version = :seen", 1, 2)
    assert "last_run_at" not in first.expression
