"""The workflows of the day, one for each kind of run."""

from typing import Any

from scripts.day.plan import Kind
from tests.support.programs import call, do, for_each, let, literal, plus, post, program, ret, sleep, throw, var

POSTS = 4
"""As many requests a run of calls sends."""
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
        Kind.BROKEN: (let("a", literal(1)), sleep(3600)),
    }
    return {kind: program(*body) for kind, body in bodies.items()}
