"""AWS in this process: moto, without what makes it slow.

DynamoDB is moto's, without its HTTP server, and without the copy of the whole table that it makes for each transaction;
`tests/integration/test_aws.py` compares the two. Everything else is moto as it comes.
"""

import copy
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.loaders import Loader, create_loader
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto.core.base_backend import BackendDict
from moto.core.exceptions import JsonRESTError
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    ItemSizeTooLarge,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize, dynamo_json_dump
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.responses import DynamoHandler

type Response = tuple[int, dict[str, str], str]
type Reason = tuple[str, str, Any] | tuple[None, None, None]

ITEM_BYTES = 405_000
"""The limit as moto has it: a little below that of DynamoDB."""

by_moto = botocore_stubber.process_request


@contextmanager
def mocked() -> Iterator[None]:
    """AWS with nothing in it, for every client of botocore that is made meanwhile; afterwards it is forgotten.

    What `mock_aws` does beyond this is for other HTTP libraries, and takes longer than most tests.
    """
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(boto3, "DEFAULT_SESSION", _session())
        patches.setattr("botocore.session.create_loader", _loader)
        patches.setattr(botocore_stubber, "enabled", True)
        patches.setattr(botocore_stubber, "process_request", _answer)
        patches.setattr(DynamoDBBackend, "transact_write_items", transact_write_items)
        # moto reads an expression twice for each write and copies what it has read; nobody changes the first.
        patches.setattr(UpdateExpressionParser, "make", lru_cache(UpdateExpressionParser.make))
        patches.setattr(validators, "deepcopy", lambda expression: pickle.loads(pickle.dumps(expression)))
        patches.setattr(DepthFirstTraverser, "traverse", _traverse)
        patches.setattr(LimitedSizeDict, "__setitem__", _set_attribute)
        # Nobody here looks at a signature or at the name of a client.
        patches.setattr(RequestSigner, "sign", lambda *_, **__: None)
        patches.setattr(UserAgentString, "to_string", lambda _: "a test")
        yield
    BackendDict.reset()
    reset_model_data()


@cache
def _session() -> boto3.Session:
    """Makes all clients, each with a copy of its hooks; it asks the surroundings for each anew."""
    return boto3.Session()


@cache
def _loader(search_path: str | None = None) -> Loader:
    """Reads the descriptions of the services, once for the whole process."""
    return create_loader(search_path)


def _answer(request: Any) -> Any:
    target = request.headers.get("X-Amz-Target", b"").decode()
    return _dynamodb(target, request.body) if target.startswith("DynamoDB") else by_moto(request)


def _dynamodb(target: str, body: bytes) -> Response:
    """Carry out one call; what it asks for and what it is told are JSON, as on the wire."""
    handler = DynamoHandler()
    handler.region, handler.current_account = "us-east-1", DEFAULT_ACCOUNT_ID
    handler.body = json.loads(body)
    operation = getattr(handler, xform_name(target.rpartition(".")[2]))
    try:
        return 200, {}, dynamo_json_dump(operation().result)
    except JsonRESTError as error:
        return error.code, {}, error.description


def _bytes_of(name: str, value: Any) -> int:
    size: int = bytesize(name) + value.size()
    return size


def _set_attribute(attributes: Any, name: str, value: Any) -> None:
    """Set an attribute of an item, which may not become too large; moto measures all others anew for each."""
    sizes, size = attributes.__dict__.setdefault("sizes", {}), _bytes_of(name, value)
    if sum(sizes.get(known) or _bytes_of(known, attributes[known]) for known in attributes) + size > ITEM_BYTES:
        raise ItemSizeTooLarge
    sizes[name] = size
    dict.__setitem__(attributes, name, value)


@cache
def _kind_of(node_class: Any, kinds: tuple[type, ...]) -> type | None:
    """The first of some kinds that a class of nodes is of."""
    return next((kind for kind in kinds if issubclass(node_class, kind)), None)


_OF_THE_WHOLE = (validators.ActionCountValidator, validators.OverlappingPathsValidator)
"""They look through all that is below a node, so what they find anywhere they find at the root."""


def _traverse(traverser: Any, root: Any) -> Any:
    """Process the nodes of an expression, children first; moto asks at each anew what is to be done."""
    processing = traverser._processing_map()
    kinds = tuple(processing)
    if isinstance(traverser, _OF_THE_WHOLE):
        return traverser.process(root)

    def visit(node: Any, place: int) -> Any:
        parent = node.parent
        for index, child in enumerate(node.children or ()):
            traverser.pre_processing_of_child(node, index)
            if isinstance(child, Node):
                visit(child, index)
        if kind := _kind_of(node.__class__, kinds):
            node = processing[kind](node)
            node.parent = parent
            if parent:
                parent.children[place] = node
        return node

    return visit(root, -1)


def transact_write_items(backend: DynamoDBBackend, writes: list[dict[str, Any]]) -> None:
    """Carry out all writes or none: first every condition is looked at, then every write is made."""
    if len(writes) > 100:
        raise TooManyTransactionsException
    asked = [(kind, one, _key(backend, one)) for write in writes for kind, one in write.items()]
    if len({(one["TableName"], str(sorted(key.items()))) for _, one, key in asked}) < len(asked):
        raise MultipleTransactionsException
    reasons = [_reason(backend, one, key) for _, one, key in asked]
    if any(code for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)
    with _all_or_nothing(backend, [(one["TableName"], key) for _, one, key in asked]):
        for kind, one, key in asked:
            _write(backend, kind, one, key)


def _key(backend: DynamoDBBackend, asked: Any) -> Any:
    """The key of a write's item; of a put, it stands in the item itself."""
    table = backend.get_table(asked["TableName"])
    return asked.get("Key") or {name: asked["Item"][name] for name in table.table_key_attrs}


def _reason(backend: DynamoDBBackend, asked: Any, key: Any) -> Reason:
    """Why a write cannot be made: code, message and, if it is asked for, the item that is in the way."""
    current = backend.get_item(asked["TableName"], key)
    condition = get_filter_expression(
        asked.get("ConditionExpression"),
        asked.get("ExpressionAttributeNames"),
        asked.get("ExpressionAttributeValues"),
    )
    if condition.expr(current):
        return None, None, None
    wants_item = asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    item = current.to_json()["Attributes"] if wants_item and current else None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), item


def _write(backend: DynamoDBBackend, kind: str, asked: Any, key: Any) -> None:
    match kind:
        case "Put":
            backend.put_item(asked["TableName"], asked["Item"])
        case "Delete":
            backend.delete_item(asked["TableName"], key)
        case "Update":
            backend.update_item(
                asked["TableName"],
                key,
                asked["UpdateExpression"],
                asked.get("ExpressionAttributeNames"),
                asked.get("ExpressionAttributeValues"),
            )


@contextmanager
def _all_or_nothing(backend: DynamoDBBackend, keys: list[tuple[str, Any]]) -> Iterator[None]:
    """Put every item back as it was if what follows fails: an update that makes no sense is found out only then."""
    before = [(name, key, copy.deepcopy(backend.get_item(name, key))) for name, key in keys]
    try:
        yield
    except Exception:
        for name, key, item in before:
            backend.delete_item(name, key)
            if item:
                backend.get_table(name).items[item.hash_key][item.range_key] = item
        raise
