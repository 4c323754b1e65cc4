"""`make logs`: the latest lines that the functions of the running stack wrote, oldest first."""

import json
import sys
from collections import deque
from datetime import UTC, datetime

from scripts.local import home
from scripts.local.cloud import Cloud
from scripts.local.deployment import session

_SHOWN = 200

# What Lambda itself writes around every invocation; it does not name the function.
_PLATFORM = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")


def main() -> int:
    """Print the lines, each with its time and function."""
    running, stack = home.processes(), home.stack()
    if running is None or stack is None:
        print("The local stack is not running; start it: make up", file=sys.stderr)
        return 1
    client = session().client("logs", endpoint_url=Cloud(running.cloud, running.port).endpoint_url)
    lines: deque[tuple[int, str]] = deque(maxlen=_SHOWN)
    for page in client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{stack.stack_name}"):
        lines += [
            (event["timestamp"], event["message"].rstrip())
            for event in page["events"]
            if not event["message"].startswith(_PLATFORM)
        ]
    for at, line in lines:
        function = _function_of(line).removeprefix(f"{stack.stack_name}-")
        print(f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M:%S}  {function:<16}  {line}")
    return 0


def _function_of(line: str) -> str:
    """The function that wrote a line, empty for one that is not of our logger: what a crash leaves."""
    try:
        fields = json.loads(line)
    except ValueError:
        return ""
    return str(fields.get("function_name", "")) if isinstance(fields, dict) else ""


if __name__ == "__main__":
    sys.exit(main())
