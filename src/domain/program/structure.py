"""What pydantic finds wrong with the shape of a program or of its file, in sentences of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from domain.program import nodes
from domain.program.findings import Finding
from domain.program.scoping import suggestion
from domain.program.values import ensure_storable, legible

type _Location = list[str | int]

_KINDS: dict[str, type[BaseModel]] = {
    model.model_fields["kind"].annotation.__args__[0]: model  # type: ignore[union-attr]
    for model in nodes.KINDS
}


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


_MODELS: tuple[type[BaseModel], ...] = (*nodes.KINDS, nodes.Property)
_FIELDS = {name for model in _MODELS for name in _names(model)}


def findings(invalid: ValidationError, model: type[BaseModel], source: Any) -> Iterator[Finding]:
    """What is wrong with an object that should have been one of this model."""
    for error in invalid.errors(include_url=False):
        finding = _finding(error, model, source)
        if finding:
            yield finding


def _finding(error: Any, model: type[BaseModel], source: Any) -> Finding | None:
    # A key that is no Unicode has the place of its object, which may be the whole.
    *around, last = error["loc"] or ("",)
    field = str(last)
    node = [part for part in around if _is_step(part)]
    path = _path([*node, last] if _is_step(last) or not node else node)
    is_part = last == "str"
    if is_part and isinstance(error["input"], dict):
        return None  # a template's part that is a node: what is wrong with it is told by another finding
    if "[" in field and error["type"] == "model_attributes_type":
        return None  # a template's part that is neither: told once is enough
    match error["type"]:
        case "missing":
            return Finding(_path(node), f"the field {field} is missing")
        case "extra_forbidden":
            known = _names(_model_at(node, model, source))
            return Finding(
                _path(node), f"unknown field {legible(field)}{suggestion(field, known)}", within=field, is_key=True
            )
        case "union_tag_invalid":
            tag, expected = error["ctx"]["tag"], error["ctx"]["expected_tags"]
            return Finding(path, _unknown_kind(tag, expected), within="kind")
        case "union_tag_not_found":
            return Finding(path, "a node needs a kind")
        case "model_attributes_type" | "model_type":
            return Finding(path, "it must be a node: an object with a kind")
        case "string_pattern_mismatch":
            return Finding(
                path, "a name has letters, digits and underscores, begins with no digit, and has at most 64 characters"
            )
        case "literal_error":
            return Finding(path, f"it must be {error['ctx']['expected']}")
        case "string_type":
            return Finding(path, "it must be a string" + (" or an expression" if is_part else ""))
        case "string_unicode":
            return Finding(path, _unstorable(error["input"]))
        case "string_too_short":
            return Finding(path, "it must not be empty")
        case "list_type":
            return Finding(path, "it must be a list")
        case _:
            return Finding(path, "it cannot stand here")


def _is_step(part: str | int) -> bool:
    """Whether a part of pydantic's location is a field or an index; the others name kinds of nodes."""
    return isinstance(part, int) or part in _FIELDS


def _path(location: _Location) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "program"


def _model_at(location: _Location, model: type[BaseModel], source: Any) -> type[BaseModel]:
    """The model of the node at a location."""
    if not location:
        return model
    for part in location:
        source = source[part]
    kind = source.get("kind")
    return _KINDS.get(kind, nodes.Property) if isinstance(kind, str) else nodes.Property


def _unstorable(text: str) -> str:
    try:
        ensure_storable(text, "it")
    except ValueError as unstorable:
        return str(unstorable)
    return "it must be a string"


def _unknown_kind(kind: str, expected: str) -> str:
    wanted = [tag.strip("' ") for tag in expected.split(",")]
    if kind in _KINDS:
        is_statement = "LetStmt" in wanted
        return f"{kind} cannot stand here, where {'a statement' if is_statement else 'an expression'} is needed"
    return f"unknown kind {kind!r}{suggestion(kind, wanted)}"
