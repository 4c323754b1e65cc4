"""Workspaces: plan, limits, credits, and the set of executions that hold a slot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain import keys
from domain.ids import new_id
from domain.moments import to_text
from domain.refusals import ConcurrencyLimitReached, InsufficientCredits, InvalidRequest, WorkspaceNotFound
from domain.table import Page, Table
from domain.writes import ABSENT, PRESENT, Item, Write


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
"""Rule: CONTRACT "Authentication, scopes, plans"."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as it was read; `running` holds the ids of the executions that hold a slot."""

    id: str
    name: str
    plan: Plan
    limits: Limits
    credits: int
    running: frozenset[str]
    created_at: str

    @property
    def has_api(self) -> bool:
        """Whether the plan has the Developer API at all."""
        return self.plan is not Plan.FREE


def from_item(item: Item) -> Workspace:
    """Read a workspace; limits of its own win over the plan's."""
    plan = Plan(item["plan"])
    standard = PLAN_LIMITS[plan]
    return Workspace(
        id=item["id"],
        name=item["name"],
        plan=plan,
        limits=Limits(
            requests_per_minute=item.get("requests_per_minute", standard.requests_per_minute),
            concurrent_executions=item.get("concurrent_executions", standard.concurrent_executions),
            api_keys=standard.api_keys,
        ),
        credits=item["credits"],
        running=frozenset(item.get("running", ())),
        created_at=item["created_at"],
    )


def create(
    table: Table,
    now: datetime,
    *,
    name: str,
    plan: Plan,
    credits: int = 0,  # noqa: A002 - the field's own term
    requests_per_minute: int | None = None,
    concurrent_executions: int | None = None,
) -> Workspace:
    """Create a workspace, its first credits being the first grant in its ledger.

    Raises `InvalidRequest` for an empty name, or a number below zero (credits) or one (limits).
    """
    if not name.strip():
        raise InvalidRequest("A workspace needs a name.")
    own = {"requests_per_minute": requests_per_minute, "concurrent_executions": concurrent_executions}
    for term, limit in own.items():
        if limit is not None and limit < 1:
            raise InvalidRequest(f"{term} must be at least 1, not {limit}.")
    if credits < 0:
        raise InvalidRequest(f"credits must not be negative, and {credits} is.")
    workspace_id = new_id(now)
    item: Item = {
        "id": workspace_id,
        "name": name.strip(),
        "plan": plan.value,
        "credits": credits,
        "created_at": to_text(now),
        **{term: limit for term, limit in own.items() if limit is not None},
    }
    writes = [Write.put(keys.workspace(workspace_id), item, condition=ABSENT)]
    if credits:
        writes.append(_ledger_entry(workspace_id, now, credits, "granted at creation"))
    table.commit(*writes)
    return from_item(item)


def read(table: Table, workspace_id: str) -> Workspace:
    """Read a workspace, or raise `WorkspaceNotFound`."""
    item = table.get(keys.workspace(workspace_id))
    if item is None:
        raise WorkspaceNotFound
    return from_item(item)


def grant(table: Table, now: datetime, workspace_id: str, amount: int, reason: str) -> Workspace:
    """Add credits and write the grant into the ledger, together; a reason is owed."""
    if amount < 1:
        raise InvalidRequest(f"A grant is at least 1 credit, not {amount}.")
    if not reason.strip():
        raise InvalidRequest("A grant needs a reason.")
    table.commit(
        Write.update(
            keys.workspace(workspace_id),
            "ADD credits :amount",
            condition=PRESENT,
            values={":amount": amount},
            refusal=lambda _: WorkspaceNotFound(),
        ),
        _ledger_entry(workspace_id, now, amount, reason.strip()),
    )
    return read(table, workspace_id)


def _ledger_entry(workspace_id: str, now: datetime, amount: int, reason: str) -> Write:
    entry: Item = {"amount": amount, "reason": reason, "created_at": to_text(now)}
    return Write.put(keys.credit(workspace_id, new_id(now)), entry, condition=ABSENT)


def ledger(table: Table, workspace_id: str) -> Iterable[Item]:
    """Walk the grants and refunds of a workspace, oldest first: `amount`, `reason`, `created_at`."""
    prefix = keys.CREDIT_PREFIX
    return table.query(keys.workspace_partition(workspace_id), Page(prefix, prefix + "~"))


def refunded_execution(entry: Item) -> str | None:
    """The execution that an entry of the ledger refunds, `None` for a grant."""
    start = keys.CREDIT_PREFIX + keys.REFUND_PREFIX
    return entry["sk"].removeprefix(start) if entry["sk"].startswith(start) else None


def debit(workspace: Workspace, execution_id: str) -> Write:
    """Take one credit and one slot. Rule: neither a balance below zero nor more runs than the plan allows."""
    enough_credit = "credits >= :one"
    free_slot = "(attribute_not_exists(running) OR size(running) < :limit)"
    limit = workspace.limits.concurrent_executions

    def refusal(seen: Item | None) -> Exception:
        if seen is None:
            return WorkspaceNotFound()
        return InsufficientCredits() if seen["credits"] < 1 else ConcurrencyLimitReached(limit)

    return Write.update(
        keys.workspace(workspace.id),
        "SET credits = credits - :one ADD running :execution",
        condition=f"{enough_credit} AND {free_slot}",
        values={":one": 1, ":execution": {execution_id}, ":limit": limit},
        refusal=refusal,
    )


def free_slot(workspace_id: str, execution_id: str) -> Write:
    """Give back the slot of an execution; twice does no harm."""
    return Write.update(
        keys.workspace(workspace_id), "DELETE running :execution", values={":execution": {execution_id}}
    )


def refund(workspace_id: str, execution_id: str, now: datetime) -> tuple[Write, Write]:
    """Give back slot and credit of an execution that the platform broke.

    The ledger entry carries the execution's id and can be written once only: so can the refund.
    """
    return (
        Write.update(
            keys.workspace(workspace_id),
            "DELETE running :execution ADD credits :one",
            values={":execution": {execution_id}, ":one": 1},
        ),
        Write.put(
            keys.credit(workspace_id, keys.REFUND_PREFIX + execution_id),
            {"amount": 1, "reason": "refund: the platform failed", "created_at": to_text(now)},
            condition=ABSENT,
        ),
    )
