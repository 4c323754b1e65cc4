"""An HTTP server on loopback: it answers as a test has arranged, and notes what it is asked."""

import itertools
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Seen:
    """A request as the site saw it; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def idempotency_key(self) -> str:
        return self.headers.get("idempotency-key", "")


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Raw:
    """Bytes in place of an answer, sent piece by piece for as long as the other side takes them.

    The connection is closed after them; a body that comes with the request is not read.
    """

    pieces: Iterable[bytes]


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Those who leave before they are answered are part of the tests."""


type Answering = Callable[[Seen], Said | Raw]
"""Answers a request by what it is."""


class Site:
    """Answers each path with what is arranged for it, one after the other and the last from then on.

    Paths below `/hang` answer when `release` is set.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.release = threading.Event()
        self.answers: dict[str, list[Said | Raw | Answering]] = {}
        self._paths = itertools.count(1)
        site = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                arranged = site.answers.get(self.path.partition("?")[0], [Said()])
                chosen = arranged.pop(0) if len(arranged) > 1 else arranged[0]
                length = 0 if isinstance(chosen, Raw) else int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, headers, self.rfile.read(length))
                site.seen.append(seen)
                said = chosen if isinstance(chosen, Said | Raw) else chosen(seen)
                if self.path.startswith("/hang"):
                    site.release.wait(30)
                if isinstance(said, Raw):
                    with suppress(ConnectionError):
                        for piece in said.pieces:
                            self.wfile.write(piece)
                    return
                self.send_response_only(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """The test's output is not the place for it."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def at(self, *answers: Said | Raw | Answering) -> str:
        """Arrange answers at a path that nobody else uses, and answer with its address."""
        path = f"/{next(self._paths)}"
        self.answers[path] = list(answers)
        return self.url + path

    def asked(self, url: str) -> list[Seen]:
        """The requests for an address, whatever their query."""
        return [request for request in self.seen if self.url + request.path.partition("?")[0] == url]

    def paths(self, start: str) -> list[str]:
        return [request.path for request in self.seen if request.path.startswith(start)]
