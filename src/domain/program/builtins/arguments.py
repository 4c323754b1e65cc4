"""Reads the arguments of pure callables: the value, or a sentence that says which kind is wanted."""

from typing import Any

from domain.program.limits import VALUE_BYTES
from domain.program.values import Value, kind_of


def text(value: Value, name: str) -> str:
    """A string."""
    if isinstance(value, str):
        return value
    raise _unfit(value, name, "a string")


def number(value: Value, name: str) -> int | float:
    """A number; a boolean is not one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _unfit(value, name, "a number")


def whole(value: Value, name: str) -> int:
    """A whole number, also where it is written with a fraction of zero."""
    found = number(value, name)
    if not found.is_integer():
        raise ValueError(f"{name} must be a whole number, not {found}")
    return int(found)


def items(value: Value, name: str) -> list[Any]:
    """A list."""
    if isinstance(value, list):
        return value
    raise _unfit(value, name, "a list")


def texts(value: Value, name: str) -> list[str]:
    """A list of strings."""
    found = items(value, name)
    for index, item in enumerate(found):
        if not isinstance(item, str):
            raise _unfit(item, f"{name}[{index}]", "a string")
    return found


def numbers(value: Value, name: str) -> list[int | float]:
    """A list of numbers."""
    found = items(value, name)
    for index, item in enumerate(found):
        if not isinstance(item, int | float) or isinstance(item, bool):
            raise _unfit(item, f"{name}[{index}]", "a number")
    return found


def fields(value: Value, name: str) -> dict[str, Any]:
    """An object."""
    if isinstance(value, dict):
        return value
    raise _unfit(value, name, "an object")


def bounded(length: int, what: str) -> int:
    """A length that a value may have, checked before anything that long is made."""
    if length > VALUE_BYTES:
        raise ValueError(f"{what} would take more than the limit of {VALUE_BYTES} bytes for a value")
    return length


def bounded_items(length: int, what: str) -> int:
    """A number of items that a list may have, checked before such a list is made."""
    return bounded(length * 2, what) // 2


def _unfit(value: Value, name: str, wanted: str) -> ValueError:
    kind = kind_of(value)
    article = "" if kind == "null" else "an " if kind == "object" else "a "
    return ValueError(f"{name} must be {wanted}, not {article}{kind}")
