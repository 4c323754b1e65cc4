"""`api.request`: the configured API with its credential and the fields it expects, and nothing outside its base URL."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from domain.aws import clients
from domain.callables import EFFECTS, api
from domain.callables.effect import CallContext, Outcome, Retry
from domain.callables.settings import Settings
from domain.program.calls import CallFailed
from tests.support.conformance import World
from tests.support.site import Raw, Said, Site

type Request = Callable[..., Outcome]

WORKFLOW, TEAM = "68d12af3b5f0c1d2e3f4a5b2", "68d12af3b5f0c1d2e3f4a5b1"


@pytest.fixture
def settings(site: Site) -> Settings:
    return Settings(allowed_hosts=frozenset({site.host}), api_base_url=f"{site.url}/base/v1/")


@pytest.fixture
def request_(context: CallContext, site: Site) -> Iterator[Request]:
    """Calls the API, whose only resource is `orders`."""
    site.answers["/base/v1/orders"] = [Said(200, {"Content-Type": "application/json"}, b'{"orders": [1]}')]
    site.seen.clear()
    api._credential.cache_clear()
    yield lambda *args: EFFECTS["api.request"].perform(context, *args)
    api._credential.cache_clear()


@pytest.mark.parametrize("path", ["orders", "/orders", "/orders/"])
def test_a_path_leads_below_the_base_url(request_: Request, site: Site, path: str) -> None:
    site.answers["/base/v1/orders/"] = site.answers["/base/v1/orders"]

    assert request_("post", path) == {"orders": [1]}

    [seen] = site.seen
    assert (seen.method, seen.path) == ("POST", f"/base/v1/{path.lstrip('/')}")
    assert seen.headers["host"] == site.host
    assert seen.headers["user-agent"] == "lodol-executions"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["idempotency-key"] == "68d12af3b5f0c1d2e3f4a5b3:2:3"
    assert "authorization" not in seen.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        (None, {"workflow_id": WORKFLOW, "teamId": TEAM}),
        ({}, {"workflow_id": WORKFLOW, "teamId": TEAM}),
        ({"workflow_id": None, "teamId": None, "a": None}, {"workflow_id": WORKFLOW, "teamId": TEAM, "a": None}),
        ({"workflow_id": "w", "teamId": "", "a": [1]}, {"workflow_id": "w", "teamId": "", "a": [1]}),
    ],
)
def test_a_payload_goes_into_the_body_with_what_the_api_expects(
    request_: Request, site: Site, method: str, payload: Any, sent: Any
) -> None:
    request_(method, "orders", payload)

    [seen] = site.seen
    assert (seen.method, seen.path, json.loads(seen.body)) == (method, "/base/v1/orders", sent)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_without_a_body_the_payload_goes_into_the_query(request_: Request, site: Site, method: str) -> None:
    request_(method, "orders", {"teamId": "t", "q": "a b&c", "n": 1, "of": [True]})
    request_(method, "orders?page=2&next=https://a.org/../b")

    first, second = site.seen
    assert first.path == f"/base/v1/orders?workflow_id={WORKFLOW}&teamId=t&q=a+b%26c&n=1&of=%5Btrue%5D"
    assert second.path == f"/base/v1/orders?page=2&next=https://a.org/../b&workflow_id={WORKFLOW}&teamId={TEAM}"
    assert (first.method, first.body, "content-type" in first.headers) == (method, b"", False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["TRACE", "orders"], "method must be one of GET, POST, PUT, PATCH, DELETE, not TRACE"),
        (["HEAD", "orders"], "method must be one of"),
        ([None, "orders"], "method must be one of GET, POST, PUT, PATCH, DELETE, not null"),
        (["GET", None], "path must be a path in ASCII without spaces and fragment, not 'null'"),
        (["GET", "örders"], "path must be a path in ASCII"),
        (["GET", "or ders"], "path must be a path in ASCII"),
        (["GET", "orders\r\nX:y"], "path must be a path in ASCII"),
        (["GET", "orders#1"], "path must be a path in ASCII"),
        (["GET", "https://a.org/"], "path must be relative to the configured base URL, not 'https://a.org/'"),
        (["GET", "//a.org/"], "path must be relative"),
        (["GET", ".."], "path must be relative"),
        (["GET", "/../admin"], "path must be relative"),
        (["GET", "orders/../../admin"], "path must be relative"),
        (["GET", "orders/..?x=1"], "path must be relative"),
        (["GET", "%2e%2E/admin"], "path must be relative"),
        (["GET", "..%2fadmin"], "path must be relative"),
        (["GET", "/..;x/admin"], "path must be relative"),
        (["GET", "\\..\\admin"], "path must be relative"),
        (["GET", "..%5cadmin"], "path must be relative"),
        (["GET", "%252e%252e/admin"], "path must be relative"),
        (["GET", "%252e%252e%252fadmin"], "path must be relative"),
        (["GET", "%c0%ae%c0%ae/admin"], "path must be relative"),
        (["GET", "orders%0d%0aX:y"], "path must be relative"),
        (["GET", "orders%00"], "path must be relative"),
        (["GET", "%2f%2fa.org"], "path must be relative"),
        (["GET", "%2fa.org"], "path must be relative"),
        (["GET", "/%252fa.org"], "path must be relative"),
        (["GET\r\nX: y", "orders"], "method must be one of"),
        (["GET", "orders", [1]], "payload must be an object, not list"),
    ],
)
def test_what_is_no_request_below_the_base_url_is_refused(
    request_: Request, site: Site, arguments: list[Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        request_(*arguments)

    assert site.seen == []


@pytest.mark.parametrize("path", ["a%2fb", "%C3%BC", "a%20b", "100%25", "a/./b", "a//b", "@b", ":80"])
def test_what_stays_below_it_goes_out_as_it_was_written(request_: Request, site: Site, path: str) -> None:
    request_("POST", path)

    assert site.seen[0].path == f"/base/v1/{path}"


def test_no_line_break_of_a_payload_reaches_the_request_as_one(request_: Request, site: Site) -> None:
    request_("GET", "orders", {"a\r\nX: y": "b\r\nX: y"})

    assert site.seen[0].path.endswith("&a%0D%0AX%3A+y=b%0D%0AX%3A+y")
    assert "x" not in site.seen[0].headers


def test_dots_in_a_name_leave_nothing(request_: Request, site: Site) -> None:
    site.answers["/base/v1/a..b"] = [Said()]

    assert request_("GET", "a..b") == ""


@pytest.mark.parametrize("status", [300, 301, 400, 404, 500, 501])
def test_another_status_than_2xx_fails_with_what_the_api_says(request_: Request, site: Site, status: int) -> None:
    said = Said(status, {"Content-Type": "application/json", "Location": "/orders"}, b'{"error": "' + b"x" * 600)
    site.answers["/base/v1/orders"] = [replace(said, body=said.body + b'"}')]

    with pytest.raises(CallFailed) as failed:
        request_("POST", "orders")

    assert str(failed.value) == f"POST orders was answered with {status}: " + '{"error":"' + "x" * 490
    assert len(site.seen) == 1


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success(request_: Request, site: Site, status: int) -> None:
    site.answers["/base/v1/orders"] = [Said(status)]

    assert request_("POST", "orders") == ""


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_fails_in_the_end(request_: Request, site: Site, status: int) -> None:
    site.answers["/base/v1/orders"] = [Said(status, {"Retry-After": "7"})]

    assert request_("GET", "orders") == Retry(f"GET orders was answered with {status}", 7)


def test_a_failed_connection_is_tried_again(request_: Request, site: Site) -> None:
    site.answers["/base/v1/orders"] = [Raw([])]

    assert request_("PUT", "orders") == Retry(f"PUT {site.url}/base/v1/orders: the connection failed")


def test_without_a_base_url_there_is_no_api(context: CallContext) -> None:
    context = replace(context, settings=Settings())

    with pytest.raises(CallFailed, match="this stack has no API base URL configured"):
        EFFECTS["api.request"].perform(context, "GET", "orders")


@pytest.mark.parametrize("base_url", ["a.org", "/base", "http://"])
def test_a_base_url_without_a_host_reaches_nothing(context: CallContext, base_url: str) -> None:
    context = replace(context, settings=replace(context.settings, api_base_url=base_url))

    with pytest.raises(CallFailed, match="the address has no host"):
        EFFECTS["api.request"].perform(context, "GET", "orders")


def test_no_password_of_the_base_url_is_in_a_message(context: CallContext, site: Site) -> None:
    base_url = f"http://user:secret@{site.host}"  # pragma: allowlist secret
    context = replace(context, settings=replace(context.settings, api_base_url=base_url))
    site.answers["/gone"] = [Raw([])]

    outcome = EFFECTS["api.request"].perform(context, "GET", "gone")

    assert outcome == Retry(f"GET {site.url}/gone: the connection failed")
    assert site.seen[-1].headers["host"] == site.host


class TestCredential:
    """The credential is a secret of AWS Secrets Manager, sent as a bearer token and shown to nobody."""

    @pytest.fixture
    def settings(self, settings: Settings, aws: None) -> Settings:
        return replace(settings, api_credential_secret_arn="credential")  # pragma: allowlist secret

    def store(self, **secret: Any) -> None:
        boto3.client("secretsmanager").create_secret(Name="credential", **secret)

    @pytest.mark.parametrize("text", ["s3cret", "s3cret\n", " s3cret\r\n"])
    def test_it_is_sent_as_a_bearer_token(self, request_: Request, site: Site, text: str) -> None:
        self.store(SecretString=text)

        request_("GET", "orders")

        assert site.seen[0].headers["authorization"] == "Bearer s3cret"

    def test_it_is_read_once_a_minute_so_that_one_that_was_rotated_is_used(
        self, context: CallContext, request_: Request, site: Site
    ) -> None:
        self.store(SecretString="s3cret")  # pragma: allowlist secret
        request_("GET", "orders")
        boto3.client("secretsmanager").put_secret_value(SecretId="credential", SecretString="rotated")

        for seconds in (0, 59, 60):
            world = World(context.now() + timedelta(seconds=seconds))
            EFFECTS["api.request"].perform(replace(context, now=world.clock), "GET", "orders")

        sent = [seen.headers["authorization"] for seen in site.seen]
        assert sent == ["Bearer s3cret"] * 3 + ["Bearer rotated"]

    @pytest.mark.parametrize(
        "secret",
        # pragma: allowlist nextline secret
        [{"SecretString": "a\nb"}, {"SecretString": "sécret"}, {"SecretString": " \n"}, {"SecretBinary": b"s3cret"}],
        ids=["lines", "not ASCII", "blank", "binary"],
    )
    def test_one_that_no_header_may_carry_fails_the_call_and_is_not_told(
        self, request_: Request, site: Site, secret: Any
    ) -> None:
        self.store(**secret)

        with pytest.raises(CallFailed) as failed:
            request_("GET", "orders")

        assert str(failed.value) == "the credential of the API is not a text that a header may carry"
        assert site.seen == []

    def test_a_missing_one_fails_the_call(self, request_: Request, site: Site) -> None:
        with pytest.raises(CallFailed, match="the credential of the API cannot be read: ResourceNotFoundException"):
            request_("GET", "orders")

        assert site.seen == []

    def test_an_attempt_without_an_answer_for_it_is_tried_again(
        self, request_: Request, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", site.at(Said(500)))
        monkeypatch.setattr(clients, "CLIENT_CONFIG", Config(retries={"total_max_attempts": 1}))

        assert request_("GET", "orders") == Retry("the credential of the API could not be read")
