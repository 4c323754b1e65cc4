"""The EventBridge bus on which others learn what has happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.aws.clients import call_aws
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "lodol.executions"
PUT_AT_ONCE = 10
"""The most events that EventBridge takes in one call."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event as the bus takes it: its type, when it happened, and its detail as JSON text."""

    type: str
    at: datetime
    detail: str


class Bus:
    """Puts events on the bus of the stack."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, messages: Sequence[Message]) -> None:
        """Put up to `PUT_AT_ONCE` events on the bus.

        Raises `Unavailable` unless all of them were taken: some may have been, and all must be put again.
        """
        answer = call_aws(
            self._client.put_events,
            Entries=[
                {
                    "EventBusName": self._name,
                    "Source": SOURCE,
                    "DetailType": message.type,
                    "Time": message.at,
                    "Detail": message.detail,
                }
                for message in messages
            ],
        )
        if answer["FailedEntryCount"]:
            raise Unavailable
