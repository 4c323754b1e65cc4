"""`lodol` with an API key: every command through client and handlers, what it prints, and how it refuses."""

import json
import os
import re
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.entities import reviews
from domain.entities.api_keys import Scope
from domain.operations import accounts
from lodol.cli import console, executions, review, watching
from lodol.cli.main import main
from lodol.cli.moments import read_moment
from tests.support.api import URL, Api
from tests.support.programs import call, do, for_each, let, literal, post, ret, sleep, var
from tests.support.system import Fresh, System


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


@pytest.fixture
def api(system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Api:
    found = Api(system)
    for module in (executions, review):
        monkeypatch.setattr(module, "connect", lambda _: found.client())
    monkeypatch.chdir(tmp_path)
    return found


class Said:
    """What a command has printed, and its exit status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def lodol(api: Api, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Said:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run


FAILS = do(call("http.request", literal("GET"), literal("https://fail/")))


def workflow(system: System, *body: Any) -> str:
    """A workflow; answers with its name."""
    system.workflow(*body)
    return f"Workflow {next(system._numbers) - 1}"


def test_a_run_by_name_prints_what_the_next_command_takes(lodol: Any, system: System) -> None:
    name = workflow(system, ret(var("input")))

    started = lodol("run", name, "--input", '{"a": 1}')
    execution_id = re.search(r"execution_id +([0-9a-f]{24})$", started.out, re.MULTILINE)

    assert started.status == 0
    assert execution_id
    system.drive()
    shown = lodol("executions", "show", execution_id[1])
    assert re.search(r"^status +success$", shown.out, re.MULTILINE)
    assert re.search(r'^result +{"a": 1}$', shown.out, re.MULTILINE)


def test_a_run_by_id_asks_for_no_list_and_a_key_makes_it_one(lodol: Any, system: System, api: Api) -> None:
    workflow_id = system.workflow(ret(literal(1)))

    made = [lodol("run", workflow_id, "--key", "k", "--json").json for _ in range(2)]

    assert made[0] == made[1]
    assert {line.split()[0] for line in api.asked} == {"POST"}


def test_an_input_may_stand_in_a_file(lodol: Any, system: System, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('["ü"]')

    ended = lodol("run", workflow(system, ret(var("input"))), "--input", "@order.json", "--watch", "--json")

    assert ended.json["output"] == ["ü"]


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ("hello", 2, r'--input must be JSON: .* A text is written so: "hello". Look: lodol run --help$'),
        ("@none.json", 1, "none.json cannot be read: "),
        ("@bad.json", 1, r"bad.json:1:2: it is not JSON: "),
        ('{"a": 1, "a": 2}', 2, "--input must be JSON: "),
    ],
)
def test_an_input_that_is_none_says_what_is_wrong(
    lodol: Any, system: System, tmp_path: Path, given: str, status: int, said: str
) -> None:
    (tmp_path / "bad.json").write_text("{")
    refused = lodol("run", workflow(system, ret(literal(1))), "--input", given)

    assert refused.status == status
    assert re.match(said, refused.err.strip())
    assert system.credits == 10


def test_an_input_in_yaml_is_one_as_well(lodol: Any, system: System, tmp_path: Path) -> None:
    (tmp_path / "input.yaml").write_text("names: [Ada, no]")
    ended = lodol("run", workflow(system, ret(var("input"))), "--input", "@input.yaml", "--watch", "--json")

    assert ended.json["output"] == {"names": ["Ada", "no"]}


def test_an_unknown_name_lists_the_known_ones(lodol: Any, system: System) -> None:
    name = workflow(system, ret(literal(1)))
    assert lodol("run", "Nope").err == f"There is no workflow named 'Nope'; there are: {name}.\n"


def test_a_key_that_cannot_find_names_is_told_that_an_id_will_do(
    lodol: Any, system: System, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = workflow(system, ret(literal(1)))
    scopes = frozenset({Scope.EXECUTE_WORKFLOWS, Scope.READ_EXECUTIONS})
    narrow, _ = accounts.create_key(system.table, system.world.now, system.workspace, scopes)
    monkeypatch.setattr(executions, "connect", lambda _: api.client(narrow))

    said = lodol("run", name)
    assert said.err == (
        f"The API key has not the scope workflows:read, and cannot find {name!r} by its name; its id will do.\n"
    )
    assert lodol("run", system.workflow(ret(literal(1)))).status == 0


def test_a_watched_run_prints_each_thing_once_and_exits_as_it_ended(lodol: Any, system: System) -> None:
    loop = for_each("n", literal([1, 2]), do(call("log.info", var("n"))), sleep(90))

    name = workflow(system, loop, do(post("https://flaky/")), ret(literal(7)))
    said = lodol("run", name, "--watch")

    assert said.status == 0
    assert [re.sub(r"  [0-9.]+ (ms|s|min)\b.*", "", line) for line in said.lines] == [
        f"{name}, version 1, {system.stored()[0].id}",
        "      · 1",
        "◷ waits until 2026-01-15T10:31:30+00:00",
        "      ✓ time.sleep",
        "      · 2",
        "◷ waits until 2026-01-15T10:33:00+00:00",
        "      ✓ time.sleep",
        "✓ 0   for n in [1, 2]",
        "↻ attempt 2 at 2026-01-15T10:33:02+00:00, because the answer was 503",
        "      ✓ http.request",
        '✓ 1   http.request("POST", "https://flaky/")',
        "✓ 2   return 7",
        "output  7",
        "✓ success",
    ]


def test_a_failure_says_where_and_how_to_go_on(lodol: Any, system: System) -> None:
    said = lodol("run", workflow(system, let("x", literal(1)), FAILS), "--watch")

    assert said.status == 1
    execution_id = system.stored()[0].id
    rerun = f"lodol executions rerun {execution_id} --from-failed"
    assert said.lines[-6:] == [
        "✗ failed  0 ms",
        "Step 1 failed: body[1].expr: http.request: refused",
        f"On another input: lodol executions input {execution_id} > input.json, change it, and then",
        f"{rerun} --input @input.json",
        "Repeat it from there:",
        rerun,
    ]

    system.world.request = lambda *_: {"status": 200}  # type: ignore[method-assign]
    again = lodol(*said.lines[-1].split()[1:], "--watch")
    assert again.status == 0
    assert f"✓ 0   x = 1  0 ms  taken from {execution_id}" in again.lines


def test_a_watch_asks_no_more_often_than_the_api_says(lodol: Any, system: System, api: Api) -> None:
    lodol("run", workflow(system, sleep(600), sleep(5)), "--watch")

    polls = [at - api.at[0] for line, at in zip(api.asked, api.at, strict=True) if "/history" in line]
    assert polls[:2] == [0, 1]
    assert all(after - before >= 59 for before, after in pairwise(polls[1:11]))
    assert len(polls) <= 15


def test_a_watch_reads_what_has_settled_once(lodol: Any, system: System, api: Api) -> None:
    loop = for_each("n", literal(list(range(150))), do(call("time.now")))
    lodol("run", workflow(system, loop, sleep(60), sleep(60)), "--watch")

    pages = [line.partition("?")[2] for line in api.asked if "/history" in line]
    assert pages[0] == "limit=100"
    assert sum("after=" not in page for page in pages) <= 2


def test_ctrl_c_leaves_the_run_alone_and_says_how_to_stop_it(
    lodol: Any, system: System, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "pause", interrupted)
    said = lodol("run", workflow(system, sleep(60)), "--watch")

    [running] = system.stored()
    assert said.status == 130
    assert f"lodol executions watch {running.id}" in said.err
    assert f"lodol executions stop {running.id}" in said.err
    assert running.status == "running"


def test_last_nights_failures_are_found(lodol: Any, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    fails, works = system.workflow(FAILS), system.workflow(ret(literal(1)))
    ids = []
    for workflow_id in (works, fails, works, fails):
        ids.append(system.run(workflow_id).body["execution_id"])
        system.drive()
        system.pass_time(hours=1)

    since = ("--since", (system.world.now - timedelta(hours=3, seconds=1)).isoformat())
    assert [
        row["execution_id"]
        for row in lodol("executions", "list", "--status", "failed", *since, "--json").json["executions"]
    ] == [
        ids[3],
        ids[1],
    ]
    assert (
        lodol("executions", "list", "--status", "failed", "--workflow", "Workflow 2").err
        == "There are no executions.\n"
    )
    assert len(lodol("executions", "list", "--status", "failed", "--status", "success", "--limit", "3").lines) == 1 + 3
    assert len(lodol("executions", "list", "--before", since[1]).lines) == 1 + 1
    listed = lodol("executions", "list", "--status", "failed", "--status", "success")
    why = "Step 0 failed: body[0].expr: http.request: refused"
    assert [line.endswith(f"  {why}") for line in listed.lines[1:]] == [True, False, True, False]


def test_ids_alone_are_what_the_next_command_takes(lodol: Any, system: System) -> None:
    name = workflow(system, FAILS)
    ids = [lodol("run", name, "--watch", "--json").json["execution_id"] for _ in range(2)]

    said = lodol("executions", "list", "--status", "failed", "--ids")
    assert said.lines == ids[::-1]
    assert lodol("executions", "list", "--status", "stopped", "--ids").out == ""
    assert said.err == ""
    first = lodol("executions", "list", "--ids", "--limit", "1")
    assert (first.lines, first.err) == (ids[1:], "These are the newest 1; there are more: --limit\n")
    whole, part = lodol("executions", "list", "--json"), lodol("executions", "list", "--limit", "1", "--json")
    assert (whole.json["has_more"], part.json["has_more"], len(part.json["executions"])) == (False, True, 1)
    assert lodol("executions", "list", "--ids", "--json").status == 2


def test_a_time_that_ends_before_it_begins_is_refused(lodol: Any, api: Api) -> None:
    said = lodol("executions", "list", "--since", "1h", "--before", "2h")

    assert (said.status, api.asked) == (2, [])
    assert said.err.startswith("--since must be earlier than --before; 1h is not earlier than 2h. Look: ")


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("12h", timedelta(hours=12)),
        ("3d", timedelta(days=3)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(hours=36)),
    ],
)
def test_a_moment_may_be_how_long_ago_it_was(text: str, ago: timedelta) -> None:
    moment = read_moment(text, "--since")

    assert abs(datetime.now(UTC) - ago - moment) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["yesterday", "12", "-3h", "3 h", "2026-13-01", "99999999w"])
def test_any_other_moment_says_what_one_is(lodol: Any, text: str) -> None:
    said = lodol("executions", "list", "--since", text)

    assert said.status == 2
    assert said.err.startswith("--since ")


def test_a_history_shows_every_thing_in_its_place(lodol: Any, system: System) -> None:
    system.run(system.workflow(sleep(90)), given={"a": 1})
    [running] = system.stored()
    system.step(running.id)

    said = lodol("executions", "history", running.id)

    assert said.lines[0] == f"Workflow 1, version 1, {running.id}"
    assert said.lines[1] == 'input   {"a":1}'
    assert said.lines[2].startswith("● 0   time.sleep(90)")
    assert said.lines[3].startswith("      ◷ time.sleep")
    assert said.lines[4].startswith("◷ waits until 2026-01-15T10:31:30+00:00 (in ")
    assert said.lines[5].startswith("● running")
    assert lodol("executions", "history", running.id, "--json").json["waiting_for"]["kind"] == "time"


def test_steps_and_failures_of_a_source_name_their_lines(lodol: Any, system: System) -> None:
    system.python('x = 1  # one\n\nhttp.request(\n    "GET",\n    "https://fail/",\n)')

    watched = lodol("run", "Greets", "--watch")
    execution_id = system.stored()[0].id
    told = lodol("executions", "history", execution_id)

    steps = ["✓ 0   line 7    x = 1  0 ms", '✗ 1   line 9    http.request("GET", "https://fail/")  0 ms']
    for said in (watched, told):
        assert [line for line in said.lines if "line " in line][:3] == [
            *steps,
            "Step 1 failed: line 9: http.request: refused",
        ]
    shown = lodol("executions", "show", execution_id)
    assert "Step 1 failed: line 9: http.request: refused" in shown.out


def test_reruns_name_each_other(lodol: Any, system: System) -> None:
    name = workflow(system, let("x", literal(1)), FAILS)
    first = lodol("run", name, "--json").json["execution_id"]
    system.drive()
    second = lodol("executions", "rerun", first, "--from-step", "1", "--input", "3", "--json").json
    system.drive()

    assert second["rerun_of"] == first
    assert f"repeated by {second['execution_id']}" in lodol("executions", "history", first).lines
    assert f"repeats {first} from step 1 on" in lodol("executions", "history", second["execution_id"]).lines


def test_from_failed_and_from_step_exclude_each_other(lodol: Any) -> None:
    assert lodol("executions", "rerun", "0" * 24, "--from-failed", "--from-step", "1").status == 2


def test_what_has_not_failed_has_no_failed_step(lodol: Any, system: System) -> None:
    execution_id = lodol("run", workflow(system, ret(literal(1))), "--watch", "--json").json["execution_id"]
    assert (
        lodol("executions", "rerun", execution_id, "--from-failed").err
        == f"No step of execution {execution_id} has failed.\n"
    )


def test_one_or_many_are_stopped(lodol: Any, system: System) -> None:
    name = workflow(system, sleep(600))
    ids = [lodol("run", name, "--json").json["execution_id"] for _ in range(3)]

    assert lodol("executions", "stop", ids[0], "--json").json == {"execution_id": ids[0], "status": "stopped"}
    assert lodol("executions", "stop", "--all", "--dry-run", "--workflow", name).out.split() == ["running", "2"]
    assert system.status(ids[1]) == "running"
    assert sorted(lodol("executions", "stop", "--all", "--json").json["execution_ids"]) == sorted(ids[1:])
    assert system.status(ids[1]) == "stopped"


@pytest.mark.parametrize("arguments", [[], ["0" * 24, "--all"], ["0" * 24, "--dry-run"], ["0" * 24, "--since", "1h"]])
def test_a_stop_that_says_two_things_or_none_is_refused(lodol: Any, api: Api, arguments: list[str]) -> None:
    assert lodol("executions", "stop", *arguments).status == 2
    assert api.asked == []


def test_an_execution_opens_as_a_page_of_its_own(
    lodol: Any, system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = lodol("run", workflow(system, ret(literal("<b>"))), "--watch", "--json").json["execution_id"]
    opened: list[str] = []

    def open_it(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_it)

    assert lodol("executions", "open", execution_id, "--html", "page.html", "--json").json == {"file": "page.html"}
    page = (tmp_path / "page.html").read_text()
    assert execution_id in page
    assert "<b>" not in page
    assert opened == []
    assert lodol("executions", "open", execution_id, "--html", "no/such/folder.html").err.endswith(
        "cannot be written: No such file or directory\n"
    )

    file = Path(lodol("executions", "open", execution_id, "--json").json["file"])
    assert opened == [file.as_uri()]
    file.unlink()


def test_a_review_is_found_and_decided(lodol: Any, system: System) -> None:
    name = workflow(system, do(call("human.create", literal("Go?"))), do(call("human.wait")))
    execution_id = lodol("run", name, "--json").json["execution_id"]
    system.step(execution_id)
    [asked] = reviews.of_execution(system.table, execution_id)

    said = lodol("executions", "history", execution_id)
    assert any(line.startswith("? waits for people: review ") and asked.id in line for line in said.lines)
    listed = lodol("review", "list", "--pending")
    assert listed.lines[1].split()[:3] == [asked.id, execution_id, "pending"]
    decided = lodol("review", "decide", asked.id, "approved", "--comment", "fine", "--json").json
    assert (decided["status"], decided["decision"], decided["comment"]) == ("decided", "approved", "fine")
    assert lodol("review", "show", asked.id, "--json").json == decided
    assert lodol("review", "list", "--pending").err == "There are no reviews.\n"


def test_a_refusal_is_a_sentence_or_an_object_with_its_code(lodol: Any) -> None:
    plain, as_json = lodol("executions", "show", "0" * 24), lodol("executions", "show", "0" * 24, "--json")

    assert (plain.status, plain.out) == (1, "")
    assert plain.err.startswith(f"Execution not found: {'0' * 24} (404 execution_not_found, request ")
    told = json.loads(as_json.err)
    assert told.pop("request_id")
    assert told == {"error": f"Execution not found: {'0' * 24}", "code": "execution_not_found", "status": 404}
    assert as_json.out == ""


@pytest.mark.parametrize(
    "given", ["", "../workspace", "6968C1A88F3C5E0B7A9D2C41", " " + "0" * 24, "0" * 24 + "/history"]
)
@pytest.mark.parametrize("verb", ["show", "history", "watch", "stop", "rerun", "open", "input"])
def test_what_is_no_id_is_told_and_nothing_is_asked(lodol: Any, api: Api, verb: str, given: str) -> None:
    said = lodol("executions", verb, given)

    assert (said.status, api.asked) == (1, [])
    assert said.err == f"An id must be 24 lower-case hex digits, and is {given!r}.\n"


def test_what_is_no_key_is_told_as_an_object_too(lodol: Any) -> None:
    said = lodol("executions", "rerun", "0" * 24, "--key", "", "--json")

    sentence = "An idempotency key must have 1 to 256 visible ASCII characters."
    assert json.loads(said.err) == {"error": sentence, "code": "invalid_argument"}


def test_the_input_of_an_execution_is_printed_whole_for_the_next(lodol: Any, system: System, tmp_path: Path) -> None:
    given = {"names": ["ü" * 300]}
    name = workflow(system, ret(var("input")))
    execution_id = lodol("run", name, "--input", json.dumps(given), "--watch", "--json").json["execution_id"]

    assert lodol("executions", "input", execution_id).json == given


def test_a_group_without_a_command_shows_its_help_and_says_nothing_else(lodol: Any) -> None:
    for arguments in ([], ["executions"]):
        said = lodol(*arguments)
        assert (said.status, said.err) == (2, "")
        assert "Usage" in said.out


def test_a_key_without_the_scope_is_told_which(
    system: System, api: Api, lodol: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow, _ = accounts.create_key(system.table, system.world.now, system.workspace, frozenset({Scope.READ_WORKFLOWS}))
    monkeypatch.setattr(executions, "connect", lambda _: api.client(narrow))

    assert "executions:read" in lodol("executions", "list").err


@pytest.mark.parametrize("width", ["20", "80"])
def test_ids_are_whole_whatever_the_terminal(
    lodol: Any, system: System, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    execution_id = lodol("run", workflow(system, ret(literal(1))), "--json").json["execution_id"]

    assert lodol("executions", "list").lines[1].split()[0] == execution_id


def test_usage_errors_are_sentences_of_ours(lodol: Any) -> None:
    assert lodol("nope").err == "No such command 'nope'. Look: lodol --help\n"
    assert lodol("executions", "lst").err == (
        "No such command 'lst'. Did you mean 'list'? Look: lodol executions --help\n"
    )
    choices = ", ".join(Scope)
    assert lodol("key", "create", "W").err == (
        f"Missing option '--scope'. Choose from: {choices}. Look: lodol key create --help\n"
    )
    assert lodol("run").status == 2
    told = json.loads(lodol("executions", "list", "--limit", "x", "--json").err)
    assert told["code"] == "usage"
    assert told["error"].endswith("Look: lodol executions list --help")


# Profiles.


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("LODOL_URL", "LODOL_API_KEY", "LODOL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "lodol" / "profiles.toml"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_profile_keeps_its_key_to_itself(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lodol.cli import profile

    typed(monkeypatch, "sk_live_secret_of_mine\n")
    assert main(["profile", "add", "--url", URL]) == 0
    typed(monkeypatch, 'sk_live_"quoted"\n')
    assert main(["profile", "add", "--url", "https://other/api", "te st"]) == 0

    assert oct(home.stat().st_mode)[-3:] == "600"
    assert profile.find(None) == profile.Profile(URL, "sk_live_secret_of_mine")
    assert profile.find("te st").api_key == 'sk_live_"quoted"'
    assert main(["profile", "list"]) == 0
    said = capsys.readouterr().out
    assert "sk_live_secret" not in said.replace("sk_live_secret…", "")
    assert "secret_of_mine" not in said + repr(profile.find(None))
    assert main(["profile", "remove", "te st"]) == 0
    assert main(["profile", "remove", "te st"]) == 1
    assert capsys.readouterr().err == "There is no profile 'te st'; there are: default.\n"


def test_the_surroundings_win_over_the_usual_profile_and_a_name_over_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lodol.cli import profile

    typed(monkeypatch, "sk_1")
    main(["profile", "add", "--url", URL])
    monkeypatch.setenv("LODOL_URL", "https://env/api")
    with pytest.raises(console.CannotDo, match="LODOL_API_KEY is not set"):
        profile.find(None)
    monkeypatch.setenv("LODOL_API_KEY", "sk_2")

    assert profile.find(None) == profile.Profile("https://env/api", "sk_2")
    assert profile.find("default") == profile.Profile(URL, "sk_1")


def test_without_a_profile_the_local_stack_is_used_or_it_says_what_to_do(home: Path, tmp_path: Path) -> None:
    from lodol.cli import profile

    with pytest.raises(console.CannotDo, match="lodol profile add --url URL"):
        profile.find(None)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(json.dumps({"api_url": "http://127.0.0.1/api", "api_key": "k"}))
    assert profile.find(None) == profile.Profile("http://127.0.0.1/api", "k")


@pytest.mark.parametrize("text", ["[default]\nurl = 3", "[default", "default = 3", '[default]\nurl = "x"'])
def test_a_file_that_is_none_says_so(home: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    home.parent.mkdir()
    home.write_text(text)
    home.chmod(0o600)
    assert main(["executions", "list"]) == 1
    assert capsys.readouterr().err.startswith((f"{home} cannot be read", "The API"))


def test_a_file_that_others_can_read_is_not_used(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.parent.mkdir()
    home.write_text("")
    home.chmod(0o640)
    assert main(["executions", "list"]) == 1
    assert capsys.readouterr().err == f"{home} holds keys and can be read by others: chmod 600 {home}\n"


def test_a_key_goes_nowhere_unencrypted(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "sk_1")
    main(["profile", "add", "--url", "http://example.com/api"])
    assert main(["executions", "list"]) == 1
    assert "https" in capsys.readouterr().err


def test_no_key_is_no_profile(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "")
    assert main(["profile", "add", "--url", URL]) == 1
    assert not home.exists()


def test_help_and_check_import_nothing_heavy() -> None:
    """What takes long to import is imported where it is used: counted in a process of its own."""
    import subprocess

    for arguments, allowed in ((["--help"], 400), (["workflow", "check", "workflows/approval.py"], 700)):
        code = f"import sys; from lodol.cli.main import main; main({arguments}); print(len(sys.modules), *sys.modules)"
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": ""},
        )
        count, *modules = done.stdout.splitlines()[-1].split()
        assert not {"boto3", "botocore", "httpx", "moto"} & set(modules)
        assert int(count) < allowed
    assert "pydantic" not in modules or arguments[0] != "--help"


def test_on_a_terminal_a_run_is_shown_while_it_goes_on(
    lodol: Any, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "60"), ("LINES", "7"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(watching, "is_interactive", lambda: True)
    shown: list[list[str]] = []
    screen = watching._screen

    def seen(*arguments: Any) -> list[str]:
        shown.append(screen(*arguments))
        return shown[-1]

    monkeypatch.setattr(watching, "_screen", seen)
    loop = for_each("n", literal(list(range(9))), do(call("log.info", literal("x" * 99))))

    said = lodol("run", workflow(system, loop, sleep(90), FAILS), "--watch")

    assert said.status == 1
    [running] = [lines for lines in shown if lines[-1].startswith("◷ waits until")][:1]
    assert len(running) <= 7 - 2
    assert running[0].startswith("● Workflow 1  ")
    assert running[1] == "  … 10 before"
    final = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.out)
    assert final.count("· x") >= 9
    assert "Step 2 failed: body[2].expr: http.request: refused" in final


def test_what_the_client_needs_has_no_boto3_in_it() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert [one for one in project["dependencies"] if one.startswith(("boto", "aws"))] == []
    assert project["optional-dependencies"].keys() == {"operator"}
