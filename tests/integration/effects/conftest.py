"""Effects as they are carried out: a call of their own, and programs that call them, on a table, a site and a clock."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.callables import EFFECTS
from domain.callables.effect import CallContext
from domain.callables.settings import Settings
from domain.engine.slices import run_slice
from domain.entities import executions, steps
from tests.support.conformance import START, Ran, World, slices_of, start
from tests.support.programs import program
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
        at="body[2].expr",
        now=lambda: START,
        started_at=START,
        settings=settings,
        table=Table(no_client, "none"),
    )


type Run = Callable[..., Ran]


@pytest.fixture
def run(settings: Settings, unreachable: Stack) -> Run:
    """Runs statements as a program with the real effects to its end; only its waits move the clock."""

    def to_its_end(*body: Any, effects: Any = EFFECTS) -> Ran:
        ids = start(unreachable, program(*body))
        world = World()
        context = replace(slices_of(unreachable, world), settings=settings, effects=effects)
        slices = 1
        while (following := run_slice(context, *ids)).action != "done":
            slices += 1
            world.now = following.until or world.now
        state = executions.read_state(unreachable.table, *ids)
        return Ran(state.execution, steps.read_all(unreachable.table, state), 0, slices, world)

    return to_its_end
