"""Requests as API Gateway hands them to a handler, and its answers as a client sees them."""

import json
import re
from functools import cache
from types import SimpleNamespace
from typing import Any

from handlers.http import Endpoint
from handlers.worker import Worker
from tests.support.template import functions
from views.answers import code_of


class Context(SimpleNamespace):
    """What Lambda tells a function about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


@cache
def _routes() -> list[tuple[str, str, re.Pattern[str]]]:
    """Method, path and pattern of every endpoint in the template."""
    events = (event for properties in functions().values() for event in properties.get("Events", {}).values())
    asked = [event["Properties"] for event in events if event["Type"] == "Api"]
    return [
        (one["Method"].upper(), one["Path"], re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", one["Path"])))
        for one in asked
    ]


def _routed(method: str, path: str) -> tuple[str, dict[str, str] | None]:
    for its_method, resource, pattern in _routes():
        if its_method == method and (found := pattern.fullmatch(path)):
            return resource, found.groupdict() or None
    return path, None


def event(method: str, path: str, key: str | None, query: Any, body: str | None, headers: dict[str, str]) -> Any:
    """An event; the route is found as the gateway finds it."""
    resource, parameters = _routed(method, path)
    authorization = {} if key is None else {"Authorization": f"Bearer {key}"}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"Host": "api.example.com", **authorization, **headers},
        "queryStringParameters": query,
        "pathParameters": parameters,
        "requestContext": {"path": f"/api{path}", "stage": "api"},
        "body": body,
        "isBase64Encoded": False,
    }


def send(
    worker: Worker,
    endpoint: Endpoint,
    method: str,
    path: str,
    key: str | None,
    query: Any = None,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], Any]:
    """Status, headers by their names in lower case, and the body read as JSON."""
    asked = event(method, path, key, query, body, headers or {})
    answer = endpoint(asked, Context(), worker)  # type: ignore[arg-type]
    ensure_described(endpoint, answer)
    shown = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
    return answer["statusCode"], shown, json.loads(answer["body"])


_ALWAYS = {"content-type", "x-request-id", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}


def ensure_described(endpoint: Endpoint, answer: Any) -> None:
    """Every answer that a test sees is one that the endpoint's description has."""
    headers = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
    code = headers.get("error-code")
    if code is None:
        assert answer["statusCode"] == endpoint.status
        endpoint.answers.model_validate_json(answer["body"])
        assert set(headers) - _ALWAYS <= {name.lower() for name in endpoint.headers}
    elif code not in {"route_not_found", "internal_error"}:
        assert code in map(code_of, endpoint.refuses), f"{code} is not among what {endpoint.route} refuses"
