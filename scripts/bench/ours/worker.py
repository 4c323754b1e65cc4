"""One process of the bench: a function as Lambda starts it, from its package alone. Prints seconds of CPU, as JSON.

Arguments: the package; the handler, or `none` for boto3 and its two clients alone; the event of the first request, that
of those behind it, and how many those are.
"""

import json
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

_WARMING = 20
_ROUNDS = 5


class Context:
    """What Lambda tells a function about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        """As if it had just begun."""
        return 20_000


def main(package: str, handler: str, first: str, later: str, requests: str) -> dict[str, float]:
    """Measure a process from its first import on."""
    sys.path[:] = [package, *(path for path in sys.path[1:] if "site-packages" not in path)]
    begun = time.process_time()
    if handler == "none":
        import boto3

        boto3.client("dynamodb")
        boto3.client("stepfunctions")
        return {"cold": time.process_time() - begun, "modules": len(sys.modules)}
    module, _, name = handler.rpartition(".")
    function = getattr(import_module(module), name)
    imported = time.process_time()
    event = json.loads(Path(first).read_text())
    _check(function(event, Context()))
    spent = {"cold": time.process_time() - begun, "import": imported - begun, "modules": len(sys.modules)}
    if int(requests):
        spent |= _warm(function, json.loads(Path(later).read_text()), int(requests))
    return spent


class _Answered:
    """In place of a client: its calls are not made, and answered as they were when they were."""

    def __init__(self, client: Any, answers: Mapping[str, deque[Any]]) -> None:
        self._client, self._answers = client, answers

    def __getattr__(self, name: str) -> Any:
        answers = self._answers.get(self._client.meta.method_to_api_mapping.get(name, ""))
        if answers is None:
            return getattr(self._client, name)

        def answered(**_: Any) -> Any:
            answers.rotate(-1)
            return answers[-1]

        return answered


def _warm(function: Callable[[Any, Any], Any], event: Any, requests: int) -> dict[str, float]:
    """A warm request, beside it nothing but the calls of AWS that it makes, and all but these calls, in turns."""
    from handlers.worker import the_worker

    made: list[Any] = []
    # The parts that a request has had a use for are there.
    parts = [part for part in vars(the_worker().stack).values() if hasattr(part, "_client")]
    clients = [part._client for part in parts]
    answers: list[dict[str, deque[Any]]] = [defaultdict(deque) for _ in clients]
    for client, given in zip(clients, answers, strict=True):
        names = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}

        def note(params: Any, model: Any, client: Any = client, names: Any = names, **_: Any) -> None:
            made.append((getattr(client, names[model.name]), params))

        def keep(parsed: Any, model: Any, given: Any = given, **_: Any) -> None:
            given[model.name].append(parsed)

        client.meta.events.register_first("provide-client-params.*.*", note, unique_id="bench")
        client.meta.events.register("after-call.*.*", keep, unique_id="answers")
    _check(function(event, Context()))
    for client in clients:
        client.meta.events.unregister("provide-client-params.*.*", unique_id="bench")
        client.meta.events.unregister("after-call.*.*", unique_id="answers")

    def warm() -> None:
        _check(function(event, Context()))

    def alone() -> None:
        for call, parameters in made:
            call(**parameters)

    def own() -> None:
        for part, client, given in zip(parts, clients, answers, strict=True):
            part._client = _Answered(client, dict(given))
        warm()
        for part, client in zip(parts, clients, strict=True):
            part._client = client

    spent = {warm: 0.0, alone: 0.0, own: 0.0}
    for once in spent:
        for _ in range(_WARMING):
            once()
    for _ in range(_ROUNDS):
        for once in spent:
            begun = time.process_time()
            for _ in range(requests // _ROUNDS):
                once()
            spent[once] += time.process_time() - begun
    return {**{once.__name__: took / requests for once, took in spent.items()}, "calls": len(made)}


def _check(answer: Any) -> None:
    if answer.get("statusCode", 200) >= 300:
        sys.exit(f"it answered {answer}")


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
