"""Endpoints whose operation an Idempotency-Key may repeat."""

from collections.abc import Callable
from typing import Any

from domain.entities.api_keys import Scope
from domain.operations.idempotency import Operation, carry_out
from domain.refusals import IdempotencyKeyInFlight, IdempotencyKeyReused, Refusal
from handlers.http import Answer, Endpoint
from handlers.requests import Request


class ReplayableEndpoint(Endpoint):
    """An endpoint that carries out an operation once, and answers a repeat with its first success."""

    is_replayable = True

    def __init__(
        self,
        method: str,
        route: str,
        scope: Scope,
        operation: Callable[[Request], Operation],
        *,
        refuses: tuple[type[Refusal], ...],
        **described: Any,
    ) -> None:
        def answer(request: Request) -> Answer:
            success = carry_out(request.stack, operation(request))
            headers = {"Idempotency-Replayed": "true"} if success.is_replay else {}
            return Answer(self.status, success.body, headers)

        also = (IdempotencyKeyReused, IdempotencyKeyInFlight)
        replayed = ("Idempotency-Replayed",)
        super().__init__(method, route, scope, answer, headers=replayed, refuses=(*refuses, *also), **described)
