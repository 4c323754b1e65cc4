"""Publication: what has become true in the table is put on the bus, in order, at least once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.aws.bus import PUT_AT_ONCE, Message
from domain.aws.stream import change_of
from domain.entities import events
from domain.operations import delivering
from domain.program.values import dumps
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.entities.events import Event
    from domain.operations.delivering import Render

_LOGGER = logging.getLogger(__name__)


type Record = Mapping[str, Any]
"""A record of the table's stream."""


def publish(
    stack: Stack, now: datetime, records: Iterable[Record], render: Render, keep: Callable[[Record], None]
) -> list[Event]:
    """Publish the events of records of the table's stream, in their order, and answer with them.

    Each is put on the bus, and on its way to the webhooks that want it.

    Raises `Unavailable` where AWS does not answer: all the records must come again, and what was published is then
    published once more, under the same ids. A record that nobody can make sense of must not hold up those behind it:
    `keep` keeps it. Rule: events "What is promised".
    """
    published: list[Event] = []
    for told in _in_order(_read(stack, records, render, keep)):
        stack.bus.put([message for _, message in told])
        delivering.fan_out(stack, now, [(event, message.detail) for event, message in told])
        published += [event for event, _ in told]
    return published


type _Told = tuple[Event, Message]


def keep_as_dead_letter(stack: Stack, record: Record) -> None:
    """Leave a record to a person."""
    stack.event_dead_letters.send(dumps(dict(record)))


def _read(stack: Stack, records: Iterable[Record], render: Render, keep: Callable[[Record], None]) -> Iterator[_Told]:
    for record in records:
        try:
            told = [(one, _message(one, render)) for one in events.read_of(stack.table, change_of(record))]
        except Unavailable:
            raise
        except Exception:
            _LOGGER.exception("no event can be made of a record of the stream, which is kept for a person")
            keep(record)
        else:
            yield from told


def _message(event: Event, render: Render) -> Message:
    return Message(event.type.value, event.at, dumps(dict(render(event))))


def _in_order(told: Iterable[_Told]) -> Iterator[list[_Told]]:
    """Events for one call each: none has two of one execution, as the bus may refuse the first and take the second."""
    some: list[_Told] = []
    for event, message in told:
        if len(some) == PUT_AT_ONCE or any(event.about == other.about for other, _ in some):
            yield some
            some = []
        some.append((event, message))
    if some:
        yield some
