"""`api.request`: the API that the stack is configured for, with its credential."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from urllib.parse import unquote, urlencode

from domain.callables import outgoing
from domain.callables.arguments import verb
from domain.callables.effect import CallContext, Outcome, Retry, effect
from domain.moments import epoch_seconds
from domain.program.calls import CallFailed
from domain.program.values import Value, dumps, kind_of, text_of
from domain.refusals import Unavailable

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SECONDS = 30.0
_HIDDEN = "[redacted]"


def _method(method: Value) -> str:
    return verb(method, _METHODS)


def _path(path: Value) -> str:
    if not isinstance(path, str) or not path.isascii() or not path.isprintable() or " " in path or "#" in path:
        raise ValueError(f"path must be a path in ASCII without spaces and fragment, not {text_of(path)[:100]!r}")
    read = "/" + path.partition("?")[0].removeprefix("/")
    # As whoever stands between us and the API might read it, once or twice: without percent forms.
    for _ in range(3):
        if not _is_below(read):
            raise ValueError(f"path must be relative to the configured base URL, not {path[:100]!r}")
        read = unquote(read)
    return path


def _is_below(path: str) -> bool:
    """Whether a path stays below where it begins, parameters of a segment apart."""
    climbs = any(segment.partition(";")[0] == ".." for segment in path.split("/"))
    # What is no UTF-8, as the long forms of a dot, becomes a character that is not printable here.
    is_plain = path.replace("\ufffd", "\0").isprintable() and "\\" not in path
    return is_plain and not climbs and "://" not in path and not path.startswith("//")


def _payload(payload: Value) -> dict[str, Value]:
    if payload is not None and not isinstance(payload, dict):
        raise ValueError(f"payload must be an object, not {kind_of(payload)}")
    return payload or {}


@effect(
    "api.request",
    "method, path, payload?",
    "Calls the configured API: a path on its base URL, with its credential. `workflow_id` and `teamId` are put into "
    "the payload where unset; a payload of GET and DELETE goes into the query.",
    gives="the parsed body; a status other than 2xx fails",
    reaches_out=True,
    checks={"method": _method, "path": _path, "payload": _payload},
)
def request(context: CallContext, method: Value, path: Value, payload: Value = None) -> Outcome:
    """Call the configured API."""
    if not context.settings.api_base_url:
        raise CallFailed("this stack has no API base URL configured")
    asked = _request(context, method, path, payload)
    try:
        credential = _credential_of(context)
    except Unavailable:
        return Retry("the credential of the API could not be read")
    if credential:
        asked = replace(asked, headers={**asked.headers, "Authorization": f"Bearer {credential}"})
    try:
        return _outcome(asked, context, f"{text_of(method)} {text_of(path)}", credential)
    except CallFailed as failed:
        raise CallFailed(text_of(_without(credential, str(failed)))) from None


def _outcome(asked: outgoing.Request, context: CallContext, what: str, credential: str) -> Outcome:
    answer = outgoing.send(asked)
    if isinstance(answer, Retry):
        return answer
    said = f"{what} was answered with {answer.status}"
    if answer.status in outgoing.RETRIED:
        return Retry(said, answer.retry_after(context.now()))
    body = _without(credential, answer.body)
    if not 200 <= answer.status < 300:
        raise CallFailed(f"{said}: {text_of(body)[:500]}")
    return body


def _without(credential: str, value: Value) -> Value:
    """A value that may be journaled and shown, though the API has said the credential back."""
    if not credential:
        return value
    match value:
        case str():
            return value.replace(credential, _HIDDEN)
        case list():
            return [_without(credential, item) for item in value]
        case dict():
            return {name.replace(credential, _HIDDEN): _without(credential, item) for name, item in value.items()}
        case _:
            return value


def _request(context: CallContext, method: Value, path: Value, payload: Value) -> outgoing.Request:
    method, path, payload = _method(method), _path(path), _payload(payload)
    fields: dict[str, Value] = {"workflow_id": context.workflow_id, "teamId": context.workspace_id}
    fields |= {name: value for name, value in payload.items() if value is not None or name not in fields}
    url = f"{context.settings.api_base_url.rstrip('/')}/{path.lstrip('/')}"
    headers = {"Idempotency-Key": context.idempotency_key, "User-Agent": "lodol-executions"}
    body = None
    if method in {"GET", "DELETE"}:
        query = urlencode({name: text_of(value) for name, value in fields.items()})
        url += ("&" if "?" in url else "?") + query
    else:
        headers["Content-Type"] = "application/json"
        body = dumps(fields).encode()
    return outgoing.Request(method, url, headers, body, _SECONDS, context.settings.allowed_hosts)


def _credential_of(context: CallContext) -> str:
    """The credential of this stack's API; empty if it needs none."""
    secret_arn = context.settings.api_credential_secret_arn
    return _credential(secret_arn, epoch_seconds(context.now()) // 60) if secret_arn else ""


@lru_cache(maxsize=1)
def _credential(secret_arn: str, _minute: int) -> str:
    """The text of the secret. It is read once a minute, so that one that was rotated is soon used by every worker."""
    import boto3
    from botocore.exceptions import ClientError

    from domain.aws.clients import CLIENT_CONFIG, call_aws

    client = boto3.client("secretsmanager", config=CLIENT_CONFIG)
    try:
        # A secret that was stored from a file ends with a line break.
        credential = call_aws(client.get_secret_value, SecretId=secret_arn).get("SecretString", "").strip()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise CallFailed(f"the credential of the API cannot be read: {code}") from None
    if not credential or not credential.isascii() or not credential.isprintable():
        raise CallFailed("the credential of the API is not a text that a header may carry")
    return credential
