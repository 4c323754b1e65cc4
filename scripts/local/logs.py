"""`make logs`: the latest lines of every function of the running stack, oldest first."""

import sys
from datetime import UTC, datetime

from scripts.local import home
from scripts.local.cloud import Cloud
from scripts.local.deployment import session

_SHOWN = 200


def main() -> int:
    """Print the lines, each with its time and function."""
    running, stack = home.processes(), home.stack()
    if running is None or stack is None:
        print("The local stack is not running; start it: make up", file=sys.stderr)
        return 1
    endpoint = Cloud(running.cloud, running.port).endpoint_url
    client = session().client("logs", endpoint_url=endpoint)
    lines: list[tuple[int, str, str]] = []
    prefix = f"/aws/lambda/{stack.stack_name}-"
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            events = client.filter_log_events(logGroupName=name, limit=1000).get("events", [])
            lines += [(event["timestamp"], name.removeprefix(prefix), event["message"].rstrip()) for event in events]
    for at, function, message in sorted(lines)[-_SHOWN:]:
        print(f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M:%S}  {function:<16}  {message}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
