"""Fills the sample events with the ids and the key of the running stack."""

from string import Template

from scripts.local.deployment import ROOT
from scripts.local.home import HOME, Stack

_RENDERED = HOME / "events"


def render_events(stack: Stack, execution_id: str) -> None:
    """Write every file of `events/` below `.local/events`, ready for `sam remote invoke` and `sam local invoke`."""
    _RENDERED.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "events").glob("*.json")):
        (_RENDERED / file.name).write_text(filled(file.read_text(), stack, execution_id))


def filled(text: str, stack: Stack, execution_id: str) -> str:
    """Put the stack's own key and ids into a sample event."""
    return Template(text).substitute(
        api_key=stack.api_key,
        workspace_id=stack.workspace_id,
        workflow_id=stack.workflows["Welcome Email Workflow"],
        execution_id=execution_id,
    )
