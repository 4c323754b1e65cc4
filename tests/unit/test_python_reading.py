"""Workflows written as Python: what each construct is in the program, and what is said of those that are none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.callables import SIGNATURES
from domain.program.findings import Position, SourceFinding, told
from domain.program.python.reading import Read, read
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
    plus,
    program,
    throw,
    var,
)

IMPORTED = (
    "Failure, Input, api, block, coalesce, date, email, fail, http, human, json, list, log, number, object, string, "
    "time, workflow"
)
HEAD = f'from lodol.workflow import {IMPORTED}\n\n\n@workflow(name="W")\ndef w(input: Input) -> None:\n'
IMPORTS = "from lodol.workflow import Input, workflow\n"
FRAMED = '@workflow(name="a")\ndef a(input: Input):\n'


def source_of(*lines: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in lines)


def read_lines(*lines: str) -> Read:
    return read(source_of(*lines), SIGNATURES)


def found_in(*lines: str) -> list[str]:
    """The findings, their lines counted from the first of the function's body."""
    first = HEAD.count("\n")
    return [
        f"{finding.position.line - first}:{finding.position.column - 4}: {finding.message}"
        for finding in read_lines(*lines).findings
        if finding.severity == "error"
    ]


def unary(op: str, operand: Any) -> Any:
    return {"kind": "UnaryExpr", "op": op, "operand": operand}


def member(of: Any, name: str) -> Any:
    return {"kind": "MemberExpr", "object": of, "property": name}


X, Y = member(var("input"), "x"), member(var("input"), "y")


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("None", literal(None)),
        ("-5", literal(-5)),
        ("[1, [2]]", literal([1, [2]])),
        ('{"a": 1, "b": []}', literal({"a": 1, "b": []})),
        ("[input, 1]", {"kind": "ArrayExpr", "elements": [var("input"), literal(1)]}),
        ('{"a": input}', object_of(("a", var("input")))),
        ("[*input.x, 1]", call("list.concat", X, literal([1]))),
        ("[1, *input.x]", call("list.concat", literal([1]), X)),
        ('{**input.x, "a": 1}', call("object.merge", X, literal({"a": 1}))),
        ('{"a": 1, **input.x}', call("object.merge", literal({"a": 1}), X)),
        (
            "{input.x: input.y}",
            call(
                "object.from_entries",
                {"kind": "ArrayExpr", "elements": [{"kind": "ArrayExpr", "elements": [X, Y]}]},
            ),
        ),
        ("input.x", X),
        ('getattr(input, "from")', member(var("input"), "from")),
        ('input["x"]', {"kind": "IndexExpr", "object": var("input"), "index": literal("x")}),
        ("input[-1]", {"kind": "IndexExpr", "object": var("input"), "index": literal(-1)}),
        ("input[1:]", call("value.slice", var("input"), literal(1))),
        ("input[:2]", call("value.slice", var("input"), literal(None), literal(2))),
        ("input[::-1]", call("value.slice", var("input"), literal(None), literal(None), literal(-1))),
        ("input.x + input.y", plus(X, Y)),
        ("input.x // input.y", call("number.floor_divide", X, Y)),
        ("input.x ** 2", call("number.power", X, literal(2))),
        ("not input.x", unary("!", X)),
        ("-input.x", unary("-", X)),
        ("input.x and input.y and 1", binary("&&", binary("&&", X, Y), literal(1))),
        ("input.x or input.y", binary("||", X, Y)),
        ("input.x is None", binary("==", X, literal(None))),
        ("input.x is not True", binary("!=", X, literal(True))),
        ("1 < input.x <= 5", binary("&&", binary("<", literal(1), X), binary("<=", X, literal(5)))),
        ("input.x in [1, 2]", call("value.is_in", X, literal([1, 2]))),
        ("input.x not in (1, 2)", unary("!", call("value.is_in", X, literal([1, 2])))),
        ("input.x in {1, 2}", call("value.is_in", X, literal([1, 2]))),
        ("input.x if input.y else 1", {"kind": "CondExpr", "cond": Y, "then": X, "else": literal(1)}),
        ("coalesce(input.x, 1)", binary("??", X, literal(1))),
        ('f"a{input.x}b{{}}"', {"kind": "TemplateExpr", "parts": ["a", X, "b{}"]}),
        ('f"{input.x}" "c"', {"kind": "TemplateExpr", "parts": [X, "c"]}),
        ("[x + 1 for x in input.x]", list_comp(plus(var("x"), literal(1)), "x", X)),
        ("[x.upper() for x in input.x]", list_comp(call("string.upper", var("x")), "x", X)),
        ("[x for x in input.x if x if 1]", list_comp(var("x"), "x", X, binary("&&", var("x"), literal(1)))),
        (
            "{k: v for k, v in input.items()}",
            {**dict_comp(var("k"), var("v"), "k", call("object.entries", var("input"))), "others": ["v"]},
        ),
        ("len(input)", call("value.length", var("input"))),
        ("str(input)", call("string.of", var("input"))),
        ("int(input.x)", call("value.int", X)),
        ("float(input.x)", call("value.float", X)),
        ("bool(input.x)", unary("!", unary("!", X))),
        ("round(input.x)", call("value.round", X)),
        ("round(input.x, 2)", call("value.round", X, literal(2))),
        ("abs(input.x)", call("number.abs", X)),
        ("min(input.x)", call("value.min", X)),
        ("max(input.x, input.y)", call("value.max", {"kind": "ArrayExpr", "elements": [X, Y]})),
        ("sum(x for x in input.x)", call("number.sum", list_comp(var("x"), "x", X))),
        ("min(x for x in input.x)", call("value.min", list_comp(var("x"), "x", X))),
        ("max(x for x in input.x)", call("value.max", list_comp(var("x"), "x", X))),
        ("sorted(x for x in input.x)", call("list.sort", list_comp(var("x"), "x", X))),
        ("sorted(input.x)", call("list.sort", X)),
        ("sorted(input.x, reverse=True)", call("list.sort_descending", X)),
        ("sorted(input.x, reverse=False)", call("list.sort", X)),
        ("range(3)", call("list.range", literal(0), literal(3))),
        ("range(1, 3)", call("list.range", literal(1), literal(3))),
        ("range(1, 9, 2)", call("list.range", literal(1), literal(9), literal(2))),
        ("enumerate(input.x, 1)", call("list.enumerate", X, literal(1))),
        ("zip(input.x, input.y)", call("list.zip", X, Y)),
        ("any(input.x)", call("list.any", X)),
        ("all([x for x in input.x])", call("list.all", list_comp(var("x"), "x", X))),
        ("input.x.upper()", call("string.upper", X)),
        ('input.x.split(",")', call("string.split", X, literal(","))),
        ("input.x.split()", call("string.words", X)),
        ('",".join(x for x in input.x)', call("string.join", literal(","), list_comp(var("x"), "x", X))),
        ('input.x.replace("a", "b")', call("string.replace_all", X, literal("a"), literal("b"))),
        ('input.get("x", 1)', call("object.lookup", var("input"), literal("x"), literal(1))),
        ("input.items()", call("object.entries", var("input"))),
        ("input.items", member(var("input"), "items")),
        ("time.now()", call("time.now")),
        ("number.format(input.x, digits=2)", call("number.format", X, literal(2))),
        (
            'email.send(to=input.x, subject="s", text="t")',
            call(
                "email.send",
                {
                    "kind": "ObjectExpr",
                    "properties": [
                        {"key": "to", "value": X},
                        {"key": "subject", "value": literal("s")},
                        {"key": "text", "value": literal("t")},
                    ],
                },
            ),
        ),
        (
            'http.request("GET", "https://a", headers={"a": "b"}, timeout=5)',
            call("http.request", literal("GET"), literal("https://a"), literal({"headers": {"a": "b"}, "timeout": 5})),
        ),
        ('http.request("GET", url="https://a")', call("http.request", literal("GET"), literal("https://a"))),
        (
            'api.request("POST", "x", payload={"a": 1})',
            call("api.request", literal("POST"), literal("x"), literal({"a": 1})),
        ),
        (
            'human.create("?", timeout_seconds=60, default_decision="rejected")',
            call(
                "human.create",
                literal("?"),
                literal(None),
                literal(None),
                literal({"timeoutSeconds": 60, "defaultDecision": "rejected"}),
            ),
        ),
        ('human.create("?", action_id="a")', call("human.create", literal("?"), literal("a"))),
    ],
)
def test_an_expression_is(expression: str, tree: Any) -> None:
    found = read_lines(expression)

    assert (found.program, found.findings) == (program(do(tree)), [])


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["x = 1", "x = 2"], [let("x", literal(1)), {"kind": "AssignStmt", "name": "x", "value": literal(2)}]),
        (
            ["x: int = 1", "x += 2"],
            [let("x", literal(1)), {"kind": "AssignStmt", "name": "x", "value": plus(var("x"), literal(2))}],
        ),
        (
            ["input //= 2"],
            [{"kind": "AssignStmt", "name": "input", "value": call("number.floor_divide", var("input"), literal(2))}],
        ),
        (["pass"], []),
        (
            ["if input:", "    1", "    2", "elif 3:", "    pass", "else:", "    x = 4"],
            [
                {
                    "kind": "IfStmt",
                    "cond": var("input"),
                    "thenBranch": block(do(literal(1)), do(literal(2))),
                    "elseBranch": {
                        "kind": "IfStmt",
                        "cond": literal(3),
                        "thenBranch": block(),
                        "elseBranch": let("x", literal(4)),
                    },
                }
            ],
        ),
        (
            ["for x in (1, 2):", "    break", "for x, y in []:", "    continue"],
            [
                {**for_each("x", literal([1, 2])), "body": {"kind": "BreakStmt"}},
                {**for_each("x", literal([])), "others": ["y"], "body": {"kind": "ContinueStmt"}},
            ],
        ),
        (["while input:", "    return"], [{"kind": "WhileStmt", "cond": var("input"), "body": {"kind": "ReturnStmt"}}]),
        (
            ["try:", "    raise Failure(1)", "except Exception as e:", "    fail(e.message)"],
            [
                {
                    "kind": "TryStmt",
                    "body": throw(literal(1)),
                    "name": "e",
                    "handler": {"kind": "FailStmt", "message": member(var("e"), "message")},
                }
            ],
        ),
        (
            ["try:", "    pass", "except Exception:", "    pass"],
            [{"kind": "TryStmt", "body": block(), "name": "_", "handler": block()}],
        ),
        (
            [
                "try:",
                "    pass",
                "except Exception:",
                "    try:",
                "        pass",
                "    except Exception:",
                "        pass",
            ],
            [
                {
                    "kind": "TryStmt",
                    "body": block(),
                    "name": "_",
                    "handler": {"kind": "TryStmt", "body": block(), "name": "__", "handler": block()},
                }
            ],
        ),
        (
            ["try:", "    pass", "except Exception:", "    _ = 1"],
            [{"kind": "TryStmt", "body": block(), "name": "__", "handler": let("_", literal(1))}],
        ),
        (["with block():", "    x = 1", "x = 2"], [block(let("x", literal(1))), let("x", literal(2))]),
        (["return None"], [{"kind": "ReturnStmt", "value": literal(None)}]),
        (
            ["if input:", "    x = 1", "else:", "    x = 2", "x = 3"],
            [
                {
                    "kind": "IfStmt",
                    "cond": var("input"),
                    "thenBranch": let("x", literal(1)),
                    "elseBranch": let("x", literal(2)),
                },
                let("x", literal(3)),
            ],
        ),
    ],
)
def test_statements_are(lines: list[str], body: list[Any]) -> None:
    found = read_lines(*lines)

    assert found.program == program(*body)
    assert [finding for finding in found.findings if finding.severity == "error"] == []


NO_FINALLY = "there is no finally; write its statements after the try, which goes on there"
UNCHANGED = "values never change; write "
TAKEN = "is imported, and means its callables; call the variable otherwise"
SEVERAL = "write one assignment for each name: a = pair[0], and b = pair[1]"
AD = "1:8: unknown callable 'date.ad'; did you mean date.add?"


@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        (
            ["if input:", "    x = 1", "log.info(x)"],
            ["3:10: x is first set within a branch, and not there any more; declare it before: x = None"],
        ),
        (
            ["for x in []:", "    pass", "x"],
            ["3:1: x is first set within a loop, and not there any more; declare it before: x = None"],
        ),
        (
            ["try:", "    y = 1", "except Exception as e:", "    y"],
            ["4:5: y is first set within a try, and not there any more; declare it before: y = None"],
        ),
        (
            ["try:", "    pass", "except Exception:", "    pass", "_.upper()"],
            ["5:1: _ is neither a variable nor a namespace of callables"],
        ),
        (
            ["try:", "    pass", "except Exception:", "    log.info(_)", "log.info(_)"],
            ["4:14: the variable _ was never declared", "5:10: the variable _ was never declared"],
        ),
        (
            ["for input.x in []:", "    for input.y in []:", "        log.info(_)", "log.info(_)"],
            [
                "1:5: a loop gives its items to names: for a, b in items",
                "2:9: a loop gives its items to names: for a, b in items",
                "3:18: the variable _ was never declared",
                "4:10: the variable _ was never declared",
            ],
        ),
        (["log.info(y)", "y = 1"], ["1:10: y is not set yet here"]),
        (["y.upper()", "y = 1"], ["1:1: y is not set yet here"]),
        (["y += 1"], ["1:1: y is not set yet here"]),
        (["log.info(inputt)"], ["1:10: the variable inputt was never declared; did you mean input?"]),
        (
            ["if input:", "    log.info(inputt)"],
            ["2:14: the variable inputt was never declared; did you mean input?"],
        ),
        (["x = 1", "for x in []:", "    pass"], ["2:5: x is a variable already; give the loop one of its own"]),
        (
            ["e = 1", "try:", "    pass", "except Exception as e:", "    pass"],
            ["4:1: e is a variable already; give the failure a name of its own"],
        ),
        (["date = 1"], [f"1:1: date {TAKEN}"]),
        (["[date for date in []]"], [f"1:11: date {TAKEN}"]),
        (["[date.now for date in []]"], [f"1:15: date {TAKEN}"]),
        (["[time.now() for time in []]"], [f"1:17: time {TAKEN}"]),
        (
            ["time = 1", "time.x", "log.info(time)", "time.now()", "time += 1", "time.strip()"],
            [f"1:1: time {TAKEN}"],
        ),
        (["coalesce = 1", "log.info(coalesce(coalesce, 2))"], [f"1:1: coalesce {TAKEN}"]),
        (["for time in []:", "    time.x", "    time.now()"], [f"1:5: time {TAKEN}"]),
        (
            ["time = 1", "for time in []:", "    time.x"],
            [f"1:1: time {TAKEN}", f"2:5: time {TAKEN}"],
        ),
        (
            ["time = 1", "try:", "    pass", "except Failure as time:", "    time.now()"],
            [f"1:1: time {TAKEN}", f"4:1: time {TAKEN}"],
        ),
        (["log.info(time)", "time = 1"], ["1:10: time is not set yet here", f"2:1: time {TAKEN}"]),
        (
            ["if input:", "    time = 1", "log.info(time)", "time.x"],
            [
                f"2:5: time {TAKEN}",
                "3:10: time is first set within a branch, and not there any more; declare it before: time = None",
                "4:1: time.x is called: time.x(…)",
            ],
        ),
        (["time = date.ad(y)"], [f"1:1: time {TAKEN}", AD, "1:16: the variable y was never declared"]),
        (["time = 1", "time.foo()"], [f"1:1: time {TAKEN}", "2:1: there is no method foo"]),
        (
            ["time = 1", "time(y)"],
            [
                f"1:1: time {TAKEN}",
                "2:1: time is called by one of its names: time.…(…)",
                "2:6: the variable y was never declared",
            ],
        ),
        (
            ["coalesce = 1", "coalesce(y)"],
            [
                f"1:1: coalesce {TAKEN}",
                "2:1: coalesce takes two values: the second is for where the first is None",
                "2:10: the variable y was never declared",
            ],
        ),
        (["sum = 1", "sum([])"], ["2:1: sum is a variable here, and cannot be called"]),
        (["sum([])", "sum = 1"], ["1:1: sum is a variable here, and cannot be called"]),
        (["[sum([]) for sum in []]"], ["1:2: sum is a variable here, and cannot be called"]),
        (["print = 1", "print(1)"], ["2:1: print is a variable here, and cannot be called"]),
        (["random = 1", "random.uuid()"], ["2:1: there is no method uuid"]),
        (["a, b = input"], [f"1:1: {SEVERAL}"]),
        (["a, b = input", "log.info(a + b)", "a = 1", "b += 1", "log.info(a.upper())"], [f"1:1: {SEVERAL}"]),
        (["[a, *b] = input", "log.info(a + b)", "a, b = input"], [f"1:1: {SEVERAL}", f"3:1: {SEVERAL}"]),
        (["date, b = input", "log.info(date)", 'date.add(input, 1, "days")'], [f"1:1: {SEVERAL}"]),
        (["*a, = input", "log.info(a)"], [f"1:1: {SEVERAL}"]),
        (["*a = input", "log.info(a)"], [f"1:1: {SEVERAL}"]),
        (["if input:", "    a, b = input", "    log.info(a)"], [f"2:5: {SEVERAL}"]),
        (
            ["if input:", "    a, b = input", "log.info(a)"],
            [
                f"2:5: {SEVERAL}",
                "3:10: a is first set within a branch, and not there any more; declare it before: a = None",
            ],
        ),
        (
            ["a, b = input", "for a in []:", "    pass"],
            [f"1:1: {SEVERAL}", "2:5: a is a variable already; give the loop one of its own"],
        ),
        (
            ["log.info(a)", "a, b = input"],
            ["1:10: a is not set yet here", f"2:1: {SEVERAL}"],
        ),
        (
            ["a, b[c] = input", "log.info(c)"],
            [f"1:1: {SEVERAL}", "2:10: the variable c was never declared"],
        ),
        (
            ["a, b = date.ad(y)"],
            [f"1:1: {SEVERAL}", AD, "1:16: the variable y was never declared"],
        ),
        (["a = b = 1"], ["1:5: write one assignment a line"]),
        (
            ["a = b = y", "log.info(a + b)"],
            ["1:5: write one assignment a line", "1:9: the variable y was never declared"],
        ),
        (["input.x = 1"], ["1:1: " + UNCHANGED + '`data = {**data, "x": value}`']),
        (["input[0] = 1"], ["1:1: " + UNCHANGED + "`data = {**data, **{key: value}}`, or make the list anew"]),
        (["input.x += 1"], ["1:1: " + UNCHANGED + '`data = {**data, "x": value}`']),
        (["x: int"], ["1:1: give it a value: name = None"]),
        (["input.append(1)"], ["1:1: there is no method append; " + UNCHANGED + "`items = [*items, item]`"]),
        (
            ["[y].append(1)"],
            [
                "1:1: there is no method append; " + UNCHANGED + "`items = [*items, item]`",
                "1:2: the variable y was never declared",
            ],
        ),
        (
            ["nothing.call(y)"],
            [
                "1:1: nothing is neither a variable nor a namespace of callables; did you mean encoding?",
                "1:14: the variable y was never declared",
            ],
        ),
        (
            ["nothing.get(url=y).json(**z)"],
            [
                "1:1: nothing is neither a variable nor a namespace of callables; did you mean encoding?",
                "1:17: the variable y was never declared",
                "1:27: the variable z was never declared",
            ],
        ),
        (["input.uper()"], ["1:1: there is no method uper; did you mean upper?"]),
        (["print(input)"], ["1:1: there is no print(); write log.info(message)"]),
        (
            ["input()"],
            ["1:1: there is no input(); write the name input, without parentheses: it is what the run was given"],
        ),
        (["lenn(input)"], ["1:1: there is no function lenn; did you mean len?"]),
        (["time.slep(1)"], ["1:1: unknown callable 'time.slep'; did you mean time.sleep?"]),
        (["random.uuid()"], ["1:1: random is not imported: from lodol.workflow import random"]),
        (["time.now"], ["1:1: time.now is called: time.now(…)"]),
        (["time"], ["1:1: time is no value; call one of its callables: time.…(…)"]),
        (["random"], ["1:1: random is no value; call one of its callables: random.…(…)"]),
        (["time.sleep(1, 2)"], ["1:1: time.sleep(seconds) takes 1 arguments, and has 2"]),
        (['number.format(1, separator=".")'], ["1:1: give digits as well, which stands before the others"]),
        (
            ["number.format(1, digit=2)"],
            ["1:18: number.format(number, digits?, separator?) has no digit; did you mean digits?"],
        ),
        (
            ["number.format(1, zone=2)"],
            ["1:18: number.format(number, digits?, separator?) has no zone; it has number, digits, separator"],
        ),
        (
            ["number.format(1, digit=2, digit=3)"],
            [
                "1:18: number.format(number, digits?, separator?) has no digit; did you mean digits?",
                "1:27: digit is given twice",
            ],
        ),
        (["number.format(1, number=2)"], ["1:18: number is given already, as an argument before"]),
        (
            ["email.send(**input)"],
            [
                "1:14: write each field by its name, or give the object as an argument",
                "1:1: email.send(mail) takes 1 arguments, and has 0",
            ],
        ),
        (["email.send(mail=input, to=1)"], ["1:1: mail is given twice, whole and by its fields"]),
        (["time.sleep(*input)"], ["1:12: write each argument by itself"]),
        (
            ['f"{input:.2f}"'],
            [
                (
                    "1:3: write the format as a call: {number.format(value, 2)}, {date.format(moment, pattern)}, "
                    "{text.ljust(length)} or {text.rjust(length)}"
                )
            ],
        ),
        (['f"{input!r}"'], ["1:3: write the value without !r; json.stringify(value) has quotation marks"]),
        (
            ['f"{y!r}{z:.2f}"'],
            [
                "1:3: write the value without !r; json.stringify(value) has quotation marks",
                "1:4: the variable y was never declared",
                (
                    "1:8: write the format as a call: {number.format(value, 2)}, {date.format(moment, pattern)}, "
                    "{text.ljust(length)} or {text.rjust(length)}"
                ),
                "1:9: the variable z was never declared",
            ],
        ),
        (["(1, 2)"], ["1:1: there are no tuples; write a list, [a, b]"]),
        (["{1, 2}"], ["1:1: there are no sets; write a list, [a, b]"]),
        (["{x for x in input}"], ["1:1: there are no sets; write list.unique([… for …])"]),
        (["any(x for x in input)"], ["1:4: write a list, [… for …]"]),
        (
            ["[x for y in input for x in y]"],
            [
                "1:2: the variable x was never declared",
                "1:1: a comprehension has one `for`; write a loop, or one comprehension in the other",
            ],
        ),
        (["{1: 2}"], ['1:2: a key is a text: {"key": value}']),
        (["lambda x: x"], ["1:1: there are no functions of one's own; write a comprehension or a loop"]),
        (["(x := 1)"], ["1:2: write the assignment on a line of its own"]),
        (["input.x | input.y"], ["1:1: write `a or b` for truth values, {**a, **b} for objects"]),
        (["input << 1"], ["1:1: the language has no such operator"]),
        (["~input"], ["1:1: numbers are not looked at by their bits"]),
        (["+input"], ["1:1: write the number without its +"]),
        (["input is 5"], ["1:10: `is` asks for None, True or False only; write =="]),
        (
            ["1 < time.now() < 3"],
            ["1:5: it is compared twice, and time.now is to be called once: give it a name on a line before"],
        ),
        (
            ["1 < len(time.now()) < 3"],
            ["1:5: it is compared twice, and time.now is to be called once: give it a name on a line before"],
        ),
        (["b'a'"], ["1:1: a literal is None, True, False, a number or a text"]),
        (
            ["input.__class__"],
            ['1:1: values have no __class__; a property of that name is getattr(value, "__class__")'],
        ),
        (["getattr(input, input)"], ["1:1: write value[name], which is None where there is no such key"]),
        (['"a".strip("b")'], ["1:1: strip() takes 0 arguments here, and has 1; a workflow has string.trim"]),
        (["min(input, key=1)"], ["1:1: min() takes no keywords; a workflow has value.min"]),
        (["max(1, 2, key=3)"], ["1:1: max() takes no keywords; a workflow has value.max"]),
        (
            ["input.replace(hour=8)"],
            [
                (
                    "1:1: replace() takes no keywords; a workflow has string.replace_all; "
                    'for a moment, date.at(moment, "08:00", zone)'
                )
            ],
        ),
        (
            ["sorted(input, key=1)"],
            ['1:15: write list.sort(items, "key") or list.sort_descending(items, "key") for objects'],
        ),
        (["range()"], ["1:1: range() takes one to three arguments"]),
        (["input[0](1)"], ["1:1: only callables can be called"]),
        (["fail(1) + 1"], ["1:1: fail(message) is a statement, on a line of its own"]),
        (["x = Failure(1)"], ["1:5: a failure is raised: raise Failure(message)"]),
        (["x = Failure"], ["1:5: Failure is no value; a failure is raised: raise Failure(message)"]),
        (
            ["log.info(coalesce)"],
            ["1:10: coalesce is no value; coalesce takes two values: the second is for where the first is None"],
        ),
        (["fail"], ["1:1: fail is no value; fail(message) is a statement, on a line of its own"]),
        (["block"], ["1:1: block is no value; a block is a statement: with block():"]),
        (["Input"], ["1:1: Input is no value; Input stands before the function, not in it"]),
        (["workflow"], ["1:1: workflow is no value; workflow stands before the function, not in it"]),
        (["raise ValueError(1)"], ["1:1: what is raised is a message: raise Failure(message)"]),
        (["raise"], ["1:1: write `raise Failure(error.message)`"]),
        (["raise Failure()"], ["1:7: Failure(message) takes one argument"]),
        (["fail(1, 2)"], ["1:1: fail(message) takes one argument"]),
        (["coalesce(1)"], ["1:1: coalesce takes two values: the second is for where the first is None"]),
        (["coalesce(1, 2, x=3)"], ["1:1: coalesce takes two values: the second is for where the first is None"]),
        (
            ["for x in []:", "    pass", "else:", "    pass"],
            ["4:5: a loop has no else; set a variable where it breaks"],
        ),
        (["while 0:", "    pass", "else:", "    pass"], ["4:5: a loop has no else; set a variable where it breaks"]),
        (["try:", "    pass", "finally:", "    pass"], [f"4:5: {NO_FINALLY}"]),
        (
            ["try:", "    pass", "except Exception:", "    pass", "else:", "    pass"],
            ["6:5: a try has no else; write its statements at the end of the try"],
        ),
        (
            ["try:", "    pass", "except ValueError:", "    pass", "except Exception:", "    pass"],
            [
                "3:8: every failure is caught: write `except Failure as error:`",
                "5:1: a try has one except, which catches every failure",
            ],
        ),
        (
            ["try:", "    pass", "except:", "    pass"],
            ["3:1: every failure is caught: write `except Failure as error:`"],
        ),
        (
            ["with open(input):", "    pass"],
            ["1:1: there is nothing to open or close; `with block():` makes a scope of its own"],
        ),
        (["def f():", "    pass"], ["1:1: a workflow is one function, without functions of its own"]),
        (["match input:", "    case _:", "        pass"], ["1:1: write if, elif and else"]),
        (["import os"], ["1:1: imports stand before the function, and come from lodol.workflow"]),
        (["del input"], ["1:1: values never change; write object.without(data, [key]), or use another name"]),
        (["break"], ["1:1: break stands outside a loop"]),
        (["x = block()"], ["1:5: a block is a statement: with block():"]),
        (["x = block(1, 2)"], ["1:5: a block is a statement: with block():"]),
        (["x = Input()"], ["1:5: Input stands before the function, not in it"]),
        (["bool(x=1)"], ["1:1: bool() takes no keywords"]),
        (["bool(1, 2)"], ["1:1: bool() takes one argument"]),
        (["number(1)"], ["1:1: number is called by one of its names: number.…(…)"]),
        (["zip([1])"], ["1:1: zip() takes 2 arguments here, and has 1; a workflow has list.zip"]),
        (
            ['"a".split("b", 1)'],
            ["1:1: split() takes 0 or 1 arguments here, and has 2; a workflow has string.split"],
        ),
        (["for input.x in input:", "    pass"], ["1:5: a loop gives its items to names: for a, b in items"]),
        (["for (x,) in input:", "    pass"], ["1:5: a loop takes its items apart into two names or more"]),
        (["[1 async for x in input]"], ["1:14: write `for` without async"]),
        (
            ["{**input, input: 1}"],
            ["1:1: write {**data, **{key: value}}: computed keys in an object of their own"],
        ),
        (["class A:", "    pass"], ["1:1: there are no classes"]),
        (["assert input"], ["1:1: write `if not …:` and `raise Failure(message)`"]),
        (
            ["with block() as b:", "    pass"],
            ["1:1: there is nothing to open or close; `with block():` makes a scope of its own"],
        ),
        (
            ["print(y, y=z)"],
            [
                "1:1: there is no print(); write log.info(message)",
                "1:7: the variable y was never declared",
                "1:12: the variable z was never declared",
            ],
        ),
        (["input &= 1"], ["1:1: write `a and b` for truth values, list.intersection(a, b) for lists"]),
        (
            ["email = 1", "try:", "    pass", "except Failure as log:", "    pass"],
            [
                "1:1: email is imported, and means its callables; call the variable otherwise",
                "4:1: log is imported, and means its callables; call the variable otherwise",
            ],
        ),
        (["x = '\\x00'"], ["1:5: it has the character NUL at position 0, which cannot be stored"]),
        (["x = 1e999"], ["1:5: it is not a finite number"]),
        (
            ["é = 1"],
            ["1:1: a name has letters, digits and underscores, begins with no digit, and has at most 64 characters"],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_what_is_no_workflow_is_told_with_its_place(lines: list[str], findings: list[str]) -> None:
    assert sorted(found_in(*lines)) == sorted(findings)


def test_everything_is_told_at_once_and_in_order() -> None:
    assert [each.partition(":")[0] for each in found_in("print(x)", "y = (1, 2)", "time.slep(1)", "del y")] == [
        "1",
        "1",
        "2",
        "3",
        "4",
    ]


@pytest.mark.parametrize(
    ("source", "findings"),
    [
        ("", ["1:1: a file has one function, under @workflow(name=…) of lodol.workflow"]),
        ("x = (", ["1:5: '(' was never closed"]),
        ("x = 1\ny = 2\nz = (]", ["3:6: closing parenthesis ']' does not match opening parenthesis '('"]),
        (
            "x = '\ud800'",
            ["1:1: 'utf-8' codec can't encode character '\\ud800' in position 5: surrogates not allowed"],
        ),
        ("\x00", ["1:1: source code string cannot contain null bytes"]),
        (
            "from lodol.workflow import workflow\ndef f():\n    pass",
            ["2:1: the function stands under @workflow(name=…), and nothing else"],
        ),
        (
            "from lodol.workflow import workflow\n@workflow\ndef f():\n    pass",
            ["3:1: the function stands under @workflow(name=…), and nothing else"],
        ),
        (
            "from lodol.workflow import workflow\n@workflow()\ndef f():\n    pass",
            ["2:2: @workflow needs a name: @workflow(name=…)"],
        ),
        (
            '@workflow(name="a")\ndef f():\n    pass',
            ["1:2: workflow is not imported: from lodol.workflow import workflow"],
        ),
        (
            'from lodol.workflow import workflow\n@workflow(name="a", x=1)\ndef f():\n    pass',
            ["2:21: @workflow takes texts: name, id and description"],
        ),
        (
            'from lodol.workflow import workflow\n@workflow(name="a")\ndef f(order):\n    pass',
            ["3:1: a workflow takes one parameter: def f(input: Input)"],
        ),
        (
            'from lodol.workflow import workflow\n@workflow(name="a")\nasync def f():\n    pass',
            [
                "3:1: write `def` without async: a program waits by itself",
                "1:1: a file has one function, under @workflow(name=…) of lodol.workflow",
            ],
        ),
        (
            'from lodol.workflow import workflow, emial\n@workflow(name="a")\ndef f():\n    pass',
            ["1:38: lodol.workflow has no emial; did you mean email?"],
        ),
        (
            'from lodol.workflow import workflow, email as e\n@workflow(name="a")\ndef f():\n    pass',
            ["1:38: what is imported keeps its name"],
        ),
        (
            (
                'import os\nfrom lodol.workflow import workflow\nx = 1\n@workflow(name="a")\n'
                "def f():\n    pass\ndef g():\n    pass"
            ),
            [
                (
                    "1:1: a workflow imports from lodol.workflow, and nothing else; "
                    "a workflow has no machine of its own; what it needs comes in its input"
                ),
                "3:1: beside its imports and its function a file has nothing",
                "7:1: a file has one function, the workflow, which has no others to call",
            ],
        ),
        (
            f"import numpy\nfrom . import x\n{IMPORTS}{FRAMED}    pass\n",
            [
                "1:1: a workflow imports from lodol.workflow, and nothing else",
                "2:1: a workflow imports from lodol.workflow, and nothing else",
            ],
        ),
        ("(" * 150 + ")" * 150, None),
        ("x = " + "-" * 5000 + "1", None),
        ("#" * (256 * 1024 + 1), ["1:1: the source is over the limit of 262144 bytes"]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_file_that_is_no_workflow_is_told(source: str, findings: list[str] | None) -> None:
    found = [f"{f.position.line}:{f.position.column}: {f.message}" for f in read(source, SIGNATURES).findings]

    assert found
    assert findings is None or sorted(found) == sorted(findings)


def test_a_workflow_has_its_name_its_id_and_its_description() -> None:
    source = '"""A file."""\n\nfrom __future__ import annotations\nfrom lodol.workflow import Input, workflow\n\n\n'
    source += '@workflow(name="Order Total", id="665f1a2b3c4d5e6f7a8b9c0e")\n'
    source += 'def order_total(input: Input) -> None:\n    """Adds up.\n\n    All of it.\n    """\n'

    found = read(source, SIGNATURES)

    assert (found.name, found.id, found.description) == (
        "Order Total",
        "665f1a2b3c4d5e6f7a8b9c0e",
        "Adds up.\n\nAll of it.",
    )
    assert (found.program, found.findings) == (program(), [])


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("raise Failure(1)", "Failure"),
        ("fail(1)", "fail"),
        ("coalesce(1, 2)", "coalesce"),
        ("email.send({})", "email"),
        ("with block(): pass", "block"),
    ],
)
def test_what_is_used_is_imported(line: str, name: str) -> None:
    head = 'from lodol.workflow import Input, workflow\n\n\n@workflow(name="W")\ndef w(input: Input) -> None:\n'

    messages = [finding.message for finding in read(f"{head}    {line}\n", SIGNATURES).findings]

    assert f"{name} is not imported: from lodol.workflow import {name}" in messages


def test_an_except_needs_its_failure_imported() -> None:
    head = 'from lodol.workflow import Input, workflow\n\n\n@workflow(name="W")\ndef w(input: Input) -> None:\n'
    source = head + "    try:\n        pass\n    except Failure:\n        pass\n"

    assert [finding.message for finding in read(source, SIGNATURES).findings] == [
        "Failure is not imported: from lodol.workflow import Failure"
    ]
    assert read(source.replace("Failure", "Exception"), SIGNATURES).findings == []


def test_a_keyword_stands_once() -> None:
    assert found_in("number.format(1, digits=2, digits=3)") == ["1:28: digits is given twice"]


def test_a_mark_of_the_encoding_is_no_part_of_the_source() -> None:
    assert read("\ufeff" + source_of("1"), SIGNATURES) == read_lines("1")


def test_a_description_of_the_decorator_leaves_the_first_text_a_description_all_the_same() -> None:
    source = HEAD.replace('name="W"', 'name="W", description="d"') + '    """Documented."""\n    1\n'

    assert (read(source, SIGNATURES).description, read(source, SIGNATURES).program) == ("d", program(do(literal(1))))


def test_warnings_are_told_where_there_are_no_errors() -> None:
    source = source_of("x = 1", "return", "log.info(1)")

    assert told(read(source, SIGNATURES).findings, source, "w.py").splitlines()[::3] == [
        f"w.py:{HEAD.count('\n') + 1}:5: warning: the variable x is never used",
        f"w.py:{HEAD.count('\n') + 3}:5: warning: it never runs: a return comes before it",
    ]
    assert [finding.severity for finding in read_lines("x = 1", "print(2)").findings] == ["error"]
    assert [finding.severity for finding in read_lines('"%s" % input').findings] == ["warning"]


def test_what_no_call_can_use_is_told_at_the_call() -> None:
    assert found_in('x = date.add(input, 1, "fortnight")', 'email.send(to=input, subject="s")') == [
        "1:5: date.add: unit must be seconds, minutes, hours, days, weeks, months or years",
        "2:1: email.send: mail.text is missing",
    ]


def test_the_first_program_of_the_documents_is_the_tree_beside_it() -> None:
    document = (Path(__file__).parents[2] / "docs/programs.md").read_text()
    source, tree = (document.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("python", "json"))

    found = read(source, SIGNATURES)

    assert (found.program, found.findings) == (json.loads(tree), [])


def test_each_node_knows_its_place_in_characters() -> None:
    positions = read_lines("é1 = 'ö' + input.x", "log.info(é1)").positions
    first = HEAD.count("\n") + 1

    assert positions["body[0]"] == Position(first, 5)
    assert positions["body[0].init.right"] == Position(first, 16)
    assert positions["body[1].expr.args[0]"] == Position(first + 1, 14)


def test_findings_are_told_with_their_line_and_a_caret() -> None:
    source = HEAD + "    é = 'ü' + xx\n"

    line = HEAD.count("\n") + 1
    assert told(read(source, SIGNATURES).findings[1:], source, "w.py") == (
        f"w.py:{line}:15: the variable xx was never declared\n        é = 'ü' + xx\n                  ^"
    )


def test_the_caret_stands_below_its_place_behind_tabs_and_behind_the_last_line() -> None:
    findings = [SourceFinding(Position(1, 4), "here"), SourceFinding(Position(9, 1), "at the end")]

    assert (
        told(findings, "\ta\tb\n", "w.py")
        == "w.py:1:4: here\n    \ta\tb\n    \t \t^\nw.py:9:1: at the end\n    \n    ^"
    )


@pytest.mark.parametrize(("levels", "columns"), [(62, []), (63, [68]), (180, [134])])
def test_an_expression_nested_too_deeply_is_told_once(levels: int, columns: list[int]) -> None:
    told_once = [f"1:{column}: nodes are nested deeper than the limit of 64 levels" for column in columns]

    assert found_in("x = " + "-" * levels + "input") == told_once


def test_statements_nested_too_deeply_are_told_where_they_become_so() -> None:
    branches = [line for _ in range(140) for line in ("elif 1:", "    pass")]

    assert found_in("if 1:", "    pass", *branches) == [
        f"{place}: nodes are nested deeper than the limit of 64 levels" for place in ("259:6", "261:1")
    ]


@settings(max_examples=200, deadline=None, database=None)
@given(st.text() | st.text("(){}[]:=+-*/%<>!&|^~@.,; \n\t\"'fx01if else for in try except lambda def"))
def test_any_text_is_read_or_told(text: str) -> None:
    for source in (text, HEAD + "    " + text):
        found = read(source, SIGNATURES)
        told(found.findings, source, "it.py")


@pytest.mark.parametrize(
    ("source", "findings"),
    [
        (
            f"import requests\n{IMPORTS}{FRAMED}    return requests.get('x').json()['a'] + requests.text\n",
            ["1:1: a workflow imports from lodol.workflow, and nothing else; http.request(…) calls an API"],
        ),
        (
            f"from datetime import datetime as clock\n{IMPORTS}{FRAMED}    return clock.now()\n",
            [
                (
                    "1:1: a workflow imports from lodol.workflow, and nothing else; "
                    "time.now() is the moment, and date.… computes with moments"
                )
            ],
        ),
        (
            f"from lodol.workflow import Input, emial, workflow\n{FRAMED}    emial.send(to='a')\n    return emial\n",
            ["1:35: lodol.workflow has no emial; did you mean email?"],
        ),
        (
            f"from lodol.workflow import Input, emial as mail, workflow\n{FRAMED}    mail.send(to='a')\n    mail(1)\n",
            ["1:35: lodol.workflow has no emial; did you mean email?"],
        ),
        (
            f"from lodol.workflow import Input, emial as mail, workflow\n{FRAMED}    return emial\n",
            [
                "1:35: lodol.workflow has no emial; did you mean email?",
                "4:12: the variable emial was never declared",
            ],
        ),
        (
            f"from lodol.workflow import Input, mail as email, workflow\n{FRAMED}    email.send(input)\n",
            ["1:35: lodol.workflow has no mail; did you mean email?"],
        ),
        (
            f"from lodol.workflow import Input, email as x, workflow\n{FRAMED}    x.send(to=y)\n    email.send(x)\n",
            ["1:35: what is imported keeps its name", "4:15: the variable y was never declared"],
        ),
        (
            f"from lodol.workflow import Input, coalesce as c, workflow\n{FRAMED}    return c(input, x=y)\n",
            ["1:35: what is imported keeps its name", "4:23: the variable y was never declared"],
        ),
        (
            f"from lodol.workflow import Input, email as email, workflow\n{FRAMED}    return email\n",
            [
                "1:35: what is imported keeps its name",
                "4:12: email is no value; call one of its callables: email.…(…)",
            ],
        ),
        (
            (
                f"from lodol.workflow import Input, email as x, workflow\n{FRAMED}"
                "    if input:\n        x = 1\n        x.foo()\n    return x.foo()\n"
            ),
            [
                "1:35: what is imported keeps its name",
                "6:9: there is no method foo",
                "7:12: there is no method foo",
                "7:12: x is first set within a branch, and not there any more; declare it before: x = None",
            ],
        ),
        (
            f"from numpy import max\n{IMPORTS}{FRAMED}    return max.reduce(input)\n",
            ["1:1: a workflow imports from lodol.workflow, and nothing else"],
        ),
        (
            f"import os\n{IMPORTS}{FRAMED}    return os.getenv(y)\n",
            [
                (
                    "1:1: a workflow imports from lodol.workflow, and nothing else; "
                    "a workflow has no machine of its own; what it needs comes in its input"
                ),
                "5:22: the variable y was never declared",
            ],
        ),
        (
            f"import requests\n{IMPORTS}{FRAMED}    return requests.get(url=y).json(x)\n",
            [
                "1:1: a workflow imports from lodol.workflow, and nothing else; http.request(…) calls an API",
                "5:29: the variable y was never declared",
                "5:37: the variable x was never declared",
            ],
        ),
        (
            f"{IMPORTS}{FRAMED}    nubmer.format(input.a).upper()\n",
            ["4:5: nubmer is neither a variable nor a namespace of callables; did you mean number?"],
        ),
        (
            f"{IMPORTS}def helper(x):\n    return y\n{FRAMED}    return 1\n",
            ["2:1: a file has one function, the workflow, which has no others to call"],
        ),
        (f"{IMPORTS}{FRAMED}    return fail\n", ["4:12: the variable fail was never declared"]),
        (
            f"{IMPORTS}{FRAMED}    if input:\n        x = 1\n    return x + x + x\n",
            ["6:12: x is first set within a branch, and not there any more; declare it before: x = None"],
        ),
    ],
    ids=[
        "module",
        "name of a module",
        "misspelt import",
        "misspelt import under another name",
        "misspelt name of an import under another",
        "misspelt import under the right name",
        "import under another name",
        "helper under another name",
        "import under its own name",
        "variable with another name of an import",
        "import with the name of a function",
        "what is given to a module",
        "what is given to a module by keyword",
        "unknown namespace",
        "helper",
        "name of a helper that is not imported",
        "ended variable",
    ],
)
def test_what_is_wrong_is_told_once_and_not_wherever_it_shows(source: str, findings: list[str]) -> None:
    found = [f"{f.position.line}:{f.position.column}: {f.message}" for f in read(source, SIGNATURES).findings]

    assert found == findings


@pytest.mark.parametrize("raised", ["Failure", "Exception"])
def test_what_is_caught_as_an_exception_may_be_raised_as_one(raised: str) -> None:
    source = IMPORTS.replace("Input", "Failure, Input") + f'{FRAMED}    raise {raised}("no")\n'

    assert read(source, SIGNATURES).program["body"] == [{"kind": "ThrowStmt", "message": literal("no")}]


def test_a_property_that_no_result_of_a_call_has_is_a_warning() -> None:
    """What people know of other libraries is null here, and would be so without a word."""
    head = IMPORTS.replace("Input", "Input, http, human, log")
    body = """    r = http.request("GET", "https://example.com")
    if r.status_code == 200 and r.status and r.headers.etag:
        log.info(r.json)
    r2 = http.request("GET", "https://example.com")
    r2 = input
    log.info(r2.anything)
    log.info([r.x for r3 in input])
    log.info([r4.x for r4 in input])
"""
    found = read(f"{head}{FRAMED}{body}", SIGNATURES).findings

    assert [(f.position.line, f.severity, f.message) for f in found] == [
        (5, "warning", "what http.request gives has no status_code; did you mean status?"),
        (6, "warning", "what http.request gives has no json; it has status, headers, body"),
        (10, "warning", "what http.request gives has no x; it has status, headers, body"),
    ]
