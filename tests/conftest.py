"""AWS in this process, in one thread: moto with the table and the state machine of the template; and the figures."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from io import StringIO
from typing import Any

import boto3
import pytest
import typer.testing
from moto.core.model_instances import reset_model_data

from domain.aws.clients import CLIENT_CONFIG
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.entities.workflows import Workflow
from domain.entities.workspaces import Plan, Workspace
from domain.moments import utc_now
from domain.operations import accounts
from handlers.logs import logger
from handlers.worker import Worker
from tests.support.aws import mocked
from tests.support.given import NOW, PROGRAM, AtCommit, Lines
from tests.support.operations import publish, stack_of
from tests.support.roles import MACHINE_ARN, Watch, watched
from tests.support.site import Site
from tests.support.system import Fresh, System
from tests.support.template import create_table

# The commands are the same for each call of one; typer puts all of them together anew, which takes longer than most.
vars(typer.testing)["_get_command"] = cache(typer.main.get_command)

FIGURES: Counter[str] = Counter()

LONGEST = ("tests/e2e/", "tests/faults/test_spec.py", "tests/faults/test_model.py", "tests/faults/test_crash_points.py")
"""What takes longest, in the order in which it starts."""


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def figures() -> Counter[str]:
    """What the session has tried so far; docs/guarantees.md quotes them."""
    return FIGURES


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """What the functions have written into their log."""
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("figures")
        for name, number in sorted(FIGURES.items()):
            terminalreporter.write_line(f"{number:7} {name}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands its figures over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = dict(FIGURES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The process that started the others adds their figures up."""
    FIGURES.update(getattr(node, "workeroutput", {}).get("figures", {}))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes share the work best if the longest comes first; one of them has the local cloud."""
    items.sort(key=lambda item: [not item.nodeid.startswith(start) for start in LONGEST])
    for item in items:
        if item.nodeid.startswith("tests/e2e/"):
            item.add_marker(pytest.mark.xdist_group("local cloud"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: the one with the local cloud waits for it most of the time."""
    return (os.process_cpu_count() or 1) + 1


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watches what the handlers ask of AWS; whatever they do, their roles grant it."""
    watch = watched(monkeypatch)
    yield watch
    assert watch.denied == []


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, watch: Watch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mocked():
        yield


@pytest.fixture
def dynamodb(aws: None) -> Any:
    client = boto3.client("dynamodb")
    create_table(client)
    return client


@pytest.fixture
def table(dynamodb: Any) -> Table:
    return Table(dynamodb, "table", sleep=lambda _: None)


@pytest.fixture
def stepfunctions(aws: None) -> Any:
    return boto3.client("stepfunctions")


@pytest.fixture
def machine(stepfunctions: Any) -> StateMachine:
    waiting = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9999, "End": true}}}'
    role, name = "arn:aws:iam::123456789012:role/machine", MACHINE_ARN.rpartition(":")[2]
    created = stepfunctions.create_state_machine(name=name, definition=waiting, roleArn=role)
    return StateMachine(stepfunctions, created["stateMachineArn"])


@pytest.fixture
def unreachable_machine(aws: None) -> StateMachine:
    """Where it is asked for, there is none."""
    return StateMachine(boto3.client("stepfunctions", region_name="us-west-2"), MACHINE_ARN)


@pytest.fixture
def stack(table: Table, machine: StateMachine) -> Stack:
    return stack_of(table, machine)


@pytest.fixture
def unreachable(table: Table, unreachable_machine: StateMachine) -> Stack:
    """A stack whose state machine cannot be reached: nothing is started."""
    return stack_of(table, unreachable_machine)


@pytest.fixture
def worker(stack: Stack) -> Worker:
    """A worker that is cold."""
    return Worker(stack, utc_now)


@pytest.fixture
def workspace(table: Table) -> Workspace:
    return accounts.create_workspace(table, NOW, name="Acme", plan=Plan.PRO, credits=3, concurrent_executions=2)


@pytest.fixture
def workflow(table: Table, workspace: Workspace) -> Workflow:
    return publish(table, NOW, workspace.id, name="One", description="", program=PROGRAM)


@pytest.fixture
def at_commit(dynamodb: Any, watch: Watch) -> AtCommit:
    """Lets something happen right before the nth commit from now on is carried out: somebody else does it."""

    def arrange(action: Callable[[], Any], *, nth: int = 1) -> None:
        left = [nth]

        def happen(**_: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                with watch.works(None):
                    action()

        for operation in ("TransactWriteItems", "UpdateItem"):
            dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", happen)

    return arrange


@cache
def _client(service: str) -> Any:
    """A client as the product makes it, for the whole process: to make one takes as long as many calls."""
    return boto3.client(service, config=CLIENT_CONFIG)  # type: ignore[call-overload]


@pytest.fixture
def fresh(dynamodb: Any) -> Iterator[Fresh]:
    """Makes a product with nothing in it; the one before is gone, from memory too."""
    patches = pytest.MonkeyPatch()
    before: list[System] = []

    def forget() -> None:
        patches.undo()
        while before:
            before.pop().wire.let_go()

    def make(**how: Any) -> System:
        forget()
        # moto remembers every item that there ever was.
        reset_model_data()
        dynamodb.delete_table(TableName="table")
        create_table(dynamodb)
        before.append(System(patches, _client("dynamodb"), _client("stepfunctions"), **how))
        return before[-1]

    yield make
    forget()
