"""Effects as they are carried out: a call of their own, and programs that call them, on a table, a site and a clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain import executions
from domain.callables import EFFECTS
from domain.callables.effect import CallContext
from domain.callables.settings import Settings
from domain.slices import run_slice
from domain.state_machine import StateMachine
from domain.table import Table
from tests.integration.conformance import START, Ran, World, start, workshop
from tests.support.site import Site


@pytest.fixture
def settings(site: Site) -> Settings:
    """A stack in which programs may reach the site."""
    return Settings(allowed_hosts=frozenset({site.host}))


@pytest.fixture
def context(settings: Settings) -> CallContext:
    """The third call of step 2 of an execution; of the effects, only `human.*` need a table."""
    no_client: Any = None
    return CallContext(
        workspace_id="68d12af3b5f0c1d2e3f4a5b1",
        workflow_id="68d12af3b5f0c1d2e3f4a5b2",
        execution_id="68d12af3b5f0c1d2e3f4a5b3",
        step=2,
        nth=3,
        attempt=1,
        now=lambda: START,
        started_at=START,
        settings=settings,
        table=Table(no_client, "none"),
    )


type Run = Callable[..., Ran]


@pytest.fixture
def run(settings: Settings, table: Table, unreachable_machine: StateMachine) -> Run:
    """Runs statements as a program with the real effects to its end; only its waits move the clock."""

    def to_its_end(*body: Any, effects: Any = EFFECTS) -> Ran:
        ids = start(table, unreachable_machine, {"kind": "Program", "body": list(body)}, None)
        world = World()
        tools = replace(workshop(table, world), settings=settings, effects=effects)
        slices = 1
        while (said := run_slice(tools, *ids)).action != "done":
            slices += 1
            world.now = said.until or world.now + timedelta(seconds=said.seconds or 0)
        execution = executions.read(table, *ids)
        return Ran(execution, executions.read_steps(table, execution), 0, slices, world)

    return to_its_end
