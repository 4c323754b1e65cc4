"""The pure callables at their edges: what each gives there, and in which words it refuses."""

import json
from typing import Any

import pytest

from domain.program.builtins import BUILTINS
from domain.program.limits import INTEGER_BITS, NESTING, VALUE_BYTES
from domain.program.values import kind_of

YEARS = "the result is not within the years 1 to 9999"
HUGE = 10**400
BIG = "a" * VALUE_BYTES


def nested(levels: int, inner: Any = 1) -> Any:
    """An object in an object, so many levels."""
    return inner if not levels else {"a": nested(levels - 1, inner)}


GIVES: list[tuple[str, list[Any], Any]] = [
    ("list.take", [[1, 2, 3], 2.0], [1, 2]),
    ("number.sum", [[HUGE, 1]], HUGE + 1),
    ("object.get", [{"a": "text"}, "a.ex", "none"], "none"),
    ("object.get", [{"a": ["x"]}, "a.x", "none"], "none"),
    ("list.chunk", [[1, 2, 3], 10**30], [[1, 2, 3]]),
    ("string.pad_end", ["long", 3, "abc"], "long"),
    ("date.parse", ["2026-01-15T10:30:00+05:00", "Europe/Berlin"], "2026-01-15T10:30:00+05:00"),
    ("date.parse", ["2026-01-15T10:30:00.25"], "2026-01-15T10:30:00.250000+00:00"),
    ("date.format", ["0999-01-05T03:04:09", "YYYY-MM-DD HH:mm:ss"], "0999-01-05 03:04:09"),
    ("date.format", ["2026-01-15T23:30:00+01:00", "DD HH"], "15 23"),
    ("date.format", ["2026-01-15T10:30:00", "ddd, D MMM"], "Thu, D Jan"),
    ("date.to_zone", ["2026-01-15T10:30:00+01:00", "UTC"], "2026-01-15T09:30:00+00:00"),
    ("date.add", ["2026-03-28T12:00:00+00:00", 1, "day", "Europe/Berlin"], "2026-03-29T13:00:00+02:00"),
    ("date.add", ["2026-03-28T12:00:00+00:00", 24, "hours", "Europe/Berlin"], "2026-03-29T14:00:00+02:00"),
    ("date.add", ["2026-01-15T10:30:00", 1.5, "minutes"], "2026-01-15T10:31:30+00:00"),
    ("date.add", ["2026-01-15T10:30:00", 2, "seconds"], "2026-01-15T10:30:02+00:00"),
    ("date.add", ["2026-01-15T10:30:00", 1, "week"], "2026-01-22T10:30:00+00:00"),
    ("date.add", ["2026-01-15T10:30:00", 1, "day"], "2026-01-16T10:30:00+00:00"),
    ("date.add", ["2024-02-29T00:00:00", 1, "year"], "2025-02-28T00:00:00+00:00"),
    ("date.add", ["2026-12-31T00:00:00", 2, "months"], "2027-02-28T00:00:00+00:00"),
    ("date.add", ["0001-01-01T00:00:00", 9998 * 12, "months"], "9999-01-01T00:00:00+00:00"),
    ("date.subtract", ["9999-01-01T00:00:00", 9998, "years"], "0001-01-01T00:00:00+00:00"),
    ("date.difference", ["2026-01-02", "2026-01-01", "hours"], 24),
    ("date.difference", ["2026-01-01", "2026-01-15", "weeks"], -2),
    ("date.difference", ["2026-01-01T00:00:30", "2026-01-01T00:00:00", "minutes"], 0.5),
    ("date.start_of", ["2026-01-18T10:30:00", "week"], "2026-01-12T00:00:00+00:00"),
    ("date.start_of", ["2026-01-12T10:30:00", "week"], "2026-01-12T00:00:00+00:00"),
    ("date.start_of", ["2026-05-20T10:30:15.5", "day"], "2026-05-20T00:00:00+00:00"),
    ("date.start_of", ["2026-05-20T10:30:15.5", "hour"], "2026-05-20T10:00:00+00:00"),
    ("date.start_of", ["2026-05-20T10:30:15.5", "second"], "2026-05-20T10:30:15+00:00"),
    ("date.start_of", ["2026-05-20T23:30:00", "day", "Europe/Berlin"], "2026-05-21T00:00:00+02:00"),
    ("date.end_of", ["2026-05-20T10:30:15", "year"], "2026-12-31T23:59:59+00:00"),
    ("date.is_weekend", ["2026-01-16"], False),
    ("date.is_before", ["2026-01-15", "2026-01-15"], False),
    ("date.is_before", ["2026-01-16", "2026-01-15"], False),
    ("date.is_after", ["2026-01-15", "2026-01-15"], False),
    ("date.is_after", ["2026-01-16", "2026-01-15"], True),
    ("date.is_before", ["2026-01-15T10:00:00+02:00", "2026-01-15T09:00:00"], True),
    ("date.to_timestamp", ["1970-01-01T00:00:00.5"], 0.5),
    ("date.to_timestamp", ["1970-01-01T00:00:01+00:00"], 1),
    ("date.from_timestamp", [0.25], "1970-01-01T00:00:00.250000+00:00"),
    ("number.parse", ["-12"], -12),
    ("number.parse", ["+.5"], 0.5),
    ("number.parse", ["9" * 1200], int("9" * 1200)),
    ("number.round", [2.5], 3),
    ("number.round", [-2.5], -3),
    ("number.round", [7, 2], 7),
    ("number.round", [1.0 + 2**-52, 15], 1.0),
    ("number.round", [0.1234567890123456, 15], 0.123456789012346),
    ("number.sign", [0], 0),
    ("number.sign", [5], 1),
    ("number.mean", [[1, 2]], 1.5),
    ("number.mean", [[1.5, 2.5]], 2.0),
    ("number.mean", [[1, 2, 3]], 2),
    ("number.mean", [[]], None),
    ("number.power", [2, -1], 0.5),
    ("number.power", [2.0, 3], 8.0),
    ("number.power", [4, 0.5], 2.0),
    ("number.power", [-1, 10**9], 1),
    ("number.power", [1, 10**9], 1),
    ("number.power", [0, 0], 1),
    ("number.power", [2, 2 * INTEGER_BITS // 2], 2**INTEGER_BITS),
    ("number.power", [-2, 3], -8),
    ("number.sqrt", [0], 0.0),
    ("number.clamp", [-5, 0, 10], 0),
    ("number.clamp", [5, 0, 10], 5),
    ("number.is_whole", [2], True),
    ("number.is_whole", [2.0], True),
    ("number.is_whole", [HUGE], True),
    ("number.format", [1234.5, 15], "1,234.500000000000000"),
    ("number.format", [1234.5, 0, "'x"], "1'235"),
    ("number.sum", [[0.5, 0.25]], 0.75),
    ("list.range", [0, 5, 2], [0, 2, 4]),
    ("list.range", [0, 6, 3], [0, 3]),
    ("list.range", [5, 0, -2], [5, 3, 1]),
    ("list.range", [5, 0], []),
    ("list.range", [0, 10**9, -1], []),
    ("list.slice", [[1, 2, 3], 0, 2], [1, 2]),
    ("list.slice", [[1, 2, 3], -2], [2, 3]),
    ("list.take", [[1, 2, 3], -1], []),
    ("list.skip", [[1, 2, 3], -1], [1, 2, 3]),
    ("list.contains", [[1, 2], 3], False),
    ("list.contains", [[1.0], 1], True),
    ("list.contains", [[{"a": [1.0], "b": 2}], {"b": 2, "a": [1]}], True),
    ("list.contains", [[1.5], 1], False),
    ("list.index_of", [["a"], "b"], -1),
    ("list.join", [[], "-"], ""),
    ("list.join", [["a"]], "a"),
    ("list.compact", [[[], {}, False, "a"]], [[], {}, "a"]),
    ("list.unique", [[{"a": 1, "b": 1}, {"a": 1, "b": 2}], "a"], [{"a": 1, "b": 1}]),
    ("list.sort", [["b", "a", None]], ["a", "b", None]),
    ("list.sort", [[None, 2, None, 1]], [1, 2, None, None]),
    ("list.sort", [[2, 1.5, 1]], [1, 1.5, 2]),
    (
        "list.sort",
        [[{"n": 1, "a": 1}, {"n": 0}, {"n": 1, "a": 2}], "n"],
        [{"n": 0}, {"n": 1, "a": 1}, {"n": 1, "a": 2}],
    ),
    (
        "list.sort_descending",
        [[{"n": 1, "a": 1}, {"n": 2}, {"a": 3}, {"n": 1, "a": 2}], "n"],
        [{"n": 2}, {"n": 1, "a": 1}, {"n": 1, "a": 2}, {"a": 3}],
    ),
    ("list.chunk", [[1, 2, 3], 1], [[1], [2], [3]]),
    ("list.chunk", [[1, 2, 3], 10**9], [[1, 2, 3]]),
    ("list.chunk", [[], 2], []),
    ("list.chunk", [[1, 2, 3, 4], 2], [[1, 2], [3, 4]]),
    ("list.zip", [[1, 2], ["a"]], [[1, "a"]]),
    ("list.is_empty", [[0]], False),
    ("list.sum", [[{"n": 1}, {"n": 2.5}], "n"], 3.5),
    ("object.get", [{"a": 1}, "b", "other"], "other"),
    ("object.get", [{"a": [1, 2]}, "a.1"], 2),
    ("object.get", [{"a": [1, 2]}, "a.2", "none"], "none"),
    ("object.get", [{"a": [1, 2]}, "a.x", "none"], "none"),
    ("object.get", [{"a": [1, 2]}, "a.²", "none"], "none"),
    ("object.get", [{"a": [1, 2]}, "a.\N{ARABIC-INDIC DIGIT ZERO}", "none"], "none"),
    ("object.get", [{"a": [1, 2]}, "a.0000001"], 2),
    ("object.get", [{"a": [1, 2]}, "a.00000001", "none"], "none"),
    ("object.get", [{"a": "text"}, "a.0", "none"], "none"),
    ("object.get", [{"0": "key"}, "0"], "key"),
    ("object.rename", [{"a": 1, "c": 2}, "a", "b"], {"b": 1, "c": 2}),
    ("object.deep_merge", [{"a": {"x": 1}, "b": {"y": 1}}, {"a": 2, "b": {"z": 2}}], {"a": 2, "b": {"y": 1, "z": 2}}),
    ("object.deep_merge", [{"a": 1}, {"a": {"x": 1}}], {"a": {"x": 1}}),
    ("object.deep_merge", [nested(NESTING + 1), nested(NESTING + 1, 2)], nested(NESTING + 1, 2)),
    ("object.zip", [["a", "b"], [1]], {"a": 1}),
    ("json.stringify", [{"a": 1}, 8], '{\n        "a": 1\n}'),
    ("json.stringify", [{"a": "é"}, 1], '{\n "a": "é"\n}'),
    ("json.stringify", ["é"], '"é"'),
    ("string.truncate", ["workflow", 8], "workflow"),
    ("string.truncate", ["workflow", 1], "…"),
    ("string.repeat", ["ab", 0], ""),
    ("string.slice", ["workflow", 4], "flow"),
    ("string.slice", ["workflow", 2, 4], "rk"),
    ("string.pad_start", ["7", 4, "ab"], "aba7"),
    ("string.pad_start", ["7", 0, "ab"], "7"),
    ("string.pad_end", ["long", 2], "long"),
    ("string.pad_end", ["7", 3, "ab"], "7ab"),
    ("string.extract_numbers", ["1 and -2.5"], [1, -2.5]),
    ("string.index_of", ["a", "b"], -1),
]


@pytest.mark.parametrize(("name", "arguments", "result"), GIVES)
def test_it_gives(name: str, arguments: list[Any], result: Any) -> None:
    found = BUILTINS[name].evaluate(*arguments)

    assert (found, kind_of(found)) == (result, kind_of(result))
    # 2 and 2.0 are equal, and are written in different ways.
    assert json.dumps(found) == json.dumps(result)


REFUSES: list[tuple[str, list[Any], str]] = [
    ("date.year", ["soon"], "date must be ISO 8601, not 'soon'"),
    ("date.parse", ["soon"], "text must be ISO 8601, not 'soon'"),
    (
        "date.parse",
        ["2026-01-15", "Nowhere/At_All"],
        "zone must be a time zone such as Europe/Berlin, not 'Nowhere/At_All'",
    ),
    ("date.parse", ["2026-01-15", "../UTC"], "zone must be a time zone such as Europe/Berlin, not '../UTC'"),
    ("date.parse", ["2026-01-15", "Europe"], "zone must be a time zone such as Europe/Berlin, not 'Europe'"),
    ("date.parse", ["2026-01-15", ""], "zone must be a time zone such as Europe/Berlin, not ''"),
    ("date.format", ["9999-12-31T23:30:00", "YYYY", "Europe/Berlin"], YEARS),
    ("date.to_zone", ["0001-01-01T00:00:00", "America/New_York"], YEARS),
    ("date.add", ["9999-12-31", 1, "day"], YEARS),
    ("date.add", ["2026-01-15", 1e300, "seconds"], YEARS),
    ("date.add", ["2026-01-15", 10**30, "days"], YEARS),
    ("date.add", ["2026-01-15", 10**30, "months"], YEARS),
    ("date.add", ["2026-01-15", 12 * 10_000, "months"], YEARS),
    ("date.add", ["9999-12-31", 1, "month"], YEARS),
    ("date.subtract", ["0001-01-31", 1, "month"], YEARS),
    ("date.add", ["2026-01-15", 1.5, "days"], "amount must be a whole number, not 1.5"),
    ("date.add", ["2026-01-15", 1, "fortnight"], "unit must be seconds, minutes, hours, days, weeks, months or years"),
    ("date.difference", ["2026-01-15", "2026-01-14", "months"], "unit must be seconds, minutes, hours, days or weeks"),
    ("date.from_timestamp", [1e20], YEARS),
    ("number.parse", ["four"], "text must be a number, not 'four'"),
    ("number.parse", ["9" * 1201], f"text must be a number, not '{'9' * 40}'"),
    ("number.parse", ["1e999"], "the result is too large for a number"),
    ("number.round", [1.5, 16], "digits must be 0 to 15, not 16"),
    ("number.round", [1, -1], "digits must be 0 to 15, not -1"),
    ("number.format", [1, 16], "digits must be 0 to 15, not 16"),
    ("number.format", [1, -1], "digits must be 0 to 15, not -1"),
    ("number.sum", [[1e308, 1e308]], "the result is too large for a number"),
    ("number.sum", [[0.5, HUGE]], "the result is too large for a number"),
    ("number.mean", [[HUGE, 1]], "the result is too large for a number"),
    ("number.power", [0, -1], "the result is not a finite number"),
    ("number.power", [10.0, 999], "the result is not a finite number"),
    ("number.power", [-8, 0.5], "the result is not a real number"),
    ("number.power", [2, 2 * INTEGER_BITS], f"the result is over the limit of {INTEGER_BITS} bits for a whole number"),
    ("number.power", [-2, 2 * INTEGER_BITS], f"the result is over the limit of {INTEGER_BITS} bits for a whole number"),
    ("number.sqrt", [-1], "number must not be negative"),
    ("number.sqrt", [HUGE], "number is too large"),
    ("number.abs", [True], "number must be a number, not a boolean"),
    ("number.abs", [None], "number must be a number, not null"),
    ("number.abs", [{}], "number must be a number, not an object"),
    ("number.abs", [[]], "number must be a number, not a list"),
    ("list.range", [0, 1, 0], "step must not be 0"),
    ("list.sort", [[1, "a"]], "only numbers or only strings can be sorted, not number and string"),
    ("list.sort", [[True]], "only numbers or only strings can be sorted, not boolean"),
    ("list.sum", [[{"n": 0.5}, {"n": HUGE}], "n"], "the result is too large for a number"),
    ("list.chunk", [[1], 0], "size must be at least 1, not 0"),
    (
        "object.deep_merge",
        [nested(NESTING + 2), nested(NESTING + 2)],
        f"nested deeper than the limit of {NESTING} levels",
    ),
    ("object.zip", [["a"] * (VALUE_BYTES // 2 + 1), []], "the object would take more than the limit"),
    ("object.from_entries", [[["a"]]], r"entries\[0\] must have two items, a key and a value"),
    ("json.parse", ['"\\u0000"'], "the value "),
    ("json.stringify", [1, 9], "indent must be 0 to 8, not 9"),
    ("json.stringify", [1, -1], "indent must be 0 to 8, not -1"),
    ("string.truncate", ["a", 0], "length must be at least 1, not 0"),
    ("string.repeat", ["a", -1], "times must not be negative, and -1 is"),
    ("string.count", ["a", ""], "part must not be empty"),
    ("string.pad_end", ["a", 3, ""], "fill must not be empty"),
    ("string.split", ["," * (VALUE_BYTES // 2), ","], "the list would take more than the limit"),
    ("string.repeat", ["a", VALUE_BYTES + 1], "the text would take more than the limit"),
    ("list.join", [["a", "a"], "a" * (VALUE_BYTES - 1)], "the text would take more than the limit"),
    ("list.join", [[BIG, "a"], ""], "the text would take more than the limit"),
    ("encoding.base64_decode", ["!"], "text must be "),
    ("encoding.base64_decode", ["/w=="], "text must be "),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), REFUSES)
def test_it_refuses(name: str, arguments: list[Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        BUILTINS[name].evaluate(*arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("string.repeat", ["a", VALUE_BYTES]),
        ("string.pad_end", ["", VALUE_BYTES]),
        ("string.split", ["," * (VALUE_BYTES // 2 - 1), ","]),
        ("list.join", [["a", "a"], "a" * (VALUE_BYTES - 2)]),
        ("list.range", [0, VALUE_BYTES // 2]),
        ("object.zip", [["a"] * (VALUE_BYTES // 2), []]),
    ],
)
def test_as_much_as_a_value_holds_is_made(name: str, arguments: list[Any]) -> None:
    assert BUILTINS[name].evaluate(*arguments) is not None
