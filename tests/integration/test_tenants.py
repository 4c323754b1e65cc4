"""Two workspaces: what one owns is to the other as if it did not exist, on every endpoint and by every kind of id."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.entities import api_keys
from handlers.http import Endpoint
from handlers.worker import Worker
from tests.support.given import NOW
from tests.support.tenants import ENDPOINTS, Tenant, answer, names_in_path, paths, request, tenant

MALFORMED = ["x", "0" * 23, "0" * 25, "F" * 24, "", "..", "a/b", "%00", "\x00", "é" * 24, "*", "' OR 1=1"]
ID = re.compile(r"\b[0-9a-f]{24}\b")


@pytest.fixture
def worker(stack: Stack) -> Worker:
    return Worker(stack, lambda: NOW)


@pytest.fixture
def ours(worker: Worker) -> Tenant:
    return tenant(worker)


@pytest.fixture
def theirs(worker: Worker) -> Tenant:
    return tenant(worker)


class Calls:
    """What a request asks AWS for: the names of the calls, and every partition of the table that they name."""

    def __init__(self, *clients: Any) -> None:
        self.names: list[str] = []
        self.partitions: set[str] = set()
        self.machine: list[Any] = []
        self._is_noted = False
        for client in clients:
            client.meta.events.register("provide-client-params", self._note)

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        if not self._is_noted:
            return
        self.names.append(model.name)
        if model.service_model.service_name == "dynamodb":
            named = set(_partitions(params))
            assert named, f"{model.name} names no partition"
            self.partitions |= named
        else:
            self.machine.append(params)

    @contextmanager
    def noted(self) -> Iterator[None]:
        self.names, self.partitions, self.machine = [], set(), []
        self._is_noted = True
        yield
        self._is_noted = False


def _partitions(asked: Any) -> Iterator[str]:
    """Every value of a partition key in the parameters of a call, of the table and of its indexes."""
    if isinstance(asked, dict):
        for name, inner in asked.items():
            if name in {"pk", ":pk"}:
                yield inner["S"]
            else:
                yield from _partitions(inner)
    elif isinstance(asked, list):
        for inner in asked:
            yield from _partitions(inner)


@pytest.fixture
def calls(dynamodb: Any, stepfunctions: Any) -> Calls:
    return Calls(dynamodb, stepfunctions)


def _owned(table: Table, owner: Tenant) -> list[Any]:
    """Every item of a workspace and of its executions, as it is stored."""
    items = list(table.scan())
    ours = [item for item in items if item["pk"].startswith(f"WS#{owner.workspace.id}")]
    executions = {f"EXECUTION#{item['id']}" for item in ours if item["sk"].startswith("EXECUTION#")}
    return sorted(
        (item for item in items if item in ours or item["pk"] in executions), key=lambda item: (item["pk"], item["sk"])
    )


def _ids(table: Table, owner: Tenant) -> set[str]:
    return set(ID.findall(json.dumps(_owned(table, owner), default=sorted))) - {owner.workspace.id}


def _beside(other: str) -> str:
    """An id that does not exist, and that sorts where the other does."""
    return f"{int(other, 16) ^ 1:024x}"


class Asked:
    """A worker that is asked by one workspace; no request sees that others came before it."""

    def __init__(self, worker: Worker, sender: Tenant, calls: Calls) -> None:
        self.worker, self.sender, self.calls = worker, sender, calls
        answer(ENDPOINTS["get_workspace"], request(ENDPOINTS["get_workspace"], sender, {}), worker)

    def send(self, endpoint: Endpoint, path: dict[str, str], query: Any = None, **headers: str) -> Any:
        table = self.worker.stack.table
        window = f"WS#{self.sender.workspace.id}#WINDOW#{NOW:%Y-%m-%dT%H:%M}"
        table._client.delete_item(TableName="table", Key={"pk": {"S": window}, "sk": {"S": "WINDOW"}})
        with self.calls.noted():
            answered = answer(endpoint, request(endpoint, self.sender, path, query, **headers), self.worker)
        self._ensure_kept_apart()
        return answered

    def _ensure_kept_apart(self) -> None:
        """Rule: architecture "What must always hold": partitions come from the workspace that was authenticated."""
        workspace, key_hash = self.sender.workspace.id, api_keys.hash_of(self.sender.key)
        of_ours = {item["sk"] for item in _owned(self.worker.stack.table, self.sender)}
        for partition in self.calls.partitions:
            is_ours = partition == f"WS#{workspace}" or partition.startswith(f"WS#{workspace}#")
            assert is_ours or partition == f"KEY#{key_hash}" or partition in of_ours, partition
        for asked in self.calls.machine:
            assert any(name.partition("#")[2] in json.dumps(asked) for name in of_ours if "EXECUTION#" in name)
            assert json.loads(asked.get("input", "{}")).get("workspace_id", workspace) == workspace


@pytest.fixture
def asked(worker: Worker, ours: Tenant, calls: Calls) -> Asked:
    return Asked(worker, ours, calls)


def _code(answered: Any) -> str | None:
    codes: list[str] = answered["multiValueHeaders"].get("Error-Code", [None])
    return codes[0]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_what_one_owns_it_gets_and_nothing_of_the_other(asked: Asked, ours: Tenant, theirs: Tenant, name: str) -> None:
    endpoint, table = ENDPOINTS[name], asked.worker.stack.table
    foreign, before = _ids(table, theirs), _owned(table, theirs)

    answers = [asked.send(endpoint, path) for path in paths(endpoint, ours)]

    assert endpoint.status in {each["statusCode"] for each in answers}
    assert not any((_code(each) or "").endswith("_not_found") for each in answers)
    assert not foreign & set(ID.findall(json.dumps(answers)))
    assert _owned(table, theirs) == before


@pytest.mark.parametrize("name", [name for name, endpoint in ENDPOINTS.items() if names_in_path(endpoint)])
def test_a_foreign_id_is_answered_as_one_that_does_not_exist(asked: Asked, theirs: Tenant, name: str) -> None:
    endpoint, table = ENDPOINTS[name], asked.worker.stack.table
    before, our_before = _owned(table, theirs), _owned(table, asked.sender)
    own = next(paths(endpoint, asked.sender))

    for named, path in product(names_in_path(endpoint), paths(endpoint, theirs)):
        for headers in ({}, {"Idempotency_Key": "theirs"}) if endpoint.is_replayable else ({},):
            # One id of the other's, whatever else stands in the path being ours.
            foreign, foreign_calls = asked.send(endpoint, {**own, named: path[named]}, **headers), asked.calls.names
            beside = {**own, named: _beside(path[named])}
            missing, missing_calls = asked.send(endpoint, beside, **headers), asked.calls.names
            assert foreign == missing
            assert foreign_calls == missing_calls
            assert _code(foreign) == f"{named.removesuffix('_id')}_not_found"
            for malformed in MALFORMED:
                assert asked.send(endpoint, {**own, named: malformed}, **headers) == missing

    assert _owned(table, theirs) == before
    assert _without_windows(_owned(table, asked.sender)) == _without_windows(our_before)


def _without_windows(items: list[Any]) -> list[Any]:
    return [item for item in items if item["sk"] != "WINDOW"]


PARAMETERS = [
    (name, parameter.name)
    for name, endpoint in ENDPOINTS.items()
    for parameter in endpoint.query
    if "24" in str(parameter.schema.get("pattern"))
]


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_a_foreign_id_in_a_query_is_answered_as_one_that_does_not_exist(
    asked: Asked, ours: Tenant, theirs: Tenant, name: str, parameter: str
) -> None:
    """A cursor is a position, and means the same whoever owns what stands there."""
    endpoint, table = ENDPOINTS[name], asked.worker.stack.table
    before, their_ids = _owned(table, theirs), _ids(table, theirs)
    path = next(paths(endpoint, ours))

    for owned in sorted(their_ids):
        foreign, foreign_calls = asked.send(endpoint, path, {parameter: owned}), asked.calls.names
        missing, missing_calls = asked.send(endpoint, path, {parameter: _beside(owned)}), asked.calls.names
        assert foreign == missing
        assert foreign_calls == missing_calls
        assert not their_ids & set(ID.findall(json.dumps(foreign)))
    for malformed in MALFORMED:
        if malformed != "F" * 24:
            assert asked.send(endpoint, path, {parameter: malformed})["statusCode"] == 400

    assert _owned(table, theirs) == before


def test_there_are_parameters_that_take_ids() -> None:
    assert {parameter for _, parameter in PARAMETERS} == {"after", "workflow_id"}


@pytest.mark.parametrize("name", [name for name, endpoint in ENDPOINTS.items() if endpoint.is_replayable])
def test_a_receipt_of_the_other_is_none(asked: Asked, worker: Worker, ours: Tenant, theirs: Tenant, name: str) -> None:
    endpoint = ENDPOINTS[name]

    def repeated(owner: Tenant) -> list[Any]:
        return [
            answer(endpoint, request(endpoint, owner, path, Idempotency_Key="the same"), worker)
            for path in paths(endpoint, owner)
        ]

    first = next(each for each in repeated(theirs) if each["statusCode"] == endpoint.status)
    answers = [asked.send(endpoint, path, Idempotency_Key="the same") for path in paths(endpoint, ours)]

    ours_first = next(each for each in answers if each["statusCode"] == endpoint.status)
    assert "Idempotency-Replayed" not in ours_first["multiValueHeaders"]
    assert ours_first["body"] != first["body"]
    again = next(each for each in repeated(theirs) if each["statusCode"] == endpoint.status)
    assert (again["body"], again["multiValueHeaders"]["Idempotency-Replayed"]) == (first["body"], ["true"])


def test_whatever_a_request_says_of_a_workspace_is_not_looked_at(asked: Asked, theirs: Tenant) -> None:
    """Who a request is of is said by its key alone."""
    other = theirs.workspace.id
    endpoint = ENDPOINTS["list_executions"]
    plain = asked.send(endpoint, {})

    assert asked.send(endpoint, {}, X_Workspace_Id=other, Workspace_Id=other, Cookie=f"workspace={other}") == plain
    assert asked.send(endpoint, {"workspace_id": other}) == plain
    assert asked.send(endpoint, {}, {"workspace_id": other})["statusCode"] == 400
