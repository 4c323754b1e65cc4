"""Answers: what the world gives to the calls of a workflow that is tried, in place of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from domain.callables import EFFECTS
from domain.callables.effect import Effect, Outcome, Retry
from domain.callables.http import outcome_of
from domain.callables.outgoing import Response
from domain.program.calls import CallFailed
from domain.program.scoping import suggestion
from domain.program.values import Value, dumps, is_equal, kind_of, text_of
from lodol.trying import fields
from lodol.trying.fields import Unusable

ASKS = "human.create"
"""The effect that is answered by the decision of a person."""

_LOCAL = {"human.wait", "human.result"}
"""They look at what persons have decided, which stands in the table."""

ANSWERED: Mapping[str, Effect] = {
    name: effect for name, effect in EFFECTS.items() if effect.reaches_out and name not in _LOCAL
}
"""The effects that reach out of this process: each of their calls needs an answer."""

type Kind = Literal["result", "fail", "retry", "decide"]

_OF_ALL = ("call", "when", "times")
_OF_CALLS = ("result", "fail", "retry")
_OF_PERSONS = ("decide", "comment", "after")
_HTTP = "http.request"
_HTTP_RESULT: Mapping[str, Value] = {"status": 200, "headers": {}, "body": None}


@dataclass(slots=True)
class Answer:
    """What one call is told, or several: `times` of them, any number where it is `None`."""

    where: str
    call: str
    when: Mapping[str, Value]
    kind: Kind
    value: Value
    comment: str | None = None
    after: timedelta = timedelta()
    times: int | None = 1
    used: int = field(default=0)

    def outcome(self, now: datetime) -> Outcome:
        """What the call comes to, as if the world had answered so."""
        match self.kind:
            case "fail":
                raise CallFailed(text_of(self.value))
            case "retry":
                return Retry(text_of(self.value))
            case _ if self.call == _HTTP:
                return outcome_of(_response(self.value), now)
            case _:
                return self.value

    @property
    def unused(self) -> Unusable | None:
        """What is told where the answer was not used as often as it says."""
        if self.used >= (self.times or 1):
            return None
        how = f"was used {self.used} of {self.times} times" if self.used else "was never used"
        return Unusable(self.where, f"this answer of {self.call} {how}")


class Answers:
    """The answers of a file, each given to the calls that it matches, in the order of the file."""

    def __init__(self, value: Value, where: str = "answers") -> None:
        """Read them, or raise `Unusable`."""
        listed = [] if value is None else fields.objects(value, where, "answers")
        self._answers = [_read(one, at) for at, one in listed]

    def take(self, callee: str, arguments: Mapping[str, Value]) -> Answer | None:
        """The first answer to this call that is not used up."""
        for answer in self._answers:
            is_left = answer.times is None or answer.used < answer.times
            if answer.call == callee and is_left and covers(answer.when, arguments):
                answer.used += 1
                return answer
        return None

    def unmatched(self, callee: str, arguments: Mapping[str, Value]) -> str | None:
        """A sentence on the first answer to this callee that is left, and in what this call is another one."""
        for answer in self._answers:
            if answer.call == callee and (answer.times is None or answer.used < answer.times):
                differs = [name for name, value in answer.when.items() if not covers({name: value}, {**arguments})]
                names = ", ".join(differs)
                return f"{answer.where} answers {callee} as well, but not this call: its when differs in {names}"
        return None

    def unused(self) -> list[Unusable]:
        """What is told of each answer that was not used as often as it says."""
        return [unused for answer in self._answers if (unused := answer.unused)]

    def begin(self) -> None:
        """Forget what was used."""
        for answer in self._answers:
            answer.used = 0


def named(callee: str, args: tuple[Value, ...]) -> dict[str, Value]:
    """The arguments of a call of an effect, by the names of its parameters."""
    return dict(zip((parameter.name for parameter in EFFECTS[callee].signature.parameters), args, strict=False))


def covers(expected: object, found: object) -> bool:
    """Whether a value is as expected: of objects, what is expected must be there, and more may be."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(name in found and covers(inner, found[name]) for name, inner in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(covers, expected, found))
    return is_equal(cast("Value", expected), cast("Value", found))


def read_arguments(value: Value, callee: str, where: str) -> dict[str, Value]:
    """Arguments by name, of those that the callee has."""
    found = fields.mapping(value, where)
    known = [parameter.name for parameter in EFFECTS[callee].signature.parameters]
    fields.refuse_unknown(found, known, where, callee)
    return found


def suggested(callee: str, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """An answer to write into the file for a call that has none."""
    if callee == ASKS:
        config = arguments.get("decisionConfig")
        offered = config.get("decisions") if isinstance(config, dict) else None
        first = offered[0] if isinstance(offered, list) and offered else "approved"
        return {"call": callee, "decide": first, "after": "2h"}
    usual: Mapping[str, Value] = {_HTTP: {**_HTTP_RESULT}, "email.send": {"message_id": "1"}}
    when = {name: value for name, value in arguments.items() if isinstance(value, str)}
    return {"call": callee, **({"when": {**when}} if when else {}), "result": usual.get(callee, {})}


def _read(found: dict[str, Value], where: str) -> Answer:
    if "call" not in found:
        raise Unusable(where, "it needs a call: the name of what it answers")
    callee = fields.text(found["call"], f"{where}.call")
    if callee not in ANSWERED:
        _refuse_callee(callee, f"{where}.call")
    own = _OF_PERSONS if callee == ASKS else _OF_CALLS
    fields.refuse_unknown(found, (*_OF_ALL, *own), where, f"an answer of {callee}")
    kinds: tuple[Kind, ...] = ("decide",) if callee == ASKS else ("result", "fail", "retry")
    given = [kind for kind in kinds if kind in found]
    if len(given) != 1:
        raise Unusable(where, f"it needs {'one of ' if len(kinds) > 1 else ''}{', '.join(kinds)}")
    [kind] = given
    return Answer(
        where=where,
        call=callee,
        when=read_arguments(found.get("when", {}), callee, f"{where}.when"),
        kind=kind,
        value=_value(kind, callee, found[kind], f"{where}.{kind}"),
        comment=fields.text(found["comment"], f"{where}.comment") if "comment" in found else None,
        after=fields.span(found.get("after", 0), f"{where}.after"),
        times=fields.times(found.get("times", 1), f"{where}.times"),
    )


def _refuse_callee(callee: str, where: str) -> None:
    if callee in EFFECTS:
        raise Unusable(where, f"{callee} needs no answer")
    names = list(ANSWERED)
    raise Unusable(
        where, f"nothing named {callee} is answered{suggestion(callee, names) or f'; {", ".join(names)} are'}"
    )


def _value(kind: Kind, callee: str, value: Value, where: str) -> Value:
    if kind in {"fail", "retry"}:
        return fields.text(value, where)
    if kind == "decide":
        # null: nobody decides, so that its default counts once its time is over.
        return None if value is None else fields.text(value, where)
    return _http_result(value, where) if callee == _HTTP else value


def _response(result: Any) -> Response:
    return Response(result["status"], result["headers"], result["body"])


def _http_result(value: Value, where: str) -> Value:
    found = fields.mapping(value, where)
    fields.refuse_unknown(found, _HTTP_RESULT, where, "a result of http.request")
    status, headers = found.get("status", 200), fields.mapping(found.get("headers", {}), f"{where}.headers")
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        raise Unusable(f"{where}.status", f"it must be a whole number from 100 to 599, not {dumps(status)}")
    for name, header in headers.items():
        if not isinstance(header, str):
            raise Unusable(f"{where}.headers.{name}", f"it must be a string, not {kind_of(header)}")
    lower: dict[str, Value] = {name.lower(): header for name, header in headers.items()}
    return {"status": status, "headers": lower, "body": found.get("body")}
