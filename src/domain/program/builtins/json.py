"""`json.*`: values as JSON text."""

import json

from domain.program.builtins.arguments import bounded, text, whole
from domain.program.builtins.registry import Work, pure
from domain.program.values import Value, dumps, ensure_storable, loads


@pure(
    "json.parse",
    "text",
    "The value that a JSON text says.",
    '{"a": [1, 2.5]}',
    gives={"a": [1, 2.5]},
    work=Work(calls=6, reads=48),
)
def parse(value: Value) -> Value:
    parsed = loads(text(value, "text"))
    ensure_storable(parsed, "the value")
    return parsed


@pure(
    "json.stringify",
    "value, indent?",
    "The value as JSON text.",
    {"a": [1, None]},
    gives='{"a":[1,null]}',
    work=Work(calls=4),
)
def stringify(value: Value, indent: Value = 0) -> Value:
    spaces = whole(indent, "indent")
    if not 0 <= spaces <= 8:
        raise ValueError(f"indent must be 0 to 8, not {spaces}")
    if not spaces:
        return dumps(value)
    parts: list[str] = []
    length = 0
    for part in json.JSONEncoder(ensure_ascii=False, indent=spaces).iterencode(value):
        length = bounded(length + len(part), "the text")
        parts.append(part)
    return "".join(parts)
