"""How an execution and its steps look."""

from typing import Annotated, Literal

from pydantic import Field

from views.view import Id, Json, Moment, View

type ExecutionStatus = Literal["running", "success", "failed", "stopped"]


class ExecutionRow(View):
    """An execution in a list; with its `error` only when asked for."""

    execution_id: Id
    workflow_id: Id
    workflow_name: Annotated[str, Field(examples=["Welcome Email Workflow"])]
    status: ExecutionStatus
    started_at: Moment
    completed_at: Moment | None
    error: str | None = None


class ExecutionPage(View):
    """A page of executions."""

    executions: list[ExecutionRow]


class Step(View):
    """A step that was begun. `error` is there when it failed; with the attempts while it waits for another."""

    index: int
    status: Literal["running", "completed", "failed", "stopped"]
    result: Json
    error: str = ""
    attempt: Annotated[int, Field(description="The number of the attempt that comes next.")] = 0
    next_attempt_at: Moment = ""


class Execution(View):
    """An execution; `steps` are there only when asked for."""

    execution_id: Id
    workflow_id: Id
    status: ExecutionStatus
    started_at: Moment
    completed_at: Moment | None
    steps: list[Step] = Field(default_factory=list)
    error: Annotated[str | None, Field(examples=["Step 1 failed: line 7: cannot add number and object"])]


class StartedExecution(View):
    """An execution that was admitted."""

    execution_id: Id
    workflow_id: Id
    status: Literal["running"]
    created_at: Moment


class RepeatedExecution(StartedExecution):
    """An execution that was admitted to repeat another."""

    rerun_of: Id


class StoppedExecution(View):
    """An execution that was stopped."""

    execution_id: Id
    status: Literal["stopped"]


class StoppedExecutions(View):
    """How many running executions match a filter, which of them were stopped, and whether there are more."""

    matching: Annotated[int, Field(description="How many were running and matched; with `dry_run`, all of them.")]
    stopped: Annotated[list[Id], Field(description="Those that this request has stopped.")]
    has_more: Annotated[bool, Field(description="Whether the same request would find more of them.")]
