"""Every handler on whatever an API Gateway hands over, and on what none does: an answer of the contract, no crash."""

import base64
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.http import Endpoint
from handlers.worker import Worker
from scripts.openapi import endpoints
from tests.support.requests import Context, ensure_described, event, send
from tests.support.shop import Shop

ENDPOINTS = dict(endpoints())
EXAMPLES = int(os.environ.get("LODOL_EVENTS", "40"))

# What HTTP brings is text; what percent signs hide, as NUL and slashes, has been decoded before.
NASTY = [
    "",
    "\x00",
    "/",
    "..",
    "%2F",
    "%",
    "[",
    "]",
    "{",
    "null",
    "é",
    "\u2028",
    "a,b",
    "1" * 5000,
    "-1",
    "true",
    "NaN",
]
TEXT = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from(["Authorization", "Idempotency-Key", "Content-Type", "Accept", "Host", "X-Amz-Date"]) | TEXT
PARAMETERS = st.sampled_from(["limit", "after", "status", "workflow_id", "started_after", "steps", "include"]) | TEXT
JSON = st.sampled_from(
    [
        *("", "{}", "[]", "null", '{"input": 1e400}', '{"input": NaN}', '{"input": {"a": 1, "a": 2}}', "\ufeff{}", "{"),
        *(
            '{"input": "\\ud800"}',
            '{"input": "\\u0000"}',
            "[" * 100_000,
            '{"input": ' + "[" * 100_000,
            '{"input": -0.0}',
        ),
        *(
            '{"input": ' + "[" * 80 + "]" * 80 + "}",
            '{"input": ' + "9" * 5000 + "}",
            '{"input": "' + "a" * 300_000 + '"}',
        ),
        *('{"url": "https://a"}', '{"url": "https://[a"}', '{"url": 1}', '{"status": "paused"}', '{"status": []}'),
        *('{"decision": "approved"}', '{"decision": 1}', '{"from_step": 1e2}', '{"from_step": -1}', '{"status": "x"}'),
    ]
)
BODY = st.none() | JSON | TEXT
ENCODED = (JSON | TEXT).map(lambda text: base64.b64encode(text.encode()).decode()) | st.binary(max_size=30).map(
    lambda data: base64.b64encode(data).decode()
)


def _of(names: Any) -> Any:
    """A map of an event with all values for each name."""
    return st.none() | st.dictionaries(names, st.lists(TEXT, min_size=1, max_size=2), max_size=4)


def _both(draw: Any, found: dict[str, list[str]] | None) -> tuple[dict[str, str] | None, dict[str, list[str]] | None]:
    """A map as gateways write it: once with the last value for each name, and once with all; some write one of them."""
    one = {name: texts[-1] for name, texts in found.items()} if found else None
    written = draw(st.sampled_from(["both", "both", "one", "all"]))
    return (None if written == "all" else one), (None if written == "one" else found)


@st.composite
def events(draw: Any, endpoint: Endpoint, key: str, ids: dict[str, str]) -> Any:
    """An event as a gateway writes it for a route that it has found: maps may be null, texts are texts."""
    names = [name.strip("<>") for name in endpoint.route.split("/") if name.startswith("<")]
    path: dict[str, str] | None = {
        name: draw(st.sampled_from([ids[name], ids[name].upper()]) | TEXT) for name in names
    } or None
    found = draw(_of(NAMES))
    if draw(st.integers(0, 4)):
        name = draw(st.sampled_from(["Authorization", "authorization"]))
        others = draw(st.lists(TEXT, max_size=1))
        found = {**(found or {}), name: [*others, f"Bearer {key}"]}
    headers, all_headers = _both(draw, found)
    query, all_queries = _both(draw, draw(_of(PARAMETERS)))
    is_encoded = draw(st.booleans())
    asked = endpoint.path
    for name, value in (path or {}).items():
        asked = asked.replace(f"{{{name}}}", value)
    return {
        "resource": endpoint.path,
        "path": draw(st.sampled_from([asked, f"{asked}/", f"{asked}%2F", endpoint.path, "/", "/v1/executions/%00"])),
        "httpMethod": endpoint.method,
        "headers": headers,
        "multiValueHeaders": all_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": all_queries,
        "pathParameters": path if draw(st.integers(0, 4)) else None,
        "stageVariables": None,
        "requestContext": draw(st.sampled_from([{"stage": "api", "path": f"/api{asked}"}, {"stage": "api"}])),
        "body": draw(ENCODED) if is_encoded else draw(BODY),
        "isBase64Encoded": is_encoded,
    }


def answered(worker: Worker, endpoint: Endpoint, event: Any) -> int:
    """The status of an answer that is one of the contract's."""
    answer = endpoint(event, Context(), worker)  # type: ignore[arg-type]
    body, headers = json.loads(answer["body"]), answer["multiValueHeaders"]
    assert headers["Content-Type"] == ["application/json"]
    assert headers["X-Request-Id"] == [Context.aws_request_id]
    if "Error-Code" in headers:
        assert list(body) == ["error"]
        assert isinstance(body["error"], str)
    else:
        assert answer["statusCode"] == endpoint.status
    ensure_described(endpoint, answer)
    status: int = answer["statusCode"]
    return status


@pytest.fixture
def shop(worker: Worker) -> Shop:
    return Shop(worker, credits=10**6, requests_per_minute=10**6, concurrent_executions=10**6)


@pytest.fixture
def ids(shop: Shop) -> dict[str, str]:
    hook = send(shop.worker, ENDPOINTS["create_webhook"], "POST", "/v1/webhooks", shop.key, body='{"url": "https://a"}')
    webhook_id = hook[2]["webhook_id"]
    tried = send(shop.worker, ENDPOINTS["test_webhook"], "POST", f"/v1/webhooks/{webhook_id}/test", shop.key)
    return {
        "workflow_id": shop.workflow,
        "execution_id": shop.run()[2]["execution_id"],
        "review_id": "0" * 24,
        "webhook_id": webhook_id,
        "delivery_id": tried[2]["delivery_id"],
    }


@pytest.mark.parametrize("name", ENDPOINTS)
def test_whatever_a_gateway_sends_is_answered_by_the_contract(
    worker: Worker, shop: Shop, ids: dict[str, str], name: str
) -> None:
    endpoint = ENDPOINTS[name]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(events(endpoint, shop.key, ids))
    def ask(event: Any) -> None:
        assert answered(worker, endpoint, event) < 500

    ask()


NO_TEXT: st.SearchStrategy[Any] = (
    st.none() | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2) | st.just({"a": {}})
)
FIELDS = ["headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"]
FIELDS += ["pathParameters", "requestContext", "body", "isBase64Encoded", "path", "httpMethod", "resource"]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_event_that_no_gateway_sends_is_answered_too(
    worker: Worker, shop: Shop, ids: dict[str, str], name: str
) -> None:
    """Whoever may invoke a function directly can send one; whatever it is, it is the sender's fault and is told so."""
    endpoint = ENDPOINTS[name]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        events(endpoint, shop.key, ids),
        st.dictionaries(st.sampled_from(FIELDS), NO_TEXT | st.dictionaries(NAMES, NO_TEXT | TEXT, max_size=2)),
        st.sets(st.sampled_from(FIELDS)),
    )
    def ask(event: Any, wrong: dict[str, Any], missing: set[str]) -> None:
        broken = {field: value for field, value in {**event, **wrong}.items() if field not in missing}
        assert answered(worker, endpoint, broken) < 500

    ask()


@pytest.mark.parametrize("values", [7, None, "running", {"a": "b"}, [7], ["running", None], [["running"]]])
def test_a_parameter_whose_values_are_no_texts_is_none_that_a_gateway_sends(
    worker: Worker, shop: Shop, values: Any
) -> None:
    good = {
        **event("GET", "/v1/executions", shop.key, None, None, {}),
        "multiValueQueryStringParameters": {"status": ["running"]},
    }

    assert answered(worker, ENDPOINTS["list_executions"], good) == 200
    wrong = {**good, "multiValueQueryStringParameters": {"status": values}}
    assert answered(worker, ENDPOINTS["list_executions"], wrong) == 400


@pytest.mark.parametrize("values", [7, [], "text", {"a": 7}, {"a": None}, {"a": ["b"]}])
@pytest.mark.parametrize("name", ["headers", "queryStringParameters", "pathParameters"])
def test_what_is_no_map_of_texts_where_one_belongs_is_none_that_a_gateway_sends(
    worker: Worker, shop: Shop, name: str, values: Any
) -> None:
    good = event("GET", "/v1/executions", shop.key, None, None, {})

    assert answered(worker, ENDPOINTS["list_executions"], good) == 200
    assert answered(worker, ENDPOINTS["list_executions"], {**good, name: values}) == 400


@pytest.mark.parametrize("event", [None, [], "text", 1, {}, {"headers": {"Authorization": None}}])
def test_what_is_no_event_at_all_is_answered_too(worker: Worker, event: Any) -> None:
    assert answered(worker, ENDPOINTS["list_executions"], event) == 400
