"""`http.request`: what goes out, what comes back, and what is refused before anything does."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.callables import EFFECTS
from domain.callables.effect import CallContext, Outcome, Retry
from domain.callables.settings import Settings
from domain.program.calls import CallFailed
from domain.program.values import Value, loads
from tests.integration.effects.conftest import Run
from tests.support.programs import call, do, literal
from tests.support.site import Raw, Said, Seen, Site

type Request = Callable[..., Outcome]


@pytest.fixture
def request_(context: CallContext) -> Request:
    return lambda *args: EFFECTS["http.request"].perform(context, *args)


type Sent = Callable[..., Seen]


@pytest.fixture
def sent(request_: Request, site: Site) -> Sent:
    """Sends a request with some options, and answers with it as the site saw it."""

    def send(method: str, /, path: str = "", **options: Value) -> Seen:
        request_(method, f"{site.url}/asked{path}", dict(options))
        return site.seen[-1]

    return send


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_request_goes_out_by_its_method_in_either_case(sent: Sent, site: Site, method: str) -> None:
    for written in (method, method.lower()):
        seen = sent(written)

        assert (seen.method, seen.body) == (method, b"")
        assert seen.headers["host"] == site.host
        assert seen.headers["user-agent"] == "lodol-executions"
        assert seen.headers["idempotency-key"] == "68d12af3b5f0c1d2e3f4a5b3:2:3"
        assert "content-type" not in seen.headers


def test_an_answer_is_its_status_its_headers_and_its_body(request_: Request, site: Site) -> None:
    url = site.at(Said(404, {"X-Some": "Thing", "Content-Type": "text/plain"}, "grüße".encode()))

    assert request_("GET", url) == {
        "status": 404,
        "headers": {"x-some": "Thing", "content-type": "text/plain", "content-length": "7"},
        "body": "grüße",
    }


def test_its_own_headers_are_sent_and_may_replace_the_usual_ones(sent: Sent) -> None:
    seen = sent("POST", headers={"User-Agent": "mine", "content-TYPE": "a/b", "X": "\t ~é"}, json=1)

    assert (seen.headers["user-agent"], seen.headers["content-type"], seen.body) == ("mine", "a/b", b"1")
    assert seen.headers["x"] == "~é"


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "proxy-",
        "Idempotency-Key",
    ],
)
def test_headers_of_the_connection_and_the_key_of_the_call_are_not_for_programs_to_set(
    request_: Request, site: Site, name: str
) -> None:
    site.seen.clear()

    for written in (name, name.lower(), name.upper()):
        with pytest.raises(ValueError, match=f"options.headers.{written} is a header that programs do not set"):
            request_("POST", site.url, {"headers": {"X": "y", written: "chunked"}, "body": "12345"})

    assert site.seen == []


@pytest.mark.parametrize("value", [None, {"a": [1, "ü"]}, [], "text"])
def test_a_json_body_says_that_it_is_one(sent: Sent, value: Value) -> None:
    seen = sent("POST", json=value)

    assert json.loads(seen.body) == value
    assert seen.headers["content-type"] == "application/json"


def test_a_text_body_goes_out_as_it_is(sent: Sent) -> None:
    seen = sent("PUT", body="grüße")

    assert seen.body == "grüße".encode()
    assert "content-type" not in seen.headers


@pytest.mark.parametrize(
    ("path", "query", "asked"),
    [
        ("", {"a": "x y&z", "b": [1, None, 2.5], "c": None, "d": True, "e": []}, "?a=x+y%26z&b=1&b=2.5&d=true"),
        ("?q=1", {"a": 1}, "?q=1&a=1"),
        ("?q=1#part", {}, "?q=1"),
        ("#part", {}, ""),
        ("/a%20b/<c>?d=[e]", {}, "/a%20b/%3Cc%3E?d=%5Be%5D"),
    ],
)
def test_what_is_asked_for(sent: Sent, path: str, query: Value, asked: str) -> None:
    assert sent("GET", path, query=query).path == f"/asked{asked}"


def test_no_line_break_of_a_query_reaches_the_request_as_one(sent: Sent) -> None:
    seen = sent("GET", "?%0d%0aX:%20y", query={"a\r\nX: y": "b\r\n\r\nGET /c HTTP/1.1\r\nX: y\u2028"})

    assert seen.path == ("/asked?%0d%0aX:%20y&a%0D%0AX%3A+y=b%0D%0A%0D%0AGET+%2Fc+HTTP%2F1.1%0D%0AX%3A+y%E2%80%A8")
    assert "x" not in seen.headers


def test_the_root_is_asked_for_where_the_address_has_no_path(request_: Request, site: Site) -> None:
    request_("GET", site.url, {"query": {"a": 1}})

    assert site.seen[-1].path == "/?a=1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_like_all_others(request_: Request, site: Site, status: int) -> None:
    there = site.at(Said())
    here = site.at(Said(status, {"Location": there}))

    assert request_("GET", here) == {
        "status": status,
        "headers": {"location": there, "content-length": "0"},
        "body": "",
    }
    assert site.asked(there) == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_is_the_result_in_the_end(run: Run, site: Site, status: int) -> None:
    url = site.at(Said(status, {"Retry-After": "120"}))

    ran = run(do(call("http.request", literal("GET"), literal(url))))

    [result] = ran.outcome[2]
    assert (result["status"], len(site.asked(url))) == (status, 4)
    assert len({seen.idempotency_key for seen in site.asked(url)}) == 1
    # What the site asks for is the least; here it is more than the pauses would be of themselves.
    assert ran.execution.completed_at == "2026-01-15T10:36:00+00:00"


@pytest.mark.parametrize("status", [200, 204, 400, 401, 404, 409, 418, 500, 501, 505])
def test_any_other_status_is_the_result_at_once(request_: Request, site: Site, status: int) -> None:
    outcome: Any = request_("GET", site.at(Said(status)))

    assert outcome["status"] == status


def test_a_connection_that_fails_every_time_fails_the_call(run: Run, site: Site) -> None:
    url = site.at(Raw([]))

    ran = run(do(call("http.request", literal("POST"), literal(f"{url}?token=secret"))))

    assert len(site.asked(url)) == 4
    # Without the query, in which there may be secrets.
    sentence = f"http.request: POST {url}: the connection failed (4 attempts)"
    assert ran.execution.error == f"Step 0 failed: body[0].expr: {sentence}"


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"a": [1, 2.0, "\xc3\xbc"]}', {"a": [1, 2.0, "ü"]}),
        ("Application/JSON; charset=utf-8", b"1", 1),
        ("application/problem+json ; charset=utf-8", b"null", None),
        ("application/json", b"", None),
        ("application/json", b" \n", None),
        ("application/json", b"[" * 64 + b"]" * 64, loads("[" * 64 + "]" * 64)),
        ("text/json", b"[1]", "[1]"),
        ("application/jsonlines", b"1", "1"),
        ("text/plain; about=application/json", b"1", "1"),
        ("", b"1", "1"),
        ("text/plain", b"\xff", "\ufffd"),
    ],
)
def test_a_body_is_parsed_where_it_is_json(
    request_: Request, site: Site, content_type: str, body: bytes, value: Value
) -> None:
    outcome: Any = request_("GET", site.at(Said(200, {"Content-Type": content_type}, body)))

    assert outcome["body"] == value


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "it is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        (b"[1e999]", "the number 1e999 is too large"),
        (b'{"a": 1, "a": 2}', 'the key "a" stands twice in one object'),
        (b"NaN", "NaN is not a JSON number"),
        (b"[" * 65 + b"]" * 65, "it is nested deeper than the limit of 64 levels"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "it is nested deeper than the limit of 64 levels"),
    ],
)
def test_a_body_that_only_says_that_it_is_json_fails_the_call(
    request_: Request, site: Site, body: bytes, sentence: str
) -> None:
    with pytest.raises(CallFailed) as failed:
        request_("GET", site.at(Said(404, {"Content-Type": "application/json"}, body)))

    assert str(failed.value) == f"the response says that it is JSON, and cannot be used: {sentence}"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "", "GET ", "GET\r\nX: y", "GET / HTTP/1.1\r\n", None, 5])
def test_a_method_that_there_is_not_is_refused(request_: Request, site: Site, method: Value) -> None:
    with pytest.raises(ValueError, match="method must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, not "):
        request_(method, site.url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.org",
        "//a.org/",
        "ftp://a.org/",
        "file:///etc/passwd",
        "http:///path",
        "http://a.org:0/",
        "http://a.org:65536/",
        "http://a.org:x/",
        "http://[::1/",
        "http://a.org/a b",
        "http://a.org/\r\nX: y",
        "http://a.org/\x7f",
        "http://a.org/ü",
        "http://ü.org/",
        "http://%6c.org/",
        "http://a.org%00/",
        "http://a.org\\b/",
        "http://[fe80::1%25eth0]/",
    ],
)
def test_what_is_no_address_of_the_web_is_refused(request_: Request, url: str) -> None:
    with pytest.raises(ValueError, match="url must be an http or https address in ASCII, not '"):
        request_("GET", url)


# pragma: allowlist nextline secret
@pytest.mark.parametrize("url", ["http://user:secret@a.org/", "http://user@a.org/", "http://@a.org/"])
def test_a_name_and_password_in_an_address_are_refused(request_: Request, url: str) -> None:
    with pytest.raises(ValueError, match="url must not carry a user name or password; send an Authorization header"):
        request_("GET", url)


def test_an_address_that_is_no_string_is_refused(request_: Request) -> None:
    with pytest.raises(ValueError, match="url must be a string, not 5"):
        request_("GET", 5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (5, "options must be an object"),
        (0, "options must be an object"),
        ([], "options must be an object"),
        ({"Body": ""}, "options.Body is unknown; options has headers, query, json, body, timeout"),
        ({"json_": 1}, "options.json_ is unknown"),
        ({"headers": "X: y"}, "options.headers must be an object"),
        ({"headers": {"X": 5}}, "options.headers.X must be a string"),
        ({"headers": {"X Y": "z"}}, "options.headers.X Y is not a name of a header"),
        ({"headers": {"": "z"}}, "options.headers. is not a name of a header"),
        ({"headers": {"X:": "z"}}, "options.headers.X: is not a name of a header"),
        ({"headers": {"X\n": "z"}}, "options.headers.X\n is not a name of a header"),
        (
            {"headers": {"X": "y\r\nZ: z"}},
            "options.headers.X must have no line breaks, and no characters beyond ISO 8859-1",
        ),
        ({"headers": {"X": "y\n"}}, "options.headers.X must have no line breaks"),
        ({"headers": {"X": "€"}}, "options.headers.X must have no line breaks, and no characters beyond"),
        ({"query": "a=b"}, "options.query must be an object"),
        ({"query": {"a": {}}}, "options.query.a.0 must be a string, a number, a boolean or null"),
        ({"query": {"a": [1, []]}}, "options.query.a.1 must be a string, a number, a boolean or null"),
        ({"body": {"a": 1}}, "options.body must be a string"),
        ({"json": None, "body": ""}, "options may have json or body, not both"),
        ({"timeout": "5"}, "options.timeout must be a number"),
        ({"timeout": True}, "options.timeout must be a number"),
        ({"timeout": 0}, "options.timeout must be more than 0"),
        ({"timeout": 60.5}, "options.timeout must be at most 60"),
        ({"timeout": 10**400}, "options.timeout must be a number"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(request_: Request, site: Site, options: Value, sentence: str) -> None:
    site.seen.clear()

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is compared as a whole
        request_("POST", site.url, options)

    assert str(refused.value).startswith(sentence)
    assert site.seen == []


def test_what_is_not_public_is_not_reached(context: CallContext, site: Site) -> None:
    site.seen.clear()
    context = replace(context, settings=Settings())

    with pytest.raises(CallFailed, match=r"127\.0\.0\.1 resolves to an address that is not public"):
        EFFECTS["http.request"].perform(context, "GET", site.url)

    assert site.seen == []


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..org", f"{'a' * 64}.org"])
def test_a_name_that_is_not_found_is_tried_again(request_: Request, host: str) -> None:
    assert request_("GET", f"http://{host}/") == Retry(f"{host} could not be resolved")
