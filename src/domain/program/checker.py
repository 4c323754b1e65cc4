"""Checks programs whole when they are stored: every finding at once, each with its path."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from domain.program import nodes, scoping, structure
from domain.program.findings import Finding
from domain.program.limits import NESTING, PROGRAM_BYTES, STEPS
from domain.program.signatures import Signatures
from domain.program.values import Value, dumps
from domain.program.warnings import warnings

_JSON_LEVELS = 4 * NESTING
"""More levels of JSON than any program has whose nodes are nested within the limit, and few enough to walk."""


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
    return list(warnings(source, signatures))


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
    yield from scoping.Walk(signatures).program(body)


def _structure(source: dict[str, Any]) -> Iterator[Finding]:
    try:
        nodes.Program.model_validate(source)
    except ValidationError as invalid:
        yield from structure.findings(invalid, nodes.Program, source)
