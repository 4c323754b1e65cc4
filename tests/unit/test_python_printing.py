"""Programs written as Python and read again are the same programs, in their normal form, which does the same."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.callables import SIGNATURES
from domain.program import checker
from domain.program.calls import Call, CallFailed
from domain.program.findings import told
from domain.program.interpreter import Failed, run_step
from domain.program.limits import NESTING
from domain.program.nodes import Program
from domain.program.python.normal import normal
from domain.program.python.printing import namespaces, written
from domain.program.python.reading import read
from domain.program.values import Value, dumps
from lodol.cli.files import read_workflow
from tests.support.conformance import cases
from tests.support.programs import binary, block, call, do, let, literal, object_of, plus, program, var
from tests.support.random_programs import TEXTS, programs
from tests.support.samples import SAMPLES

NAMESPACES = namespaces(SIGNATURES)
RUNNING = [case for case in cases() if "findings" not in case]


def round_trip(tree: Any) -> str:
    """Write a program and read it again; answers with what was written."""
    source = written(tree, SIGNATURES, name="Program")
    again, expected = read(source, SIGNATURES), normal(tree, NAMESPACES)
    assert dumps(again.program) == dumps(expected), source
    assert {finding.message for finding in again.findings if finding.severity == "error"} == {
        finding.message for finding in checker.check(expected, SIGNATURES)
    }, told(again.findings, source, "it.py")
    assert checker.parse(again.program) == checker.parse(expected)
    return source


@pytest.mark.parametrize("case", RUNNING, ids=lambda case: case["id"])
def test_every_program_of_the_conformance_suite_comes_back(case: Any) -> None:
    round_trip(case["program"])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_comes_back(path: Path) -> None:
    round_trip(read_workflow(path).program)


@settings(max_examples=int(os.environ.get("LODOL_EXAMPLES", "200")), deadline=None, database=None)
@given(programs())
def test_every_program_comes_back(tree: Any) -> None:
    Program.model_validate(tree)

    round_trip(tree)


@settings(max_examples=150, deadline=None, database=None)
@given(programs())
def test_the_normal_form_is_its_own(tree: Any) -> None:
    once = normal(tree, NAMESPACES)

    assert dumps(normal(once, NAMESPACES)) == dumps(once)


class Answers:
    """Answers the calls of effects one after the other, and keeps what was asked."""

    def __init__(self) -> None:
        self.made = 0
        self.asked: list[Any] = []

    def call(self, call: Call) -> Value:
        self.made += 1
        self.asked.append((call.callee, dumps(list(call.args))))
        if self.made % 3 == 0:
            raise CallFailed("it was the third")
        return [self.made, {"a": "text"}]


def outcome(tree: Any) -> Any:
    """What a program does: the results of its steps, what it asks for, and how it ends, wherever that is."""
    effects, results = Answers(), []
    variables: dict[str, Value] = {"input": [1, 2, 3]}
    parsed = checker.parse(tree)
    for index in range(len(parsed.body)):
        done = run_step(parsed, index, variables, effects)
        results.append(dumps(done.result))
        variables |= dict(done.changes)
        if isinstance(done.ending, Failed):
            return results, effects.asked, done.ending.message.partition(": ")[2]
    return results, effects.asked, None


@settings(max_examples=200, deadline=None, database=None)
@given(programs())
def test_the_normal_form_does_what_the_program_does(tree: Any) -> None:
    # A caught failure tells the path of its node, and a loop without end only ends by its visits.
    assume(not any(word in dumps(tree) for word in ('"TryStmt"', '"WhileStmt"')))

    assert outcome(normal(tree, NAMESPACES)) == outcome(tree)


@settings(max_examples=150, deadline=None, database=None)
@given(TEXTS.filter(bool), TEXTS | st.sampled_from(["two\n\n  lines", " a ", 'end"', "\tx"]), programs())
def test_name_and_description_come_back(name: str, description: str, tree: Any) -> None:
    again = read(written(tree, SIGNATURES, name=name, description=description, workflow_id="abc"), SIGNATURES)

    assert (again.name, again.description, again.id) == (name, description, "abc")
    assert dumps(again.program) == dumps(normal(tree, NAMESPACES))


def mail_to(address: Any, *more: tuple[str, Any]) -> Any:
    return object_of(("to", address), ("subject", literal("s")), ("text", literal("t")), *more)


@pytest.mark.parametrize(
    ("tree", "lines"),
    [
        (program(), ["pass"]),
        (program(do(literal("text"))), ['""""""', '"text"']),
        (program(let("class", literal(1)), do(var("class"))), ["class_ = 1", "class_"]),
        (program(let("x", literal(1)), block(let("x", literal(2)))), ["x = 1", "with block():", "    x_ = 2"]),
        (program(do(call("value.is_in", literal(1), literal([1])))), ["1 in [1]"]),
        (program(do(call("value.slice", var("input"), literal(None), literal(2)))), ["input[:2]"]),
        (program(do(call("value.slice", var("input")))), ["input[:]"]),
        (program(do(call("value.slice", var("input"), literal(1), literal(None)))), ["input[1:None]"]),
        (program(do(call("value.slice", var("input"), var("input"), literal(2)))), ["input[input:2]"]),
        (program(do(call("value.slice", var("input"), literal(1)))), ["input[1:]"]),
        (program(do(call("value.slice", var("input"), literal(0), literal(None), literal(2)))), ["input[0::2]"]),
        (
            program(do(call("email.send", literal({"to": "a@b", "subject": "s", "text": "t"})))),
            ['email.send(to="a@b", subject="s", text="t")'],
        ),
        (program(do(call("email.send", literal({"to": 1, "cc": 2})))), ['email.send({"to": 1, "cc": 2})']),
        (program(do(call("email.send", mail_to(var("input"))))), ['email.send(to=input, subject="s", text="t")']),
        (
            program(
                do(call("email.send", mail_to(var("input"), ("html", literal("h")), ("reply_to", literal("a@b")))))
            ),
            ['email.send(to=input, subject="s", text="t", html="h", reply_to="a@b")'],
        ),
        (
            program(do(call("email.send", mail_to(var("input"), ("to", literal("a@b")))))),
            ['email.send({"to": input, "subject": "s", "text": "t", "to": "a@b"})'],
        ),
        (
            program({"kind": "IfStmt", "cond": var("input"), "thenBranch": block(), "elseBranch": block()}),
            ["if input:", "    pass", "else:", "    pass"],
        ),
        (
            program(do(call("log.info", literal("a" * 100))), let("x", literal({"k": "b" * 100})), do(var("x"))),
            ["log.info(", f'    "{"a" * 100}",', ")", "x = {", f'    "k": "{"b" * 100}",', "}", "x"],
        ),
        (
            program(do(call("email.send", literal({"to": "a@b", "subject": "s", "text": "t" * 80})))),
            ["email.send(", '    to="a@b",', '    subject="s",', f'    text="{"t" * 80}",', ")"],
        ),
        (
            program(
                do({"kind": "ArrayExpr", "elements": [var("input"), literal("a" * 100)]}), do(literal(["b" * 100]))
            ),
            ["[", "    input,", f'    "{"a" * 100}",', "]", "[", f'    "{"b" * 100}",', "]"],
        ),
        (program(do(object_of(("k" * 100, var("input"))))), ["{", f'    "{"k" * 100}": input,', "}"]),
        (
            program(let("x", literal('\\"\n\r\t\x07\x85\xa0\u0378\u2028\U000e0001é\U00010000')), do(var("x"))),
            [r'x = "\\\"\n\r\t\x07\x85\xa0\u0378\u2028\U000e0001' + 'é\U00010000"', "x"],
        ),
        (program(do(call("value.length", literal("a" * 100)))), [f'len("{"a" * 100}")']),
        (
            program(do({"kind": "MemberExpr", "object": var("input"), "property": "from"})),
            ['getattr(input, "from")'],
        ),
        (
            program(
                {
                    "kind": "AssignStmt",
                    "name": "input",
                    "value": binary("-", var("input"), literal(-1)),
                }
            ),
            ["input -= -1"],
        ),
        (
            program(
                *(
                    {
                        "kind": "AssignStmt",
                        "name": "input",
                        "value": binary(op, var("input"), literal(2)),
                    }
                    for op in "+*/%"
                )
            ),
            ["input += 2", "input *= 2", "input /= 2", "input %= 2"],
        ),
        (
            program(do(plus(binary("==", var("input"), literal(1)), literal(2)))),
            ["(input == 1) + 2"],
        ),
        (
            program(do(call("number.power", call("number.power", var("input"), literal(2)), literal(3)))),
            ["(input ** 2) ** 3"],
        ),
        (
            program(let("n" * 64, literal(1)), block(let("n" * 64, literal(2)))),
            [f"{'n' * 64} = 1", "with block():", f"    {'n' * 58}_ = 2"],
        ),
    ],
)
def test_it_is_written(tree: Any, lines: list[str]) -> None:
    source = round_trip(tree)

    assert [line.removeprefix("    ") for line in source.partition("-> None:\n")[2].splitlines()] == lines


def test_without_a_description_there_is_none_to_be_read() -> None:
    assert '@workflow(name="A")\n' in written(program(), SIGNATURES, name="A", description="")


def deep(levels: int, wrap: Any) -> Any:
    node: Any = var("input")
    for _ in range(levels):
        node = wrap(node)
    return node


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"kind": "TemplateExpr", "parts": ["a", inner]},
        lambda inner: binary("-", literal(1), inner),
        lambda inner: (
            {"kind": "CondExpr", "cond": inner, "then": inner, "else": inner}
            if False
            else {"kind": "CondExpr", "cond": literal(1), "then": inner, "else": literal(2)}
        ),
        lambda inner: object_of(("a", inner)),
        lambda inner: {"kind": "IndexExpr", "object": {"kind": "ArrayExpr", "elements": [inner]}, "index": literal(0)},
        lambda inner: call("email.send", mail_to(inner)),
        lambda inner: {"kind": "ListCompExpr", "element": inner, "name": "x", "iterable": literal([1])},
        lambda inner: {"kind": "UnaryExpr", "op": "-", "operand": inner},
    ],
)
def test_programs_as_deep_as_they_may_be_come_back(wrap: Any) -> None:
    per_level = 2 if "object" in str(wrap(var("input"))) or "email" in str(wrap(var("input"))) else 1
    tree = program(do(deep(62 // per_level, wrap)))
    assert checker.check(tree, SIGNATURES) == []

    round_trip(tree)


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_what_would_be_too_deep_a_literal_stays_a_list_or_an_object_of_one(wrap: Any) -> None:
    value: Any = 1
    for _ in range(NESTING):
        value = wrap(value)
    properties = [{"key": "a", "value": literal(value)}]
    nodes = ({"kind": "ArrayExpr", "elements": [literal(value)]}, {"kind": "ObjectExpr", "properties": properties})

    for node in nodes:
        assert normal(program(do(node)), NAMESPACES) == program(do(node))
        round_trip(program(do(node)))
