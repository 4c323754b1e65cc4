"""Looks for what should not be in the repository, in what we depend on, and in the stack: `python -m scripts.audit`.

As it is, for `make check`: secrets, and known vulnerabilities of what the functions ship. With `--whole`, for `make
audit`: those of everything that is locked, bandit, and checkov on the template as CloudFormation gets it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import yaml

from scripts.rendered import rendered

ROOT = Path(__file__).resolve().parents[1]
OSV = "https://api.osv.dev/v1/query"
"""The database of known vulnerabilities that pip-audit asks; it has those of PyPA, GitHub and others."""

_CHECKOV = "checkov==3.3.30"
_TOOLS = Path(sys.executable).parent
_ACCOUNT = "us-east-1:123456789012"

EVERYTHING: dict[str, str | int] = {
    "SenderAddress": "lodol@example.com",
    "ApiBaseUrl": "https://api.example.com",
    "ApiCredentialSecretArn": f"arn:aws:secretsmanager:{_ACCOUNT}:secret:api",
    "EndpointConcurrency": 10,
    "StepsConcurrency": 50,
    "Tracing": "On",
    "AccessLogs": "On",
    "KmsKeyArn": f"arn:aws:kms:{_ACCOUNT}:key/1",
    "WebAclArn": f"arn:aws:wafv2:{_ACCOUNT}:regional/webacl/api/1",
    "AlarmTopicArn": f"arn:aws:sns:{_ACCOUNT}:alarms",
    "MonthlyBudget": 500,
    "DeploymentPreference": "Canary10Percent10Minutes",
}
"""Every parameter that has the stack protect more than it does by default."""

BY_PARAMETER = {
    "CKV_AWS_27": "KmsKeyArn",
    "CKV_AWS_73": "Tracing",
    "CKV_AWS_76": "AccessLogs",
    "CKV_AWS_115": "EndpointConcurrency, StepsConcurrency",
    "CKV_AWS_119": "KmsKeyArn",
    "CKV_AWS_149": "KmsKeyArn",
    "CKV_AWS_158": "KmsKeyArn",
    "CKV_AWS_173": "KmsKeyArn",
}
"""What a stack does not have by default, and the parameter of EVERYTHING that gives it; exceptions for all stacks are
in .checkov.yaml."""


def secrets() -> bool:
    """Look for secrets in every file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        print("· this is no repository of git: no secrets were looked for")
        return True
    files = listed.stdout.rstrip("\0").split("\0")
    scan = partial(_succeeds, "detect-secrets-hook", "--no-verify", "--baseline", ".secrets.baseline")
    at_once = os.process_cpu_count() or 1
    with ThreadPoolExecutor() as pool:
        return all(pool.map(lambda number: scan(*files[number::at_once]), range(at_once)))


def vulnerabilities(requirements: Path, osv: str = OSV) -> bool:
    """Look up what is known of each requirement; where the database cannot be reached, say so and go on."""
    try:
        asked = {"package": {"name": "lodol", "ecosystem": "PyPI"}, "version": "0"}
        httpx.post(osv, json=asked, timeout=3).raise_for_status()
    except httpx.HTTPError:
        print(f"· {osv} cannot be reached: known vulnerabilities were not looked up")
        return True
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--vulnerability-service", "osv"]
    return _succeeds("pip-audit", *options, "--osv-url", osv, "--requirement", str(requirements))


def all_vulnerabilities() -> bool:
    """Look up what is known of everything that the lock file names."""
    with tempfile.TemporaryDirectory() as home:
        everything = Path(home) / "requirements.txt"
        options = ["--quiet", "--frozen", "--all-groups", "--all-extras", "--no-emit-project"]
        return _succeeds("uv", "export", *options, "--output-file", str(everything)) and vulnerabilities(everything)


def bandit() -> bool:
    """Let bandit look at what we wrote; pyproject.toml has what it leaves to ruff."""
    return _succeeds("bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", "src", "lodol", "scripts")


def checkov() -> bool:
    """Let checkov look at the stack with all parameters set, and as it is by default."""
    exceptions = yaml.safe_load((ROOT / ".checkov.yaml").read_text())["skip-check"]
    return _checkov(EVERYTHING, exceptions) and _checkov({}, [*exceptions, *BY_PARAMETER])


def _checkov(parameters: dict[str, str | int], exceptions: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "template.json").write_text(json.dumps(rendered(parameters), indent=1))
        command = ["tool", "run", "--quiet", "--from", _CHECKOV, "checkov", "--config-file", ".checkov.yaml"]
        return _succeeds("uv", *command, "--skip-check", ",".join(exceptions), "--directory", home)


def _succeeds(tool: str, *arguments: str) -> bool:
    return subprocess.run([_TOOLS / tool, *arguments], cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """Look for all of it, and fail if anything was found."""
    looks: list[Callable[[], bool]] = [secrets, partial(vulnerabilities, ROOT / "src" / "requirements.txt")]
    if "--whole" in sys.argv:
        looks = [secrets, all_vulnerabilities, bandit, checkov]
    # Whatever one finds, the others look too.
    found = [look() for look in looks]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
