"""What AWS answers to a request: recorded once from an emulator, and played to every process that is measured."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

type Answers = dict[str, list[bytes]]
"""By operation, in the order in which they were given."""


def recorded(clients: list[Any], request: Callable[[], Any]) -> Answers:
    """Send a request to a function of this process, and keep what its clients are answered."""
    answers: Answers = defaultdict(list)

    def keep(model: Any, http_response: Any, **_: Any) -> None:
        answers[model.name].append(http_response.content)

    for client in clients:
        client.meta.events.register("after-call.*.*", keep, unique_id="recording")
    try:
        answer = request()
    finally:
        for client in clients:
            client.meta.events.unregister("after-call.*.*", unique_id="recording")
    if answer.get("statusCode", 200) >= 300:
        raise AssertionError(answer)
    return answers


@dataclass
class Player:
    """Answers the first request of a process as the first was answered, and all behind it as the second."""

    first: Answers = field(default_factory=dict)
    later: Answers = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)

    def next(self, operation: str) -> bytes:
        """What this operation is answered now."""
        number = self.given[operation]
        self.given[operation] += 1
        first, later = self.first.get(operation, []), self.later.get(operation, [])
        if number < len(first) or not later:
            return first[min(number, len(first) - 1)]
        return later[(number - len(first)) % len(later)]


@contextmanager
def playing(player: Player) -> Iterator[str]:
    """Serve what the player says, at the URL that this gives."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: a client waits 40 ms for what follows a packet that was not full.
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = player.next(self.headers["X-Amz-Target"].rpartition(".")[2])
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
