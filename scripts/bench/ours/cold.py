"""One cold process: `python -m scripts.bench.ours.cold FUNCTION EVENT` prints what its invocations cost a processor.

`interpreter` stands for a process that does nothing, `clients` for one that makes the clients of DynamoDB and Step
Functions. Nothing else is imported in here, as that would be counted.
"""

import json
import os
import sys
import time
from types import SimpleNamespace

_WARM = 20


def _invocation(function: str, event: object) -> object:
    """Do once what the function does for an event."""
    if function == "interpreter":
        return None
    if function == "clients":
        import boto3

        boto3.client("dynamodb")
        boto3.client("stepfunctions")
        return None
    import importlib

    context = SimpleNamespace(
        function_name=function,
        memory_limit_in_mb=512,
        invoked_function_arn=f"arn:aws:lambda:us-east-1:123456789012:function:{function}",
        aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        get_remaining_time_in_millis=lambda: 20_000,
    )
    return importlib.import_module(f"handlers.{function}").handler(event, context)


def main(function: str, event: object) -> None:
    """Invoke it cold, and warm."""
    said, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115, PTH123 - pathlib is not to be counted
    answer = _invocation(function, event)
    cold, modules = time.process_time(), len(sys.modules)
    if function in {"interpreter", "clients"}:
        warm = 0.0
    else:
        for _ in range(_WARM):
            _invocation(function, event)
        warm = (time.process_time() - cold) / _WARM
    status = answer.get("statusCode", 0) if isinstance(answer, dict) else 0
    json.dump({"cold_ms": 1000 * cold, "warm_ms": 1000 * warm, "modules": modules, "status": status}, said)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
