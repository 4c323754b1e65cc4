"""Changes JSON into other JSON: of what is changed byte by byte, next to nothing is still JSON."""

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

type _Place = tuple[dict[str, Any] | list[Any], Any]
"""An object or a list, and the key or the index of something in it."""

_SCALARS: list[Any] = [None, True, False, 0, -1, 0.5, 10**30, "", "a", "input", [], {}]


def changed(data: bytes, words: list[str], seed: int) -> bytes | None:
    """The same tree with a few changes; `None` for what is no JSON, or a tree of nothing."""
    random = Random(seed)  # noqa: S311 - libFuzzer repeats what it does by its seed
    try:
        tree = json.loads(data)
        for _ in range(random.randint(1, 3)):
            places = list(_places(tree))
            if not places:
                return None
            _change(random, places, words)
        return json.dumps(tree).encode()
    except (ValueError, RecursionError):
        return None


def _places(tree: Any) -> Iterator[_Place]:
    inner = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for key, value in inner:
        yield tree, key
        yield from _places(value)


def _change(random: Random, places: list[_Place], words: list[str]) -> None:
    """Replace, repeat, rename or leave out one of the tree's places."""
    (within, at), (elsewhere, there) = random.choice(places), random.choice(places)
    match random.randint(0, 5):
        case 0 | 1:
            within[at] = deepcopy(elsewhere[there])
        case 2:
            within[at] = random.choice([*_SCALARS, *words])
        case 3 if isinstance(within, list):
            within.insert(at, deepcopy(elsewhere[there]))
        case 3 | 4 if isinstance(within, dict):
            within[random.choice(words)] = within.pop(at)
        case _:
            del within[at]
