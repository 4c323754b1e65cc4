"""Every callable is shown to work: pure ones by their example, effects by a program that calls them in a real slice."""

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import boto3
import pytest

from domain.callables import EFFECTS, SIGNATURES, email
from domain.callables.effect import Effect, Outcome
from domain.callables.settings import Settings
from domain.ids import is_id
from domain.program.builtins import BUILTINS
from domain.program.signatures import Given
from tests.integration.effects.conftest import Run
from tests.support.programs import call, do, let, literal, var
from tests.support.site import Said, Site

CONFIG = {"timeoutSeconds": 60, "defaultDecision": "rejected"}
ASK = let("id", call("human.create", literal("Go?"), literal(None), literal(None), literal(CONFIG)))
MAIL = {"to": "ada@a.org", "subject": "s", "text": "t"}


@dataclass(frozen=True)
class Case:
    """A program whose last step's result is that of the effect, and what that must be."""

    body: tuple[Any, ...]
    gives: Callable[[Any], bool]


def one(callee: str, *args: Any, gives: Callable[[Any], bool]) -> Case:
    return Case((do(call(callee, *map(literal, args))),), gives)


def cases(site: Site) -> Mapping[str, Case]:
    """A program for each effect."""
    return {
        "api.request": one("api.request", "GET", "orders", gives=lambda result: result == {"orders": [1]}),
        "email.send": one("email.send", MAIL, gives=lambda result: list(result) == ["message_id"]),
        "http.request": one("http.request", "GET", f"{site.url}/orders", gives=lambda result: result["status"] == 200),
        "human.create": Case((ASK,), is_id),
        "human.result": Case((ASK, do(call("human.result", var("id")))), lambda result: result["status"] == "pending"),
        "human.wait": Case((ASK, do(call("human.wait"))), lambda result: result[0]["decision"] == "rejected"),
        "log.error": one("log.error", {"a": 1}, gives=lambda result: result is None),
        "log.info": one("log.info", "text", gives=lambda result: result is None),
        "random.number": one("random.number", gives=lambda result: 0 <= result < 1),
        "random.uuid": one("random.uuid", gives=lambda result: UUID(result).version == 4),
        "time.now": one("time.now", gives=lambda result: result == "2026-01-15T10:30:00+00:00"),
        "time.sleep": one("time.sleep", 5, gives=lambda result: result is None),
        "time.sleep_until": one("time.sleep_until", "2026-01-16", gives=lambda result: result is None),
    }


@pytest.fixture
def settings(site: Site, aws: None) -> Iterator[Settings]:
    """A stack that has everything."""
    site.answers["/orders"] = [Said(200, {"Content-Type": "application/json"}, b'{"orders": [1]}')]
    boto3.client("sesv2").create_email_identity(EmailIdentity="hello@lodol.example")
    email._client.cache_clear()
    yield Settings(frozenset({site.host}), "hello@lodol.example", site.url)
    email._client.cache_clear()


def test_every_callable_is_pure_or_an_effect() -> None:
    assert SIGNATURES.keys() == BUILTINS.keys() | EFFECTS.keys()
    assert not BUILTINS.keys() & EFFECTS.keys()


def test_effects_that_call_others_are_on_record_before_they_do() -> None:
    """Whoever sends requests or has a client of AWS reaches out."""
    sources = {effect: inspect.getsource(sys.modules[effect.perform.__module__]) for effect in EFFECTS.values()}
    callers = [effect for effect, source in sources.items() if "outgoing.send" in source or "CLIENT_CONFIG" in source]

    assert {effect.signature.name for effect in callers} == {"api.request", "email.send", "http.request"}
    assert all(effect.reaches_out for effect in callers)
    assert all(_is_checked(effect) for effect in callers)


def _is_checked(effect: Effect) -> bool:
    """Whether arguments that it cannot use are refused before it is called: a trial asks no more than that."""
    nonsense = {index: Given([[]]) for index, _ in enumerate(effect.signature.parameters)}
    return effect.signature.refusal(nonsense, len(nonsense)) is not None


@pytest.mark.parametrize("name", EFFECTS)
def test_a_program_can_call_it(name: str, run: Run, site: Site) -> None:
    performed: Counter[str] = Counter()

    def recorded(effect: Effect) -> Effect:
        def perform(*arguments: Any) -> Outcome:
            performed[effect.signature.name] += 1
            return effect.perform(*arguments)

        return replace(effect, perform=perform)

    case = cases(site)[name]

    ran = run(*case.body, effects={name: recorded(effect) for name, effect in EFFECTS.items()})

    status, error, results = ran.outcome
    assert (status, error) == ("success", None)
    assert case.gives(results[-1])
    assert performed[name]
