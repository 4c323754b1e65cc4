"""Fills the sample events with the ids and the key of the running stack."""

import time
from string import Template

from scripts.local.client import Client
from scripts.local.deployment import ROOT
from scripts.local.home import HOME, Stack

_RENDERED = HOME / "events"


def render_events(stack: Stack, execution_id: str, review_id: str) -> None:
    """Write every file of `events/` below `.local/events`, ready for `sam remote invoke` and `sam local invoke`."""
    _RENDERED.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "events").glob("*.json")):
        (_RENDERED / file.name).write_text(filled(file.read_text(), stack, execution_id, review_id))


def filled(text: str, stack: Stack, execution_id: str, review_id: str) -> str:
    """Put the stack's own key and ids into a sample event."""
    return Template(text).substitute(
        api_key=stack.api_key,
        workspace_id=stack.workspace_id,
        workflow_id=stack.workflows["Welcome Email Workflow"],
        execution_id=execution_id,
        review_id=review_id,
    )


def render_with_fresh_ids(stack: Stack) -> None:
    """Render the events with an execution that sleeps and a review that is pending, both just started."""
    client = Client(stack.api_url, stack.api_key)
    sleeping = client.run(stack.workflows["Reminder"]).json()["execution_id"]
    asking = client.run(stack.workflows["Approval"]).json()["execution_id"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pending = client.send("GET", "/v1/reviews?status=pending").json()["reviews"]
        if found := [review["review_id"] for review in pending if review["execution_id"] == asking]:
            render_events(stack, sleeping, found[0])
            return
        time.sleep(0.3)
    raise TimeoutError(f"execution {asking} asked for no review within 30 seconds")
