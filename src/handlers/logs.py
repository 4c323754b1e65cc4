"""Structured logs of the Lambda functions. Raw events are never logged: they hold API keys."""

import json
import logging
from typing import Any

from aws_lambda_powertools import Logger

from domain.printable import printable


def _on_one_line(record: dict[str, Any]) -> str:
    """A record as one line of JSON, for whatever reads lines and for a terminal: programs write part of it."""
    return printable(json.dumps(record, default=str, ensure_ascii=False, separators=(",", ":")))


logger = Logger(json_serializer=_on_one_line)

# The rules log by the standard library; their lines take the same shape and level.
for name in ("domain", "lodol"):
    quiet = logging.getLogger(name)
    quiet.handlers = logger.handlers
    quiet.setLevel(logger.log_level)
    quiet.propagate = False


# Said here, not left to POWERTOOLS_LOGGER_LOG_EVENT: no setting may have events logged.
logged = logger.inject_lambda_context(clear_state=True, log_event=False)
"""Decorates a handler: every line of an invocation names its function and request, and nothing of the one before."""
