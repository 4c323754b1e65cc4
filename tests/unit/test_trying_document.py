"""docs/trying.md has every key of the files of answers and cases: which are needed, and what their values are."""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import pytest

from lodol.trying import answers, cases
from lodol.trying.answers import Answers
from lodol.trying.cases import read_cases
from lodol.trying.fields import Unusable
from tests.support.documents import rows, section

CASE = {"name": "a", "input": 1, "answers": [], "calls": [], "start": "2026-01-15T10:30:00Z", "seed": 1}
REQUEST = {"call": "http.request", "when": {"method": "GET"}, "times": 2}
WHOLE: dict[str, list[dict[str, Any]]] = {
    "Answers": [
        {**REQUEST, "result": {}},
        {**REQUEST, "fail": "gone"},
        {**REQUEST, "retry": "busy"},
        {"call": "human.create", "decide": "approved", "comment": "fine", "after": "2h"},
    ],
    "A result of http.request": [{"status": 200, "headers": {"a": "b"}, "body": 1}],
    "Cases": [{**CASE, "output": 1}, {**CASE, "error": "gone"}],
    "An expected call": [{"call": "email.send", "with": {"mail": {}}}],
}
"""By the heading of a table, what can be read of it, with all that may stand side by side."""

KEYS: dict[str, Iterable[str]] = {
    "Answers": (*answers._OF_ALL, *answers._OF_CALLS, *answers._OF_PERSONS),
    "A result of http.request": answers._HTTP_RESULT,
    "Cases": cases._KEYS,
    "An expected call": cases._CALL_KEYS,
}
CHOSEN = {"result", "fail", "retry", "decide"}
"""Of these an answer needs one."""

WRONG = {"string": 5, "object": [], "list": {}, "whole number": "many", "number or string": [], "string or `null`": 5}
"""By the words that a value is described with, what it must not be."""


def documented(heading: str) -> list[list[str]]:
    """Key, value and meaning of each row of a table."""
    text = section("trying", heading).partition("\n### ")[0]
    return [[row[0].strip("`"), *row[1:]] for row in rows(text)]


def read(heading: str, keys: dict[str, Any]) -> None:
    """Read a file in which these keys stand where a table is about them."""
    match heading:
        case "Answers":
            Answers([keys])
        case "A result of http.request":
            Answers([{"call": "http.request", "result": keys}])
        case "Cases":
            read_cases([keys])
        case _:
            read_cases([{"name": "a", "calls": [keys]}])


ROWS = [(heading, *row[:2]) for heading in KEYS for row in documented(heading)]


@pytest.mark.parametrize("heading", KEYS)
def test_the_document_has_every_key(heading: str) -> None:
    assert [row[0] for row in documented(heading)] == list(KEYS[heading])


@pytest.mark.parametrize(("heading", "key", "value"), ROWS)
def test_a_key_is_needed_and_is_what_the_document_says(heading: str, key: str, value: str) -> None:
    wholes = [keys for keys in WHOLE[heading] if key in keys]
    for keys in wholes:
        read(heading, keys)
    rest = {name: part for name, part in wholes[0].items() if name != key}
    is_needed = value.endswith(", needed") or key in CHOSEN
    with pytest.raises(Unusable) if is_needed else nullcontext():
        read(heading, rest)
    described = value.removesuffix(", needed").partition(" from ")[0].partition(" of ")[0]
    if described != "any":
        with pytest.raises(Unusable):
            read(heading, {**wholes[0], key: WRONG[described]})
