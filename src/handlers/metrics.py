"""The metrics of the stack: what each is called, and how one gets onto a line of the log that is written anyway.

CloudWatch makes metrics of the lines that hold them in its embedded format, so that a metric costs neither a call nor a
line of its own. All of them stand here, and in operating "Metrics".
"""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from handlers.logs import logger

NAMESPACE = "Lodol"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Its dimension is `service`, the stack; `by` is the field of its line that is another."""

    name: str
    unit: MetricUnit = MetricUnit.Count
    by: str | None = None


RUNS = Metric("Runs")
SUCCEEDED, FAILED, STOPPED = Metric("Succeeded"), Metric("Failed"), Metric("Stopped")
START_TO_DONE = Metric("StartToDone", MetricUnit.Milliseconds)
REFUSALS = Metric("Refusals", by="code")
OLDEST_OVERDUE = Metric("OldestOverdueSeconds", MetricUnit.Seconds)
REPAIRS = Metric("Repairs")
GENERATIONS_LOST = Metric("GenerationsLost")
GIVEN_UP = Metric("GivenUp")
FAILED_ATTEMPTS, BROKEN_ATTEMPTS = Metric("FailedAttempts"), Metric("BrokenAttempts")

METRICS = (
    RUNS,
    SUCCEEDED,
    FAILED,
    STOPPED,
    START_TO_DONE,
    REFUSALS,
    OLDEST_OVERDUE,
    REPAIRS,
    GENERATIONS_LOST,
    GIVEN_UP,
    FAILED_ATTEMPTS,
    BROKEN_ATTEMPTS,
)
"""All of them."""

type Measured = Mapping[Metric, float | Sequence[float]]
"""What was measured, up to a hundred values of each metric."""


def log(message: str, fields: Mapping[str, Any], measured: Measured) -> None:
    """Log a line that holds metrics too. A count of nothing is no metric: CloudWatch bills each for the hours it has.

    Where lines of this level are not logged the metrics are written alone.
    """
    embedded = _embedded(fields, measured)
    if logger.log_level <= logging.INFO:
        # The line is where whoever calls this has measured.
        logger.info(message, extra={**fields, **embedded}, stacklevel=3)
    elif embedded:
        sys.stdout.write(json.dumps(embedded) + "\n")


def _embedded(fields: Mapping[str, Any], measured: Measured) -> dict[str, Any]:
    """The fields by which CloudWatch finds metrics in a line."""
    values = {
        metric: [*value] if isinstance(value, Sequence) else [value]
        for metric, value in measured.items()
        if value or (value == 0 and metric.unit is not MetricUnit.Count)
    }
    if not values:
        return {}
    named = {metric.name: {"Unit": metric.unit.value, "Value": value} for metric, value in values.items()}
    dimensions = {"service": logger.service, **{metric.by: fields[metric.by] for metric in values if metric.by}}
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=logger.service)
    return {**provider.serialize_metric_set(metrics=named, dimensions=dimensions)}
