"""The made-up world of a trial: a clock that only waits move, seeded chance, answers from a file, and persons."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from domain.callables import EFFECTS, human
from domain.callables.effect import CallContext, Effect, Outcome, Recorded
from domain.entities import reviews
from domain.ids import new_id
from domain.program.signatures import Given
from domain.program.values import Value
from lodol.trying.answers import ANSWERED, ASKS, Answers, named, suggested
from lodol.trying.fields import Unusable

_LIVE = "http.request"


class CallAt(NamedTuple):
    """A call of an execution: the nth of its step."""

    step: int
    nth: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt of a call that reaches out, as the world sees it."""

    at: CallAt
    attempt: int
    callee: str
    arguments: Mapping[str, Value]


class NoAnswer(Exception):
    """A call reaches out, and no answer is left for it: which call, by which node, and an answer to begin with."""

    def __init__(self, made: Attempt, path: str, unmatched: str | None) -> None:
        self.callee = made.callee
        self.arguments = made.arguments
        self.step = made.at.step
        self.path = path
        self.unmatched = unmatched
        self.suggestion = suggested(made.callee, made.arguments)
        super().__init__(f"no answer is left for this call of {made.callee}")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides about a review, and when."""

    review_id: str
    decision: str
    comment: str | None
    at: datetime


class World:
    """What is outside of an execution that is tried, and what it has seen of it.

    `arguments` are those of each call, `attempts` what was asked of the world in order, `awaited` until when at the
    latest a call waited for persons.
    """

    def __init__(self, answers: Answers, start: datetime, seed: int, *, is_live: bool = False) -> None:
        self.now = start
        self.answers = answers
        self.arguments: dict[CallAt, Mapping[str, Value]] = {}
        self.attempts: list[Attempt] = []
        self.awaited: dict[CallAt, datetime] = {}
        self.decisions: list[Decision] = []
        self._random = random.Random(seed)  # noqa: S311 - the same each time is what is wanted
        self.pauses = random.Random(seed)  # noqa: S311
        self._is_live = is_live
        self._reviews = 0
        answers.begin()

    def clock(self) -> datetime:
        """The moment that it is."""
        return self.now

    def effects(self) -> Mapping[str, Effect]:
        """Every effect, as this world carries it out."""
        return {name: replace(effect, perform=partial(self._perform, name, effect)) for name, effect in EFFECTS.items()}

    def _perform(self, name: str, effect: Effect, context: CallContext, *args: Value) -> Outcome:
        at = CallAt(context.step, context.nth)
        self.arguments[at] = named(name, args)
        if name == "random.uuid":
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        if name == "random.number":
            return self._random.random()
        if name not in ANSWERED:
            return effect.perform(context, *args)
        attempt = Attempt(at, context.attempt, name, self.arguments[at])
        self.attempts.append(attempt)
        if name == ASKS:
            return self._ask(effect, context, attempt, args)
        given = {index: Given(value) for index, value in enumerate(args)}
        if unusable := effect.signature.refusal(given, len(args)):
            raise ValueError(unusable)
        answer = self.answers.take(name, attempt.arguments)
        if answer is not None:
            return answer.outcome(self.now)
        if self._is_live and name == _LIVE:
            return effect.perform(context, *args)
        raise NoAnswer(attempt, context.at, self.answers.unmatched(name, attempt.arguments))

    def _ask(self, effect: Effect, context: CallContext, attempt: Attempt, args: tuple[Value, ...]) -> Outcome:
        """Create the review under an id that is the same each time, and know what becomes of it."""
        made = effect.perform(context, *args)
        answer = self.answers.take(ASKS, attempt.arguments)
        if answer is None:
            raise NoAnswer(attempt, context.at, self.answers.unmatched(ASKS, attempt.arguments))
        assert isinstance(made, Recorded)  # noqa: S101 - a review is stored together with its call
        stored = made.writes[0]
        asked = reviews.from_item({**stored.item, **stored.key._asdict()})
        self._reviews += 1
        review = replace(asked, id=f"{new_id(self.now)[:12]}{self._reviews:012x}")
        if answer.value is not None:
            decision = str(answer.value)
            if decision not in review.decisions:
                raise Unusable(
                    f"{answer.where}.decide", f"this review offers {', '.join(review.decisions)}, and not {decision}"
                )
            self.decisions.append(Decision(review.id, decision, answer.comment, self.now + answer.after))
        return human.recorded(review)
