"""What CloudFormation gets: the template as SAM translates it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.model.preferences.deployment_preference_collection import CODEDEPLOY_PREDEFINED_CONFIGURATIONS_LIST

from handlers.metrics import METRICS
from scripts.audit import BY_PARAMETER, EVERYTHING
from scripts.rendered import rendered, translated
from tests.support.documents import rows, section
from tests.support.template import template

ROUTES = {
    ("post", "/v1/workflows/{workflow_id}/run-async"): "RunWorkflowFunction",
    ("get", "/v1/executions"): "ListExecutionsFunction",
    ("get", "/v1/executions/{execution_id}"): "GetExecutionFunction",
    ("post", "/v1/executions/{execution_id}/stop"): "StopExecutionFunction",
    ("get", "/v1/executions/{execution_id}/history"): "GetHistoryFunction",
    ("post", "/v1/executions/{execution_id}/rerun"): "RerunExecutionFunction",
    ("post", "/v1/executions/stop"): "StopExecutionsFunction",
    ("get", "/v1/workspace"): "GetWorkspaceFunction",
    ("get", "/v1/workflows"): "ListWorkflowsFunction",
    ("get", "/v1/workflows/{workflow_id}"): "GetWorkflowFunction",
    ("get", "/v1/reviews"): "ListReviewsFunction",
    ("get", "/v1/reviews/{review_id}"): "GetReviewFunction",
    ("post", "/v1/reviews/{review_id}/decision"): "DecideReviewFunction",
    ("post", "/v1/webhooks"): "CreateWebhookFunction",
    ("get", "/v1/webhooks"): "ListWebhooksFunction",
    ("get", "/v1/webhooks/{webhook_id}"): "GetWebhookFunction",
    ("patch", "/v1/webhooks/{webhook_id}"): "UpdateWebhookFunction",
    ("delete", "/v1/webhooks/{webhook_id}"): "DeleteWebhookFunction",
    ("post", "/v1/webhooks/{webhook_id}/rotate"): "RotateWebhookSecretFunction",
    ("post", "/v1/webhooks/{webhook_id}/test"): "TestWebhookFunction",
    ("get", "/v1/webhooks/{webhook_id}/deliveries"): "ListDeliveriesFunction",
    ("post", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): "RedeliverFunction",
}


@pytest.fixture(scope="module")
def resources() -> Any:
    return translated()["Resources"]


def of_type(resources: Any, kind: str) -> dict[str, Any]:
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def test_the_api_has_exactly_its_routes_and_each_calls_the_live_alias_of_its_function(resources: Any) -> None:
    [api] = of_type(resources, "AWS::ApiGateway::RestApi").values()
    integrations = {
        (method, path): operation["x-amazon-apigateway-integration"]
        for path, operations in api["Body"]["paths"].items()
        for method, operation in operations.items()
    }
    aliases = of_type(resources, "AWS::Lambda::Alias")

    assert integrations == {
        route: {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": {
                "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
                f"/${{{function}Aliaslive}}/invocations"
            },
        }
        for route, function in ROUTES.items()
    }
    for function in ROUTES.values():
        alias = aliases[f"{function}Aliaslive"]
        assert (alias["Name"], alias["FunctionName"]) == ("live", {"Ref": function})


def test_the_gateway_may_call_what_its_routes_call(resources: Any) -> None:
    allowed = [
        permission["FunctionName"]["Ref"]
        for permission in of_type(resources, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    ]

    assert sorted(allowed) == sorted(f"{function}Aliaslive" for function in ROUTES.values())


def test_the_gateways_own_errors_keep_the_envelope(resources: Any) -> None:
    responses = resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]

    for name, response in responses.items():
        body = response["responseTemplates"]["application/json"].replace("$context.error.messageString", '"said"')
        assert list(json.loads(body)) == ["error"], name
    assert {name: response.get("statusCode") for name, response in responses.items()} == {
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "INVALID_SIGNATURE": "404",
        "ACCESS_DENIED": "404",
        "RESOURCE_NOT_FOUND": "404",
        "REQUEST_TOO_LARGE": "400",
        "THROTTLED": "429",
    }
    assert responses["THROTTLED"]["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"
    codes = {
        name: response["responseParameters"]["gatewayresponse.header.Error-Code"]
        for name, response in responses.items()
    }
    assert codes == {
        "DEFAULT_4XX": "'invalid_request'",
        "DEFAULT_5XX": "'internal_error'",
        "MISSING_AUTHENTICATION_TOKEN": "'route_not_found'",
        "INVALID_SIGNATURE": "'route_not_found'",
        "ACCESS_DENIED": "'route_not_found'",
        "RESOURCE_NOT_FOUND": "'route_not_found'",
        "REQUEST_TOO_LARGE": "'invalid_request'",
        "THROTTLED": "'rate_limit_exceeded'",
    }


def grants(policies: Any) -> Iterator[dict[str, Any]]:
    """Every statement, however deep it stands: both branches of an `Fn::If` count."""
    if isinstance(policies, dict) and "Effect" in policies:
        yield policies
    elif isinstance(policies, dict | list):
        for inner in policies.values() if isinstance(policies, dict) else policies:
            yield from grants(inner)


def texts(value: Any) -> Iterator[str]:
    """Every text in it, in a list, a function of CloudFormation or both branches of an `Fn::If`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


OTHER_TABLE = {"Fn::Select": [0, {"Fn::Split": ["/stream/", {"Ref": "TableStreamArn"}]}]}
TABLE_ARN = {"Fn::If": ["HasOtherTable", OTHER_TABLE, {"Fn::GetAtt": ["Table", "Arn"]}]}


def test_no_role_may_do_everything_or_to_everything(resources: Any) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    granted = [grant for role in roles.values() for grant in grants(role["Policies"])]

    assert {"dynamodb:GetItem", "ses:SendEmail", "secretsmanager:GetSecretValue"} <= set(texts(granted))
    assert all("ManagedPolicyArns" not in role for role in roles.values())
    for grant in granted:
        # Whatever acts on items says on which kinds of them.
        on_items = grant["Resource"] == TABLE_ARN
        assert set(grant) - {"Condition"} == {"Effect", "Action", "Resource"}, grant
        keys = grant["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] if on_items else []
        assert all(re.fullmatch(r"[A-Z]+#\*(#WINDOW#\*)?", key) for key in keys), grant
        assert not any("*" in action for action in texts(grant["Action"])), grant
        if grant["Action"] in (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["cloudwatch:DescribeAlarms"]):
            continue  # there is nothing that these could be narrowed to
        # The patterns that a resource may end in: all executions of our state machine, and all functions of the stack.
        for resource in texts(grant["Resource"]):
            assert "*" not in resource.removesuffix("-run-workflow:*").removesuffix(":function:${AWS::StackName}-*"), (
                grant
            )


def test_who_signs_may_read_the_key_and_nobody_else_may(resources: Any) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    may = {
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": {"Fn::GetAtt": ["WebhookKey", "Id"]},
    }
    signing = {
        name
        for name, function in of_type(resources, "AWS::Lambda::Function").items()
        if "WEBHOOK_KEY_ARN" in function["Environment"]["Variables"]
    }
    assert signing == {"CreateWebhookFunction", "RotateWebhookSecretFunction", "DeliverWebhooksFunction"}
    assert {name for name, role in roles.items() if may in grants(role["Policies"])} == {
        name.replace("Function", "Role") for name in signing
    }


def test_every_function_writes_to_the_one_log_and_may(resources: Any) -> None:
    roles = of_type(resources, "AWS::IAM::Role")

    assert list(of_type(resources, "AWS::Logs::LogGroup")) == ["Log", "AccessLog"]
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": "Log"}}, name
        assert {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["Log", "Arn"]},
        } in grants(roles[function["Role"]["Fn::GetAtt"][0]]["Policies"]), name


def given(resources: Any, name: str, path: str) -> Any:
    """A property of a resource, `Fn::If` and all."""
    value = resources[name]["Properties"]
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


NONE = {"Ref": "AWS::NoValue"}


def test_the_table_outlives_mistakes(resources: Any) -> None:
    table = resources["Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    # Without it, no webhook would know our signatures any more.
    assert (resources["WebhookKey"]["DeletionPolicy"], resources["WebhookKey"]["UpdateReplacePolicy"]) == (
        "Retain",
        "Retain",
    )


def test_what_is_stored_is_encrypted_with_a_key_of_ones_own_if_there_is_one(resources: Any) -> None:
    own = {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, NONE]}
    assert given(resources, "Table", "SSESpecification") == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": own,
    }
    for queue in of_type(resources, "AWS::SQS::Queue").values():
        assert (queue["KmsMasterKeyId"], queue["SqsManagedSseEnabled"]) == (own, {"Fn::If": ["HasKey", False, True]})
    assert given(resources, "WebhookKey", "KmsKeyId") == own
    for name in ("Log", "AccessLog"):
        assert given(resources, name, "KmsKeyId") == own
    functions = of_type(resources, "AWS::Lambda::Function")
    assert {str(function["KmsKeyArn"]) for function in functions.values()} == {str(own)}
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        uses = [grant for grant in grants(role["Policies"]) if "kms:Decrypt" in grant["Action"]]
        assert len(uses) == (name not in {"RunWorkflowMachineRole", "DeploymentRole"}), name


def test_nobody_speaks_to_the_queues_in_the_clear(resources: Any) -> None:
    allow, _ = given(resources, "DeadLettersPolicy", "PolicyDocument.Statement")
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"Service": "events.amazonaws.com"})
    queues = of_type(resources, "AWS::SQS::Queue")
    assert set(queues) == {"DeadLetters", "EventDeadLetters", "WebhookDeliveries"}
    for queue in queues:
        assert given(resources, f"{queue}Policy", "PolicyDocument.Statement")[-1] == {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sqs:*"],
            "Resource": {"Fn::GetAtt": [queue, "Arn"]},
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }


def test_the_stage_throttles_all_callers_together(resources: Any) -> None:
    [settings] = given(resources, "ApiapiStage", "MethodSettings")
    assert settings == {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": {"Ref": "RequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "RequestBurst"},
    }


def test_access_logs_hold_nothing_that_a_caller_sends_in_headers_or_bodies(resources: Any) -> None:
    condition, setting, otherwise = given(resources, "ApiapiStage", "AccessLogSetting.Fn::If")
    assert (condition, otherwise) == ("LogsAccess", NONE)
    line = json.loads(setting["Format"])
    assert set(line.values()) == {
        "$context.requestId",
        "$context.requestTime",
        "$context.identity.sourceIp",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLength",
        "$context.responseLatency",
    }


def test_one_endpoint_cannot_starve_another_where_workers_are_reserved(resources: Any) -> None:
    reserved = {
        name: function["ReservedConcurrentExecutions"]
        for name, function in of_type(resources, "AWS::Lambda::Function").items()
        if "ReservedConcurrentExecutions" in function
    }
    endpoint = {"Fn::If": ["ReservesEndpoints", {"Ref": "EndpointConcurrency"}, NONE]}
    steps = {"Fn::If": ["ReservesSteps", {"Ref": "StepsConcurrency"}, NONE]}
    assert reserved == {
        **dict.fromkeys(ROUTES.values(), endpoint),
        "RunStepsFunction": steps,
        "RecordOutcomeFunction": {"Fn::If": ["ReservesSteps", 5, NONE]},
        "ReconcileFunction": {"Fn::If": ["ReservesSteps", 1, NONE]},
        "PublishEventsFunction": {"Fn::If": ["ReservesSteps", 10, NONE]},
        "DeliverWebhooksFunction": {"Fn::If": ["ReservesSteps", 50, NONE]},
        "HandOverDeliveriesFunction": {"Fn::If": ["ReservesSteps", 1, NONE]},
    }
    # A queue that may have more at work than there are would find the others throttled.
    [source] = [
        given(resources, name, "ScalingConfig")
        for name in of_type(resources, "AWS::Lambda::EventSourceMapping")
        if "ScalingConfig" in resources[name]["Properties"]
    ]
    assert source == {"MaximumConcurrency": 50}
    [more] = re.findall(r"and (\d+) more", template()["Parameters"]["StepsConcurrency"]["Description"])
    assert int(more) == sum(one["Fn::If"][1] for one in reserved.values() if isinstance(one["Fn::If"][1], int))


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:8080", "https://api.example.com/", "https://api.example.com/base/v1"]
)
def test_the_base_url_of_the_api_may_be_one(url: str) -> None:
    assert re.search(template()["Parameters"]["ApiBaseUrl"]["AllowedPattern"], url)


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com",
        "ftp://api.example.com",
        "https://",
        "https:///base",
        "https://user:password@api.example.com",  # pragma: allowlist secret
        "https://user@api.example.com/",
        "https://api.example.com?x=1",
        "https://api.example.com/base?x=1",
        "https://api.example.com/base#x",
        "https://api.example.com\\base",
        "https://api.example.com/ base",
    ],
)
def test_the_base_url_of_the_api_has_no_password_and_nothing_after_its_path(url: str) -> None:
    assert not re.search(template()["Parameters"]["ApiBaseUrl"]["AllowedPattern"], url)


def test_a_firewall_stands_before_the_stage_if_there_is_one(resources: Any) -> None:
    firewall = resources["WebAclOfApi"]
    assert firewall["Condition"] == "HasWebAcl"
    assert firewall["Properties"]["WebACLArn"] == {"Ref": "WebAclArn"}
    assert firewall["Properties"]["ResourceArn"]["Fn::Sub"].endswith("/restapis/${Api}/stages/${ApiapiStage}")


def test_traces_are_taken_everywhere_or_nowhere(resources: Any) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    traced = {"Mode": {"Fn::If": ["IsTraced", "Active", "PassThrough"]}}
    assert {str(function["TracingConfig"]) for function in functions.values()} == {str(traced)}
    assert given(resources, "ApiapiStage", "TracingEnabled") == {"Fn::If": ["IsTraced", True, False]}
    roles = of_type(resources, "AWS::IAM::Role")
    for function in functions.values():
        role = roles[function["Role"]["Fn::GetAtt"][0]]
        assert any("xray:PutTraceSegments" in grant["Action"] for grant in grants(role["Policies"]))


def test_every_alarm_tells_whoever_wants_to_know_and_has_its_line_for_operators(resources: Any) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], NONE]}
    for alarm in alarms.values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (told, told)
    runbook = re.split(r"^### ", section("operating", "Alarms"), flags=re.MULTILINE)[1:]
    entries = {name: text for name, _, text in (entry.partition("\n\n") for entry in runbook)}
    assert entries.keys() == alarms.keys()
    for text in entries.values():
        meaning, _, what_to_do = text.partition("\n\n**Do**: ")
        assert len(meaning) > 20
        assert len(what_to_do) > 20
    # What does not come is worse than what is late.
    assert [name for name, alarm in alarms.items() if alarm["TreatMissingData"] != "notBreaching"] == ["OverdueAlarm"]
    assert alarms["OverdueAlarm"]["TreatMissingData"] == "breaching"


def test_the_dashboard_shows_every_metric_and_every_alarm_and_nothing_over_anything_else(resources: Any) -> None:
    text, named = given(resources, "Dashboard", "DashboardBody")["Fn::Sub"]
    widgets = json.loads(text)["widgets"]
    shown = [widget["properties"] for widget in widgets if widget["type"] == "metric"]
    sources = [source for one in shown for source in one["metrics"]]
    plain = {(source[0], source[1]) for source in sources if isinstance(source[0], str)}
    searched = " ".join(source[0]["expression"] for source in sources if isinstance(source[0], dict))

    for metric in METRICS:
        if metric.by:
            assert f'{{Lodol,service,{metric.by}}} MetricName="{metric.name}" service="${{AWS::StackName}}"' in searched
        else:
            assert ("Lodol", metric.name) in plain
    assert {name for namespace, name in plain if namespace == "Lodol"} <= {metric.name for metric in METRICS}
    [alarms] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert {f"${{{name}.Arn}}" for name in of_type(resources, "AWS::CloudWatch::Alarm")} == set(alarms)
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    for name in re.findall(r"\$\{(\w+)(?:\.\w+)?\}", text):
        assert name in {**resources, **named}
    for one in shown:
        assert "stat" in one or all("stat" in source[-1] for source in one["metrics"])


def test_saved_queries_are_those_of_the_documents_and_one_may_do_without(resources: Any) -> None:
    queries = {name: one for name, one in resources.items() if one["Type"] == "AWS::Logs::QueryDefinition"}
    assert {one["Condition"] for one in queries.values()} == {"SavesQueries"}
    named = [one["Properties"]["Name"]["Fn::Sub"].partition("/")[2] for one in queries.values()]
    documented = list(rows(section("operating", "Saved queries")))
    assert [f"`{name}`" for name in named] == [name for name, *_ in documented]
    for query, (_, _, put_in) in zip(queries.values(), documented, strict=True):
        text = query["Properties"]["QueryString"]
        assert query["Properties"]["LogGroupNames"] == [{"Ref": "Log"}]
        assert re.findall(r'"([A-Z]+)"', text) == re.findall(r"`([A-Z]+)`", put_in)


def test_a_rendered_template_has_the_branches_of_its_parameters_and_no_condition_left() -> None:
    usual, hardened = rendered({})["Resources"], rendered(EVERYTHING)["Resources"]

    for resources in (usual, hardened):
        text = json.dumps(resources)
        assert '"Fn::If"' not in text
        assert "AWS::NoValue" not in text
        assert not [name for name, resource in resources.items() if "Condition" in resource]
    added = {*hardened} - {*usual}
    assert {name for name in added if not name.endswith("FunctionDeploymentGroup")} == {
        "AccessLog",
        "Budget",
        "DeploymentRole",
        "ServerlessDeploymentApplication",
        "WebAclOfApi",
    }
    assert "KMSMasterKeyId" not in usual["Table"]["Properties"]["SSESpecification"]
    assert hardened["Table"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] == EVERYTHING["KmsKeyArn"]
    assert usual["RunStepsFunction"]["Properties"]["TracingConfig"] == {"Mode": "PassThrough"}
    assert hardened["RunStepsFunction"]["Properties"]["TracingConfig"] == {"Mode": "Active"}
    assert len(hardened["RunStepsRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]) > len(
        usual["RunStepsRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    )


def test_a_release_takes_over_at_once_without_codedeploy_or_by_and_by_under_alarms() -> None:
    at_once = rendered({})["Resources"]
    assert not [name for name, made in at_once.items() if made["Type"].startswith("AWS::CodeDeploy::")]
    assert not [name for name, made in at_once.items() if "UpdatePolicy" in made]

    shifted = rendered({"DeploymentPreference": "Canary10Percent5Minutes"})["Resources"]
    groups = of_type(shifted, "AWS::CodeDeploy::DeploymentGroup")
    aliases = {name: made for name, made in shifted.items() if made["Type"] == "AWS::Lambda::Alias"}
    assert len(groups) == len(aliases) == len(of_type(shifted, "AWS::Lambda::Function"))
    for name, group in groups.items():
        alias = aliases[name.replace("DeploymentGroup", "Aliaslive")]
        assert alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {"Ref": name}
        assert group["AlarmConfiguration"] == {
            "Enabled": True,
            "Alarms": [{"Name": {"Ref": f"{alarm}Alarm"}} for alarm in ("Failures", "BrokenSlices", "BrokenAttempts")],
        }
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": "Canary10Percent5Minutes"}
        assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["DeploymentRole", "Arn"]}


def test_every_way_of_taking_over_is_one_that_sam_knows() -> None:
    ways = template()["Parameters"]["DeploymentPreference"]["AllowedValues"]
    assert ways == list(template()["Mappings"]["TrafficShift"])
    assert sorted(ways) == sorted(CODEDEPLOY_PREDEFINED_CONFIGURATIONS_LIST)


def test_who_runs_steps_is_what_is_live_and_versions_before_are_kept(resources: Any) -> None:
    """A rollback points at the version before, so it must still be there, and the state machine must follow."""
    [machine] = of_type(resources, "AWS::StepFunctions::StateMachine").values()
    assert machine["DefinitionSubstitutions"] == {"RunStepsFunctionArn": {"Ref": "RunStepsFunctionAliaslive"}}
    versions = [made for made in resources.values() if made["Type"] == "AWS::Lambda::Version"]
    assert {made["DeletionPolicy"] for made in versions} == {"Retain"}


def test_other_parameters_are_live_once_another_version_of_them_is_named(resources: Any) -> None:
    """A description that changes replaces the version, and a setting of every function lets Lambda publish it."""
    functions = of_type(resources, "AWS::Lambda::Function")
    versions = of_type(resources, "AWS::Lambda::Version").values()
    assert {made["FunctionName"]["Ref"] for made in versions} == set(functions)
    assert [made["Description"] for made in versions] == [{"Ref": "SettingsVersion"}] * len(functions)
    for function in functions.values():
        assert function["Environment"]["Variables"]["SETTINGS_VERSION"] == {"Ref": "SettingsVersion"}


def test_another_table_takes_the_place_of_the_stacks_own_everywhere() -> None:
    stream = "arn:aws:dynamodb:eu-central-1:123456789012:table/restored/stream/2026-11-25T00:00:00.000"
    made = rendered({"TableStreamArn": stream})
    resources, outputs = made["Resources"], made["Outputs"]

    own = {"Table.Arn", "Table.StreamArn"} & {
        ".".join(found["Fn::GetAtt"]) for found in every({**made, "Resources": resources}, "Fn::GetAtt")
    }
    assert own == set()
    assert {"Ref": "Table"} not in list(every(resources, "Ref"))
    assert "${Table" not in json.dumps(resources).replace("${TableInUse}", "").replace("${TableStreamArn}", "")
    name = {"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::Sub": "${TableStreamArn}/"}]}]}
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["TABLE_NAME"] == name
    assert outputs["TableName"]["Value"]["Fn::If"] == ["HasOtherTable", name, {"Ref": "Table"}]
    [changes] = [
        one for one in of_type(resources, "AWS::Lambda::EventSourceMapping").values() if "StartingPosition" in one
    ]
    assert changes["EventSourceArn"] == stream
    # It is still there to go back to.
    assert resources["Table"]["DeletionPolicy"] == "Retain"


def every(value: Any, function: str) -> Iterator[Any]:
    """Every use of a function of CloudFormation in it, however deep."""
    if isinstance(value, dict) and function in value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from every(inner, function)


@pytest.mark.parametrize(
    ("arn", "is_one"),
    [
        ("", True),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/restored/stream/2026-11-25T00:00:00.000", True),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/restored", False),
        ("restored", False),
    ],
)
def test_another_table_is_named_by_its_stream(arn: str, *, is_one: bool) -> None:
    assert bool(re.search(template()["Parameters"]["TableStreamArn"]["AllowedPattern"], arn)) is is_one


def test_a_budget_tells_before_it_is_spent_and_when_it_is() -> None:
    assert "Budget" not in rendered({})["Resources"]

    made = rendered({"MonthlyBudget": 500, "AlarmTopicArn": EVERYTHING["AlarmTopicArn"]})
    budget = made["Resources"]["Budget"]["Properties"]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 500, "Unit": "USD"}
    told = [
        (note["Notification"]["NotificationType"], note["Notification"]["Threshold"], note["Subscribers"])
        for note in budget["NotificationsWithSubscribers"]
    ]
    topic = [{"SubscriptionType": "SNS", "Address": EVERYTHING["AlarmTopicArn"]}]
    assert told == [("ACTUAL", 80, topic), ("ACTUAL", 100, topic), ("FORECASTED", 100, topic)]
    # Without a topic it would tell nobody, which CloudFormation refuses.
    [assertion] = made["Rules"]["BudgetIsTold"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}


def test_what_protects_a_stack_further_is_set_where_checkov_looks_at_everything() -> None:
    parameters = template()["Parameters"]
    conditional = {name for name, said in parameters.items() if said["Default"] in {"", "Off", 0}}

    others = {"AllowedHosts", "SliceSeconds", "TableStreamArn"}
    assert {*EVERYTHING} == (conditional - others) | {"DeploymentPreference"}
    named = {name for names in BY_PARAMETER.values() for name in names.split(", ")}
    assert named <= {*EVERYTHING}
