"""One process of the bench: a function as Lambda starts it, from its package alone. Prints seconds of CPU, as JSON.

Arguments: the package; the handler, or `none` for boto3 and its two clients alone; the event of the first request, that
of those behind it, and how many those are.
"""

import json
import sys
import time
from collections.abc import Callable
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


def _warm(function: Callable[[Any, Any], Any], event: Any, requests: int) -> dict[str, float]:
    """A warm request, and beside it nothing but the calls of AWS that it makes, in turns."""
    from handlers.worker import the_worker

    made: list[Any] = []
    # The parts that a request has had a use for are there.
    clients = [part._client for part in vars(the_worker().stack).values() if hasattr(part, "_client")]
    for client in clients:
        names = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}

        def note(params: Any, model: Any, client: Any = client, names: Any = names, **_: Any) -> None:
            made.append((getattr(client, names[model.name]), params))

        client.meta.events.register_first("provide-client-params.*.*", note, unique_id="bench")
    _check(function(event, Context()))
    for client in clients:
        client.meta.events.unregister("provide-client-params.*.*", unique_id="bench")

    def whole() -> None:
        _check(function(event, Context()))

    def alone() -> None:
        for call, parameters in made:
            call(**parameters)

    spent = {whole: 0.0, alone: 0.0}
    for once in spent:
        for _ in range(_WARMING):
            once()
    for _ in range(_ROUNDS):
        for once in spent:
            begun = time.process_time()
            for _ in range(requests // _ROUNDS):
                once()
            spent[once] += time.process_time() - begun
    return {"warm": spent[whole] / requests, "alone": spent[alone] / requests, "calls": len(made)}


def _check(answer: Any) -> None:
    if answer.get("statusCode", 200) >= 300:
        sys.exit(f"it answered {answer}")


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
