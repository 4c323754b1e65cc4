"""Model and product, driven together by the same random commands, never differ."""

import json
import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.entities import workspaces
from domain.entities.api_keys import Scope
from domain.operations import accounts
from tests.support.model import Model, Receipt
from tests.support.programs import do, let, literal, post, sleep
from tests.support.system import Answer, Fresh, System
from tests.support.wire import Answers

EXAMPLES = int(os.environ.get("LODOL_EXAMPLES", "100"))
KEYS = st.sampled_from([None, "a", "b"])
PROGRAMS = {
    1: (let("x", literal(1)),),
    2: (let("x", literal(1)), sleep(60), do(post("https://a/1"))),
    3: (do(post("https://flaky/")), sleep(60)),
}
WHICH = st.integers(0, 5)


class Together(RuleBasedStateMachine):
    """The commands; what they pick is picked by number, from what there is."""

    system: System
    model: Model
    workflows: dict[int, str]

    def __init__(self, fresh: Fresh, figures: Counter[str]) -> None:
        super().__init__()
        self._fresh = fresh
        self._figures = figures

    @initialize(credits=st.integers(0, 4), limit=st.integers(1, 3))
    def begin(self, credits: int, limit: int) -> None:
        self.system = self._fresh(credits=credits, concurrent=limit)
        self.model = Model(credits, limit)
        self.workflows = {slices: self.system.workflow(*body) for slices, body in PROGRAMS.items()}
        self._figures["model examples"] += 1

    @property
    def now(self) -> float:
        return self.system.world.now.timestamp()

    def pick(self, which: int) -> str:
        return list(self.model.runs)[which % len(self.model.runs)]

    def settle(self, operation: str, expected: int | Receipt, answer: Answer) -> bool:
        """Compare an answer with what the model expects; answers whether it is a first success."""
        self._figures["runs and stops in the model examples"] += 1
        if isinstance(expected, Receipt):
            assert (answer.status, answer.text) == (202 if operation == "run" else 200, expected.body)
            assert answer.replayed
            return False
        assert (answer.status, answer.replayed) == (expected, False), answer
        return answer.status < 300

    @rule(key=KEYS, slices=st.sampled_from(list(PROGRAMS)), given=st.sampled_from([None, 1]), is_started=st.booleans())
    def run(self, key: str | None, slices: int, given: Any, is_started: bool) -> None:
        if not is_started:
            self.system.wire.answers["StartExecution"] = [Answers(400, "ThrottlingException")]
            if self.model.ask("run", key, (slices, given), self.now) is not None:
                # What a repeat may have to start is started: a lost start is the first request's.
                self.system.wire.clear()
        expected = self.model.run(key, (slices, given), self.now)
        answer = self.system.run(self.workflows[slices], key, given)
        self.system.wire.clear()
        if self.settle("run", expected, answer):
            name = answer.body["execution_id"]
            self.model.admitted(name, slices, is_started=is_started)
            self.model.keep("run", key, (slices, given), answer.text, name, self.now)

    @precondition(lambda self: self.model.runs)
    @rule(which=WHICH, key=KEYS)
    def stop(self, which: int, key: str | None) -> None:
        name = self.pick(which)
        expected = self.model.stop(name, key, self.now)
        answer = self.system.stop(name, key)
        if self.settle("stop", expected, answer):
            self.model.keep("stop", key, name, answer.text, name, self.now)

    @precondition(lambda self: self.model.runs)
    @rule(which=WHICH)
    def step(self, which: int) -> None:
        name = self.pick(which)
        self.model.step(name)
        self.system.step(name)

    @precondition(lambda self: self.model.runs)
    @rule(which=WHICH)
    def finish(self, which: int) -> None:
        name = self.pick(which)
        while self.system.step(name):
            self.model.step(name)

    @precondition(lambda self: any(run.flight == "running" for run in self.model.runs.values()))
    @rule(which=WHICH, how=st.sampled_from(["FAILED", "TIMED_OUT", "ABORTED"]))
    def break_flight(self, which: int, how: str) -> None:
        flying = [name for name, run in self.model.runs.items() if run.flight == "running"]
        name = flying[which % len(flying)]
        self.model.break_flight(name)
        self.system.machines.end(self.system.latest(name), how)

    @precondition(lambda self: self.system.machines.events)
    @rule(which=WHICH)
    def hear(self, which: int) -> None:
        number = which % len(self.system.machines.events)
        told = json.loads(self.system.machines.events[number]["detail"]["input"])
        self.model.told(told["execution_id"], told["generation"])
        self.system.deliver(number)

    @rule()
    def reconcile(self) -> None:
        self.model.reconcile()
        self.system.reconcile_later()

    @rule(amount=st.integers(1, 3))
    def grant(self, amount: int) -> None:
        self.model.credits += amount
        self.system.grant(amount)

    @rule()
    def revoke(self) -> None:
        if self.model.may_call:
            accounts.revoke_key(
                self.system.table, self.system.world.now, self.system.workspace.id, self.system.stored_key.id
            )
        else:
            self.system.key, self.system.stored_key = accounts.create_key(
                self.system.table, self.system.world.now, self.system.workspace, frozenset(Scope)
            )
        self.model.may_call = not self.model.may_call

    @rule(seconds=st.sampled_from([1, 31, 61, 86_400]))
    def wait(self, seconds: int) -> None:
        self.system.pass_time(seconds=seconds)

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        workspace = workspaces.read(self.system.table, self.system.workspace.id)
        assert (workspace.credits, workspace.running) == (self.model.credits, len(self.model.running))
        assert {run.id: run.status.value for run in self.system.stored()} == {
            name: run.status for name, run in self.model.runs.items()
        }

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        self.system.check()
        self.system.reconcile_later()
        self.system.drive()
        self.system.check_quiet()


def test_model_and_product_agree(fresh: Fresh, figures: Counter[str]) -> None:
    run_state_machine_as_test(
        lambda: Together(fresh, figures),  # type: ignore[arg-type]
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
