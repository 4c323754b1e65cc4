"""The Step Functions state machine that gives executions their time."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from domain.aws.clients import call_aws
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_LOGGER = logging.getLogger(__name__)

type MachineStatus = Literal["never started", "running", "succeeded", "broken"]
"""What Step Functions knows of an execution; `broken` is failed, timed out or aborted."""


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

    def try_start(self, workspace_id: str, execution_id: str) -> None:
        """Start an execution that is already admitted; if that does not work now, reconciliation will do it."""
        try:
            self.start(workspace_id, execution_id)
        except Unavailable:
            _LOGGER.warning("not started, left to reconciliation", extra={"execution_id": execution_id}, exc_info=True)

    def try_stop(self, execution_id: str) -> None:
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

    def try_wake(self, task_token: str) -> bool:
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

    def describe(self, execution_id: str) -> MachineStatus:
        """Tell what Step Functions knows of an execution, or raise `Unavailable`."""
        try:
            answer = self._client.describe_execution(executionArn=self._execution_arn(execution_id))
        except (BotoCoreError, ClientError) as error:
            if _code(error) == "ExecutionDoesNotExist":
                return "never started"
            raise Unavailable from error
        match answer["status"]:
            case "RUNNING" | "PENDING_REDRIVE":
                return "running"
            case "SUCCEEDED":
                return "succeeded"
            case _:
                return "broken"

    def list_running(self) -> set[str]:
        """The names, which are our ids, of all executions that are running. For operators."""
        names = set[str]()
        request = {"stateMachineArn": self._arn, "statusFilter": "RUNNING"}
        while True:
            answer = call_aws(self._client.list_executions, **request)  # type: ignore[arg-type]
            names |= {execution["name"] for execution in answer["executions"]}
            if not answer.get("nextToken"):
                return names
            request["nextToken"] = answer["nextToken"]

    def _execution_arn(self, execution_id: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{execution_id}"


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
