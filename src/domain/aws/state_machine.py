"""The Step Functions state machine that gives executions their time."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError

from domain.aws.clients import call_aws
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_stepfunctions import SFNClient

_LOGGER = logging.getLogger(__name__)

_STOPPED = "stopped by its user"

_GENERATION = "-"
"""Stands between the id and the number of a generation in a name; no id has one."""

type MachineStatus = Literal["never started", "running", "succeeded", "broken"]
"""What Step Functions knows of an execution; `broken` is failed, timed out or aborted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A generation of an execution as Step Functions tells of it."""

    started_at: datetime
    is_stopped_by_its_user: bool


class StateMachine:
    """Starts, stops and looks at Step Functions executions: one for each generation of an execution of ours."""

    def __init__(self, client: SFNClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def start(self, workspace_id: str, execution_id: str, generation: int) -> None:
        """Start a generation of an execution; one that was started already is left as it is.

        The input is what names it alone, in constant bytes: a repeat then never counts as another request.
        Raises `Unavailable` if it is unknown whether it was started.
        Model step: Start.
        """
        ids = {"workspace_id": workspace_id, "execution_id": execution_id, "generation": generation}
        machine_input = json.dumps(ids, separators=(",", ":"))
        name = _name(execution_id, generation)
        try:
            self._client.start_execution(stateMachineArn=self._arn, name=name, input=machine_input)
        except (BotoCoreError, ClientError) as error:
            if _code(error) != "ExecutionAlreadyExists":
                raise Unavailable from error

    def try_start(self, workspace_id: str, execution_id: str, generation: int) -> None:
        """Start a generation that is already recorded; if that does not work now, reconciliation will do it."""
        try:
            self.start(workspace_id, execution_id, generation)
        except Unavailable:
            _LOGGER.warning("not started, left to reconciliation", extra={"execution_id": execution_id}, exc_info=True)

    def try_stop(self, execution_id: str, generation: int, cause: str = _STOPPED) -> None:
        """Stop a generation of an execution that is recorded as stopped, so that it need not wait for its next slice.

        Another cause is another reason why it has nothing to wait for.

        One that ended already or was never started is left as it is.
        Model step: Abort.
        """
        try:
            self._client.stop_execution(executionArn=self._execution_arn(execution_id, generation), cause=cause)
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

    def describe(self, execution_id: str, generation: int) -> MachineStatus:
        """Tell what Step Functions knows of a generation of an execution, or raise `Unavailable`."""
        try:
            answer = self._client.describe_execution(executionArn=self._execution_arn(execution_id, generation))
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

    def look(self, execution_id: str, generation: int) -> Seen | None:
        """What Step Functions tells of a generation, `None` if it knows nothing of it. For operators."""
        try:
            arn = self._execution_arn(execution_id, generation)
            answer = call_aws(self._client.describe_execution, executionArn=arn)
        except ClientError as error:
            if _code(error) == "ExecutionDoesNotExist":
                return None
            raise
        return Seen(
            started_at=answer["startDate"],
            is_stopped_by_its_user=answer.get("cause") == _STOPPED,
        )

    def list_running(self) -> dict[str, int]:
        """The ids, which are ours, of all executions that have a generation running, and which. For operators."""
        running = dict[str, int]()
        request = {"stateMachineArn": self._arn, "statusFilter": "RUNNING"}
        while True:
            answer = call_aws(self._client.list_executions, **request)  # type: ignore[arg-type]
            for execution in answer["executions"]:
                execution_id, _, generation = execution["name"].partition(_GENERATION)
                running[execution_id] = int(generation or 1)
            if not answer.get("nextToken"):
                return running
            request["nextToken"] = answer["nextToken"]

    def workspace_of(self, execution_id: str, generation: int) -> str | None:
        """The workspace that a generation was started for, `None` if nobody knows any more. For operators."""
        try:
            arn = self._execution_arn(execution_id, generation)
            answer = call_aws(self._client.describe_execution, executionArn=arn)
        except ClientError:
            return None
        workspace_id: str = json.loads(answer["input"])["workspace_id"]
        return workspace_id

    def _execution_arn(self, execution_id: str, generation: int) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{_name(execution_id, generation)}"


def _name(execution_id: str, generation: int) -> str:
    return execution_id if generation == 1 else f"{execution_id}{_GENERATION}{generation}"


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
