"""Builds and deploys the template with SAM, as an operator would, against a local cloud."""

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3

from scripts.local.cloud import REGION, Cloud

ROOT = Path(__file__).resolve().parents[2]
_CACHE = ROOT / ".aws-sam"
_SAM = str(Path(sys.executable).parent / "sam")


class DeploymentFailed(Exception):
    """SAM ended with an error; the text says with which."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack on a local cloud, and what it says of itself."""

    cloud: Cloud
    stack_name: str
    api_url: str
    table_name: str
    state_machine_arn: str


def build(directory: Path) -> None:
    """Build the functions; one build waits for another of this folder."""
    environment = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_CHECK_VERSION_UPDATE": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_DEFAULT_REGION": REGION,
    }
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "building").open("w") as building:
        # What is made is kept in one place, which a second build would clear away.
        fcntl.flock(building, fcntl.LOCK_EX)
        _sam(["build", "--build-dir", str(directory)], environment)


def deploy(cloud: Cloud, built: Path, stack_name: str, parameters: dict[str, str]) -> Deployment:
    """Deploy what was built, or update the stack to it."""
    # The local cloud knows no saved queries, and would refuse the whole template.
    overrides = {"Architecture": _architecture(), "SavedQueries": "Off", **parameters}
    settings = hashlib.sha256(repr(sorted(overrides.items())).encode()).hexdigest()
    overrides["SettingsVersion"] = settings[:8]
    _sam(
        [
            "deploy",
            "--template-file",
            str(built / "template.yaml"),
            "--config-file",
            str(ROOT / "samconfig.toml"),
            "--config-env",
            "local",
            "--stack-name",
            stack_name,
            "--parameter-overrides",
            *(f"{name}={value}" for name, value in overrides.items()),
        ],
        cloud.environment(),
    )
    return find(cloud, stack_name)


def find(cloud: Cloud, stack_name: str) -> Deployment:
    """Read what a deployed stack says of itself."""
    client = session().client("cloudformation", endpoint_url=cloud.endpoint_url)
    stack = client.describe_stacks(StackName=stack_name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Deployment(
        cloud=cloud,
        stack_name=stack_name,
        # The local cloud serves every API on its own port, under this path.
        api_url=f"{cloud.endpoint_url}/_aws/execute-api/{outputs['ApiId']}/api",
        table_name=outputs["TableName"],
        state_machine_arn=outputs["StateMachineArn"],
    )


def session() -> boto3.Session:
    """A session with what a local cloud takes for credentials."""
    return boto3.Session("test", "test", region_name=REGION)


def _architecture() -> str:
    """The processor of this machine, in the template's term."""
    return "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


def _sam(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run([_SAM, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeploymentFailed(f"sam {arguments[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
