"""Each role of the template grants what its function asks, and nothing that nobody asks.

That whatever a function asks is granted, every test on AWS in this process shows (`watch` of `tests/conftest.py`).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import reduce
from operator import getitem
from typing import Any

import pytest

from domain.callables import api, email
from domain.callables.settings import Settings
from domain.operations import publishing
from domain.operations.outcomes import FRUITLESS_GENERATIONS
from handlers import get_history, list_executions, run_steps, stop_executions
from handlers.worker import Worker
from tests.faults.test_crash_points import OPERATIONS, REVIEWED, asking, finish, started
from tests.support.programs import call, do, let, literal
from tests.support.requests import Context, send
from tests.support.roles import (
    CREDENTIAL_ARN,
    SENDER,
    Ask,
    Watch,
    allows,
    as_list,
    asked_by_the_platform,
    asks,
    role_of,
    statements,
)
from tests.support.sample_events import EVENTS, answered
from tests.support.system import Fresh, System
from tests.support.template import functions
from tests.support.wire import Died, Fault


def read(system: System, endpoint: Any, path: str, method: str = "GET", **query: str) -> None:
    status, _, _ = send(system.worker, endpoint, method, path, system.key, query)
    assert status == 200


def lists_in_every_way(system: System) -> None:
    started(let("x", literal(1)))(system)
    [found] = system.executions()
    for by in ({}, {"workflow_id": found["workflow_id"]}):
        read(system, list_executions.handler, "/v1/executions", **by)
        read(system, list_executions.handler, "/v1/executions", status="running", **by)
        read(system, stop_executions.handler, "/v1/executions/stop", "POST", status="running", **by)


def reads_the_history_of_what_gives_something(system: System) -> None:
    execution_id = started(let("x", literal(1)))(system)
    system.drive()
    read(system, get_history.handler, f"/v1/executions/{execution_id}/history")


def loses_every_generation(system: System, put_right: Callable[[int], Any]) -> None:
    execution_id = started(let("x", literal(1)))(system)
    for number in range(FRUITLESS_GENERATIONS):
        system.machines.end(system.latest(execution_id), "TIMED_OUT")
        put_right(number)
    assert system.status(execution_id) == "failed"


def is_given_up_when_told(system: System) -> None:
    loses_every_generation(system, system.deliver)


def is_given_up_by_reconciliation(system: System) -> None:
    loses_every_generation(system, lambda _: system.reconcile_later())


def run_task(system: System, execution_id: str, **more: str) -> Any:
    given = {**system.machines.flights[system.latest(execution_id)].input, **more}
    return run_steps.handler(given, Context(), system.slices)  # type: ignore[arg-type]


def takes_a_default(system: System) -> None:
    config = literal({"timeoutSeconds": 60, "defaultDecision": "rejected"})
    ask = do(call("human.create", literal("Go?"), literal(None), literal(None), config))
    execution_id = started(ask, do(call("human.wait")))(system)
    run_task(system, execution_id)
    system.pass_time(minutes=2)
    assert run_task(system, execution_id)["action"] == "done"


def is_decided_before_it_waits(system: System) -> None:
    execution_id = started(*REVIEWED)(system)
    assert run_task(system, execution_id)["action"] == "await"
    system.decide(system.reviews()[0]["review_id"])
    token = system.machines.wait_for_task(system.latest(execution_id))
    run_task(system, execution_id, task_token=token)


def is_woken_by_reconciliation(system: System) -> None:
    review_id = asking(system)
    system.wire.clear()
    system.wire.faults = {7: Fault.DIES_BEFORE}
    with pytest.raises(Died):
        system.decide(review_id)
    system.wire.clear()
    assert system.reconcile_later() == {"woken": 1}


def reaches_out(system: System) -> None:
    email._client.cache_clear()
    api._credential.cache_clear()
    system.slices = replace(
        system.slices,
        settings=Settings(
            sender_address=SENDER, api_base_url="https://api.invalid/", api_credential_secret_arn=CREDENTIAL_ARN
        ),
    )
    mail = literal({"to": "ada@a.org", "subject": "Hello", "text": "Ada"})
    for effect in (call("email.send", mail), call("api.request", literal("GET"), literal("orders"))):
        run_task(system, started(do(effect))(system))


def is_asked_to_run_what_is_archived(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    publishing.archive(system.table, system.world.now, system.workspace.id, workflow_id)
    assert system.run(workflow_id).status == 400


SCENARIOS: list[Callable[[System], None]] = [
    lists_in_every_way,
    reads_the_history_of_what_gives_something,
    is_given_up_when_told,
    is_given_up_by_reconciliation,
    takes_a_default,
    is_decided_before_it_waits,
    is_woken_by_reconciliation,
    reaches_out,
    is_asked_to_run_what_is_archived,
]
"""What functions do besides answering their sample event and the operations whose every call is broken elsewhere."""


def test_without_any_of_its_grants_a_function_is_refused_something(
    watch: Watch, worker: Worker, fresh: Fresh, figures: Counter[str]
) -> None:
    for event in EVENTS:
        answered(event, worker)
    for operation in OPERATIONS.values():
        system = fresh()
        operation.act(system, operation.prepare(system))
        finish(system)
    for scenario in SCENARIOS:
        scenario(fresh())

    asked = asked_by_the_platform()
    for function, made in watch.asked.items():
        asked.setdefault(role_of(function), set()).update(made)
    unused = []
    for role, granted in statements().items():
        for grant, less in smaller(granted):
            figures["grants taken away"] += 1
            if all(allows(less, ask) for ask in asked[role]):
                unused.append(f"{role}: {grant}")
    assert not unused, "\n".join(unused)
    assert set(asked) == set(statements())
    denied = [(role, ask) for role, made in asked.items() for ask in made if not allows(statements()[role], ask)]
    assert denied == []


def smaller(granted: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """What is left of a role without one of its grants: an action, a resource or a value of a condition."""
    for number, statement in enumerate(granted):
        conditions = statement.get("Condition", {})
        places = [
            ["Action"],
            ["Resource"],
            *(["Condition", name, key] for name in conditions for key in conditions[name]),
        ]
        for place in places:
            path, last = place[:-1], place[-1]
            several = as_list(reduce(getitem, path, statement)[last])
            for one in several:
                less, rest = deepcopy(granted), [each for each in several if each != one]
                if rest:
                    reduce(getitem, path, less[number])[last] = rest
                else:
                    del less[number]
                yield f"{last} {one} of {statement}", less


def test_a_watch_sees_what_is_not_granted(watch: Watch, worker: Worker) -> None:
    [get] = [path for path in EVENTS if path.stem == "get_workspace"]
    answered(get, worker)
    watch.note("GetWorkspaceFunction", Ask("dynamodb:DeleteItem", None, ("WS#x",)))

    assert [ask.action for _, ask in watch.denied] == ["dynamodb:DeleteItem"]
    watch.denied.clear()


def test_no_function_can_make_an_api_key_or_change_what_it_opens() -> None:
    for role, granted in statements().items():
        for action in ("PutItem", "DeleteItem"):
            assert not allows(granted, Ask(f"dynamodb:{action}", None, ("KEY#x",))), role
        for attribute in ("workspace_id", "scopes", "expires_at"):
            asked = Ask("dynamodb:UpdateItem", None, ("KEY#x",), ("pk", "sk", attribute))
            assert not allows(granted, asked), role


@pytest.mark.parametrize(
    ("expression", "condition", "names"),
    [
        ("SET last_used_at = :now", "attribute_exists(pk) AND due_at <= :before", {"last_used_at", "due_at"}),
        (
            "ADD requests :one SET #s = if_not_exists(a, :b) REMOVE c",
            "size(api_keys) < :limit",
            {"requests", "status", "a", "c", "api_keys"},
        ),
    ],
)
def test_a_watch_sees_the_attributes_that_an_update_names(expression: str, condition: str, names: set[str]) -> None:
    update = {
        "Key": {"pk": "KEY#1", "sk": "KEY"},
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#s": "status"},
    }
    [ask] = asks("dynamodb", "UpdateItem", update)
    assert ask.keys == ("KEY#x",)
    assert set(ask.attributes) == names | {"pk", "sk"}


def test_an_endpoint_that_reads_can_change_nothing_but_the_count_of_its_requests() -> None:
    reading = [
        function
        for function, properties in functions().items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "Api" and event["Properties"]["Method"] == "get"
    ]
    assert reading
    for function in reading:
        granted = statements()[role_of(function)]
        assert allows(granted, Ask("dynamodb:UpdateItem", None, ("WS#x#WINDOW#x",)))
        for key in ("WS#x", "EXECUTION#x"):
            for action in ("UpdateItem", "PutItem", "DeleteItem"):
                assert not allows(granted, Ask(f"dynamodb:{action}", None, (key,))), function


def test_what_runs_programs_cannot_even_read_one() -> None:
    for action in ("GetItem", "BatchGetItem", "Query"):
        for keys in (("KEY#x",), ("KEY#x", "WS#x")):
            assert not allows(statements()["RunStepsRole"], Ask(f"dynamodb:{action}", None, keys))
