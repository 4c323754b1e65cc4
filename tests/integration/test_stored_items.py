"""The architecture's table of items is what is stored: each item, each attribute, and no other."""

import json
import re
from collections import defaultdict
from datetime import timedelta
from typing import Any

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.aws.writes import SHAPE, Item
from domain.engine.slices import run_slice
from domain.entities import deliveries, executions, reviews, shapes, webhooks, workspaces
from domain.entities.api_keys import Scope
from domain.entities.deliveries import Attempt
from domain.entities.executions import Retention
from domain.entities.shapes import Progress
from domain.entities.workflows import Source
from domain.entities.workspaces import Plan
from domain.operations import accounts, deciding, delivering, outcomes, publishing
from domain.operations import webhooks as managing
from domain.operations.access import Authenticator
from domain.operations.admission import Rerun
from domain.operations.deciding import Decide
from domain.operations.idempotency import carry_out
from domain.operations.webhooks import CreateWebhook
from domain.program.lines import Lines
from tests.support.conformance import START, World, slices_of
from tests.support.documents import rows, section
from tests.support.operations import grant, publish, run, started, stop
from tests.support.programs import call, do, for_each, let, literal
from views import telling

_LIMITED = {"decisions": ["yes", "no"], "timeoutSeconds": 600, "defaultDecision": "no"}
_PROGRAM: Any = {
    "kind": "Program",
    "body": [
        let("x", literal(1)),
        let("flaky", call("http.request", literal("GET"), literal("https://flaky/"))),
        {
            "kind": "TryStmt",
            "body": do(call("http.request", literal("GET"), literal("https://fail/"))),
            "name": "e",
            "handler": do(literal(None)),
        },
        do(call("human.create", literal("Go?"), literal("send"), literal(None), literal(_LIMITED))),
        do(call("human.create", literal("Go?"))),
        do(call("log.info", literal("asked"))),
        do(call("human.wait")),
    ],
}
_LOOPING: Any = {
    "kind": "Program",
    "body": [for_each("n", literal(list(range(20))), do(call("time.sleep", literal(1))))],
}
_FAILING: Any = {"kind": "Program", "body": [{"kind": "FailStmt", "message": literal("enough")}]}


def documented() -> dict[tuple[str, str], dict[str, bool]]:
    """The attributes of each kind of item by the patterns of its keys, and whether they are always there."""
    found: dict[tuple[str, str], dict[str, bool]] = {}
    at = ("", "")
    for _, pk, sk, attributes, _ in rows(section("architecture", "The table").partition("###")[0]):
        if pk:
            at = (_pattern(pk), _pattern(sk))
            found[at] = {}
        found[at] |= {name: not optional for name, optional in re.findall(r"`(\w+)(\??)`", attributes)}
    return found


def _pattern(key: str) -> str:
    return re.sub(r"<[^>]+>", "[^#]+", key.strip("`"))


def _stored(table: Table) -> list[Item]:
    return list(table.scan())


def _one_of_each(stack: Stack) -> list[Item]:
    """Do everything once that stores something, and collect every item as it was on the way."""
    table, world, kept = stack.table, World(START), Retention(9, 99)
    seen: list[Item] = []
    workspace = accounts.create_workspace(
        table,
        START,
        name="Acme",
        plan=Plan.ENTERPRISE,
        credits=9,
        requests_per_minute=99,
        concurrent_executions=9,
    )
    seen += _stored(table)
    key, stored_key = accounts.create_key(table, START, workspace, frozenset(Scope), expires_in_days=1)
    Authenticator(table).authenticate(f"Bearer {key}", START)
    accounts.rotate_key(table, START, workspace, stored_key.id, timedelta(hours=1))
    seen += _stored(table)
    accounts.revoke_key(table, START, workspace.id, stored_key.id)
    grant(stack, START, workspace.id, 1, key="g")
    workflow_id = publish(table, START, workspace.id, name="A", description="", program=_PROGRAM).id
    seen += _stored(table)
    execution_id = first_id = started(stack, START, workspace, workflow_id, {"given": 1}, kept)
    seen += _stored(table)
    while (following := run_slice(slices_of(stack, world), workspace.id, execution_id)).action == "wait":
        assert following.until is not None
        world.now = following.until
        seen += _stored(table)
    deciding.await_decisions(stack, world.now, execution_id, 1, "token")
    [review] = [one for one in reviews.of_execution(table, execution_id) if one.action_id == "send"]
    carry_out(
        stack,
        Decide(
            now=world.now,
            idempotency_key="d",
            workspace_id=workspace.id,
            review_id=review.id,
            decision="yes",
            comment="!",
        ),
    )
    seen += _stored(table)
    source = Source("# B", str(Lines.at_positions(_FAILING, {})))
    failing = publish(table, START, workspace.id, name="B", description="", program=_FAILING, source=source).id
    run_slice(slices_of(stack, world), workspace.id, started(stack, START, workspace, failing, None, kept))
    looping = publish(table, START, workspace.id, name="C", description="", program=_LOOPING).id
    execution_id = started(stack, START, workspace, looping, None, kept)
    while (following := run_slice(slices_of(stack, world), workspace.id, execution_id)).until is not None:
        world.now = following.until
    stop(stack, START, workspace.id, first_id)
    again = Rerun(now=world.now, workspace=workspace, execution_id=first_id, program_input=2, from_step=1)
    repeated = json.loads(carry_out(stack, again).body)["execution_id"]
    run_slice(slices_of(stack, world), workspace.id, repeated)
    publishing.archive(table, START, workspace.id, failing)
    stop(stack, START, workspace.id, started(stack, START, workspace, workflow_id), "s")
    run(stack, START, workspace, workflow_id, key="r")
    accounts.update_workspace(table, workspace.id, own_limits={"calls_per_day": 9_999, "visits_per_day": 9_999})
    accounts.suspend_workspace(table, START, workspace.id)
    seen += _stored(table)
    accounts.resume_workspace(table, workspace.id)
    lost = executions.read_state(table, workspace.id, started(stack, START, workspace, workflow_id))
    outcomes.hand_over(stack, START, lost)
    broken = executions.read_state(table, workspace.id, lost.execution.id)
    in_march = START + timedelta(days=60)
    stop(stack, in_march, workspace.id, started(stack, in_march, workspace, workflow_id))
    seen += _stored(table)
    outcomes.record_broken(table, START + timedelta(minutes=1), broken)
    assert workspaces.read(table, workspace.id).credits == 9 + 1 - 8 + 1
    seen += _webhooks(stack, workspace.id)
    table.commit(shapes.put_progress(Progress(0, workspaces.key(workspace.id))))
    table.commit(workspaces.suspend(workspace.id, START, is_leaving=True))
    return seen + _stored(table)


def _webhooks(stack: Stack, workspace_id: str) -> list[Item]:
    """A webhook with each thing that may be said of it, and deliveries that end in each way."""
    table, seen = stack.table, list[Item]()
    asked = CreateWebhook(
        now=START,
        idempotency_key="w",
        workspace_id=workspace_id,
        url="https://example.com/",
        event_types=(),
        workflow_ids=(),
        description="",
        allowed_hosts=frozenset(),
    )
    webhook_id = json.loads(carry_out(stack, asked).body)["webhook_id"]
    begun = delivering.test(stack, START, workspace_id, webhook_id, telling.event)
    seen += _stored(table)
    table.commit(deliveries.record(begun, Attempt("", 1, error="no"), START))
    table.commit(deliveries.give_up(deliveries.read(table, workspace_id, webhook_id, begun.id), "paused"))
    webhook = webhooks.read(table, workspace_id, webhook_id)
    table.commit(webhooks.note_failure(webhook, START))
    table.commit(webhooks.pause(webhook, START, "failures"))
    table.commit(webhooks.rotate(webhook, START))
    seen += _stored(table)
    managing.remove(table, workspace_id, webhook_id)
    return seen


def test_the_table_holds_what_the_architecture_says_and_nothing_else(stack: Stack) -> None:
    kinds = documented()
    attributes: dict[tuple[str, str], list[set[str]]] = defaultdict(list)

    for item in _one_of_each(stack):
        rows = [kind for kind in kinds if re.fullmatch(kind[0], item["pk"]) and re.fullmatch(kind[1], item["sk"])]
        assert len(rows) == 1, (item["pk"], item["sk"])
        assert item["v"] == SHAPE, (item["pk"], item["sk"])
        attributes[rows[0]].append(set(item) - {"pk", "sk", "v"})

    for kind, known in kinds.items():
        assert set().union(*attributes[kind]) == set(known), kind
        always = {name for name, is_always in known.items() if is_always}
        assert always <= set.intersection(*attributes[kind]), kind
