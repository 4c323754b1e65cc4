"""Files that are generated from the code: `python -m scripts.generated` writes them, `--check` says if one is stale."""

import json
import os
import subprocess
import sys
from html import unescape
from pathlib import Path

from domain.callables import EFFECTS
from domain.program.builtins import BUILTINS
from domain.program.values import dumps
from scripts import conformance, events_schema, workflow_schema
from scripts.api_page import page
from scripts.bench import parts
from scripts.dependencies import licences, requirements
from scripts.grants import grants
from scripts.openapi import description
from scripts.stubs import stubs

ROOT = Path(__file__).resolve().parents[1]


def callables_table() -> str:
    """The table of all callables."""
    lines = [
        "# Callables",
        "",
        "Generated from the code; every example is a test.",
        "",
        "## Pure: evaluated in place",
        "",
        "| call | gives | example |",
        "| --- | --- | --- |",
    ]
    for name, builtin in BUILTINS.items():
        signature = builtin.signature
        example = signature.example
        shown = f"{name}({', '.join(map(dumps, example.args))})" if example else ""
        result = dumps(example.result) if example else ""
        lines.append(f"| `{signature.call_text()}` | {_cell(signature.summary)} | {_code(f'{shown} = {result}')} |")
    lines += [
        "",
        "## Effects: journaled, never repeated by a replay",
        "",
        "| call | does | gives |",
        "| --- | --- | --- |",
    ]
    for effect in sorted(EFFECTS.values(), key=lambda effect: effect.signature.name):
        signature = effect.signature
        lines.append(f"| `{signature.call_text()}` | {_cell(signature.summary)} | {_cell(signature.result)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return "`` " + text.replace("|", "\\|") + " ``"


def commands() -> str:
    """What holds for all commands, and every command with its arguments and options, as typer describes them."""
    typer = Path(sys.executable).parent / "typer"
    done = subprocess.run(
        [typer, "lodol.cli.main", "utils", "docs", "--name", "lodol"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )
    described = unescape(done.stdout).replace("# `lodol`", "## `lodol`", 1)
    head = (ROOT / "scripts" / "commands.md").read_text()
    return f"{head}\n{described.rstrip()}\n"


def openapi() -> str:
    """The OpenAPI description of the API."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


GENERATED = {
    "docs/openapi.json": openapi,
    "docs/api.html": page,
    "docs/workflow.schema.json": workflow_schema.schema,
    "docs/events.schema.json": events_schema.schema,
    "docs/callables.md": callables_table,
    "docs/commands.md": commands,
    **conformance.suites(),
    "docs/conformance.md": conformance.page,
    "docs/grants.md": grants,
    "docs/licences.md": licences,
    "src/requirements.txt": requirements,
    "lodol/workflow/__init__.pyi": stubs,
    "lodol/cost/parts.json": parts.text,
}
"""Every file that is generated, or of which a part is, and what makes its text."""


def stale() -> list[str]:
    """The files that are not what the code says."""
    return [
        name for name, make in GENERATED.items() if not (ROOT / name).exists() or (ROOT / name).read_text() != make()
    ]


def main() -> int:
    """Write, or check."""
    if "--check" in sys.argv:
        for name in stale():
            print(f"{name} is stale; write it: make format", file=sys.stderr)
        return 1 if stale() else 0
    for name, make in GENERATED.items():
        (ROOT / name).write_text(make())
    return 0


if __name__ == "__main__":
    sys.exit(main())
