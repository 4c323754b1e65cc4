"""What the state machine's client makes of each answer of Step Functions, and of none."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from domain.aws.state_machine import StateMachine
from domain.refusals import Unavailable
from tests.support.scripted import Client

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
ID = "6968c1a88f3c5e0b7a9d2c41"
NO_ANSWER = EndpointConnectionError(endpoint_url="https://states")


def said(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "an operation")


def machine(*answers: Any) -> tuple[StateMachine, Client]:
    client = Client(*answers)
    return StateMachine(client, ARN), client  # type: ignore[arg-type]


@pytest.mark.parametrize(("generation", "name"), [(1, ID), (2, f"{ID}-2"), (10, f"{ID}-10")])
def test_a_generation_is_started_under_its_name_with_what_names_it(generation: int, name: str) -> None:
    states, client = machine()

    states.start("w", ID, generation)

    [asked] = client.asked
    assert (asked["stateMachineArn"], asked["name"]) == (ARN, name)
    assert json.loads(asked["input"]) == {"workspace_id": "w", "execution_id": ID, "generation": generation}


def test_one_that_was_started_already_counts_as_started() -> None:
    machine(said("ExecutionAlreadyExists"))[0].start("w", ID, 1)


@pytest.mark.parametrize("answer", [NO_ANSWER, said("ThrottlingException"), said("InternalServerError", 500)])
def test_a_start_without_an_answer_is_unavailable_and_left_to_others_where_it_may_be(answer: Exception) -> None:
    with pytest.raises(Unavailable):
        machine(answer)[0].start("w", ID, 1)
    machine(answer)[0].try_start("w", ID, 1)


@pytest.mark.parametrize("answer", [{}, NO_ANSWER, said("ExecutionDoesNotExist"), said("ThrottlingException")])
def test_a_stop_is_tried(answer: Any) -> None:
    states, client = machine(answer)

    states.try_stop(ID, 2)

    assert client.asked[0]["executionArn"] == f"{ARN.replace(':stateMachine:', ':execution:')}:{ID}-2"


@pytest.mark.parametrize(
    ("answer", "is_woken"),
    [({}, True), (NO_ANSWER, False), (said("TaskDoesNotExist"), False), (said("ThrottlingException"), False)],
)
def test_a_token_wakes_or_does_not(answer: Any, is_woken: bool) -> None:
    states, client = machine(answer)

    assert states.try_wake("token") is is_woken
    assert client.asked == [{"taskToken": "token", "output": "{}"}]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"status": "RUNNING"}, "running"),
        ({"status": "PENDING_REDRIVE"}, "running"),
        ({"status": "SUCCEEDED"}, "succeeded"),
        ({"status": "FAILED"}, "broken"),
        ({"status": "TIMED_OUT"}, "broken"),
        ({"status": "ABORTED"}, "broken"),
        (said("ExecutionDoesNotExist"), "never started"),
    ],
)
def test_what_is_known_of_a_generation(answer: Any, status: str) -> None:
    assert machine(answer)[0].describe(ID, 1) == status


@pytest.mark.parametrize("answer", [NO_ANSWER, said("ThrottlingException"), said("InternalServerError", 500)])
def test_without_an_answer_nothing_is_known(answer: Exception) -> None:
    with pytest.raises(Unavailable):
        machine(answer)[0].describe(ID, 1)


def test_all_pages_of_the_running_are_read_and_generations_are_told_by_their_ids() -> None:
    pages = [
        {"executions": [{"name": ID}, {"name": "a-7"}], "nextToken": "more"},
        {"executions": [{"name": f"{ID}-2"}, {"name": "b"}]},
    ]
    states, client = machine(*pages)

    assert states.list_running().keys() == {ID, "a", "b"}
    assert [asked.get("nextToken") for asked in client.asked] == [None, "more"]
    assert client.asked[0]["statusFilter"] == "RUNNING"


def test_an_operator_is_told_where_nothing_is_known_of_a_generation_and_where_that_cannot_be_known() -> None:
    assert machine(said("ExecutionDoesNotExist"))[0].look(ID, 1) is None
    with pytest.raises(ClientError, match="AccessDenied"):
        machine(said("AccessDeniedException"))[0].look(ID, 1)
    assert machine(said("ExecutionDoesNotExist"))[0].workspace_of(ID, 1) is None
