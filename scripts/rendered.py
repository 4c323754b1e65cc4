"""The template as CloudFormation gets it: translated by SAM, and its conditions decided by given parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

_TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
_NOTHING = {"Ref": "AWS::NoValue"}


def translated(given: Mapping[str, str | int] | None = None) -> Any:
    """The template without SAM's own kinds of resources; both branches of each condition are still in it.

    What SAM itself decides by a parameter, it decides by those that are given.
    """
    template = yaml_parse(_TEMPLATE.read_text())
    # `sam deploy` uploads both before CloudFormation translates.
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/functions"
    template["Resources"]["RunWorkflowMachine"]["Properties"]["DefinitionUri"] = "s3://bucket/machine"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return translator.translate(template, parameter_values=dict(given or {}))


def rendered(given: Mapping[str, str | int]) -> Any:
    """The translated template with these parameters, all others as they are by default: no condition is left in it."""
    template = translated(given)
    parameters = {name: given.get(name, said.get("Default")) for name, said in template.pop("Parameters").items()}
    conditions = template.pop("Conditions")
    decided = {name: _holds(condition, parameters) for name, condition in conditions.items()}
    template["Resources"] = {
        name: _decided(resource, parameters, decided)
        for name, resource in template["Resources"].items()
        if decided.get(resource.pop("Condition", ""), True)
    }
    return template


def _holds(condition: Any, parameters: Mapping[str, Any]) -> bool:
    """Whether a condition holds; those of our template compare a parameter with a constant, or say that not."""
    [(function, arguments)] = condition.items()
    if function == "Fn::Not":
        return not _holds(arguments[0], parameters)
    if function != "Fn::Equals":
        raise ValueError(f"{function} is not known here")
    parameter, constant = arguments
    return str(parameters[parameter["Ref"]]) == str(constant)


def _decided(value: Any, parameters: Mapping[str, Any], conditions: Mapping[str, bool]) -> Any:
    """A part of the template with its parameters put in, of each `If` the branch that counts, and without `NoValue`."""
    if isinstance(value, list):
        return [_decided(item, parameters, conditions) for item in value if _chosen(item, conditions) != _NOTHING]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        return _decided(_chosen(value, conditions), parameters, conditions)
    if value.keys() == {"Ref"}:
        return parameters.get(value["Ref"], value)
    return {
        name: _decided(item, parameters, conditions)
        for name, item in value.items()
        if _chosen(item, conditions) != _NOTHING
    }


def _chosen(value: Any, conditions: Mapping[str, bool]) -> Any:
    """The branch of an `If` that counts, whatever stands in it; all else as it is."""
    while isinstance(value, dict) and "Fn::If" in value:
        name, then, otherwise = value["Fn::If"]
        value = then if conditions[name] else otherwise
    return value
