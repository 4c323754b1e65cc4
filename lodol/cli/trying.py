"""`lodol workflow try` and `lodol workflow test`: workflows on this machine, the world being answered by a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.printable import one_line, printable
from lodol.cli.console import AsJson, CannotDo, Misused, command, print_json, say
from lodol.cli.inputs import Input, read_input

if TYPE_CHECKING:
    from lodol.cli.documents import Document
    from lodol.trying.bench import Bench, Tried
    from lodol.trying.cases import Verdict
    from lodol.trying.fields import Unusable
    from lodol.trying.world import NoAnswer

_COLOURS: dict[str, dict[str, Any]] = {"bold": {"bold": True}, "dim": {"dim": True}}
_CASES = ".test"
_ROOT = re.compile("^(answers|cases|the file)")
"""What a path within a file of answers or cases begins with: the file."""
_SUFFIXES = (".yaml", ".yml", ".json")
_WORKFLOW_SUFFIXES = (".py", *_SUFFIXES)


@command
def try_workflow(
    file: Path,
    program_input: Input = None,
    answers: Annotated[Path | None, typer.Option(help="What the world answers: see docs/trying.md.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Really send http.request where no answer is left.")] = False,
    crash: Annotated[bool, typer.Option("--crash", help="Run it again with a crash after every commit.")] = False,
    seed: Annotated[int, typer.Option(help="What chance begins with.")] = 0,
    start: Annotated[str | None, typer.Option(help="When it starts, ISO 8601; now without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a workflow in this process: waits pass at once, and a file answers for the world."""
    if live and crash:
        raise Misused("--live and --crash exclude each other: every crash would send the requests again.")
    from domain.moments import utc_now
    from lodol.cli.files import read_document
    from lodol.trying import fields, report
    from lodol.trying.answers import Answers
    from lodol.trying.crashes import crash as crash_after_each
    from lodol.trying.world import World

    given = None if program_input is None else read_input(program_input)
    bench, document = _bench(file), read_document(answers) if answers else None
    try:
        begun = fields.moment(start, "--start") if start else utc_now().replace(microsecond=0)
    except fields.Unusable as unusable:
        raise Misused(str(unusable)) from None
    try:
        read = Answers(document.value if document else None)

        def world() -> World:
            return World(read, begun, seed, is_live=live)

        tried = bench.run(given, world())
        unused = [] if tried.missing else read.unused()
        crashes = crash_after_each(bench, tried, given, world) if crash and not tried.missing else None
    except fields.Unusable as unusable:
        assert answers and document  # noqa: S101, PT018 - nothing else can be unusable
        raise _unusable(answers, document, unusable) from None
    if as_json:
        print_json(report.as_object(tried, unused, crashes))
    else:
        for line in report.lines(tried, _paint):
            typer.echo(line)
        if crashes and not crashes.difference:
            typer.echo(f"{crashes.tried} crashes, the same result each time")
        if tried.missing:
            into = f"into {answers}" if answers else "into a file for --answers"
            say(_explained(tried, tried.missing, into), to_errors=True)
    if answers and document:
        for each in unused:
            say(_unusable(answers, document, each), to_errors=True)
    if crashes and crashes.difference:
        say(crashes.difference, to_errors=True)
    if not tried.is_success or unused or (crashes and crashes.difference):
        raise typer.Exit(1)


@command
def run_cases(
    paths: Annotated[list[Path] | None, typer.Argument(help="Workflows, their cases, or folders.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the test cases of workflows: those of foo.py are in foo.test.yaml beside it."""
    files = _case_files(paths or [Path("workflows")])
    judged = [(file, verdict) for file, workflow in files for verdict in _judged(file, workflow)]
    failed = [verdict for _, verdict in judged if verdict.problems]
    if as_json:
        print_json({"cases": [_as_object(file, verdict) for file, verdict in judged]})
    else:
        told = None
        for file, verdict in judged:
            if file != told:
                typer.echo(_paint(str(file), "bold"))
            told = file
            typer.echo(
                f"  {_paint('FAIL', 'red') if verdict.problems else _paint('ok  ', 'green')}  {verdict.case.name}"
            )
            for problem in verdict.problems:
                typer.echo("\n".join(f"          {printable(line)}" for line in problem.splitlines()))
        seconds = sum(verdict.seconds for _, verdict in judged)
        typer.echo(f"{len(judged) - len(failed)} passed, {len(failed)} failed in {seconds:.2f} s")
    if junit:
        _write_junit(junit, judged)
    if failed:
        raise typer.Exit(1)


def _case_files(paths: list[Path]) -> list[tuple[Path, Path]]:
    """The files of cases that are meant, each with its workflow."""
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if path.is_dir():
            inside = (path.rglob(f"*{_CASES}{suffix}") for suffix in _SUFFIXES)
            beneath = sorted(file for files in inside for file in files)
            if not beneath:
                raise CannotDo(f"{path} has no cases: those of foo.py are in foo{_CASES}.yaml beside it.")
            found += [(file, _workflow_of(file)) for file in beneath]
        elif not path.exists():
            raise CannotDo(f"There is no {path}.")
        elif path.stem.endswith(_CASES):
            found.append((path, _workflow_of(path)))
        else:
            beside = [path.with_suffix(f"{_CASES}{suffix}") for suffix in _SUFFIXES]
            cases = next((file for file in beside if file.is_file()), None)
            if cases is None:
                raise CannotDo(f"{path} has no cases: they would be in {beside[0]}.")
            found.append((cases, path))
    return list(dict.fromkeys(found))


def _workflow_of(cases: Path) -> Path:
    """The workflow that stands beside its cases, if there is one, and only one."""
    name = cases.stem.removesuffix(_CASES)
    beside = [file for suffix in _WORKFLOW_SUFFIXES if (file := cases.with_name(name + suffix)).is_file()]
    if not beside:
        raise CannotDo(f"{cases} has no workflow beside it: {name}.py or {name}.yaml")
    if len(beside) > 1:
        raise CannotDo(
            f"{cases} has {' and '.join(file.name for file in beside)} beside it: say which one is to be tested"
        )
    return beside[0]


def _judged(file: Path, workflow: Path) -> list[Verdict]:
    from time import perf_counter

    from lodol.cli.files import read_document
    from lodol.trying.cases import judge, read_cases
    from lodol.trying.fields import Unusable

    document, bench = read_document(file), _bench(workflow)

    def explained(tried: Tried, missing: NoAnswer) -> str:
        return _explained(tried, missing, "among the answers of the case")

    try:
        return [judge(bench, case, perf_counter, explained) for case in read_cases(document.value)]
    except Unusable as unusable:
        raise _unusable(file, document, unusable) from None


def _unusable(file: Path, document: Document, unusable: Unusable) -> CannotDo:
    """What is wrong with a file of answers or cases, at its line."""
    from domain.program.findings import Finding, told

    path = _ROOT.sub("", unusable.where)
    return CannotDo(told([document.places.of(Finding(path, unusable.sentence))], document.text, str(file)))


def _as_object(file: Path, verdict: Verdict) -> dict[str, Any]:
    return {
        "file": str(file),
        "name": verdict.case.name,
        "passed": not verdict.problems,
        "problems": verdict.problems,
        "seconds": round(verdict.seconds, 6),
    }


def _write_junit(path: Path, judged: list[tuple[Path, Verdict]]) -> None:
    from xml.etree import ElementTree as ET

    failures = sum(bool(verdict.problems) for _, verdict in judged)
    suite = ET.Element("testsuite", name="workflows", tests=str(len(judged)), failures=str(failures))
    for file, verdict in judged:
        seconds = f"{verdict.seconds:.6f}"
        case = ET.SubElement(suite, "testcase", classname=str(file), name=verdict.case.name, time=seconds)
        if verdict.problems:
            failure = ET.SubElement(case, "failure", message=verdict.problems[0].splitlines()[0])
            failure.text = "\n".join(verdict.problems)
    try:
        ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise CannotDo(f"{path} cannot be written: {error}") from None


def _bench(file: Path) -> Bench:
    """A workflow file, checked and stored to be tried."""
    from domain.refusals import InvalidRequest
    from lodol.cli.files import read_workflow
    from lodol.trying.bench import Bench

    read = read_workflow(file)
    try:
        return Bench(
            name=read.name,
            description=read.description,
            program=read.program,
            source=read.source,
            workflow_id=read.id,
        )
    except InvalidRequest as invalid:
        raise CannotDo(f"{file}: {invalid.sentence}") from None


def _explained(tried: Tried, missing: NoAnswer, into: str) -> str:
    """Which call has no answer, and what to write so that it has one."""
    from domain.program.values import dumps
    from lodol.cli.documents import to_yaml

    arguments = ", ".join(dumps(value) for value in missing.arguments.values())
    unmatched = f"{missing.unmatched}.\n" if missing.unmatched else ""
    return (
        f"No answer is left for a call of step {missing.step}, made at {tried.lines.place(missing.path)}:\n"
        f"  {missing.callee}({arguments})\n"
        f"{unmatched}"
        f"Write {into}, with what it should give:\n\n{to_yaml([missing.suggestion])}"
    )


def _paint(text: str, colour: str) -> str:
    """Colour a line for a terminal; `typer.echo` takes colours away where there is none."""
    return typer.style(one_line(text), **_COLOURS.get(colour, {"fg": colour}))
