"""`random.*`: chance, drawn once and journaled."""

import secrets
import uuid

from domain.callables.effect import CallContext, effect
from domain.program.values import Value


@effect("random.uuid", "", "A random UUID, version 4.", gives="string")
def random_uuid(_: CallContext) -> Value:
    """Draw a UUID from the system's secure source."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


@effect("random.number", "", "A random number, at least 0 and below 1.", gives="number")
def number(_: CallContext) -> Value:
    """Draw a number from the system's secure source."""
    return secrets.randbits(53) / (1 << 53)
