"""Operations under an Idempotency-Key, and the one place where they are carried out.

An operation is a frozen value: who asks for what, when, under which key. It says what it reads, what it refuses, what
it writes, and what follows; a repeat under its key gets the first success again and puts right what the first request
may have left undone. Rule: contract "Idempotency-Key".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet, Item, Write
from domain.entities import receipts
from domain.entities.receipts import Owner, Receipt, ReceiptFound
from domain.program.values import Value, dumps
from domain.refusals import Contention, IdempotencyKeyInFlight, IdempotencyKeyReused, InvalidRequest, Refusal

if TYPE_CHECKING:
    from domain.aws.table import Table

KEY_CHARACTERS = 256

_READINGS = 5
"""How often an operation is tried whose items keep changing between its reading and its commit."""

type Found = Mapping[Key, Item]
"""What was read, by key; what does not exist is missing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation writes, in the order of precedence of the refusals; what it belongs to; its body as JSON."""

    writes: tuple[Write, ...]
    owner: Owner
    body: Value


@dataclass(frozen=True, slots=True)
class Success:
    """The body of a success, as JSON text, and whether it is the repeat of an earlier one."""

    body: str
    is_replay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(ABC):
    """Something that is asked of a workspace at a moment, under an idempotency key or under none."""

    name: ClassVar[str]
    """The operation's part of the receipt's key: keys of different operations do not meet."""

    now: datetime
    idempotency_key: str | None = None

    @property
    @abstractmethod
    def workspace_id(self) -> str:
        """The workspace that asks."""

    @property
    @abstractmethod
    def asks(self) -> tuple[str, Value]:
        """What a repeat must ask for again to be one: the id of its target, and the body."""

    @abstractmethod
    def reads(self) -> tuple[Key, ...]:
        """The items that are read, in one call."""

    def read_then(self, table: Table, found: Found) -> Found:  # noqa: ARG002 - most have read everything by then
        """Read what else it looks at, now that it is known whose it is: keys of executions do not say so."""
        return {}

    @abstractmethod
    def plan(self, found: Found) -> Plan:
        """Refuse by raising a refusal, or say what is written."""

    def follow(self, stack: Stack, found: Found, owner: Owner) -> None:  # noqa: B027 - of many operations nothing follows
        """Do what follows the commit. What gets lost here must be put right by someone else as well."""

    def repair(self, stack: Stack, found: Found, receipt: Receipt | None) -> None:
        """Do again what may have been left undone by the request that `found` or `receipt` show to have succeeded."""
        if receipt is not None:
            self.follow(stack, found, receipt.owner)


def carry_out(stack: Stack, operation: Operation) -> Success:
    """Carry out an operation once: read, repair, replay, refuse, plan, commit, follow.

    Raises what the operation refuses, `IdempotencyKeyReused` for a key of a different request, `InvalidRequest` for a
    key of a wrong length, `Contention`, or `IdempotencyKeyInFlight` in its place where there is a key.
    """
    claim = _claim_of(operation)
    for _ in range(_READINGS):
        # What was read and changed before the commit is read again.
        with suppress(ConditionNotMet):
            return _carry_out(stack, operation, claim)
    raise claim.contention


def _carry_out(stack: Stack, operation: Operation, claim: _Claim) -> Success:
    found = stack.table.get_many(*operation.reads(), *claim.keys)
    receipt = claim.receipt_in(found, operation.now)
    operation.repair(stack, found, receipt)
    if receipt:
        return Success(receipt.body, is_replay=True)
    plan = operation.plan({**found, **operation.read_then(stack.table, found)})
    body = dumps(plan.body)
    try:
        stack.table.commit(*claim.writes(plan.owner, body, operation.now), *plan.writes)
    except ReceiptFound as first:
        return Success(claim.accept(first.receipt).body, is_replay=True)
    except Contention:
        raise claim.contention from None
    operation.follow(stack, found, plan.owner)
    return Success(body)


class _Claim:
    """The claim of a request without an idempotency key: it finds no receipt and leaves none."""

    contention: type[Refusal] = Contention
    """What it means that other writes kept winning."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """Where the receipt stands."""
        return ()

    def receipt_in(self, _found: Found, _now: datetime) -> Receipt | None:
        """The receipt of an earlier request, if there is one that has not expired."""
        return None

    def accept(self, receipt: Receipt) -> Receipt:
        """The receipt, if it is of the same request; raises `IdempotencyKeyReused` otherwise."""
        return receipt

    def writes(self, _owner: Owner, _body: str, _now: datetime) -> tuple[Write, ...]:
        """What remembers the success."""
        return ()


@dataclass(frozen=True, slots=True)
class _KeyClaim(_Claim):
    """The claim of a request with a key."""

    at: Key
    fingerprint: str
    contention = IdempotencyKeyInFlight

    @property
    def keys(self) -> tuple[Key, ...]:
        return (self.at,)

    def receipt_in(self, found: Found, now: datetime) -> Receipt | None:
        if self.at not in found:
            return None
        receipt = receipts.from_item(found[self.at])
        return None if receipt.is_expired(now) else self.accept(receipt)

    def accept(self, receipt: Receipt) -> Receipt:
        if receipt.fingerprint != self.fingerprint:
            raise IdempotencyKeyReused(*receipt.owner)
        return receipt

    def writes(self, owner: Owner, body: str, now: datetime) -> tuple[Write, ...]:
        return (receipts.write(self.at, self.fingerprint, owner, body, now),)


def _claim_of(operation: Operation) -> _Claim:
    key = operation.idempotency_key
    if key is None:
        return _Claim()
    if not 1 <= len(key) <= KEY_CHARACTERS:
        raise InvalidRequest(f"Idempotency-Key must have 1 to {KEY_CHARACTERS} characters.")
    target_id, body = operation.asks
    at = receipts.key(operation.workspace_id, operation.name, key)
    return _KeyClaim(at, receipts.fingerprint_of(target_id, dumps(body)))
