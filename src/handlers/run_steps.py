"""The state machine's one task: run steps of an execution until its slice ends."""

import os
import secrets
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from domain import reviews
from domain.callables.settings import the_settings
from domain.moments import utc_now
from domain.slices import Workshop, run_slice
from domain.state_machine import the_state_machine
from domain.table import the_table
from handlers.logs import begin_request, logger


class Ids(BaseModel):
    """The input of the state machine; the token is only there while the execution waits for decisions."""

    workspace_id: str
    execution_id: str
    task_token: str | None = None


def handler(event: dict[str, str], context: LambdaContext) -> dict[str, str | int]:
    """Run one slice and tell the state machine what comes next. What goes wrong is for the state machine to retry.

    With a task token the execution waits for decisions: the token is kept for whoever decides.
    """
    ids = Ids.model_validate(event)
    begin_request(context.aws_request_id, execution_id=ids.execution_id)
    if ids.task_token is not None:
        reviews.await_decisions(the_table(), the_state_machine(), utc_now(), ids.execution_id, ids.task_token)
        return {}
    step = run_slice(the_workshop(), ids.workspace_id, ids.execution_id)
    logger.info("slice ended", extra={"next": step.action})
    return step.output()


@cache
def the_workshop() -> Workshop:
    """What the slices of this worker work with, by its settings."""
    return Workshop(
        table=the_table(),
        settings=the_settings(),
        clock=utc_now,
        random=secrets.SystemRandom().random,
        slice_seconds=float(os.environ["SLICE_SECONDS"]),
        execution_seconds=int(os.environ["EXECUTION_TIMEOUT_SECONDS"]),
    )
