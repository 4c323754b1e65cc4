"""The operators of expressions, on values. What they cannot do raises `ValueError` with a sentence."""

import math
import operator
from collections.abc import Callable
from typing import Any

from domain.program.values import Value, is_equal, kind_of, text_of

type Number = int | float


def _are_numbers(*values: Value) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _finite(compute: Callable[[Any, Any], Number], left: Value, right: Value) -> Number:
    try:
        result = compute(left, right)
    except OverflowError:
        raise ValueError("the result is too large for a number") from None
    if isinstance(result, float) and not math.isfinite(result):
        raise ValueError("the result is too large for a number")
    return result


def add(left: Value, right: Value) -> Value:
    """Add numbers; join strings, or a string and another scalar. Rule: programs "Expressions"."""
    if _are_numbers(left, right):
        return _finite(operator.add, left, right)
    scalars = not isinstance(left, list | dict) and not isinstance(right, list | dict)
    if scalars and (isinstance(left, str) or isinstance(right, str)):
        return text_of(left) + text_of(right)
    raise ValueError(f"cannot add {kind_of(left)} and {kind_of(right)}")


def _arithmetic(verb: str, compute: Callable[[Any, Any], Number]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if not _are_numbers(left, right):
            raise ValueError(f"cannot {verb} {kind_of(left)} and {kind_of(right)}")
        return _finite(compute, left, right)

    return apply


def _divide(left: Number, right: Number) -> Number:
    """Whole numbers that divide evenly give a whole number."""
    if right == 0:
        raise ValueError("cannot divide by zero")
    return left // right if left % right == 0 else left / right


def _remainder(left: Number, right: Number) -> Number:
    """The remainder has the sign of the divisor, so that it counts on through zero."""
    if right == 0:
        raise ValueError("cannot divide by zero")
    return left % right


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if _are_numbers(left, right) or (isinstance(left, str) and isinstance(right, str)):
            return compare(left, right)
        raise ValueError(f"cannot compare {kind_of(left)} and {kind_of(right)}")

    return apply


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": _arithmetic("subtract", operator.sub),
    "*": _arithmetic("multiply", operator.mul),
    "/": _arithmetic("divide", _divide),
    "%": _arithmetic("take the remainder of", _remainder),
    "==": is_equal,
    "!=": lambda left, right: not is_equal(left, right),
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
}
"""Operators that look at both of their operands."""

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
"""Those that look at their operands until they differ, and make nothing of their size."""


def negate(value: Value) -> Value:
    """Change the sign of a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return -value
    raise ValueError(f"cannot negate {kind_of(value)}")


def member(value: Value, name: str) -> Value:
    """The property of an object; `null` where it has none of that name."""
    if isinstance(value, dict):
        return value.get(name)
    raise ValueError(f"cannot read the property {name!r} of {kind_of(value)}")


def item(value: Value, index: Value) -> Value:
    """An item of a list, a character of a string, or a property of an object; `null` where there is none."""
    if isinstance(value, dict) and isinstance(index, str):
        return value.get(index)
    if isinstance(value, list | str) and _are_numbers(index) and index == int(index):  # type: ignore[arg-type]
        at = int(index)
        return value[at] if -len(value) <= at < len(value) else None
    which = kind_of(index) if isinstance(index, list | dict) else text_of(index)[:40]
    raise ValueError(f"cannot read item {which} of {kind_of(value)}")
