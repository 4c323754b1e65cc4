"""Fills the sample events with the ids and the key of the running stack."""

import time
from string import Template

from scripts.local.client import Client
from scripts.local.deployment import ROOT
from scripts.local.home import HOME, Stack, write_secret

_RENDERED = HOME / "events"


def render_events(stack: Stack, execution_id: str, review_id: str) -> None:
    """Write every file of `events/` below `.local/events`, ready for `sam remote invoke` and `sam local invoke`."""
    _RENDERED.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "events").glob("*.json")):
        write_secret(_RENDERED / file.name, filled(file.read_text(), stack, execution_id, review_id))


def filled(text: str, stack: Stack, execution_id: str, review_id: str) -> str:
    """Put the stack's own key and ids into a sample event."""
    return Template(text).substitute(
        api_key=stack.api_key,
        workspace_id=stack.workspace_id,
        workflow_id=stack.workflows["Welcome Email Workflow"],
        execution_id=execution_id,
        review_id=review_id,
    )


def render_with_live_ids(stack: Stack) -> None:
    """Render the events with an execution that sleeps and a review that is pending; started if there is none."""
    client = Client(stack.api_url, stack.api_key)
    sleeping = _running(client, stack.workflows["Reminder"])
    asking = _running(client, stack.workflows["Approval"])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pending = client.send("GET", "/v1/reviews?status=pending&limit=100").json()["reviews"]
        if found := [review["review_id"] for review in pending if review["execution_id"] == asking]:
            render_events(stack, sleeping, found[0])
            return
        time.sleep(0.3)
    raise TimeoutError(f"execution {asking} asked for no review within 30 seconds")


def _running(client: Client, workflow_id: str) -> str:
    """The execution of a workflow that runs from an earlier time, or else a new one."""
    path = f"/v1/executions?status=running&workflow_id={workflow_id}&limit=1"
    rows = client.send("GET", path).json()["executions"] or [client.run(workflow_id).json()]
    execution_id: str = rows[0]["execution_id"]
    return execution_id
