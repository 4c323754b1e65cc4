"""`number.*`: numbers."""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

from domain.program.builtins.arguments import number, numbers, text, whole
from domain.program.builtins.registry import Work, pure
from domain.program.limits import INTEGER_BITS
from domain.program.values import Value

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


@pure("number.parse", "text", "The number that a text is; fails if it is none.", " 42.5 ", gives=42.5)
def parse(value: Value) -> Value:
    written = text(value, "text").strip()
    if not _NUMBER.fullmatch(written) or len(written) > 1200:
        raise ValueError(f"text must be a number, not {written[:40]!r}")
    return int(written) if written.lstrip("+-").isdigit() else _finite(float(written))


@pure("number.is_number", "text", "Whether a text is a number.", "4e2", gives=True)
def is_number(value: Value) -> Value:
    return _NUMBER.fullmatch(text(value, "text").strip()) is not None


@pure(
    "number.round",
    "number, digits?",
    "Rounded, halves away from zero, to digits after the point.",
    2.345,
    2,
    gives=2.35,
    work=Work(calls=4),
)
def round_(value: Value, digits: Value = 0) -> Value:
    exact, places = number(value, "number"), whole(digits, "digits")
    if not 0 <= places <= 15:
        raise ValueError(f"digits must be 0 to 15, not {places}")
    if isinstance(exact, int):
        return exact
    with localcontext(prec=400):
        # By the digits that one sees: 2.345 is to be 2.35, though the float lies just below.
        rounded = Decimal(repr(exact)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return float(rounded) if places else int(rounded)


@pure("number.floor", "number", "The whole number at or below it.", -1.5, gives=-2)
def floor(value: Value) -> Value:
    return math.floor(number(value, "number"))


@pure("number.ceil", "number", "The whole number at or above it.", 1.2, gives=2)
def ceil(value: Value) -> Value:
    return math.ceil(number(value, "number"))


@pure("number.abs", "number", "Without its sign.", -3, gives=3)
def abs_(value: Value) -> Value:
    return abs(number(value, "number"))


@pure("number.sign", "number", "-1, 0 or 1.", -3, gives=-1)
def sign(value: Value) -> Value:
    found = number(value, "number")
    return (found > 0) - (found < 0)


@pure("number.min", "numbers", "The least of a list; `null` of an empty one.", [3, 1, 2], gives=1)
def min_(values: Value) -> Value:
    return min(_numbers(values), default=None)


@pure("number.max", "numbers", "The greatest of a list; `null` of an empty one.", [3, 1, 2], gives=3)
def max_(values: Value) -> Value:
    return max(_numbers(values), default=None)


@pure("number.sum", "numbers", "The sum of a list.", [1, 2, 3.5], gives=6.5)
def sum_(values: Value) -> Value:
    return _total(_numbers(values))


@pure("number.mean", "numbers", "The arithmetic mean of a list; `null` of an empty one.", [1, 2, 6], gives=3)
def mean(values: Value) -> Value:
    found = _numbers(values)
    if not found:
        return None
    total = _total(found)
    try:
        return total // len(found) if total % len(found) == 0 else total / len(found)
    except OverflowError:
        raise ValueError("the result is too large for a number") from None


@pure(
    "number.power", "base, exponent", "The base to the power of the exponent.", 2, 10, gives=1024, work=Work(calls=12)
)
def power(base: Value, exponent: Value) -> Value:
    of, to = number(base, "base"), number(exponent, "exponent")
    if isinstance(of, int) and isinstance(to, int) and to >= 0:
        if abs(of) > 1 and of.bit_length() * to > 2 * INTEGER_BITS:
            raise ValueError(f"the result is over the limit of {INTEGER_BITS} bits for a whole number")
        return int(of**to)
    try:
        result = of**to
    except (OverflowError, ZeroDivisionError):
        raise ValueError("the result is not a finite number") from None
    if isinstance(result, complex):
        raise ValueError("the result is not a real number")
    return _finite(result)


@pure("number.floor_divide", "left, right", "Divided, down to the next whole number.", -7, 2, gives=-4)
def floor_divide(left: Value, right: Value) -> Value:
    of, by = number(left, "left"), number(right, "right")
    if by == 0:
        raise ValueError("cannot divide by zero")
    try:
        return _finite(of // by)
    except OverflowError:
        raise ValueError("the result is too large for a number") from None


@pure("number.sqrt", "number", "The square root.", 9, gives=3)
def sqrt(value: Value) -> Value:
    found = number(value, "number")
    if found < 0:
        raise ValueError("number must not be negative")
    try:
        return math.sqrt(found)
    except OverflowError:
        raise ValueError("number is too large") from None


@pure("number.clamp", "number, least, most", "The nearest number from least to most.", 12, 0, 10, gives=10)
def clamp(value: Value, least: Value, most: Value) -> Value:
    return max(number(least, "least"), min(number(most, "most"), number(value, "number")))


@pure("number.is_whole", "number", "Whether it has no fraction.", 2.5, gives=False)
def is_whole(value: Value) -> Value:
    return number(value, "number").is_integer()


@pure(
    "number.format",
    "number, digits?, separator?",
    "As text, thousands separated.",
    1234567.891,
    2,
    ",",
    gives="1,234,567.89",
    work=Work(calls=24),
)
def format_(value: Value, digits: Value = 0, separator: Value = ",") -> Value:
    exact, places = number(value, "number"), whole(digits, "digits")
    if not 0 <= places <= 15:
        raise ValueError(f"digits must be 0 to 15, not {places}")
    with localcontext(prec=2000):
        rounded = Decimal(repr(exact)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        written = f"{rounded:,f}"
    return written.replace(",", text(separator, "separator")[:1])


def _numbers(values: Value) -> list[int | float]:
    return numbers(values, "numbers")


def _total(values: Sequence[int | float]) -> int | float:
    try:
        return _finite(sum(values))
    except OverflowError:
        raise ValueError("the result is too large for a number") from None


def _finite(value: int | float) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the result is too large for a number")
    return value
