"""What an effect gives is stored, or the call fails with a sentence that is."""

from dataclasses import replace
from typing import Any

import pytest

from domain.callables import EFFECTS
from domain.callables.effect import Outcome, Retry
from domain.program.calls import CallFailed
from domain.program.limits import NESTING, VALUE_BYTES
from domain.program.values import Value
from tests.integration.effects.conftest import Run
from tests.support.programs import call, do, let, literal, var

DEEP: Any = None
for _ in range(NESTING + 1):
    DEEP = [DEEP]


def giving(outcome: Outcome | Exception) -> Any:
    """The effects, of which one has this outcome."""

    def perform(*_: object) -> Outcome:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return {**EFFECTS, "http.request": replace(EFFECTS["http.request"], perform=perform)}


REQUEST = call("http.request", literal("GET"), literal("https://a/"))
UNSTORABLE = pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"body": "a\x00"}, "its result.body has the character NUL at position 1, which cannot be stored"),
        ({"body": "\ud800"}, "its result.body has half of a surrogate pair at position 0, which cannot be stored"),
        (DEEP, "its result is nested deeper than the limit of 64 levels"),
        (float("inf"), "its result is not a finite number"),
        ("x" * VALUE_BYTES, "its result takes 262146 bytes as JSON, over the limit of 262144 for a value"),
    ],
    ids=["NUL", "surrogate", "deep", "infinite", "large"],
)


@UNSTORABLE
def test_a_result_that_cannot_be_stored_fails_the_call(run: Run, value: Value, sentence: str) -> None:
    ran = run(do(REQUEST), effects=giving(value))

    assert ran.execution.error == f"Step 0 failed: body[0].expr: http.request: {sentence}"


@UNSTORABLE
def test_neither_can_a_last_answer_be_the_result(run: Run, value: Value, sentence: str) -> None:
    ran = run(do(REQUEST), effects=giving(Retry("the answer was 503", None, value, has_last=True)))

    assert ran.slices == 4
    assert ran.execution.error == f"Step 0 failed: body[0].expr: http.request: {sentence}"


@pytest.mark.parametrize("failure", [CallFailed, ValueError, Retry])
def test_what_others_say_in_a_failure_is_cut_and_made_storable(run: Run, failure: Any) -> None:
    message = "a\x00b\ud800" + "c" * VALUE_BYTES * 2
    caught = {"kind": "TryStmt", "body": do(REQUEST), "name": "e", "handler": do(var("e"))}

    ran = run(let("x", literal(None)), caught, effects=giving(failure(message)))

    status, _, [_, error] = ran.outcome
    assert status == "success"
    assert error["message"].startswith("a\ufffdb\ufffdccc")
    assert len(error["message"]) < 1100
