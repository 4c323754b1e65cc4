"""What is generated from the code is what the code says."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from domain.callables import SIGNATURES
from domain.program import checker
from domain.program.nodes import KINDS, Program
from lodol.cli import documents
from lodol.cli.files import read_workflow
from scripts import generated
from tests.support.conformance import cases
from tests.support.samples import SAMPLES, TREE

SCHEMA = json.loads((generated.ROOT / "docs/workflow.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def is_valid(program: Any) -> bool:
    return bool(VALIDATOR.is_valid({"name": "A", "program": program}))


def test_generated_files_are_fresh() -> None:
    assert generated.stale() == []


def test_the_schema_is_one_and_knows_every_kind_and_callable() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    nodes = SCHEMA["$defs"]
    kinds = {node["properties"]["kind"]["const"] for node in nodes.values() if "const" in str(node.get("properties"))}
    assert kinds == {model.model_fields["kind"].annotation.__args__[0] for model in KINDS}  # type: ignore[union-attr]
    assert set(nodes["CallExpr"]["properties"]["callee"]["enum"]) == set(SIGNATURES)
    fields = [field for node in nodes.values() for name, field in node.get("properties", {}).items() if name != "kind"]
    assert all(field["description"] for field in [*fields, *SCHEMA["properties"].values()])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_valid(sample: Path) -> None:
    assert is_valid(read_workflow(sample).program)


def test_the_tree_is_valid_and_names_the_schema() -> None:
    text = TREE.read_text()
    schema = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")

    assert (TREE.parent / schema).resolve() == generated.ROOT / "docs/workflow.schema.json"
    assert [error.message for error in VALIDATOR.iter_errors(documents.read(text, is_json=False).value)] == []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_the_schema_takes_what_the_checker_takes_and_refuses_what_has_another_shape(case: Any) -> None:
    program = case["program"]
    try:
        Program.model_validate(program)
    except ValidationError:
        assert not is_valid(program)
    else:
        assert is_valid(program) or checker.check(program, SIGNATURES)


@pytest.mark.parametrize(
    ("file", "where"),
    [
        ({"program": {"kind": "Program", "body": []}}, []),
        ({"name": "", "program": {"kind": "Program", "body": []}}, ["name"]),
        ({"name": "A", "progam": 1, "program": {"kind": "Program", "body": []}}, []),
        ({"name": "A", "program": {"kind": "Program", "body": [{"kind": "LetStmt"}]}}, ["program", "body", 0]),
        (
            {"name": "A", "program": {"kind": "Program", "body": [{"kind": "ExprStmt", "expr": {"kind": "VarRef"}}]}},
            ["program", "body", 0, "expr"],
        ),
    ],
)
def test_a_wrong_file_has_one_error_in_the_branch_that_is_meant(file: Any, where: list[Any]) -> None:
    assert [list(error.absolute_path) for error in VALIDATOR.iter_errors(file)] == [where]
