"""A public internet of a test's own: names, their addresses, and the servers of this machine that stand there."""

import socket
from collections import Counter
from typing import Any

import pytest

PUBLIC = "93.184.215.14"
"""A public address, which no packet is sent to here."""


class Internet:
    """Resolves names, and leads connections to public addresses to what stands there; all else goes its usual way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = Counter[str]()
        self.connected: list[Any] = []
        self._names: dict[str, list[list[str]]] = {}
        self._servers: dict[str, str] = {}
        self._resolve, self._connect = socket.getaddrinfo, socket.socket.connect
        monkeypatch.setattr(socket, "getaddrinfo", self._found)
        # As a method of each socket, which a method of this object is not.
        monkeypatch.setattr(socket.socket, "connect", lambda *args: self._connected(*args))  # noqa: PLW0108

    def name(self, host: str, *answers: list[str]) -> None:
        """Let a name resolve to some addresses, at each look-up to the next; the last answer stays."""
        self._names[host] = list(answers)

    def at(self, address: str, server: str) -> None:
        """Let a server, a `host:port` of this machine, stand at a public address."""
        self._servers[address] = server

    def _found(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        self.asked[host] += 1
        if host not in self._names:
            return self._resolve(host, port, *args, **kwargs)
        answers = self._names[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    def _connected(self, connection: socket.socket, address: Any) -> None:
        self.connected.append(address[:2])
        if server := self._servers.get(address[0]):
            host, _, port = server.partition(":")
            address = (host, int(port))
        self._connect(connection, address)
