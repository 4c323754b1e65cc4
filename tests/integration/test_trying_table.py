"""The table in memory does what that of AWS does: each operation runs on both, and what they answer is compared."""

import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from domain.aws.keys import Key, Page
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import ABSENT, ConditionNotMet, Item, Write
from domain.engine.slices import run_slice
from domain.entities import executions, reviews, workflows, workspaces
from domain.entities.api_keys import Scope
from domain.entities.executions import Status
from domain.entities.workspaces import Plan
from domain.operations import accounts, outcomes, publishing
from domain.operations.admission import Rerun
from domain.operations.deciding import Decide
from domain.operations.idempotency import carry_out
from domain.refusals import (
    ConcurrencyLimitReached,
    IdempotencyKeyReused,
    InsufficientCredits,
    KeyLimitReached,
    Refusal,
    ReviewAlreadyDecided,
    ReviewClosed,
    WorkflowArchived,
    WorkspaceNotFound,
)
from lodol.trying.expressions import NotUnderstood
from lodol.trying.memory import MemoryTable
from tests.support.conformance import World, cases, slices_of, start
from tests.support.given import NOW, PROGRAM
from tests.support.operations import grant, publish, run, stack_of, started, stop
from tests.support.programs import call, do, let, literal, program

OF_EFFECTS = [case for case in cases() if case["id"].startswith("effects") and "findings" not in case]


class Both:
    """The table of AWS and the one in memory; whatever the one says, the other must say too."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.memory = MemoryTable()

    def get(self, key: Key) -> Item | None:
        return cast("Item | None", self._same(lambda table: table.get(key)))

    def get_many(self, *keys: Key) -> dict[Key, Item]:
        return cast("dict[Key, Item]", self._same(lambda table: table.get_many(*keys)))

    def query(self, pk: str, page: Page, attributes: Sequence[str] = ()) -> Iterator[Item]:
        return iter(cast("list[Item]", self._same(lambda table: list(table.query(pk, page, attributes)))))

    def commit(self, *writes: Write) -> None:
        self._same(lambda table: table.commit(*writes))

    def _same(self, ask: Callable[[Any], object]) -> object:
        told = [_told(ask, table) for table in (self.table, self.memory)]
        assert told[0][0] == told[1][0]
        if told[0][1] is not None:
            raise told[0][1]
        return told[0][0]


def _told(ask: Callable[[Any], object], table: Any) -> tuple[object, Exception | None]:
    try:
        return ask(table), None
    except Exception as refusal:  # noqa: BLE001 - whichever it is, the other must raise it too
        return (type(refusal), vars(refusal), str(refusal)), refusal


@pytest.fixture
def both(table: Table) -> Table:
    return cast("Table", Both(table))


@pytest.fixture
def stack(both: Table, unreachable_machine: StateMachine) -> Stack:
    return stack_of(both, unreachable_machine)


@pytest.mark.parametrize("case", OF_EFFECTS, ids=lambda case: case["id"])
def test_executions_are_stored_alike(case: Any, stack: Stack) -> None:
    ids = start(stack, case["program"], case.get("input"))
    world = World()
    context = slices_of(stack, world)

    while (following := run_slice(context, *ids)).action != "done":
        world.now = max(world.now, following.until or world.now)

    ended = executions.read(stack.table, *ids)
    assert ended.status is (Status.FAILED if "error" in case else Status.SUCCESS)


def test_admission_is_refused_alike(stack: Stack) -> None:
    table = stack.table
    workspace = accounts.create_workspace(table, NOW, name="A", plan=Plan.PRO, credits=3, concurrent_executions=2)
    workflow = publish(table, NOW, workspace.id, name="W", description="", program=PROGRAM)
    for _ in range(2):
        started(stack, NOW, workspace, workflow.id)

    with pytest.raises(ConcurrencyLimitReached):
        run(stack, NOW, workspace, workflow.id)
    poor = accounts.create_workspace(table, NOW, name="B", plan=Plan.PRO)
    theirs = publish(table, NOW, poor.id, name="W", description="", program=PROGRAM)
    with pytest.raises(InsufficientCredits):
        run(stack, NOW, poor, theirs.id)
    publishing.archive(table, NOW, workspace.id, workflow.id)
    with pytest.raises(WorkflowArchived):
        run(stack, NOW, workspace, workflow.id)
    assert workflows.read(table, workspace.id, workflow.id).archived_at
    publishing.archive(table, NOW + timedelta(days=1), workspace.id, workflow.id)
    publishing.restore(table, workspace.id, workflow.id)
    with pytest.raises(WorkspaceNotFound):
        table.commit(workspaces.add_credits("0" * 24, 1))


def test_workflows_are_changed_alike(stack: Stack) -> None:
    table = stack.table
    workspace = accounts.create_workspace(table, NOW, name="A", plan=Plan.PRO)
    first = publish(table, NOW, workspace.id, name="W", description="", program=PROGRAM)

    renamed = publish(table, NOW, workspace.id, name="V", description="d", program=program(), workflow_id=first.id)

    assert (renamed.id, renamed.version) == (first.id, 2)
    assert publish(table, NOW, workspace.id, name="W", description="", program=PROGRAM).id != first.id
    listed = workflows.list_page(table, workspace.id, 1, None)
    assert len(workflows.list_page(table, workspace.id, 5, listed[0].id)) == 1


def test_keys_of_idempotency_and_of_the_api_are_counted_alike(stack: Stack) -> None:
    table = stack.table
    workspace = accounts.create_workspace(table, NOW, name="A", plan=Plan.PRO, credits=5)
    workflow = publish(table, NOW, workspace.id, name="W", description="", program=PROGRAM)
    scopes = frozenset({Scope.READ_EXECUTIONS})

    assert (
        run(stack, NOW, workspace, workflow.id, key="k").body == run(stack, NOW, workspace, workflow.id, key="k").body
    )
    with pytest.raises(IdempotencyKeyReused):
        run(stack, NOW, workspace, workflow.id, 1, key="k")
    run(stack, NOW + timedelta(days=2), workspace, workflow.id, 1, key="k")
    grant(stack, NOW, workspace.id, 5)
    made = [accounts.create_key(table, NOW, workspace, scopes)[1] for _ in range(3)]
    with pytest.raises(KeyLimitReached):
        accounts.create_key(table, NOW, workspace, scopes)
    for one in made:
        accounts.revoke_key(table, NOW, workspace.id, one.id)
    accounts.create_key(table, NOW, workspace, scopes)


def test_reviews_stops_reruns_and_generations_are_stored_alike(stack: Stack) -> None:
    table = stack.table
    asks = program(let("review", call("human.create", literal("?"))), do(call("human.wait")))
    ids = start(stack, asks)
    world = World()
    run_slice(slices_of(stack, world), *ids)
    [review] = reviews.of_execution(table, ids[1])
    table.commit(reviews.keep_token(ids[1], 2, "second"))
    with pytest.raises(ConditionNotMet):
        table.commit(reviews.keep_token(ids[1], 1, "first"))
    assert reviews.read_token(table, ids[1]) == "second"
    decide = Decide(now=NOW, workspace_id=ids[0], review_id=review.id, decision="approved", comment=None)
    carry_out(stack, decide)
    with pytest.raises(ReviewAlreadyDecided):
        carry_out(stack, decide)
    assert run_slice(slices_of(stack, world), *ids).action == "done"
    workspace = workspaces.read(table, ids[0])
    grant(stack, NOW, workspace.id, 9)
    again = json.loads(carry_out(stack, Rerun(now=NOW, workspace=workspace, execution_id=ids[1], from_step=1)).body)

    with pytest.raises(Refusal):  # nothing can be started
        outcomes.move_on(stack, NOW, executions.read_state(table, ids[0], again["execution_id"]), 1)
    state = executions.read_state(table, ids[0], again["execution_id"])
    assert state.generation.number == 2
    table.commit(executions.postpone(state, "2027"))
    outcomes.record_broken(table, NOW, executions.read_state(table, ids[0], again["execution_id"]))

    other = start(stack, asks)
    run_slice(slices_of(stack, world), *other)
    [open_review] = reviews.of_execution(table, other[1])
    stop(stack, NOW, *other)
    with pytest.raises(ReviewClosed):
        carry_out(stack, Decide(now=NOW, workspace_id=other[0], review_id=open_review.id, decision="approved"))


AT, OTHER = Key("p", "s"), Key("p", "t")


@pytest.mark.parametrize(
    "condition",
    [
        "n = :one",
        "n < :two AND attribute_exists(n)",
        "n > :one OR n >= :one",
        "attribute_not_exists(n) OR n <= :one AND gone = :one",
        "(attribute_exists(gone) OR n = :one) AND size(few) < :two",
        "size(few) = :two",
        "gone < :one",
        "letters = :one",
    ],
)
def test_conditions_hold_alike(both: Table, condition: str) -> None:
    both.commit(Write.put(AT, {"n": 1, "letters": "1", "flag": True, "few": {"a"}}))
    used = {name: value for name, value in {":one": 1, ":two": 2}.items() if name in condition}

    for kind in ("Update", "ConditionCheck"):
        expression = "SET x = :one" if kind == "Update" else ""
        values = {**used, **({":one": 1} if expression else {})}
        write = Write(kind, AT, expression, condition, values, refusal=LookupError)
        try:
            both.commit(write, Write.put(OTHER, {"x": 1}))
        except LookupError:
            assert both.get(OTHER) is None or kind == "ConditionCheck"


def test_a_commit_is_carried_out_whole_or_not_at_all_and_the_first_refusal_decides(both: Table) -> None:
    both.commit(Write.put(AT, {"n": 1}))

    def put(key: Key, name: str) -> Write:
        return Write.put(key, {"n": 2}, condition=ABSENT, refusal=lambda seen: LookupError(name, seen))

    with pytest.raises(LookupError, match="second"):
        both.commit(put(OTHER, "first"), put(AT, "second"), put(AT._replace(sk="u"), "third"))

    assert both.get(OTHER) is None


def test_items_are_walked_alike(both: Table) -> None:
    for sk in ("A#1", "A#2", "B#1", "a#1", "ä", "~"):
        both.commit(Write.put(Key("p", sk), {"of": [{"a": 1}], "none": None}))
    both.commit(Write.delete(Key("p", "A#2")))

    for page in (Page.whole("A#"), Page.newest("", limit=2), Page.until("B"), Page("b", "a")):
        list(both.query("p", page))
    assert [item["sk"] for item in both.query("p", Page.newest("", limit=2))] == ["~", "a#1"]
    assert both.get_many(AT, Key("p", "A#1")).keys() == {Key("p", "A#1")}


@pytest.mark.parametrize("value", [1.5, (1,), b"bytes"], ids=repr)
def test_memory_takes_nothing_that_would_come_back_as_something_else(value: object) -> None:
    with pytest.raises(TypeError, match="the table stores no"):
        MemoryTable().commit(Write.put(AT, {"x": value}))


def test_the_size_of_what_is_not_there_is_less_than_nothing() -> None:
    """As DynamoDB has it; the one of the other tests gives up."""
    with pytest.raises(ConditionNotMet):
        MemoryTable().commit(Write.update(AT, "SET n = :two", condition="size(few) < :two", values={":two": 2}))


@pytest.mark.parametrize("condition", ["flag = :one", "letters < :one", "letters >= :one"])
def test_what_is_of_another_kind_compares_to_nothing(condition: str) -> None:
    """As DynamoDB has it; to the one of the other tests true is 1."""
    table = MemoryTable()
    table.commit(Write.put(AT, {"flag": True, "letters": "1"}))

    with pytest.raises(ConditionNotMet):
        table.commit(Write.update(AT, "SET n = :one", condition=condition, values={":one": 1}))


def test_what_is_read_from_memory_is_a_copy() -> None:
    table = MemoryTable()
    table.commit(Write.put(AT, {"inner": {"a": [1]}}))
    seen: Any = table.get(AT)
    seen["inner"]["a"].append(2)

    assert (table.get(AT) or {})["inner"] == {"a": [1]}


@pytest.mark.parametrize(
    ("condition", "expression"),
    [
        ("contains(a, :x)", ""),
        ("NOT a = :x", ""),
        ("a = :x a = :x", ""),
        ("a = ", ""),
        ("a & :x", ""),
        ("", "SET a.b = :x"),
        ("", "SET a"),
        ("", "TURN a :x"),
    ],
)
def test_an_expression_that_is_not_understood_is_no_silent_success(condition: str, expression: str) -> None:
    with pytest.raises(NotUnderstood):
        MemoryTable().commit(Write("Update", AT, expression, condition, {":x": 1}))


def test_a_commit_has_up_to_100_writes_and_no_item_twice() -> None:
    for writes in ([Write.delete(AT)] * 2, [Write.delete(Key("p", str(i))) for i in range(101)]):
        with pytest.raises(ValueError, match="up to 100 writes"):
            MemoryTable().commit(*writes)
    with pytest.raises(ValueError, match="more than 100 at once"):
        MemoryTable().get_many(*(Key("p", str(i)) for i in range(101)))


def test_it_is_asked_as_the_table_is() -> None:
    for name, method in vars(MemoryTable).items():
        if not name.startswith("_"):
            assert list(inspect.signature(method).parameters) == list(
                inspect.signature(getattr(Table, name)).parameters
            ), name
