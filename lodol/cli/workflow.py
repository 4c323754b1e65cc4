"""`lodol workflow`: the workflows of a workspace, and their files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lodol.cli.console import AsJson, CannotDo, StackName, command, print_json, say, show, show_list, write

if TYPE_CHECKING:
    from domain.aws.table import Table
    from domain.entities.workflows import Workflow

ON_THIS_MACHINE = "Files, on this machine"
_ON_A_STACK = "On a stack, for operators"

app = typer.Typer(no_args_is_help=True, help="Workflows: checked, tried, versioned, read back.")
_PAGE = 100

WorkflowOf = Annotated[str, typer.Argument(help="Its id or its name.")]


@app.command(rich_help_panel=ON_THIS_MACHINE)
@command
def check(
    files: Annotated[list[Path], typer.Argument(help="Workflow files, in Python, JSON or YAML.")],
    as_json: AsJson = False,
) -> None:
    """Check workflow files, and print everything that is wrong with them, with its lines; exits with 1 for errors."""
    from lodol.cli.files import check_workflow

    checked = [check_workflow(file) for file in files]
    if as_json:
        print_json({"findings": [finding for each in checked for finding in each.objects]})
    else:
        for each in checked:
            say(each.told or f"{each.path}: nothing is wrong with it")
    if any(each.workflow is None for each in checked):
        raise typer.Exit(1)


@app.command(rich_help_panel=_ON_A_STACK)
@command
def put(workspace: str, file: Path, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Store a workflow file, in Python, JSON or YAML: the workflow of its id, or else of its name.

    A source in Python is kept as it was written. A changed program or source becomes a new version; it says what was
    done: created, new version, changed, unchanged.
    """
    from domain.moments import utc_now
    from domain.operations.publishing import publish
    from lodol.cli import stack
    from lodol.cli.files import read_workflow

    read = read_workflow(file)
    published = publish(
        stack.find(stack_name).table,
        utc_now(),
        workspace,
        name=read.name,
        description=read.description,
        program=read.program,
        source=read.source,
        workflow_id=read.id,
    )
    stored = published.workflow
    shown = {"workflow_id": stored.id, "version": stored.version, "name": stored.name, "change": published.change}
    show(shown, as_json=as_json)


@app.command("list", rich_help_panel=_ON_A_STACK)
@command
def list_workflows(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List the workflows of a workspace, newest first."""
    from domain.entities import workflows, workspaces
    from domain.entities.workflows import Workflow
    from lodol.cli import stack

    table = stack.find(stack_name).table
    workspaces.read(table, workspace)
    found: list[Workflow] = []
    while page := workflows.list_page(table, workspace, _PAGE, found[-1].id if found else None):
        found += page
    columns = ("workflow_id", "version", "updated_at", "last_run_at", "archived_at", "name")
    show_list("workflows", [_body(table, workflow) for workflow in found], columns, as_json=as_json)


@app.command("show", rich_help_panel=_ON_A_STACK)
@command
def show_workflow(
    workspace: str,
    workflow: WorkflowOf,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print a file that `workflow put` takes back.")] = False,
    as_python: Annotated[
        bool, typer.Option("--python", help="Print it as Python: as it was written, if it was; `put` takes it back.")
    ] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show a workflow with its program."""
    from domain.callables import SIGNATURES
    from domain.entities import executions, workflows
    from domain.program.python.printing import written
    from lodol.cli import stack
    from lodol.cli.documents import to_yaml
    from views.bodies import workflow_with_program

    table = stack.find(stack_name).table
    found = workflows.read(table, workspace, _id_of(table, workspace, workflow))
    version, source = workflows.read_version(table, found)
    program: Any = version.tree()
    if as_yaml:
        file = {"id": found.id, "name": found.name, "description": found.description, "program": program}
        write(to_yaml(file))
    elif as_python and source is not None:
        write(source)
    elif as_python:
        named = {"name": found.name, "description": found.description, "workflow_id": found.id}
        write(written(program, SIGNATURES, **named))
    else:
        last_run_at = executions.last_started_at(table, workspace, found.id)
        show(workflow_with_program(found, last_run_at, program, source), as_json=as_json)


@app.command(rich_help_panel=_ON_A_STACK)
@command
def archive(workspace: str, workflow: WorkflowOf, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Let a workflow not be run any more; its executions stay."""
    from domain.moments import utc_now
    from domain.operations import publishing
    from lodol.cli import stack

    table = stack.find(stack_name).table
    archived = publishing.archive(table, utc_now(), workspace, _id_of(table, workspace, workflow))
    show(_body(table, archived), as_json=as_json)


@app.command(rich_help_panel=_ON_A_STACK)
@command
def restore(workspace: str, workflow: WorkflowOf, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Let an archived workflow be run again."""
    from domain.operations import publishing
    from lodol.cli import stack

    table = stack.find(stack_name).table
    restored = publishing.restore(table, workspace, _id_of(table, workspace, workflow))
    show(_body(table, restored), as_json=as_json)


def _body(table: "Table", workflow: "Workflow") -> dict[str, Any]:
    """A workflow as its reader sees it."""
    from domain.entities import executions
    from views import bodies

    return bodies.workflow(workflow, executions.last_started_at(table, workflow.workspace_id, workflow.id))


def _id_of(table: "Table", workspace_id: str, workflow: str) -> str:
    """The id of a workflow that is named by its id or its name."""
    from domain.entities import workflows
    from domain.ids import is_id

    if is_id(workflow):
        return workflow
    found = workflows.find_named(table, workspace_id, workflow)
    if found is None:
        raise CannotDo(f"There is no workflow named {workflow!r} in workspace {workspace_id}.")
    return found
