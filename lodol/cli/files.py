"""Workflow files: Python, JSON, or YAML as its equal."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.callables import SIGNATURES
from domain.program import checker
from domain.program.checker import Severity
from domain.program.python import reading
from domain.program.python.findings import told
from domain.program.values import Value, loads
from lodol.cli.console import CannotDo

_PYTHON = ".py"


class WorkflowFile(BaseModel):
    """What a workflow file holds; `program` is checked apart, with all of its findings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | None = None
    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    program: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a program: where in its file, in which words, and the same as text for a person.

    `at` is line and column of a source in Python, otherwise the path of the node.
    """

    at: str
    message: str
    severity: Severity
    told: str


def check_workflow(path: Path) -> list[Finding]:
    """All that is wrong with the program of a workflow file, warnings too; raises `CannotDo` for what is no such."""
    if path.suffix == _PYTHON:
        source = _text(path)
        return [
            Finding(f"{at.line}:{at.column}", one.message, one.severity, told([one], source, str(path)))
            for one in reading.read(source, SIGNATURES).findings
            for at in (one.position,)
        ]
    return [
        Finding(one.path, one.message, one.severity, f"{path}: {_mark(one.severity)}{one.path}: {one.message}")
        for one in checker.review(read_workflow(path).program, SIGNATURES)
    ]


def _mark(severity: Severity) -> str:
    return "" if severity == "error" else f"{severity}: "


def read_workflow(path: Path) -> WorkflowFile:
    """Read a workflow file, or raise `CannotDo`; of one in Python with all that is wrong with it."""
    if path.suffix == _PYTHON:
        return _read_python(path)
    try:
        return WorkflowFile.model_validate(read_value(path))
    except ValidationError as invalid:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}" for problem in invalid.errors()
        )
        raise CannotDo(f"{path} is not a workflow file: {problems}") from None


def _read_python(path: Path) -> WorkflowFile:
    source = _text(path)
    read = reading.read(source, SIGNATURES)
    if errors := [one for one in read.findings if one.severity == "error"]:
        raise CannotDo(told(errors, source, str(path)))
    return WorkflowFile(id=read.id, name=read.name, description=read.description, program=read.program)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{path} cannot be read: {error}") from None


def read_value(path: Path) -> Value:
    """Read a file of JSON, or of YAML as its equal, or raise `CannotDo`."""
    text = _text(path)
    try:
        if path.suffix == ".json":
            return loads(text)
        value: Value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, made stricter
    except (ValueError, yaml.YAMLError) as error:
        raise CannotDo(f"{path} cannot be used: {error}") from None
    except RecursionError:
        raise CannotDo(f"{path} cannot be used: it is nested too deep") from None
    return value


def to_yaml(value: Value) -> str:
    """Write a value as YAML that reads back as exactly this value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Loader(yaml.SafeLoader):
    """YAML with JSON's kinds only: what looks like a date or a `yes` stays the string that it is."""

    # An alias makes one node stand in many places: a few lines could name more than any memory holds.
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not supported", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    """Writes every node where it stands."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not a string", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {json.dumps(key)} stands twice", key_node.start_mark
            )
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _number(loader: _Loader, node: yaml.ScalarNode) -> Value:
    return loads(loader.construct_scalar(node))


def _json_kinds(cls: Any) -> None:
    """JSON's own spelling of `true`, `null` and numbers; all other plain words are strings."""
    import re

    number = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
    cls.yaml_implicit_resolvers = {}
    cls.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
    cls.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
    cls.add_implicit_resolver("tag:lodol,2026:number", re.compile(f"^{number}$"), list("-0123456789"))


_json_kinds(_Loader)
_json_kinds(_Dumper)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:lodol,2026:number", _number)
for _kind in (int, float):
    _Dumper.add_representer(
        _kind, lambda dumper, value: dumper.represent_scalar("tag:lodol,2026:number", json.dumps(value))
    )
