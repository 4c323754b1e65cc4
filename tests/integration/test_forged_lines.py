"""Text that programs make is shown and not obeyed: no escape sequence and no line of its own, in no output of ours."""

import ast
import re
from io import StringIO
from typing import Any

import pytest

from domain.entities.workspaces import Workspace
from domain.moments import utc_now
from domain.printable import one_line, printable
from handlers import run_steps
from handlers.logs import logger
from handlers.worker import Worker
from lodol.cli import executions, watching
from lodol.cli.main import main
from tests.support.api import Api
from tests.support.conformance import World, slices_of
from tests.support.operations import publish, started
from tests.support.programs import call, do, let, literal, program, throw
from tests.support.requests import Context
from tests.support.system import Fresh, System
from tests.support.template import ROOT

COMMANDS = {
    "a colour": "\x1b[31m",
    "a title of the window": "\x1b]0;mine\x07",
    "a colour in one character": "\x9b31m",
    "back to the start of the line": "\r",
    "up": "\x1b[A",
    "back": "\b",
    "deleted": "\x7f",
    "a line separator": "\u2028",
    "a next line": "\x85",
    "turned around": "\u202e",
}
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HOSTILE = "".join(COMMANDS.values()) + "\n✓ success"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_to_a_terminal_is_written_as_json_writes_it(command: str) -> None:
    assert not _OBEYED.search(printable(f"a{command}b"))
    assert printable(command[0]) == f"\\u{ord(command[0]):04x}"


def test_what_is_no_command_stays_as_it_is() -> None:
    text = "Grüße, 世界 𝄞\tof\ntwo lines 👩‍👩‍👧"

    assert printable(text) == text
    assert one_line(text) == text.replace("\n", "\\n")


@pytest.fixture
def api(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api(fresh())
    monkeypatch.setattr(executions, "connect", lambda _: found.client())
    return found


def hostile(system: System) -> str:
    """An execution whose name, log, results, calls and error are hostile; answers with its id."""
    log, result = do(call("log.info", literal(HOSTILE))), let("result", literal({"key": HOSTILE, HOSTILE: 1}))
    body = [log, do(call("log.error", literal(HOSTILE))), result, do(literal(HOSTILE)), throw(literal(HOSTILE))]
    now = system.world.now
    made = publish(
        system.stack.table, now, system.workspace.id, name=f"n {HOSTILE}", description=HOSTILE, program=program(*body)
    )
    execution_id = started(system.stack, now, system.workspace, made.id)
    system.drive()
    return execution_id


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["for people", "as JSON"])
@pytest.mark.parametrize("words", [("history",), ("watch",), ("show",), ("list",)], ids=lambda words: words[0])
def test_no_command_reaches_the_terminal(
    api: Api, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], options: tuple[str, ...]
) -> None:
    execution_id = hostile(api.system)

    main(["executions", *words, *([] if words == ("list",) else [execution_id]), *options])

    said = capsys.readouterr()
    assert "31m" in said.out
    assert not _OBEYED.search(said.out + said.err)
    assert "\n✓ success" not in said.out


def test_no_command_reaches_the_live_screen(api: Api) -> None:
    with api.client() as client:
        history = client.history(hostile(api.system))

    shown = watching.styled(watching._screen(history, 40, api.system.world.now)).plain

    assert not _OBEYED.search(shown)
    assert len(shown.splitlines()) == 1 + len(history.entries)


def test_a_line_of_the_log_is_one_line_of_json(
    worker: Worker, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    body = program(do(call("log.info", literal(HOSTILE))))
    made = publish(worker.stack.table, utc_now(), workspace.id, name="One", description="", program=body)
    ids = {"workspace_id": workspace.id, "execution_id": started(worker.stack, utc_now(), workspace, made.id)}

    run_steps.handler(ids, Context(), slices_of(worker.stack, World(utc_now())))  # type: ignore[arg-type]

    lines = stream.getvalue().splitlines()
    assert [line[0] + line[-1] for line in lines] == ["{}", "{}"]
    assert not _OBEYED.search("".join(lines))


def test_the_command_line_prints_in_one_place() -> None:
    """What is printed elsewhere would pass by what keeps terminals safe."""
    found: list[Any] = []
    for path in sorted((ROOT / "lodol" / "cli").glob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        found += [path.name for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]

    assert found == ["console.py"]
