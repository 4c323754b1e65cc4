"""Finds the stack that a command works on: by name, or the local one."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from domain.aws.bus import Bus
from domain.aws.clients import CLIENT_CONFIG
from domain.aws.queue import Queue
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import TTL
from lodol.cli.console import CannotDo
from lodol.cli.local import local_stack

_LIVE = ("AWS::Lambda::Alias", "AWS::Lambda::Version")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a stack: its versions with the hash of each one's code, and which of them do what.

    `live` is the one that is called, `deployed` the one that the last deployment published. `shares` are those that get
    a part of the calls of `live` while a release takes over by and by.
    """

    name: str
    live: int
    deployed: int
    versions: Mapping[int, str]
    shares: Mapping[str, float]
    revision: str

    @property
    def before(self) -> int | None:
        """The newest version before the deployed one that is of other code, `None` without any.

        Where only settings were deployed, their code was live before as well, and is passed over.
        """
        code = self.versions.get(self.deployed)
        return max(
            (number for number in self.versions if number < self.deployed and self.versions[number] != code),
            default=None,
        )

    def is_elsewhere(self, version: int) -> bool:
        """Whether calls go to any other version."""
        return self.live != version or bool(self.shares)


class DeployedStack(Stack):
    """A deployed stack, as an operator works on it: by its name and its outputs."""

    def __init__(self, name: str, session: Any, endpoint_url: str | None) -> None:
        super().__init__(
            lambda: Table(self.client("dynamodb"), self._outputs["TableName"]),
            lambda: StateMachine(self.client("stepfunctions"), self._outputs["StateMachineArn"]),
            lambda: Bus(self.client("events"), self._outputs["EventBusName"]),
            deliveries=lambda: Queue(self.client("sqs"), self._outputs["WebhookDeliveriesUrl"]),
        )
        self.name = name
        self._session = session
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}

    @cached_property
    def _outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._described.get("Outputs", [])}

    @cached_property
    def _described(self) -> Any:
        try:
            return self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError:
            raise CannotDo(f"There is no stack named {self.name} in this account and region.") from None
        except NoCredentialsError:
            raise CannotDo("AWS asks who you are: log in as its own command line does (aws configure).") from None
        except BotoCoreError as error:
            if self._endpoint_url:
                raise CannotDo(f"The local stack does not run at {self._endpoint_url}; start it: make up") from None
            raise CannotDo(f"The stack {self.name} cannot be reached: {error}") from None

    @property
    def retention_days(self) -> tuple[int, int]:
        """For how many days after their end the stack keeps executions, and their rows, 0 being for ever."""
        record, _, row = self._outputs["RetentionDays"].partition(",")
        return int(record), int(row)

    def must_be_at_rest(self) -> None:
        """Raise `CannotDo` while a deployment is under way, which CloudFormation itself has to take back."""
        if self._described["StackStatus"].endswith("_IN_PROGRESS"):
            stop = f"aws cloudformation cancel-update-stack --stack-name {self.name}"
            raise CannotDo(f"A deployment is under way; this takes it back: {stop}")

    def functions(self) -> Iterator[Function]:
        """Walk the functions of the stack that have something live."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        # Of both the physical id is the function's ARN with what tells them apart behind it.
        ids = {kind: [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == kind] for kind in _LIVE}
        deployed = {arn.split(":")[6]: int(arn.split(":")[7]) for arn in ids["AWS::Lambda::Version"]}
        client = self.client("lambda")
        for name in sorted(arn.split(":")[6] for arn in ids["AWS::Lambda::Alias"]):
            alias = client.get_alias(FunctionName=name, Name="live")
            pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
            versions = {
                int(version["Version"]): version["CodeSha256"]
                for page in pages
                for version in page["Versions"]
                if version["Version"].isdigit()
            }
            shares = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            live = int(alias["FunctionVersion"])
            yield Function(name, live, deployed[name], versions, shares, alias["RevisionId"])

    def let_be_live(self, function: Function, version: int) -> None:
        """Let a version of a function get all its calls from now on; fails if it was changed since it was read."""
        self.client("lambda").update_alias(
            FunctionName=function.name,
            Name="live",
            FunctionVersion=str(version),
            RoutingConfig={"AdditionalVersionWeights": {}},
            RevisionId=function.revision,
        )

    def begin_restore(self, moment: datetime) -> str:
        """Begin to make a table as the stack's was at a moment, if that was not begun; answers with its name."""
        name = f"{self.name}-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        client = self.client("dynamodb")
        with suppress(client.exceptions.TableAlreadyExistsException):
            client.restore_table_to_point_in_time(
                SourceTableName=self._outputs["TableName"], TargetTableName=name, RestoreDateTime=moment
            )
        return name

    def describe_restored(self, name: str) -> Any:
        """What DynamoDB says of a table."""
        return self.client("dynamodb").describe_table(TableName=name)["Table"]

    def equip_restored(self, name: str, described: Any) -> str:
        """Give a restored table what no restore brings and the template asks of a table; answers with its stream's ARN.

        What it has already is left as it is.
        """
        client = self.client("dynamodb")
        if not described.get("DeletionProtectionEnabled"):
            client.update_table(TableName=name, DeletionProtectionEnabled=True)
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2})
        if not described.get("StreamSpecification", {}).get("StreamEnabled"):
            streams = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
            client.update_table(TableName=name, StreamSpecification=streams)
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2})
        if client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
            client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL})
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        return str(self.describe_restored(name)["LatestStreamArn"])

    def list_not_live(self) -> list[str]:
        """The functions that are called in another version than was deployed last, or with other settings."""
        client, found = self.client("lambda"), []
        for function in self.functions():
            newest = client.get_function_configuration(FunctionName=function.name)
            live = client.get_function_configuration(FunctionName=function.name, Qualifier=str(function.live))
            if function.is_elsewhere(function.deployed) or live["Environment"] != newest["Environment"]:
                found.append(function.name)
        return found

    def count_dead_letters(self, output: str = "DeadLettersUrl") -> int:
        """How many messages wait in a queue of what could not be dealt with: status events, if nothing else is said."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self._outputs[output]
        counts = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)

    def take_event_letters(self) -> Iterator[tuple[Any, Callable[[], None]]]:
        """Take the letters of which no event could be published, each with what removes it from their queue.

        Those that are not removed are back in a minute.
        """
        sqs, url = self.client("sqs"), self._outputs["EventDeadLettersUrl"]
        while True:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)
            for message in answer.get("Messages", []):
                handle = message["ReceiptHandle"]
                yield json.loads(message["Body"]), partial(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)
            if not answer.get("Messages"):
                return

    def stream_records(self, batch: Any) -> list[Any]:
        """Read again the records of a batch that Lambda gave up, by what it says of the batch (`DDBStreamBatchInfo`).

        Raises `CannotDo` where the stream has forgotten them: it remembers a day.
        """
        client = self.client("dynamodbstreams")
        last, found = int(batch["endSequenceNumber"]), list[Any]()
        try:
            following = client.get_shard_iterator(
                StreamArn=batch["streamArn"],
                ShardId=batch["shardId"],
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=batch["startSequenceNumber"],
            )["ShardIterator"]
            while following:
                answer = client.get_records(ShardIterator=following)
                found += answer["Records"]
                if not answer["Records"] or int(found[-1]["dynamodb"]["SequenceNumber"]) >= last:
                    break
                following = answer.get("NextShardIterator")
        except (client.exceptions.TrimmedDataAccessException, client.exceptions.ResourceNotFoundException):
            raise CannotDo(
                f"The stream has forgotten the changes of {batch['approximateArrivalOfLastRecord']}."
            ) from None
        return [record for record in found if int(record["dynamodb"]["SequenceNumber"]) <= last]

    def measured_lines(self, since: int) -> Iterator[tuple[int, str, str]]:
        """Walk the lines of the functions' log that hold metrics, from a millisecond since 1970 on, oldest first.

        Each with its moment and the worker's stream. A local cloud gives the lines that hold none as well.
        """
        pages = self.client("logs").get_paginator("filter_log_events")
        holds_metrics = '{ $._aws.CloudWatchMetrics[0].Namespace = "Lodol" }'
        group = f"/aws/lambda/{self.name}"
        for page in pages.paginate(logGroupName=group, startTime=since, filterPattern=holds_metrics):
            for event in page["events"]:
                yield event["timestamp"], event["logStreamName"], event["message"]

    def counted_by_aws(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many conflicts and throttles AWS has counted of table, state machine and the functions that run."""
        of_table = {"Name": "TableName", "Value": self._outputs["TableName"]}
        of_machine = {"Name": "StateMachineArn", "Value": self._outputs["StateMachineArn"]}
        of_functions = [
            {"Name": "FunctionName", "Value": f"{self.name}-{name}"} for name in ("run-steps", "run-workflow")
        ]
        asked = [
            ("conflicts", "AWS/DynamoDB", "TransactionConflict", of_table),
            ("throttles", "AWS/DynamoDB", "ReadThrottleEvents", of_table),
            ("throttles", "AWS/DynamoDB", "WriteThrottleEvents", of_table),
            ("throttles", "AWS/States", "ExecutionThrottled", of_machine),
            *(("throttles", "AWS/Lambda", "Throttles", function) for function in of_functions),
        ]
        queries = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": [dimension]},
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for number, (_, namespace, name, dimension) in enumerate(asked)
        ]
        answer = self.client("cloudwatch").get_metric_data(MetricDataQueries=queries, StartTime=since, EndTime=until)
        counted = dict.fromkeys((name for name, *_ in asked), 0)
        for result in answer["MetricDataResults"]:
            counted[asked[int(result["Id"][1:])][0]] += int(sum(result["Values"]))
        return counted

    def client(self, service: str) -> Any:
        """A client of a service of AWS, where the stack is."""
        if service not in self._clients:
            client = self._session.client(service, endpoint_url=self._endpoint_url, config=CLIENT_CONFIG)
            self._clients[service] = client
        return self._clients[service]


def find(name: str | None) -> DeployedStack:
    """Find the stack of this name; without one, the local stack of this folder or one above it.

    Raises `CannotDo` if there is none.
    """
    local, endpoint_url = local_stack(), os.environ.get("AWS_ENDPOINT_URL")
    if local and name in {None, local["stack_name"]} and endpoint_url in {None, local["endpoint_url"]}:
        session = boto3.Session("test", "test", region_name=local["region"])
        return DeployedStack(local["stack_name"], session, local["endpoint_url"])
    if name is None and local:
        raise CannotDo(
            f"Which stack? AWS_ENDPOINT_URL is {endpoint_url}, and the local stack is at {local['endpoint_url']}: "
            "name one by --stack or LODOL_STACK, or unset AWS_ENDPOINT_URL"
        )
    if name is None:
        raise CannotDo("Which stack? Name it by --stack or LODOL_STACK, or start the local one: make up")
    session = boto3.Session()
    if session.region_name is None:
        raise CannotDo(f"In which region is the stack {name}? Say it, as: export AWS_DEFAULT_REGION=eu-central-1")
    return DeployedStack(name, session, None)
