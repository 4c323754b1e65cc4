"""A deployed stack as the rules see it: the table that holds the truth, the state machine that gives time."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.aws.state_machine import StateMachine
    from domain.aws.table import Table


class Stack:
    """Table and state machine, each made when it is first used: a client costs time, and many need only one."""

    def __init__(self, table: Callable[[], Table], state_machine: Callable[[], StateMachine]) -> None:
        self._make_table = table
        self._make_state_machine = state_machine

    @cached_property
    def table(self) -> Table:
        """The one table."""
        return self._make_table()

    @cached_property
    def state_machine(self) -> StateMachine:
        """The one state machine."""
        return self._make_state_machine()


def stack_of_environment() -> Stack:
    """The stack that this process belongs to, by the settings TABLE_NAME and STATE_MACHINE_ARN."""
    return Stack(_table, _state_machine)


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
