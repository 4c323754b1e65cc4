"""The bodies of answers, as plain data.

The models beside this say what they are: they describe the API, the client reads answers with them, and every answer
that a test sees is held against its model. Functions do without them: to load pydantic and make its models would be
half of what a cold start takes beyond boto3. The history is larger, and a model makes it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from domain.moments import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.entities.events import Event
    from domain.entities.executions import Execution
    from domain.entities.reviews import Review
    from domain.entities.steps import Step
    from domain.entities.workflows import Workflow
    from domain.entities.workspaces import Workspace
    from domain.program.values import Value

type Body = dict[str, Value]

_ERROR_CHARACTERS = 2000
EVENT_VERSION = 1
"""Of what events look like. Fields may be added to a version; whatever else changes makes another."""


def execution_row(execution: Execution) -> Body:
    """An execution as a list shows it."""
    return {
        "execution_id": execution.id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status.value,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
    }


def execution_row_with_error(execution: Execution) -> Body:
    """An execution as a list shows it that was asked for errors, `None` where nothing has failed."""
    return {**execution_row(execution), "error": execution.error}


def execution(execution: Execution, its_steps: Iterable[Step] | None = None) -> Body:
    """An execution as its reader sees it, with its steps if they were read."""
    with_steps: Body = {} if its_steps is None else {"steps": list(map(_step, its_steps))}
    return {
        "execution_id": execution.id,
        "workflow_id": execution.workflow_id,
        "status": execution.status.value,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        **with_steps,
        "error": execution.error,
    }


def _step(step: Step) -> Body:
    body: Body = {"index": step.index, "status": step.status.value, "result": step.result}
    if step.error is not None:
        body["error"] = step.error
    if step.attempt is not None:
        body |= {"attempt": step.attempt, "next_attempt_at": step.next_attempt_at}
    return body


def workflow(workflow: Workflow) -> Body:
    """A workflow as lists show it."""
    return {
        "workflow_id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
        "last_run_at": workflow.last_run_at,
        "archived_at": workflow.archived_at,
    }


def workflow_with_program(of: Workflow, program: Value, source: str | None) -> Body:
    """A workflow with its program, and the source of that if there is one."""
    return {**workflow(of), "program": program, "source": source}


def workspace(workspace: Workspace) -> Body:
    """A workspace as its reader sees it."""
    return {
        "workspace_id": workspace.id,
        "name": workspace.name,
        "plan": workspace.plan.value,
        "credits": workspace.credits,
        "requests_per_minute": workspace.limits.requests_per_minute,
        "concurrent_executions": workspace.limits.concurrent_executions,
        "api_keys": workspace.limits.api_keys,
        "running": workspace.running,
        "created_at": workspace.created_at,
    }


def review(review: Review) -> Body:
    """A review as its reader sees it."""
    return {
        "review_id": review.id,
        "execution_id": review.execution_id,
        "workflow_id": review.workflow_id,
        "status": "closed" if review.is_closed else "pending" if review.is_pending else "decided",
        "content": review.content,
        "action_id": review.action_id,
        "steps": review.steps,
        "decisions": list(review.decisions),
        "decision": review.decision,
        "comment": review.comment,
        "created_at": review.created_at,
        "decided_at": review.decided_at,
        "times_out_at": _moment(review.times_out_at),
    }


def event(event: Event) -> Body:
    """An event, as the bus and webhooks tell it."""
    execution, review = event.execution, event.review
    return {
        "version": EVENT_VERSION,
        "id": event.id,
        "type": event.type.value,
        "timestamp": to_text(event.at),
        "workspace_id": execution.workspace_id,
        "sequence": event.sequence,
        "data": _ended_execution(execution) if review is None else _told_review(execution, review),
    }


def _ended_execution(execution: Execution) -> Body:
    error = execution.error
    return {**execution_row(execution), "error": None if error is None else error[:_ERROR_CHARACTERS]}


def _told_review(execution: Execution, review: Review) -> Body:
    asked: Body = {
        "review_id": review.id,
        "execution_id": execution.id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "action_id": review.action_id,
        "decisions": list(review.decisions),
        "created_at": review.created_at,
        "times_out_at": _moment(review.times_out_at),
    }
    if review.is_pending:
        return asked
    return {
        **asked,
        "decision": review.decision,
        "comment": review.comment,
        "decided_at": review.decided_at,
        "by_default": review.is_decided_by_default,
    }


def _moment(epoch_seconds: int | None) -> str | None:
    return None if epoch_seconds is None else to_text(datetime.fromtimestamp(epoch_seconds, UTC))
