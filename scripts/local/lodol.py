"""Calls the `lodol` command on a local stack, the way an operator does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.local.cloud import Cloud
from scripts.local.deployment import ROOT

_LODOL = str(Path(sys.executable).parent / "lodol")


class CommandFailed(Exception):
    """The command refused; the text is what it said."""


def lodol(cloud: Cloud, stack_name: str, *arguments: str) -> Any:
    """Run a command and answer with the JSON object that it prints, also where it fails for what it has found.

    Raises `CommandFailed` where it refuses.
    """
    done = subprocess.run(
        [_LODOL, *arguments, "--json"],
        env={**cloud.environment(), "LODOL_STACK": stack_name},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        raise CommandFailed(f"lodol {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)
