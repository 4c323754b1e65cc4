"""Removes every defence in turn and shows the test that then fails; with `--write`, into docs/guarantees.md.

A defence is a condition expression, a comparison of a status, a look at a receipt, or a repeat after a conflict. The
first two are found in the code, so that a new one cannot be forgotten; the others are listed here.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "guarantees.md"
BEGIN, END = "<!-- mutations: make mutations -->\n", "<!-- end of mutations -->"
TESTS = (
    "tests/integration/test_call_counts.py",
    "tests/integration/test_admission.py",
    "tests/integration/test_collisions.py",
    "tests/integration/test_slices.py",
    "tests/integration/test_reviews.py",
    "tests/integration/test_workflows.py",
    "tests/integration/test_events.py",
    "tests/integration/test_contract.py",
    "tests/integration/test_cli.py",
    "tests/faults/test_injected.py",
    "tests/integration/test_conformance.py",
    "tests/faults/test_model.py",
    "tests/faults/test_crash_points.py",
)
"""Quick ones first: a mutation is dead at the first that fails."""

AT_ONCE = 2
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".aws-sam", ".local", ".hypothesis", "*_cache", "__pycache__")
ALWAYS = " OR attribute_exists(pk) OR attribute_not_exists(pk)"
"""Makes a condition hold always, and leaves its values in use: DynamoDB refuses what is not."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one file that takes a defence away."""

    defence: str
    where: str
    file: str
    old: str
    new: str
    at: int = -1
    """Where in the file the old text stands; below zero it must stand there once only."""
    tests: tuple[str, ...] = TESTS

    def apply(self, text: str) -> str:
        """The file without the defence."""
        at = self.at
        if at < 0:
            if text.count(self.old) != 1:
                raise SystemExit(f"{self.file} has {text.count(self.old)} times, not once: {self.old}")
            at = text.index(self.old)
        return text[:at] + self.new + text[at + len(self.old) :]


_REPLAY = "if claim and (answer := claim.replay(found.get(claim.at), now)):"
_RECEIPT = "*([claim.receipt(execution_id, body, now)] if claim else []), "
_BUSY = '{"TransactionConflictException", _IN_PROGRESS}'
_THROTTLED_UPDATE = 'return "Throttled"\n            except ClientError as error:\n                code = '

LISTED = {
    "condition": [
        ("workspaces.debit", '"credits >= :one"', f'"(credits >= :one{ALWAYS})"'),
        ("workspaces.debit", "OR size(running) < :limit)", f"OR size(running) < :limit{ALWAYS})"),
        ("records._commit", "#status = :running AND", f"(#status = :running{ALWAYS}) AND"),
        ("records._commit", '"revision = :seen"', f'"(revision = :seen{ALWAYS})"'),
        ("records._commit", '"attribute_not_exists(revision)"', f'"({ALWAYS.removeprefix(" OR ")})"'),
        ("receipts.Claim.receipt", " OR expires_at <= :now", " OR :now < :now"),
    ],
    "receipt": [
        ("admission.admit", _REPLAY, "if False:"),
        ("admission.admit", _RECEIPT, ""),
        ("stopping.stop", _REPLAY, "if False:"),
        ("stopping.stop", _RECEIPT.rstrip() + "\n", "\n"),
        ("reviews.decide", _REPLAY, "if False:"),
        ("reviews.decide", "*([claim.receipt(review.execution_id, body, now)] if claim else []),\n", "\n"),
        ("receipts.Claim.replay", ' or item["expires_at"] <= epoch_seconds(now)', ""),
        ("receipts.Claim.replay", 'if item["fingerprint"] != self.fingerprint:', "if False:"),
        ("receipts.settle", "except ReceiptFound as found:", "except ZeroDivisionError as found:"),
        ("receipts.settle", "        if claimed:\n", "        if False:\n"),
        (
            "admission.admit",
            '_make_sure_of_start(table, machine, workspace.id, found[claim.at]["execution_id"])',
            "pass",
        ),
        ("stopping.stop", "        machine.try_stop(execution_id)\n        return answer", "        return answer"),
        ("reviews.decide", "if review.decision is not None:\n        # Whoever", "if False:\n        # Whoever"),
    ],
    "retry": [
        ("table._first_reason", '{"TransactionConflict", ', "{"),
        ("table._first_reason", '"ThrottlingError", ', ""),
        ("table._first_reason", ', "ProvisionedThroughputExceeded"}', "}"),
        ("table._attempt", _BUSY, "{_IN_PROGRESS}"),
        ("table._attempt", _BUSY, '{"TransactionConflictException"}'),
        ("table.commit", "if blocked != _IN_PROGRESS:", "if True:"),
        ("aws.answered", '{"ThrottlingException", ', "{"),
        ("aws.answered", '"ProvisionedThroughputExceededException", ', ""),
        ("aws.answered", ', "RequestLimitExceeded"}', "}"),
        ("table.update", _THROTTLED_UPDATE, _THROTTLED_UPDATE.replace('return "Throttled"', "raise")),
        ("table._attempt", 'return "Throttled"\n        except', "raise\n        except"),
        ("table.update", "return code if code in _BUSY_ERRORS else error", "return error"),
        ("table.get_many", 'wanted = answer.get("UnprocessedKeys")', "wanted = None"),
        ("state_machine.StateMachine.start", 'if _code(error) != "ExecutionAlreadyExists":', "if True:"),
        ("reconciliation.reconcile", "except (Unavailable, Contention):", "except ZeroDivisionError:"),
    ],
    "journal": [
        ("journaled_calls.JournaledCalls.call", "entry = self._entries.get(self._made)", "entry = None"),
        ("journaled_calls.JournaledCalls.call", "if entry.callee != call.callee:", "if False:"),
        ("journaled_calls.JournaledCalls._perform", "            self._record.commit()\n", ""),
        (
            "journaled_calls.JournaledCalls._resume",
            "if entry.state in {CallState.DONE, CallState.FAILED}:",
            "if False:",
        ),
    ],
}
"""By the kind of defence: the function it stands in, its text, and the text without it."""

STATE_MACHINE_RETRIES = Mutation(
    "retry",
    "run_workflow.asl.json",
    "statemachine/run_workflow.asl.json",
    '"TimeoutSeconds": 180,\n      "Retry": [',
    '"TimeoutSeconds": 180,\n      "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0},',
    tests=("tests/e2e/test_executions.py", "-k", "killed_between"),
)


def listed() -> Iterator[Mutation]:
    """The mutations that only a reader of the code can name."""
    for defence, mutations in LISTED.items():
        for where, old, new in mutations:
            yield Mutation(defence, where, f"src/domain/{where.partition('.')[0]}.py", old, new)
    yield STATE_MACHINE_RETRIES


def _source(text: str, node: ast.expr) -> tuple[int, str]:
    """Where a node stands in a text, and its own text."""
    lines = text.splitlines(keepends=True)
    before = sum(len(line) for line in lines[: node.lineno - 1])
    at = before + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
    source = ast.get_source_segment(text, node)
    assert source is not None  # noqa: S101 - every parsed node has one
    return at, source


def _walk(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(tree):
        name = inside
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            name = f"{inside}.{node.name}" if inside else node.name
        yield name, node
        yield from _walk(node, name)


def _conditions(node: ast.AST) -> Iterator[ast.expr]:
    """The condition expressions that a call passes; both arms of a choice count."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "Write"):
        return
    found = [keyword.value for keyword in node.keywords if keyword.arg == "condition"]
    found += node.args[1:2] if node.func.attr == "check" else []
    for value in found:
        yield from [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]


def _comparisons(node: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """A comparison with a member of `Status` or `Flight`, and what it is without the check: what lets all pass.

    Of a `Flight`, neither outcome is the harmless one: it is taken for both.
    """
    match node:
        case ast.Compare(ops=[operator], comparators=[member]):
            named = re.match(r"(Status|Flight)\.[A-Z_]+", ast.unparse(member))
            passes = isinstance(operator, ast.Is | ast.Eq)
            if named:
                yield node, passes
            if named and named[1] == "Flight":
                yield node, not passes


def found_in_code() -> Iterator[Mutation]:
    """A mutation for each condition expression, and for each status that is asked for, in what changes anything."""
    for path in sorted((ROOT / "src" / "domain").glob("*.py")):
        if path.stem in {"audits", "executions"}:
            continue
        text = path.read_text()
        file = str(path.relative_to(ROOT))
        for inside, node in _walk(ast.parse(text)):
            where = f"{path.stem}.{inside}"
            for condition in _conditions(node):
                at, source = _source(text, condition)
                yield Mutation("condition", where, file, source, f"({source}) + {ALWAYS!r}", at)
            for comparison, outcome in _comparisons(node):
                at, source = _source(text, comparison)
                yield Mutation("status", where, file, source, str(outcome), at)


def killer(copy: Path, mutation: Mutation) -> str:
    """The test that fails in a copy of the tree without the defence; empty if none does."""
    file = copy / mutation.file
    text = file.read_text()
    file.write_text(mutation.apply(text))
    try:
        done = subprocess.run(
            [
                ROOT / ".venv/bin/python",
                *["-m", "pytest", "-x", "-q", "-rf", "-p", "no:cacheprovider"],
                *mutation.tests,
            ],
            cwd=copy,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(text)
    failed = re.search(r"^FAILED (\S+?)(?:\[.*?\])?(?: - |$)", done.stdout, re.MULTILINE)
    if failed is None and done.returncode != 0:
        raise SystemExit(f"{mutation}\nbroke the tests themselves:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return failed[1] if failed else ""


def main() -> int:
    """Try every mutation, print the table, and fail if one survives."""
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    mutations = [
        one
        for one in (*found_in_code(), *listed())
        if not chosen or any(word in f"{one.defence} {one.where}" for word in chosen)
    ]
    for mutation in mutations:
        mutation.apply((ROOT / mutation.file).read_text())
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(AT_ONCE) as pool:
        copies = Queue[Path]()
        for number in range(AT_ONCE):
            copies.put(shutil.copytree(ROOT, Path(home) / str(number), ignore=NOT_COPIED))

        def attempt(mutation: Mutation) -> str:
            copy = copies.get()
            try:
                by = killer(copy, mutation)
            finally:
                copies.put(copy)
            print(f"{'killed  ' if by else 'SURVIVED'} {_row(mutation, by)}", flush=True)
            return by

        killers = list(pool.map(attempt, mutations))
    survivors = killers.count("")
    print(f"{len(mutations)} mutations, {len(mutations) - survivors} killed")
    if "--write" in sys.argv and not survivors and not chosen:
        rows = "\n".join(map(_row, mutations, killers))
        table = f"| Defence | Where | Taken away | The first test that fails |\n| --- | --- | --- | --- |\n{rows}\n"
        document = DOCUMENT.read_text()
        before, after = document.partition(BEGIN)[0], document.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{len(mutations)} mutations, all killed.\n\n{table}\n{END}{after}")
    return 1 if survivors else 0


def _row(mutation: Mutation, killer: str) -> str:
    old = " ".join(mutation.old.split()).replace("|", "\\|")
    by = f"`{killer.removeprefix('tests/')}`" if killer else "none"
    return f"| {mutation.defence} | `{mutation.where}` | `{old}` | {by} |"


if __name__ == "__main__":
    sys.exit(main())
