"""Outgoing HTTP requests of programs: one connection to one checked address, bounded in time and in bytes."""

import time
from collections.abc import Buffer, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from socket import SHUT_RDWR, socket
from ssl import SSLCertVerificationError, SSLContext, create_default_context
from threading import Event, Timer
from urllib.parse import quote, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from domain.addresses import resolve
from domain.callables.effect import Retry
from domain.program.calls import CallFailed
from domain.program.limits import NESTING, VALUE_BYTES
from domain.program.values import Value, depth, loads
from domain.retry_after import seconds_asked

RETRIED = {429, 502, 503, 504}
"""Statuses after which another attempt may succeed. Rule: programs "Callables"."""

LONGEST_SECONDS = 60.0
_LONGEST_CONNECT_SECONDS = 10.0
_ANSWER_BYTES = 8 * VALUE_BYTES
"""What is read of an answer at all, headers, trailers and framing included: a body in chunks of a byte takes six."""
_URL_CHARACTERS = "/?%:@!$&'()*+,;=-._~"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes out; `timeout` in seconds, from looking up to the last byte of the answer."""

    method: str
    url: str
    # Not in what is said of a request: there may be a credential in them.
    headers: Mapping[str, str] = field(repr=False)
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
    host, is_safe = parts.hostname, parts.scheme == "https"
    if not host:
        raise CallFailed("the address has no host")
    usual_port = 443 if is_safe else 80
    port = parts.port or usual_port
    deadline = time.monotonic() + request.timeout
    connected_by = min(deadline, time.monotonic() + _LONGEST_CONNECT_SECONDS)
    try:
        address = resolve(host, port, request.allowed_hosts, _until(connected_by))
    except (OSError, UnicodeError):
        return Retry(f"{host} could not be resolved")
    connection = HTTPConnection(address, port, timeout=_until(connected_by))
    connection.response_class = _Answer
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_URL_CHARACTERS)
    # Without a name and password: neither the other side nor the message of a failure is a place for them.
    site = (f"[{host}]" if ":" in host else host) + (f":{port}" if port != usual_port else "")
    headers = {"Host": site, **request.headers}
    try:
        connection.connect()
        if is_safe:
            connection.sock = _secured(connection.sock, host, connected_by)
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


def _until(deadline: float) -> float:
    """The seconds until a deadline, of `time.monotonic`; never 0, with which a socket would not wait at all."""
    return max(deadline - time.monotonic(), 0.001)


def _secured(connection: socket, host: str, deadline: float) -> socket:
    """Begin TLS: the certificate is checked against the name, though the connection goes to the address checked.

    A handshake as a whole has the time that one operation of a socket has. Names have no dot at their end in it.
    """
    connection.settimeout(_until(deadline))
    return _tls().wrap_socket(connection, server_hostname=host.rstrip("."))


def _tls() -> SSLContext:
    """What is usual for TLS: the authorities of this machine, certificates and names checked, and HTTP 1.1 offered."""
    tls = create_default_context()
    tls.set_alpn_protocols(["http/1.1"])
    return tls


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


class _Answer(HTTPResponse):
    """An answer that is read up to a limit, whatever it consists of."""

    def __init__(self, sock: socket, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = BufferedReader(_Bounded(self.fp.detach()))


class _Bounded(RawIOBase):
    """The bytes of an answer as they come in, which are too many at some point."""

    def __init__(self, raw: RawIOBase) -> None:
        self._raw = raw
        self._left = _ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise CallFailed(f"the response takes more than {_ANSWER_BYTES} bytes, its headers included")
        return count


def _read(answer: BaseHTTPResponse, most_bytes: int) -> bytes:
    body = bytearray()
    # What comes in chunks is unpacked only if that is said here.
    for chunk in answer.stream(16 * 1024, decode_content=True):
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
            return _read_json(text)
        except ValueError as invalid:
            if status in RETRIED:
                # Who is overloaded may say anything; what counts is that another attempt may succeed.
                return text
            raise CallFailed(f"the response says that it is JSON, and cannot be used: {invalid}") from None
    return text


def _read_json(text: str) -> Value:
    """Read JSON that is nested no deeper than a value: what looks at it, or writes it into a failure, goes as deep."""
    value = loads(text)
    if depth(value) > NESTING:
        raise ValueError(f"it is nested deeper than the limit of {NESTING} levels")
    return value


def _reason(error: Exception) -> str:
    # urllib3 counts a refused connection among those that took too long.
    if isinstance(error, TimeoutError | HTTPTimeoutError) and not isinstance(error, NewConnectionError):
        return "no answer in time"
    if isinstance(error, SSLCertVerificationError):
        return "the certificate of the other side cannot be trusted"
    return "the connection failed"
