"""Structured logs of the Lambda functions. Raw events are never logged: they hold API keys.

Behind that rule stands another: whatever is logged all the same loses what looks like a key or a credential.
"""

import json
import logging
import re
from typing import Any

from aws_lambda_powertools import Logger

from domain.printable import KEY_START, printable

_SECRETS = (
    # An API key, wherever it stands.
    re.compile(rf"({KEY_START})[\w-]+", re.ASCII),
    # The secret of a webhook.
    re.compile(r"(whsec_)[\w+/=]+", re.ASCII),
    # What follows the name of a header that holds one, as JSON, Python and HTTP write headers.
    re.compile(
        r"""((?:authorization|x-api-key|x-amz-security-token|cookie)[\\"'\s]*[:=,][\\"'\s[(]*(?:b[\\"']+)?)"""
        r"""[^\\"'\r\n]+""",
        re.IGNORECASE,
    ),
    # What is presented by a scheme of HTTP, apart from its header.
    re.compile(r"((?:bearer|basic)\s+)[\w.~+/=-]{20,}", re.IGNORECASE | re.ASCII),
)


def redacted(line: str) -> str:
    """A line of the log without what looks like a key or a credential in it."""
    for secret in _SECRETS:
        line = secret.sub(r"\1[redacted]", line)
    return line


def _on_one_line(record: dict[str, Any]) -> str:
    """A record as one line of JSON, for whatever reads lines and for a terminal: programs write part of it."""
    return printable(redacted(json.dumps(record, default=str, ensure_ascii=False, separators=(",", ":"))))


logger = Logger(json_serializer=_on_one_line)

# The rules log by the standard library; their lines take the same shape and level.
for name in (logger.name, "domain", "lodol"):
    quiet = logging.getLogger(name)
    quiet.handlers = logger.handlers
    quiet.setLevel(logger.log_level)
    quiet.propagate = False
# So do those of libraries, for which the runtime has a handler of its own.
logging.getLogger().handlers = list(logger.handlers)


# Said here, not left to POWERTOOLS_LOGGER_LOG_EVENT: no setting may have events logged.
logged = logger.inject_lambda_context(clear_state=True, log_event=False)
"""Decorates a handler: every line of an invocation names its function and request, and nothing of the one before."""
