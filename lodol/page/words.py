"""How the page writes things down: moments, durations, JSON, and text that others wrote."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from domain.program.values import loads
from lodol import durations

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NBSP = "\u00a0"
_PREVIEW = 60

# Control characters, halves of surrogate pairs, and what turns the direction of the text around it.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(value: Any) -> Any:
    """A value as the page shows it: what cannot be seen, or hides other text, is shown by a sign for it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _HIDDEN.sub(lambda found: _sign(ord(found[0])), value.replace("\r\n", "\n"))


def _sign(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd" if code < 0xA0 or code >= 0xD800 else f"[U+{code:X}]"


def parse(text: str) -> datetime:
    """Read a moment of a view."""
    return datetime.fromisoformat(text).astimezone(UTC)


def day_and_time(moment: datetime) -> str:
    """A moment with its day: `15 Jan 2026, 10:30:00 UTC`."""
    return f"{moment.day}{_NBSP}{_MONTHS[moment.month - 1]}{_NBSP}{moment.year}, {moment:%H:%M:%S}{_NBSP}UTC"


def time_of(moment: datetime, *, with_day: bool) -> str:
    """A moment to the millisecond: `10:30:00.125`, and its day if more days than one are told of."""
    time = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
    return f"{moment.day}{_NBSP}{_MONTHS[moment.month - 1]}, {time}" if with_day else time


def marked_up(text: str, shown: Callable[[datetime], str]) -> Markup:
    """A moment of a view as a `time` element."""
    return Markup('<time datetime="{}">{}</time>').format(text, shown(parse(text)))


def duration(seconds: float) -> str:
    """How long something took, on one line."""
    return durations.duration(seconds, _NBSP)


def pretty(value: Any) -> str:
    """A JSON value on lines of its own."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def pretty_text(text: str) -> str:
    """JSON on lines of its own; text that was cut, and is no JSON any more, as it is."""
    try:
        return pretty(loads(text))
    except ValueError:
        return text


def preview(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"
