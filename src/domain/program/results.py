"""What is asked of the results of calls: a property that none of them has is `null`, and hardly meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from domain.program.findings import Finding
from domain.program.lines import nodes_of
from domain.program.scoping import suggestion
from domain.program.signatures import Signatures

_OBJECT = re.compile(r"`\{([\w, ]+)\}`")
"""How a signature says that it gives an object of certain fields, and of no others."""


def unknown_properties(program: dict[str, Any], signatures: Signatures) -> Iterator[Finding]:
    """Find properties that no result of a call has, of variables that are set once, and to nothing else."""
    nodes = list(nodes_of(program))
    times = Counter(name for _, node in nodes for name in _bound(node))
    calls = {
        node["name"]: node["init"]["callee"]
        for _, node in nodes
        if node["kind"] == "LetStmt" and times[node["name"]] == 1 and _is_call(node.get("init"))
    }
    for path, node in nodes:
        match node:
            case {"kind": "MemberExpr", "object": {"kind": "VarRef", "name": str(name)}, "property": wanted}:
                callee = calls.get(name, "")
                fields = _fields(signatures, callee)
                if fields and wanted not in fields:
                    more = suggestion(wanted, fields) or f"; it has {', '.join(fields)}"
                    yield Finding(path, f"what {callee} gives has no {wanted}{more}", "warning", within="property")


def _is_call(init: Any) -> bool:
    return isinstance(init, dict) and init["kind"] == "CallExpr"


def _fields(signatures: Signatures, callee: str) -> list[str]:
    found = _OBJECT.match(signatures[callee].result) if callee in signatures else None
    return found[1].split(", ") if found else []


def _bound(node: Any) -> Iterator[str]:
    """The names that a node gives a value to."""
    if node["kind"] in {"LetStmt", "AssignStmt", "ForEachStmt", "TryStmt", "ListCompExpr", "DictCompExpr"}:
        yield node["name"]
        yield from node.get("others", [])
