"""A plain HTTP server in front of what has none of its own; knows the standard library only."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

type Answer = Callable[[str, str, dict[str, str], bytes], tuple[int, Any]]
"""From method, path, headers and body to a status and an object."""


class Server(ThreadingHTTPServer):
    """Takes as many connections as come."""

    request_queue_size = 64
    daemon_threads = True


def serve(port: int, answer: Answer) -> None:
    """Answer on 127.0.0.1 until the process is ended."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _answer(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, found = answer(self.command, self.path, dict(self.headers), given)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    Server(("127.0.0.1", port), Handler).serve_forever()


def runs(start: Callable[[dict[str, Any]], str], wait: Callable[[str], Any], status: Callable[[str], Any]) -> Answer:
    """`POST /start` starts a run, `GET /wait/ID` answers when it is done, `GET /status/ID` at once."""

    def answer(method: str, path: str, _: dict[str, str], body: bytes) -> tuple[int, Any]:
        match method, path.split("/")[1:]:
            case "POST", ["start"]:
                return 200, {"id": start(json.loads(body))}
            case "GET", ["wait", run]:
                return 200, {"result": wait(run)}
            case "GET", ["status", run]:
                return 200, {"status": status(run)}
            case _:
                return 200, {}

    return answer
