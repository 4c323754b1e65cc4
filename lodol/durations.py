"""Durations as a person says them."""

import re
from datetime import timedelta

_WRITTEN = re.compile(r"(?:[0-9]+[smhdw])+")
_PART = re.compile(r"([0-9]+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def is_duration(text: str) -> bool:
    """Whether a text is a duration as a person writes one: `30m`, `1d12h`."""
    return _WRITTEN.fullmatch(text) is not None


def read_duration(text: str) -> timedelta:
    """Read such a text. Raises `OverflowError` for one that is longer than any calendar."""
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())


def duration(seconds: float, between: str = " ") -> str:
    """How long something took, in the two largest units that matter: `310 ms`, `3.25 s`, `2 h 5 min`.

    `between` stands between a number and its unit.
    """
    if seconds < 0.9995:
        return f"{round(max(seconds, 0) * 1000)}{between}ms"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f}".rstrip("0").rstrip(".") + f"{between}s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [(days, "d"), (hour, "h"), (minute, "min"), (second, "s")]
    first = next(i for i, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number}{between}{unit}" for number, unit in parts[first : first + 2] if number)
