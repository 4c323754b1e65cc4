"""`json.*`: values as JSON text."""

import json

from domain.program.builtins.arguments import text, whole
from domain.program.builtins.registry import pure
from domain.program.values import Value, dumps, ensure_storable, loads


@pure("json.parse", "text", "The value that a JSON text says.", '{"a": [1, 2.5]}', gives={"a": [1, 2.5]})
def parse(value: Value) -> Value:
    parsed = loads(text(value, "text"))
    ensure_storable(parsed, "the value")
    return parsed


@pure("json.stringify", "value, indent?", "The value as JSON text.", {"a": [1, None]}, gives='{"a":[1,null]}')
def stringify(value: Value, indent: Value = 0) -> Value:
    spaces = whole(indent, "indent")
    if not 0 <= spaces <= 8:
        raise ValueError(f"indent must be 0 to 8, not {spaces}")
    return json.dumps(value, ensure_ascii=False, indent=spaces) if spaces else dumps(value)
