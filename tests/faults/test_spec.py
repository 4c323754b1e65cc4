"""Every interleaving of the formal model, with up to two faults, keeps the invariants and can still come to rest."""

import pkgutil
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support import spec
from tests.support.interleavings import explore
from tests.support.spec import IMPLEMENTED_BY, Process, Scenario, World

SCENARIOS = {
    "a repeat with the last credit": Scenario(runs=("k", "k"), stops=(), credits=1, limit=1, faults=2),
    "a run and its stop": Scenario(runs=(None,), stops=(0,), credits=1, limit=1, faults=2),
    "two stops": Scenario(runs=(None,), stops=(0, 0), credits=1, limit=1, faults=2),
    "two runs for one slot": Scenario(runs=(None, None), stops=(), credits=2, limit=1, faults=2),
    "two runs, one of them stopped": Scenario(runs=("k", None), stops=(0,), credits=2, limit=2, faults=1),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_interleaving_keeps_the_invariants(name: str, figures: Counter[str]) -> None:
    found = explore(SCENARIOS[name])
    assert found.violations == []
    # From wherever it is, it can come to rest: no fault leaves anything that nobody puts right.
    assert found.at_rest
    assert found.can_come_to_rest() == found.states
    assert found.steps >= {"Admit", "Start", "Begin", "Note", "End", "RecordBroken", "Dies", "Taken for dead", "Breaks"}
    figures["states of the formal model"] += found.states
    figures["transitions of the formal model"] += sum(map(len, found.leads_from))


REPEAT, STOP = SCENARIOS["a repeat with the last credit"], SCENARIOS["a run and its stop"]


def _run_without_receipts(world: World, limit: int, me: Process) -> Iterator[tuple[str, World, Process]]:
    return spec_run(world._replace(receipts=frozenset()), limit, me)


spec_run = spec.run

WEAKER = {
    "a receipt not looked at": (REPEAT._replace(credits=2, limit=2), "run", _run_without_receipts),
    "an end recorded over another": (STOP, "record_broken", lambda world, at: spec.end(world, at, spec.FAILED)),
    "a slot kept": (STOP, "end", lambda world, at, status: world._replace(status=spec.put(world.status, at, status))),
    "a lost start that nobody looks for": (STOP, "reconcile", lambda world, me: iter(())),
}


@pytest.mark.parametrize("weakness", WEAKER)
def test_a_weaker_model_is_caught(weakness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, name, weaker = WEAKER[weakness]
    monkeypatch.setattr(spec, name, weaker)
    found = explore(scenario)
    assert found.violations or found.can_come_to_rest() < found.states


@pytest.mark.parametrize("step", IMPLEMENTED_BY)
def test_the_code_names_the_step_that_it_implements(step: str) -> None:
    implementation = pkgutil.resolve_name(IMPLEMENTED_BY[step])
    line = next(line for line in (implementation.__doc__ or "").splitlines() if "Model step:" in line)
    assert step in line.partition("Model step:")[2]
