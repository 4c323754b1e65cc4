"""Outgoing HTTP requests of programs: one connection to one checked address, bounded in time and in bytes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from domain.callables.addresses import resolve
from domain.callables.effect import Retry
from domain.program.calls import CallFailed
from domain.program.limits import VALUE_BYTES
from domain.program.values import Value, loads

RETRIED = {429, 502, 503, 504}
"""Statuses after which another attempt may succeed. Rule: programs "Callables"."""

LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float
    allowed_hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Response:
    """A response as it came in; JSON bodies parsed, all others as text."""

    status: int
    headers: dict[str, str]
    body: Value

    def value(self) -> Value:
        """What `http.request` gives."""
        return {"status": self.status, "headers": dict(self.headers), "body": self.body}

    def retry_after(self) -> float | None:
        """The seconds that the other side asks to wait, written as such or as a date."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return float(text)
        try:
            return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None


def send(request: Request) -> Response | Retry:
    """Send a request; no redirect is followed, since it might lead to where programs may not reach.

    Raises `CallFailed` for what another attempt would not change.
    """
    parts = urlsplit(request.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + request.timeout
    try:
        address = resolve(host, port, request.allowed_hosts)
    except (OSError, UnicodeError):
        return Retry(f"{host} could not be resolved")
    timeout = Timeout(connect=min(10.0, request.timeout), read=request.timeout)
    shared = {"timeout": timeout, "retries": False, "maxsize": 1, "block": False}
    pool = (
        # The certificate is checked against the name, though the connection goes to the address that was checked.
        urllib3.HTTPSConnectionPool(address, port, server_hostname=host, assert_hostname=host, **shared)  # type: ignore[arg-type]
        if parts.scheme == "https"
        else urllib3.HTTPConnectionPool(address, port, **shared)  # type: ignore[arg-type]
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        answer = pool.urlopen(
            request.method,
            target,
            body=request.body,
            headers={"Host": parts.netloc.rpartition("@")[2], **request.headers},
            redirect=False,
            preload_content=False,
            decode_content=True,
        )
        body = _read(answer, deadline)
    except (HTTPError, OSError) as error:
        return Retry(f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}: {_reason(error)}")
    finally:
        pool.close()
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status, headers, _parsed(body, headers.get("content-type", "")))


def _read(answer: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    for chunk in answer.stream(16 * 1024):
        body += chunk
        if len(body) > VALUE_BYTES:
            raise CallFailed(f"the response is larger than the limit of {VALUE_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)


def _parsed(body: bytes, content_type: str) -> Value:
    media_type = content_type.partition(";")[0].strip().lower()
    text = body.decode("utf-8", "replace")
    if media_type == "application/json" or media_type.endswith("+json"):
        if not text.strip():
            return None
        try:
            return loads(text)
        except ValueError as invalid:
            raise CallFailed(f"the response says that it is JSON, and cannot be used: {invalid}") from None
    return text


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "the certificate of the other side cannot be trusted"
    return "the connection failed"
