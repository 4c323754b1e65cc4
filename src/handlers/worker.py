"""What the functions of one process work with; a test hands them its own instead."""

import os
from dataclasses import dataclass
from functools import cache, cached_property

from domain.aws.stack import Stack, stack_of_environment
from domain.moments import Clock, utc_now
from domain.operations.access import Authenticator


@dataclass(frozen=True)
class Worker:
    """The stack, the clock, and the callers that this process has seen."""

    stack: Stack
    clock: Clock
    allowed_hosts: frozenset[str] = frozenset()
    """The hosts that may be reached besides public addresses."""

    @cached_property
    def authenticator(self) -> Authenticator:
        """Finds callers, and remembers them."""
        return Authenticator(self.stack.table)


@cache
def the_worker() -> Worker:
    """The worker that this process is, by its environment."""
    # Few functions send to addresses, and to know them takes modules that the others need not load.
    from domain.addresses import read_hosts

    return Worker(stack_of_environment(), utc_now, read_hosts(os.environ.get("ALLOWED_HOSTS", "")))
