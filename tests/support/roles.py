"""The roles of the template as IAM evaluates them, and what functions ask of AWS while a test runs.

A call of AWS that is made while a function works counts as that function's, and has to be granted to its role: so every
test on AWS in this process is one on enforced grants.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any

import pytest
from botocore.client import BaseClient
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from samtranslator.yaml_helper import yaml_parse

from handlers.http import Endpoint
from tests.support.template import ROOT, functions

STACK = "stack"
MACHINE_ARN = f"arn:aws:states:us-east-1:123456789012:stateMachine:{STACK}-run-workflow"
SENDER = "hello@lodol.example"
CREDENTIAL_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:credential"
_TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/table"

_VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": STACK,
    "SenderAddress": SENDER,
    "ApiCredentialSecretArn": CREDENTIAL_ARN,
    "TableStreamArn": f"{_TABLE_ARN}/stream/2026-11-25T00:00:00.000",
}
_NAME = re.compile(r"(?<![:\w#])#?[a-z_]\w*(?!\w*\()")
"""An attribute in an expression: no keyword, which is written in capitals, no function and no value."""


@dataclass(frozen=True)
class Ask:
    """What IAM is asked by a call: the action, on what, and of items the partition keys, and the attributes that an
    update names, of a mail its sender; `None` on whatever it is.
    """

    action: str
    resource: str | None
    keys: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    sender: str | None = None


@dataclass
class Watch:
    """What each function has asked so far, and what of it its role does not grant."""

    function: str | None = None
    """The function that works right now, by its name in the template."""
    asked: dict[str, set[Ask]] = field(default_factory=dict)
    denied: list[tuple[str, Ask]] = field(default_factory=list)

    def note(self, function: str, ask: Ask) -> None:
        """Take down what a call of a function asks."""
        asked = self.asked.setdefault(function, set())
        if ask not in asked and not allows(statements()[role_of(function)], ask):
            self.denied.append((function, ask))
        asked.add(ask)

    @contextmanager
    def works(self, function: str | None) -> Iterator[None]:
        """What is called meanwhile is called by this function; by none for what others do in between."""
        before, self.function = self.function, function
        try:
            yield
        finally:
            self.function = before


def watched(patches: pytest.MonkeyPatch) -> Watch:
    """Watch what the handlers ask from now on."""
    watch, serve = Watch(), Endpoint.__call__
    carry_out = BaseClient._make_api_call  # type: ignore[attr-defined]
    names: dict[Any, str] = {}
    for function, properties in functions().items():
        module = importlib.import_module(properties["Handler"].removesuffix(".handler"))
        if isinstance(module.handler, Endpoint):
            names[module.handler] = function
        else:
            patches.setattr(module, "handler", _working(watch, function, module.handler))

    def served(endpoint: Endpoint, *arguments: Any) -> Any:
        # An endpoint that a test has made up is no function of the template.
        with watch.works(names.get(endpoint)):
            return serve(endpoint, *arguments)

    def called(client: Any, operation: str, parameters: Any) -> Any:
        if watch.function is not None:
            for ask in asks(client.meta.service_model.signing_name, operation, parameters):
                watch.note(watch.function, ask)
        return carry_out(client, operation, parameters)

    patches.setattr(Endpoint, "__call__", served)
    patches.setattr(BaseClient, "_make_api_call", called)
    return watch


def _working(watch: Watch, function: str, handler: Any) -> Any:
    @wraps(handler)
    def works(*arguments: Any) -> Any:
        with watch.works(function):
            return handler(*arguments)

    return works


def asks(service: str, operation: str, parameters: Any) -> Iterator[Ask]:
    """What IAM is asked by one call; a transaction asks for each of its writes, as if they were made alone."""
    match service, operation:
        case "dynamodb", "TransactWriteItems":
            for write in parameters["TransactItems"]:
                for kind, written in write.items():
                    yield from asks(
                        service, "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item", written
                    )
        case "dynamodb", "BatchGetItem":
            for read in parameters["RequestItems"].values():
                yield Ask("dynamodb:BatchGetItem", _TABLE_ARN, _prefixes(read["Keys"]))
        case "dynamodb", "Query" if "IndexName" in parameters:
            yield Ask("dynamodb:Query", f"{_TABLE_ARN}/index/{parameters['IndexName']}")
        case "dynamodb", "Query":
            keys = _prefixes([{"pk": parameters["ExpressionAttributeValues"][":pk"]}])
            yield Ask("dynamodb:Query", _TABLE_ARN, keys)
        case "dynamodb", _:
            keys = _prefixes([parameters[name] for name in ("Key", "Item") if name in parameters])
            yield Ask(f"dynamodb:{operation}", _TABLE_ARN, keys, _attributes_of(parameters))
        # AWS looks the state machine of a task token up; samtranslator's StepFunctionsCallbackPolicy grants the same.
        case "states", "SendTaskSuccess":
            yield Ask("states:SendTaskSuccess", MACHINE_ARN)
        case "states", _:
            yield Ask(f"states:{operation}", parameters.get("stateMachineArn") or parameters["executionArn"])
        # Which of the two depends on what is verified.
        case "ses", _:
            sender = parameters["FromEmailAddress"]
            for identity in (sender, sender.partition("@")[2]):
                arn = f"arn:aws:ses:us-east-1:123456789012:identity/{identity}"
                yield Ask(f"ses:{operation}", arn, sender=sender)
        # What the parts of a test's stack make when they are first used.
        case "sqs" | "events" | "secretsmanager", "CreateQueue" | "CreateEventBus" | "CreateSecret":
            return
        case "secretsmanager", _ if parameters["SecretId"] == "WebhookKey":
            yield Ask(f"secretsmanager:{operation}", "arn:of:WebhookKey.Id")
        case "secretsmanager", _:
            yield Ask(f"secretsmanager:{operation}", parameters["SecretId"])
        # IAM knows no batches of messages.
        case "sqs", _:
            is_dead = parameters["QueueUrl"].endswith("/event-dead-letters")
            queue = "EventDeadLetters" if is_dead else "WebhookDeliveries"
            yield Ask(f"sqs:{operation.removesuffix('Batch')}", f"arn:of:{queue}.Arn")
        case _:
            yield Ask(f"{service}:{operation}", None)


def _prefixes(keys: list[Any]) -> tuple[str, ...]:
    """Partition keys without what differs from item to item, each once."""
    texts = [key["pk"]["S"] if isinstance(key["pk"], dict) else key["pk"] for key in keys]
    return tuple(sorted({re.sub(r"#(?![A-Z])[^#]*", "#x", text) for text in texts}))


def _attributes_of(update: Any) -> tuple[str, ...]:
    """The attributes that an update names, in what it does and on which condition, and those of its key."""
    if "UpdateExpression" not in update:
        return ()
    said = f"{update['UpdateExpression']} {update.get('ConditionExpression', '')}"
    names = [update.get("ExpressionAttributeNames", {}).get(name, name) for name in _NAME.findall(said)]
    return tuple(sorted({*names, *update["Key"]}))


def role_of(function: str) -> str:
    """The role of a function, by its name in the template."""
    name: str = functions()[function]["Role"].partition(".")[0]
    return name


@cache
def template() -> Any:
    """The template with its functions, as CloudFormation reads them."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@cache
def statements() -> dict[str, list[Any]]:
    """What each role of the template may do, with every condition met."""
    return {
        name: [
            rendered
            for policy in resource["Properties"]["Policies"]
            for written in policy["PolicyDocument"]["Statement"]
            if (rendered := _rendered(written)) is not None
        ]
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }


def _rendered(value: Any) -> Any:
    match value:
        case {"Fn::If": [_, then, _]}:
            return _rendered(then)
        case {"Fn::GetAtt": [*path]}:
            return _attribute(".".join(path))
        case {"Fn::GetAtt": path}:
            return _attribute(path)
        case {"Ref": name}:
            return _value(name)
        case {"Fn::Sub": [text, names]}:
            named = {name: _rendered(inner) for name, inner in names.items()}
            return _substituted(re.sub(r"\$\{(\w+)\}", lambda found: named.get(found[1], found[0]), text))
        case {"Fn::Sub": text}:
            return _substituted(text)
        case {"Fn::Select": [index, {"Fn::Split": [by, whole]}]}:
            return _rendered(whole).split(by)[int(index)]
        case dict():
            return {name: _rendered(inner) for name, inner in value.items()}
        case list():
            return [_rendered(inner) for inner in value]
        case _:
            return value


def _substituted(text: str) -> str:
    return re.sub(r"\$\{([\w:.]+)\}", lambda found: _value(found[1]), text)


def _value(name: str) -> str:
    return _attribute(name) if "." in name else _VALUES.get(name, name)


def _attribute(path: str) -> str:
    """An attribute of a resource; of all but the table its name tells one from the other."""
    return _TABLE_ARN if path == "Table.Arn" else f"arn:of:{path}"


def allows(granted: list[Any], ask: Ask) -> bool:
    """Whether IAM would grant it by these statements."""
    resources = [ask.resource] if ask.resource else [each for one in granted for each in as_list(one["Resource"])]
    policies = [parse_policy_document({"Version": "2012-10-17", "Statement": granted})]
    return any(
        evaluate(
            EvalContext(
                principal_arn="arn:aws:sts::123456789012:assumed-role/role/function",
                principal_type="AssumedRole",
                principal_account="123456789012",
                action=ask.action,
                resource_arn=resource,
                region="us-east-1",
                service_context={
                    "dynamodb:leadingkeys": list(ask.keys),
                    "dynamodb:attributes": list(ask.attributes) or None,
                    "ses:fromaddress": ask.sender,
                },
            ),
            policies,
        ).decision
        == "Allow"
        for resource in resources
    )


def asked_by_the_platform() -> dict[str, set[Ask]]:
    """What AWS itself asks in the name of each role, for what the template says of its function or its machine."""
    whole = template()
    shared = whole["Globals"]["Function"]
    asked: dict[str, set[Ask]] = {}
    for resource in whole["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            wanted = list(_wanted({**shared, **properties}))
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            # An execution that began before the machine called an alias calls the function behind it.
            tasks = [task["Ref"].removesuffix(".Alias") for task in properties["DefinitionSubstitutions"].values()]
            called = [arn for name in tasks for arn in ({"Ref": f"{name}.Alias"}, {"Fn::GetAtt": f"{name}.Arn"})]
            wanted = [("lambda:InvokeFunction", arn) for arn in called]
        else:
            continue
        role = properties["Role"]["Fn::GetAtt"][0]
        asked[role] = {Ask(action, _rendered(acts_on)) for action, acts_on in wanted}
    shifting = {"lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"}
    aliases = [f"arn:aws:lambda:us-east-1:123456789012:function:{STACK}-{name}:live" for name in ("run-steps", "x")]
    asked[shared["DeploymentPreference"]["Role"]["Fn::GetAtt"][0]] = {
        Ask("cloudwatch:DescribeAlarms", None),
        *(Ask(action, alias) for action in shifting for alias in aliases),
    }
    return asked


def _wanted(function: Any) -> Iterator[tuple[str, Any]]:
    """What Lambda does in the name of a function, and on what; `None` for whatever there is."""
    for action in ("CreateLogStream", "PutLogEvents"):
        yield f"logs:{action}", {"Fn::GetAtt": [function["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]}
    if "Tracing" in function:
        yield "xray:PutTraceSegments", None
        yield "xray:PutTelemetryRecords", None
    # The settings of the function are decrypted; DynamoDB does the rest for whoever reads and writes.
    if "KmsKeyArn" in function:
        for action in ("Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey"):
            yield f"kms:{action}", function["KmsKeyArn"]
    if "DeadLetterQueue" in function:
        yield "sqs:SendMessage", function["DeadLetterQueue"]["TargetArn"]
    for event in function.get("Events", {}).values():
        source = event["Properties"]
        if event["Type"] == "DynamoDB":
            for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
                yield f"dynamodb:{action}", source["Stream"]
        if event["Type"] == "SQS":
            for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
                yield f"sqs:{action}", source["Queue"]
        if "OnFailure" in source.get("DestinationConfig", {}):
            yield "sqs:SendMessage", source["DestinationConfig"]["OnFailure"]["Destination"]


def as_list(value: Any) -> list[Any]:
    """One or several, as several."""
    return value if isinstance(value, list) else [value]
