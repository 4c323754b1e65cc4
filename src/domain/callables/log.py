"""`log.*`: lines in the execution's own log."""

import logging

from domain.callables.effect import CallContext, effect
from domain.program.values import Value, text_of

_LOGGER = logging.getLogger("lodol.program")


@effect("log.info", "message", "Writes a line into the execution's log.", gives="`null`")
def info(context: CallContext, message: Value) -> Value:
    """Log at level INFO, once: a replay does not repeat it."""
    _LOGGER.info(text_of(message), extra=_where(context))
    return None


@effect("log.error", "message", "Writes an error line into the execution's log.", gives="`null`")
def error(context: CallContext, message: Value) -> Value:
    """Log at level ERROR, once: a replay does not repeat it."""
    _LOGGER.error(text_of(message), extra=_where(context))
    return None


def _where(context: CallContext) -> dict[str, str | int]:
    return {"workflow_id": context.workflow_id, "execution_id": context.execution_id, "step": context.step}
