"""`log.*`: lines in the execution's own log, and in its history."""

import logging

from domain.callables.effect import CallContext, Logged, effect
from domain.program.values import Value, text_of

_LOGGER = logging.getLogger("lodol.program")


@effect("log.info", "message", "Writes a line into the execution's log.", gives="`null`")
def info(context: CallContext, message: Value) -> Logged:
    """Log at level INFO, once: a replay does not repeat it."""
    return _log(context, logging.INFO, message)


@effect("log.error", "message", "Writes an error line into the execution's log.", gives="`null`")
def error(context: CallContext, message: Value) -> Logged:
    """Log at level ERROR, once: a replay does not repeat it."""
    return _log(context, logging.ERROR, message)


def _log(context: CallContext, level: int, message: Value) -> Logged:
    where = {"workflow_id": context.workflow_id, "execution_id": context.execution_id, "step": context.step}
    line = text_of(message)
    _LOGGER.log(level, line, extra=where)
    return Logged(line)
