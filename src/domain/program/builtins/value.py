"""`value.*`: what values of several kinds have in common, as Python's operators and functions have it."""

import math
from contextlib import suppress
from typing import Any

from domain.program.builtins.arguments import items, number, text, whole
from domain.program.builtins.registry import LOOKS_UP, Work, pure
from domain.program.builtins.string import searching
from domain.program.values import Value, is_equal, kind_of

_LONGEST_NUMBER = 2000
_MOST_DIGITS = 400


@pure("value.length", "value", "How many characters, items or keys it has.", [1, 2, 3], gives=3, work=LOOKS_UP)
def length(value: Value) -> Value:
    if isinstance(value, str | list | dict):
        return len(value)
    raise ValueError(f"value must be a string, a list or an object, not {kind_of(value)}")


def _looking(item: Value, container: Value) -> int:
    return searching(container, item)


@pure(
    "value.is_in",
    "item, container",
    "Whether it is an item of a list, a key of an object or a part of a text.",
    2,
    [1, 2],
    gives=True,
    work=Work(more=_looking),
)
def is_in(item: Value, container: Value) -> Value:
    if isinstance(container, list):
        return any(is_equal(item, each) for each in container)
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    if isinstance(container, str):
        return text(item, "item") in container
    raise ValueError(f"container must be a list, an object or a string, not {kind_of(container)}")


@pure(
    "value.slice",
    "value, start?, end?, step?",
    "Of a text or a list what lies from start up to, not including, end; `null` is the end of either side.",
    [1, 2, 3, 4],
    1,
    None,
    2,
    gives=[2, 4],
    work=LOOKS_UP,
)
def slice_(value: Value, start: Value = None, end: Value = None, step: Value = None) -> Value:
    if not isinstance(value, str | list):
        raise ValueError(f"value must be a string or a list, not {kind_of(value)}")
    at, to, by = (
        None if bound is None else whole(bound, name)
        for bound, name in ((start, "start"), (end, "end"), (step, "step"))
    )
    if by == 0:
        raise ValueError("step must not be 0")
    return value[at:to:by]


@pure("value.int", "value", "The whole number that a text is, or a number without its fraction.", "42", gives=42)
def int_(value: Value) -> Value:
    if isinstance(value, str):
        return int(_read(int, value, "a whole number"))
    return math.trunc(number(value, "value"))


@pure(
    "value.float", "value", "The number that a text is, or a number, with a fraction even if it is 0.", "4", gives=4.0
)
def float_(value: Value) -> Value:
    if isinstance(value, str):
        return _finite(_read(float, value, "a number"))
    try:
        return float(number(value, "value"))
    except OverflowError:
        raise ValueError("value is too large for a number with a fraction") from None


def _read(kind: type[Any], written: str, wanted: str) -> Any:
    if len(written) <= _LONGEST_NUMBER:
        with suppress(ValueError):
            return kind(written)
    raise ValueError(f"value must be {wanted}, not {written[:40]!r}")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("the result is not a finite number")
    return value


@pure(
    "value.round",
    "number, digits?",
    "Rounded, halves to the even digit; to a whole number without digits.",
    2.5,
    gives=2,
    work=Work(calls=4),
)
def round_(value: Value, digits: Value = None) -> Value:
    exact, places = number(value, "number"), None if digits is None else whole(digits, "digits")
    if places is None:
        return round(exact)
    if abs(places) > _MOST_DIGITS:
        raise ValueError(f"digits must be -{_MOST_DIGITS} to {_MOST_DIGITS}, not {places}")
    try:
        return round(exact, places)
    except OverflowError:
        raise ValueError("the result is too large for a number") from None


@pure("value.min", "values", "The least of a list of numbers or of texts; fails for an empty one.", [3, 1, 2], gives=1)
def min_(values: Value) -> Value:
    least: Value = min(_comparable(values))
    return least


@pure(
    "value.max", "values", "The greatest of a list of numbers or of texts; fails for an empty one.", [3, 1, 2], gives=3
)
def max_(values: Value) -> Value:
    greatest: Value = max(_comparable(values))
    return greatest


def _comparable(values: Value) -> list[Any]:
    found = items(values, "values")
    kinds = {kind_of(value) for value in found}
    if not found:
        raise ValueError("values must not be empty")
    if kinds not in ({"number"}, {"string"}):
        raise ValueError(f"values must be only numbers or only strings, not {' and '.join(sorted(kinds))}")
    return found
