"""What is generated from the code is what the code says."""

import json

from domain.program.nodes import KINDS
from scripts import generated


def test_generated_files_are_fresh() -> None:
    assert generated.stale() == []


def test_the_schema_of_programs_knows_every_kind() -> None:
    schema = json.loads((generated.ROOT / "docs/program.schema.json").read_text())
    kinds = {
        model["properties"]["kind"]["const"]
        for model in [schema, *schema["$defs"].values()]
        if "kind" in model.get("properties", {})
    }
    assert kinds == {model.model_fields["kind"].annotation.__args__[0] for model in KINDS}  # type: ignore[union-attr]
