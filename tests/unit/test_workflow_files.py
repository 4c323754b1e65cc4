"""What is wrong with a workflow file in YAML or JSON is told where it stands, in sentences of ours."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.program.nodes import KINDS
from domain.program.values import loads
from lodol.cli import documents
from lodol.cli.files import check_workflow
from tests.support.programs import block, call, do, let, literal, object_of, program, var
from tests.support.random_programs import VALUES

FRAME = "id: 665f1a2b3c4d5e6f7a8b9c11\nname: A\n"
BODY = FRAME + "program:\n  kind: Program\n  body:\n"
WRONG: tuple[Any, ...] = (5, None, True, "", "1x", "\ud800", [], {}, [5], {"kind": 5}, {"kind": "Nope"}, {"kind": "If"})

NO_NAME = "a name has letters, digits and underscores, begins with no digit, and has at most 64 characters"
OURS = re.compile(
    "|".join(
        (
            r"the field \w+ is missing",
            r"unknown field .+",
            r"unknown kind .+",
            r"unknown callable .+",
            r"\w+ cannot stand here, where (a statement|an expression) is needed",
            r"a node needs a kind",
            r"it must be a (node: an object with a kind|string|string or an expression|list)",
            r"it must be 'Program'",
            r"it must be '.+' or '.+'",
            r"it must not be empty",
            NO_NAME,
            r"it has (half of a surrogate pair|the character NUL) at position \d+, which cannot be stored",
            r"the variable .+ (was never declared|is already declared in this scope|is declared within).*",
            r"the variable .+ is never used",
            r"[\w.]+\(.*\) takes .+ arguments, and has \d+",
            r"[\w.]+: .+",
            r"(Break|Continue)Stmt stands outside a loop",
            r"it never runs: .+",
            r"a program is an object: .+",
            r"a workflow file is an object with a name and a program",
        )
    ),
    re.DOTALL,
)


def checked(tmp_path: Path, text: str, suffix: str = ".yaml") -> list[str]:
    """The findings of a file with this text, each as line, column and sentence."""
    file = tmp_path / f"flow{suffix}"
    file.write_text(text, "utf-8")
    found = check_workflow(file)
    assert len(found.told.split("\n") if found.findings else []) == 3 * len(found.findings)
    return [f"{one.position.line}:{one.position.column}: {one.message}" for one in found.findings]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("", ["1:1: a workflow file is an object with a name and a program"]),
        ("- 1", ["1:1: a workflow file is an object with a name and a program"]),
        (
            "nam: A\n",
            [
                "1:1: the field name is missing",
                "1:1: the field program is missing",
                "1:1: unknown field nam; did you mean name?",
            ],
        ),
        (FRAME + "program: 5\n", ['3:10: a program is an object: {"kind": "Program", "body": [...]}']),
        (
            "name: 5\ndescription:\nprogram: {kind: Program}\nx: 1\n",
            [
                "1:7: it must be a string",
                "2:13: it must be a string",
                "3:10: the field body is missing",
                "4:1: unknown field x",
            ],
        ),
        ("name: ''\nprogram: {kind: Program, body: []}\n", ["1:7: it must not be empty"]),
        (BODY + "  - kind: LetStm\n    name: x\n", ["6:11: unknown kind 'LetStm'; did you mean LetStmt?"]),
        (BODY + "  - kind: LetStmt\n    name: x\n    innit: 1\n", ["8:5: unknown field innit; did you mean init?"]),
        (BODY + "  - kind: LetStmt\n    name: 1x\n" * 2, [f"7:11: {NO_NAME}", f"9:11: {NO_NAME}"]),
        (BODY + "  - kind: ExprStmt\n", ["6:5: the field expr is missing"]),
        (
            BODY
            + "  - kind: ExprStmt\n    expr: {kind: CallExpr, callee: upper, args: [{kind: VarRef, name: Input}]}\n",
            [
                "7:36: unknown callable 'upper'; did you mean string.upper?",
                "7:71: the variable Input was never declared; did you mean input?",
            ],
        ),
        (
            BODY
            + "  - {kind: ForEachStmt, name: a, iterable: {kind: Literal, value: []}, body: {kind: BreakStmt}}\n"
            + "  - {kind: ReturnStmt, value: {kind: VarRef, name: a}}\n",
            ["7:52: the variable a is declared within the loop at body[0], and ends there"],
        ),
        ("\ufeffnme: A\nname: A\nprogram: {kind: Program, body: []}\n", ["1:1: unknown field nme; did you mean name?"]),
    ],
)
def test_a_finding_points_to_the_key_the_value_or_the_node(tmp_path: Path, text: str, findings: list[str]) -> None:
    assert checked(tmp_path, text) == findings


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ('{\n\t"name": "A",\n\t"name": "B"}', '3:2: the key "name" stands twice in one object'),
        ('{"name": "A",\n "program": [1, NaN]}', "2:17: NaN is not a JSON number"),
        ('{"name": "A",\n "program": 1e999}', "2:13: the number 1e999 is too large"),
        ('{"name": "A",\n "program": [}', "2:14: it is not JSON: Expecting value"),
        ('{"na\\u006de": "A", "a.b": 1,\n"program": ["\u2028", {}],\t"x": 2}', None),
    ],
)
def test_json_is_told_with_its_place(tmp_path: Path, text: str, finding: str | None) -> None:
    found = checked(tmp_path, text, ".json")
    assert found == ([finding] if finding else [
        "1:20: unknown field a.b",
        '2:12: a program is an object: {"kind": "Program", "body": [...]}',
        "2:23: unknown field x",
    ])  # fmt: skip


def test_a_caret_stands_below_what_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(BODY + "  - { kind: ReturnStmt, value: { kind: VarRef, name: inptu } }\n")

    said = "the variable inptu was never declared; did you mean input?"
    assert check_workflow(file).told == (
        f"{file}:6:54: {said}\n      - {{ kind: ReturnStmt, value: {{ kind: VarRef, name: inptu }} }}\n    {' ' * 53}^"
    )


def _changed(node: Any, inside: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str, Any]]:
    """Every way in which one place of a program is made wrong: its path, what is done there, and with what."""
    if isinstance(node, dict):
        yield inside, "add", "Literal"
        yield inside, "add", "\ud800"
        for key, value in node.items():
            yield (*inside, key), "drop", None
            yield (*inside, key), "rename", None
            for wrong in WRONG:
                yield (*inside, key), "set", wrong
            yield from _changed(value, (*inside, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            for wrong in WRONG:
                yield (*inside, index), "set", wrong
            yield from _changed(value, (*inside, index))


def _broken(value: Any) -> Iterator[Any]:
    for path, what, wrong in _changed(value):
        made = copy.deepcopy(value)
        around = made
        for step in path[:-1] if what != "add" else path:
            around = around[step]
        if what == "add":
            around[wrong] = 1
        elif what == "drop":
            del around[path[-1]]
        elif what == "rename":
            around[f"{path[-1]}\x00"] = around.pop(path[-1])
        else:
            around[path[-1]] = wrong
        yield made


def test_whatever_is_wrong_with_a_shape_is_told_in_a_sentence_of_ours_at_its_place(tmp_path: Path) -> None:
    """Every place of a program with every kind of node is made wrong in every way, in its file of JSON."""
    sample = _every_kind()
    file = tmp_path / "flow.json"
    seen = set()
    for broken in _broken({"name": "A", "id": "x", "description": "", "program": sample}):
        file.write_text(json.dumps(broken, indent=1))
        found = check_workflow(file)
        found.told.encode()
        lines = file.read_text().split("\n")
        for one in found.findings:
            assert OURS.fullmatch(one.message), one.message
            assert "\x00" not in one.message
            at = lines[one.position.line - 1][one.position.column - 1 :]
            begins = next((begins for says, begins in BEGINS.items() if one.message.startswith(says)), "")
            assert re.match(begins, at), (one.message, at)
            seen.add(begins)
    assert seen >= set(BEGINS.values())


BEGINS = {
    "unknown field Literal": r'"Literal": ',
    "unknown field": r'"(\w+\\u0000|kind)": ',
    "unknown kind": r'"\w*"|\{|\[|5|"\\ud800"|true|null',
    "unknown callable": r'"',
    "the field": r"\{",
    "a node needs": r"\{",
    "it must be a node": r'5|true|"|\[|null',
    "it must be a string": r"5|true|\{|\[|null",
    "it must be a list": r'5|true|\{|"|null',
    "it must be '": r'5|true|\{|\[|"|null',
    "a name has": r'"',
    "the variable": r'"',
    "it has": r'\{|"',
}
"""With what that begins to which a sentence points."""


def _every_kind() -> Any:
    x = var("input")
    sample = program(
        let("a", {"kind": "BinaryExpr", "op": "+", "left": x, "right": {"kind": "UnaryExpr", "op": "!", "operand": x}}),
        {"kind": "AssignStmt", "name": "a", "value": {"kind": "MemberExpr", "object": x, "property": "p"}},
        {
            "kind": "IfStmt",
            "cond": {"kind": "IndexExpr", "object": x, "index": literal(0)},
            "thenBranch": block({"kind": "FailStmt", "message": x}),
            "elseBranch": {"kind": "ThrowStmt", "message": {"kind": "TemplateExpr", "parts": ["a", x]}},
        },
        {
            "kind": "ForEachStmt",
            "name": "b",
            "others": ["c"],
            "iterable": {"kind": "ArrayExpr", "elements": [x]},
            "body": {"kind": "WhileStmt", "cond": var("b"), "body": {"kind": "BreakStmt"}},
        },
        {"kind": "WhileStmt", "cond": x, "body": {"kind": "ContinueStmt"}},
        {"kind": "TryStmt", "body": do(call("string.upper", x)), "name": "e", "handler": do(var("e"))},
        do(object_of(("k", x))),
        do({"kind": "CondExpr", "cond": x, "then": x, "else": x}),
        do({"kind": "ListCompExpr", "element": var("d"), "name": "d", "iterable": x, "cond": var("d")}),
        do({"kind": "DictCompExpr", "key": var("d"), "value": x, "name": "d", "others": ["f"], "iterable": x}),
        {"kind": "ReturnStmt", "value": x},
    )
    kinds = re.findall(r'"kind": "(\w+)"', json.dumps(sample))
    assert {model.model_fields["kind"].annotation.__args__[0] for model in KINDS} == set(kinds)  # type: ignore[union-attr]
    return sample


@settings(max_examples=200, deadline=None, database=None)
@given(VALUES, st.sampled_from([None, 1, "\t"]))
def test_every_part_of_json_has_its_place(value: Any, indent: Any) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    document = documents.read(text, is_json=True)

    assert document.value == value == loads(text)
    lines = text.split("\n")

    def follow(part: Any, path: str) -> None:
        at = document.places.values[path]
        begins = "{" if isinstance(part, dict) else "[" if isinstance(part, list) else json.dumps(part)[0]
        assert lines[at.line - 1][at.column - 1] == begins
        if isinstance(part, list):
            for index, each in enumerate(part):
                follow(each, f"{path}[{index}]")

    follow(value, "")


PLAIN = st.text("ab1 :#-\"\\'é😀", max_size=5)


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.recursive(
        PLAIN | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_read_as_yaml_has_the_same_places(value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)

    assert documents.read(text, is_json=False).places == documents.read(text, is_json=True).places


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_source_is_kept_as_it_was_written(tmp_path: Path, mark: str, end: str) -> None:
    """Its line ends and its mark of the encoding too, whatever they are."""
    file = tmp_path / "flow.py"
    lines = ["from lodol.workflow import workflow", "@workflow(name='A')", "def a():", "    # why", "    return 1", ""]
    written = (mark + end.join(lines)).encode()
    file.write_bytes(written)

    found = check_workflow(file)

    assert found.workflow is not None
    assert found.workflow.source is not None
    assert found.workflow.source.text.encode() == written
    assert found.workflow.source.lines == "[5,5]"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_tree_says_the_same_whatever_its_line_ends(tmp_path: Path, suffix: str, end: str) -> None:
    file = tmp_path / f"flow{suffix}"
    text = '{"name": "A",\n"program": {"kind": "Program",\n"body": [{"kind": "Nope"}]}}\n'
    file.write_bytes(text.replace("\n", end).encode())

    [finding] = check_workflow(file).findings
    assert (finding.position.line, finding.message) == (3, "unknown kind 'Nope'")
