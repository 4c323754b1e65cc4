"""Workflow files: Python, JSON, or YAML as its equal."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.callables import SIGNATURES
from domain.entities.workflows import Source
from domain.program import checker, structure
from domain.program.findings import Finding, SourceFinding, told
from domain.program.python import reading
from domain.program.values import Value
from lodol.cli import documents
from lodol.cli.console import CannotDo

_PYTHON = ".py"


class WorkflowFile(BaseModel):
    """What a file in YAML or JSON holds: a workflow's name, and the program that it runs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str | None, Field(description="The workflow that it changes, by its 24 hex digits.")] = None
    name: Annotated[str, Field(min_length=1, description="What it is called; in a workspace one name is one workflow.")]
    description: Annotated[str, Field(description="What it is for.")] = ""
    program: Annotated[Any, Field(description="What it does, step by step.")]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that can be stored, with the source that its program was read from if it was."""

    name: str
    program: Value
    id: str | None = None
    description: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A workflow file as it was read: all that is wrong with it in the order of its lines, and the workflow if it can
    be stored.
    """

    path: Path
    source: str
    findings: list[SourceFinding]
    workflow: Workflow | None

    @property
    def told(self) -> str:
        """The findings, for a person."""
        return told(self.findings, self.source.removeprefix("\ufeff"), str(self.path))

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The findings, for a program."""
        return [
            {
                "file": str(self.path),
                "line": one.position.line,
                "column": one.position.column,
                **({"path": one.path} if one.path else {}),
                "message": one.message,
                "severity": one.severity,
            }
            for one in self.findings
        ]


def check_workflow(path: Path) -> Checked:
    """Read a workflow file with all that is wrong with it, warnings too; raises `CannotDo` where there is no text."""
    source = _text(path)
    if path.suffix == _PYTHON:
        read = reading.read(source, SIGNATURES)
        if not _is_usable(read.findings):
            return Checked(path, source, read.findings, None)
        kept = Source(source, str(read.lines))
        return Checked(path, source, read.findings, Workflow(read.name, read.program, read.id, read.description, kept))
    try:
        document = documents.read(source, is_json=path.suffix == ".json")
    except documents.Unreadable as unreadable:
        return Checked(path, source, [SourceFinding(unreadable.position, str(unreadable))], None)
    findings, value = sorted(_findings(document)), document.value
    is_usable = isinstance(value, dict) and _is_usable(findings)
    return Checked(path, source, findings, Workflow(**value) if is_usable else None)  # type: ignore[arg-type]


def _is_usable(findings: list[SourceFinding]) -> bool:
    return all(one.severity == "warning" for one in findings)


def _findings(document: documents.Document) -> list[SourceFinding]:
    value = document.value
    if not isinstance(value, dict):
        return [document.places.of(Finding("program", "a workflow file is an object with a name and a program"))]
    found: list[SourceFinding] = []
    try:
        WorkflowFile.model_validate(value)
    except ValidationError as invalid:
        found = [document.places.of(one) for one in structure.findings(invalid, WorkflowFile, value)]
    if "program" in value:
        found += [document.places.of(one, "program") for one in checker.review(value["program"], SIGNATURES)]
    return found


def read_workflow(path: Path) -> Workflow:
    """Read a workflow file that can be stored, or raise `CannotDo` with all that is wrong with it."""
    checked = check_workflow(path)
    if checked.workflow is None:
        raise CannotDo(checked.told, checked.objects)
    return checked.workflow


def _text(path: Path) -> str:
    try:
        # As it was written, line ends too: a source is kept so.
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CannotDo(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CannotDo(f"{path} is no text in UTF-8: {error.reason} at byte {error.start}") from None


def read_document(path: Path) -> documents.Document:
    """Read a file of JSON, or of YAML as its equal, or raise `CannotDo` with its place."""
    text = _text(path)
    try:
        return documents.read(text, is_json=path.suffix == ".json")
    except documents.Unreadable as unreadable:
        finding = SourceFinding(unreadable.position, str(unreadable))
        checked = Checked(path, text, [finding], None)
        raise CannotDo(checked.told, checked.objects) from None
