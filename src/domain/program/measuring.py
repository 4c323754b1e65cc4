"""Metering and measuring: how much a step may do, and how large the values may be that it makes."""

import math
from json.encoder import encode_basestring
from typing import NamedTuple

from domain.program.calls import LimitExceeded
from domain.program.limits import INTEGER_BITS, NESTING, NODE_VISITS, VALUE_BYTES
from domain.program.values import Value

_ITEMS_MADE_PER_VISIT = 4
_CHARACTERS_MADE_PER_VISIT = 64
_WIDE_CHARACTERS_MADE_PER_VISIT = 16
"""Of a text that is not all ASCII: each of its characters takes up to four bytes of memory."""

_PARTS_READ_PER_VISIT = 2
_BYTES_READ_PER_VISIT = 256
_CHARACTERS_COMPARED_PER_VISIT = 1024
_BITS_PER_VISIT = 256
_BITS_WRITTEN = 256

_SMALL_NUMBER = 2**63
_SMALL_PARTS, _SMALL_BYTES = 3, 128
"""A value up to this size is measured again rather than remembered."""

_REMEMBERED_BYTES, _BYTES_TO_REMEMBER_ONE = 16 * 1024 * 1024, 256
"""Once the values that are remembered as measured take so much together, all of them are forgotten."""


class Measure(NamedTuple):
    """Of a value: its bytes as JSON, how deep it is nested, and how many values it is made of."""

    size: int
    depth: int
    parts: int


class Meter:
    """The node visits that a step has left.

    What takes longer than a node counts as several of them: making a value and looking at one by its size, a call of a
    pure callable by the work that it declares. What is charged depends on the values alone, never on which of them were
    measured before: a replay is charged the same. Rule: programs "Limits".
    """

    __slots__ = ("_known", "_remembered", "left")

    def __init__(self, visits: int = NODE_VISITS) -> None:
        self.left = visits
        # The values stay referenced, so that no other object can get the id of one that is known.
        self._known: dict[int, tuple[Value, Measure]] = {}
        self._remembered = 0

    def charge(self, visits: int, at: str) -> None:
        """Take visits off what is left; `LimitExceeded` when that is used up."""
        self.left -= visits
        if self.left < 0:
            raise LimitExceeded(at, f"the step reached its limit of {NODE_VISITS} node visits")

    def accept(self, value: Value, at: str) -> Value:
        """Answer with a value that a node has made of others, after checking that it can be stored: charged by what is
        new of it, its items and the texts among them.
        """
        kind = type(value)
        if kind is int and -_SMALL_NUMBER < value < _SMALL_NUMBER:  # type: ignore[operator]
            return value
        if kind is list or kind is dict:
            self.charge(len(value) // _ITEMS_MADE_PER_VISIT, at)  # type: ignore[arg-type]
            for item in value.values() if isinstance(value, dict) else value:  # type: ignore[union-attr]
                self._charge_scalar(item, at)
            self.measure(value)
        else:
            self._charge_scalar(value, at)
            _scalar_size(value)
        return value

    def receive(self, value: Value, at: str) -> Value:
        """Answer with a value that a call gave, after checking that it can be stored: charged as a whole."""
        if not isinstance(value, list | dict):
            return self.accept(value, at)
        # Its items before it is measured, which may fail, and all else that it is made of after that.
        items = len(value) // _PARTS_READ_PER_VISIT
        self.charge(items, at)
        self.charge(self.weight(value) - items, at)
        return value

    def read(self, value: Value, at: str) -> Value:
        """Answer with a value that is looked at as a whole."""
        if visits := self.weight(value):
            self.charge(visits, at)
        return value

    def compare(self, left: Value, right: Value, at: str) -> None:
        """Charge for looking at two values until they differ."""
        if isinstance(left, str) and isinstance(right, str):
            self.charge(min(len(left), len(right)) // _CHARACTERS_COMPARED_PER_VISIT, at)
        elif isinstance(left, list | dict) or isinstance(right, list | dict):
            self.charge(self.weight(left) + self.weight(right), at)

    def weight(self, value: Value, times: int = 1) -> int:
        """How many visits it takes to look at a value as a whole, so many times."""
        if isinstance(value, str):
            return times * len(value) // _BYTES_READ_PER_VISIT
        if isinstance(value, list | dict):
            measure = self.measure(value)
            return times * measure.parts // _PARTS_READ_PER_VISIT + times * measure.size // _BYTES_READ_PER_VISIT
        return 0

    def least(self, value: Value) -> int:
        """Bytes that a value takes at least: what is needed to stop before too much of it was collected."""
        if isinstance(value, list | dict):
            return self.measure(value).size
        return len(value) if isinstance(value, str) else 1

    def measure(self, value: Value) -> Measure:
        """Measure a value, or raise `ValueError` if it cannot be stored."""
        if not isinstance(value, list | dict):
            return Measure(_scalar_size(value), 0, 1)
        known = self._known.get(id(value))
        if known:
            return known[1]
        size, depth, parts = 1 + max(len(value), 1), 0, 1
        if isinstance(value, dict):
            for name in value:
                size += _text_size(name) + 1
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, list | dict) and item:
                inner = self.measure(item)
                size += inner.size
                depth = max(depth, inner.depth)
                parts += inner.parts
            elif isinstance(item, list | dict):
                size, depth, parts = size + 2, max(depth, 1), parts + 1
            else:
                size, parts = size + _scalar_size(item), parts + 1
            if size > VALUE_BYTES:
                raise too_large()
            if depth >= NESTING:
                raise ValueError(f"a value is nested deeper than the limit of {NESTING} levels")
        measured = Measure(size, depth + 1, parts)
        if parts > _SMALL_PARTS or size > _SMALL_BYTES:
            self._remember(value, measured)
        return measured

    def _remember(self, value: Value, measured: Measure) -> None:
        takes = measured.size + _BYTES_TO_REMEMBER_ONE
        self._remembered += takes
        if self._remembered > _REMEMBERED_BYTES:
            self._known.clear()
            self._remembered = takes
        self._known[id(value)] = (value, measured)

    def _charge_scalar(self, value: Value, at: str) -> None:
        """Charge for a text or a whole number by its length; what is nested was charged when it was made."""
        if isinstance(value, str):
            if len(value) >= _WIDE_CHARACTERS_MADE_PER_VISIT:
                each = _CHARACTERS_MADE_PER_VISIT if value.isascii() else _WIDE_CHARACTERS_MADE_PER_VISIT
                self.charge(len(value) // each, at)
        elif isinstance(value, int) and (bits := value.bit_length()) >= _BITS_PER_VISIT:
            self.charge(bits // _BITS_PER_VISIT, at)


def _text_size(value: str) -> int:
    if len(value) > VALUE_BYTES:
        raise too_large()
    if "\x00" in value:
        raise ValueError("a string with the character NUL cannot be stored")
    try:
        size = len(encode_basestring(value).encode())
    except UnicodeEncodeError:
        raise ValueError("a string with half of a surrogate pair cannot be stored") from None
    if size > VALUE_BYTES:
        raise too_large()
    return size


def _scalar_size(value: Value) -> int:
    if isinstance(value, str):
        return _text_size(value)
    if isinstance(value, bool) or value is None:
        return 5 if value is False else 4
    if isinstance(value, int):
        return _digits(value) + (value < 0)
    if not math.isfinite(value):  # type: ignore[arg-type]
        raise ValueError("the result is not a finite number")
    return len(repr(value))


def _digits(number: int) -> int:
    """How many digits a whole number has: writing a large one takes ten times as long."""
    bits = number.bit_length()
    if bits <= _BITS_WRITTEN:
        return len(repr(abs(number)))
    if bits > INTEGER_BITS:
        raise ValueError(f"a whole number is over the limit of {INTEGER_BITS} bits")
    fewest = math.floor((bits - 1) * math.log10(2)) + 1
    return fewest + int(abs(number) >= 10**fewest)


def too_large() -> ValueError:
    """The refusal of a value that takes more than the limit."""
    return ValueError(f"a value takes more than the limit of {VALUE_BYTES} bytes as JSON")
