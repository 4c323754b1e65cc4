"""Workspaces: plan, limits, credits, and how many executions hold a slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.writes import ABSENT, PRESENT, Item, Write
from domain.moments import to_text
from domain.refusals import ConcurrencyLimitReached, InsufficientCredits, WorkspaceNotFound

if TYPE_CHECKING:
    from domain.aws.table import Table

_SK = "WORKSPACE"


class Plan(StrEnum):
    """What a workspace pays for."""

    FREE = "free"
    PRO = "pro"
    TEAM = "team"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a workspace may use at once."""

    requests_per_minute: int
    concurrent_executions: int
    api_keys: int


PLAN_LIMITS = {
    Plan.FREE: Limits(requests_per_minute=15, concurrent_executions=0, api_keys=0),
    Plan.PRO: Limits(requests_per_minute=15, concurrent_executions=5, api_keys=3),
    Plan.TEAM: Limits(requests_per_minute=25, concurrent_executions=10, api_keys=10),
    Plan.ENTERPRISE: Limits(requests_per_minute=600, concurrent_executions=100, api_keys=20),
}
"""Rule: contract "Authentication, scopes, plans"."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as it was read; `running` is how many executions hold a slot."""

    id: str
    name: str
    plan: Plan
    limits: Limits
    credits: int
    running: int
    created_at: str

    @property
    def has_api(self) -> bool:
        """Whether the plan has the Developer API at all."""
        return self.plan is not Plan.FREE


def key(workspace_id: str) -> Key:
    """Where a workspace stands."""
    return Key(keys.workspace_partition(workspace_id), _SK)


def is_workspace(item: Item) -> bool:
    """Whether an item, of those that a scan finds, is a workspace."""
    return bool(item["sk"] == _SK)


def from_item(item: Item) -> Workspace:
    """Read a workspace; limits of its own win over the plan's."""
    plan = Plan(item["plan"])
    own = {field.name: item[field.name] for field in fields(Limits) if field.name in item}
    return Workspace(
        id=item["id"],
        name=item["name"],
        plan=plan,
        limits=Limits(**{**asdict(PLAN_LIMITS[plan]), **own}),
        credits=item["credits"],
        running=item.get("slots_taken", 0),
        created_at=item["created_at"],
    )


def read(table: Table, workspace_id: str) -> Workspace:
    """Read a workspace, or raise `WorkspaceNotFound`."""
    item = table.get(key(workspace_id))
    if item is None:
        raise WorkspaceNotFound
    return from_item(item)


def read_all(table: Table) -> list[Workspace]:
    """Read every workspace, oldest first. Scans the table: for operators, never for a request."""
    return sorted((from_item(item) for item in table.scan() if is_workspace(item)), key=lambda one: one.id)


def create(
    workspace_id: str,
    now: datetime,
    *,
    name: str,
    plan: Plan,
    credits: int,  # noqa: A002 - the field's own term
    requests_per_minute: int | None,
    concurrent_executions: int | None,
) -> Write:
    """Store a new workspace, with limits of its own where there are any."""
    own = {"requests_per_minute": requests_per_minute, "concurrent_executions": concurrent_executions}
    item: Item = {
        "id": workspace_id,
        "name": name,
        "plan": plan.value,
        "credits": credits,
        "created_at": to_text(now),
        **{term: limit for term, limit in own.items() if limit is not None},
    }
    return Write.put(key(workspace_id), item, condition=ABSENT)


def change(workspace_id: str, sets: Item, gone: Sequence[str]) -> Write:
    """Set attributes of a workspace and take others away, or refuse with `WorkspaceNotFound`."""
    parts = [("SET", [f"#{name} = :{name}" for name in sets]), ("REMOVE", [f"#{name}" for name in gone])]
    return Write.update(
        key(workspace_id),
        " ".join(f"{verb} {', '.join(what)}" for verb, what in parts if what),
        condition=PRESENT,
        values={f":{name}": value for name, value in sets.items()},
        names={f"#{name}": name for name in (*sets, *gone)},
        refusal=lambda _: WorkspaceNotFound(),
    )


def add_credits(workspace_id: str, amount: int) -> Write:
    """Add credits to the balance."""
    return Write.update(
        key(workspace_id),
        "ADD credits :amount",
        condition=PRESENT,
        values={":amount": amount},
        refusal=lambda _: WorkspaceNotFound(),
    )


def debit(workspace: Workspace) -> Write:
    """Take one credit and one slot: no balance below zero, no more runs than the plan allows. Rule: contract "Run"."""
    limit = workspace.limits.concurrent_executions

    def refusal(seen: Item | None) -> Exception:
        if seen is None:
            return WorkspaceNotFound()
        return InsufficientCredits() if seen["credits"] < 1 else ConcurrencyLimitReached(limit)

    return Write.update(
        key(workspace.id),
        "ADD credits :less, slots_taken :one",
        condition="credits >= :one AND (attribute_not_exists(slots_taken) OR slots_taken < :limit)",
        values={":one": 1, ":less": -1, ":limit": limit},
        refusal=refusal,
    )


def free_slot(workspace_id: str) -> Write:
    """Give back a slot: only in the commit that ends a running execution, which can happen once."""
    return Write.update(key(workspace_id), "ADD slots_taken :less", values={":less": -1})


def refund(workspace_id: str) -> Write:
    """Give back slot and credit of an execution that the platform broke, likewise."""
    return Write.update(key(workspace_id), "ADD slots_taken :less, credits :one", values={":less": -1, ":one": 1})
