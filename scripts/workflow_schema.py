"""The JSON Schema of workflow files, for editors: from the models of the file and of the nodes, and the signatures."""

import json
from typing import Any

from domain.callables import SIGNATURES
from domain.program.nodes import Program
from lodol.cli.files import WorkflowFile

type _Schema = dict[str, Any]


def schema() -> str:
    """The schema as JSON text."""
    file, program = _untitled(WorkflowFile.model_json_schema()), _untitled(Program.model_json_schema())
    nodes = program.pop("$defs")
    nodes = {name: _by_kind(node, nodes) for name, node in {**nodes, "Program": program}.items()}
    nodes["CallExpr"]["properties"]["callee"] |= _one_of_callables()
    file["properties"]["program"] = {"$ref": "#/$defs/Program", **file["properties"]["program"]}
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **file, "title": "Lodol workflow"}
    return json.dumps({**named, "$defs": nodes}, indent=2, ensure_ascii=False) + "\n"


def _untitled(schema: Any) -> Any:
    """A schema without pydantic's titles: an editor shows them above what is said of a field, and often another's."""
    if isinstance(schema, list):
        return [_untitled(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _untitled(each) for name, each in schema.items() if name != "title"}
    return schema


def _by_kind(node: _Schema, nodes: dict[str, _Schema]) -> _Schema:
    """A node that may be of several kinds, so that only the branch of its kind is looked at.

    Of a `oneOf` an editor tries every branch, at every level again, and tells the errors of whichever it likes best.
    """
    if "discriminator" not in node:
        return node
    branches = node["discriminator"]["mapping"]
    described = [nodes[reference.rpartition("/")[2]]["description"] for reference in branches.values()]
    kind = {"description": "What the node is.", "enum": list(branches), "enumDescriptions": described}
    return {
        "type": "object",
        "properties": {"kind": kind},
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": {"$ref": reference}}
            for name, reference in branches.items()
        ],
    }


def _one_of_callables() -> _Schema:
    signatures = sorted(SIGNATURES.values(), key=lambda signature: signature.name)
    return {
        "enum": [signature.name for signature in signatures],
        "enumDescriptions": [f"{signature.call_text()}: {signature.summary}" for signature in signatures],
    }
