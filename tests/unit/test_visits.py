"""How many node visits a step is charged: for looking at a value, for making one, for going on from a bookmark."""

import json
import tracemalloc
from typing import Any

import pytest
from pydantic import TypeAdapter

from domain.program import nodes
from domain.program.bookmarks import Bookmark
from domain.program.calls import Call, LimitExceeded, Suspended
from domain.program.checker import parse
from domain.program.expressions import Expressions, Running, Scope
from domain.program.failures import StepFailure
from domain.program.interpreter import Completed, Failed, run_step
from domain.program.limits import NODE_VISITS, VALUE_BYTES
from domain.program.measuring import Meter
from domain.program.values import Value
from tests.support.programs import (
    binary,
    block,
    call,
    dict_comp,
    do,
    for_each,
    let,
    list_comp,
    literal,
    object_of,
    program,
    var,
)

EXPRESSION: TypeAdapter[nodes.Expression] = TypeAdapter(nodes.Expression)


class Effects:
    """Answers every call with `gives`; the one numbered `until` and those after it end the slice."""

    def __init__(self, gives: Value = None, until: int = 10**9, made: int = 0) -> None:
        self.gives, self.until, self.made = gives, until, made

    def call(self, _: Call) -> Value:
        self.made += 1
        if self.made >= self.until:
            raise Suspended
        return self.gives


def template(*parts: Any) -> Any:
    return {"kind": "TemplateExpr", "parts": list(parts)}


def visits(expression: Any, gives: Value = None, **variables: Any) -> int:
    """How many visits an expression takes."""
    running, scope = Running(Effects(gives), Meter()), Scope()
    for name, value in variables.items():
        running.declare(scope, name, value)
    Expressions(running).compile(EXPRESSION.validate_python(expression), "here", scope)()
    return NODE_VISITS - running.meter.left


LIST: Any = list(range(100))
TEXT = "a" * 6400
WIDE = "é" * 6400
LARGE = 2**2048
"""A list of 100 numbers is 101 values in 291 bytes, and 25 visits to make; a text of 6,400 bytes is 100 to make and 25
to look at."""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (literal(1), 1),
        (literal(TEXT), 1),
        (var("list"), 1),
        (binary("+", literal(1), literal(2)), 3),
        # What is made is charged by its size: a visit for 64 characters, or for 16 that are not all ASCII.
        (binary("+", var("text"), literal("b")), 3 + 100),
        (binary("+", var("wide"), literal("b")), 3 + 400),
        (binary("+", literal("a" * 62), literal("b")), 3),
        (binary("+", literal("a" * 63), literal("b")), 3 + 1),
        (binary("+", var("large"), literal(1)), 3 + 2049 // 256),
        (binary("+", literal("é" * 15), literal("b")), 3 + 1),
        (binary("+", literal("é" * 14), literal("b")), 3),
        (binary("+", literal(2**255 - 1), literal(1)), 3 + 1),
        (binary("+", literal(2**255 - 2), literal(1)), 3),
        # What is compared is looked at until it differs.
        (binary("==", literal(1), literal(2)), 3),
        (binary("==", var("list"), literal(1)), 3 + 101 // 2 + 291 // 256),
        (binary("!=", literal(1), var("list")), 3 + 101 // 2 + 291 // 256),
        (binary("<", literal(1), literal(2)), 3),
        (binary("<", var("text"), var("text")), 3 + 6400 // 1024),
        (binary("==", var("text"), literal("")), 3),
        (binary("==", literal(""), var("text")), 3),
        (binary("==", var("text"), literal(1)), 3),
        (binary("&&", literal(0), literal(1)), 2),
        (binary("&&", literal(1), literal(1)), 3),
        (binary("||", literal(1), literal(1)), 2),
        (binary("??", literal(None), literal(1)), 3),
        (template("a", literal(1)), 3),
        (template("a", var("list")), 3 + 101 // 2 + 291 // 256 + 292 // 64),
        ({"kind": "ArrayExpr", "elements": [var("text"), var("large")]}, 3 + 100 + 2049 // 256),
        (object_of(("k" * 64, var("text"))), 2 + 100),
        # A call looks at its arguments and makes its result; some take more than that, and some look up only.
        (call("list.length", literal([])), 2),
        (call("list.length", var("list")), 2),
        (call("string.length", var("text")), 2),
        (call("object.get", var("list"), literal("0")), 3),
        (call("list.reverse", var("list")), 2 + 2 * (101 // 2 + 291 // 256)),
        (call("list.unique", var("list")), 2 + 2 * 101 // 2 + 2 * 291 // 256 + 101 // 2 + 291 // 256),
        (call("string.upper", var("text")), 2 + 25 + 100),
        (call("string.count", var("text"), literal("aaaa")), 3 + 25 + 6400 * 4 // 1024),
        (call("number.power", literal(2), literal(2)), 3 + 12),
        (call("crypto.sha256", var("text")), 2 + 25 + 1),
        # A round is a visit, and so is each node in it; the list that comes of it is made.
        (list_comp(literal(1), "x", literal([1, 2, 3])), 2 + 3 * 2),
        (list_comp(literal(1), "x", literal([1, 2, 3]), var("x")), 2 + 3 * 3),
        (list_comp(literal(1), "x", literal([0, 0, 3]), var("x")), 2 + 2 * 2 + 3),
        (list_comp(var("x"), "x", var("list")), 2 + 100 * 2 + 25),
        (dict_comp(var("x"), literal(1), "x", literal(["a", "b", "c"])), 2 + 3 * 3),
        (call("time.now"), 1),
        (call("time.now", var("list"), var("text")), 3 + 101 // 2 + 291 // 256 + 25),
    ],
)
def test_an_expression_is_charged(expression: Any, expected: int) -> None:
    assert visits(expression, list=LIST, text=TEXT, wide=WIDE, large=LARGE) == expected


@pytest.mark.parametrize(
    ("value", "parts", "size"),
    [
        ([], 1, 2),
        ([1, 2], 3, 5),
        ({}, 1, 2),
        ({"a": "b"}, 2, 9),
        ({"a": [1, [2.5, None]], "é": True}, 7, len('{"a":[1,[2.5,null]],"é":true}'.encode())),
        (['\n"'], 2, len('["\\n\\""]')),
    ],
)
def test_a_value_is_measured(value: Any, parts: int, size: int) -> None:
    measure = Meter().measure(value)

    assert (measure.parts, measure.size) == (parts, size)


@pytest.mark.parametrize("number", [10**77, 10**78, 10**300, 2**256, 2**257, 2**299, 2**1000, 2**2047])
def test_a_large_number_takes_as_many_bytes_as_it_has_digits(number: int) -> None:
    for one in (number - 1, number, number + 1):
        for either in (one, -one):
            assert Meter().measure(either).size == len(json.dumps(either))


def test_what_an_effect_gave_is_charged_as_what_is_looked_at() -> None:
    assert visits(call("time.now"), gives=LIST) == 1 + 101 // 2 + 291 // 256


def test_a_value_is_charged_whether_it_was_measured_before_or_not() -> None:
    """A step that goes on from a bookmark, or is replayed, has forgotten what it had measured."""
    meter, forgetful = Meter(), Meter()

    for _ in range(3):
        meter.read(LIST, "here")
        forgetful.read(list(LIST), "here")

    assert meter.left == forgetful.left == NODE_VISITS - 3 * (101 // 2 + 291 // 256)


def test_what_was_measured_is_forgotten_before_it_takes_much_memory() -> None:
    meter = Meter()

    for number in range(500):
        meter.measure([str(number), "a" * 250_000])

    assert sum(len(json.dumps(value)) for value, _ in meter._known.values()) < 17_000_000
    assert meter.measure([[1], [2, [3]], {}]) == (16, 3, 8)


def test_texts_that_are_put_together_are_given_up_once_they_are_too_long() -> None:
    """Each part is as large as a value may be: all of them together would take gigabytes."""
    parts = [var("text")] * 10_000
    tracemalloc.start()

    with pytest.raises(StepFailure, match=f"more than the limit of {VALUE_BYTES} bytes"):
        visits(template(*parts), text="a" * 250_000)

    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("length", "part", "work"),
    [(29_999, 6, 175), (29_999, 100, 2929), (29_999, 101, 2929), (30_000, 6, 175), (30_000, 100, 175)],
)
def test_to_search_is_charged_by_what_it_may_take(length: int, part: int, work: int) -> None:
    """Beside the three nodes, and 117 visits to look at the text."""
    search = call("string.contains", var("text"), var("part"))

    assert visits(search, text="a" * length, part="b" * part) == 3 + 117 + work


def test_a_round_that_cannot_be_bound_is_charged_as_one_that_can() -> None:
    running, one = Running(Effects(), Meter()), list_comp(literal(1), "a", literal([1]))
    compiled = Expressions(running).compile(EXPRESSION.validate_python({**one, "others": ["b"]}), "here", Scope())

    with pytest.raises(StepFailure):
        compiled()

    assert NODE_VISITS - running.meter.left == visits(one) - visits(literal(1))


@pytest.mark.parametrize("kind", ["ThrowStmt", "FailStmt"])
def test_a_message_that_is_no_text_is_charged_for_being_written(kind: str) -> None:
    statement = {"kind": kind, "message": var("list")}

    outcome = run_step(parse(program(statement)), 0, {"list": LIST}, Effects())

    assert outcome.visits == 2 + 101 // 2 + 291 // 256


def test_a_failure_too_large_to_be_caught_fails_the_try() -> None:
    """What a handler gets is a value like any other: one that cannot be stored is refused where it arises."""
    body = {"kind": "ThrowStmt", "message": literal("a" * (VALUE_BYTES - 20))}
    caught = {"kind": "TryStmt", "body": body, "name": "e", "handler": do(call("value.length", var("e")))}

    outcome = run_step(parse(program(caught)), 0, {}, Effects())

    assert outcome.ending == Failed(f"a value takes more than the limit of {VALUE_BYTES} bytes as JSON", "body[0]")


def test_the_last_visit_is_allowed_and_the_next_is_not() -> None:
    meter = Meter(2)
    meter.charge(2, "here")

    with pytest.raises(LimitExceeded, match=f"^the step reached its limit of {NODE_VISITS} node visits$") as raised:
        meter.charge(1, "here")
    assert raised.value.at == "here"


@pytest.mark.parametrize("value", ["a" * (VALUE_BYTES - 2), ["a" * (VALUE_BYTES - 4)], {"a": "a" * (VALUE_BYTES - 8)}])
def test_a_value_of_the_largest_size_is_accepted_and_none_that_is_larger(value: Any) -> None:
    larger: Any = (
        value + "a" if isinstance(value, str) else [*value, 1] if isinstance(value, list) else {**value, "b": 1}
    )

    assert Meter().accept(value, "here") is value
    with pytest.raises(ValueError, match=f"more than the limit of {VALUE_BYTES} bytes"):
        Meter().accept(larger, "here")


def test_a_text_too_long_for_a_value_is_refused_before_it_is_encoded() -> None:
    with pytest.raises(ValueError, match="more than the limit"):
        Meter().accept("\x00" * (VALUE_BYTES + 1), "here")


def _bookmark(body: Any, until: int, **variables: Any) -> Bookmark:
    with pytest.raises(Suspended) as suspended:
        run_step(parse(program(body)), 0, variables, Effects(gives="now", until=until))
    assert suspended.value.bookmark is not None
    return suspended.value.bookmark


def test_a_step_that_goes_on_from_a_bookmark_has_as_many_visits_left_as_in_one_piece() -> None:
    """What was measured before is not charged again."""
    copy = let("copy", call("list.reverse", var("list")))
    loop = for_each("x", literal([1, 2, 3, 4]), copy, do(call("time.now")), do(binary("==", var("list"), var("copy"))))

    third = _bookmark(loop, 3, list=LIST)
    with pytest.raises(Suspended) as again:
        run_step(parse(program(loop)), 0, {"list": LIST}, Effects(until=4, made=third.calls), third)

    assert again.value.bookmark == _bookmark(loop, 4, list=LIST)


def test_a_step_that_has_used_up_its_visits_fails_whichever_slice_it_is_in() -> None:
    forever = {"kind": "WhileStmt", "cond": literal(value=True), "body": do(call("time.now"))}
    bookmark = _bookmark(forever, 3)
    nearly = Bookmark(**{**{name: getattr(bookmark, name) for name in Bookmark.__slots__}, "visits": 10})

    outcome = run_step(parse(program(forever)), 0, {}, Effects(made=bookmark.calls), nearly)

    assert isinstance(outcome.ending, Failed)
    assert f"limit of {NODE_VISITS} node visits" in outcome.ending.message


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (do(literal(1)), 2),
        (let("x", literal(1)), 2),
        ({"kind": "BlockStmt", "body": [do(literal(1)), do(literal(2))]}, 5),
        ({"kind": "IfStmt", "cond": literal(1), "thenBranch": do(literal(1))}, 4),
        ({"kind": "IfStmt", "cond": literal(0), "thenBranch": do(literal(1))}, 2),
        (for_each("x", literal([1, 2]), do(literal(1))), 2 + 2 * 3),
    ],
)
def test_a_statement_is_charged(statement: Any, expected: int) -> None:
    """With one visit less than it takes, it fails."""
    for visits_left, ends_well in ((expected, True), (expected - 1, False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Meter.__init__, "__defaults__", (visits_left,))
            outcome = run_step(parse(program(statement)), 0, {}, Effects())
        assert isinstance(outcome.ending, Completed) == ends_well


def test_a_bookmark_holds_what_a_resume_needs_and_no_more() -> None:
    before = for_each("a", literal([1]), do(literal(1)))
    around = for_each(
        "b", literal(["x", "y"]), do(call("time.now")), {"kind": "AssignStmt", "name": "n", "value": var("b")}
    )
    block = {"kind": "BlockStmt", "body": [before, around]}

    bookmark = _bookmark(block, 2, n=0, other="unchanged")

    assert list(bookmark.rounds) == [bookmark.at]
    assert bookmark.variables == {"n": "x"}
    assert (bookmark.calls, bookmark.rounds[bookmark.at]) == (1, (["x", "y"], 1))


@pytest.mark.parametrize("collect", [list_comp, lambda element, *loop: dict_comp(var("x"), element, *loop)])
def test_a_comprehension_stops_as_soon_as_it_has_collected_more_than_a_value_may_take(collect: Any) -> None:
    """Each of its items is within the limit; what it holds meanwhile must be, too."""
    made: list[str] = []

    class Letters(Effects):
        def call(self, _: Call) -> Value:
            made.append("a" * (VALUE_BYTES // 4) + str(len(made)))
            return [made[-1]] if len(made) % 2 else made[-1]

    running, scope = Running(Letters(), Meter()), Scope()
    node = collect(call("time.now"), "x", literal([str(n) for n in range(10)]))

    with pytest.raises(StepFailure, match=f"more than the limit of {VALUE_BYTES} bytes"):
        Expressions(running).compile(EXPRESSION.validate_python(node), "here", scope)()
    assert len(made) == 4


def test_an_object_of_each_item_counts_what_it_holds_and_not_what_it_has_dropped() -> None:
    large = call("string.repeat", literal("a"), literal(VALUE_BYTES // 2))

    assert visits(dict_comp(literal("k"), large, "x", literal([1, 2, 3, 4]))) > 4 * VALUE_BYTES // 2 // 64


@pytest.mark.parametrize("element", [var("x"), call("list.length", var("x"))], ids=["ends", "fails"])
def test_a_bookmark_holds_nothing_of_a_comprehension_that_is_over(element: Any) -> None:
    over = {"kind": "TryStmt", "body": do(list_comp(element, "x", literal(["kept"]))), "name": "e", "handler": block()}

    bookmark = _bookmark(block(over, for_each("y", literal([1, 2]), do(call("time.now")))), 2)

    assert "kept" not in bookmark.inner.values()


def test_a_variable_that_nobody_declared_fails_its_step() -> None:
    """The checker lets no such program in; what was stored in another way says where it is wrong."""
    with pytest.raises(StepFailure, match=r"^the variable x was never declared$") as raised:
        visits(var("x"))
    assert raised.value.at == "here"


def test_a_variable_that_nobody_declared_cannot_be_set() -> None:
    outcome = run_step(parse(program({"kind": "AssignStmt", "name": "x", "value": literal(1)})), 0, {}, Effects())

    assert outcome.ending == Failed("the variable x was never declared", "body[0]")


def assign(name: str, value: Any) -> Any:
    return {"kind": "AssignStmt", "name": name, "value": value}


def when(cond: Any, *body: Any) -> Any:
    return {"kind": "IfStmt", "cond": cond, "thenBranch": block(*body)}


CALLS = for_each("y", literal([1, 2, 3, 4]), do(call("time.now")))
COUNTED = {
    "kind": "WhileStmt",
    "cond": binary("<", var("n"), literal(4)),
    "body": block(do(call("time.now")), assign("n", binary("+", var("n"), literal(1)))),
}


ASKING = {
    "kind": "WhileStmt",
    "cond": binary("&&", call("time.now"), binary("<", var("n"), literal(4))),
    "body": block(assign("n", binary("+", var("n"), literal(1))), do(literal(0))),
}
"""It ends with a call of its condition, right after which nothing is left to do."""


@pytest.mark.parametrize(
    "body",
    [
        ASKING,
        block(ASKING),
        when(binary("==", var("n"), literal(0)), assign("n", literal(1)), CALLS),
        for_each("x", literal([1, 2]), assign("x", literal(5)), CALLS, assign("n", var("x"))),
        block(COUNTED),
        block(do(literal("before")), COUNTED),
        {"kind": "TryStmt", "body": block(CALLS), "name": "e", "handler": block()},
        for_each("x", literal([1]), block(CALLS), assign("n", var("x")), block(COUNTED)),
    ],
    ids=[
        "a condition that calls",
        "the same in a block",
        "a condition that no longer holds",
        "a loop variable that was set",
        "while",
        "block",
        "try",
        "both",
    ],
)
def test_a_step_comes_to_the_same_from_every_bookmark(body: Any) -> None:
    """Whatever led into the loop is not evaluated again, and nothing of it is forgotten."""
    whole_effects = Effects(gives="now")
    whole = run_step(parse(program(body)), 0, {"n": 0}, whole_effects)
    assert isinstance(whole.ending, Completed)

    for until in range(2, whole_effects.made + 1):
        bookmark = _bookmark(body, until, n=0)
        resumed_effects = Effects(gives="now", made=bookmark.calls)
        resumed = run_step(parse(program(body)), 0, {"n": 0}, resumed_effects, bookmark)
        assert (resumed.result, dict(resumed.changes), resumed_effects.made) == (
            whole.result,
            dict(whole.changes),
            whole_effects.made,
        )


@pytest.mark.parametrize(
    "nothing",
    [
        block(),
        {"kind": "WhileStmt", "cond": literal(value=False), "body": block()},
        for_each("x", literal([]), do(literal(1))),
        when(literal(value=False)),
    ],
)
def test_a_statement_that_does_nothing_has_no_value(nothing: Any) -> None:
    """Whatever came before it."""
    outcome = run_step(parse(program(block(do(literal(5)), nothing))), 0, {}, Effects())

    assert (outcome.result, outcome.ending) == (None, Completed())
