"""A deployed stack as the rules see it: the table that holds the truth, the state machine that gives time."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.aws.bus import Bus
    from domain.aws.queue import Queue
    from domain.aws.state_machine import StateMachine
    from domain.aws.table import Table


def _missing() -> Any:
    raise NotImplementedError


class Stack:
    """What a stack is made of, each part made when it is first used: a client costs time, and many need only one.

    Whoever has no use for events and webhooks makes one without the others.
    """

    def __init__(
        self,
        table: Callable[[], Table],
        state_machine: Callable[[], StateMachine],
        bus: Callable[[], Bus] = _missing,
        event_dead_letters: Callable[[], Queue] = _missing,
        deliveries: Callable[[], Queue] = _missing,
        webhook_key: Callable[[], bytes] = _missing,
    ) -> None:
        self._make_table = table
        self._make_state_machine = state_machine
        self._make_bus = bus
        self._make_event_dead_letters = event_dead_letters
        self._make_deliveries = deliveries
        self._make_webhook_key = webhook_key

    @cached_property
    def table(self) -> Table:
        """The one table."""
        return self._make_table()

    @cached_property
    def state_machine(self) -> StateMachine:
        """The one state machine."""
        return self._make_state_machine()

    @cached_property
    def bus(self) -> Bus:
        """The bus on which others learn what has happened."""
        return self._make_bus()

    @cached_property
    def event_dead_letters(self) -> Queue:
        """The queue of what no event could be made of."""
        return self._make_event_dead_letters()

    @cached_property
    def deliveries(self) -> Queue:
        """The queue of attempts to be made at once, one group for each webhook."""
        return self._make_deliveries()

    @cached_property
    def webhook_key(self) -> bytes:
        """The key from which the secrets of webhooks are derived. Raises `Unavailable` where it cannot be read."""
        return self._make_webhook_key()


def stack_of_environment() -> Stack:
    """The stack that this process belongs to, by the settings that its function has of those below."""
    return Stack(_table, _state_machine, _bus, _event_dead_letters, _deliveries, _webhook_key)


def _table() -> Table:
    import boto3

    from domain.aws.clients import CLIENT_CONFIG
    from domain.aws.table import Table

    return Table(boto3.client("dynamodb", config=CLIENT_CONFIG), os.environ["TABLE_NAME"])


def _state_machine() -> StateMachine:
    import boto3

    from domain.aws.clients import CLIENT_CONFIG
    from domain.aws.state_machine import StateMachine

    return StateMachine(boto3.client("stepfunctions", config=CLIENT_CONFIG), os.environ["STATE_MACHINE_ARN"])


def _bus() -> Bus:
    import boto3

    from domain.aws.bus import Bus
    from domain.aws.clients import CLIENT_CONFIG

    return Bus(boto3.client("events", config=CLIENT_CONFIG), os.environ["EVENT_BUS_NAME"])


def _event_dead_letters() -> Queue:
    return _queue("EVENT_DEAD_LETTERS_URL")


def _deliveries() -> Queue:
    return _queue("WEBHOOK_DELIVERIES_URL")


def _queue(setting: str) -> Queue:
    import boto3

    from domain.aws.clients import CLIENT_CONFIG
    from domain.aws.queue import Queue

    return Queue(boto3.client("sqs", config=CLIENT_CONFIG), os.environ[setting])


def _webhook_key() -> bytes:
    import boto3

    from domain.aws.clients import CLIENT_CONFIG, call_aws

    client = boto3.client("secretsmanager", config=CLIENT_CONFIG)
    return call_aws(client.get_secret_value, SecretId=os.environ["WEBHOOK_KEY_ARN"])["SecretString"].encode()
