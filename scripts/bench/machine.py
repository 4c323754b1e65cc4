"""The states that the state machine enters, by its definition: each of them is a transition that is billed."""

import json
from functools import cache
from typing import Any

from scripts.bench.results import ROOT

_TASK = "RunSteps"


@cache
def _states() -> Any:
    definition = json.loads((ROOT / "statemachine" / "run_workflow.asl.json").read_text())
    assert definition["StartAt"] == _TASK  # noqa: S101 - what is counted here begins with it
    return definition["States"]


def states_entered(action: str) -> list[str]:
    """The states of one slice that ends with an action, its task among them, until the next slice or the end."""
    states, entered, name = _states(), [_TASK], _states()[_TASK]["Next"]
    while name != _TASK:
        entered.append(name)
        state = states[name]
        if state["Type"] == "Choice":
            found = [choice["Next"] for choice in state["Choices"] if choice["StringEquals"] == action]
            name = found[0] if found else state["Default"]
        elif state["Type"] == "Succeed":
            break
        else:
            name = state["Next"]
    return entered


def is_worker(state: str) -> bool:
    """Whether a state invokes RunSteps."""
    return bool(_states()[state]["Type"] == "Task")
