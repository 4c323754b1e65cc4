"""How a trial reads: as an object with everything in it, and as lines for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.entities.journal import CallState
from domain.moments import to_text
from domain.printable import one_line, printable
from domain.program.values import dumps
from lodol.durations import duration
from lodol.trying.answers import ASKS

if TYPE_CHECKING:
    from domain.entities.journal import Entry
    from domain.program.values import Value
    from lodol.trying.bench import Tried
    from lodol.trying.crashes import Crashes
    from lodol.trying.fields import Unusable
    from lodol.trying.world import CallAt, Decision, NoAnswer

type Paint = Callable[[str, str], str]
"""Gives a text a colour, or leaves it as it is."""

_LONGEST = 100
_MOST_CALLS = 50


def as_object(tried: Tried, unused: list[Unusable], crashes: Crashes | None) -> dict[str, Any]:
    """Everything that is known of a trial; its status is `running` where an answer is missing."""
    execution, missing = tried.execution, tried.missing
    return {
        "workflow": execution.workflow_name,
        "status": execution.status.value,
        "output": tried.output,
        "error": execution.error,
        "started_at": execution.started_at,
        "ended_at": to_text(tried.world.now),
        "steps": [
            {
                "index": step.index,
                "label": tried.outline[f"body[{step.index}]"].text,
                "line": tried.outline[f"body[{step.index}]"].number,
                "status": step.status.value,
                "result": step.result,
                "error": step.error,
                "calls": [_call_object(tried, at, entry) for at, entry in calls],
            }
            for step, calls in tried.done
        ],
        "decisions": [
            {**_decision_object(decision), "counted": is_counted}
            for decisions, is_counted in ((tried.decided, True), (tried.late, False))
            for decision in decisions
        ],
        "missing_answer": _missing_object(tried, missing) if missing else None,
        "unused_answers": [str(one) for one in unused],
        "crashes": {"tried": crashes.tried, "difference": crashes.difference} if crashes else None,
    }


def _call_object(tried: Tried, at: CallAt, entry: Entry) -> dict[str, Any]:
    return {
        "call": entry.callee,
        "at": entry.at,
        "line": tried.lines.at(entry.at),
        "arguments": tried.world.arguments[at],
        "status": entry.state.value,
        "result": entry.result,
        "error": entry.message,
        "logged": entry.line,
        "until": to_text(until) if (until := entry.until or tried.world.awaited.get(at)) else None,
        "attempts": entry.attempt,
        "retries": [
            {"attempt": miss.attempt, "error": miss.message, "next_attempt_at": to_text(miss.next_at)}
            for miss in entry.misses
        ],
    }


def _decision_object(decision: Decision) -> dict[str, Any]:
    return {
        "review_id": decision.review_id,
        "decision": decision.decision,
        "comment": decision.comment,
        "decided_at": to_text(decision.at),
    }


def _missing_object(tried: Tried, missing: NoAnswer) -> dict[str, Any]:
    return {
        "call": missing.callee,
        "arguments": missing.arguments,
        "step": missing.step,
        "at": missing.path,
        "line": tried.lines.at(missing.path),
        "suggestion": missing.suggestion,
    }


def lines(tried: Tried, paint: Paint) -> Iterator[str]:
    """A trial as a person reads it: its steps, the calls of each, how it ended."""
    execution, started = tried.execution, tried.execution.started
    yield paint(f"{execution.workflow_name}, from {execution.started_at}", "bold")
    untold = sorted([(one, True) for one in tried.decided] + [(one, False) for one in tried.late], key=_moment)
    for step, calls in tried.done:
        is_good = step.status.value == "completed"
        line = tried.outline[f"body[{step.index}]"]
        place = paint(f"line {line.number:<4}", "dim") if line.number else ""
        yield f"{paint(f'{step.index:>3}', 'cyan')}  {place}{one_line(line.text)}"
        for at, entry in calls[:_MOST_CALLS]:
            meanwhile = []
            # Who asks is not who waits for the answer.
            while untold and entry.callee != ASKS and entry.ended_at and untold[0][0].at <= entry.ended_at:
                meanwhile.append(_decision_line(*untold.pop(0), started, paint))
            if at in tried.world.awaited:
                until = to_text(tried.world.awaited[at])
                meanwhile.insert(0, paint(f"waits for people, until {until} at the latest", "yellow"))
            told = _call_lines(entry, tried.world.arguments[at], meanwhile, paint)
            yield from (f"       {line}" for line in told)
        if len(calls) > _MOST_CALLS:
            yield f"       … and {len(calls) - _MOST_CALLS} more calls; --json has them all"
        if step.error:
            yield paint(f"     ✗ {step.error}", "red")
        elif is_good:
            yield paint(f"     = {_short(step.result)}", "dim")
    yield from (f"     {_decision_line(*each, started, paint)}" for each in untold)
    if tried.missing is None:
        yield _end_line(tried, paint)


def _moment(each: tuple[Decision, bool]) -> datetime:
    return each[0].at


def _call_lines(entry: Entry, arguments: Mapping[str, Value], meanwhile: list[str], paint: Paint) -> Iterator[str]:
    shown = ", ".join(dumps(value) for value in arguments.values())
    yield f"{entry.callee}({_cut(shown)})"
    for miss in entry.misses:
        until = f"waits until {to_text(miss.next_at)}"
        yield paint(f"  attempt {miss.attempt} failed: {miss.message}; {until}", "yellow")
    yield from (f"  {line}" for line in meanwhile)
    if entry.line is not None:
        yield from (f"  | {printable(line)}" for line in entry.line.splitlines() or [""])
    if entry.state is CallState.FAILED:
        yield paint(f"  ✗ {entry.message}", "red")
    elif entry.until:
        yield paint(f"  waits {_span(entry.started_at, entry.until)}, until {to_text(entry.until)}", "yellow")
    elif entry.result is not None:
        yield paint(f"  → {_short(entry.result)}", "dim")


def _decision_line(decision: Decision, is_counted: bool, started: datetime, paint: Paint) -> str:
    comment = f", {one_line(dumps(decision.comment))}" if decision.comment else ""
    told = f"a person decided {decision.decision}{comment}, {_span(started, decision.at)} after the start"
    return told if is_counted else paint(f"{told}: too late, it does not count", "yellow")


def _end_line(tried: Tried, paint: Paint) -> str:
    execution = tried.execution
    took = _span(execution.started, tried.world.now)
    if tried.is_success:
        return f"{paint('success', 'green')} after {took}: {one_line(dumps(tried.output))}"
    return f"{paint('failed', 'red')} after {took}: {one_line(execution.error or '')}"


def _short(value: Value) -> str:
    return _cut(dumps(value))


def _cut(text: str) -> str:
    return one_line(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _span(begin: datetime, end: datetime) -> str:
    return duration((end - begin).total_seconds())
