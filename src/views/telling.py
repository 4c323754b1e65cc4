"""The details of events, as plain data; the models in `events.py` say what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.entities.events import AboutReview
from domain.entities.webhooks import Webhook
from domain.moments import to_text
from views.bodies import Body, execution_row, moment

if TYPE_CHECKING:
    from domain.entities.events import Event
    from domain.entities.executions import Execution
    from domain.entities.reviews import Review

_ERROR_CHARACTERS = 2000
EVENT_VERSION = 1
"""Of what events look like. Fields may be added to a version; whatever else changes makes another."""


def event(event: Event) -> Body:
    """An event as the bus and webhooks tell it."""
    return {
        "version": EVENT_VERSION,
        "id": event.id,
        "type": event.type.value,
        "timestamp": to_text(event.at),
        "workspace_id": event.workspace_id,
        "sequence": event.sequence,
        "data": _told(event.subject),
    }


def _told(subject: Execution | AboutReview | Webhook) -> Body:
    match subject:
        case AboutReview(execution, review):
            return _told_review(execution, review)
        case Webhook():
            return _told_webhook(subject)
    return _ended_execution(subject)


def _told_webhook(webhook: Webhook) -> Body:
    told: Body = {"webhook_id": webhook.id, "url": webhook.url, "description": webhook.description}
    if webhook.pause_reason is None:
        return told
    return {
        **told,
        "pause_reason": webhook.pause_reason,
        "failing_since": webhook.failing_since,
        "paused_at": webhook.paused_at,
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
        "times_out_at": moment(review.times_out_at),
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
