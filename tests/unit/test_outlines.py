"""Outlines: every statement is a line at the path of its node, and expressions read as they would be written."""

from typing import Any

import pytest

from domain.callables import SIGNATURES
from domain.program.lines import Lines
from domain.program.outlines import Line, outline
from tests.support.programs import (
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
    ret,
    throw,
    var,
)


def lines(*body: Any) -> list[tuple[str, int, str]]:
    return [(line.at, line.depth, line.text) for line in outline(program(*body), SIGNATURES)]


def test_statements_stand_at_their_paths_and_depths() -> None:
    cond = {"kind": "IfStmt", "cond": var("c"), "thenBranch": block(do(var("a"))), "elseBranch": do(var("b"))}
    tried = {"kind": "TryStmt", "body": block(do(var("a"))), "name": "e", "handler": block(do(var("e")))}
    loop = {"kind": "WhileStmt", "cond": literal(True), "body": block({"kind": "BreakStmt"}, {"kind": "ContinueStmt"})}

    assert lines(cond, tried, for_each("x", var("xs"), loop), block(ret(None))) == [
        ("body[0]", 0, "if c"),
        ("body[0].thenBranch.body[0]", 1, "a"),
        ("body[0].elseBranch", 0, "else"),
        ("body[0].elseBranch", 1, "b"),
        ("body[1]", 0, "try"),
        ("body[1].body.body[0]", 1, "a"),
        ("body[1].handler", 0, "except Failure as e"),
        ("body[1].handler.body[0]", 1, "e"),
        ("body[2]", 0, "for x in xs"),
        ("body[2].body.body[0]", 1, "while True"),
        ("body[2].body.body[0].body.body[0]", 2, "break"),
        ("body[2].body.body[0].body.body[1]", 2, "continue"),
        ("body[3]", 0, "with block()"),
        ("body[3].body[0]", 1, "return"),
    ]


def test_an_if_in_the_place_of_an_else_is_an_elif_as_deep_as_the_if() -> None:
    last = {"kind": "IfStmt", "cond": var("d"), "thenBranch": block(do(var("b"))), "elseBranch": do(var("e"))}
    cond = {"kind": "IfStmt", "cond": var("c"), "thenBranch": block(do(var("a"))), "elseBranch": last}

    assert lines(for_each("x", var("xs"), cond)) == [
        ("body[0]", 0, "for x in xs"),
        ("body[0].body.body[0]", 1, "if c"),
        ("body[0].body.body[0].thenBranch.body[0]", 2, "a"),
        ("body[0].body.body[0].elseBranch", 1, "elif d"),
        ("body[0].body.body[0].elseBranch.thenBranch.body[0]", 2, "b"),
        ("body[0].body.body[0].elseBranch.elseBranch", 1, "else"),
        ("body[0].body.body[0].elseBranch.elseBranch", 2, "e"),
    ]


def test_the_line_of_a_step_is_the_one_at_its_path() -> None:
    assert outline(program(do(literal(1))), SIGNATURES)[0] == Line("body[0]", 0, "ExprStmt", "1")


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (literal({"a": [1, None, "ü"]}), '{"a": [1, None, "ü"]}'),
        (plus(var("a"), plus(var("b"), literal(1))), "a + (b + 1)"),
        ({"kind": "UnaryExpr", "op": "!", "operand": plus(var("a"), var("b"))}, "not a + b"),
        (call("http.request", literal("GET"), var("url")), 'http.request("GET", url)'),
        ({"kind": "CallExpr", "callee": "time.now"}, "time.now()"),
        ({"kind": "MemberExpr", "object": var("o"), "property": "p"}, "o.p"),
        ({"kind": "IndexExpr", "object": var("l"), "index": literal(-1)}, "l[-1]"),
        ({"kind": "ArrayExpr", "elements": [var("a"), literal(2)]}, "[a, 2]"),
        (object_of(("k", var("v"))), '{"k": v}'),
        (
            {"kind": "CondExpr", "cond": var("c"), "then": literal(1), "else": plus(var("a"), var("b"))},
            "1 if c else a + b",
        ),
        (list_comp(var("x"), "x", var("xs"), var("c")), "[x for x in xs if c]"),
        ({**list_comp(var("x"), "x", var("xs")), "others": ["y"]}, "[x for x, y in xs]"),
        (dict_comp(var("x"), literal(1), "x", var("xs")), "{x: 1 for x in xs}"),
        ({"kind": "TemplateExpr", "parts": ["Dear ", var("name"), "!"]}, 'f"Dear {name}!"'),
    ],
)
def test_an_expression_reads_as_it_would_be_written(node: Any, text: str) -> None:
    assert lines(do(node)) == [("body[0]", 0, text)]


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (let("x", literal(1)), "x = 1"),
        ({"kind": "LetStmt", "name": "x"}, "x = None"),
        ({"kind": "AssignStmt", "name": "x", "value": var("y")}, "x = y"),
        ({"kind": "AssignStmt", "name": "x", "value": plus(var("x"), literal(1))}, "x += 1"),
        ({"kind": "AssignStmt", "name": "x", "value": plus(var("y"), literal(1))}, "x = y + 1"),
        (ret(var("x")), "return x"),
        ({"kind": "ReturnStmt"}, "return"),
        ({"kind": "FailStmt", "message": literal("no")}, 'fail("no")'),
        (throw(literal("no")), 'raise Failure("no")'),
        ({"kind": "IfStmt", "cond": var("c"), "thenBranch": block()}, "if c"),
    ],
)
def test_a_statement_is_its_line(node: Any, text: str) -> None:
    assert lines(node) == [("body[0]", 0, text)]


def test_a_loop_over_parts_names_them_all() -> None:
    assert lines({**for_each("a", var("xs")), "others": ["b"]}) == [("body[0]", 0, "for a, b in xs")]


def test_a_long_line_is_cut() -> None:
    [(_, _, text)] = lines(do(literal("x" * 200)))
    assert (len(text), text[-1]) == (160, "…")
    [(_, _, text)] = lines(do(literal("x" * 158)))
    assert text == f'"{"x" * 158}"'


def test_a_line_of_a_source_has_its_number() -> None:
    whole = program(for_each("x", var("xs"), do(var("x"))), do(var("y")))
    numbers = Lines({"body[0]": 3, "body[0].body": 4, "body[1]": 7})

    assert [line.number for line in outline(whole, SIGNATURES, numbers)] == [3, 4, 7]


def test_an_else_and_an_except_are_no_nodes_and_have_no_number() -> None:
    cond = {"kind": "IfStmt", "cond": var("c"), "thenBranch": do(var("a")), "elseBranch": do(var("b"))}
    tried = {"kind": "TryStmt", "body": do(var("a")), "name": "e", "handler": do(var("e"))}
    paths = ("body[0]", "body[0].thenBranch", "body[0].elseBranch", "body[1]", "body[1].body", "body[1].handler")
    numbers = Lines({path: 2 * (i + 1) for i, path in enumerate(paths)})

    assert [(line.text, line.number) for line in outline(program(cond, tried), SIGNATURES, numbers)] == [
        ("if c", 2),
        ("a", 4),
        ("else", None),
        ("b", 6),
        ("try", 8),
        ("a", 10),
        ("except Failure as e", None),
        ("e", 12),
    ]


def test_a_program_without_a_source_has_no_numbers() -> None:
    whole = program(for_each("x", var("xs"), do(var("x"))), do(var("y")))

    assert [line.number for line in outline(whole, SIGNATURES)] == [None, None, None]
