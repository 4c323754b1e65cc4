"""What calls answer with: the very views that the API writes, under plain names.

They are frozen pydantic models. Moments are text, ISO 8601 in UTC, for `datetime.fromisoformat`.
"""

from typing import NamedTuple

from views.executions import (
    Execution,
    ExecutionRow,
    ExecutionStatus,
    RepeatedExecution,
    StartedExecution,
    Step,
    StoppedExecution,
)
from views.histories import (
    CallEntry,
    History,
    HistoryEntry,
    LogEntry,
    OutlineLine,
    RerunOf,
    Retry,
    StepEntry,
    WaitingFor,
)
from views.reviews import DecidedReview, Review
from views.webhooks import Attempt, CreatedWebhook, DeletedWebhook, Delivery, RotatedSecret, Webhook
from views.workflows import Workflow, WorkflowWithProgram
from views.workspaces import Workspace

__all__ = [
    "Attempt",
    "CallEntry",
    "CreatedWebhook",
    "DecidedReview",
    "DeletedWebhook",
    "Delivery",
    "Execution",
    "ExecutionRow",
    "ExecutionStatus",
    "History",
    "HistoryEntry",
    "LogEntry",
    "OutlineLine",
    "Position",
    "RepeatedExecution",
    "RerunOf",
    "Retry",
    "Review",
    "RotatedSecret",
    "StartedExecution",
    "Step",
    "StepEntry",
    "StoppedExecution",
    "WaitingFor",
    "Webhook",
    "Workflow",
    "WorkflowWithProgram",
    "Workspace",
    "is_settled",
    "position_of",
]


class Position(NamedTuple):
    """Where an entry stands in a history: a step, and behind it the calls that it makes, counted from 1."""

    step: int
    call: int


def position_of(entry: HistoryEntry) -> Position:
    """Where an entry stands in its history."""
    return Position(entry.step, 0 if entry.type == "step" else entry.call)


def is_settled(entry: HistoryEntry) -> bool:
    """Whether an entry will not change any more."""
    return entry.type == "log" or entry.status in {"completed", "failed", "stopped"}
