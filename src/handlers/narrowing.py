"""Which executions a request means: the filter that lists of executions and stops of many share."""

from domain.entities.executions import Filter, Status
from domain.refusals import InvalidRequest
from handlers.parameters import STARTED_AFTER, STARTED_BEFORE, WORKFLOW_ID
from handlers.requests import Request

NARROWING = (WORKFLOW_ID, STARTED_AFTER, STARTED_BEFORE)
"""The parameters that leave out others."""


def narrowed(request: Request, statuses: frozenset[Status] = frozenset()) -> Filter:
    """The filter of a request. Raises `InvalidRequest` for one that nothing can match. Rule: contract "List"."""
    after, before = request.query(STARTED_AFTER), request.query(STARTED_BEFORE)
    if after and before and after >= before:
        raise InvalidRequest(f"{STARTED_AFTER.name} must be earlier than {STARTED_BEFORE.name}.")
    return Filter(request.query(WORKFLOW_ID), statuses, after, before)
