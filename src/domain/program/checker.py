"""Checks programs whole when they are stored: every finding at once, each with its path."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from domain.program import nodes, scoping
from domain.program.limits import NESTING, PROGRAM_BYTES, STEPS
from domain.program.signatures import Signatures
from domain.program.values import Value, dumps
from domain.program.warnings import warnings

_KINDS = {model.model_fields["kind"].annotation.__args__[0]: model for model in nodes.KINDS}  # type: ignore[union-attr]
_JSON_LEVELS = 4 * NESTING
"""More levels of JSON than any program has whose nodes are nested within the limit, and few enough to walk."""


type Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is wrong with a program: where, and what; a warning keeps nobody from storing it."""

    path: str
    message: str
    severity: Severity = "error"


def check(source: Value, signatures: Signatures) -> list[Finding]:
    """Find all that is wrong with a program, its shape first, then its meaning; without findings it can run.

    `signatures` are those of every callable. Rule: programs "Limits".
    """
    if not isinstance(source, dict):
        return [Finding("program", 'a program is an object: {"kind": "Program", "body": [...]}')]
    if _is_deeper(source, _JSON_LEVELS):
        return [Finding("program", f"it is nested deeper than the limit of {NESTING} levels")]
    return [*_size(source), *dict.fromkeys([*_structure(source), *_meaning(source, signatures)])]


def review(source: Value, signatures: Signatures) -> list[Finding]:
    """Find all that is wrong with a program, and where nothing is, what it is warned of."""
    found = check(source, signatures)
    if found or not isinstance(source, dict):
        return found
    return [Finding(path, message, "warning") for path, message in warnings(source)]


def parse(source: Value) -> nodes.Program:
    """Make a program, already checked, ready to run."""
    return nodes.Program.model_validate(source)


def _is_deeper(source: Any, levels: int) -> bool:
    level = [source]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _size(source: Value) -> Iterator[Finding]:
    try:
        size = len(dumps(source).encode("utf-8", "surrogatepass"))
    except ValueError:
        return  # a number that is not finite: found where it stands
    if size > PROGRAM_BYTES:
        yield Finding("program", f"it takes {size} bytes, over the limit of {PROGRAM_BYTES}")


def _meaning(source: dict[str, Any], signatures: Signatures) -> Iterator[Finding]:
    body = source.get("body")
    if not isinstance(body, list):
        return
    if len(body) > STEPS:
        yield Finding("body", f"it has {len(body)} steps, over the limit of {STEPS}")
    for path, message in scoping.Walk(signatures).program(body):
        yield Finding(path, message)


def _structure(source: dict[str, Any]) -> Iterator[Finding]:
    try:
        nodes.Program.model_validate(source)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False):
            finding = _finding(source, error)
            if finding:
                yield finding


def _finding(source: dict[str, Any], error: Any) -> Finding | None:
    loc = [part for part in error["loc"] if not _is_tag(part)]
    part_type = error["loc"][-1]
    if part_type == "str" and isinstance(error["input"], dict):
        return None  # a template's part that is a node: what is wrong with it is told by another finding
    if "[" in str(part_type) and not isinstance(error["input"], dict):
        return None  # a template's part that is neither: told once is enough
    name = str(loc[-1])
    around, path = _path(loc[:-1]), _path(loc)
    match error["type"]:
        case "missing":
            return Finding(around, f"the field {name} is missing")
        case "extra_forbidden":
            known = _fields_of(_at(source, loc[:-1]))
            return Finding(around, f"unknown field {name}{scoping.suggestion(name, known)}")
        case "union_tag_invalid":
            return Finding(path, _unknown_kind(error["ctx"]["tag"], error["ctx"]["expected_tags"]))
        case "union_tag_not_found":
            return Finding(path, "a node needs a kind")
        case "model_attributes_type" | "dict_type" | "model_type":
            return Finding(path, "it must be a node: an object with a kind")
        case "string_pattern_mismatch":
            return Finding(
                path, "a name has letters, digits and underscores, begins with no digit, and has at most 64 characters"
            )
        case "literal_error":
            return Finding(path, f"it must be {error['ctx']['expected']}")
        case "string_type":
            return Finding(path, "it must be a string" + (" or an expression" if part_type == "str" else ""))
        case "list_type":
            return Finding(path, "it must be a list")
        case _:
            return Finding(path, "it cannot stand here")


def _is_tag(part: object) -> bool:
    """Whether a part of pydantic's location names a kind of node, not a field."""
    return isinstance(part, str) and (part in _KINDS or part == "str" or "[" in part)


def _path(loc: list[Any]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "program"


def _at(source: Any, loc: list[Any]) -> Any:
    for part in loc:
        source = source[part]
    return source


def _fields_of(node: Any) -> list[str]:
    model = _KINDS.get(node.get("kind")) or nodes.Property
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_kind(kind: str, expected: str) -> str:
    wanted = [tag.strip("' ") for tag in expected.split(",")]
    if kind in _KINDS:
        is_statement = "LetStmt" in wanted
        return f"{kind} cannot stand here, where {'a statement' if is_statement else 'an expression'} is needed"
    return f"unknown kind {kind!r}{scoping.suggestion(kind, wanted)}"
