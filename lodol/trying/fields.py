"""Reads what people write into files of answers and cases; what is wrong is told with its place, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from domain.moments import in_utc
from domain.program.scoping import suggestion
from domain.program.values import Value, kind_of, text_of

_SPAN = re.compile(r"(?:\d+[smhd])+")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Unusable(Exception):
    """A file of answers or cases cannot be used; the text says what is wrong and where: `where` is a path in it."""

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.where = where
        self.sentence = sentence


def objects(value: Value, where: str, what: str) -> list[tuple[str, dict[str, Value]]]:
    """The objects of a list, each with its place."""
    if not isinstance(value, list):
        raise Unusable(where, f"it must be a list of {what}, not {kind_of(value)}")
    return [(at := f"{where}[{i}]", mapping(one, at)) for i, one in enumerate(value)]


def mapping(value: Value, where: str) -> dict[str, Value]:
    """An object."""
    if not isinstance(value, dict):
        raise Unusable(where, f"it must be an object, not {kind_of(value)}")
    return value


def text(value: Value, where: str) -> str:
    """A string that says something."""
    if not isinstance(value, str):
        raise Unusable(where, f"it must be a string, not {kind_of(value)}")
    if not value:
        raise Unusable(where, "it must not be empty")
    return value


def refuse_unknown(found: Mapping[str, Value], known: Iterable[str], where: str, what: str) -> None:
    """Refuse keys that nobody reads."""
    names = list(known)
    for name in found:
        if name not in names:
            sentence = f"{what} has no key {name!r}{suggestion(name, names) or f'; it has {", ".join(names)}'}"
            raise Unusable(where, sentence)


def times(value: Value, where: str) -> int | None:
    """How often something is used: a whole number from 1 on, or `None` for `any`."""
    if value == "any":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Unusable(where, f"it must be a whole number from 1 on, or any, not {text_of(value)}")
    return value


def span(value: Value, where: str) -> timedelta:
    """A length of time: seconds as a number, or text as `90s`, `2h` and `1d12h`."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return timedelta(seconds=value)
    if isinstance(value, str) and _SPAN.fullmatch(value):
        return timedelta(seconds=sum(int(part[:-1]) * _SECONDS[part[-1]] for part in re.findall(r"\d+\w", value)))
    raise Unusable(where, f"it must be a number of seconds, or as 90s, 15m, 2h or 1d12h, not {text_of(value)}")


def moment(value: Value, where: str) -> datetime:
    """A moment, ISO 8601, in UTC where it names no offset."""
    try:
        found = datetime.fromisoformat(text(value, where))
    except ValueError:
        raise Unusable(where, f"it must be a moment as 2026-01-15T10:30:00Z, not {text_of(value)}") from None
    return in_utc(found)
