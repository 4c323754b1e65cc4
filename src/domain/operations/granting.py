"""Granting: credits and their entry in the ledger, together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, override

from domain.aws.keys import Key
from domain.entities import ledger, workspaces
from domain.entities.receipts import Owner
from domain.ids import new_id
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Operation):
    """Grant credits to a workspace, at least one, and for a reason that the ledger keeps.

    Refuses with `WorkspaceNotFound`, or `InvalidRequest` for an amount below 1 or an empty reason.
    """

    name: ClassVar[str] = "grant"

    workspace_id: str
    amount: int
    reason: str

    @property
    @override
    def asks(self) -> tuple[str, Value]:
        return self.workspace_id, [self.amount, self.reason]

    @override
    def reads(self) -> tuple[Key, ...]:
        return ()

    @override
    def plan(self, found: Found) -> Plan:
        if self.amount < 1:
            raise InvalidRequest(f"A grant is at least 1 credit, not {self.amount}.")
        if not self.reason.strip():
            raise InvalidRequest("A grant needs a reason.")
        grant_id = new_id(self.now)
        writes = (
            workspaces.add_credits(self.workspace_id, self.amount),
            ledger.grant(self.workspace_id, grant_id, self.amount, self.reason.strip(), self.now),
        )
        body: Value = {"grant_id": grant_id, "workspace_id": self.workspace_id, "amount": self.amount}
        return Plan(writes, Owner("grant", grant_id), body)
