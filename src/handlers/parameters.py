"""The query parameters of the endpoints: how each is read, what it is told when it is wrong, how it is documented."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.entities.executions import Status
from domain.ids import is_id
from domain.moments import in_utc

if TYPE_CHECKING:
    from domain.operations.histories import Position

_MOST_RESULTS = 100
_USUAL_RESULTS = 20
_HEX_ID = re.compile(r"[0-9a-fA-F]{24}")
_POSITION = re.compile(r"([0-9]{1,5})\.([0-9]{1,5})")
_LOST_PLUS = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")
"""The plus of an offset, which a query that was not encoded turns into a space."""


@dataclass(frozen=True, slots=True)
class Parameter[T]:
    """A query parameter. `read` raises `ValueError` for what it must not be; left out, it is the `default`.

    One that is required has no default.
    """

    name: str
    summary: str
    read: Callable[[str], T]
    must_be: str
    schema: Mapping[str, Any]
    default: T
    is_required: bool = False


def _flag(text: str) -> bool:
    return _one_of("true", "false")(text) == "true"


def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST_RESULTS:
        raise ValueError
    return int(text)


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError
    return text


def _after(text: str) -> str:
    if not _HEX_ID.fullmatch(text):
        raise ValueError
    return text.lower()


def _position(text: str) -> Position:
    # Only histories have positions, and they load much that other endpoints do not need.
    from domain.operations.histories import Position

    found = _POSITION.fullmatch(text)
    if not found:
        raise ValueError
    return Position(int(found[1]), int(found[2]))


def _moment(text: str) -> datetime:
    return in_utc(datetime.fromisoformat(_LOST_PLUS.sub("+", text)))


def _statuses(text: str) -> frozenset[Status]:
    return frozenset(map(Status, text.split(",")))


def _one_of(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError
        return text

    return read


def flag(name: str, summary: str) -> Parameter[bool]:
    """A parameter that is `true` or `false`, and `false` without it."""
    return Parameter(name, summary, _flag, "true or false", {"type": "boolean", "default": False}, default=False)


LIMIT = Parameter(
    "limit",
    "The most objects of a page.",
    _limit,
    f"a whole number from 1 to {_MOST_RESULTS}",
    {"type": "integer", "minimum": 1, "maximum": _MOST_RESULTS, "default": _USUAL_RESULTS},
    _USUAL_RESULTS,
)
AFTER = Parameter[str | None](
    "after",
    "The id that the page before ended with.",
    _after,
    "an id: 24 hex digits",
    {"type": "string", "pattern": "^[0-9a-fA-F]{24}$"},
    None,
)
AFTER_ENTRY: Parameter[Position | None] = Parameter(
    "after",
    "The step and the call that the page before ended with.",
    _position,
    "a step and a call, as 3.12",
    {"type": "string", "pattern": r"^[0-9]{1,5}\.[0-9]{1,5}$"},
    None,
)
WORKFLOW_ID = Parameter[str | None](
    "workflow_id",
    "Only the executions of this workflow.",
    _id,
    "an id: 24 lower-case hex digits",
    {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    None,
)
STATUS = Parameter[frozenset[Status]](
    "status",
    "Only the executions of these statuses.",
    _statuses,
    f"one or more of {', '.join(Status)}, with commas between",
    {"type": "array", "items": {"type": "string", "enum": [status.value for status in Status]}, "minItems": 1},
    frozenset(),
)
STARTED_AFTER = Parameter[datetime | None](
    "started_after",
    "Only the executions that started after this moment.",
    _moment,
    "a moment in ISO 8601, as 2026-01-15T10:30:00Z",
    {"type": "string", "format": "date-time"},
    None,
)
STARTED_BEFORE = Parameter[datetime | None](
    "started_before",
    "Only the executions that started before this moment.",
    _moment,
    STARTED_AFTER.must_be,
    STARTED_AFTER.schema,
    None,
)
RUNNING = Parameter(
    "status",
    "Must be there, so that nobody stops everything by leaving something out.",
    _one_of("running"),
    "running: only what runs can be stopped",
    {"type": "string", "enum": ["running"]},
    "",
    is_required=True,
)
PENDING = Parameter[str | None](
    "status",
    "Only the reviews that a person can still decide.",
    _one_of("pending"),
    "pending, or left out",
    {"type": "string", "enum": ["pending"]},
    None,
)
INCLUDE_STEP_RESULTS = flag("include_step_results", "Whether the answer has the steps.")
INCLUDE_ERRORS = flag("include_errors", "Whether each execution has its error.")
INCLUDE_PROGRAM = flag("include_program", "Whether the answer has the outline of the program.")
DRY_RUN = flag("dry_run", "Whether to count only, and stop nothing.")
