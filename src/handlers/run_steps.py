"""The state machine's one task: run steps of an execution until its slice ends."""

import os
import secrets
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from domain.callables.settings import the_settings
from domain.moments import utc_now
from domain.slices import Workshop, run_slice
from domain.table import the_table
from handlers.logs import begin_request, logger


class Ids(BaseModel):
    """The input of the state machine."""

    workspace_id: str
    execution_id: str


def handler(event: dict[str, str], context: LambdaContext) -> dict[str, str]:
    """Run one slice and tell the state machine what comes next. What goes wrong is for the state machine to retry."""
    ids = Ids.model_validate(event)
    begin_request(context.aws_request_id, execution_id=ids.execution_id)
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
