"""How a workflow looks to readers of the API."""

from domain.workflows import Workflow
from handlers.http import View


class WorkflowView(View):
    """A workflow; `version` counts its programs from 1, `last_run_at` is null before the first run."""

    workflow_id: str
    name: str
    description: str
    version: int
    created_at: str
    updated_at: str
    last_run_at: str | None


def fields_of(workflow: Workflow) -> dict[str, str | int | None]:
    """The fields of a workflow that every view of it shows."""
    return {
        "workflow_id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
        "last_run_at": workflow.last_run_at,
    }
