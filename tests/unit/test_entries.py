"""Entries of the journal and resume points: what is stored of each, and that it reads back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.aws.table import Table
from domain.aws.writes import ABSENT
from domain.entities import journal, resume_points, steps, workflows
from domain.entities.executions import Execution, Progress, State, Status, Wait
from domain.entities.journal import ITEM_BYTES, CallState, Entry, Row, packed
from domain.entities.resume_points import MOST_BYTES, ResumePoint
from domain.entities.steps import StepStatus
from domain.entities.workflows import Workflow
from domain.moments import epoch_milliseconds, to_precise_text, to_text
from domain.program.values import loads

NOW = datetime(2026, 1, 15, 10, 30, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(seconds=2)
ALWAYS = {"callee": "c", "at": ""}
MISS = {"attempt": 1, "message": "503", "at": NOW.isoformat(), "next_at": NOW.isoformat()}
DONE = Entry(1, "c", CallState.DONE, NOW)


@pytest.mark.parametrize(
    ("entry", "stored"),
    [
        (DONE, ALWAYS),
        (replace(DONE, result={"a": 1.0}), {**ALWAYS, "result": {"a": 1.0}}),
        (replace(DONE, state=CallState.FAILED, message="no"), {**ALWAYS, "state": "failed", "message": "no"}),
        (replace(DONE, state=CallState.AWAITING), {**ALWAYS, "state": "awaiting"}),
        (
            replace(DONE, state=CallState.SLEEPING, until=NOW),
            {**ALWAYS, "state": "sleeping", "until": NOW.isoformat()},
        ),
        (
            Entry(1, "c", CallState.SLEEPING, NOW, "body[0].expr", until=NOW).done(None, LATER),
            {**ALWAYS, "at": "body[0].expr", "until": NOW.isoformat(), "took": 2000},
        ),
        (
            DONE.missed("503", NOW, NOW),
            {**ALWAYS, "state": "retrying", "attempt": 2, "until": NOW.isoformat(), "misses": [MISS]},
        ),
        (
            DONE.missed("503", NOW, NOW).done(7, LATER),
            {**ALWAYS, "attempt": 2, "result": 7, "misses": [MISS], "took": 2000},
        ),
        (
            DONE.missed("503", NOW, NOW).failed("no", LATER),
            {**ALWAYS, "state": "failed", "attempt": 2, "message": "no", "misses": [MISS], "took": 2000},
        ),
        (replace(DONE, line=""), {**ALWAYS, "line": ""}),
    ],
)
def test_an_entry_stores_what_it_has_and_reads_back(entry: Entry, stored: dict[str, Any]) -> None:
    [write] = journal.writes("0" * 24, 3, [(entry, entry.row())])

    assert write.item["since"] == epoch_milliseconds(NOW)
    assert loads(write.item["calls"]) == [{"started": 0, **stored}]
    assert journal.from_item({**write.item, **write.key._asdict()}) == [entry]


def test_what_is_open_stands_alone_so_that_it_can_be_stored_over() -> None:
    entries = [replace(DONE, nth=nth) for nth in (3, 4)]
    waiting = replace(DONE, nth=5, state=CallState.AWAITING)

    stored = journal.writes("0" * 24, 3, [(entry, entry.row()) for entry in (*entries, waiting)])

    assert [write.key.sk for write in stored] == ["CALL#00003#00004", "CALL#00003#00005"]
    assert [journal.from_item({**one.item, **one.key._asdict()}) for one in stored] == [entries, [waiting]]


def test_rows_fill_items_and_a_larger_one_stands_alone() -> None:
    def row(number: int, size: int) -> Row:
        return Row(number, 0, {"a": "1" * (size - Row(number, 0, {"a": ""}).size)})

    half, more = ITEM_BYTES // 2, ITEM_BYTES + 1
    sizes = [half, half, half, half + 1, more, 100, 100]

    items = list(packed((row(number, size) for number, size in enumerate(sizes)), "rows"))

    assert [last for last, _ in items] == [1, 2, 3, 4, 6]
    assert [len(item["rows"]) > ITEM_BYTES + 1 for _, item in items] == [False, False, False, True, False]


def test_a_resume_point_of_the_largest_size_is_stored_and_none_that_is_larger() -> None:
    spare = MOST_BYTES - len('{"a":""}')

    assert len(resume_points.write("0" * 24, ResumePoint(1, {"a": "x" * spare}))) == 1
    assert resume_points.write("0" * 24, ResumePoint(1, {"a": "x" * (spare - 1) + "é"})) == []


SHARED: Any = {"b": 1}


@pytest.mark.parametrize(
    ("result", "changed", "stored", "size"),
    [
        (5, {}, {"result": 5}, 1),
        (None, {}, {"result": None}, 4),
        (None, {"x": None}, {"changes": {"x": None}, "result": None}, 1 + 4 + 4),
        (SHARED, {"a": 7, "x": SHARED}, {"changes": {"a": 7, "x": {"b": 1}}, "result_from": "x"}, 1 + 1 + 1 + 7),
        ({"b": 1}, {"x": SHARED}, {"changes": {"x": {"b": 1}}, "result": {"b": 1}}, 1 + 7 + 7),
        ("é", {'"é': 1}, {"changes": {'"é': 1}, "result": "é"}, 5 - 2 + 1 + 4),
    ],
)
def test_a_completed_step_stores_its_result_once_and_counts_its_bytes(
    result: Any, changed: dict[str, Any], stored: dict[str, Any], size: int
) -> None:
    row, counted = steps.completed(4, to_precise_text(NOW), to_precise_text(LATER), result, changed)
    [write] = steps.writes("0" * 24, [row])

    assert write.key.sk == "STEP#00004"
    assert loads(write.item["steps"]) == [{"started": 0, "took": 2000, **stored}]
    assert counted == size
    [step] = steps.from_item({**write.item, **write.key._asdict()})
    assert (step.index, step.status, step.result, step.changes) == (4, StepStatus.COMPLETED, result, changed)
    assert (step.started_at, step.completed_at) == (to_precise_text(NOW), to_precise_text(LATER))


def test_a_call_stands_with_its_step_and_a_result_of_both_is_stored_once() -> None:
    answer: Any = {"status": 200}
    row, _ = steps.completed(0, to_precise_text(NOW), to_precise_text(LATER), answer, {"x": answer})
    entries = [replace(DONE, nth=2, result=7), replace(DONE, nth=3, result=answer)]

    with_calls = steps.with_calls(row, [(entry, entry.row()) for entry in entries], answer)

    assert with_calls is not None
    assert with_calls.text(row.started).count("200}") == 1
    [write] = steps.writes("0" * 24, [with_calls])
    [step] = steps.from_item({**write.item, **write.key._asdict()})
    assert step.calls == tuple(entries)
    assert (step.result, step.changes) == (answer, {"x": answer})


def test_calls_that_would_fill_an_item_do_not_stand_with_their_step() -> None:
    row, _ = steps.completed(0, to_precise_text(NOW), to_precise_text(LATER), None, {})
    entries = [replace(DONE, nth=nth, result="x" * 1000) for nth in range(1, 5)]
    calls = [(entry, entry.row()) for entry in entries]

    assert steps.with_calls(row, calls[:3], None) is not None
    assert steps.with_calls(row, calls, None) is None


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
    table: Table, ended: str, shown: tuple[StepStatus, str | None]
) -> None:
    wait = Wait("retry", NOW, 2, "503")
    execution = Execution("e", "w", "f", "A", 1, Status(ended), "begun", "ended", "why", wait)
    state = State(execution, Progress(revision=1, next_step=3, is_step_begun=True, step_started_at="begun"))

    [step] = steps.read_all(table, state)

    assert (step.index, step.started_at, step.status, step.error) == (3, "begun", *shown)
    is_running = ended == "running"
    assert (step.attempt, step.next_attempt_at) == ((2, to_text(NOW)) if is_running else (None, None))
    assert step.completed_at == (None if is_running else "ended")


def test_a_workflow_is_stored_over_the_version_that_was_seen_or_where_there_was_none() -> None:
    workflow = Workflow("f", "w", "A", "", 2, "created", "updated")

    first, second = workflows.put(workflow, None), workflows.put(workflow, replace(workflow, version=1))

    assert (first.condition, ":seen" in first.values) == (ABSENT, False)
    assert (second.condition, second.values[":seen"], second.values[":version"]) == ("version = :seen", 1, 2)
    assert "archived_at" not in first.expression
