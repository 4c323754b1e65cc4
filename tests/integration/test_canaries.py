"""Secrets that are sent through everything, and looked for wherever something is kept, told or shown."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import typer
from botocore.client import BaseClient

from domain.aws.stack import Stack
from domain.callables import EFFECTS, api
from domain.callables.settings import Settings
from domain.entities import api_keys
from domain.entities.api_keys import Scope
from domain.operations import accounts
from domain.refusals import Refusal
from handlers import get_execution, get_history, reconcile, record_outcome, run_steps
from handlers.http import Endpoint
from handlers.logs import logger
from handlers.worker import Worker
from lodol.cli.main import app, main
from tests.support.conformance import KillingTable, WorkerKilled, World, slices_of
from tests.support.given import NOW
from tests.support.operations import publish, stack_of, started
from tests.support.programs import call, do, let, literal, program, var
from tests.support.requests import Context
from tests.support.roles import CREDENTIAL_ARN
from tests.support.site import Raw, Said, Site
from tests.support.template import ROOT
from tests.support.tenants import ENDPOINTS, Tenant, answer, names_in_path, paths, request, tenant

REDACTED = "[redacted]"


def shows(text: str, secret: str) -> bool:
    """Whether a text has any twelve characters of a secret; of a key, behind the part that is shown on purpose."""
    kept = secret[len(api_keys.prefix_of(secret)) :] if secret.startswith("sk_live_") else secret
    return any(kept[at : at + 12] in text for at in range(len(kept) - 11))


class Sinks:
    """Everything that keeps, tells or shows something."""

    def __init__(self, stack: Stack, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.stack, self.capfd = stack, capfd
        self.log = io.StringIO()
        monkeypatch.setattr(logger.registered_handler, "stream", self.log)
        monkeypatch.setattr(logging.getLogger(), "handlers", [logger.registered_handler])
        self.told: list[str] = []
        """Answers, what the state machine is told, and the tracebacks of what was raised."""
        self.asked: list[str] = []
        """What AWS was asked for, whatever the service."""
        call_aws = BaseClient._make_api_call  # type: ignore[attr-defined]

        def noted(client: Any, operation: str, asked: Any) -> Any:
            self.asked.append(f"{operation} {asked}")
            return call_aws(client, operation, asked)

        monkeypatch.setattr(BaseClient, "_make_api_call", noted)

    def tell(self, answered: Any) -> None:
        self.told.append(json.dumps(answered, default=str))

    def tell_of(self, failure: BaseException) -> None:
        self.told += traceback.format_exception(failure)
        self.told.append(f"{failure!r} {failure.args}")

    def contents(self) -> dict[str, str]:
        """What stands in each of them now."""
        screen = self.capfd.readouterr()
        machine = self.stack.state_machine
        histories = []
        for listed in machine._client.list_executions(stateMachineArn=machine._arn)["executions"]:
            arn = listed["executionArn"]
            histories.append(str(machine._client.describe_execution(executionArn=arn)))
            histories.append(str(machine._client.get_execution_history(executionArn=arn)))
        return {
            "the log": self.log.getvalue(),
            "standard output and error": screen.out + screen.err,
            "the table": str(list(self.stack.table.scan())),
            "the state machine": "".join(histories),
            "calls of AWS": "".join(self.asked),
            "answers and exceptions": "".join(self.told),
        }

    def ensure_none_shows(self, *secrets: str) -> None:
        contents = self.contents()
        assert contents["the log"]
        for secret in secrets:
            assert [name for name, text in contents.items() if shows(text, secret)] == []


@pytest.fixture
def sinks(stack: Stack, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Sinks:
    return Sinks(stack, monkeypatch, capfd)


@pytest.fixture
def worker(stack: Stack) -> Worker:
    return Worker(stack, lambda: NOW)


@pytest.fixture
def owner(worker: Worker) -> Tenant:
    return tenant(worker)


STRAY = api_keys.new_text()
"""A key that is put where no key belongs."""


def _everywhere(endpoint: Endpoint, owner: Tenant) -> Iterator[Any]:
    """Requests of an endpoint that succeed or are refused by what is there, and with a key where none belongs."""
    for path in paths(endpoint, owner):
        yield request(endpoint, owner, path)
        yield request(endpoint, owner, path, Idempotency_Key=STRAY, X_Api_Key=STRAY, Cookie=f"key={STRAY}")
        for parameter in endpoint.query:
            yield request(endpoint, owner, path, {parameter.name: STRAY})
        body = request(endpoint, owner, path)
        yield {**body, "body": f'{{"{STRAY}": 1'}
    own = next(paths(endpoint, owner))
    for name in names_in_path(endpoint):
        yield request(endpoint, owner, {**own, name: "0" * 24})
        yield request(endpoint, owner, {**own, name: STRAY})
    yield {**request(endpoint, owner, next(paths(endpoint, owner))), "resource": "/v2"}


def _bad_keys(worker: Worker, owner: Tenant) -> Iterator[str]:
    """Keys that are let in nowhere."""
    yield api_keys.new_text()
    yield f"{api_keys.new_text()}="
    table, scopes = worker.stack.table, frozenset(Scope)
    text, revoked = accounts.create_key(table, NOW, owner.workspace, scopes)
    accounts.revoke_key(table, NOW, owner.workspace.id, revoked.id)
    yield text
    text, _ = accounts.create_key(table, NOW - timedelta(days=2), owner.workspace, scopes, expires_in_days=1)
    yield text
    text, narrow = accounts.create_key(table, NOW, owner.workspace, scopes)
    table.update(api_keys.key(narrow.hash), "SET scopes = :none", {":none": {"nothing"}})
    yield text


def _refusal(kind: type[Refusal]) -> Refusal:
    known: dict[str, Any] = {}
    if is_dataclass(kind):
        known = {field.name: 1 if field.type in {int, "int"} else "x" for field in fields(kind)}
    return kind(**known)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_no_key_is_shown_by_what_succeeds_or_is_refused(
    sinks: Sinks, worker: Worker, owner: Tenant, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    endpoint = ENDPOINTS[name]
    before = sinks.log.tell()

    statuses = []
    for event in _everywhere(endpoint, owner):
        answered = answer(endpoint, event, worker)
        statuses.append(answered["statusCode"])
        sinks.tell(answered)
    bad, path = list(_bad_keys(worker, owner)), next(paths(endpoint, owner))
    for key in bad:
        sinks.tell(answer(endpoint, request(endpoint, replace(owner, key=key), path), worker))
    for kind in endpoint.refuses:
        monkeypatch.setattr(endpoint, "_operation", _raising(_refusal(kind)))
        sinks.tell(answer(endpoint, request(endpoint, owner, path), worker))

    assert endpoint.status in statuses
    sinks.ensure_none_shows(owner.key, STRAY, *bad)
    # The rule holds by itself: the filter behind it had nothing to do.
    assert REDACTED not in sinks.log.getvalue()[before:]


def _raising(failure: Exception) -> Callable[[Any], Any]:
    def operation(_: Any) -> Any:
        raise failure

    return operation


@pytest.mark.parametrize("name", ENDPOINTS)
def test_no_key_is_shown_by_a_crash_at_any_call_though_its_message_has_the_whole_request(
    sinks: Sinks, worker: Worker, owner: Tenant, dynamodb: Any, stepfunctions: Any, monkeypatch: Any, name: str
) -> None:
    endpoint, left, crashes = ENDPOINTS[name], [0], 0
    event: dict[str, Any] = {}

    def crash(**_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise RuntimeError(f"it broke, of {event} {json.dumps(event)} by {owner.key}")

    for client in (dynamodb, stepfunctions):
        client.meta.events.register("provide-client-params", crash)
    for path in paths(endpoint, owner):
        for number in range(1, 30):
            event, left[0] = request(endpoint, owner, path, X_Api_Key=STRAY, Cookie=f"key={STRAY}"), number
            answered = answer(endpoint, event, Worker(worker.stack, worker.clock))
            sinks.tell(answered)
            crashes += answered["statusCode"] == 500
            if left[0] > 0:
                break
    left[0] = 0
    leaks = (f"{event}", json.dumps(json.dumps(event)), f"Bearer {owner.key}", f"{owner.key}'", f"\n{owner.key}\n")
    for text in leaks:
        monkeypatch.setattr(endpoint, "_operation", _raising(ValueError(text, {"of": text})))
        sinks.tell(answer(endpoint, event, worker))

    # At the least reading the key, reading its workspace, and counting.
    assert crashes >= 3
    assert sinks.log.getvalue().count('"crashed"') == crashes + len(leaks)
    sinks.ensure_none_shows(owner.key, STRAY)


LEAKS: list[Callable[[str], Any]] = [
    lambda secret: f"{secret}",
    lambda secret: {"headers": {"Authorization": f"Bearer {secret}"}},
    lambda secret: json.dumps({"Authorization": [f"Bearer {secret}"]}),
    lambda secret: json.dumps(json.dumps({"authorization": f"Bearer {secret}"})),
    lambda secret: f"Authorization: Bearer {secret}\r\nHost: a",
    lambda secret: f"authorization=Bearer {secret}",
    lambda secret: [("X-Api-Key", secret)],
    lambda secret: (b"x-api-key", secret.encode()),
    lambda secret: {"Cookie": f"session={secret}"},
    lambda secret: f"sent bearer {secret} to",
]


@pytest.mark.parametrize("leak", range(len(LEAKS)))
@pytest.mark.parametrize("by", ["the functions", "the rules", "a library"])
def test_whatever_is_logged_all_the_same_loses_its_secrets(sinks: Sinks, by: str, leak: int) -> None:
    """A key is known by its looks, any other credential by its header or its scheme."""
    line = LEAKS[leak]
    logs: dict[str, Any] = {
        "the functions": logger,
        "the rules": logging.getLogger("domain.x"),
        "a library": logging.getLogger("lib"),
    }
    secrets = [api_keys.new_text()] + ([] if leak == 0 else ["a-credential-of-0123456789abcdef"])
    for secret in secrets:
        logs[by].warning(line(secret))
        logs[by].warning("with %s", line(secret))
        with suppress(TypeError):
            logs[by].warning("beside", extra={"more": line(secret)})
        logs[by].error("broken", exc_info=ValueError(line(secret)))

    assert len(sinks.log.getvalue().splitlines()) == 4 * len(secrets)
    sinks.ensure_none_shows(*secrets)


@pytest.mark.parametrize(
    "said", ["Basic workflows are welcome", 'Bearer realm="lodol", error="invalid_token"', "the token is no cookie"]
)
def test_ordinary_lines_stay_as_they_are(sinks: Sinks, said: str) -> None:
    logger.info(said)

    assert json.loads(sinks.log.getvalue())["message"] == said


def test_nothing_adds_to_the_traces_of_lambda() -> None:
    """X-Ray has what Lambda writes, names, times and statuses: no code of ours annotates it or patches a client."""
    sources = [*(ROOT / "src").rglob("*.py"), ROOT / "src" / "requirements.txt"]
    assert not [file for file in sources if re.search(r"x.?ray|opentelemetry|Tracer", file.read_text(), re.IGNORECASE)]


# The credential of `api.request`.

CREDENTIAL = "credential-canary-5f2c7e9a1b3d4c6e8f0a"
ECHO = json.dumps({"you": {f"Bearer {CREDENTIAL}": [f"Authorization: Bearer {CREDENTIAL}"]}}).encode()
JSON = {"Content-Type": "application/json"}
ANSWERS: dict[str, Said | Raw] = {
    "a success": Said(200, JSON, b'{"ok": true}'),
    "a success that echoes it": Said(200, JSON, ECHO),
    "a refusal that echoes it": Said(401, JSON, ECHO),
    "a text that echoes it": Said(403, {"Content-Type": "text/plain"}, ECHO),
    "a redirect": Said(302, {"Location": "http://127.0.0.1:1/"}, ECHO),
    "a fault": Said(500, JSON, ECHO),
    "what is tried again": Said(503, JSON, ECHO),
    "no JSON": Said(200, JSON, b"{" + ECHO),
    "too much": Said(200, {}, ECHO * 4000),
    "no answer": Raw([b""]),
    "no HTTP": Raw([b"Bearer " + CREDENTIAL.encode()]),
    "an endless header": Raw([b"HTTP/1.1 200 OK\r\n" + b"x: " + CREDENTIAL.encode() * 4000]),
}


@pytest.fixture
def credential(monkeypatch: pytest.MonkeyPatch, aws: None) -> Iterator[str]:
    api._credential.cache_clear()
    boto3.client("secretsmanager").create_secret(Name=CREDENTIAL_ARN.rpartition(":")[2], SecretString=CREDENTIAL)
    yield CREDENTIAL_ARN
    api._credential.cache_clear()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        *(("orders", said) for said in ANSWERS),
        *((path, "a text that echoes it") for path in ("//evil/", "..", "@evil")),
    ],
)
def test_the_credential_of_the_api_goes_to_the_api_and_is_shown_nowhere(
    sinks: Sinks, worker: Worker, owner: Tenant, site: Site, credential: str, said: str, path: str
) -> None:
    site.seen.clear()
    sinks.asked.clear()
    site.answers["/base/orders"] = site.answers["/base/@evil"] = [ANSWERS[said]]
    asks = program(
        let("path", literal(path)),
        let("said", call("api.request", literal("POST"), var("path"))),
        do(call("log.info", var("said"))),
        do(call("api.request", literal("GET"), literal("orders"))),
    )
    settings = Settings(frozenset({site.host}), api_base_url=f"{site.url}/base", api_credential_secret_arn=credential)
    stack = worker.stack
    workflow = publish(stack.table, NOW, owner.workspace.id, name="Calls", description="", program=asks).id
    world = World(NOW)
    for killed_after in (0, 1, 2, 3):
        table = KillingTable(stack.table._client, "table", sleep=lambda _: None)
        execution_id = started(stack, NOW, owner.workspace, workflow)
        table.kill_after = killed_after
        slices = replace(
            slices_of(stack_of(table, stack.state_machine), world), settings=settings, effects=dict(EFFECTS)
        )
        ids = {"workspace_id": owner.workspace.id, "execution_id": execution_id}
        for _ in range(4):
            try:
                sinks.tell(run_steps.handler(ids, Context(), slices))  # type: ignore[arg-type]
            except WorkerKilled as crash:
                sinks.tell_of(crash)
        ended = {"detail": {"status": "FAILED", "name": execution_id, "input": json.dumps(ids)}}
        record_outcome.handler(ended, Context(), worker)  # type: ignore[arg-type]
        reconcile.handler({}, Context(), worker)  # type: ignore[arg-type]
        for endpoint, query in ((get_execution, {"include_step_results": "true"}), (get_history, {})):
            asked = request(endpoint.handler, owner, {"execution_id": execution_id}, query)
            sinks.tell(answer(endpoint.handler, asked, worker))

    if path == "orders":
        assert {seen.headers["authorization"] for seen in site.seen} == {f"Bearer {CREDENTIAL}"}
        assert {seen.path.partition("?")[0] for seen in site.seen} == {"/base/orders"}
    assert not any(CREDENTIAL in seen.path for seen in site.seen)
    assert all(seen.path.startswith("/base/") for seen in site.seen)
    sinks.ensure_none_shows(CREDENTIAL)


def test_a_credential_that_cannot_be_sent_is_shown_nowhere(
    sinks: Sinks, worker: Worker, owner: Tenant, site: Site, credential: str
) -> None:
    secret = f"broken\r\n{CREDENTIAL}"
    boto3.client("secretsmanager").put_secret_value(SecretId=credential, SecretString=secret)
    sinks.asked.clear()
    settings = Settings(frozenset({site.host}), api_base_url=f"{site.url}/base", api_credential_secret_arn=credential)
    asks = program(do(call("api.request", literal("GET"), literal("orders"))))
    stack = worker.stack
    workflow = publish(stack.table, NOW, owner.workspace.id, name="Calls", description="", program=asks).id
    ids = {"workspace_id": owner.workspace.id, "execution_id": started(stack, NOW, owner.workspace, workflow)}
    slices = replace(slices_of(stack, World(NOW)), settings=settings)

    sinks.tell(run_steps.handler(ids, Context(), slices))  # type: ignore[arg-type]

    sinks.ensure_none_shows(CREDENTIAL)


# The terminal.


def _commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from _commands(found, *names, name)
        else:
            yield (*names, name), found


COMMANDS = dict(_commands(typer.main.get_command(app)))


def test_no_command_takes_a_key_from_its_line() -> None:
    """What has `key` in its name is the id or prefix of one, or an idempotency key."""
    named = {
        (*names, parameter.name): parameter
        for names, found in COMMANDS.items()
        for parameter in found.params
        if re.search(r"key|token|secret|password|credential", f"{parameter.name} {parameter.opts}")
    }
    assert all(re.search(r"id or prefix|idempotency key|repeated with it", str(one.help)) for one in named.values())
    assert not any("API_KEY" in str(parameter.envvar) for found in COMMANDS.values() for parameter in found.params)


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_a_key_that_is_given_to_a_command_is_not_said_back(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stands in the history of the shell by then; nothing of ours puts it into a log of a terminal as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    secret = api_keys.new_text()
    for given in (
        ["--api-key", secret],
        [f"--api-key={secret}"],
        [f"--key={secret}"],
        ["--token", secret],
        [secret] * 2,
    ):
        for more in ([], ["--json"]):
            assert main([*names, *given, *more]) != 0
    said = capsys.readouterr()
    assert said.err
    assert not shows(said.out + said.err, secret)


def test_a_running_command_shows_its_key_in_no_list_of_processes(tmp_path: Path, site: Site) -> None:
    secret = api_keys.new_text()
    url = f"{site.url}/hang"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LODOL_")},
        "LODOL_URL": url,
        "LODOL_API_KEY": secret,
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    site.seen.clear()
    site.release.clear()
    code = "import sys; from lodol.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "executions", "list"]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=-1, stderr=-1, text=True) as process:
        deadline = time.monotonic() + 30
        while not site.seen and time.monotonic() < deadline:
            time.sleep(0.05)
        lines = [
            line.read_text(errors="replace") for line in Path("/proc").glob("[0-9]*/cmdline") if _is_readable(line)
        ]
        site.release.set()
        said = "".join(process.communicate(timeout=30))

    assert site.seen[0].headers["authorization"] == f"Bearer {secret}"
    assert any("lodol.cli.main" in line for line in lines)
    assert not any(shows(line, secret) for line in lines)
    assert not shows(said, secret)
    assert not any(secret in seen.path for seen in site.seen)


def _is_readable(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError:
        return False
    return True


def test_what_make_up_prints_to_go_on_with_has_no_key_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.local import events, home, up

    secret = api_keys.new_text()
    for module in (home, up):
        monkeypatch.setattr(module, "HOME", tmp_path)
    monkeypatch.setattr(home, "ROOT", tmp_path)
    monkeypatch.setattr(home, "_HEADER", tmp_path / "authorization")
    monkeypatch.setattr(events, "_RENDERED", tmp_path / "events")
    workflows = {"Welcome Email Workflow": "w"}
    stack = home.Stack("https://a/api", secret, "0" * 24, workflows, "", "us-east-1", "stack")

    assert not shows(up._next_lines(stack, "e", "https://site"), secret)
    assert "-H @authorization" in up._next_lines(stack, "e", "https://site")
    events.render_events(stack, execution_id="e", review_id="r", webhook_id="h", delivery_id="d")
    holding = [file for file in tmp_path.rglob("*") if file.is_file() and shows(file.read_text(), secret)]
    assert len(holding) > 10
    assert {oct(file.stat().st_mode)[-3:] for file in holding} == {"600"}


def test_no_document_shows_how_to_put_a_key_on_a_command_line() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert not [
        file for file in documents if re.search(r"curl[^\n|]*Authorization|export LODOL_API_KEY=sk_", file.read_text())
    ]


def test_what_a_client_raises_or_prints_has_no_key_in_it() -> None:
    import httpx

    import lodol

    secret = api_keys.new_text()

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    answers: list[Callable[[httpx.Request], httpx.Response]] = [
        refuse,
        lambda _: httpx.Response(401, json={"error": "Invalid API key"}),
        lambda _: httpx.Response(500, text="no JSON"),
        lambda _: httpx.Response(200, text="no JSON"),
    ]
    for answered in answers:
        with httpx.Client(transport=httpx.MockTransport(answered)) as http:
            client = lodol.Client("https://a/api", secret, http=http, attempts=1, sleep=lambda _: None)
            with pytest.raises(lodol.LodolError) as raised:
                client.execution("0" * 24)
        said = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + str(vars(raised.value))
        assert not shows(said + repr(client) + str(SimpleNamespace(client=client)), secret)
