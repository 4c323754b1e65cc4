"""A small client of the API, as the demo and the tests use it."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: header names in lower case, the body as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    """Sends requests with one API key, and waits so many seconds for each answer."""

    api_url: str
    api_key: str
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Response:
        """Send a request; headers are named with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.api_url + path,
            method=method,
            data=None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.api_key}", **self.headers, **named},
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return Response(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Response(error.code, _lower(error.headers), error.read())

    def run(self, workflow_id: str, program_input: object = None, **headers: str) -> Response:
        """Start an execution."""
        body = None if program_input is None else {"input": program_input}
        return self.send("POST", f"/v1/workflows/{workflow_id}/run-async", body, **headers)

    def execution(self, execution_id: str) -> Any:
        """Read an execution with its steps."""
        return self.send("GET", f"/v1/executions/{execution_id}?include_step_results=true").json()

    def until_ended(self, execution_id: str, within: float = 60) -> Any:
        """Poll an execution until it has ended."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            polled = self.send("GET", f"/v1/executions/{execution_id}")
            if polled.status == 200 and polled.json()["status"] != "running":
                return self.execution(execution_id)
            time.sleep(float(polled.headers.get("retry-after", "0.3")))
        raise TimeoutError(f"execution {execution_id} did not end within {within:.0f} seconds")


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
