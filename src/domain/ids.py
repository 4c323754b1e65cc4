"""Ids: 24 lower-case hex digits that sort by creation time and read as MongoDB ObjectIds."""

import re
import secrets
from datetime import datetime

_ID = re.compile(r"[0-9a-f]{24}")


def new_id(now: datetime) -> str:
    """Make an id: 8 hex digits of seconds, 4 of the fraction of the second, 12 random ones.

    The random part comes from the system's secure source at every call, so copies of one process
    (SnapStart) never make the same id. Rule: contract "Every endpoint".
    """
    moment = now.timestamp()
    seconds = int(moment)
    fraction = int((moment - seconds) * 0x10000)
    return f"{seconds:08x}{fraction:04x}{secrets.token_hex(6)}"


def first_id_from(second: int) -> str:
    """The position of the first id that is made from a second since 1970 on, within what ids can say."""
    return f"{min(max(second, 0), 0xFFFFFFFF):08x}{0:016x}"


def second_of(made_id: str) -> int:
    """The second since 1970 in which an id was made."""
    return int(made_id[:8], 16)


def is_id(text: str) -> bool:
    """Tell whether a text is laid out as an id."""
    return _ID.fullmatch(text) is not None
