"""A workspace with a workflow and a key, as its owner uses the API."""

from typing import Any

from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan, Workspace, from_item
from domain.operations import accounts
from domain.program.values import Value
from handlers import get_execution, list_executions, run_workflow, stop_execution
from handlers.worker import Worker
from tests.support.operations import publish
from tests.support.requests import send

PROGRAM: Value = {"kind": "Program", "body": []}

type Answer = tuple[int, dict[str, str], Any]


class Shop:
    """A workspace with a workflow and a key."""

    def __init__(
        self, worker: Worker, plan: Plan = Plan.PRO, credits: int = 10, scopes: Any = None, **own: Any
    ) -> None:
        self.worker, self.table, now = worker, worker.stack.table, worker.clock()
        self.workspace: Workspace = accounts.create_workspace(
            self.table, now, name="Shop", plan=plan, credits=credits, **own
        )
        paying = self.workspace
        if plan is Plan.FREE:
            paying = from_item({"id": self.workspace.id, "name": "", "plan": "pro", "credits": 0, "created_at": ""})
        self.key, self.stored = accounts.create_key(self.table, now, paying, frozenset(scopes or Scope))
        self.workflow = publish(self.table, now, self.workspace.id, name="Welcome", description="", program=PROGRAM).id

    def run(self, body: str | None = None, workflow: str | None = None, **headers: str) -> Answer:
        path = f"/v1/workflows/{workflow or self.workflow}/run-async"
        return send(self.worker, run_workflow.handler, "POST", path, self.key, None, body, _named(headers))

    def get(self, execution_id: str, **query: str) -> Answer:
        path = f"/v1/executions/{execution_id}"
        return send(self.worker, get_execution.handler, "GET", path, self.key, query or None)

    def stop(self, execution_id: str, **headers: str) -> Answer:
        path = f"/v1/executions/{execution_id}/stop"
        return send(self.worker, stop_execution.handler, "POST", path, self.key, headers=_named(headers))

    def list(self, **query: str) -> Answer:
        return send(self.worker, list_executions.handler, "GET", "/v1/executions", self.key, query or None)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
