"""Every interleaving of the formal model, with up to two faults, keeps the invariants and can still come to rest."""

import os
import pkgutil
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support import spec
from tests.support.interleavings import explore
from tests.support.spec import FRUITLESS, IMPLEMENTED_BY, Process, Scenario, World

FAULTS = int(os.environ.get("LODOL_FAULTS", "1"))
"""How many faults come in the larger scenarios."""

SCENARIOS = {
    "a repeat with the last credit": Scenario(runs=("k", "k"), stops=(), credits=1, limit=1, faults=2),
    "a run and its stop": Scenario(runs=(None,), stops=(0,), credits=1, limit=1, faults=2),
    "two stops": Scenario(runs=(None,), stops=(0, 0), credits=1, limit=1, faults=FAULTS),
    "two runs for one slot": Scenario(runs=(None, None), stops=(), credits=2, limit=1, faults=FAULTS),
    "two runs, one of them stopped": Scenario(runs=("k", None), stops=(0,), credits=2, limit=2, faults=FAULTS - 1),
    "a handover": Scenario(runs=(None,), stops=(), credits=1, limit=1, faults=2, hands_over=True),
    "a handover and a stop": Scenario(runs=(None,), stops=(0,), credits=1, limit=1, faults=1, hands_over=True),
    "a decision": Scenario(runs=(None,), stops=(), credits=1, limit=1, faults=2, asks=True),
    "a decision and a stop": Scenario(runs=(None,), stops=(0,), credits=1, limit=1, faults=1, asks=True),
    "a decision and a handover": Scenario(
        runs=(None,), stops=(), credits=1, limit=1, faults=1, asks=True, hands_over=True
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_interleaving_keeps_the_invariants(name: str, figures: Counter[str]) -> None:
    found = explore(SCENARIOS[name])
    assert found.violations == []
    # From wherever it is, it can come to rest: no fault leaves anything that nobody puts right.
    assert found.at_rest
    assert found.can_come_to_rest() == found.states
    assert found.steps >= {"Admit", "Start", "Begin", "Note", "End"}
    assert found.steps >= ({"HandOver", "Dies", "Taken for dead", "Breaks"} if SCENARIOS[name].faults else set())
    assert "RecordBroken" in found.steps or SCENARIOS[name].faults < FRUITLESS
    figures["states of the formal model"] += found.states
    figures["transitions of the formal model"] += sum(map(len, found.leads_from))


REPEAT, STOP = SCENARIOS["a repeat with the last credit"], SCENARIOS["a run and its stop"]


def _run_without_receipts(world: World, limit: int, me: Process) -> Iterator[tuple[str, World, Process]]:
    return spec_run(world._replace(receipts=frozenset()), limit, me)


spec_run = spec.run


WEAKER = {
    "a receipt not looked at": (REPEAT._replace(credits=2, limit=2), "run", _run_without_receipts),
    "an end recorded over another": (STOP, "is_as_read", lambda world, at, revision: True),
    "a token that is not kept": (SCENARIOS["a decision"], "wake", lambda world, at: world),
    "a lost generation that is not followed": (STOP, "move_on", lambda world, at: ("Leave", world)),
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
