"""What we depend on, by the lock file: requirements, licences, and the SBOM (`python -m scripts.dependencies`)."""

import json
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

_FUNCTIONS = ("--only-group", "functions")
_CLIENT = ("--no-default-groups", "--all-extras")
_MARK = {True: "yes", False: ""}

_HEAD = """# Licences

What we ship and what our command line needs, each with its version and the licence that it states for itself; generated
from the lock file and from what is installed. What only builds and tests use is not among it.

| Distribution | Version | Licence | Shipped with the functions | Needed by `lodol` |
| --- | --- | --- | --- | --- |
"""


def requirements() -> str:
    """What the functions ship, with the hashes of its files: `sam build` reads no lock files."""
    return _exported(*_FUNCTIONS, "--no-annotate", "--no-header")


def licences() -> str:
    """The document on licences: a row for each distribution."""
    shipped, needed = (_pinned(_exported(*chosen, "--no-hashes")) for chosen in (_FUNCTIONS, _CLIENT))
    rows = [
        f"| {name} | {version} | {licence_of(name)} | {_MARK[name in shipped]} | {_MARK[name in needed]} |"
        for name, version in sorted((shipped | needed).items())
    ]
    return _HEAD + "\n".join(rows) + "\n"


def licence_of(name: str) -> str:
    """The licence that an installed distribution states: in terms of SPDX, by its classifiers, or as a text."""
    stated = metadata(name)
    classified = [text.rpartition(" :: ")[2] for text in stated.get_all("Classifier") or [] if "License ::" in text]
    licence = stated.get("License-Expression") or ", ".join(classified) or stated.get("License")
    if not licence:
        raise ValueError(f"{name} states no licence")
    return licence


def sbom() -> str:
    """What the functions ship, as CycloneDX 1.5: each distribution with its hashes and its licence."""
    described: Any = json.loads(_exported(*_FUNCTIONS, "--format", "cyclonedx1.5", "--preview-features", "sbom-export"))
    described["metadata"]["component"]["type"] = "application"
    for component in described["components"]:
        component["licenses"] = [{"license": {"name": licence_of(component["name"])}}]
    return json.dumps(described, indent=2) + "\n"


def _exported(*options: str) -> str:
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv) if uv.exists() else "uv", "export", "--quiet", "--frozen", "--no-emit-project", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _pinned(exported: str) -> dict[str, str]:
    """The distributions that are installed on the systems of today, with their versions; Windows needs one more."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)$", exported, re.MULTILINE))


if __name__ == "__main__":
    print(sbom(), end="")
