"""Outgoing requests: bounded in time and size, on one checked connection, and failures that say what happened."""

import gzip
import math
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from threading import Event, Thread, Timer
from typing import Any, ClassVar

import pytest
import trustme
from urllib3.connection import HTTPConnection

from domain.callables import EFFECTS, outgoing
from domain.callables.effect import CallContext, Outcome, Retry
from domain.callables.settings import Settings
from domain.program.calls import CallFailed
from domain.program.limits import VALUE_BYTES
from domain.program.values import Value
from tests.support.site import Raw, Said, Site

MANY = 60
BOMB_BYTES = 60_000_000
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def get(context: CallContext, url: str, **options: Value) -> Outcome:
    return EFFECTS["http.request"].perform(context, "GET", url, dict(options))


@pytest.mark.parametrize(
    "pieces",
    [
        [LENGTH, *[b"x"] * MANY],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * MANY],
        [CHUNKED, *[b"1\r\nx\r\n"] * MANY, b"0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * MANY, b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n", *(b"X-%d: x\r\n" % number for number in range(MANY)), b"\r\n"],
        [*[b"HTTP/1.1 100 Continue\r\n\r\n"] * MANY, b"HTTP/1.1 204 No Content\r\n\r\n"],
    ],
    ids=["body", "body without a length", "chunks", "header", "headers", "provisional answers"],
)
def test_an_answer_that_trickles_in_is_not_waited_for(context: CallContext, site: Site, pieces: list[bytes]) -> None:
    sent = []

    def slowly() -> Iterator[bytes]:
        """Each piece well within the timeout, all of them together not."""
        for piece in pieces:
            sent.append(piece)
            yield piece
            time.sleep(0.05)

    url = site.at(Raw(slowly()))

    assert get(context, url, timeout=0.3) == Retry(f"GET {url}: no answer in time")
    assert len(sent) < MANY


def test_a_site_that_says_nothing_is_not_waited_for(context: CallContext, site: Site) -> None:
    def nothing() -> Iterator[bytes]:
        time.sleep(3)
        yield b"HTTP/1.1 204 No Content\r\n\r\n"

    url = site.at(Raw(nothing()))

    assert get(context, url, timeout=0.1) == Retry(f"GET {url}: no answer in time")


@pytest.mark.parametrize("host", ["shop.example", "[2001:db8::1]"])
@pytest.mark.parametrize(("port", "said"), [("", ""), (":80", ""), (":81", ":81")])
def test_a_host_is_sent_as_it_was_written_without_the_port_that_is_the_usual_one(
    context: CallContext, site: Site, monkeypatch: pytest.MonkeyPatch, host: str, port: str, said: str
) -> None:
    path = site.at(Said()).removeprefix(f"http://{site.host}")
    here, _, listening = site.host.partition(":")
    monkeypatch.setattr(outgoing, "resolve", lambda *_: here)
    monkeypatch.setattr(outgoing, "HTTPConnection", lambda _, __, **more: HTTPConnection(here, int(listening), **more))

    get(context, f"http://{host}{port}{path}")

    [asked] = site.asked(f"http://{site.host}{path}")
    assert asked.headers["host"] == f"{host}{said}"


@pytest.mark.parametrize(("bound", "timeout"), [(0.1, 60), (10, 0.1)])
def test_connecting_has_a_bound_of_its_own_within_that_of_the_request(
    context: CallContext, monkeypatch: pytest.MonkeyPatch, bound: float, timeout: float
) -> None:
    """Here of a TLS handshake that the other side never begins, and gives up later."""
    monkeypatch.setattr(outgoing, "_LONGEST_CONNECT_SECONDS", bound)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        context = replace(context, settings=Settings(allowed_hosts=frozenset({host})))

        answered = Event()

        def give_up() -> None:
            connection, _ = silent.accept()
            with connection:
                answered.wait(3)

        other = Thread(target=give_up)
        other.start()

        outcome = get(context, f"https://{host}/", timeout=timeout)

        assert outcome == Retry(f"GET https://{host}/: no answer in time")
        answered.set()
        other.join()


def test_a_handshake_that_trickles_in_is_not_waited_for(context: CallContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte well within the bound, all of them together not; most of the time is over before it begins."""
    monkeypatch.setattr(outgoing, "_LONGEST_CONNECT_SECONDS", 0.6)
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def trickle() -> None:
            connection, _ = slow.accept()
            with connection, suppress(ConnectionError):
                # The head of a record of 16,000 bytes, and the first of them.
                for byte in b"\x16\x03\x03\x3e\x80\x02\x00\x3e\x7c" + bytes(MANY):
                    connection.sendall(bytes([byte]))
                    sent.append(bytes([byte]))
                    time.sleep(0.05)

        other = Thread(target=trickle)
        other.start()
        host = f"127.0.0.1:{slow.getsockname()[1]}"
        context = replace(context, settings=Settings(allowed_hosts=frozenset({host})))

        class Slow(HTTPConnection):
            def connect(self) -> None:
                time.sleep(0.5)
                super().connect()

        monkeypatch.setattr(outgoing, "HTTPConnection", Slow)
        outcome = get(context, f"https://{host}/", timeout=60)

        assert outcome == Retry(f"GET https://{host}/: no answer in time")
        other.join()
    assert len(sent) < 10


def test_no_time_is_left_for_connecting_where_looking_up_took_it(
    context: CallContext, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(host: str, *_: Any) -> str:
        time.sleep(0.2)
        return host

    monkeypatch.setattr(outgoing, "resolve", late)

    assert get(context, f"{site.url}/", timeout=0.1) == Retry(f"GET {site.url}/: no answer in time")


def test_an_answer_may_take_longer_than_connecting(
    context: CallContext, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late() -> Iterator[bytes]:
        time.sleep(0.4)
        yield b"HTTP/1.1 204 No Content\r\n\r\n"

    monkeypatch.setattr(outgoing, "_LONGEST_CONNECT_SECONDS", 0.1)

    outcome: Any = get(context, site.at(Raw(late())))

    assert outcome["status"] == 204


@pytest.mark.parametrize(
    "answer",
    [
        Said(200, {}, b"x"),
        Raw([b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (VALUE_BYTES + 1)]),
        Raw([CHUNKED, b"zz\r\n"]),
        Raw([b"HTTP/1.1 999999 OK\r\n\r\n"]),
        Raw([b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", *[b"x" * 1000] * 10]),
    ],
    ids=["usual", "too large", "no chunk", "no status", "without a length"],
)
def test_nothing_of_a_connection_is_left_open_whatever_comes_of_it(
    context: CallContext, site: Site, monkeypatch: pytest.MonkeyPatch, answer: Said | Raw
) -> None:
    """While the failure is still there, which holds whatever was at work."""
    connections: list[socket.socket] = []
    shut_at = outgoing._shut_at

    def note(deadline: float, connection: socket.socket) -> Any:
        connections.append(connection)
        return shut_at(deadline, connection)

    monkeypatch.setattr(outgoing, "_shut_at", note)
    failures = []

    try:
        get(context, site.at(answer))
    except CallFailed as failed:
        failures.append(failed)

    assert [connection.fileno() for connection in connections] == [-1]


def test_no_timer_is_left_behind(context: CallContext, site: Site) -> None:
    get(context, site.at(Said()), timeout=60)

    assert not any(isinstance(thread, Timer) for thread in threading.enumerate())


def until_timers_are_over() -> None:
    for thread in threading.enumerate():
        if isinstance(thread, Timer):
            thread.join()


def test_a_connection_that_is_gone_by_its_deadline_is_shut_in_silence() -> None:
    """What a thread raised would fail this test as a warning."""
    with socket.socket() as gone, pytest.raises(TimeoutError), outgoing._shut_at(0, gone):
        until_timers_are_over()


def test_a_site_that_takes_no_connections_is_not_waited_for(context: CallContext) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        host = f"127.0.0.1:{full.getsockname()[1]}"
        context = replace(context, settings=Settings(allowed_hosts=frozenset({host})))

        outcome = get(context, f"http://{host}/", timeout=0.1)

    assert outcome == Retry(f"GET http://{host}/: no answer in time")


@pytest.mark.parametrize("framed", [True, False], ids=["with a length", "without"])
def test_an_answer_may_be_as_large_as_a_value(context: CallContext, site: Site, framed: bool) -> None:
    def answering(size: int) -> str:
        body = b"x" * size
        return site.at(Said(200, {}, body) if framed else Raw([b"HTTP/1.1 200 OK\r\n\r\n", body]))

    whole: Any = get(context, answering(VALUE_BYTES))
    assert whole["body"] == "x" * VALUE_BYTES

    with pytest.raises(CallFailed, match="the response is larger than the limit of 262144 bytes"):
        get(context, answering(VALUE_BYTES + 1))


def test_an_answer_without_an_end_is_not_read_to_it(context: CallContext, site: Site) -> None:
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while len(sent) < 1000:
            sent.append(64 * 1024)
            yield b"x" * sent[-1]

    with pytest.raises(CallFailed, match="the response is larger than the limit of 262144 bytes"):
        get(context, site.at(Raw(endless())))

    # More than the limit was sent, into the buffers of both sides, and by far not everything.
    assert sum(sent) < 32 * 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    """The deflate that some servers mean: without zlib's head."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "gzip, gzip": lambda data: gzip.compress(gzip.compress(data)),
    "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("framed", [True, False], ids=["with a length", "in chunks"])
def test_of_a_compressed_answer_what_counts_is_what_it_holds(
    context: CallContext, site: Site, encoding: str, framed: bool
) -> None:
    def answering(body: bytes) -> str:
        headers = {"Content-Encoding": encoding}
        if framed:
            return site.at(Said(200, headers, body))
        chunks = [b"%x\r\n%b\r\n" % (len(body), body), b"0\r\n\r\n"]
        return site.at(Raw([CHUNKED[:-2], f"Content-Encoding: {encoding}\r\n\r\n".encode(), *chunks]))

    small: Any = get(context, answering(ENCODINGS[encoding](b"hello")))
    assert small["body"] == "hello"

    bomb = answering(ENCODINGS[encoding](bytes(BOMB_BYTES)))
    tracemalloc.start()
    try:
        with pytest.raises(CallFailed, match="the response is larger than the limit of 262144 bytes"):
            get(context, bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < BOMB_BYTES / 10


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "unheard-of"])
def test_an_encoding_that_is_not_read_is_not_unpacked(context: CallContext, site: Site, encoding: str) -> None:
    answer: Any = get(context, site.at(Said(200, {"Content-Encoding": encoding}, b"\x0b\x02\x80hello\x03")))

    assert answer["body"] == "\x0b\x02\ufffdhello\x03"


def test_an_answer_may_be_unpacked_a_few_times_and_not_without_end(context: CallContext, site: Site) -> None:
    url = site.at(Said(200, {"Content-Encoding": ", ".join(["gzip"] * 50)}, gzip.compress(b"")))

    assert get(context, url) == Retry(f"GET {url}: the connection failed")


def without_end(site: Site, head: bytes, piece: bytes) -> tuple[str, list[int]]:
    """Arrange an answer that goes on and on; answers with its address, and the sizes of what was sent of it."""
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        yield head
        while len(sent) < 1000:
            sent.append(len(piece))
            yield piece

    return site.at(Raw(endless())), sent


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"),
        (CHUNKED + b"0\r\n", b"X: " + b"x" * 60_000 + b"\r\n"),
        (CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"),
        (CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n", b"ea60\r\n" + gzip.compress(b"") * 3000 + b"\r\n"),
    ],
    ids=["provisional answers", "trailers", "extensions of chunks", "nothing, compressed"],
)
def test_what_comes_in_beside_a_body_has_an_end_too(
    context: CallContext, site: Site, head: bytes, piece: bytes
) -> None:
    url, sent = without_end(site, head, piece)

    with pytest.raises(CallFailed, match="the response takes more than 2097152 bytes, its headers included"):
        get(context, url)

    # More than the limit was sent, into the buffers of both sides, and by far not everything.
    assert sum(sent) < 32 * 1024 * 1024


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 ", b"x" * 60_000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 60_000),
        (b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 1000 + b"\r\n"),
        (CHUNKED, b"1" + b"0" * 60_000),
        (CHUNKED + b"0\r\nX: ", b"x" * 60_000),
    ],
    ids=["status", "header", "headers", "size of a chunk", "trailer"],
)
def test_lines_and_headers_without_end_are_a_failed_connection(
    context: CallContext, site: Site, head: bytes, piece: bytes
) -> None:
    url, sent = without_end(site, head, piece)

    assert get(context, url) == Retry(f"GET {url}: the connection failed")
    assert sum(sent) < 32 * 1024 * 1024


def test_an_answer_may_take_as_much_as_is_read_of_one(context: CallContext, site: Site) -> None:
    """All of its chunks have a byte, and something beside it."""
    end = b"0\r\n\r\n"

    def taking(size: int) -> str:
        count, rest = divmod(size - len(CHUNKED) - len(end), 16 * 1024)
        chunks = [
            b"1;" + b"x" * (length - 7) + b"\r\nx\r\n" for length in [16 * 1024] * (count - 1) + [16 * 1024 + rest]
        ]
        return site.at(Raw([CHUNKED, *chunks, end]))

    answer: Any = get(context, taking(2_097_152))
    assert set(answer["body"]) == {"x"}

    with pytest.raises(CallFailed, match="the response takes more than 2097152 bytes"):
        get(context, taking(2_097_153))


def test_a_body_in_chunks_of_a_byte_may_be_as_large_as_a_value(context: CallContext, site: Site) -> None:
    answer: Any = get(context, site.at(Raw([CHUNKED, b"1\r\nx\r\n" * VALUE_BYTES, b"0\r\n\r\n"])))

    assert len(answer["body"]) == VALUE_BYTES


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"\x00" * 100],
        [b"HTTP/1.1 999999 OK\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n", *(b"X-%d: x\r\n" % number for number in range(101)), b"\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip"],
    ],
    ids=["nothing", "NUL", "status", "headers", "header", "half", "half a chunk", "no chunk", "no gzip"],
)
def test_what_is_no_whole_answer_is_a_failed_connection(context: CallContext, site: Site, pieces: list[bytes]) -> None:
    url = site.at(Raw(pieces))

    assert get(context, url) == Retry(f"GET {url}: the connection failed")


def test_a_site_that_is_down_is_a_failed_connection(context: CallContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = f"127.0.0.1:{taken.getsockname()[1]}"
    context = replace(context, settings=Settings(allowed_hosts=frozenset({host})))

    assert get(context, f"http://{host}/path?q=1") == Retry(f"GET http://{host}/path: the connection failed")


class TestCertificates:
    """A site is trusted by the name that the program gave, though its address is what is connected to."""

    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def safe_site(self, authority: trustme.CA) -> Iterator[Site]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(tls)
        site = Site(tls)
        yield site
        site.close()

    @pytest.fixture
    def context(self, context: CallContext, safe_site: Site) -> CallContext:
        hosts = {safe_site.host, self.by_name(safe_site.host)}
        return replace(context, settings=Settings(allowed_hosts=frozenset(hosts)))

    @pytest.fixture
    def trusted(self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with authority.cert_pem.tempfile() as path:
            monkeypatch.setenv("SSL_CERT_FILE", path)
            yield

    def by_name(self, text: str) -> str:
        return text.replace("127.0.0.1", "localhost")

    def test_a_trusted_one_of_this_name_is_good(self, context: CallContext, safe_site: Site, trusted: None) -> None:
        answer: Any = get(context, self.by_name(safe_site.at(Said(200, {}, b"safe"))))

        assert answer["body"] == "safe"
        assert safe_site.seen[0].headers["host"] == self.by_name(safe_site.host)

    def test_one_of_another_name_is_not(self, context: CallContext, safe_site: Site, trusted: None) -> None:
        self.is_not_trusted(context, safe_site, safe_site.url)

    def test_one_that_nobody_vouches_for_is_not(self, context: CallContext, safe_site: Site) -> None:
        self.is_not_trusted(context, safe_site, self.by_name(safe_site.url))

    def is_not_trusted(self, context: CallContext, site: Site, url: str) -> None:
        sentence = f"GET {url}/: the certificate of the other side cannot be trusted"

        assert get(context, url + "/") == Retry(sentence)
        assert site.seen == []

    def test_no_tls_at_all_is_a_failed_connection(self, context: CallContext, site: Site) -> None:
        context = replace(context, settings=Settings(allowed_hosts=frozenset({site.host})))

        assert get(context, f"https://{site.host}/") == Retry(f"GET https://{site.host}/: the connection failed")

    def test_an_answer_that_trickles_in_is_not_waited_for(
        self, context: CallContext, safe_site: Site, trusted: None
    ) -> None:
        sent = []

        def slowly() -> Iterator[bytes]:
            for piece in [LENGTH, *[b"x"] * MANY]:
                sent.append(piece)
                yield piece
                time.sleep(0.05)

        url = self.by_name(safe_site.at(Raw(slowly())))

        assert get(context, url, timeout=0.5) == Retry(f"GET {url}: no answer in time")
        assert len(sent) < MANY


def test_who_refuses_a_body_before_all_of_it_is_sent_is_heard(
    context: CallContext, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    monkeypatch.setattr(outgoing, "HTTPConnection", partial(HTTPConnection, socket_options=[small]))
    url = site.at(Raw([b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"]))

    answer = EFFECTS["http.request"].perform(context, "POST", url, {"body": "x" * VALUE_BYTES})

    assert answer == {"status": 413, "headers": {"content-length": "0"}, "body": ""}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("9" * 400, math.inf),
        ("Thu, 15 Jan 2026 10:31:30 GMT", 90),
        ("Thursday, 15-Jan-26 10:31:30 GMT", 90),
        ("Thu Jan 15 10:31:30 2026", 90),
        ("Thu, 15 Jan 2026 10:31:30 -0000", 90),
        ("Thu, 15 Jan 2026 11:31:30 +0100", 90),
        ("Thu, 15 Jan 2026 10:29:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("Thu, 99 Jan 2026 10:31:30 GMT", None),
        ("Thu, 15 Jan 99999999999999999999 10:31:30 GMT", None),
    ],
)
def test_how_long_the_other_side_asks_to_wait(
    context: CallContext, site: Site, text: str, seconds: float | None
) -> None:
    outcome = get(context, site.at(Said(503, {"Retry-After": text})))

    assert isinstance(outcome, Retry)
    assert outcome.after == seconds


def test_who_asks_for_no_wait_is_given_none(context: CallContext, site: Site) -> None:
    outcome = get(context, site.at(Said(503)))

    assert isinstance(outcome, Retry)
    assert outcome.after is None


def test_what_another_attempt_may_change_is_tried_again_whatever_it_says_about_its_body(
    context: CallContext, site: Site
) -> None:
    url = site.at(Said(503, {"Content-Type": "application/json"}, b"<html>"))

    outcome = get(context, url)

    headers: Value = {"content-type": "application/json", "content-length": "6"}
    last: Value = {"status": 503, "headers": headers, "body": "<html>"}
    assert outcome == Retry("the answer was 503", None, last, has_last=True)


class _Silent:
    """A connection that notes how it is made, and never comes about."""

    made: ClassVar[list[tuple[str, int, float]]] = []
    closed: ClassVar[list[bool]] = []

    def __init__(self, address: str, port: int, *, timeout: float) -> None:
        self.made.append((address, port, round(timeout, 1)))

    def connect(self) -> None:
        raise ConnectionRefusedError

    def close(self) -> None:
        self.closed.append(True)


@pytest.mark.parametrize(
    ("url", "port"),
    [("https://a.org/", 443), ("http://a.org/", 80), ("http://a.org:8080/", 8080), ("https://a.org:8443/", 8443)],
)
@pytest.mark.parametrize(("timeout", "bound"), [(None, 10.0), (60, 10.0), (5, 5.0)])
def test_a_connection_goes_to_the_port_of_its_scheme_within_its_bound_and_is_closed(
    context: CallContext, monkeypatch: pytest.MonkeyPatch, url: str, port: int, timeout: int | None, bound: float
) -> None:
    _Silent.made.clear()
    _Silent.closed.clear()
    monkeypatch.setattr(outgoing, "HTTPConnection", _Silent)
    monkeypatch.setattr(outgoing, "resolve", lambda host, port, _, seconds: f"{host} at {port}, {seconds:.0f}")
    options: Any = {} if timeout is None else {"timeout": timeout}

    assert isinstance(EFFECTS["http.request"].perform(context, "GET", url, options), Retry)

    assert _Silent.made == [(f"a.org at {port}, {bound:.0f}", port, bound)]
    assert _Silent.closed == [True]


@pytest.mark.parametrize(("callee", "target"), [("http.request", "https://a.org/~ada"), ("api.request", "orders")])
def test_an_exchange_has_thirty_seconds_where_nothing_else_is_said(
    context: CallContext, monkeypatch: pytest.MonkeyPatch, callee: str, target: str
) -> None:
    sent: list[outgoing.Request] = []

    def send(request: outgoing.Request) -> Retry:
        sent.append(request)
        return Retry("not now")

    monkeypatch.setattr(outgoing, "send", send)
    context = replace(context, settings=Settings(api_base_url="https://a.org"))

    EFFECTS[callee].perform(context, "GET", target)

    assert [request.timeout for request in sent] == [30.0]
    assert sent[0].url.partition("?")[0] == f"https://a.org/{target.rpartition('/')[2]}"
