"""Endpoints whose operation an Idempotency-Key may repeat."""

from collections.abc import Callable
from typing import Any

from domain.entities.api_keys import Scope
from domain.operations.idempotency import Operation, carry_out
from domain.refusals import IdempotencyKeyInFlight, IdempotencyKeyReused, Refusal
from handlers.http import Answer, Endpoint
from handlers.requests import Request


def _as_stored(_: Request, body: str) -> str:
    return body


class ReplayableEndpoint(Endpoint):
    """An endpoint that carries out an operation once, and answers a repeat with its first success.

    `completed` adds to the body what may not be stored with it, the same each time.
    """

    is_replayable = True

    def __init__(
        self,
        method: str,
        route: str,
        scope: Scope,
        operation: Callable[[Request], Operation],
        *,
        refuses: tuple[type[Refusal], ...],
        completed: Callable[[Request, str], str] = _as_stored,
        **described: Any,
    ) -> None:
        def answer(request: Request) -> Answer:
            success = carry_out(request.stack, operation(request))
            headers = {"Idempotency-Replayed": "true"} if success.is_replay else {}
            return Answer(self.status, completed(request, success.body), headers)

        also = (IdempotencyKeyReused, IdempotencyKeyInFlight)
        replayed = ("Idempotency-Replayed",)
        super().__init__(method, route, scope, answer, headers=replayed, refuses=(*refuses, *also), **described)
