"""The template as it stands, and the table that it describes."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; its functions become their arguments."""


_TemplateLoader.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    ),
)


@cache
def template() -> Any:
    """The template as it stands."""
    return yaml.load((ROOT / "template.yaml").read_text(), Loader=_TemplateLoader)


def functions() -> dict[str, Any]:
    """The properties of every function, by its name in the template."""
    return {
        name: resource["Properties"]
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def create_table(client: Any) -> None:
    """Create the table as the template says."""
    properties = template()["Resources"]["Table"]["Properties"]
    client.create_table(
        TableName="table",
        **{
            name: properties[name]
            for name in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        },
    )
