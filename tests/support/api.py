"""The API in this process: what a client of HTTP sends goes to the handlers, its pauses are the world's time."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

import lodol
from scripts.openapi import endpoints
from tests.support.requests import Context, ensure_described, event
from tests.support.system import System

URL = "https://api.example.com/api"


class Api:
    """The API of a system; `asked` is every request so far, `at` the world's time of each."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.asked: list[str] = []
        self.at: list[float] = []
        self._routes = [
            (endpoint, re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", endpoint.route))) for _, endpoint in endpoints()
        ]

    @contextmanager
    def client(self, key: str | None = None) -> Iterator[lodol.Client]:
        """A client of it with the system's key or another."""
        with httpx.Client(transport=httpx.MockTransport(self.answer)) as http:
            yield lodol.Client(URL, key or self.system.key, http=http, sleep=self.pause)

    def pause(self, seconds: float) -> None:
        """Time passes, in which whatever is due goes on."""
        until = self.system.world.now.timestamp() + seconds
        self.system.advance(seconds)
        assert self.system.world.now.timestamp() >= until

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Let the handler of the route answer."""
        path = request.url.path.removeprefix("/api")
        self.asked.append(f"{request.method} {request.url.raw_path.decode().removeprefix('/api')}")
        self.at.append(self.system.world.now.timestamp())
        for endpoint, route in self._routes:
            if found := (endpoint.method == request.method and route.fullmatch(path)):
                query = dict(request.url.params.multi_items()) or None
                asked = event(request.method, path, None, query, request.content.decode() or None, {})
                asked |= {"headers": dict(request.headers), "pathParameters": found.groupdict()}
                answer = endpoint(asked, Context(), self.system.worker)  # type: ignore[arg-type]
                ensure_described(endpoint, answer)
                headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
                return httpx.Response(answer["statusCode"], headers=headers, text=answer["body"])
        return httpx.Response(404, json={"error": "There is no such endpoint."})
