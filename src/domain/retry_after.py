"""Retry-After: how long the answer of an HTTP server asks to wait before the request is sent again."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from domain.moments import in_utc


def seconds_asked(header: str, now: datetime) -> float | None:
    """The seconds that a header asks to wait, written as such or as a date, which in HTTP is in UTC.

    `None` for an empty header, and for one that says neither.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = in_utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date - now).total_seconds())
