"""docs/grants.md: what each role of the template may do, read from the template as it stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

_TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"

_HEAD = """# Grants

What each role of `template.yaml` may do, and nothing else; generated from the template, so that a change of it is read
in a review. "Where" has the partition keys of items, and what else must hold of a request. A grant that has an "If" is
there only when the parameter behind that is set.

| Role | May | On | Where | If |
| --- | --- | --- | --- | --- |
"""


def grants() -> str:
    """The document: a row for each statement, its actions in order."""
    template: Any = yaml_parse(_TEMPLATE.read_text())
    rows = [
        f"| {name} | {', '.join(f'`{action}`' for action in sorted(statement['Action']))} "
        f"| {', '.join(f'`{resource}`' for resource in _resources(statement['Resource']))} "
        f"| {', '.join(_conditions(statement))} | {condition} |"
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
        for entry in policy["PolicyDocument"]["Statement"]
        for statement, condition in _statements(entry, "")
    ]
    return _HEAD + "\n".join(rows) + "\n"


def _statements(entry: Any, condition: str) -> Iterator[tuple[Any, str]]:
    """A statement with the condition that it stands under; of an `If`, both branches."""
    if "Fn::If" in entry:
        name, then, otherwise = entry["Fn::If"]
        for branch, under in ((then, name), (otherwise, f"not {name}")):
            if branch != {"Ref": "AWS::NoValue"}:
                yield from _statements(branch, under)
    else:
        yield entry, condition


def _conditions(statement: Any) -> list[str]:
    """What must hold of a request besides: the patterns of partition keys as they are, of all else with its name."""
    named = {key: values for keys in statement.get("Condition", {}).values() for key, values in keys.items()}
    return [
        ", ".join(f"`{value}`" for value in _resources(values))
        if key == "dynamodb:LeadingKeys"
        else f"`{key}` is {' or '.join(f'`{value}`' for value in _resources(values))}"
        for key, values in named.items()
    ]


def _resources(resource: Any) -> list[str]:
    return [_text(one) for one in (resource if isinstance(resource, list) else [resource])]


def _text(resource: Any) -> str:
    """A resource as the template names it, without the places that are the same in every ARN.

    Of what a parameter may put in the place of the stack's own, it is the stack's own.
    """
    if isinstance(resource, str):
        return resource
    match resource:
        case {"Fn::If": [_, _, own]}:
            return _text(own)
        case {"Fn::GetAtt": [*path]}:
            text = ".".join(path)
        case {"Fn::Sub": [text, {"Arn": arn}]}:
            text = text.replace("${Arn}", f"${{{_text(arn)}}}")
        case {"Fn::Sub": [text, _]}:
            pass
        case _:
            [text] = resource.values()
    return text.replace("arn:${AWS::Partition}:", "").replace(":${AWS::Region}:${AWS::AccountId}:", ":")
