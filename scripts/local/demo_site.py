"""The demo's HTTP endpoint on loopback: `python -m scripts.local.demo_site PORT` answers every GET with an order."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class DemoSite(BaseHTTPRequestHandler):
    """Answers what a small shop's API might."""

    def do_GET(self) -> None:
        """Answer with one order."""
        body = json.dumps({"path": self.path, "orders": [{"id": 1, "total": 113}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), DemoSite).serve_forever()
