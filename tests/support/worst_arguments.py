"""Arguments with which callables and operators have the most work: as large as values may be, and laid out to hurt."""

import json
import os
import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product
from typing import Any

from domain.program.limits import VALUE_BYTES
from domain.program.signatures import Signature
from domain.program.values import kind_of

IS_THOROUGH = bool(os.environ.get("LODOL_WORK"))

_MOST = (VALUE_BYTES if IS_THOROUGH else VALUE_BYTES // 8) - 64
"""What takes too long for its size does so in smaller values too, and those are tried in less time."""


def _filled(pattern: str) -> str:
    """A text of a pattern, as long as a value may be."""
    return pattern * (_MOST // len(json.dumps(pattern, ensure_ascii=False).encode()[1:-1]))


@cache
def texts() -> dict[str, str]:
    """Large texts by what they are made of."""
    shuffled = random.Random(1)
    patterns = (
        *(
            "a",
            "é",
            "𝄞",
            "a ",
            " ",
            "\n",
            "0",
            "1",
            "-",
            "<",
            "<a",
            "&",
            "&amp;",
            "&#1;",
            "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        *(
            "%41",
            "=",
            "a=1&",
            "a&",
            "[",
            "]",
            "[a]",
            "[]",
            '"',
            "\\",
            "+",
            ".",
            "a.",
            "1.5 ",
            "-1 ",
            "M",
            "9" * 300 + " ",
        ),
        *(
            "a" * 64 + "@" + "b" * 63 + " ",
            "a@a.a.",
            "http://",
            "http://a ",
            "\u0301\u0316",
            "Σ'",
            "ß",
            "ŉ",
            "Aa",
            "_",
            ",",
        ),
    )
    found = {pattern[:40]: _filled(pattern) for pattern in patterns}
    found |= {
        "an emoji and ASCII": "𝄞" + "a" * (_MOST - 4),
        "a list of lists": "[" + ",".join(["[]"] * (_MOST // 3 - 1)) + "]",
        "a list of numbers": "[" + ",".join(["1.5"] * (_MOST // 4 - 1)) + "]",
        "an object": json.dumps({f"{n:x}": 1 for n in range(_MOST // 12)}, separators=(",", ":")),
        "an object with a key twice": json.dumps({f"{n:x}": 1 for n in range(_MOST // 12)})[:-1] + ',"0":1}',
        "words": " ".join(f"{shuffled.random():.6f}" for _ in range(_MOST // 10)),
        "30,000 characters": "a" * min(29_900, _MOST),
        "a character reference": "&#" + "9" * (_MOST - 8) + ";",
    }
    return found


PARTS: dict[str, str] = {
    "a character": "a",
    "one that is not there": "b",
    "the end of many": "aaaab",
    "almost the whole": "a" * 49 + "b" + "a" * 49,
    "longer": "a" * 1000 + "b" + "a" * 1000,
    "a space": " ",
    "empty": "",
    "a path": ".".join(["0"] * 60),
    "letters": "a" * 250,
    "words": "a " * 125,
    "fields": "a&" * 125,
    "references": "&#1;" * 60,
    "lists": "[" + "[]," * 80 + "[]]",
    "hidden letters": "%41" * 80,
    "signs": "-" * 250,
    "accents": "\u0301\u0316" * 120,
}
"""Short texts: what is looked for in large ones."""


def _nested(levels: int, inner: Any) -> Any:
    for _ in range(levels):
        inner = [inner]
    return inner


@cache
def lists() -> dict[str, list[Any]]:
    """Large lists by what they are made of."""
    shuffled = random.Random(1)
    numbers = list(range(10_000, 10_000 + _MOST // 6))
    shuffled.shuffle(numbers)
    long = "a" * 250
    return {
        "digits": [n % 10 for n in range(_MOST // 2)],
        "the same text": ["a"] * (_MOST // 4),
        "texts": [f"{n:x}" for n in range(_MOST // 8)],
        "wide texts": ["€" + chr(256 + n % 1000) for n in range(_MOST // 9)],
        "shuffled numbers": numbers,
        "shuffled texts": [f"{n}" for n in numbers[: _MOST // 8]],
        "fractions": [n + 0.5 for n in range(_MOST // 8)],
        "large numbers": [10**1232 + n for n in range(_MOST // 1234)],
        "long texts": [f"{long}{n % 7}" for n in range(_MOST // 255)],
        "empty lists": [[] for _ in range(_MOST // 3)],
        "empty objects": [{} for _ in range(_MOST // 3)],
        "objects": [{"a": n % 10} for n in range(_MOST // 9)],
        "shuffled objects": [{"a": n} for n in numbers[: _MOST // 12]],
        "objects with texts": [{"a": f"{n:x}"} for n in range(_MOST // 14)],
        "objects with lists": [{"a": [1, 2]} for _ in range(_MOST // 12)],
        "pairs": [["a" + str(n), 1] for n in range(_MOST // 14)],
        "one deep value": [_nested(60, [1] * (_MOST // 2 - 80))],
        "nothing": [None] * (_MOST // 5),
        "four large texts": ["a" * (_MOST // 5)] * 4,
    }


@cache
def objects() -> dict[str, dict[str, Any]]:
    """Large objects by what they are made of."""
    return {
        "keys": {f"{n:x}": 1 for n in range(_MOST // 8)},
        "texts": {f"{n:x}": f"{n:x}" for n in range(_MOST // 14)},
        "objects": {f"{n:x}": {"a": 1} for n in range(_MOST // 16)},
        "lists": {f"{n:x}": [1, [2]] for n in range(_MOST // 16)},
        "large numbers": {f"{n:x}": 10**1232 + n for n in range(_MOST // 1244)},
        "a large text": {"a": "a" * (_MOST - 10)},
    }


NUMBERS: dict[str, Any] = {
    "small": 3,
    "negative": -1,
    "15": 15,
    "400": 400,
    "-400": -400,
    "8": 8,
    "0": 0,
    "very large": 10**1232 + 7,
    "half as many bits": 2**2048 - 1,
    "almost as many bits": 2**4000 - 1,
    "many": _MOST // 2,
    "fraction": 1234567.891,
    "tiny": 5e-324,
    "huge": 1.7e308,
}

_SMALL: dict[str, Any] = {
    "null": None,
    "key": "a",
    "zone": "Europe/Berlin",
    "no zone": "Europe/Nowhere",
    "date": "2026-01-15T10:30:00.123456+01:00",
    "unit": "month",
    "pattern": "dddd, D MMMM YYYY [at] HH:mm",
}


@cache
def values() -> dict[str, Any]:
    """All of them."""
    return {
        f"{kind}: {name}": value
        for kind, found in (
            ("text", texts()),
            ("part", PARTS),
            ("list", lists()),
            ("object", objects()),
            ("number", NUMBERS),
            ("small", _SMALL),
        )
        for name, value in found.items()
    }


def calls(signature: Signature) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Arguments for a callable: those of its example with every value above in each place that takes such a kind of
    value, and of the thorough also two of them in any two places; of two large ones, one of each.
    """
    assert signature.example is not None
    example = signature.example.args
    most = signature.most or max(len(example), 2)
    padded = [*example, *(None for _ in range(most - len(example)))]
    yield "its example", tuple(example)
    for place in range(most):
        for name, value in _like(padded[place], is_any=signature.parameters[-1].variadic or most == 1):
            arguments = [*padded[:place], value, *padded[place + 1 :]]
            yield f"{name} as {place}", tuple(arguments[: max(place + 1, len(example))])
    for one, other in combinations(range(most), 2) if IS_THOROUGH else ():
        for (name, value), (other_name, other_value) in product(_like(padded[one]), _like(padded[other])):
            if _is_large(name) and _is_large(other_name) and name != other_name:
                continue
            arguments = list(padded)
            arguments[one], arguments[other] = value, other_value
            yield f"{name} as {one}, {other_name} as {other}", tuple(arguments[: max(other + 1, len(example))])


def _is_large(name: str) -> bool:
    return name.startswith(("text", "list", "object"))


def _like(example: Any, *, is_any: bool = False) -> list[tuple[str, Any]]:
    """The values of an example's kind, all of them where it has none."""
    return [
        (name, value)
        for name, value in values().items()
        if is_any or example is None or kind_of(value) == kind_of(example)
    ]
