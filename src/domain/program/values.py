"""Values: what programs compute with. JSON values, which survive storage exactly as they are."""

import json
import math
import re
from typing import Any, NamedTuple, NoReturn

from domain.program.limits import INTEGER_BITS, NESTING, VALUE_BYTES

type Value = None | bool | int | float | str | list[Value] | dict[str, Value]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_SENTENCE = 1000
_MOST_DIGITS = math.ceil(INTEGER_BITS * math.log10(2)) + 1


class NoJson(ValueError):
    """A text is not JSON from a place on, its line and its column in characters, both from 1; `reason` says why."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(f"it is not JSON: {reason} at line {line}, column {column}")
        self.reason, self.line, self.column = reason, line, column


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def dumps(value: Value) -> str:
    """Write a value as compact JSON, Unicode as it is."""
    return _encode(value)


def loads(text: str) -> Value:
    """Read JSON exactly: whole numbers as such, no duplicate keys, nothing that JSON does not have.

    Raises `ValueError` with a sentence that says what is wrong and where.
    """
    try:
        value: Value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
            object_pairs_hook=_no_duplicates,
        )
    except RecursionError:
        raise ValueError(f"it is nested deeper than the limit of {NESTING} levels") from None
    except json.JSONDecodeError as error:
        raise NoJson(error.msg, error.lineno, error.colno) from None
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a whole number has {len(text)} digits, over the limit of {INTEGER_BITS} bits")
    return int(text)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set[str]()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {json.dumps(twice)} stands twice in one object")
    return found


def size(value: Value) -> int:
    """The bytes of a value as it is stored: UTF-8 JSON."""
    return len(dumps(value).encode())


def depth(value: Value) -> int:
    """How deep lists and objects are nested in a value: 0 for a scalar."""
    deepest = 0
    waiting: list[tuple[Value, int]] = [(value, 0)]
    while waiting:
        inner, level = waiting.pop()
        if isinstance(inner, list | dict):
            level += 1
            deepest = max(deepest, level)
            items = inner if isinstance(inner, list) else inner.values()
            waiting += [(item, level) for item in items]
    return deepest


def ensure_storable(value: Value, where: str) -> None:
    """Refuse a value that could not be stored unchanged, with a `ValueError` that begins with `where`.

    Refused are NUL characters and halves of surrogate pairs, numbers that are not finite or over 4,096 bits,
    nesting over 64 levels, and more than 256 KiB of JSON.
    """
    if depth(value) > NESTING:
        raise ValueError(f"{where} is nested deeper than the limit of {NESTING} levels")
    if flaw := _flaw(value):
        raise ValueError(f"{'a key of ' if flaw.of_key else ''}{where}{flaw.path} {flaw.what}")
    stored = size(value)
    if stored > VALUE_BYTES:
        raise ValueError(f"{where} takes {stored} bytes as JSON, over the limit of {VALUE_BYTES} for a value")


class _Flaw(NamedTuple):
    """Of a value what cannot be stored, where in it, and whether that is a key."""

    path: str
    what: str
    of_key: bool = False


def _flaw(value: Value) -> _Flaw | None:
    """The first scalar that cannot be stored. Its path is made only where there is one: most values have none."""
    if isinstance(value, str):
        if bad := _UNSTORABLE.search(value):
            what = "the character NUL" if bad.group() == "\x00" else "half of a surrogate pair"
            return _Flaw("", f"has {what} at position {bad.start()}, which cannot be stored")
    elif isinstance(value, float):
        if not math.isfinite(value):
            return _Flaw("", "is not a finite number")
    elif isinstance(value, int):
        if value.bit_length() > INTEGER_BITS:
            return _Flaw("", f"is a whole number over the limit of {INTEGER_BITS} bits")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if flaw := _flaw(item):
                return flaw._replace(path=f"[{index}]{flaw.path}")
    elif isinstance(value, dict):
        for name, item in value.items():
            if flaw := _flaw(name):
                return flaw._replace(of_key=True)
            if flaw := _flaw(item):
                return flaw._replace(path=f".{name}{flaw.path}")
    return None


def legible(sentence: str) -> str:
    """A sentence with parts of others in it, as it can be stored and shown: up to 1,000 characters, none unstorable."""
    return _UNSTORABLE.sub("\ufffd", sentence[:_LONGEST_SENTENCE])


def kind_of(value: Value) -> str:
    """The kind of a value, as error messages call it."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case _:
            return "object"


def is_truthy(value: Value) -> bool:
    """`null`, `false`, `0` and empty strings, lists and objects are falsy, all else is truthy."""
    return bool(value)


def is_equal(left: Value, right: Value) -> bool:
    """Compare deeply; a boolean equals no number."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_equal(item, right[name]) for name, item in left.items())
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def text_of(value: Value) -> str:
    """How a value reads within a text: a string as it is, all else as JSON."""
    return value if isinstance(value, str) else dumps(value)
