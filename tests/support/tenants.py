"""Workspaces that have something of everything, and requests of every endpoint, made from what it says of itself.

A new endpoint is asked like the others, without anybody listing it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from itertools import product
from typing import Any

from domain.engine.slices import run_slice
from domain.entities import reviews, webhooks
from domain.entities.api_keys import Scope
from domain.entities.webhooks import Webhook
from domain.entities.workspaces import Plan, Workspace
from domain.ids import new_id
from domain.moments import to_text
from domain.operations import accounts, delivering
from handlers import decide_review
from handlers.http import Endpoint
from handlers.worker import Worker
from scripts.openapi import endpoints
from tests.support.conformance import World, slices_of
from tests.support.operations import publish, started, stop
from tests.support.programs import call, do, literal, program
from tests.support.requests import Context, ensure_described
from views import telling

ENDPOINTS = dict(endpoints())

_ASKS = program(
    do(call("human.create", literal("Go?"))), do(call("human.create", literal("Sure?"))), do(call("human.wait"))
)


_NEEDED = {"decision": "approved", "url": "https://example.com/", "status": "paused"}
"""What a body cannot do without."""


@dataclass(frozen=True)
class Tenant:
    """A workspace, its key, and the ids of what it owns by the name that a path has for them, several of a kind."""

    workspace: Workspace
    key: str
    ids: Mapping[str, tuple[str, ...]]


def tenant(worker: Worker) -> Tenant:
    """A workspace with executions that run, wait and have ended, reviews of both kinds, a webhook, and receipts."""
    stack, now = worker.stack, worker.clock()
    owner = accounts.create_workspace(
        stack.table, now, name="Tenant", plan=Plan.ENTERPRISE, credits=10**6, requests_per_minute=10**6
    )
    key, _ = accounts.create_key(stack.table, now, owner, frozenset(Scope))
    asks = publish(stack.table, now, owner.id, name="Asks", description="", program=_ASKS).id
    running, ended, waiting = (started(stack, now, owner, asks) for _ in range(3))
    stop(stack, now, owner.id, ended)
    run_slice(slices_of(stack, World(now)), owner.id, waiting)
    asked = tuple(review.id for review in reviews.of_execution(stack.table, waiting))
    hook, delivery = _webhook(worker, owner)
    ids = {"workflow_id": (asks,), "execution_id": (running, ended), "review_id": asked}
    made = Tenant(owner, key, {**ids, "webhook_id": (hook,), "delivery_id": (delivery,)})
    answer(decide_review.handler, request(decide_review.handler, made, {"review_id": asked[1]}), worker)
    return made


def _webhook(worker: Worker, owner: Workspace) -> tuple[str, str]:
    """A webhook, and a delivery that is on its way to it."""
    now = worker.clock()
    hook = Webhook(new_id(now), owner.id, "https://example.com/hook", "", (), (), to_text(now))
    worker.stack.table.commit(*webhooks.create(hook))
    return hook.id, delivering.test(worker.stack, now, owner.id, hook.id, telling.event).id


def request(
    endpoint: Endpoint,
    sender: Tenant,
    path: Mapping[str, str],
    query: Mapping[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    """A request of a tenant as the gateway hands it over, with what the endpoint cannot do without."""
    required = {one.name: one.schema["enum"][0] for one in endpoint.query if one.is_required}
    asked = {**required, **(query or {})} or None
    body = None
    if endpoint.body is not None:
        needed = [field.name for field in fields(endpoint.body) if field.default is field.default_factory is MISSING]
        body = json.dumps({name: _NEEDED[name] for name in needed})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "resource": endpoint.path,
        "path": endpoint.path.format(**path),
        "httpMethod": endpoint.method,
        "headers": {"Host": "api.example.com", "Authorization": f"Bearer {sender.key}", **named},
        "queryStringParameters": asked,
        "pathParameters": dict(path) or None,
        "requestContext": {"path": f"/api{endpoint.path}", "stage": "api"},
        "body": body,
        "isBase64Encoded": False,
    }


def answer(endpoint: Endpoint, event: Any, worker: Worker) -> Any:
    """The whole answer, which is one that the endpoint's description has."""
    answered = endpoint(event, Context(), worker)  # type: ignore[arg-type]
    ensure_described(endpoint, answered)
    return answered


def names_in_path(endpoint: Endpoint) -> list[str]:
    """The names that stand for ids in the path of an endpoint."""
    return re.findall(r"<(\w+)>", endpoint.route)


def paths(endpoint: Endpoint, owner: Tenant) -> Iterator[dict[str, str]]:
    """What may stand in the path so that it leads to what a tenant owns: one for each thing of that kind."""
    names = names_in_path(endpoint)
    for owned in product(*(owner.ids[name] for name in names)):
        yield dict(zip(names, owned, strict=True))
