"""What the local stack remembers below `.local/`: its processes, and how to reach it."""

import json
import os
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.local.cloud import Cloud
from scripts.local.deployment import ROOT

HOME = ROOT / ".local"
BUILT = ROOT / ".aws-sam" / "build"
STACK_NAME = "lodol-local"
_PROCESSES = HOME / "processes.json"
_STACK = HOME / "stack.json"
_HEADER = HOME / "authorization"


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of the local stack, by pid, and the ports they listen on."""

    cloud: int
    port: int
    demo_site: int
    demo_port: int


@dataclass(frozen=True, slots=True)
class Stack:
    """How to reach the local stack; the file's fields."""

    api_url: str
    api_key: str
    workspace_id: str
    workflows: dict[str, str]
    endpoint_url: str
    region: str
    stack_name: str
    seeded: dict[str, str] = field(default_factory=dict)
    """When each sample workflow was last stored by `make up`, by its id: what was changed since is the user's."""
    hooks_url: str = ""
    """Where the demo's site takes webhooks."""
    sample: str = ""
    """The execution that was started to show that all works."""


def processes() -> Processes | None:
    """The processes that were started and not stopped since, if the cloud among them still answers."""
    if not _PROCESSES.exists():
        return None
    found = Processes(**json.loads(_PROCESSES.read_text()))
    return found if Cloud(found.cloud, found.port).is_alive() else None


def remember_processes(started: Processes) -> None:
    """Keep what `make down` has to stop."""
    _PROCESSES.write_text(json.dumps(asdict(started)))


def forget_processes() -> None:
    """After they were stopped."""
    _PROCESSES.unlink(missing_ok=True)


def stack() -> Stack | None:
    """How to reach the stack that was deployed last; its state outlives its processes."""
    return Stack(**json.loads(_STACK.read_text())) if _STACK.exists() else None


def remember_stack(deployed: Stack) -> None:
    """Write `.local/stack.json`, which holds an API key: for its owner's eyes only."""
    write_secret(_STACK, json.dumps(asdict(deployed), indent=2) + "\n")


def remember_header(deployed: Stack) -> Path:
    """Write the header that carries the API key, for `curl -H @FILE`: no key stands on a command line."""
    write_secret(_HEADER, f"Authorization: Bearer {deployed.api_key}\n")
    return _HEADER


def write_secret(file: Path, text: str) -> None:
    """Write what holds an API key, so that at no moment anybody but its owner can read it."""
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
    draft.replace(file)


def end(pid: int) -> None:
    """End a process, if it is still there."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def below_root(path: Path) -> str:
    """A path as it is written from the project's folder."""
    return str(path.relative_to(ROOT))
