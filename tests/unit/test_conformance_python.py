"""Each program of the conformance suite has its Python, or says that no Python is read as its tree."""

import re
from typing import Any

import pytest

from domain.callables import SIGNATURES
from domain.program.python import reading
from domain.program.python.normal import normal
from domain.program.python.printing import namespaces
from lodol.cli import documents
from scripts import conformance
from tests.support.conformance import cases

ALL = cases()
SAID = [case for case in ALL if case["python"] is not None]
UNSAID = [case for case in ALL if case["python"] is None]


def errors(lines: list[str]) -> list[str]:
    return [finding.message for finding in conformance.read_lines(lines).findings if finding.severity == "error"]


@pytest.mark.parametrize("case", SAID, ids=lambda case: case["id"])
def test_python_is_read_as_the_tree_or_as_its_normal_form(case: Any) -> None:
    tree = conformance.read_lines(case["python"]).program

    if case.get("is_normal_form"):
        assert conformance.is_same(tree, normal(case["program"], namespaces(SIGNATURES)))
    assert conformance.is_same(tree, case["program"]) is not case.get("is_normal_form", False)
    assert errors(case["python"]) == [reading._as_python(finding["message"]) for finding in case.get("findings", [])]


@pytest.mark.parametrize("case", UNSAID, ids=lambda case: case["id"])
def test_only_what_has_findings_has_no_python_and_the_printer_knows_none(case: Any) -> None:
    assert case["findings"]
    try:
        lines = conformance.lines_of(case["program"])
    # A tree that is no program breaks the printer wherever it is none.
    except (KeyError, TypeError):
        return
    assert not conformance.is_same(conformance.read_lines(lines).program, case["program"])


def test_a_case_without_a_tree_is_given_that_of_its_python_and_keeps_the_tree_that_it_has() -> None:
    written = {"name": "a sum", "python": ["1+1"], "results": [2]}

    filled = conformance.with_python(written)

    assert filled["python"] == ["1 + 1"]
    assert conformance.with_python({**filled, "python": ["7"]}) == filled
    assert list(filled) == ["name", "python", "program", "results"]


def test_the_page_shows_every_case_with_its_tree() -> None:
    page = conformance.page()
    shown = [
        documents.read(tree, is_json=False).value
        for tree in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ]
    trees = [case["program"] for case in ALL]

    assert page.count("\n### ") == len(ALL)
    assert [tree for tree in trees if tree in shown] == shown
    assert len(shown) > len(ALL) - 10
