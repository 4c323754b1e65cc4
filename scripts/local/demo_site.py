"""The demo's HTTP endpoint on loopback: `python -m scripts.local.demo_site PORT` answers every GET with an order.

Every POST, as those of webhooks, is answered 204. Below `/api/` it wants a bearer token, any, and answers with the end
of it, so that one sees which it was.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class DemoSite(BaseHTTPRequestHandler):
    """Answers what a small shop's API might."""

    def do_GET(self) -> None:
        """Answer with one order."""
        answer: dict[str, object] = {"path": self.path, "orders": [{"id": 1, "total": 113}]}
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        is_let_in = scheme == "Bearer" and token != ""
        if self.path.startswith("/api/"):
            answer = {**answer, "credential": f"…{token[-4:]}"} if is_let_in else {"error": "a bearer token is missing"}
        body = json.dumps(answer).encode()
        self.send_response(200 if is_let_in or not self.path.startswith("/api/") else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take whatever it is told."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), DemoSite).serve_forever()
