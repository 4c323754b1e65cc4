"""Fills the sample events with the ids and the key of the running stack."""

import time
from string import Template

from scripts.local.client import Client
from scripts.local.deployment import ROOT
from scripts.local.home import HOME, Stack, write_secret

_RENDERED = HOME / "events"


def render_events(stack: Stack, **ids: str) -> None:
    """Write every file of `events/` below `.local/events`, ready for `sam remote invoke` and `sam local invoke`."""
    _RENDERED.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "events").glob("*.json")):
        write_secret(_RENDERED / file.name, filled(file.read_text(), stack, **ids))


def filled(text: str, stack: Stack, **ids: str) -> str:
    """Put the stack's own key and ids into a sample event: those of an execution, a review, a webhook, a delivery."""
    return Template(text).substitute(
        api_key=stack.api_key,
        workspace_id=stack.workspace_id,
        workflow_id=stack.workflows["Welcome Email Workflow"],
        **ids,
    )


def render_with_live_ids(stack: Stack) -> None:
    """Render the events with an execution that sleeps, a review that is pending, and a delivery to a webhook.

    What is not there is begun.
    """
    client = Client(stack.api_url, stack.api_key)
    sleeping = _running(client, stack.workflows["Reminder"])
    asking = _running(client, stack.workflows["Approval"])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pending = client.send("GET", "/v1/reviews?status=pending&limit=100").json()["reviews"]
        if found := [review["review_id"] for review in pending if review["execution_id"] == asking]:
            webhook_id, delivery_id = _delivery(client, stack)
            ids = {"webhook_id": webhook_id, "delivery_id": delivery_id}
            render_events(stack, execution_id=sleeping, review_id=found[0], **ids)
            return
        time.sleep(0.3)
    raise TimeoutError(f"execution {asking} asked for no review within 30 seconds")


def _running(client: Client, workflow_id: str) -> str:
    """The execution of a workflow that runs from an earlier time, or else a new one."""
    path = f"/v1/executions?status=running&workflow_id={workflow_id}&limit=1"
    rows = client.send("GET", path).json()["executions"] or [client.run(workflow_id).json()]
    execution_id: str = rows[0]["execution_id"]
    return execution_id


def _delivery(client: Client, stack: Stack) -> tuple[str, str]:
    """The webhook that leads to the demo's site, and its last delivery, which is a test if there was none."""
    webhooks = client.send("GET", "/v1/webhooks").json()["webhooks"]
    ours = [webhook["webhook_id"] for webhook in webhooks if webhook["url"] == stack.hooks_url]
    webhook_id = ours[0] if ours else client.send("POST", "/v1/webhooks", {"url": stack.hooks_url}).json()["webhook_id"]
    rows = client.send("GET", f"/v1/webhooks/{webhook_id}/deliveries?limit=1").json()["deliveries"]
    last = rows[0] if rows else client.send("POST", f"/v1/webhooks/{webhook_id}/test").json()
    return webhook_id, last["delivery_id"]
