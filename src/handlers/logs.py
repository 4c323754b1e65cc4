"""Structured logs of the Lambda functions. Raw events are never logged: they hold API keys."""

import logging

from aws_lambda_powertools import Logger

logger = Logger()

# The rules log by the standard library; their lines take the same shape and level.
for name in ("domain", "lodol"):
    quiet = logging.getLogger(name)
    quiet.handlers = logger.handlers
    quiet.setLevel(logger.log_level)
    quiet.propagate = False


# Said here, not left to POWERTOOLS_LOGGER_LOG_EVENT: no setting may have events logged.
logged = logger.inject_lambda_context(clear_state=True, log_event=False)
"""Decorates a handler: every line of an invocation names its function and request, and nothing of the one before."""
