"""When it is worth asking again: the header of answers about an execution that runs."""

from collections.abc import Mapping
from datetime import datetime

from domain.entities import executions
from domain.entities.executions import Execution, Status


def retry_after(execution: Execution, now: datetime) -> Mapping[str, str]:
    """The `Retry-After` of an execution while it runs. Rule: contract "Get"."""
    if execution.status is not Status.RUNNING:
        return {}
    return {"Retry-After": str(executions.worth_asking_in(execution, now))}
