"""The documents say what the code does: citations, links, answers, limits, examples and floors agree with it."""

import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from domain.operations import idempotency, stopping
from domain.refusals import Refusal
from tests.support.documents import ROOT, rows, section
from tests.support.template import functions
from views.answers import ANSWERS, NEUTRAL, answer_to
from views.executions import (
    Execution,
    ExecutionPage,
    ExecutionRow,
    RepeatedExecution,
    StartedExecution,
    Step,
    StoppedExecution,
    StoppedExecutions,
)
from views.histories import CallEntry, History, LogEntry, StepEntry
from views.reviews import Review
from views.workflows import Workflow, WorkflowPage
from views.workspaces import Workspace

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted(path for folder in ("src", "lodol", "scripts", "tests") for path in (ROOT / folder).rglob("*.py"))
CITED = ("contract", "programs", "architecture", "commands", "events", "webhooks")

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_CODE_OR_FENCED = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"def (test_\w+)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_RULE = re.compile(r"\bRule:\s+(\S+)(?:\s+\"([^\"]+)\"(?!, \"))?")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return _FENCED.sub("", path.read_text())


@cache
def headings(path: Path) -> list[str]:
    return _HEADING.findall(prose(path))


@cache
def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in headings(path):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        repeats = sum(one == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", one) is not None for one in found)
        found.add(f"{slug}-{repeats}" if repeats else slug)
    return found


def citations() -> Iterator[tuple[str, str, str]]:
    """Every citation of a rule in the code: where, the document, the heading."""
    for path in SOURCES:
        if path != Path(__file__).resolve():
            for document, heading in _RULE.findall(path.read_text()):
                yield named(path), document, heading


def test_a_rule_is_cited_by_a_document_and_a_heading_that_it_has() -> None:
    wrong = [
        f'{where}: {document} "{heading}"'
        for where, document, heading in citations()
        if document not in CITED or heading not in headings(ROOT / "docs" / f"{document}.md")
    ]
    assert wrong == []
    assert {document for _, document, _ in citations()} == set(CITED)


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_leads_to_a_file_and_a_heading_of_it(path: Path) -> None:
    broken = []
    for link in _LINK.findall(_CODE.sub("", prose(path))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_command_of_make_has_a_target(path: Path) -> None:
    text = path.read_text()
    named_targets = {
        target for code in _CODE_OR_FENCED.findall(text) for target in re.findall(r"\bmake ([a-z]+)", code)
    }
    assert named_targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_test_that_is_named_exists(path: Path) -> None:
    tests = {source: source.read_text() for source in SOURCES if source.name.startswith("test_")}
    known = {source.name for source in tests} | {name for text in tests.values() for name in _TEST.findall(text)}
    assert set(re.findall(r"\btest_\w+(?:\.py)?", path.read_text())) <= known


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(_LINK.findall((folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def _answers() -> Iterator[tuple[str, str, str]]:
    """Status, sentence and code of every answer to a refusal, the fields of the refusal by their names."""
    for kind in ANSWERS:
        refusal: Refusal = kind(*(f"<{field.name}>" for field in fields(kind))) if is_dataclass(kind) else kind()
        answer = answer_to(refusal)
        yield str(answer.status), f"`{answer.sentence}`", f"`{answer.headers['Error-Code']}`"
    yield str(NEUTRAL.status), f"`{NEUTRAL.sentence}`", f"`{NEUTRAL.headers['Error-Code']}`"


def test_the_contract_lists_every_error_with_its_exact_sentence() -> None:
    documented = [(row[0], row[1], row[2]) for row in rows(section("contract", "Errors"))]
    assert sorted(documented) == sorted(_answers())


def _examples(heading: str) -> list[Any]:
    blocks = re.findall(r"^```json\n(.*?)^```$", section("contract", heading), re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in blocks]


def _names(model: type[BaseModel]) -> list[str]:
    return list(model.model_fields)


_ANSWERS: list[tuple[str, type[BaseModel]]] = [
    ("Run", StartedExecution),
    ("Stop", StoppedExecution),
    ("Stop many", StoppedExecutions),
    ("Rerun", RepeatedExecution),
    ("History", History),
    ("Workspace", Workspace),
]
"""Headings of the contract that show one answer, and what it is."""


def test_the_examples_of_the_contract_have_the_fields_of_the_answers_in_their_order() -> None:
    [page] = _examples("List")
    assert (list(page), list(page["executions"][0])) == (_names(ExecutionPage), _names(ExecutionRow)[:-1])
    plain, with_steps = _examples("Get")
    assert list(with_steps) == _names(Execution)
    assert list(plain) == [name for name in _names(Execution) if name != "steps"]
    assert [list(step) for step in with_steps["steps"]] == [_names(Step)[:3], _names(Step)[:4]]
    assert list(_examples("Reviews")[0]) == _names(Review)
    [history] = _examples("History")
    assert [list(entry) for entry in history["entries"]] == [_names(kind) for kind in (StepEntry, LogEntry, CallEntry)]
    for heading, model in _ANSWERS:
        [example] = _examples(heading)
        assert list(example) == [name for name in _names(model) if name != "program"]
        model.model_validate(example)
    [workflows] = _examples("Workflows")
    assert (list(workflows), list(workflows["workflows"][0])) == (_names(WorkflowPage), _names(Workflow))


def _endpoints() -> Iterator[tuple[str, str]]:
    """Every endpoint of the template: method and path, and the scope that its handler asks for."""
    for function in functions().values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "Api":
                at = event["Properties"]
                handler = importlib.import_module(function["Handler"].rpartition(".")[0]).handler
                yield f"`{at['Method'].upper()} /api{at['Path']}`", f"`{handler.scope}`"


@pytest.mark.parametrize("document", ["README", "contract"])
def test_every_endpoint_is_listed_with_its_scope(document: str) -> None:
    table = section("contract", "Every endpoint") if document == "contract" else (ROOT / "README.md").read_text()
    listed = [(row[0].partition(" (")[0], row[1]) for row in rows(table) if "/api/v1/" in row[0]]
    assert sorted(listed) == sorted(_endpoints())


def test_the_contract_names_how_many_are_stopped_at_once() -> None:
    assert f"One request stops at most {stopping.STOPPED_AT_ONCE}, newest first" in section("contract", "Stop many")


def test_the_contract_names_the_length_of_an_idempotency_key() -> None:
    sentence = f"Idempotency-Key must have 1 to {idempotency.KEY_CHARACTERS} characters."
    assert sentence in section("contract", "Idempotency-Key")


def test_the_architecture_shows_the_floors_that_are_checked() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [floors] = [contract["layers"] for contract in linter["contracts"] if contract["type"] == "layers"]
    shown = "\n".join(floor.replace("domain.", "") for floor in floors)
    assert f"```\n{shown}\n```" in section("architecture", "Where things live")
