"""`make up`: the whole product on this machine, from nothing to a finished sample execution."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from lodol.cli.files import Workflow, read_workflow
from scripts.local import cloud as clouds
from scripts.local import deployment, home
from scripts.local.client import Client
from scripts.local.cloud import REGION, Cloud, CloudFailed
from scripts.local.deployment import ROOT, Deployment, DeploymentFailed
from scripts.local.events import render_with_live_ids
from scripts.local.home import BUILT, HOME, STACK_NAME, Processes, Stack
from scripts.local.lodol import CommandFailed, lodol

SENDER = "hello@lodol.example"
_SECRET = "lodol-local-api-credential"  # pragma: allowlist secret  # noqa: S105 - its name
_WORKSPACE = ("workspace", "create", "--name", "Demo", "--plan", "enterprise", "--credits", "10000")
_DEMO_PORTS_AWAY = 33
_SCOPES = ("workflows:execute", "workflows:read", "executions:read", "webhooks:manage")
_begun = time.monotonic()


def main() -> int:
    """Bring the stack up, or up to date."""
    port = int(os.environ.get("PORT", "4566"))
    HOME.mkdir(exist_ok=True)
    try:
        running = _start(port)
        _say("building the functions (sam build)")
        deployment.build(BUILT)
        _say("deploying the template (sam deploy)")
        cloud, site = Cloud(running.cloud, running.port), f"127.0.0.1:{running.demo_port}"
        deployed = deployment.deploy(
            cloud,
            BUILT,
            STACK_NAME,
            {
                "SenderAddress": SENDER,
                "AllowedHosts": ",".join([site, *_more_hosts()]),
                "ApiBaseUrl": f"http://{site}/api",
                "ApiCredentialSecretArn": _credential(cloud),
            },
        )
        return _sample(_seed(deployed, f"http://{site}/hooks"), running)
    except (CloudFailed, DeploymentFailed, CommandFailed) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1


def _start(port: int) -> Processes:
    """Start what is not running: the cloud and the demo's site."""
    running = home.processes()
    if running and running.port == port:
        _say(f"the local cloud is running on port {port}")
        return running
    if running:
        raise CloudFailed(f"The local stack is running on port {running.port}; end it first: make down")
    demo_port = port + _DEMO_PORTS_AWAY
    if clouds.is_taken(demo_port):
        raise CloudFailed(
            f"Port {demo_port} on 127.0.0.1, for the demo's site, is taken; choose another: make up PORT=…"
        )
    _say(f"starting the local cloud on 127.0.0.1:{port}")
    cloud = clouds.start(port, HOME, keeps_state=True)
    site = subprocess.Popen(
        [sys.executable, "-m", "scripts.local.demo_site", str(demo_port)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    started = Processes(cloud.pid, port, site.pid, demo_port)
    home.remember_processes(started)
    return started


def _more_hosts() -> list[str]:
    """The hosts of ALLOWED_HOSTS, which programs may reach as well."""
    hosts = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    return [host for host in hosts if host]


def _credential(cloud: Cloud) -> str:
    """The ARN of the secret that `api.request` sends to the demo's site; its value is whatever it was changed to."""
    secrets_manager = deployment.session().client("secretsmanager", endpoint_url=cloud.endpoint_url)
    try:
        return secrets_manager.describe_secret(SecretId=_SECRET)["ARN"]
    except secrets_manager.exceptions.ResourceNotFoundException:
        return secrets_manager.create_secret(Name=_SECRET, SecretString=secrets.token_hex(16))["ARN"]


def _seed(deployed: Deployment, hooks_url: str) -> Stack:
    """A workspace with credits, a key, the sample workflows; what is there from an earlier time is kept."""
    _say("seeding workspace, key and workflows (lodol)")
    cloud = deployed.cloud
    ses = deployment.session().client("sesv2", endpoint_url=cloud.endpoint_url)
    if SENDER not in {identity["IdentityName"] for identity in ses.list_email_identities()["EmailIdentities"]}:
        ses.create_email_identity(EmailIdentity=SENDER)
    before = home.stack()
    if before and Client(deployed.api_url, before.api_key).send("GET", "/v1/workflows").status == 200:
        workspace_id, api_key = before.workspace_id, before.api_key
        if Client(deployed.api_url, api_key).send("GET", "/v1/webhooks").status == 403:
            api_key = _key(cloud, workspace_id)  # the one from before there were webhooks
    else:
        before = None
        workspace_id = lodol(cloud, STACK_NAME, *_WORKSPACE)["workspace_id"]
        api_key = _key(cloud, workspace_id)
    samples = {file: read_workflow(file) for file in sorted((ROOT / "workflows").glob("*.py"))}
    seeded = _store_samples(cloud, workspace_id, samples, before.seeded if before else {})
    stack = Stack(
        api_url=deployed.api_url,
        api_key=api_key,
        workspace_id=workspace_id,
        workflows={workflow.name: workflow.id or "" for workflow in samples.values()},
        endpoint_url=cloud.endpoint_url,
        region=REGION,
        stack_name=deployed.stack_name,
        seeded=seeded,
        hooks_url=hooks_url,
        sample=before.sample if before else "",
    )
    home.remember_stack(stack)
    return stack


def _key(cloud: Cloud, workspace_id: str) -> str:
    scopes = [part for scope in _SCOPES for part in ("--scope", scope)]
    made: str = lodol(cloud, STACK_NAME, "key", "create", workspace_id, *scopes)["key"]
    return made


def _store_samples(
    cloud: Cloud, workspace_id: str, samples: dict[Path, Workflow], seeded: dict[str, str]
) -> dict[str, str]:
    """Store the sample workflows, save those that the user has changed; answers with when each was stored by us."""

    def stored() -> dict[str, Any]:
        rows = lodol(cloud, STACK_NAME, "workflow", "list", workspace_id)["workflows"]
        return {row["workflow_id"]: row for row in rows}

    there, ours = stored(), []
    for file, sample in samples.items():
        found = there.get(sample.id or "")
        if found and found["updated_at"] != seeded.get(found["workflow_id"], found["updated_at"]):
            _say(f"{found['name']!r} was changed since, and is left alone")
            continue
        ours.append(lodol(cloud, STACK_NAME, "workflow", "put", workspace_id, str(file))["workflow_id"])
    after = stored()
    return {**seeded, **{workflow_id: after[workflow_id]["updated_at"] for workflow_id in ours}}


def _sample(stack: Stack, running: Processes) -> int:
    """Run the Welcome Email Workflow, once, and show what became of it."""
    client = Client(stack.api_url, stack.api_key)
    execution_id = stack.sample
    if not execution_id:
        _say("running the Welcome Email Workflow")
        workflow_id = stack.workflows["Welcome Email Workflow"]
        execution_id = client.run(workflow_id, {"name": "Grace", "email": "grace@example.com"}).json()["execution_id"]
        stack = replace(stack, sample=execution_id)
        home.remember_stack(stack)
    ended = client.until_ended(execution_id)
    _show(ended, stack)
    site = f"http://127.0.0.1:{running.demo_port}/orders"
    render_with_live_ids(stack)
    print(_next_lines(stack, execution_id, site))
    return 0 if ended["status"] == "success" else 1


def _show(ended: dict[str, Any], stack: Stack) -> None:
    print(
        f"\nExecution {ended['execution_id']}: {ended['status']}" + (f" ({ended['error']})" if ended["error"] else "")
    )
    for step in ended["steps"]:
        print(f"  step {step['index']}  {step['status']:<9}  {step['result']}")
    with urllib.request.urlopen(f"{stack.endpoint_url}/_ministack/ses/messages", timeout=5) as answer:
        for mail in _mails_of(ended, json.loads(answer.read())):
            print(f"\nThe mail it sent:\n  {json.dumps(mail, ensure_ascii=False)}")


def _mails_of(ended: dict[str, Any], inbox: dict[str, Any]) -> list[dict[str, Any]]:
    """The mails that the steps of this execution have sent; on a stack that ran before, others have sent some too."""
    results = [step["result"] for step in ended["steps"]]
    sent = {result["message_id"] for result in results if isinstance(result, dict) and "message_id" in result}
    return [mail for account in inbox["messages"].values() for mail in account if mail["MessageId"] in sent]


def _next_lines(stack: Stack, execution_id: str, site: str) -> str:
    key = f"-H @{home.below_root(home.remember_header(stack))}"
    runs = stack.workflows
    return f"""
Running, {time.monotonic() - _begun:.0f} s after the start. Go on with:

  .venv/bin/lodol run "Check Site" --input '{{"url": "{site}"}}' --watch
  .venv/bin/lodol run Reminder --watch
  .venv/bin/lodol executions list
  .venv/bin/lodol executions history {execution_id}
  .venv/bin/lodol executions open {execution_id}

The same over HTTPS (docs/guide.md):

  curl -X POST {stack.api_url}/v1/workflows/{runs["Welcome Email Workflow"]}/run-async \\
    {key} -H "Idempotency-Key: unique-request-id-123"
  curl "{stack.api_url}/v1/executions?limit=10" {key}
  curl "{stack.api_url}/v1/executions/{execution_id}?include_step_results=true" {key}
  curl -X POST {stack.api_url}/v1/executions/EXECUTION_ID/stop {key}

  .venv/bin/lodol workspace show {stack.workspace_id}
  make logs · make invoke FUNCTION=GetExecution EVENT=events/get_execution.json · make down

All of this also stands in {home.below_root(Path(HOME / "stack.json"))}."""


def _say(what: str) -> None:
    print(f"· {time.monotonic() - _begun:5.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
