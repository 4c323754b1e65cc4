"""The log of a stack's functions in this process, and lines that hold metrics."""

import json
from datetime import datetime
from typing import Any

import boto3

from domain.moments import epoch_milliseconds, utc_now

_GROUP, _STREAM = "/aws/lambda/acme", "a worker's"


def make_log() -> None:
    """Let there be the log of the stack `acme`."""
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=_GROUP)
    logs.create_log_stream(logGroupName=_GROUP, logStreamName=_STREAM)


def write(*lines: Any, at: datetime | None = None) -> None:
    """Let lines stand in the log, at a moment."""
    now = epoch_milliseconds(at or utc_now())
    events: list[Any] = [
        {"timestamp": now, "message": line if isinstance(line, str) else json.dumps(line)} for line in lines
    ]
    boto3.client("logs").put_log_events(logGroupName=_GROUP, logStreamName=_STREAM, logEvents=events)


def line(at: datetime, code: str = "", **values: list[float]) -> Any:
    """A line that holds metrics as the functions write them."""
    told = [{"Name": name, "Unit": "Count"} for name in values]
    directive = {"Namespace": "Lodol", "Dimensions": [["service"]], "Metrics": told}
    return {"_aws": {"Timestamp": epoch_milliseconds(at), "CloudWatchMetrics": [directive]}, "code": code, **values}
