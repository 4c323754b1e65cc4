"""The page of the API: its description as one file of HTML that opens without a network."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from scripts.openapi import description

_TEMPLATE = Path(__file__).parent / "api.html.j2"


def page() -> str:
    """The page, made from the OpenAPI description."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    api = description()
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    operations = list(_operations(api))
    return template.render(api=api, operations=operations, tags=sorted({one["tag"] for one in operations})) + "\n"


def _operations(api: Any) -> Iterator[dict[str, Any]]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            [success] = [status for status in operation["responses"] if int(status) < 400]
            answer = operation["responses"][success]
            model = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            yield {
                "id": operation["operationId"],
                "tag": operation["tags"][0],
                "method": method.upper(),
                "path": f"/api{path}",
                "summary": operation["summary"],
                "scope": operation["security"][0]["api_key"][0],
                "parameters": [{**one, "kind": _kind(one["schema"])} for one in operation["parameters"]],
                "body": _fields(operation["requestBody"]["content"]["application/json"]["schema"], api)
                if "requestBody" in operation
                else [],
                "status": success,
                "model": model,
                "fields": _fields(api["components"]["schemas"][model], api),
                "headers": {name: _resolved(header, api)["description"] for name, header in answer["headers"].items()},
                "example": json.dumps(_example(api["components"]["schemas"][model], api), indent=2, ensure_ascii=False),
                "errors": list(_errors(operation["responses"], api)),
            }


def _errors(responses: Any, api: Any) -> Iterator[tuple[str, str, str]]:
    for status, response in responses.items():
        if int(status) >= 400:
            for code, example in _resolved(response, api)["content"]["application/json"]["examples"].items():
                yield status, code, example["value"]["error"]


def _resolved(node: Any, api: Any) -> Any:
    while "$ref" in node:
        found = api
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = {**found, **{name: value for name, value in node.items() if name != "$ref"}}
    return node


def _fields(schema: Any, api: Any) -> list[dict[str, str]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "kind": _kind(one) + ("" if name in required else ", optional"),
            "about": _resolved(one, api).get("description", "").replace("\n", " "),
        }
        for name, one in schema.get("properties", {}).items()
    ]


def _kind(schema: Any) -> str:
    """A schema in short: `Id`, `integer, 1 to 100`, `list of ExecutionRow`, `text or null`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_kind(one) for one in schema.get("anyOf") or schema["oneOf"])
    if "enum" in schema or "const" in schema:
        return " | ".join(schema.get("enum") or [schema["const"]])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    kind = str(schema.get("type", "any JSON"))
    return f"{kind}, {schema['minimum']} to {schema['maximum']}" if "maximum" in schema else kind


def _example(schema: Any, api: Any) -> Any:
    """A value that the schema describes: its own example where it has one."""
    schema = _resolved(schema, api)
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    for one in schema.get("anyOf", schema.get("oneOf", [])):
        return _example(one, api)
    match schema.get("type"):
        case "object":
            return {name: _example(one, api) for name, one in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema["items"], api)]
        case "integer" | "number":
            return schema.get("default", 1)
        case "boolean":
            return False
        case "string":
            return "…"
    return None
