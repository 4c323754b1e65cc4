"""Workspaces: plan, limits, credits, and how many executions hold a slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Index, Key, Page
from domain.aws.writes import ABSENT, PRESENT, ConditionNotMet, Item, Write
from domain.moments import to_text
from domain.refusals import (
    ConcurrencyLimitReached,
    DayLimitReached,
    InsufficientCredits,
    InvalidRequest,
    WorkspaceNotFound,
    WorkspaceSuspended,
)

if TYPE_CHECKING:
    from domain.aws.table import Table

_SK = "WORKSPACE"
_LISTS, _ALL = Index("by-status", "by_status", "id"), "WORKSPACES"
"""The index that lists executions by their status has all workspaces in a partition beside those. What it holds of them
never changes, so that nothing that is written to a workspace is written twice."""


class Plan(StrEnum):
    """What a workspace pays for."""

    FREE = "free"
    PRO = "pro"
    TEAM = "team"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a workspace may use at once and, where that is limited, in a day of UTC."""

    requests_per_minute: int
    concurrent_executions: int
    api_keys: int
    calls_per_day: int | None = None
    visits_per_day: int | None = None
    """Of the executions that end in a day: their calls, and the nodes that they visit, which processor time follows."""


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
    suspended_at: str | None = None
    leaving_since: str | None = None
    """Since when it is being deleted."""
    usage_day: str = ""
    """The day of UTC that its usage counts, the latest in which a run was admitted."""
    charged: int = 0
    """The credits that it was charged in the month of that day; the ledger has those of the months before."""

    @property
    def has_api(self) -> bool:
        """Whether the plan has the Developer API at all."""
        return self.plan is not Plan.FREE


def key(workspace_id: str) -> Key:
    """Where a workspace stands."""
    return Key(keys.workspace_partition(workspace_id), _SK)


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
        suspended_at=item.get("suspended_at"),
        leaving_since=item.get("leaving_since"),
        usage_day=item.get("usage_day", ""),
        charged=item.get("charged", 0),
    )


def read(table: Table, workspace_id: str) -> Workspace:
    """Read a workspace, or raise `WorkspaceNotFound`."""
    item = table.get(key(workspace_id))
    if item is None:
        raise WorkspaceNotFound
    return from_item(item)


def read_all(table: Table) -> list[Workspace]:
    """Read every workspace, oldest first: for operators, never for a request.

    An index lists them; where items may be of a shape from before that, the whole table is read.
    """
    from domain.entities import shapes  # No request needs it.

    if shapes.read_progress(table).is_complete:
        found = table.walk_items(key(row["id"]) for row in table.query_index(_LISTS, _ALL, Page.everything()))
    else:
        found = (item for item in table.scan() if item["sk"] == _SK)
    return sorted(map(from_item, found), key=lambda one: one.id)


def to_shape_1(item: Item) -> Item | None:
    """What an item lacks to be a workspace of that shape: to be listed by the index; `None` for any other item."""
    return {"by_status": _ALL} if item["sk"] == _SK else None


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
        "usage_day": _day_of(now),
        "by_status": _ALL,
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


def suspend(workspace_id: str, now: datetime, *, is_leaving: bool = False) -> Write:
    """Let nothing be run any more, or refuse with `WorkspaceNotFound`; who is suspended stays as it is.

    `is_leaving` says that all of it is to be deleted.
    """
    names = ("suspended_at", "leaving_since") if is_leaving else ("suspended_at",)
    return Write.update(
        key(workspace_id),
        "SET " + ", ".join(f"{name} = if_not_exists({name}, :now)" for name in names),
        condition=PRESENT,
        values={":now": to_text(now)},
        refusal=lambda _: WorkspaceNotFound(),
    )


def resume(workspace_id: str) -> Write:
    """Let a suspended workspace run again, or refuse with `WorkspaceNotFound`, or what is being deleted."""
    return Write.update(
        key(workspace_id),
        "REMOVE suspended_at",
        condition=f"{PRESENT} AND attribute_not_exists(leaving_since)",
        refusal=lambda seen: InvalidRequest("The workspace is being deleted.") if seen else WorkspaceNotFound(),
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


class DayNotBegun(ConditionNotMet):
    """The usage of a workspace still counts an earlier day; `seen` is the workspace as it stands."""

    def __init__(self, seen: Workspace) -> None:
        self.seen = seen


def debit(workspace: Workspace, now: datetime) -> Write:
    """Take one credit and one slot: no balance below zero, no more runs than the plan allows. Rule: contract "Run".

    Refuses with `DayNotBegun` where nobody has run anything on this day.
    """
    limits, today = workspace.limits, _day_of(now)
    limited = {
        "slots_taken": limits.concurrent_executions,
        "usage_calls": limits.calls_per_day,
        "usage_visits": limits.visits_per_day,
    }
    most = {name: limit for name, limit in limited.items() if limit is not None}

    def refusal(seen: Item | None) -> Exception:
        if seen is None:
            return WorkspaceNotFound()
        if "suspended_at" in seen:
            return WorkspaceSuspended()
        if seen.get("usage_day", "") < today:
            return DayNotBegun(from_item(seen))
        if seen["credits"] < 1:
            return InsufficientCredits()
        [reached, *_] = (name for name, limit in most.items() if seen.get(name, 0) >= limit)
        if reached == "slots_taken":
            return ConcurrencyLimitReached(most[reached])
        return DayLimitReached(reached.removeprefix("usage_"), most[reached], _seconds_left_of_day(now))

    below = (f"(attribute_not_exists({name}) OR {name} < :{name})" for name in most)
    return Write.update(
        key(workspace.id),
        "ADD credits :less, slots_taken :one, charged :one",
        condition=" AND ".join(
            ("credits >= :one", *below, "attribute_not_exists(suspended_at)", "usage_day >= :today")
        ),
        values={":one": 1, ":less": -1, ":today": today, **{f":{name}": limit for name, limit in most.items()}},
        refusal=refusal,
    )


def begin_day(seen: Workspace, now: datetime) -> list[Write]:
    """Let usage count this day, from nothing, and put what was charged in a month that is over into the ledger.

    Fails if somebody else has begun it, or charged anything, since it was read: both are not lost by that.
    """
    from domain.entities import ledger  # Once a day at most.

    today = _day_of(now)
    is_same_month = month_of(seen.usage_day) == month_of(today)
    charged = seen.charged if is_same_month else 0
    begun = Write.update(
        key(seen.id),
        "SET usage_day = :today, usage_calls = :none, usage_visits = :none, charged = :charged",
        condition=" AND ".join(
            (
                "usage_day = :seen_day" if seen.usage_day else "attribute_not_exists(usage_day)",
                "charged = :seen" if seen.charged else "(attribute_not_exists(charged) OR charged = :none)",
            )
        ),
        values={
            ":today": today,
            ":none": 0,
            ":charged": charged,
            **({":seen_day": seen.usage_day} if seen.usage_day else {}),
            **({":seen": seen.charged} if seen.charged else {}),
        },
    )
    moved = seen.charged - charged
    return [begun, *([ledger.add_charges(seen.id, month_of(seen.usage_day), moved)] if moved else [])]


def month_of(day: str) -> str:
    """The month of a day, or of a moment that is written down."""
    return day[: len("2026-01")]


def _day_of(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _seconds_left_of_day(now: datetime) -> int:
    passed = now.astimezone(UTC)
    return 24 * 3600 - passed.hour * 3600 - passed.minute * 60 - passed.second


def free_slot(workspace_id: str, calls: int = 0, visits: int = 0) -> Write:
    """Give back a slot, and count what was used: only in the commit that ends an execution, which can happen once."""
    return Write.update(
        key(workspace_id),
        "ADD slots_taken :less, usage_calls :calls, usage_visits :visits",
        values={":less": -1, ":calls": calls, ":visits": visits},
    )


def set_slots(workspace_id: str, seen: int, balance: int, running: int) -> Write:
    """Count the slots anew that are taken, if nothing was taken or given back since they and the balance were read."""
    return Write.update(
        key(workspace_id),
        "SET slots_taken = :running",
        condition=" AND ".join(
            (
                PRESENT,
                "credits = :credits",
                "slots_taken = :seen" if seen else "(attribute_not_exists(slots_taken) OR slots_taken = :seen)",
            )
        ),
        values={":running": running, ":credits": balance, ":seen": seen},
    )


def refund(workspace_id: str, calls: int = 0, visits: int = 0) -> Write:
    """Give back slot and credit of an execution that the platform broke, likewise."""
    return Write.update(
        key(workspace_id),
        "ADD slots_taken :less, credits :one, usage_calls :calls, usage_visits :visits",
        values={":less": -1, ":one": 1, ":calls": calls, ":visits": visits},
    )
