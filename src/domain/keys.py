"""The primary keys of the one table. What each item holds is in DESIGN's data section."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


EXECUTION_PREFIX = "EXECUTION#"
WORKFLOW_PREFIX = "WORKFLOW#"
CREDIT_PREFIX = "CREDIT#"
STEP_PREFIX = "STEP#"
CALL_PREFIX = "CALL#"
RECEIPT_PREFIX = "RECEIPT#"
REFUND_PREFIX = "REFUND#"
REVIEW_PREFIX = "REVIEW#"
PENDING_PREFIX = "PENDING#"
ASKED_PREFIX = "ASKED#"


def api_key(key_hash: str) -> Key:
    """Where an API key is found by what a request presents."""
    return Key(f"KEY#{key_hash}", "KEY")


def workspace_partition(workspace_id: str) -> str:
    """The partition of everything a workspace owns, save the steps of its executions."""
    return f"WS#{workspace_id}"


def workspace(workspace_id: str) -> Key:
    """Plan, limits, credits and the set of running executions."""
    return Key(workspace_partition(workspace_id), "WORKSPACE")


def api_key_set(workspace_id: str) -> Key:
    """The set of hashes of a workspace's API keys: what a plan's key limit counts."""
    return Key(workspace_partition(workspace_id), "APIKEYS")


def credit(workspace_id: str, entry_id: str) -> Key:
    """One grant or refund in the ledger of credits."""
    return Key(workspace_partition(workspace_id), CREDIT_PREFIX + entry_id)


def workflow(workspace_id: str, workflow_id: str) -> Key:
    """A workflow: name, description, current version."""
    return Key(workspace_partition(workspace_id), WORKFLOW_PREFIX + workflow_id)


def program(workspace_id: str, workflow_id: str, version: int) -> Key:
    """One immutable version of a workflow's program."""
    return Key(workspace_partition(workspace_id), f"PROGRAM#{workflow_id}#{version:08d}")


def execution(workspace_id: str, execution_id: str) -> Key:
    """An execution: status, times and where it stands."""
    return Key(workspace_partition(workspace_id), EXECUTION_PREFIX + execution_id)


def receipt(workspace_id: str, operation: str, key_hash: str) -> Key:
    """The record of a first success under an idempotency key."""
    return Key(workspace_partition(workspace_id), f"{RECEIPT_PREFIX}{operation}#{key_hash}")


def review(workspace_id: str, review_id: str) -> Key:
    """A review: what is asked of a person, and the decision."""
    return Key(workspace_partition(workspace_id), REVIEW_PREFIX + review_id)


def pending_review(workspace_id: str, review_id: str) -> Key:
    """The mark of a review that nobody has decided, so that pending ones are found among many."""
    return Key(workspace_partition(workspace_id), PENDING_PREFIX + review_id)


def window(workspace_id: str, minute: datetime) -> Key:
    """The count of a workspace's requests in one minute."""
    stamp = minute.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    return Key(f"{workspace_partition(workspace_id)}#WINDOW#{stamp}", "WINDOW")


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that a moment lies in."""
    return moment.replace(second=0, microsecond=0)


def windows_around(workspace_id: str, moment: datetime) -> list[Key]:
    """The windows that any worker may count into at a moment, its clock being wrong by less than a minute."""
    minute = minute_of(moment)
    return [window(workspace_id, minute + timedelta(minutes=shift)) for shift in (-1, 0, 1)]


def execution_partition(execution_id: str) -> str:
    """The partition of what an execution has done: its input, steps and journal."""
    return f"EXECUTION#{execution_id}"


def execution_input(execution_id: str) -> Key:
    """The input of an execution, kept apart so that polling never reads it."""
    return Key(execution_partition(execution_id), "INPUT")


def asked_review(execution_id: str, review_id: str) -> Key:
    """Where an execution finds a review that it created."""
    return Key(execution_partition(execution_id), ASKED_PREFIX + review_id)


def task(execution_id: str) -> Key:
    """The token by which an execution that waits for decisions is woken; shown to nobody."""
    return Key(execution_partition(execution_id), "TASK")


def step(execution_id: str, index: int) -> Key:
    """One step that was begun."""
    return Key(execution_partition(execution_id), f"{STEP_PREFIX}{index:05d}")


def calls_of(index: int) -> str:
    """The sort key prefix of one step's journal."""
    return f"{CALL_PREFIX}{index:05d}#"


def call(execution_id: str, index: int, nth: int) -> Key:
    """One journal entry: the nth effect of a step."""
    return Key(execution_partition(execution_id), f"{calls_of(index)}{nth:05d}")


def by_workflow(workspace_id: str, workflow_id: str) -> str:
    """The partition of the index that lists the executions of one workflow."""
    return f"{workspace_partition(workspace_id)}#WORKFLOW#{workflow_id}"


OPEN_SHARDS = 4


def open_shard(execution_id: str) -> str:
    """The partition of the index of running executions that an execution is found in."""
    return f"OPEN#{int(execution_id[-4:], 16) % OPEN_SHARDS}"


def open_shards() -> list[str]:
    """All partitions of the index of running executions."""
    return [f"OPEN#{shard}" for shard in range(OPEN_SHARDS)]


def last_before(prefix: str, after: str | None) -> str:
    """The last sort key of a page that goes on behind the id `after`: a position, whether or not the id exists."""
    if after is None:
        return prefix + "~"
    return f"{prefix}{int(after, 16) - 1:024x}" if int(after, 16) else prefix
