"""Outgoing HTTP requests of programs: one connection to one checked address, bounded in time and in bytes."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from socket import SHUT_RDWR, socket
from ssl import SSLCertVerificationError
from threading import Event, Timer
from urllib.parse import quote, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from domain.addresses import port_of, resolve
from domain.callables.effect import Retry
from domain.program.calls import CallFailed
from domain.program.limits import VALUE_BYTES
from domain.program.values import Value, loads
from domain.retry_after import seconds_asked

RETRIED = {429, 502, 503, 504}
"""Statuses after which another attempt may succeed. Rule: programs "Callables"."""

LONGEST_SECONDS = 60.0
_LONGEST_CONNECT_SECONDS = 10.0
_URL_CHARACTERS = "/?%:@!$&'()*+,;=-._~"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes out; `timeout` in seconds, from connecting to the last byte of the answer."""

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

    def retry_after(self, now: datetime) -> float | None:
        """The seconds that the other side asks to wait, if it asks for any."""
        return seconds_asked(self.headers.get("retry-after", ""), now)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came in, header names in lower case; a body that is longer than was asked for is cut."""

    status: int
    headers: dict[str, str]
    content: bytes

    def retry_after(self, now: datetime) -> float | None:
        """The seconds that the other side asks to wait, if it asks for any."""
        return seconds_asked(self.headers.get("retry-after", ""), now)


def send(request: Request) -> Response | Retry:
    """Send a request, and read its answer.

    Raises `CallFailed` for what another attempt would not change.
    """
    answer = exchange(request, VALUE_BYTES + 1)
    if isinstance(answer, Retry):
        return answer
    if len(answer.content) > VALUE_BYTES:
        raise CallFailed(f"the response is larger than the limit of {VALUE_BYTES} bytes")
    body = _parsed(answer.status, answer.content, answer.headers.get("content-type", ""))
    return Response(answer.status, answer.headers, body)


def exchange(request: Request, most_bytes: int) -> Answer | Retry:
    """Send a request; no redirect is followed, since it might lead to where programs may not reach.

    Of the body so many bytes are read. Raises `CallFailed` for an address that may not be reached.
    """
    parts = urlsplit(request.url)
    host, port = parts.hostname, port_of(parts)
    if not host:
        raise CallFailed("the address has no host")
    deadline = time.monotonic() + request.timeout
    try:
        address = resolve(host, port, request.allowed_hosts)
    except (OSError, UnicodeError):
        return Retry(f"{host} could not be resolved")
    connect_seconds = min(_LONGEST_CONNECT_SECONDS, request.timeout)
    # The certificate is checked against the name, though the connection goes to the address that was checked.
    connection = (
        HTTPSConnection(address, port, timeout=connect_seconds, server_hostname=host)
        if parts.scheme == "https"
        else HTTPConnection(address, port, timeout=connect_seconds)
    )
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_URL_CHARACTERS)
    # Without a name and password: the message of a failure is no place for them.
    site = parts.netloc.rpartition("@")[2]
    headers = {"Host": site, **request.headers}
    try:
        connection.connect()
        connection.timeout = request.timeout
        with _shut_at(deadline, connection.sock):
            # Who refuses a body may answer, and close the connection, before all of it is sent.
            with suppress(ConnectionError):
                connection.request(request.method, target, request.body, headers, preload_content=False)
            answer = connection.getresponse()
            content = _read(answer, most_bytes)
    except (HTTPError, HTTPException, OSError) as error:
        return Retry(f"{request.method} {parts.scheme}://{site}{parts.path}: {_reason(error)}")
    finally:
        connection.close()
    return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)


@contextmanager
def _shut_at(deadline: float, connection: socket) -> Iterator[None]:
    """Shut a connection at a deadline, of `time.monotonic`, and raise `TimeoutError` then.

    The timeout of a socket would begin anew with every byte that trickles in, and a body that is ended by the end of
    the connection would look complete.
    """
    over = Event()

    def shut() -> None:
        over.set()
        with suppress(OSError):
            connection.shutdown(SHUT_RDWR)

    timer = Timer(deadline - time.monotonic(), shut)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if over.is_set():
            raise TimeoutError


def _read(answer: BaseHTTPResponse, most_bytes: int) -> bytes:
    body = bytearray()
    for chunk in answer.stream(16 * 1024):
        body += chunk
        if len(body) >= most_bytes:
            break
    return bytes(body[:most_bytes])


def _parsed(status: int, body: bytes, content_type: str) -> Value:
    media_type = content_type.partition(";")[0].strip().lower()
    text = body.decode("utf-8", "replace")
    if media_type == "application/json" or media_type.endswith("+json"):
        if not text.strip():
            return None
        try:
            return loads(text)
        except ValueError as invalid:
            if status in RETRIED:
                # Who is overloaded may say anything; what counts is that another attempt may succeed.
                return text
            raise CallFailed(f"the response says that it is JSON, and cannot be used: {invalid}") from None
    return text


def _reason(error: Exception) -> str:
    # urllib3 counts a refused connection among those that took too long.
    if isinstance(error, TimeoutError | HTTPTimeoutError) and not isinstance(error, NewConnectionError):
        return "no answer in time"
    if isinstance(error, SSLCertVerificationError):
        return "the certificate of the other side cannot be trusted"
    return "the connection failed"
