"""`http.request`: any HTTP endpoint of the public internet."""

import re
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import SplitResult, urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.addresses import read_url
from domain.callables import outgoing
from domain.callables.arguments import listed, parsed, verb
from domain.callables.effect import CallContext, Outcome, Retry, effect
from domain.program.values import Value, dumps, text_of

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_USUAL_SECONDS = 30.0
_OURS = {
    "host",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "connection",
    "keep-alive",
    "upgrade",
    "idempotency-key",
}
"""What says whom a request is for and where it ends, what belongs to the connection (RFC 9110, 7.6.1), and the key that
a replay and a retry must repeat; besides, whatever begins with `proxy-`."""


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ValueError("is not a name of a header")
    if name.lower() in _OURS or name.lower().startswith("proxy-"):
        raise ValueError("is a header that programs do not set")
    return name


def _header_value(value: str) -> str:
    if not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value):
        raise ValueError("must have no line breaks, and no characters beyond ISO 8859-1")
    return value


def _scalar(value: Value) -> Value:
    if isinstance(value, list | dict):
        raise ValueError("must be a string, a number, a boolean or null")
    return value


class Options(BaseModel):
    """The options of `http.request`; `timeout` in seconds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    headers: dict[Annotated[str, AfterValidator(_header_name)], Annotated[str, AfterValidator(_header_value)]] = Field(
        default_factory=dict
    )
    query: dict[str, Annotated[list[Annotated[Any, AfterValidator(_scalar)]], BeforeValidator(listed)]] = Field(
        default_factory=dict
    )
    json_: Annotated[object, Field(alias="json")] = None
    body: str | None = None
    timeout: Annotated[float, Field(gt=0, le=outgoing.LONGEST_SECONDS)] = _USUAL_SECONDS

    @model_validator(mode="after")
    def _has_one_body(self) -> Any:
        if self.body is not None and "json_" in self.model_fields_set:
            raise ValueError("may have json or body, not both")
        return self


def _method(method: Value) -> str:
    return verb(method, _METHODS)


def _address(url: Value) -> SplitResult:
    if not isinstance(url, str):
        raise ValueError(f"url must be a string, not {text_of(url)[:40]}")
    return read_url(url)


@effect(
    "http.request",
    "method, url, options?",
    "Sends a request to a public address; options are `{headers, query, json, body, timeout}`. "
    "Redirects are answers like all others.",
    gives="`{status, headers, body}`, header names in lower case, JSON bodies parsed",
    reaches_out=True,
    reads={"options": Options},
    checks={"method": _method, "url": _address},
)
def request(context: CallContext, method: Value, url: Value, options: Value = None) -> Outcome:
    """Send a request; 429, 502, 503, 504 and failed connections are tried again, the last answer being the result."""
    answer = outgoing.send(_request(context, method, url, parsed(Options, options, "options")))
    return answer if isinstance(answer, Retry) else outcome_of(answer, context.now())


def outcome_of(answer: outgoing.Response, now: datetime) -> Outcome:
    """What an answer means for the call: its result, or another attempt."""
    if answer.status in outgoing.RETRIED:
        return Retry(f"the answer was {answer.status}", answer.retry_after(now), answer.value(), has_last=True)
    return answer.value()


def _request(context: CallContext, method: Value, url: Value, options: Options) -> outgoing.Request:
    headers = {**options.headers, "Idempotency-Key": context.idempotency_key}
    given = {name.lower() for name in headers}
    if "user-agent" not in given:
        headers["User-Agent"] = "lodol-executions"
    body = options.body.encode() if options.body is not None else None
    if "json_" in options.model_fields_set:
        body = dumps(options.json_).encode()  # type: ignore[arg-type]
        if "content-type" not in given:
            headers["Content-Type"] = "application/json"
    return outgoing.Request(
        _method(method), _url(url, options), headers, body, options.timeout, context.settings.allowed_hosts
    )


def _url(url: Value, options: Options) -> str:
    parts = _address(url)
    query = [(name, text_of(one)) for name, values in options.query.items() for one in values if one is not None]
    added = "&".join(filter(None, [parts.query, urlencode(query)]))
    return parts._replace(query=added, fragment="").geturl()
