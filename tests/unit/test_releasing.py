"""Which version a rollback goes back to, and when there is nothing to go back to."""

from types import SimpleNamespace
from typing import Any

import pytest

from lodol.cli.console import CannotDo
from lodol.cli.stack import DeployedStack, Function
from tests.support.scripted import Client


def function(deployed: int, versions: dict[int, str], live: int = 0, **shares: float) -> Function:
    return Function("run-steps", live or deployed, deployed, versions, shares, "revision")


@pytest.mark.parametrize(
    ("deployed", "versions", "before"),
    [
        (1, {1: "a"}, None),
        (2, {1: "a", 2: "b"}, 1),
        (3, {1: "a", 2: "b", 3: "c"}, 2),
        # Only settings were deployed: the code of before is meant, with the settings that it had last.
        (4, {1: "a", 2: "a", 3: "b", 4: "b"}, 2),
        # One that was published by hand is not what a deployment has put there.
        (2, {1: "a", 2: "b", 3: "c"}, 1),
        # An older build was deployed: before it was the newer.
        (3, {1: "a", 2: "b", 3: "a"}, 2),
        (2, {2: "b"}, None),
    ],
)
def test_a_rollback_goes_back_to_the_newest_version_before_that_is_of_other_code(
    deployed: int, versions: dict[int, str], before: int | None
) -> None:
    assert function(deployed, versions).before == before
    # Whatever is live by now: done again, it goes no further back.
    assert function(deployed, versions, live=1).before == before


def test_a_version_that_shares_its_calls_is_not_there_yet() -> None:
    versions = {1: "a", 2: "b"}
    assert not function(2, versions, live=1).is_elsewhere(1)
    assert function(2, versions, live=2).is_elsewhere(1)
    assert Function("run-steps", 1, 2, versions, {"2": 0.1}, "revision").is_elsewhere(1)


def deployed_stack(client: Client) -> DeployedStack:
    session: Any = SimpleNamespace(client=lambda *_, **__: client)
    return DeployedStack("acme", session, None)


def test_all_calls_go_to_the_version_and_only_if_nobody_else_has_changed_it() -> None:
    client = Client()

    deployed_stack(client).let_be_live(function(2, {1: "a", 2: "b"}), 1)

    assert client.asked == [
        {
            "FunctionName": "run-steps",
            "Name": "live",
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {}},
            "RevisionId": "revision",
        }
    ]


@pytest.mark.parametrize(("status", "is_at_rest"), [("UPDATE_COMPLETE", True), ("UPDATE_IN_PROGRESS", False)])
def test_a_deployment_that_is_under_way_is_for_cloudformation_to_take_back(status: str, *, is_at_rest: bool) -> None:
    stack = deployed_stack(Client({"Stacks": [{"StackStatus": status}]}))

    if is_at_rest:
        stack.must_be_at_rest()
        return
    with pytest.raises(CannotDo, match=r": aws cloudformation cancel-update-stack --stack-name acme$"):
        stack.must_be_at_rest()
