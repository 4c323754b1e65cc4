"""What CloudFormation gets: the template as SAM translates it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from tests.support.template import ROOT

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
}


@pytest.fixture(scope="module")
def resources() -> Any:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    # `sam deploy` uploads both before CloudFormation translates.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/functions"
    template["Resources"]["RunWorkflowMachine"]["Properties"]["DefinitionUri"] = "s3://bucket/machine"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return translator.translate(template, parameter_values={})["Resources"]


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


def test_no_role_may_do_everything_or_to_everything(resources: Any) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    granted = [grant for role in roles.values() for grant in grants(role["Policies"])]

    assert {"dynamodb:GetItem", "ses:SendEmail", "secretsmanager:GetSecretValue"} <= set(texts(granted))
    assert all("ManagedPolicyArns" not in role for role in roles.values())
    for grant in granted:
        assert set(grant) == {"Effect", "Action", "Resource"}
        assert not any("*" in action for action in texts(grant["Action"])), grant
        # The one pattern that a resource may end in: all executions of our state machine.
        assert not any("*" in resource.removesuffix("-run-workflow:*") for resource in texts(grant["Resource"])), grant


def test_every_function_writes_to_the_one_log_and_may(resources: Any) -> None:
    roles = of_type(resources, "AWS::IAM::Role")

    assert list(of_type(resources, "AWS::Logs::LogGroup")) == ["Log"]
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": "Log"}}, name
        assert {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": ["Log", "Arn"]},
        } in grants(roles[function["Role"]["Fn::GetAtt"][0]]["Policies"]), name
