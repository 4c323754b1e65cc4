"""What is known of a day once it is over, as plain data: from it, and from nothing else, it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.day.plan import Kind
from tests.support.truth import Told


def told_by(event: Mapping[str, Any]) -> Told:
    """What an event tells of."""
    data = event["data"]
    return data["execution_id"], event["type"], data.get("review_id", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was answered in the end to a run or a rerun, under its key; `body` is empty for a refusal."""

    key: str
    kind: Kind
    status: int
    code: str = ""
    execution_id: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution as the table has it; `calls` are the keys under which the site was asked, as often as it was."""

    id: str
    status: str
    error: str | None = None
    generation: int = 1
    calls: tuple[str, ...] = ()
    is_stopped: bool = False
    """Whether a client was told that it is stopped."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came to a receiver, `at` a second since 1970; `answered` is the status that it got, 0 being none."""

    at: float
    answered: int
    body: str
    event: Mapping[str, Any] | None
    """The event, unless it was not signed by the secret of the receiver's webhook."""

    @property
    def has_arrived(self) -> bool:
        """Whether who sent it knows that it has arrived."""
        return 200 <= self.answered < 300


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace: what was granted to it, what it asked for, what became of it, and what its receiver has heard.

    `decided` are the decisions that were answered with success, `decisions` those that the table has, by review.
    """

    name: str
    workspace_id: str
    granted: int
    answers: tuple[Answer, ...]
    executions: tuple[Ended, ...]
    told: frozenset[Told]
    heard: tuple[Heard, ...]
    audit: Mapping[str, Any]
    decided: Mapping[str, str]
    decisions: Mapping[str, str | None]
    unanswered: tuple[str, ...] = ()
    """The requests of which nobody knows what came of them, however often they were sent."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A whole day: its teams, what `lodol doctor` finds, and which code of each function was live when.

    `open_deliveries` are those that neither arrived nor were given up. `live` has the hashes before the upgrade, after
    it, and after the rollback.
    """

    teams: tuple[Team, ...]
    doctor: Mapping[str, Any]
    open_deliveries: int
    live: tuple[Mapping[str, str], ...]
