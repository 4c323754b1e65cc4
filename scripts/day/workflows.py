"""The workflows of the day, one for each kind of run."""

from typing import Any

from scripts.day.plan import Kind
from tests.support.programs import call, do, for_each, let, literal, plus, post, program, ret, sleep, throw, var

POSTS = 4
"""As many requests a run of calls sends."""
_ROUNDS, _COMPUTES = 400, 100
"""A step has that many rounds, squared, and there are that many steps: nearly as much as an execution may compute."""
REASON = "as planned"
"""Why those fail that are to fail."""


def workflows(steady_url: str, flaky_url: str) -> dict[Kind, Any]:
    """The program of each kind of run: where its calls go, and where those that are tried again."""
    review = {"question": "Go?"}
    in_time = {"decisions": ["yes", "no"], "timeoutSeconds": 5, "defaultDecision": "no"}
    numbers = literal(list(range(POSTS)))
    bodies: dict[Kind, tuple[Any, ...]] = {
        Kind.PURE: (let("a", plus(var("input"), literal(1))), let("b", plus(var("a"), literal(1))), ret(var("b"))),
        Kind.SLEEPS: (let("a", literal(1)), sleep(3), let("b", literal(2)), sleep(5), ret(var("b"))),
        Kind.CALLS: (for_each("nth", numbers, do(post(steady_url)), sleep(1)), ret(var("input"))),
        Kind.FLAKY: (do(post(flaky_url)), ret(var("input"))),
        Kind.FAILS: (let("a", literal(1)), do(post(steady_url)), throw(literal(REASON))),
        Kind.REVIEWED: (
            let("id", call("human.create", literal(review))),
            do(call("human.wait")),
            ret(call("human.result", var("id"))),
        ),
        Kind.TIMED: (
            do(call("human.create", literal(review), literal(None), literal(None), literal(in_time))),
            ret(call("human.wait")),
        ),
        Kind.STOPPED: (let("a", literal(1)), sleep(3600)),
        Kind.BROKEN: (let("sum", literal(0)), let("numbers", literal(list(range(_ROUNDS)))), *[_compute()] * _COMPUTES),
    }
    return {kind: program(*body) for kind, body in bodies.items()}


def _compute() -> Any:
    """A step that computes for a while; nothing is recorded before its slice ends."""
    add = {"kind": "AssignStmt", "name": "sum", "value": plus(var("sum"), literal(1))}
    return for_each("outer", var("numbers"), for_each("inner", var("numbers"), add))
