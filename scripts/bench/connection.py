"""One connection of a client, kept open: the cheapest client there is, so that it takes little from who is measured."""

import json
import socket
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


class Failed(Exception):
    """An answer that is no success; the text has it."""


class Connection:
    """Sends requests to one address, one after the other."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, timeout: float = 120) -> None:
        parts = urlsplit(url)
        assert parts.hostname  # noqa: S101 - our own address
        self._http = HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        self._path, self._headers = parts.path, headers or {}
        self.beside: Connection | None = None
        """Another of the same client, to where it learns of the end of a run, if that is elsewhere."""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON of the answer, or its text; raises `Failed` if it is no 2xx, `OSError` if none came."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} if data else {}
        try:
            self._http.request(method, self._path + path, data, {**given, **self._headers, **named})
            answer = self._http.getresponse()
            text = answer.read().decode()
        except OSError:
            self._http.close()
            raise
        if not 200 <= answer.status < 300:
            raise Failed(f"{method} {path}: {answer.status} {text[:500]}")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def reachable(self) -> bool:
        """Whether something listens there."""
        with socket.create_connection((self._http.host, self._http.port), timeout=1):
            return True

    def close(self) -> None:
        """Let go of it."""
        self._http.close()
