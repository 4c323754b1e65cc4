"""The programs that a warm worker keeps."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from domain.entities import workflows
from domain.program import checker
from domain.program.nodes import Program

if TYPE_CHECKING:
    from domain.aws.table import Table


@lru_cache(maxsize=64)
def parsed(table: Table, workspace_id: str, workflow_id: str, version: int) -> Program:
    """Read one version of a program, ready to run; a warm worker keeps it, since a version never changes."""
    return checker.parse(workflows.read_program(table, workspace_id, workflow_id, version).tree())


def place_of(table: Table, workspace_id: str, workflow_id: str, version: int, path: str) -> str:
    """Where a node is, as a failure says it. Only a failure asks for it, and reads the program once more."""
    program = workflows.read_program(table, workspace_id, workflow_id, version)
    return program.lines_of(program.tree()).place(path)
