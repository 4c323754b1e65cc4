"""`lodol workflow try` and `lodol workflow test`: the product's own slices, the world being answered by a file."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from domain.aws.keys import Page
from domain.callables.settings import the_settings
from lodol.cli.documents import to_yaml
from lodol.cli.main import app, main
from lodol.trying.answers import ANSWERED
from lodol.trying.bench import Bench, Tried
from lodol.trying.memory import MemoryTable
from lodol.trying.world import World
from tests.support.documents import ROOT
from tests.support.programs import block, call, do, for_each, hidden, let, literal, post, program, ret, sleep, var
from tests.support.samples import SAMPLES
from tests.support.site import Said, Site

START = ("--start", "2026-01-15T10:30:00Z")


class Folder:
    """A folder with one workflow, which is tried in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = "flow.yaml"

    def put(self, *body: Any) -> None:
        (self.path / "flow.yaml").write_text(to_yaml({"name": "Flow", "program": program(*body)}))

    def python(self, *lines: str) -> None:
        """Put a workflow whose function has these lines, the first of them being line 6."""
        self.file = "flow.py"
        head = "from lodol.workflow import http, log, workflow\n\n\n@workflow(name='Flow')\ndef flow():\n"
        (self.path / self.file).write_text(head + "".join(f"    {line}\n" for line in lines))

    def answers(self, text: str) -> None:
        (self.path / "answers.yaml").write_text(text)

    def cases(self, text: str) -> None:
        (self.path / "flow.test.yaml").write_text(text)

    def run(self, *options: str, **how: Any) -> Result:
        given = ("--answers", "answers.yaml") if (self.path / "answers.yaml").exists() else ()
        return CliRunner().invoke(app, ["workflow", "try", self.file, *START, *given, *options], **how)

    def tried(self, *options: str) -> Any:
        """What a trial that succeeds tells as JSON."""
        done = self.run("--json", *options)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def refused(self, *options: str) -> str:
        done = self.run(*options)
        assert done.exit_code == 1, done.output
        return done.stderr.strip()

    def misused(self, *options: str) -> str:
        with redirect_stderr(StringIO()) as said:
            assert main(["workflow", "try", "flow.yaml", *START, *options]) == 2
        return said.getvalue()

    def test(self, *options: str) -> Result:
        return CliRunner().invoke(app, ["workflow", "test", *(options or ("flow.yaml",))])


def placed(told: str, file: str) -> str:
    """What is told of a file, but for its place, which must be one: a line of the file, shown with a caret below it."""
    head, line, caret = told.split("\n")
    found = re.fullmatch(rf"{re.escape(file)}:(\d+):(\d+): (.*)", head)
    assert found
    assert line.removeprefix("    ") == Path(file).read_text().splitlines()[int(found[1]) - 1]
    assert caret == " " * (int(found[2]) + 3) + "^"
    return found[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path)


def test_the_cases_of_every_sample_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    done = CliRunner().invoke(app, ["workflow", "test"])

    assert done.exit_code == 0, done.output
    told = [line for line in done.stdout.splitlines() if line.startswith("workflows/")]
    assert told == [f"workflows/{sample.stem}.test.yaml" for sample in SAMPLES]


def test_neither_boto3_nor_botocore_is_imported_and_not_much_else() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from lodol.cli.main import app\n"
        "done = CliRunner().invoke(app, sys.argv[1:])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(' '.join(sys.modules))"
    )
    arguments = ["workflow", "test", str(ROOT / "workflows")]
    paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=paths, cwd=ROOT
    )

    imported = done.stdout.split()
    packages = {name.partition(".")[0] for name in imported}
    assert not packages & {"boto3", "botocore", "aws_lambda_powertools", "httpx", "jinja2", "rich", "handlers"}
    assert len(imported) < 600


def test_what_a_program_logs_is_told_once(folder: Folder) -> None:
    """By a process that has set up no logging, as the command line has not."""
    folder.put(do(call("log.error", literal("oh no"))))
    paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}

    code = "from lodol.cli.main import app; app()"
    command = [sys.executable, "-c", code, "workflow", "try", "flow.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=paths)

    assert (done.stdout.count("         | oh no"), done.stderr) == (1, "")


def test_a_trial_prints_steps_calls_lines_and_the_end(folder: Folder) -> None:
    folder.put(
        let("answer", post("https://a.example/")),
        do(call("log.error", literal("two\nlines"))),
        sleep(3 * 86400 + 300),
        ret(var("answer")),
    )
    folder.answers("- { call: http.request, retry: no luck }\n- { call: http.request, result: { body: hello } }\n")

    done = folder.run()

    assert done.exit_code == 0
    assert done.stderr == ""
    first_attempt, *others = [line for line in done.stdout.splitlines() if "attempt 1" in line]
    assert not others
    assert first_attempt.startswith("         attempt 1 failed: no luck; waits until 2026-01-15T10:30:0")
    assert [line for line in done.stdout.splitlines() if line != first_attempt] == [
        "Flow, from 2026-01-15T10:30:00+00:00",
        '  0  answer = http.request("POST", "https://a.example/")',
        '       http.request("POST", "https://a.example/")',
        '         → {"status":200,"headers":{},"body":"hello"}',
        '     = {"status":200,"headers":{},"body":"hello"}',
        '  1  log.error("two\\nlines")',
        '       log.error("two\\nlines")',
        "         | two",
        "         | lines",
        "     = null",
        "  2  time.sleep(259500)",
        "       time.sleep(259500)",
        "         waits 3 d, until 2026-01-18T10:35:03+00:00",
        "     = null",
        "  3  return answer",
        '     = {"status":200,"headers":{},"body":"hello"}',
        'success after 3 d: {"status":200,"headers":{},"body":"hello"}',
    ]


def test_a_program_that_fails_is_told_with_exit_status_1(folder: Folder) -> None:
    folder.put(do(call("time.sleep", hidden("soon"))))

    done = folder.run()

    assert done.exit_code == 1
    sentence = "body[0].expr: time.sleep: seconds must be a number, not string"
    assert f"     ✗ {sentence}" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == f"failed after 0 ms: Step 0 failed: {sentence}"


def test_colours_are_for_terminals_alone(folder: Folder) -> None:
    folder.put(ret(literal(1)))

    assert "\x1b[" not in folder.run().stdout
    assert "\x1b[32m" in folder.run(color=True).stdout


def test_json_has_everything(folder: Folder) -> None:
    folder.put(
        let("review", call("human.create", literal({"question": "?"}))),
        do(call("human.wait")),
        let("sent", post("https://a.example/")),
        do(call("log.info", literal("done"))),
        ret(literal([1])),
    )
    folder.answers(
        "- { call: human.create, decide: rejected, comment: no, after: 1d12h }\n"
        "- { call: http.request, retry: busy }\n"
        "- { call: http.request, result: {} }\n"
    )

    told = folder.tried("--crash")

    review_id = told["steps"][0]["result"]
    assert (told["workflow"], told["status"], told["output"], told["error"]) == ("Flow", "success", [1], None)
    assert told["started_at"] == "2026-01-15T10:30:00+00:00"
    assert told["ended_at"] > "2026-01-16T22:30:00+00:00"
    assert [(step["index"], step["status"]) for step in told["steps"]] == [(i, "completed") for i in range(5)]
    calls = [each for step in told["steps"] for each in step["calls"]]
    assert [each["call"] for each in calls] == ["human.create", "human.wait", "http.request", "log.info"]
    assert calls[0]["arguments"] == {"content": {"question": "?"}}
    assert calls[1]["until"] == "2026-03-16T10:30:00+00:00"
    assert (calls[2]["attempts"], [retry["error"] for retry in calls[2]["retries"]]) == (2, ["busy"])
    assert (calls[3]["logged"], calls[3]["line"]) == ("done", None)
    assert told["decisions"] == [
        {
            "review_id": review_id,
            "decision": "rejected",
            "comment": "no",
            "decided_at": "2026-01-16T22:30:00+00:00",
            "counted": True,
        }
    ]
    assert told["missing_answer"] is None
    assert told["crashes"]["difference"] is None
    assert told["crashes"]["tried"] > 5


CALLS = {
    "http.request": post("https://a.example/"),
    "api.request": call("api.request", literal("GET"), literal("orders")),
    "email.send": call("email.send", literal({"to": "a@example.com", "subject": "S", "text": "T"})),
    "human.create": call("human.create", literal("?")),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_a_call_without_an_answer_says_which_and_its_snippet_answers_it(folder: Folder, name: str) -> None:
    folder.put(let("before", literal(1)), do(CALLS[name]))

    told = folder.refused()

    assert told.startswith(f"No answer is left for a call of step 1, made at body[1].expr:\n  {name}(")
    assert "Write into a file for --answers, with what it should give:" in told
    folder.answers(told.partition("\n\n")[2])
    assert folder.tried()["status"] == "success"


def test_a_source_that_is_tried_names_its_lines(folder: Folder) -> None:
    folder.python('log.info("before")', "", "http.request(", '    "POST",', '    "https://a.example/",', ")")

    told = json.loads(folder.run("--json").stdout)
    assert [(step["line"], [each["line"] for each in step["calls"]]) for step in told["steps"]] == [(6, [6]), (8, [])]
    assert (told["missing_answer"]["at"], told["missing_answer"]["line"]) == ("body[1].expr", 8)
    done = folder.run()
    assert '  0  line 6   log.info("before")' in done.stdout.splitlines()
    assert done.stderr.startswith("No answer is left for a call of step 1, made at line 8:\n  http.request(")


def test_what_was_done_before_a_missing_answer_is_told_too(folder: Folder) -> None:
    folder.put(do(call("log.info", literal("before"))), do(CALLS["http.request"]))

    done = folder.run("--json")

    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["status"] == "running"
    assert told["steps"][0]["calls"][0]["logged"] == "before"
    assert told["missing_answer"] == {
        "call": "http.request",
        "arguments": {"method": "POST", "url": "https://a.example/"},
        "step": 1,
        "at": "body[1].expr",
        "line": None,
        "suggestion": {
            "call": "http.request",
            "when": {"method": "POST", "url": "https://a.example/"},
            "result": {"status": 200, "headers": {}, "body": None},
        },
    }


def test_the_snippet_offers_a_decision_that_the_review_offers(folder: Folder) -> None:
    folder.put(do(call("human.create", literal("?"), literal(None), literal(None), literal({"decisions": ["blue"]}))))

    assert "decide: blue" in folder.refused()
    folder.answers("- { call: human.create, decide: green }")
    told = folder.refused().splitlines()
    assert told == [
        "answers.yaml:1:33: this review offers blue, and not green",
        "    - { call: human.create, decide: green }",
        "                                    ^",
    ]


def test_answers_are_given_by_their_arguments_and_then_in_order(folder: Folder) -> None:
    urls = ["https://b.example/", "https://a.example/", "https://b.example/", "https://c.example/"]
    folder.put(*(do(post(url)) for url in urls))
    folder.answers(
        "- { call: http.request, when: { url: 'https://a.example/' }, result: { body: a } }\n"
        "- { call: http.request, when: { method: POST, url: 'https://b.example/' }, times: 2, result: { body: b } }\n"
        "- { call: http.request, times: any, result: { body: any } }\n"
    )

    assert [step["result"]["body"] for step in folder.tried()["steps"]] == ["b", "a", "b", "any"]


def test_parts_of_an_argument_are_enough(folder: Folder) -> None:
    options = literal({"json": {"id": 7, "tags": ["a", {"b": 1}]}, "timeout": 5})
    folder.put(do(call("http.request", literal("POST"), literal("https://a.example/"), options)))
    for when, is_match in (
        ("{ json: { id: 7 } }", True),
        ("{ json: { tags: [a, {}] } }", True),
        ("{ json: { tags: [a] } }", False),
        ("{ json: { id: 8 } }", False),
        ("{ json: { id: true } }", False),
        ("{ body: x }", False),
    ):
        folder.answers(f"- {{ call: http.request, when: {{ options: {when} }}, result: {{}} }}")
        assert (folder.run().exit_code == 0) is is_match, when


def test_a_status_that_is_tried_again_is_tried_again(folder: Folder) -> None:
    folder.put(ret(CALLS["http.request"]))
    folder.answers("- { call: http.request, times: 4, result: { status: 503, headers: { Retry-After: '7200' } } }")

    told = folder.tried()

    [made] = told["steps"][0]["calls"]
    assert (made["attempts"], told["output"]["status"]) == (4, 503)
    assert told["output"]["headers"] == {"retry-after": "7200"}
    assert told["ended_at"] == "2026-01-15T13:30:00+00:00"  # an hour at most between two


def test_a_call_that_fails_may_be_caught(folder: Folder) -> None:
    handler = {"kind": "ExprStmt", "expr": var("problem")}
    caught = {"kind": "TryStmt", "body": block(do(CALLS["api.request"])), "name": "problem", "handler": block(handler)}
    folder.put(caught)
    folder.answers("- { call: api.request, fail: no access }")

    assert folder.tried()["output"] == {
        "message": "no access",
        "callee": "api.request",
        "at": "body[0].body.body[0].expr",
    }


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (call("http.request", hidden("FETCH"), hidden("https://a.example/")), "method must be one of"),
        (call("http.request", hidden("GET"), hidden("ftp://a.example/")), "url must be an http or https address"),
        (
            call("http.request", hidden("GET"), hidden("https://a.example/"), hidden({"x": 1})),
            "options.x is unknown",
        ),
        (call("api.request", hidden("GET"), hidden("../x")), "path must be relative"),
        (call("email.send", hidden({"to": "a", "subject": "S", "text": "T"})), "must be a mail address"),
    ],
)
def test_arguments_are_refused_as_the_product_refuses_them(folder: Folder, made: Any, sentence: str) -> None:
    folder.put(do(made))

    done = folder.run()

    assert done.exit_code == 1
    assert sentence in done.stdout.splitlines()[-1]


ASKS_TWICE = (
    let("first", call("human.create", literal("first"))),
    let("second", call("human.create", literal("second"))),
    ret(call("human.wait")),
)


def test_persons_decide_in_their_own_time_and_the_last_one_wakes(folder: Folder) -> None:
    folder.put(*ASKS_TWICE)
    folder.answers(
        "- { call: human.create, when: { content: first }, decide: approved, after: 3h }\n"
        "- { call: human.create, when: { content: second }, decide: rejected, comment: no, after: 90m }\n"
    )

    told = folder.tried()

    assert [(one["decision"], one["decided_at"]) for one in told["output"]] == [
        ("approved", "2026-01-15T13:30:00+00:00"),
        ("rejected", "2026-01-15T12:00:00+00:00"),
    ]
    assert told["ended_at"] == "2026-01-15T13:30:00+00:00"


def test_where_nobody_decides_the_execution_comes_to_its_limit(folder: Folder) -> None:
    folder.put(*ASKS_TWICE)
    folder.answers("- { call: human.create, times: 2, decide: null }")

    done = folder.run()

    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "failed after 60 d: The execution reached its limit of 5184000 seconds."
    assert "waits for people, until 2026-03-16T10:30:00+00:00 at the latest" in done.stdout


def test_a_decision_is_made_while_the_execution_sleeps_and_one_that_is_too_late_is_told(folder: Folder) -> None:
    config = literal({"timeoutSeconds": 60, "defaultDecision": "rejected"})
    folder.put(
        let("first", call("human.create", literal("first"), literal(None), literal(None), config)),
        do(call("human.wait")),
        let("second", call("human.create", literal("second"))),
        sleep(86400),
        ret(call("human.result", var("second"))),
    )
    folder.answers(
        "- { call: human.create, decide: approved, after: 2h }\n- { call: human.create, decide: approved, after: 1h }\n"
    )

    told = folder.tried()

    assert (told["output"]["decision"], told["output"]["decided_at"]) == ("approved", "2026-01-15T11:31:00+00:00")
    assert [(one["decided_at"], one["counted"]) for one in told["decisions"]] == [
        ("2026-01-15T11:31:00+00:00", True),
        ("2026-01-15T12:30:00+00:00", False),
    ]
    lines = folder.run().stdout.splitlines()
    assert "         a person decided approved, 2 h after the start: too late, it does not count" in lines


def test_chance_is_the_same_for_a_seed(folder: Folder) -> None:
    chance = {"kind": "ArrayExpr", "elements": [call("random.uuid"), call("random.number"), call("time.now")]}
    folder.put(ret(chance))

    first, again, other = (folder.tried("--seed", seed)["output"] for seed in ("1", "1", "2"))

    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]
    assert first[0][14] == "4"
    assert first[2] == "2026-01-15T10:30:00+00:00"


def test_an_execution_of_more_slices_than_a_generation_has_comes_to_its_end(folder: Folder) -> None:
    folder.put(for_each("i", call("list.range", literal(0), literal(510)), sleep(60)), ret(literal("done")))

    assert folder.tried()["ended_at"] == "2026-01-15T19:00:00+00:00"
    shown = folder.run().stdout
    assert "… and 460 more calls" in shown
    assert shown.count("time.sleep(60)\n         waits 1 min") == 50


def test_crashes_after_every_commit_change_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put(
        let("review", call("human.create", literal("?"))),
        do(call("human.wait")),
        let("chance", call("random.uuid")),
        do(post("https://a.example/")),
        sleep(5),
        ret(var("chance")),
    )
    folder.answers(
        "- { call: human.create, decide: approved }\n"
        "- { call: http.request, retry: busy }\n"
        "- { call: http.request, result: {} }\n"
    )
    runs: list[int] = []
    run = Bench.run

    def noted(bench: Bench, program_input: Any, world: World, crash_after: int = 0) -> Tried:
        runs.append(crash_after)
        return run(bench, program_input, world, crash_after)

    monkeypatch.setattr(Bench, "run", noted)

    last = folder.run("--crash").stdout.splitlines()[-1]

    # Before the review, and before each of two looks at it and of two attempts; the three waits, the decision, the end.
    assert last == "10 crashes, the same result each time"
    assert runs == list(range(11))


def test_who_sleeps_is_not_woken_by_a_decision(folder: Folder) -> None:
    """Each slice more would be another commit."""
    folder.put(do(call("human.create", literal("?"))), sleep(86400))
    folder.answers("- { call: human.create, decide: approved, after: 1h }")

    assert folder.tried("--crash")["crashes"]["tried"] == 4


def test_a_crash_that_changes_something_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"kind": "ArrayExpr", "elements": [call("random.uuid"), post("https://a.example/")]}
    folder.put(ret(both))
    folder.answers("- { call: http.request, result: {} }")
    query = MemoryTable.query

    def forgetful(table: MemoryTable, pk: str, page: Page) -> Iterator[Any]:
        """What is read after a crash lacks the calls."""
        found = list(query(table, pk, page))
        return iter(item for item in found if not (table.crash_after and item["sk"].startswith("CALL#")))

    monkeypatch.setattr(MemoryTable, "query", forgetful)

    assert folder.refused("--crash").startswith("after a crash at commit 1, its output changed: ")
    assert json.loads(folder.run("--crash", "--json").stdout)["crashes"]["tried"] == 1


def test_a_crash_that_asks_the_world_once_more_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put(block(do(post("https://a.example/")), do(call("human.wait"))))
    folder.answers("- { call: http.request, result: {} }")
    monkeypatch.setattr(MemoryTable, "query", lambda table, pk, page: iter(()))

    assert folder.refused("--crash") == (
        "after a crash at commit 2, no answer is left for this call of http.request, made at body[0].body[0].expr"
    )


def test_live_requests_are_made_where_no_answer_is_left(
    folder: Folder, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", site.host)
    the_settings.cache_clear()
    site.answers["/orders"] = [Said(200, {}, b"hello")]
    folder.put(do(post("https://a.example/")), ret(post(f"{site.url}/orders")))
    folder.answers("- { call: http.request, when: { url: 'https://a.example/' }, result: {} }")

    told = folder.tried("--live")
    the_settings.cache_clear()

    assert told["output"]["body"] == "hello"
    assert [seen.path for seen in site.seen if seen.path == "/orders"] == ["/orders"]
    folder.put(do(CALLS["email.send"]))
    assert "No answer is left" in folder.refused("--live")
    assert folder.misused("--live", "--crash").startswith("--live and --crash exclude each other")


def test_an_input_is_json_or_a_file(folder: Folder) -> None:
    folder.put(ret(var("input")))
    (folder.path / "input.yaml").write_text("a: [1, yes]")

    assert folder.tried("--input", '{"a": 1}')["output"] == {"a": 1}
    assert folder.tried("--input", "@input.yaml")["output"] == {"a": [1, "yes"]}
    assert folder.tried()["output"] is None
    assert folder.misused("--input", "{a").startswith("--input must be JSON: ")
    assert folder.refused("--input", "@gone").startswith("gone cannot be read")
    assert (
        folder.misused("--start", "soon").partition(". Look")[0]
        == "--start: it must be a moment as 2026-01-15T10:30:00Z, not soon"
    )


def test_a_workflow_that_could_not_be_stored_is_not_tried(folder: Folder) -> None:
    folder.put(do(call("http.get")), do(var("x")))
    assert folder.refused().splitlines()[::3] == [
        "flow.yaml:8:15: unknown callable 'http.get'; did you mean http.request?",
        "flow.yaml:13:13: the variable x was never declared",
    ]
    (folder.path / "flow.yaml").write_text(to_yaml({"id": "x", "name": "Flow", "program": program()}))
    assert folder.refused().startswith("flow.yaml: ")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ("call: http.request", "it must be a list of answers, not object"),
        ("- 1", "it must be an object, not number"),
        ("- { result: 1 }", "it needs a call: the name of what it answers"),
        ("- { call: 1 }", "it must be a string, not number"),
        ("- { call: '' }", "it must not be empty"),
        (
            "- { call: http.reqest }",
            "nothing named http.reqest is answered; did you mean http.request?",
        ),
        ("- { call: time.now }", "time.now needs no answer"),
        ("- { call: human.wait }", "human.wait needs no answer"),
        ("- { call: email.send }", "it needs one of result, fail, retry"),
        ("- { call: email.send, result: 1, fail: x }", "it needs one of result, fail, retry"),
        ("- { call: human.create }", "it needs decide"),
        (
            "- { call: email.send, reslt: 1 }",
            "an answer of email.send has no key 'reslt'; did you mean result?",
        ),
        (
            "- { call: email.send, decide: x }",
            "an answer of email.send has no key 'decide'; it has call, when, times, result, fail, retry",
        ),
        ("- { call: email.send, when: 1, result: 1 }", "it must be an object, not number"),
        (
            "- { call: http.request, when: { ulr: x }, result: {} }",
            "http.request has no key 'ulr'; did you mean url?",
        ),
        ("- { call: email.send, fail: 1 }", "it must be a string, not number"),
        ("- { call: email.send, retry: [] }", "it must be a string, not list"),
        (
            "- { call: email.send, result: 1, times: 0 }",
            "it must be a whole number from 1 on, or any, not 0",
        ),
        (
            "- { call: email.send, result: 1, times: true }",
            "it must be a whole number from 1 on, or any, not true",
        ),
        ("- { call: http.request, result: 1 }", "it must be an object, not number"),
        (
            "- { call: http.request, result: { stats: 1 } }",
            "a result of http.request has no key 'stats'; did you mean status?",
        ),
        (
            "- { call: http.request, result: { status: 99 } }",
            "it must be a whole number from 100 to 599, not 99",
        ),
        (
            "- { call: http.request, result: { headers: { A: 1 } } }",
            "it must be a string, not number",
        ),
        (
            "- { call: human.create, decide: approved, after: soon }",
            "it must be a number of seconds, or as 90s, 15m, 2h or 1d12h, not soon",
        ),
        (
            "- { call: human.create, decide: approved, comment: 1 }",
            "it must be a string, not number",
        ),
        ("- { call: email.send, result: 1 }", "this answer of email.send was never used"),
        (
            "- { call: http.request, result: {}, times: 3 }",
            "this answer of http.request was used 1 of 3 times",
        ),
        ("- { call: email.send, result: 1, times: any }", "this answer of email.send was never used"),
    ],
)
def test_answers_that_cannot_be_used_are_told_with_their_place(folder: Folder, answers: str, sentence: str) -> None:
    folder.put(do(CALLS["http.request"]))
    folder.answers(f"{answers}\n" + ("- { call: http.request, result: {} }\n" if "never used" in sentence else ""))

    assert placed(folder.refused(), "answers.yaml") == sentence


@pytest.mark.parametrize("text", ["- [", "a: 1\na: 2", "- &a 1\n- *a"])
def test_a_file_of_answers_that_is_no_yaml_is_told(folder: Folder, text: str) -> None:
    folder.put(ret(literal(1)))
    folder.answers(text)

    assert re.match(r"answers\.yaml:\d:\d: ", folder.refused())


GOOD = "- { name: it does, input: 1, output: 1, calls: [] }\n"


def test_cases_pass_and_fail_with_a_difference(folder: Folder) -> None:
    folder.put(
        let("sent", post("https://a.example/")), ret({"kind": "ArrayExpr", "elements": [var("input"), literal(2)]})
    )
    folder.cases(
        "- name: as expected\n"
        "  input: 1\n"
        "  answers: [{ call: http.request, result: {} }]\n"
        "  output: [1, 2]\n"
        "  calls: [{ call: http.request, with: { method: POST } }]\n"
        "- name: another output\n"
        "  answers: [{ call: http.request, result: {} }]\n"
        "  output: [1, 2]\n"
        "- name: other calls\n"
        "  answers: [{ call: http.request, result: {} }]\n"
        "  calls: [{ call: http.request, with: { method: GET } }, { call: log.info }]\n"
        "- name: an error\n"
        "  answers: [{ call: http.request, fail: no }]\n"
        "  error: 'yes'\n"
        "- name: no error\n"
        "  answers: [{ call: http.request, result: {} }]\n"
        "  error: no\n"
        "- name: no success\n"
        "  answers: [{ call: http.request, fail: no }]\n"
        "- name: no answer\n"
        "- name: an answer too many\n"
        "  answers: [{ call: http.request, result: {}, times: 2 }]\n"
    )

    done = folder.test()

    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[:32] == [
        "flow.test.yaml",
        "  ok    as expected",
        "  FAIL  another output",
        "          its output differs:",
        "            [",
        "          -   1,",
        "          +   null,",
        "              2",
        "            ]",
        "  FAIL  other calls",
        "          its calls differ:",
        '          - http.request {"method": "GET"}',
        "          - log.info {}",
        '          + http.request {"method": "POST", "url": "https://a.example/"}',
        "  FAIL  an error",
        "          its error differs:",
        '          - "yes"',
        '          + "Step 0 failed: body[0].init: http.request: no"',
        "  FAIL  no error",
        "          it was expected to fail, and succeeded with [null, 2]",
        "  FAIL  no success",
        "          it was expected to succeed, and failed: Step 0 failed: body[0].init: http.request: no",
        "  FAIL  no answer",
        "          No answer is left for a call of step 0, made at body[0].init:",
        '            http.request("POST", "https://a.example/")',
        "          Write among the answers of the case, with what it should give:",
        "          ",
        "          - call: http.request",
        "            when:",
        "              method: POST",
        "              url: https://a.example/",
        "            result:",
    ]
    assert lines[-3:-1] == [
        "  FAIL  an answer too many",
        "          cases[7].answers[0]: this answer of http.request was used 1 of 2 times",
    ]
    assert lines[-1].startswith("1 passed, 7 failed in ")


def test_calls_that_reach_out_are_all_listed_and_others_where_one_is_named(folder: Folder) -> None:
    folder.put(do(call("log.info", literal("a"))), do(post("https://a.example/")), do(call("log.info", literal("b"))))
    answers = "answers: [{ call: http.request, result: {} }]"
    folder.cases(
        f"- {{ name: none, {answers}, calls: [] }}\n"
        f"- {{ name: those that reach out, {answers}, calls: [{{ call: http.request }}] }}\n"
        f"- {{ name: one of the others, {answers}, calls: [{{ call: log.info }}, {{ call: http.request }}] }}\n"
        f"- {{ name: another order, {answers}, calls: [{{ call: http.request }}, {{ call: log.info }}] }}\n"
    )

    verdicts = [line for line in folder.test().stdout.splitlines() if line.startswith(("  ok", "  FAIL"))]

    assert verdicts == [
        "  FAIL  none",
        "  ok    those that reach out",
        "  FAIL  one of the others",
        "  FAIL  another order",
    ]


def test_cases_have_a_start_and_a_seed_of_their_own(folder: Folder) -> None:
    folder.put(ret({"kind": "ArrayExpr", "elements": [call("time.now"), call("random.number")]}))
    first, other = (folder.tried("--seed", seed)["output"][1] for seed in ("0", "5"))
    folder.cases(
        f"- {{ name: usual, output: ['2026-01-15T10:30:00+00:00', {first}] }}\n"
        f"- {{ name: own, start: 2030-05-01, seed: 5, output: ['2030-05-01T00:00:00+00:00', {other}] }}\n"
    )

    assert folder.test().exit_code == 0


def test_a_decision_that_is_not_offered_fails_its_case_alone(folder: Folder) -> None:
    folder.put(do(call("human.create", literal("?"))))
    folder.cases(
        "- { name: wrong, answers: [{ call: human.create, decide: green }] }\n"
        "- { name: right, answers: [{ call: human.create, decide: approved }] }\n"
    )

    told = folder.test().stdout.splitlines()

    offered = "this review offers approved, rejected, and not green"
    assert told[1:4] == ["  FAIL  wrong", f"          cases[0].answers[0].decide: {offered}", "  ok    right"]


def test_many_cases_may_lack_an_answer(folder: Folder) -> None:
    folder.put(do(CALLS["http.request"]))
    folder.cases("".join(f"- {{ name: {i}th }}\n" for i in range(120)))

    assert "0 passed, 120 failed" in folder.test().stdout


def test_a_report_for_machines_names_every_case(folder: Folder) -> None:
    folder.put(ret(var("input")))
    folder.cases(GOOD + "- { name: it does not, output: 1 }\n")

    done = folder.test("flow.yaml", "--json", "--junit", "report.xml")

    told = json.loads(done.stdout)["cases"]
    assert [(one["file"], one["name"], one["passed"]) for one in told] == [
        ("flow.test.yaml", "it does", True),
        ("flow.test.yaml", "it does not", False),
    ]
    suite = ET.parse("report.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [one.find("failure") is None for one in suite] == [True, False]
    assert folder.test("flow.yaml", "--junit", "gone/report.xml").stderr.startswith("gone/report.xml cannot be written")


@pytest.mark.parametrize(
    ("cases", "sentence"),
    [
        ("name: x", "it must be a list of cases, not object"),
        ("[]", "it has no cases"),
        ("- 1", "it must be an object, not number"),
        ("- { output: 1 }", "it needs a name"),
        ("- { name: 1 }", "it must be a string, not number"),
        (GOOD + GOOD, "two cases have the name 'it does'"),
        ("- { name: x, outptu: 1 }", "a case has no key 'outptu'; did you mean output?"),
        ("- { name: x, output: 1, error: x }", "it may expect an output or an error, not both"),
        ("- { name: x, error: '' }", "it must not be empty"),
        ("- { name: x, seed: a }", "it must be a whole number"),
        ("- { name: x, start: a }", "it must be a moment as 2026-01-15T10:30:00Z, not a"),
        ("- { name: x, calls: a }", "it must be a list of calls, not string"),
        ("- { name: x, calls: [{}] }", "it needs a call: the name of what is called"),
        (
            "- { name: x, calls: [{ call: log.inf }] }",
            "no effect is named log.inf; did you mean log.info?",
        ),
        (
            "- { name: x, calls: [{ call: log.info, when: {} }] }",
            "an expected call has no key 'when'; it has call, with",
        ),
        ("- { name: x, answers: [1] }", "it must be an object, not number"),
        ("- { name: x, answers: 1 }", "it must be a list of answers, not number"),
    ],
)
def test_cases_that_cannot_be_used_are_told_with_their_place(folder: Folder, cases: str, sentence: str) -> None:
    folder.put(ret(var("input")))
    folder.cases(cases)

    done = folder.test()

    assert done.exit_code == 1
    assert placed(done.stderr.strip(), "flow.test.yaml") == sentence


def test_cases_are_found_by_their_workflow_their_file_or_a_folder(folder: Folder) -> None:
    folder.put(ret(var("input")))
    assert folder.test("flow.yaml").stderr.strip() == "flow.yaml has no cases: they would be in flow.test.yaml."
    assert folder.test(".").stderr.strip() == ". has no cases: those of foo.py are in foo.test.yaml beside it."
    assert folder.test("gone.yaml").stderr.strip() == "There is no gone.yaml."
    folder.cases(GOOD)
    for path in ("flow.yaml", "flow.test.yaml", "."):
        assert "1 passed, 0 failed" in folder.test(path).stdout
    assert "1 passed, 0 failed" in folder.test("flow.yaml", "flow.test.yaml", ".").stdout
    (folder.path / "flow.yaml").unlink()
    assert (
        folder.test("flow.test.yaml").stderr.strip() == "flow.test.yaml has no workflow beside it: flow.py or flow.yaml"
    )
