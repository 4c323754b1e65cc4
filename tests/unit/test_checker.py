"""What the checker says of each way in which a program may be wrong: where, and in which words."""

from typing import Any

import pytest

from domain.callables import SIGNATURES
from domain.program.checker import check, review
from domain.program.limits import NESTING, PROGRAM_BYTES, STEPS
from domain.program.values import dumps
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
    program,
    var,
)

NO_PROGRAM = 'a program is an object: {"kind": "Program", "body": [...]}'
NO_NODE = "it must be a node: an object with a kind"
UNDECLARED = "the variable x was never declared"
UNSTORABLE = "it has the character NUL at position 0, which cannot be stored"
TOO_DEEP = f"it is nested deeper than the limit of {NESTING} levels"
NODES_TOO_DEEP = f"nodes are nested deeper than the limit of {NESTING} levels"


def template(*parts: Any) -> Any:
    return do({"kind": "TemplateExpr", "parts": list(parts)})


def fields(*properties: Any) -> Any:
    return do({"kind": "ObjectExpr", "properties": list(properties)})


@pytest.mark.parametrize(
    ("source", "findings"),
    [
        (5, [("program", NO_PROGRAM)]),
        ([1], [("program", NO_PROGRAM)]),
        ({"kind": "Program"}, [("program", "the field body is missing")]),
        ({"body": []}, [("program", "the field kind is missing")]),
        ({"kind": "Prog", "body": []}, [("kind", "it must be 'Program'")]),
        ({"kind": "Program", "body": 5}, [("body", "it must be a list")]),
        ({"kind": "Program", "body": [], "x": 1}, [("program", "unknown field x")]),
        (program(5), [("body[0]", NO_NODE)]),
        (program({"knd": "x"}), [("body[0]", "a node needs a kind")]),
        (program(literal(1)), [("body[0]", "Literal cannot stand here, where a statement is needed")]),
        (
            program(do({"kind": "LetStmt"})),
            [("body[0].expr", "LetStmt cannot stand here, where an expression is needed")],
        ),
        (program(template("a", 5)), [("body[0].expr.parts[1]", "it must be a string or an expression")]),
        (program(template(["x"])), [("body[0].expr.parts[0]", "it must be a string or an expression")]),
        (program(template({})), [("body[0].expr.parts[0]", "a node needs a kind")]),
        (program(template({"kind": "Nope"})), [("body[0].expr.parts[0]", "unknown kind 'Nope'")]),
        (program(template("a", {"kind": "Literal"})), [("body[0].expr.parts[1]", "the field value is missing")]),
        (program(do({"kind": "TemplateExpr", "parts": 5})), [("body[0].expr.parts", "it must be a list")]),
        (program(do({**literal(1), "": [1]})), [("body[0].expr", "unknown field ")]),
        (
            program(fields({"key": "a", "value": literal(1), "kind": [], "x": 1})),
            [
                ("body[0].expr.properties[0]", "unknown field kind"),
                ("body[0].expr.properties[0]", "unknown field x"),
            ],
        ),
        (program(let(5, literal(1))), [("body[0].name", "it must be a string")]),  # type: ignore[arg-type]
        (program({"kind": "LetStmt"}), [("body[0]", "the field name is missing")]),
        (program({"kind": "LetStmt", "name": "a", "init": 5}), [("body[0].init", NO_NODE)]),
        (
            program(let("1a", literal(1))),
            [
                (
                    "body[0].name",
                    "a name has letters, digits and underscores, begins with no digit, and has at most 64 characters",
                )
            ],
        ),
        (
            program(fields({"key": "a", "valeu": literal(1)})),
            [
                ("body[0].expr.properties[0]", "the field value is missing"),
                ("body[0].expr.properties[0]", "unknown field valeu; did you mean value?"),
            ],
        ),
        (program(fields(5)), [("body[0].expr.properties[0]", NO_NODE)]),
        (
            program(do({"kind": "CondExpr", "cond": literal(1), "then": literal(1), "else": literal(1), "esle": 1})),
            [("body[0].expr", "unknown field esle; did you mean else?")],
        ),
        (
            program({**for_each("x", literal([])), "name": 5}),
            [("body[0].name", "it must be a string")],
        ),
        (
            program({"kind": "TryStmt", "body": block(), "name": 5, "handler": block()}),
            [("body[0].name", "it must be a string")],
        ),
        (program(do({"kind": "CallExpr", "callee": 5, "args": []})), [("body[0].expr.callee", "it must be a string")]),
        (
            program(do({"kind": "CallExpr", "callee": "time.now", "args": 5})),
            [("body[0].expr.args", "it must be a list")],
        ),
        (program(do({"kind": 5})), [("body[0].expr", "unknown kind '5'")]),
        (program(do({"kind": []})), [("body[0].expr", "unknown kind '[]'")]),
        (program({"kind": {}}), [("body[0]", "unknown kind '{}'")]),
        (program(do({"kind": "ArrayExpr", "elements": 5})), [("body[0].expr.elements", "it must be a list")]),
        (program(do({"kind": "ObjectExpr", "properties": 5})), [("body[0].expr.properties", "it must be a list")]),
        (program(do({**literal(1), "properties": [{"key": "\x00"}]})), [("body[0].expr", "unknown field properties")]),
        (
            program(let("a", literal(1)), let("a", literal(2))),
            [("body[1]", "the variable a is already declared in this scope, at body[0]")],
        ),
        (
            program(let("input", literal(1))),
            [("body[0]", "the variable input is already declared in this scope, from the start")],
        ),
        (program({"kind": "LetStmt", "name": [], "init": literal(1)}), [("body[0].name", "it must be a string")]),
        (program(do({"kind": "VarRef", "name": 5})), [("body[0].expr.name", "it must be a string")]),
        (program(do({"kind": "CallExpr", "callee": [], "args": []})), [("body[0].expr.callee", "it must be a string")]),
        (program(do({"kind": "UnaryExpr", "op": "!", "operand": "\x00"})), [("body[0].expr.operand", NO_NODE)]),
        (program(do({"kind": "ArrayExpr", "elements": ["\x00"]})), [("body[0].expr.elements[0]", NO_NODE)]),
        (program(template("a", var("x"))), [("body[0].expr.parts[1]", "the variable x was never declared")]),
        (program(template("\x00")), [("body[0].expr.parts[0]", UNSTORABLE)]),
        (program(do({"kind": "ArrayExpr", "elements": [var("x")]})), [("body[0].expr.elements[0]", UNDECLARED)]),
        (program(do(call("string.upper", var("x")))), [("body[0].expr.args[0]", UNDECLARED)]),
        (
            program(fields({"key": "\x00", "value": var("x")})),
            [("body[0].expr.properties[0].key", UNSTORABLE), ("body[0].expr.properties[0].value", UNDECLARED)],
        ),
        (
            program(do(call("list.append"))),
            [("body[0].expr.args", "list.append(list, items…) takes at least 1 arguments, and has 0")],
        ),
        (program(do(call("list.append", literal([])))), []),
        (
            program(do(call("time.now", literal(1)))),
            [("body[0].expr.args", "time.now() takes 0 arguments, and has 1")],
        ),
        (
            program(do(call("date.parse"))),
            [("body[0].expr.args", "date.parse(text, zone?) takes 1 to 2 arguments, and has 0")],
        ),
        (program({"kind": "BreakStmt"}), [("body[0]", "BreakStmt stands outside a loop")]),
        (program({"kind": "BlockStmt", "body": 5}), [("body[0].body", "it must be a list")]),
        (
            program({"kind": "FailStmt", "message": literal(1), "mesage": 1}),
            [("body[0]", "unknown field mesage; did you mean message?")],
        ),
        (program(do(literal(float("nan")))), [("body[0].expr.value", "it is not a finite number")]),
        (program(*[do(literal(1))] * STEPS), []),
        (
            program(*[do(literal(1))] * (STEPS + 1)),
            [("body", f"it has {STEPS + 1} steps, over the limit of {STEPS}")],
        ),
    ],
)
def test_it_says(source: Any, findings: list[tuple[str, str]]) -> None:
    assert [(finding.path, finding.message) for finding in check(source, SIGNATURES)] == findings


def test_a_program_of_the_largest_size_is_accepted_and_none_that_is_larger() -> None:
    spare = PROGRAM_BYTES - len(dumps(program(do(literal("")))).encode())

    assert check(program(do(literal("a" * spare))), SIGNATURES) == []
    [finding] = check(program(do(literal("é" + "a" * (spare - 1)))), SIGNATURES)
    assert finding.message == f"it takes {PROGRAM_BYTES + 1} bytes, over the limit of {PROGRAM_BYTES}"


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (NESTING - 2, None),
        (NESTING - 1, NODES_TOO_DEEP),
        (4 * NESTING - 4, NODES_TOO_DEEP),
        (4 * NESTING - 3, TOO_DEEP),
        (3000, TOO_DEEP),
    ],
)
def test_nodes_are_nested_so_deep_and_no_deeper(levels: int, message: str | None) -> None:
    expression = var("input")
    for _ in range(levels):
        expression = {"kind": "UnaryExpr", "op": "!", "operand": expression}

    found = check(program(do(expression)), SIGNATURES)

    assert [finding.message for finding in found] == ([] if message is None else [message])


@pytest.mark.parametrize(
    ("levels", "findings"),
    [
        (NESTING, []),
        (NESTING + 1, [("body[0].expr.value", TOO_DEEP)]),
        (4 * NESTING - 4, [("body[0].expr.value", TOO_DEEP)]),
        (4 * NESTING - 3, [("program", TOO_DEEP)]),
    ],
)
def test_a_literal_is_nested_so_deep_and_no_deeper(levels: int, findings: list[tuple[str, str]]) -> None:
    value: Any = 1
    for _ in range(levels):
        value = [value]

    found = check(program(do(literal(value))), SIGNATURES)

    assert [(finding.path, finding.message) for finding in found] == findings


@pytest.mark.parametrize(("levels", "message"), [(NESTING - 1, None), (NESTING, NODES_TOO_DEEP)])
def test_statements_are_nested_so_deep_and_no_deeper(levels: int, message: str | None) -> None:
    statement: Any = block()
    for _ in range(levels):
        statement = {"kind": "BlockStmt", "body": [statement]}

    found = check(program(statement), SIGNATURES)

    assert [finding.message for finding in found] == ([] if message is None else [message])


def findings(*body: Any) -> list[tuple[str, str]]:
    return [(finding.path, finding.message) for finding in check(program(*body), SIGNATURES)]


UNKNOWN = var("input")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (call("time.sleep", literal("ten")), "time.sleep: seconds must be a number, not string"),
        (call("time.sleep", literal(-1)), "time.sleep: seconds must not be negative, and -1 is"),
        (
            call("time.sleep", literal(10**8)),
            "time.sleep: one wait is at most 2592000 seconds, 30 days, and this one is",
        ),
        (call("time.sleep_until", literal("soon")), "time.sleep_until: moment must be ISO 8601, not 'soon'"),
        (call("http.request", literal("FETCH"), UNKNOWN), "http.request: method must be one of GET, HEAD, POST"),
        (call("http.request", UNKNOWN, literal("ftp://a")), "http.request: url must be an http or https address"),
        (
            call("http.request", UNKNOWN, UNKNOWN, literal({"timout": 5})),
            "http.request: options.timout is unknown; options has headers, query, json, body, timeout",
        ),
        (
            call("http.request", UNKNOWN, UNKNOWN, literal({"json": 1, "body": "a"})),
            "http.request: options may have json or body, not both",
        ),
        (call("api.request", literal("HEAD"), UNKNOWN), "api.request: method must be one of GET, POST"),
        (
            call("api.request", UNKNOWN, literal("../x")),
            "api.request: path must be relative to the configured base URL",
        ),
        (call("api.request", UNKNOWN, UNKNOWN, literal([])), "api.request: payload must be an object, not list"),
        (call("email.send", literal({"subject": "s", "text": "t"})), "email.send: mail.to is missing"),
        (call("email.send", literal({"to": "a", "subject": "s", "text": "t"})), "email.send: mail.to.0 must be a mail"),
        (
            call("human.create", UNKNOWN, UNKNOWN, UNKNOWN, literal({"timeout": 5})),
            "human.create: decisionConfig.timeout is unknown",
        ),
        (call("human.create", UNKNOWN, literal(5)), "human.create: actionId must be a string, not number"),
        (call("date.add", UNKNOWN, literal(1), literal("fortnight")), "date.add: unit must be"),
        (call("date.add", UNKNOWN, UNKNOWN, UNKNOWN, literal("Berlin")), "date.add: zone must be a time zone such as"),
        (call("date.format", UNKNOWN, literal("YYYY-TT")), "date.format: pattern has no TT"),
        (call("string.upper", literal(5)), "string.upper: text must be a string, not a number"),
        (call("string.repeat", UNKNOWN, literal(-1)), "string.repeat: times must not be negative, and -1 is"),
        (call("number.round", UNKNOWN, literal(99)), "number.round: digits must be 0 to 15, not 99"),
        (call("number.floor_divide", literal(1), literal(0)), "number.floor_divide: cannot divide by zero"),
        (call("list.concat", literal([1]), literal(2)), r"list.concat: lists[1] must be a list, not a number"),
    ],
)
def test_an_argument_that_no_call_can_use_is_told_before_it_costs(expression: Any, said: str) -> None:
    [(path, message)] = findings(do(expression))

    assert (path, message[: len(said)]) == ("body[0].expr", said)


def fields_with(**given: Any) -> Any:
    return object_of(*given.items())


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (fields_with(subject=UNKNOWN, text=literal("t")), "mail.to is missing"),
        (fields_with(to=UNKNOWN, subject=literal(""), text=UNKNOWN), "mail.subject must not be empty"),
        (fields_with(to=UNKNOWN, subject=UNKNOWN, text=UNKNOWN, cc=UNKNOWN), "mail.cc is unknown; mail has to"),
        (fields_with(to=UNKNOWN, subject=UNKNOWN, text=UNKNOWN), None),
        (fields_with(to=literal("a@b"), subject=UNKNOWN, text=UNKNOWN), None),
    ],
)
def test_an_object_is_checked_as_far_as_it_is_known(argument: Any, said: str | None) -> None:
    found = findings(do(call("email.send", argument)))

    assert [message.removeprefix("email.send: ")[: len(said or "")] for _, message in found] == ([said] if said else [])


@pytest.mark.parametrize(
    "expression",
    [
        call("date.add", UNKNOWN, literal(1.5), UNKNOWN),
        call("human.create", UNKNOWN, literal(None), literal(None), literal(None)),
        call(
            "human.create", UNKNOWN, UNKNOWN, UNKNOWN, fields_with(timeoutSeconds=literal(5), defaultDecision=UNKNOWN)
        ),
        call("http.request", literal("get"), UNKNOWN, fields_with(json=UNKNOWN)),
        call("list.append", UNKNOWN, literal(1), literal(2)),
        call("list.sort", UNKNOWN, literal("key")),
        call("number.clamp", UNKNOWN, literal(0), literal(1)),
        call(
            "email.send",
            fields_with(to=UNKNOWN, subject=literal("s"), text=dict_comp(literal("k"), literal(1), "x", literal([1]))),
        ),
    ],
)
def test_what_may_be_right_is_not_told(expression: Any) -> None:
    assert findings(do(expression)) == []


@pytest.mark.parametrize("value", [{}, {"a": UNKNOWN}])
def test_an_object_where_none_can_be_is_told_whatever_is_in_it(value: dict[str, Any]) -> None:
    assert findings(do(call("time.sleep", fields_with(**value)))) == [
        ("body[0].expr", "time.sleep: seconds must be a number, not object")
    ]


def test_a_name_that_is_close_is_told_rather_than_where_its_own_has_ended() -> None:
    body = (block(let("total", literal(1))), let("totals", literal(2)), do(var("totals")), do(var("total")))

    assert findings(*body) == [("body[3].expr", "the variable total was never declared; did you mean totals?")]


def test_what_takes_any_number_of_arguments_takes_none_of_them_by_its_name() -> None:
    assert SIGNATURES["list.append"].keywords() == {"list": (0, None)}


def test_an_argument_that_cannot_be_stored_is_told_as_that_alone() -> None:
    assert findings(do(call("string.upper", literal("\x00")))) == [("body[0].expr.args[0].value", UNSTORABLE)]
    mail = fields_with(to=literal("\x00"), subject=literal("s"), text=literal("t"))
    assert findings(do(call("email.send", mail))) == [("body[0].expr.args[0].properties[0].value.value", UNSTORABLE)]


def test_a_text_that_is_no_unicode_is_told_in_a_sentence_of_ours() -> None:
    assert findings({"kind": "LetStmt", "name": "\ud800"}) == [
        ("body[0].name", "it has half of a surrogate pair at position 0, which cannot be stored")
    ]


def warned(*body: Any) -> list[tuple[str, str]]:
    found = review(program(*body), SIGNATURES)
    assert all(finding.severity == "warning" for finding in found)
    return [(finding.path, finding.message) for finding in found]


RETURN: Any = {"kind": "ReturnStmt"}


def branches(then: Any, otherwise: Any) -> Any:
    return {"kind": "IfStmt", "cond": UNKNOWN, "thenBranch": then, "elseBranch": otherwise}


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        ([RETURN, do(literal(1)), do(literal(2))], [("body[1]", "it never runs: a ReturnStmt comes before it")]),
        ([block(RETURN), do(literal(1))], [("body[1]", "it never runs: a ReturnStmt comes before it")]),
        (
            [branches(RETURN, block(do(literal(1)), RETURN)), do(literal(1))],
            [("body[1]", "it never runs: a branch either way comes before it")],
        ),
        ([branches(RETURN, block()), do(literal(1))], []),
        (
            [for_each("x", literal([1]), {"kind": "BreakStmt"}, do(literal(1)))],
            [("body[0].body.body[1]", "it never runs: a BreakStmt comes before it")],
        ),
        (
            [{"kind": "TryStmt", "body": block(), "name": "e", "handler": block(RETURN, RETURN)}],
            [("body[0].handler.body[1]", "it never runs: a ReturnStmt comes before it")],
        ),
        ([let("x", literal(1))], [("body[0]", "the variable x is never used")]),
        ([let("_x", literal(1))], []),
        ([let("x", literal(1)), do(var("x"))], []),
        (
            [let("x", literal(1)), {"kind": "AssignStmt", "name": "x", "value": literal(2)}],
            [("body[0]", "the variable x is never used")],
        ),
        (
            [let("x", literal(1)), block(let("x", literal(2)), do(var("x")))],
            [("body[0]", "the variable x is never used")],
        ),
        ([let("x", literal(1)), for_each("x", var("x"), do(var("x")))], []),
        (
            [let("x", literal(1)), for_each("x", literal([]), do(var("x")))],
            [("body[0]", "the variable x is never used")],
        ),
        (
            [let("x", literal(1)), do(list_comp(var("x"), "x", literal([1])))],
            [("body[0]", "the variable x is never used")],
        ),
        ([let("x", literal(1)), do(list_comp(literal(1), "y", literal([1]), var("x")))], []),
        (
            [branches(do(literal(1)), block(let("x", literal(1)), RETURN, RETURN))],
            [
                ("body[0].elseBranch.body[2]", "it never runs: a ReturnStmt comes before it"),
                ("body[0].elseBranch.body[0]", "the variable x is never used"),
            ],
        ),
        ([branches(let("x", literal(1)), do(literal(1)))], [("body[0].thenBranch", "the variable x is never used")]),
        (
            [{"kind": "WhileStmt", "cond": literal(0), "body": let("x", literal(1))}],
            [("body[0].body", "the variable x is never used")],
        ),
    ],
)
def test_what_is_hardly_meant_is_warned_of(body: list[Any], warnings: list[tuple[str, str]]) -> None:
    assert warned(*body) == warnings


def test_a_program_with_errors_is_warned_of_nothing() -> None:
    assert review(program(let("x", literal(1)), do(var("y"))), SIGNATURES) == check(
        program(let("x", literal(1)), do(var("y"))), SIGNATURES
    )
    assert review(5, SIGNATURES) == check(5, SIGNATURES)


def test_a_choice_has_no_second_name_for_its_field() -> None:
    """What the checker lets in is what it walks through: no variable hides behind another name of a field."""
    cond = {"kind": "CondExpr", "cond": literal(1), "then": literal(2), "otherwise": {"kind": "VarRef", "name": "x"}}
    found = {finding.message for finding in check(program(do(cond)), SIGNATURES)}

    assert found >= {"the field else is missing", "unknown field otherwise"}


def test_a_field_of_an_argument_that_lacks_its_value_is_found() -> None:
    properties = [{"key": "to", "value": {"kind": "Literal"}}]
    mail = {"kind": "ObjectExpr", "properties": properties}

    found = check(program(do(call("email.send", mail))), SIGNATURES)

    assert "body[0].expr.args[0].properties[0].value" in {finding.path for finding in found}
