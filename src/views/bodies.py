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

    from domain.entities.deliveries import Delivery
    from domain.entities.executions import Execution
    from domain.entities.reviews import Review
    from domain.entities.steps import Step
    from domain.entities.webhooks import Webhook
    from domain.entities.workflows import Workflow
    from domain.entities.workspaces import Workspace
    from domain.program.values import Value

type Body = dict[str, Value]


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


def workflow(workflow: Workflow, last_run_at: str | None) -> Body:
    """A workflow as lists show it, with when it was last run."""
    return {
        "workflow_id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
        "last_run_at": last_run_at,
        "archived_at": workflow.archived_at,
    }


def workflow_with_program(of: Workflow, last_run_at: str | None, program: Value, source: str | None) -> Body:
    """A workflow with its program, and the source of that if there is one."""
    return {**workflow(of, last_run_at), "program": program, "source": source}


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
        "calls_per_day": workspace.limits.calls_per_day,
        "visits_per_day": workspace.limits.visits_per_day,
        "running": workspace.running,
        "created_at": workspace.created_at,
        "suspended_at": workspace.suspended_at,
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
        "times_out_at": moment(review.times_out_at),
    }


def webhook(webhook: Webhook) -> Body:
    """A webhook as its workspace sees it."""
    return {
        "webhook_id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "event_types": list(webhook.event_types),
        "workflow_ids": list(webhook.workflow_ids),
        "status": webhook.status.value,
        "created_at": webhook.created_at,
        "failing_since": webhook.failing_since,
        "paused_at": webhook.paused_at,
        "pause_reason": webhook.pause_reason,
        "previous_secret_expires_at": moment(webhook.previous_until),
    }


def rotated_secret(webhook: Webhook, secret: str) -> Body:
    """The new secret of a webhook."""
    expires_at = moment(webhook.previous_until)
    return {"webhook_id": webhook.id, "secret": secret, "previous_secret_expires_at": expires_at}


def delivery(delivery: Delivery) -> Body:
    """A delivery as the webhook's workspace sees it."""
    return {
        "delivery_id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "status": delivery.status.value,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.due_at,
        "error": delivery.error,
        "attempts": [
            {
                "at": attempt.at,
                "milliseconds": attempt.milliseconds,
                "status": attempt.status,
                "answer": attempt.answer,
                "error": attempt.error,
            }
            for attempt in delivery.attempts
        ],
    }


def moment(epoch_seconds: int | None) -> str | None:
    """A moment in epoch seconds as its reader sees it."""
    return None if epoch_seconds is None else to_text(datetime.fromtimestamp(epoch_seconds, UTC))
