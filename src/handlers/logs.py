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


def begin_request(request_id: str, **ids: str) -> None:
    """Put the request's id, and what it is about, on every line of this invocation."""
    logger.clear_state()
    logger.append_keys(request_id=request_id, **ids)
