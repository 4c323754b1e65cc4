"""Test cases of a workflow: an input, the answers of the world, and what is expected to come of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.callables import EFFECTS
from domain.program.scoping import suggestion
from domain.program.values import Value, is_equal
from lodol.trying import fields
from lodol.trying.answers import ANSWERED, Answers, covers, read_arguments
from lodol.trying.fields import Unusable
from lodol.trying.world import NoAnswer, World

if TYPE_CHECKING:
    from lodol.trying.bench import Bench, Tried

START = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
"""When the execution of a case starts, where the case does not say it."""

SEED = 0

_KEYS = ("name", "input", "answers", "output", "error", "calls", "start", "seed")
_CALL_KEYS = ("call", "with")


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call that is expected: its callee, and those of its arguments that matter."""

    call: str
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Case:
    """A case, as it stands in its file."""

    name: str
    input: Value
    answers: Answers
    has_output: bool
    output: Value
    error: str | None
    calls: list[ExpectedCall] | None
    start: datetime
    seed: int


def read_cases(value: Value) -> list[Case]:
    """Read the cases of a file, or raise `Unusable`."""
    cases = [_read(found, where) for where, found in fields.objects(value, "cases", "cases")]
    if not cases:
        raise Unusable("the file", "it has no cases")
    names = [case.name for case in cases]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Unusable("the file", f"two cases have the name {twice!r}")
    return cases


def _read(found: dict[str, Value], where: str) -> Case:
    fields.refuse_unknown(found, _KEYS, where, "a case")
    if "name" not in found:
        raise Unusable(where, "it needs a name")
    name = fields.text(found["name"], f"{where}.name")
    if "output" in found and "error" in found:
        raise Unusable(where, "it may expect an output or an error, not both")
    seed = found.get("seed", SEED)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise Unusable(f"{where}.seed", "it must be a whole number")
    return Case(
        name=name,
        input=found.get("input"),
        answers=Answers(found.get("answers"), f"{where}.answers"),
        has_output="output" in found,
        output=found.get("output"),
        error=fields.text(found["error"], f"{where}.error") if "error" in found else None,
        calls=_calls(found["calls"], f"{where}.calls") if "calls" in found else None,
        start=fields.moment(found["start"], f"{where}.start") if "start" in found else START,
        seed=seed,
    )


def _calls(value: Value, where: str) -> list[ExpectedCall]:
    return [_call(found, at) for at, found in fields.objects(value, where, "calls")]


def _call(found: dict[str, Value], where: str) -> ExpectedCall:
    fields.refuse_unknown(found, _CALL_KEYS, where, "an expected call")
    if "call" not in found:
        raise Unusable(where, "it needs a call: the name of what is called")
    callee = fields.text(found["call"], f"{where}.call")
    if callee not in EFFECTS:
        raise Unusable(f"{where}.call", f"no effect is named {callee}{suggestion(callee, list(EFFECTS))}")
    return ExpectedCall(callee, read_arguments(found.get("with", {}), callee, f"{where}.with"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case: what is wrong, a paragraph for each; nothing if it passed."""

    case: Case
    problems: list[str]
    seconds: float


def judge(bench: Bench, case: Case, seconds: Callable[[], float], explain: Callable[[Tried, NoAnswer], str]) -> Verdict:
    """Run a case and compare what came of it; `explain` says what to do about a call without an answer."""
    begun_at = seconds()
    try:
        tried = bench.run(case.input, World(case.answers, case.start, case.seed))
    except Unusable as unusable:
        return Verdict(case, [str(unusable)], seconds() - begun_at)
    problems = [explain(tried, tried.missing)] if tried.missing else _differences(case, tried)
    return Verdict(case, problems, seconds() - begun_at)


def _differences(case: Case, tried: Tried) -> list[str]:
    execution, problems = tried.execution, list[str]()
    if case.error is None:
        if not tried.is_success:
            problems.append(f"it was expected to succeed, and failed: {execution.error}")
        elif case.has_output and not is_equal(case.output, tried.output):
            problems.append(f"its output differs:\n{_diff(case.output, tried.output)}")
    elif tried.is_success:
        problems.append(f"it was expected to fail, and succeeded with {_one_line(tried.output)}")
    elif case.error not in (execution.error or ""):
        problems.append(f"its error differs:\n{_diff(case.error, execution.error)}")
    if case.calls is not None:
        problems += _differences_of_calls(case.calls, tried)
    return [*problems, *map(str, case.answers.unused())]


def _differences_of_calls(expected: list[ExpectedCall], tried: Tried) -> list[str]:
    """Compare the calls that reach out, and those of other effects that the case names."""
    wanted = ANSWERED.keys() | {call.call for call in expected}
    made = [
        (entry.callee, tried.world.arguments[at])
        for _, calls in tried.done
        for at, entry in calls
        if entry.callee in wanted
    ]
    is_same = len(made) == len(expected) and all(
        callee == call.call and covers(call.arguments, arguments)
        for call, (callee, arguments) in zip(expected, made, strict=True)
    )
    if is_same:
        return []
    shown = [
        # Of what was made as expected, only what matters is shown: the rest is no difference.
        _call_text(callee, call.arguments if call and covers(call.arguments, arguments) else arguments)
        for (callee, arguments), call in zip(made, [*expected, *[None] * len(made)], strict=False)
    ]
    return [f"its calls differ:\n{_diff_lines([_call_text(one.call, one.arguments) for one in expected], shown)}"]


def _call_text(callee: str, arguments: Mapping[str, Value]) -> str:
    return f"{callee} {_one_line({**arguments})}"


def _one_line(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _diff(expected: Value, got: Value) -> str:
    def lines(value: Any) -> list[str]:
        return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).splitlines()

    return _diff_lines(lines(expected), lines(got))


def _diff_lines(expected: list[str], got: list[str]) -> str:
    """Both, line by line: `-` is what was expected, `+` what came instead."""
    marked = []
    for what, i1, i2, j1, j2 in difflib.SequenceMatcher(None, expected, got, autojunk=False).get_opcodes():
        if what == "equal":
            marked += [f"  {line}" for line in expected[i1:i2]]
        else:
            marked += [f"- {line}" for line in expected[i1:i2]] + [f"+ {line}" for line in got[j1:j2]]
    return "\n".join(marked)
