"""Answers of operations that an Idempotency-Key may repeat."""

from domain.operations.idempotency import Operation, carry_out
from handlers.http import Answer
from handlers.requests import Request


def replayable(request: Request, status: int, operation: Operation) -> Answer:
    """Carry out an operation and answer with its success; a repeat says so."""
    success = carry_out(request.stack, operation)
    return Answer(status, success.body, {"Idempotency-Replayed": "true"} if success.is_replay else {})
