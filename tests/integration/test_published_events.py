"""What others are told: its form, its schema, and what is left to a person when nobody can be told."""

import json
from typing import Any

import boto3
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from domain.aws.stack import Stack
from domain.aws.stream import change_of
from domain.engine.slices import run_slice
from domain.entities import events, executions, reviews, webhooks
from domain.entities.executions import Status
from domain.entities.webhooks import Webhook
from domain.entities.workspaces import Workspace
from domain.ids import new_id
from domain.moments import to_text, utc_now
from domain.operations import publication
from handlers.worker import Worker
from lodol.cli.main import app
from scripts.generated import ROOT
from tests.faults.test_events import busy
from tests.support.conformance import START, World, slices_of
from tests.support.documents import rows, section
from tests.support.operations import publish, started, stop
from tests.support.programs import call, do, literal, program
from tests.support.streams import Outside, Stream
from tests.support.system import Fresh, System
from views import telling
from views.events import EVENTS, ExecutionEnded

SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text())
TYPES = {kind for model in EVENTS for kind in model.model_fields["type"].annotation.__args__}  # type: ignore[union-attr]
ON_THE_BUS = TYPES - {"webhook.test"}


def told(fresh: Fresh) -> list[Any]:
    system, outside = fresh(), Outside()
    stream = Stream()
    busy(system)
    pause_a_webhook(system)
    stream.deliver(Worker(outside.stack(system.stack), system.world.clock))
    return outside.told


def pause_a_webhook(system: System) -> None:
    """Let a webhook fail for days."""
    webhook = Webhook(new_id(START), system.workspace.id, "https://example.com/", "", (), (), to_text(START))
    system.table.commit(*webhooks.create(webhook))
    system.table.commit(webhooks.note_failure(webhook, START))
    system.table.commit(webhooks.pause(webhook, START, "failures"))


def test_only_who_is_paused_for_what_its_receiver_does_is_told_of(fresh: Fresh) -> None:
    system, outside = fresh(), Outside()
    stream = Stream()
    webhook = Webhook(new_id(START), system.workspace.id, "https://example.com/", "", (), (), to_text(START))
    system.table.commit(*webhooks.create(webhook))
    for _ in range(2):
        system.table.commit(webhooks.pause(webhook, START, "asked"))
        system.table.commit(webhooks.resume(webhook))
    for reason in ("failures", "gone"):
        system.table.commit(webhooks.pause(webhook, START, reason))
        system.table.commit(webhooks.resume(webhook))
    stream.deliver(Worker(outside.stack(system.stack), system.world.clock))

    assert [(one["id"], one["data"]["pause_reason"]) for one in outside.details] == [
        (f"{webhook.id}-1", "failures"),
        (f"{webhook.id}-2", "gone"),
    ]


def test_of_changes_that_the_function_is_not_invoked_for_it_would_tell_nothing_either(fresh: Fresh) -> None:
    system, outside = fresh(), Outside()
    stream = Stream()
    busy(system)
    pause_a_webhook(system)
    asked = Webhook(new_id(START), system.workspace.id, "https://example.com/", "", (), (), to_text(START))
    system.table.commit(*webhooks.create(asked))
    system.table.commit(webhooks.pause(asked, START, "asked"))

    whatever = [one.id for record in stream.records for one in events.read_of(system.table, change_of(record))]
    stream.deliver(Worker(outside.stack(system.stack), system.world.clock))

    assert whatever == [one["id"] for one in outside.details]


def test_every_event_is_as_its_model_and_the_schema_of_the_documents_say(fresh: Fresh) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    entries = told(fresh)

    for entry in entries:
        detail = json.loads(entry["Detail"])
        [model] = [one for one in EVENTS if detail["type"] in one.model_fields["type"].annotation.__args__]  # type: ignore[union-attr]
        assert list(model.model_validate(detail).model_dump()) == sorted(detail, key=list(model.model_fields).index)
        assert [error.message for error in validator.iter_errors(detail)] == []
        assert (entry["Source"], entry["DetailType"]) == ("lodol.executions", detail["type"])
        assert entry["Time"].isoformat() == detail["timestamp"]
    assert {entry["DetailType"] for entry in entries} == ON_THE_BUS


def test_the_schema_refuses_what_is_no_event_and_takes_fields_to_come(fresh: Fresh) -> None:
    validator = Draft202012Validator(SCHEMA)
    detail = json.loads(told(fresh)[0]["Detail"])

    assert validator.is_valid({**detail, "added": 1, "data": {**detail["data"], "added": 1}})
    assert not validator.is_valid({**detail, "version": 2})
    assert not validator.is_valid({**detail, "id": ""})
    assert not validator.is_valid({name: field for name, field in detail.items() if name != "sequence"})


def test_the_documents_list_every_event_and_show_one() -> None:
    text = section("events", "Every event")
    assert {row[0].strip("`") for row in rows(text)} == ON_THE_BUS
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    ExecutionEnded.model_validate(example)
    assert Draft202012Validator(SCHEMA).is_valid(example)


def test_a_long_error_is_cut(fresh: Fresh) -> None:
    system, outside = fresh(), Outside()
    stream = Stream()
    system.run(system.workflow({"kind": "FailStmt", "message": literal("x" * 9000)}))
    system.drive()
    stream.deliver(Worker(outside.stack(system.stack), system.world.clock))

    [detail] = outside.details
    assert len(detail["data"]["error"]) == 2000


def test_nothing_is_decided_of_an_execution_that_was_stopped_meanwhile(stack: Stack, workspace: Workspace) -> None:
    world = World(utc_now())
    config = literal({"timeoutSeconds": 60, "defaultDecision": "rejected"})
    asks = do(call("human.create", literal("Go?"), literal(None), literal(None), config))
    workflow = publish(
        stack.table,
        world.now,
        workspace.id,
        name="Asks",
        description="",
        program=program(asks, do(call("human.wait"))),
    )
    execution_id = started(stack, world.now, workspace, workflow.id)
    run_slice(slices_of(stack, world), workspace.id, execution_id)
    world.now = world.now.replace(year=world.now.year + 1)
    stop(stack, world.now, workspace.id, execution_id)

    [seen] = reviews.take_defaults(stack.table, world.now, execution_id)

    assert seen.decision == "rejected"
    assert stack.table.get(reviews.key(workspace.id, seen.id)) is not None
    assert "decision" not in (stack.table.get(reviews.key(workspace.id, seen.id)) or {})
    assert executions.read(stack.table, workspace.id, execution_id).status is Status.STOPPED


def test_of_a_review_that_is_gone_nothing_is_told_and_nothing_is_left_to_a_person(fresh: Fresh) -> None:
    system, outside, stream = fresh(), Outside(), Stream()
    system.run(system.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait"))))
    system.drive()
    [review] = system.reviews()
    system.decide(review["review_id"])
    system.drive()
    pk, sk = reviews.key(system.workspace.id, review["review_id"])
    boto3.client("dynamodb").delete_item(TableName="table", Key={"pk": {"S": pk}, "sk": {"S": sk}})
    kept: list[Any] = []

    publication.publish(outside.stack(system.stack), system.world.now, stream.batch(), telling.event, kept.append)

    assert kept == []
    assert [detail["type"] for detail in outside.details] == ["execution.succeeded"]


@pytest.fixture
def deployed(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stack with its bus, a queue behind it, and the queue of letters; answers with the url of the latter."""
    system = fresh()
    queues = {"Letters": {"Type": "AWS::SQS::Queue"}}
    outputs = {
        "TableName": {"Value": "table"},
        "EventBusName": {"Value": "acme"},
        "EventDeadLettersUrl": {"Value": {"Ref": "Letters"}},
    }
    events, sqs = boto3.client("events"), boto3.client("sqs")
    events.create_event_bus(Name="acme")
    template = json.dumps({"Resources": queues, "Outputs": outputs})
    boto3.client("cloudformation").create_stack(StackName="acme", TemplateBody=template)
    monkeypatch.setenv("LODOL_STACK", "acme")
    [url] = sqs.list_queues()["QueueUrls"]
    stream = Stream()
    busy(system)
    for record in stream.batch()[:2]:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(record))
    return str(url)


def letters(url: str) -> int:
    counts = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


def test_what_could_not_be_published_is_published_by_a_command(deployed: str) -> None:
    done = CliRunner().invoke(app, ["events", "replay", "--json"])

    assert (done.exit_code, json.loads(done.stdout)) == (0, {"published": 2, "left": 0})
    assert letters(deployed) == 0


def test_what_still_cannot_be_read_is_left(deployed: str) -> None:
    boto3.client("sqs").send_message(QueueUrl=deployed, MessageBody='{"eventName": "MODIFY"}')
    done = CliRunner().invoke(app, ["events", "replay", "--json"])

    assert (done.exit_code, json.loads(done.stdout)) == (1, {"published": 2, "left": 1})
    assert letters(deployed) == 1


def test_what_is_left_is_the_record_itself(stack: Stack) -> None:
    record = {"eventName": "MODIFY", "dynamodb": {}}
    kept: list[Any] = []

    assert publication.publish(stack, utc_now(), [record], telling.event, kept.append) == []
    assert kept == [record]
