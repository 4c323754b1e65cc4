"""Sources: what a program was written as is kept with its version, and failures and histories name its lines."""

from collections import Counter
from typing import Any

import pytest

from handlers import get_execution, get_history, get_workflow
from tests.support.programs import let, literal
from tests.support.requests import send
from tests.support.system import HEAD, Fresh, System


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


def ran(system: System, body: str, given: Any = None) -> str:
    execution_id: str = system.run(system.python(body), given=given).body["execution_id"]
    system.drive()
    return execution_id


def get(system: System, handler: Any, path: str, **query: str) -> Any:
    status, _, body = send(system.worker, handler, "GET", path, system.key, query or None)
    assert status == 200
    return body


def history(system: System, execution_id: str) -> Any:
    return get(system, get_history.handler, f"/v1/executions/{execution_id}/history", include_program="true")


FAILURES = [
    ("x = 1\ny = x + [1]", "Step 1 failed: line 8: cannot add number and list"),
    ('n = -1\nx = [\n    string.repeat("a", n),\n]', "Step 1 failed: line 9: string.repeat: "),
    ('http.request("GET", "https://fail/")', "Step 0 failed: line 7: http.request: refused"),
    ('if True:\n    raise Failure("no luck")', "Step 0 failed: line 8: no luck"),
    ("while True:\n    x = 1", "Step 0 failed: line 7: the step reached its limit of 1000000 node visits"),
    ('try:\n    fail("the end")\nexcept Failure as e:\n    log.info(e.at)', "Step 0 failed: the end"),
]


@pytest.mark.parametrize(("body", "told"), FAILURES, ids=range(len(FAILURES)))
def test_a_failure_names_its_line(system: System, body: str, told: str) -> None:
    execution_id = ran(system, body)

    shown = get(system, get_execution.handler, f"/v1/executions/{execution_id}", include_step_results="true")
    assert shown["status"] == "failed"
    assert shown["error"].startswith(told)
    step = shown["steps"][-1]
    assert step["error"] == shown["error"].removeprefix(f"Step {step['index']} failed: ")
    assert history(system, execution_id)["error"] == shown["error"]


def test_a_record_that_is_too_large_names_the_line_of_its_step(system: System) -> None:
    execution_id = ran(system, 'a = string.repeat("a", 200000)\nb = ""\nc = ""\nif True:\n    b = a\n    c = a')

    assert history(system, execution_id)["error"].startswith(
        "Step 3 failed: line 10: its result and the variables it changed take "
    )


def test_what_a_program_sees_of_a_failure_stays_the_node(system: System) -> None:
    """It may be stored and compared, and a comment more in the source must not change what a program does."""
    execution_id = ran(
        system, 'try:\n    http.request("GET", "https://fail/")\nexcept Failure as e:\n    log.info(e.at)'
    )

    [line] = [entry for entry in history(system, execution_id)["entries"] if entry["type"] == "log"]
    assert (line["message"], line["line"]) == ("body[0].body.expr", 10)


def test_a_history_names_the_line_of_each_step_call_and_statement(system: System) -> None:
    execution_id = ran(
        system, 'for n in [1, 2]:\n    log.info(f"{n}")\n\n    time.sleep(\n        1\n    )\ntime.now()'
    )

    shown = history(system, execution_id)
    assert [(entry["type"], entry["line"]) for entry in shown["entries"]] == [
        ("step", 7),
        ("log", 8),
        ("call", 10),
        ("log", 8),
        ("call", 10),
        ("step", 13),
        ("call", 13),
    ]
    assert [(line["text"], line["line"]) for line in shown["program"]] == [
        ("for n in [1, 2]", 7),
        ('log.info(f"{n}")', 8),
        ("time.sleep(1)", 10),
        ("time.now()", 13),
    ]


def test_the_source_is_read_back_as_it_was_written(system: System) -> None:
    workflow_id = system.python("x = 1  # one")

    shown = get(system, get_workflow.handler, f"/v1/workflows/{workflow_id}")
    assert shown["source"] == f"{HEAD}    x = 1  # one\n"
    assert get(system, get_workflow.handler, f"/v1/workflows/{system.workflow()}")["source"] is None


def test_an_execution_names_the_lines_of_the_version_that_it_runs(system: System) -> None:
    workflow_id = system.python("time.sleep(60)\nx = 1 + [2]")
    execution_id = system.run(workflow_id).body["execution_id"]
    system.step(execution_id)
    assert system.python("\n\n\ntime.sleep(60)\nx = 1 + [2]") == workflow_id
    system.drive()

    assert history(system, execution_id)["error"].startswith("Step 1 failed: line 8: ")


def test_an_else_and_an_except_of_an_outline_have_no_line(system: System) -> None:
    execution_id = ran(system, "if input:\n    x = 1\nelif input == 0:\n    x = 2\nelse:\n    # none\n    x = 3")

    assert [(line["text"], line["line"]) for line in history(system, execution_id)["program"]] == [
        ("if input", 7),
        ("x = 1", 8),
        ("elif input == 0", 9),
        ("x = 2", 10),
        ("else", None),
        ("x = 3", 13),
    ]


def test_only_a_failure_reads_the_lines(system: System) -> None:
    def made(workflow_id: str, status: str) -> Counter[str]:
        execution_id = system.run(workflow_id).body["execution_id"]
        system.wire.clear()
        system.drive()
        calls = Counter(system.wire.calls)
        assert system.status(execution_id) == status
        return calls

    success = Counter({"BatchGetItem": 1, "GetItem": 1, "TransactWriteItems": 1})
    assert made(system.workflow(let("x", literal(1))), "success") == success
    assert made(system.python("x = 1"), "success") == success
    assert made(system.python("x = 1 + [2]"), "failed") == success + Counter({"GetItem": 1})
