"""Signatures of webhooks, as the Standard Webhooks specification has them, and the secrets that they are made with.

A secret is never stored: it is derived from the one key of the stack, by the webhook and the number of the secret. So
the table holds nothing that signs, and a secret exists as soon as its number does.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.moments import epoch_seconds

_PREFIX = "whsec_"


def secret_of(key: bytes, webhook_id: str, number: int) -> str:
    """A secret of a webhook, as its receiver is shown it: 256 bits."""
    return _PREFIX + _base64(_hmac(key, f"webhook:{webhook_id}:{number}".encode()))


def headers_of(secrets: Iterable[str], message_id: str, now: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of a message: its id, the moment, and a signature by each secret. Rule: webhooks "Signatures"."""
    timestamp = str(epoch_seconds(now))
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(_PREFIX)) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_base64(_hmac(key, signed))}" for key in keys),
    }


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
