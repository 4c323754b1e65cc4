"""What one execution, and the admissions of one workspace, look like to clients who ask one after the other."""

from collections.abc import Iterator
from typing import Any, NamedTuple

IN_FLIGHT = "another request with this key is being processed"


class Execution(NamedTuple):
    """An execution that clients run under one key, poll, and stop under keys of their own."""

    status: str = "absent"
    begun: int = 0
    """How many steps have been seen to begin; after the end it is fixed once seen."""
    is_fixed: bool = False
    stopped_by: frozenset[str] = frozenset()


def execution(was: Execution, request: tuple[Any, ...], answer: Any) -> Iterator[Execution]:
    """Run, poll or stop; a running execution may have come to its own end just before."""
    yield from _execution(was, request, answer)
    if was.status == "running":
        yield from _execution(was._replace(status="success"), request, answer)


def _execution(was: Execution, request: tuple[Any, ...], answer: Any) -> Iterator[Execution]:
    match request, answer:
        case _, str(said) if said == IN_FLIGHT:
            yield was
        case ("run",), "admitted" | None if was.status == "absent":
            yield was._replace(status="running")
        case ("run",), "replayed" if was.status != "absent":
            yield was
        case ("stop", str(key)), "stopped" | None if was.status == "running":
            yield was._replace(status="stopped", stopped_by=was.stopped_by | {key})
        case ("stop", str(key)), "replayed" if key in was.stopped_by:
            yield was
        case ("stop", str(key)), ("refused", str(status)) if was.status == status and key not in was.stopped_by:
            yield was
        case ("poll",), (str(status), int(begun)) if was.status == status:
            if begun == was.begun or (begun > was.begun and not was.is_fixed):
                yield was._replace(begun=begun, is_fixed=status != "running")


class Workspace(NamedTuple):
    """A workspace whose executions, each named by its run's key, end only by a stop."""

    credits: int
    limit: int
    running: frozenset[str] = frozenset()
    admitted: frozenset[str] = frozenset()


def workspace(was: Workspace, request: tuple[Any, ...], answer: Any) -> Iterator[Workspace]:
    """Run under a key, stop what a key has run, or read balance and running executions from the database."""
    match request, answer:
        case _, str(said) if said == IN_FLIGHT:
            yield was
        case ("run", key), "replayed" if key in was.admitted:
            yield was
        case ("run", key), "admitted" | None if key not in was.admitted:
            if was.credits and len(was.running) < was.limit:
                yield was._replace(credits=was.credits - 1, running=was.running | {key}, admitted=was.admitted | {key})
        case ("run", key), "no credits" if key not in was.admitted and not was.credits:
            yield was
        case ("run", key), "no slot" if key not in was.admitted and len(was.running) == was.limit:
            yield was
        case ("stop", key), "stopped" | None if key in was.running:
            yield was._replace(running=was.running - {key})
        case ("stop", key), ("refused", "stopped") if key in was.admitted - was.running:
            yield was
        case ("read",), (credits, running) if (was.credits, was.running) == (credits, running):
            yield was
