"""The product's functions as Lambda runs them: `python -m scripts.bench.ours.functions PORT WORKERS`.

Each worker is a process that serves one event after the other. `/api/…` are the endpoints of the API, for which this
process does what the gateway does; `/run-steps` takes what the state machine hands over.
"""

import contextlib
import importlib
import json
import os
import sys
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from scripts.bench.apps import front

_EVENTS = Path(__file__).resolve().parents[3] / "events"
_TO_START_SECONDS = 0.3
_FUNCTIONS = ("run_workflow", "get_execution", "run_steps")


def _begin() -> None:
    """What a cold start does: import every handler; what they log is thrown away."""
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process lives
    for function in _FUNCTIONS:
        importlib.import_module(f"handlers.{function}")


def _stay(_: int) -> None:
    """Keep a worker busy until the next has started."""
    time.sleep(_TO_START_SECONDS)


def _invoke(function: str, event: Any) -> Any:
    context = SimpleNamespace(
        function_name=function,
        memory_limit_in_mb=512,
        invoked_function_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{function}",
        aws_request_id=str(uuid.uuid4()),
        get_remaining_time_in_millis=lambda: 20_000,
    )
    return importlib.import_module(f"handlers.{function}").handler(event, context)


class _Gateway:
    def __init__(self, workers: int) -> None:
        self._pool = ProcessPoolExecutor(workers, get_context("forkserver"), _begin)
        list(self._pool.map(_stay, range(workers)))
        self._events = {name: json.loads((_EVENTS / f"{name}.json").read_text()) for name in _FUNCTIONS}

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        match method, path.split("/")[1:]:
            case "POST", ["run-steps"]:
                return 200, self._pool.submit(_invoke, "run_steps", json.loads(body)).result()
            case "POST", ["api", "v1", "workflows", workflow_id, "run-async"]:
                return self._request("run_workflow", path, headers, body, workflow_id=workflow_id)
            case "GET", ["api", "v1", "executions", execution_id]:
                return self._request("get_execution", path, headers, body, execution_id=execution_id)
            case _:
                return 404, {}

    def _request(
        self, function: str, path: str, headers: dict[str, str], body: bytes, **path_parameters: str
    ) -> tuple[int, Any]:
        event = self._events[function] | {
            "path": path.removeprefix("/api"),
            "headers": headers,
            "pathParameters": path_parameters,
            "queryStringParameters": None,
            "body": body.decode() or None,
        }
        answer = self._pool.submit(_invoke, function, event).result()
        return answer["statusCode"], json.loads(answer["body"])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        front.serve(int(sys.argv[1]), _Gateway(int(sys.argv[2])).answer)
