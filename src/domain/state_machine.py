"""The Step Functions state machine that gives executions their time."""

from __future__ import annotations

import json
import logging
import os
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from domain.aws import CLIENT_CONFIG, answered
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


_LOGGER = logging.getLogger(__name__)


class Flight(Enum):
    """What Step Functions knows of an execution."""

    NEVER_STARTED = "never started"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    BROKEN = "broken"


class StateMachine:
    """Starts, stops and looks at Step Functions executions, each named by the id of ours."""

    def __init__(self, client: SFNClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, workspace_id: str, execution_id: str) -> None:
        """Start an execution; one that was started already is left as it is.

        The input is the ids alone, in constant bytes: a repeat then never counts as another request.
        Raises `Unavailable` if it is unknown whether it was started.
        Model step: Start.
        """
        machine_input = json.dumps({"workspace_id": workspace_id, "execution_id": execution_id}, separators=(",", ":"))
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=execution_id, input=machine_input)
        except (BotoCoreError, ClientError) as error:
            if _code(error) != "ExecutionAlreadyExists":
                raise Unavailable from error

    def start_soon(self, workspace_id: str, execution_id: str) -> None:
        """Start an execution that is already admitted; if that does not work now, reconciliation will do it."""
        try:
            self.start(workspace_id, execution_id)
        except Unavailable:
            _LOGGER.warning("not started, left to reconciliation", extra={"execution_id": execution_id}, exc_info=True)

    def stop_soon(self, execution_id: str) -> None:
        """Stop an execution that is already recorded as stopped, so that it need not wait for its next slice to end.

        One that ended already or was never started is left as it is.
        Model step: Abort.
        """
        try:
            self._client.stop_execution(executionArn=self._execution_arn(execution_id), cause="stopped by its user")
        except (BotoCoreError, ClientError) as error:
            # ValidationException is what the local cloud says of an execution that has ended.
            if _code(error) not in {"ExecutionDoesNotExist", "ValidationException"}:
                _LOGGER.warning(
                    "not stopped, left to its next slice", extra={"execution_id": execution_id}, exc_info=True
                )

    def wake_soon(self, task_token: str) -> bool:
        """Wake an execution that waits with this token; answers whether it did wait.

        If that does not work now, reconciliation will do it.
        """
        try:
            self._client.send_task_success(taskToken=task_token, output="{}")
        except (BotoCoreError, ClientError) as error:
            if _code(error) not in {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}:
                _LOGGER.warning("not woken, left to reconciliation", exc_info=True)
            return False
        return True

    def look(self, execution_id: str) -> Flight:
        """Tell what became of an execution, or raise `Unavailable`."""
        try:
            answer = self._client.describe_execution(executionArn=self._execution_arn(execution_id))
        except (BotoCoreError, ClientError) as error:
            if _code(error) == "ExecutionDoesNotExist":
                return Flight.NEVER_STARTED
            raise Unavailable from error
        match answer["status"]:
            case "RUNNING" | "PENDING_REDRIVE":
                return Flight.RUNNING
            case "SUCCEEDED":
                return Flight.SUCCEEDED
            case _:
                return Flight.BROKEN

    def list_running(self) -> set[str]:
        """The names, which are our ids, of all executions that are running. For operators."""
        names = set[str]()
        request = {"stateMachineArn": self._arn, "statusFilter": "RUNNING"}
        while True:
            answer = answered(self._client.list_executions, **request)  # type: ignore[arg-type]
            names |= {execution["name"] for execution in answer["executions"]}
            if not answer.get("nextToken"):
                return names
            request["nextToken"] = answer["nextToken"]

    def _execution_arn(self, execution_id: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{execution_id}"


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


@cache
def the_state_machine() -> StateMachine:
    """The state machine that this process starts executions on, by the setting STATE_MACHINE_ARN."""
    return StateMachine(boto3.client("stepfunctions", config=CLIENT_CONFIG), os.environ["STATE_MACHINE_ARN"])
