"""docs/events.schema.json: the JSON schema of every event, from the models of the code."""

import json
from functools import reduce
from operator import or_
from typing import Any

from pydantic import TypeAdapter

from views.events import EVENTS


def schema() -> str:
    """The schema, as text."""
    every: Any = reduce(or_, EVENTS)
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event",
        "description": "The detail of an event on the bus. docs/events.md says what is promised.",
        **TypeAdapter(every).json_schema(),
    }
    return json.dumps(_open(described), indent=2, ensure_ascii=False) + "\n"


def _open(described: Any) -> Any:
    """The schema without what forbids fields: a later release may add some within a version."""
    if isinstance(described, dict):
        return {name: _open(inner) for name, inner in described.items() if name != "additionalProperties"}
    return [_open(inner) for inner in described] if isinstance(described, list) else described
