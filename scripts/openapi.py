"""The OpenAPI description of the API, made from the endpoints and the models that the handlers use."""

import importlib
import pkgutil
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

import handlers
from domain.operations.idempotency import KEY_CHARACTERS
from domain.refusals import Refusal
from handlers.http import Endpoint
from views.answers import NEUTRAL, ErrorAnswer, answer_to
from views.view import View

ROOT = Path(__file__).resolve().parents[1]
_REF = "#/components/schemas/{model}"
_STATUS_TEXTS = {
    200: "It was done.",
    201: "It was made.",
    202: "It was admitted, and is under way.",
    400: "The request is wrong, or what it is about does not allow it.",
    401: "There is no valid API key.",
    402: "There are no credits.",
    403: "The plan or the API key does not allow it.",
    404: "There is no such thing in this workspace.",
    409: "The first request with this Idempotency-Key is still being processed.",
    429: "There are too many requests, or too many executions, at once.",
    500: "A fault of the service.",
    503: "The service is not available at the moment.",
}
_FIELDS = {"limit": 10, "owner_kind": "execution", "owner_id": "6968c1a88f3c5e0b7a9d2c41", "retry_after": 17}
_FIELDS |= {"sentence": "limit must be a whole number from 1 to 100.", "scope": "executions:read"}
_FIELDS |= {"what": "calls"}
_FIELDS |= {"status": "success", "decision": "approved", "kept_until": "2026-04-15T10:30:03+00:00"}
"""What the fields of refusals are in examples."""


def description() -> dict[str, Any]:
    """The whole description, as OpenAPI 3.1."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, endpoint in sorted(endpoints(), key=lambda named: (named[1].route, named[1].method)):
        paths[endpoint.path][endpoint.method.lower()] = _operation(name, endpoint)
    responses = _share(paths.values())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lodol Executions",
            "version": project["version"],
            "description": f"{project['description']} The rules stand in docs/contract.md.",
        },
        "servers": [{"url": "https://api.example.com/api", "description": "The ApiUrl of the deployed stack."}],
        "security": [{"api_key": []}],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": "An API key: `sk_live_…`"}
            },
            "headers": {name: _header(about) for name, about in _HEADERS.items()},
            "responses": responses,
            "schemas": _schemas(),
        },
    }


def endpoints() -> Iterator[tuple[str, Endpoint]]:
    """Every endpoint, and the name of its module."""
    for module in pkgutil.iter_modules(handlers.__path__):
        handler = getattr(importlib.import_module(f"handlers.{module.name}"), "handler", None)
        if isinstance(handler, Endpoint):
            yield module.name, handler


def _share(paths: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Let the answers to errors that are the same everywhere stand once."""
    shared: dict[str, Any] = {}
    operations = [operation for path in paths for operation in path.values()]
    for status in sorted(set.intersection(*(set(operation["responses"]) for operation in operations))):
        first = operations[0]["responses"][status]
        if all(operation["responses"][status] == first for operation in operations) and int(status) >= 400:
            shared[f"Error{status}"] = first
            for operation in operations:
                operation["responses"][status] = _ref("responses", f"Error{status}")
    return shared


def _operation(name: str, endpoint: Endpoint) -> dict[str, Any]:
    said = importlib.import_module(f"handlers.{name}").__doc__ or ""
    summary = said.partition(": ")[2].partition("\n")[0].rstrip(".")
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary[:1].upper() + summary[1:],
        "tags": [endpoint.route.split("/")[2]],
        "security": [{"api_key": [endpoint.scope.value]}],
        "parameters": list(_parameters(endpoint)),
        "responses": {str(endpoint.status): _success(endpoint)},
    }
    if endpoint.body:
        required = any(field.default is field.default_factory is MISSING for field in fields(endpoint.body))
        schema = TypeAdapter(endpoint.body).json_schema()
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    for status, answers in sorted(_refusals(endpoint).items()):
        operation["responses"][str(status)] = _error(status, answers)
    return operation


def _parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"$ref": _REF.format(model="Id")}}
    for parameter in endpoint.query:
        yield {
            "name": parameter.name,
            "in": "query",
            "description": parameter.summary,
            "required": parameter.is_required,
            "schema": dict(parameter.schema),
            **({"explode": False} if parameter.schema["type"] == "array" else {}),
        }
    if endpoint.is_replayable:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "For 24 hours, a repeat of the same request with the same key gets the first success again.",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS},
        }


def _success(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "description": _STATUS_TEXTS[endpoint.status],
        "headers": _refs([*_ALWAYS, *endpoint.headers]),
        "content": {"application/json": {"schema": {"$ref": _REF.format(model=endpoint.answers.__name__)}}},
        "links": {
            name: {"operationId": name, "parameters": {parameter: f"$response.body#{pointer}"}}
            for parameter, pointer in _ids(endpoint.answers)
            for name, other in endpoints()
            if re.findall(r"{(\w+)}", other.path) == [parameter]
        },
    }


def _ids(answers: type[View]) -> Iterator[tuple[str, str]]:
    """The ids in an answer, or in the first object of a page, and where they stand: they lead to other endpoints."""
    pages = [name for name in answers.model_fields if name.endswith("s") and len(answers.model_fields) == 1]
    inside = f"/{pages[0]}/0" if pages else ""
    kinds = {
        "executions": ("execution_id", "workflow_id"),
        "workflows": ("workflow_id",),
        "reviews": ("review_id",),
        "webhooks": ("webhook_id",),
        "deliveries": (),
    }
    names = kinds[pages[0]] if pages else answers.model_fields
    for name in ("execution_id", "workflow_id", "review_id", "webhook_id"):
        if name in names:
            yield name, f"{inside}/{name}"


def _refusals(endpoint: Endpoint) -> dict[int, list[ErrorAnswer]]:
    found: dict[int, list[ErrorAnswer]] = defaultdict(list)
    for answer in (*(answer_to(_example(kind)) for kind in endpoint.refuses), NEUTRAL):
        found[answer.status].append(answer)
    return found


def _example(kind: type[Refusal]) -> Refusal:
    return kind(*(_FIELDS[field.name] for field in fields(kind))) if is_dataclass(kind) else kind()


def _error(status: int, answers: list[ErrorAnswer]) -> dict[str, Any]:
    names = {name for answer in answers for name in answer.headers} - {"Error-Code"}
    codes = [answer.headers["Error-Code"] for answer in answers]
    examples = {code: {"value": {"error": answer.sentence}} for code, answer in zip(codes, answers, strict=True)}
    code_header = {
        "description": "The code of the refusal, for programs.",
        "required": True,
        "schema": {"type": "string", "enum": codes},
    }
    return {
        "description": _STATUS_TEXTS[status],
        "headers": {"X-Request-Id": _ref("headers", "X-Request-Id"), "Error-Code": code_header, **_refs(sorted(names))},
        "content": {"application/json": {"schema": {"$ref": _REF.format(model="Error")}, "examples": examples}},
    }


_ALWAYS = ("X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_HEADERS = {
    "X-Request-Id": "The id of this request in the log.",
    "RateLimit-Limit": "How many requests the workspace may send in a minute.",
    "RateLimit-Remaining": "How many are left in this minute.",
    "RateLimit-Reset": "Seconds until the next minute begins.",
    "Link": 'Where there is a next page: `<?limit=20&after=…>; rel="next"`, relative to the address that was asked.',
    "Retry-After": "Seconds to wait before the next request; of an execution, while it runs.",
    "Idempotency-Replayed": "`true` where this is the answer to an earlier request with the same key.",
    "WWW-Authenticate": "`Bearer`, with what is wrong, and the scope that is missing (RFC 6750).",
}


def _header(about: str) -> dict[str, Any]:
    return {"description": about, "schema": {"type": "string"}}


def _refs(names: list[str]) -> dict[str, Any]:
    return {name: _ref("headers", name) for name in names}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schemas() -> dict[str, Any]:
    models = sorted({endpoint.answers for _, endpoint in endpoints()}, key=lambda model: model.__name__)
    _, defined = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    error = {
        "type": "object",
        "description": "Every error: a sentence for a person. Its code is in the header Error-Code.",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
        "additionalProperties": False,
    }
    return {"Error": error, **defined["$defs"]}
