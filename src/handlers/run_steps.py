"""The state machine's one task: run steps of an execution until its slice ends."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.engine.slices import SliceContext, run_slice
from domain.operations import deciding
from handlers.logs import logged, logger
from handlers.machine import Ids
from handlers.worker import the_worker


@logged
def handler(event: dict[str, Any], _: LambdaContext, work: SliceContext | None = None) -> dict[str, str | int]:
    """Run one slice and tell the state machine what comes next. What goes wrong is for the state machine to retry.

    With a task token the execution waits for decisions: the token is kept for whoever decides.
    """
    ids, work = Ids.model_validate(event), work or the_slice_context()
    logger.append_keys(execution_id=ids.execution_id)
    if ids.task_token is not None:
        deciding.await_decisions(work.stack, work.clock(), ids.execution_id, ids.generation, ids.task_token)
        return {}
    following = run_slice(work, ids.workspace_id, ids.execution_id, ids.generation)
    logger.info("slice ended", extra={"action": following.action})
    return following.output(work.clock())


@cache
def the_slice_context() -> SliceContext:
    """What the slices of this process work with."""
    return SliceContext.of_environment(the_worker().stack, the_worker().clock)
