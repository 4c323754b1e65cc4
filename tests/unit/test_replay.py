"""Whatever a program does, a replay from any prefix of its journal does the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.callables import SIGNATURES
from domain.program import checker
from domain.program.bookmarks import Bookmark
from domain.program.calls import Call, CallFailed, Suspended
from domain.program.interpreter import StepOutcome, run_step
from domain.program.values import Value, dumps, loads
from tests.support.programs import block, call, dict_comp, do, for_each, let, list_comp, literal, plus, throw, var

NAMES = ("a", "b")
_LEAVES = st.integers(-5, 5).map(literal) | st.sampled_from(["x", "", None, True]).map(literal)
_VARIABLES = st.sampled_from(NAMES).map(var)
_EFFECT = st.builds(lambda n: call("http.request", literal("GET"), literal(f"https://a/{n}")), st.integers(0, 9))
OPERATORS = st.sampled_from(["-", "*", "==", "<", "&&", "||", "??", "/"])
EXPRESSIONS = st.recursive(
    _LEAVES | _VARIABLES | _EFFECT,
    lambda inner: (
        st.builds(plus, inner, inner)
        | st.builds(lambda op, x, y: {"kind": "BinaryExpr", "op": op, "left": x, "right": y}, OPERATORS, inner, inner)
        | st.lists(inner, max_size=3).map(lambda items: {"kind": "ArrayExpr", "elements": items})
        | st.builds(lambda c, x, y: {"kind": "CondExpr", "cond": c, "then": x, "else": y}, inner, inner, inner)
        | st.builds(lambda x, c: list_comp(x, "a", literal([1, 2]), c), inner, inner)
        | st.builds(lambda x: dict_comp(var("b"), x, "b", literal(["k", "l", "k"])), inner)
    ),
    max_leaves=6,
)


def _three_times(body: Any) -> Any:
    """A loop that calls in its condition, too."""
    counts = {"kind": "BinaryExpr", "op": "<", "left": var("n"), "right": literal(3)}
    asks = call("http.request", literal("GET"), literal("https://a/0"))
    cond = {"kind": "BinaryExpr", "op": "&&", "left": asks, "right": counts}
    count = {"kind": "AssignStmt", "name": "n", "value": plus(var("n"), literal(1))}
    return block(let("n", literal(0)), {"kind": "WhileStmt", "cond": cond, "body": block(count, body)})


STATEMENTS = st.recursive(
    EXPRESSIONS.map(do)
    | EXPRESSIONS.map(throw)
    | st.builds(
        lambda name, value: {"kind": "AssignStmt", "name": name, "value": value}, st.sampled_from(NAMES), EXPRESSIONS
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda body: block(*body))
        | st.builds(lambda c, x: {"kind": "IfStmt", "cond": c, "thenBranch": x}, EXPRESSIONS, inner)
        | st.builds(lambda x: for_each("i", literal([1, 2, 3]), x, do(var("i"))), inner)
        | st.builds(_three_times, inner)
        | st.builds(lambda x, y: {"kind": "TryStmt", "body": x, "name": "e", "handler": y}, inner, inner)
    ),
    max_leaves=8,
)


class Journal:
    """Answers calls from what it holds, then makes new ones, up to a number of them at a time."""

    def __init__(self, held: list[tuple[str, Value]], new: int, made: int = 0) -> None:
        self.held = list(held)
        self._new = new
        self.made = made

    def call(self, asked: Call) -> Value:
        asks = f"{asked.callee}{asked.args}"
        if self.made == len(self.held):
            if self._new == 0:
                raise Suspended
            self._new -= 1
            self.held.append((asks, {"status": 200 + self.made, "body": asks}))
        self.made += 1
        before, result = self.held[self.made - 1]
        assert before == asks, "a replay asked for something else"
        if "https://a/9" in asks:
            raise CallFailed("refused")
        return result


def run(
    program: Any, index: int, variables: dict[str, Value], calls_at_once: int, *, with_bookmarks: bool = False
) -> tuple[StepOutcome, list[Any]]:
    """Run a step, beginning anew after so many new calls, as a crash or a wait does: at its start, or at a bookmark."""
    held: list[tuple[str, Value]] = []
    bookmark: Bookmark | None = None
    while True:
        journal = Journal(held, calls_at_once, bookmark.calls if bookmark else 0)
        try:
            return run_step(program, index, variables, journal, bookmark), journal.held
        except Suspended as suspended:
            held = journal.held
            if with_bookmarks and suspended.bookmark:
                bookmark = Bookmark.from_value(loads(dumps(suspended.bookmark.to_value())))


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=3))
def test_in_one_piece_and_replayed_from_every_prefix_a_program_does_the_same(body: list[Any]) -> None:
    source: Any = {"kind": "Program", "body": [let("a", literal(1)), let("b", literal([])), *body]}
    assert checker.check(source, SIGNATURES) == []
    program = checker.parse(source)
    variables: dict[str, Value] = {"input": None}

    for index in range(len(source["body"])):
        whole, journal = run(program, index, variables, 10**6)
        for calls_at_once in (1, 2, 3):
            again, same_journal = run(program, index, variables, calls_at_once)
            assert (again, same_journal) == (whole, journal)
            resumed, same_journal = run(program, index, variables, calls_at_once, with_bookmarks=True)
            assert (resumed.result, resumed.ending, same_journal) == (whole.result, whole.ending, journal)
            assert {**variables, **resumed.changes} == {**variables, **whole.changes}
        for prefix in range(len(journal)):
            replayed = Journal(journal[:prefix], 10**6)
            assert run_step(program, index, variables, replayed) == whole
            assert replayed.held == journal
        variables |= whole.changes


def test_a_step_that_goes_on_from_a_bookmark_answers_only_the_calls_of_its_round() -> None:
    """Two loops, one in the other: finished rounds, inner and outer, are not run again."""
    inner = for_each("j", literal([1, 2, 3]), do(call("http.request", literal("GET"), literal("https://a/1"))))
    program = checker.parse({"kind": "Program", "body": [for_each("i", literal([1, 2, 3]), inner)]})
    held: list[tuple[str, Value]] = []
    bookmark: Bookmark | None = None

    for made in range(9):
        journal = Journal(held[:made], 1, bookmark.calls if bookmark else 0)
        if made < 8:
            with pytest.raises(Suspended) as suspended:
                run_step(program, 0, {}, journal, bookmark)
            bookmark = suspended.value.bookmark
        held = journal.held
        assert bookmark is None or bookmark.calls in {made, made + 1}
