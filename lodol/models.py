"""What calls answer with: the very views that the API writes, under plain names.

They are frozen pydantic models. Moments are text, ISO 8601 in UTC, for `datetime.fromisoformat`.
"""

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
from views.workflows import Workflow, WorkflowWithProgram
from views.workspaces import Workspace

__all__ = [
    "CallEntry",
    "DecidedReview",
    "Execution",
    "ExecutionRow",
    "ExecutionStatus",
    "History",
    "HistoryEntry",
    "LogEntry",
    "OutlineLine",
    "RepeatedExecution",
    "RerunOf",
    "Retry",
    "Review",
    "StartedExecution",
    "Step",
    "StepEntry",
    "StoppedExecution",
    "WaitingFor",
    "Workflow",
    "WorkflowWithProgram",
    "Workspace",
]
