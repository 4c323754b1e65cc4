"""How the history of an execution looks: what it was given, what it gives, what it waits for, and what it has done."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.entities.executions import Execution, Status
from domain.entities.journal import CallState, Entry
from domain.entities.steps import Step, StepStatus
from domain.moments import to_precise_text, to_text
from domain.operations import histories
from domain.program import outlines
from domain.program.values import Value, dumps
from views.executions import ExecutionStatus
from views.view import Id, Json, Moment, PreciseMoment, View

_RESULT_CHARACTERS = 2000
_ASKS = "human.create"
"""The effect whose result is the id of a review."""

type CallStatus = Literal["completed", "failed", "sleeping", "retrying", "waiting", "stopped"]

_CALL_STATUS: Mapping[CallState, CallStatus] = {
    CallState.DONE: "completed",
    CallState.FAILED: "failed",
    CallState.SLEEPING: "sleeping",
    CallState.RETRYING: "retrying",
    CallState.AWAITING: "waiting",
}


type Line = Annotated[
    int | None, Field(description="The line of the source, if the program was read from one.", examples=[7])
]


class WaitingFor(View):
    """What a running execution waits for; `until` is null where nobody has set an end."""

    kind: Literal["time", "retry", "decisions"]
    until: Moment | None
    attempt: Annotated[int | None, Field(description="The number of the attempt that comes next.")]
    error: Annotated[str | None, Field(description="Why the attempt before failed.")]
    review_ids: Annotated[list[Id], Field(description="The reviews that nobody has decided.")]


class RerunOf(View):
    """The execution that this one repeats, and the step from which on it does."""

    execution_id: Id
    from_step: int


class Retry(View):
    """An attempt of a call that failed in a way that may pass, and when the next one comes."""

    attempt: int
    error: str
    failed_at: PreciseMoment
    next_attempt_at: Moment


class StepEntry(View):
    """A step: a statement directly in the program's body."""

    type: Literal["step"]
    step: int
    kind: Annotated[str, Field(examples=["ForEachStmt"])]
    label: Annotated[str, Field(examples=["for order in input.orders"])]
    line: Line
    status: Literal["running", "completed", "failed", "stopped"]
    started_at: PreciseMoment
    completed_at: PreciseMoment | None
    seconds: Annotated[float | None, Field(description="How long it took.")]
    result: Annotated[str | None, Field(description="Its result as JSON, cut to 2,000 characters.")]
    error: str | None
    taken_from: Annotated[Id | None, Field(description="The execution whose result was taken over.")]


class CallEntry(View):
    """A call of an effect within a step; `call` counts the calls of the step from 1, those of all rounds of a loop."""

    type: Literal["call"]
    step: int
    call: int
    at: Annotated[str | None, Field(description="The path of the node that calls.", examples=["body[0].body.expr"])]
    line: Line
    callee: Annotated[str, Field(examples=["http.request"])]
    status: CallStatus
    attempt: int
    retries: list[Retry]
    started_at: PreciseMoment
    completed_at: PreciseMoment | None
    seconds: Annotated[float | None, Field(description="How long it took, with the waits between its attempts.")]
    until: Annotated[PreciseMoment | None, Field(description="The end of its wait.")]
    result: Annotated[str | None, Field(description="Its result as JSON, cut to 2,000 characters.")]
    error: str | None
    review_id: Id | None


class LogEntry(View):
    """A line that the program has logged; counted as a call of its step."""

    type: Literal["log"]
    step: int
    call: int
    at: str | None
    line: Line
    level: Literal["info", "error"]
    message: Annotated[str, Field(description="The line, cut to 1,000 characters.")]
    logged_at: PreciseMoment


class OutlineLine(View):
    """A statement of the program, as the outline shows it: the path of its node, how deep it stands, and its text."""

    at: Annotated[str, Field(examples=["body[0].body"])]
    depth: int
    text: str
    line: Line


type HistoryEntry = Annotated[StepEntry | CallEntry | LogEntry, Field(discriminator="type")]


class History(View):
    """An execution with a page of what it has done, in the order of the program; `program` only when asked for."""

    execution_id: Id
    workflow_id: Id
    workflow_name: str
    version: Annotated[int, Field(description="The version of the program that it runs.")]
    status: ExecutionStatus
    started_at: Moment
    completed_at: Moment | None
    error: str | None
    input: Json
    output: Annotated[
        Json,
        Field(description="What a success gives: the value of its `ReturnStmt`, or the result of its last step."),
    ]
    waiting_for: WaitingFor | None
    rerun_of: RerunOf | None
    reruns: Annotated[list[Id], Field(description="The executions that repeat this one, newest first.")]
    program: list[OutlineLine] = Field(default_factory=list)
    entries: list[HistoryEntry]


def page_of(history: histories.History, done: Iterable[histories.Done], *, with_program: bool) -> History:
    """A page of a history as its reader sees it, with the outline of its program if that was asked for."""
    execution = history.execution
    program: dict[str, Any] = {}
    if with_program:
        program["program"] = [
            OutlineLine(at=one.at, depth=one.depth, text=one.text, line=one.number) for one in history.outline
        ]
    steps = {one.at: one for one in history.outline}
    return History(
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        workflow_name=execution.workflow_name,
        version=execution.version,
        status=execution.status.value,
        started_at=execution.started_at,
        completed_at=execution.completed_at,
        error=execution.error,
        input=history.input,
        output=history.output,
        waiting_for=history.waiting and _waiting_for(history.waiting),
        rerun_of=execution.rerun_of and RerunOf(**execution.rerun_of._asdict()),
        reruns=list(history.reruns),
        **program,
        entries=[_entry(one, history, steps) for one in done],
    )


def _waiting_for(waiting: histories.Waiting) -> WaitingFor:
    wait = waiting.wait
    return WaitingFor(
        kind=wait.kind,
        until=wait.until and to_text(wait.until),
        attempt=wait.attempt,
        error=wait.error,
        review_ids=list(waiting.review_ids),
    )


def _entry(done: histories.Done, history: histories.History, steps: Mapping[str, outlines.Line]) -> HistoryEntry:
    if isinstance(done.what, Step):
        return _step_entry(done.what, steps[f"body[{done.what.index}]"])
    line = history.lines.at(done.what.at)
    if done.what.line is not None:
        return _log_entry(done.at, done.what, line)
    return _call_entry(done.at, done.what, line, history.execution)


def _step_entry(step: Step, outlined: outlines.Line) -> StepEntry:
    return StepEntry(
        type="step",
        step=step.index,
        kind=outlined.kind,
        label=outlined.text,
        line=outlined.number,
        status=step.status.value,
        started_at=step.started_at,
        completed_at=step.completed_at,
        seconds=_seconds(datetime.fromisoformat(step.started_at), _moment(step.completed_at)),
        result=_in_short(step.result) if step.status is StepStatus.COMPLETED else None,
        error=step.error,
        taken_from=step.taken_from,
    )


def _call_entry(at: histories.Position, entry: Entry, line: int | None, execution: Execution) -> CallEntry:
    is_open = entry.state not in {CallState.DONE, CallState.FAILED}
    ended_at = _moment(execution.completed_at) if is_open else entry.ended_at
    status = _CALL_STATUS[entry.state]
    if is_open and execution.status is not Status.RUNNING:
        # What its execution left unfinished ended with it.
        status = "stopped" if execution.status is Status.STOPPED else "failed"
    return CallEntry(
        type="call",
        step=at.step,
        call=at.call,
        at=entry.at or None,
        line=line,
        callee=entry.callee,
        status=status,
        attempt=entry.attempt,
        retries=[
            Retry(
                attempt=miss.attempt,
                error=miss.message,
                failed_at=to_precise_text(miss.at),
                next_attempt_at=to_text(miss.next_at),
            )
            for miss in entry.misses
        ],
        started_at=to_precise_text(entry.started_at),
        completed_at=ended_at and to_precise_text(ended_at),
        seconds=_seconds(entry.started_at, ended_at),
        until=entry.until and to_precise_text(entry.until),
        result=_in_short(entry.result) if entry.state is CallState.DONE else None,
        error=entry.message,
        review_id=entry.result if entry.callee == _ASKS and isinstance(entry.result, str) else None,
    )


def _log_entry(at: histories.Position, entry: Entry, line: int | None) -> LogEntry:
    return LogEntry(
        type="log",
        step=at.step,
        call=at.call,
        at=entry.at or None,
        line=line,
        level="error" if entry.callee == "log.error" else "info",
        message=entry.line or "",
        logged_at=to_precise_text(entry.started_at),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _seconds(started_at: datetime, ended_at: datetime | None) -> float | None:
    return round(max((ended_at - started_at).total_seconds(), 0), 3) if ended_at else None


def _in_short(value: Value) -> str:
    text = dumps(value)
    return text if len(text) <= _RESULT_CHARACTERS else f"{text[: _RESULT_CHARACTERS - 1]}…"
