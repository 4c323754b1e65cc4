"""`api.request`: the API that the stack is configured for, with its credential."""

from __future__ import annotations

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


def _method(method: Value) -> str:
    return verb(method, _METHODS)


def _path(path: Value) -> str:
    if not isinstance(path, str) or not path.isascii() or not path.isprintable() or " " in path or "#" in path:
        raise ValueError(f"path must be a path in ASCII without spaces and fragment, not {text_of(path)[:100]!r}")
    # Read as a server might: with characters in percent form, and parameters of a segment apart.
    plain = unquote(path.partition("?")[0])
    leaves = any(segment.partition(";")[0] == ".." for segment in plain.split("/"))
    if leaves or "://" in plain or plain.startswith("//") or "\\" in plain:
        raise ValueError(f"path must be relative to the configured base URL, not {path[:100]!r}")
    return path


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
    try:
        asked = _request(context, method, path, payload)
    except Unavailable:
        return Retry("the credential of the API could not be read")
    answer = outgoing.send(asked)
    if isinstance(answer, Retry):
        return answer
    body = _without(answer.body, asked.headers.get("Authorization", "").removeprefix("Bearer "))
    said = f"{text_of(method)} {text_of(path)} was answered with {answer.status}"
    if answer.status in outgoing.RETRIED:
        return Retry(said, answer.retry_after(context.now()))
    if not 200 <= answer.status < 300:
        raise CallFailed(f"{said}: {text_of(body)[:500]}")
    return body


def _without(value: Value, credential: str) -> Value:
    """What was answered, without the credential where the API repeats it: results and failures are kept and shown."""
    if not credential:
        return value
    match value:
        case str():
            return value.replace(credential, "[redacted]")
        case list():
            return [_without(inner, credential) for inner in value]
        case dict():
            return {str(_without(name, credential)): _without(inner, credential) for name, inner in value.items()}
        case _:
            return value


def _request(context: CallContext, method: Value, path: Value, payload: Value) -> outgoing.Request:
    method, path, payload = _method(method), _path(path), _payload(payload)
    fields: dict[str, Value] = {"workflow_id": context.workflow_id, "teamId": context.workspace_id}
    fields |= {name: value for name, value in payload.items() if value is not None or name not in fields}
    url = f"{context.settings.api_base_url.rstrip('/')}/{path.lstrip('/')}"
    headers = {"Idempotency-Key": context.idempotency_key, "User-Agent": "lodol-executions"}
    if context.settings.api_credential_secret_arn:
        minute = epoch_seconds(context.now()) // 60
        headers["Authorization"] = f"Bearer {_credential(context.settings.api_credential_secret_arn, minute)}"
    body = None
    if method in {"GET", "DELETE"}:
        query = urlencode({name: text_of(value) for name, value in fields.items()})
        url += ("&" if "?" in url else "?") + query
    else:
        headers["Content-Type"] = "application/json"
        body = dumps(fields).encode()
    return outgoing.Request(method, url, headers, body, _SECONDS, context.settings.allowed_hosts)


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
