"""A linearizability checker: can what clients saw be explained by one operation after the other?

Each operation must take effect at one moment between its call and its answer; one without an answer at any moment after
its call, or never. The search is that of Wing and Gong, with the memory of Lowe: no configuration is tried twice.
"""

import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

type Answer = Hashable
type Apply = Callable[[Any, tuple[Any, ...], Answer], Iterable[Hashable]]
"""From a state, a request and its answer, or `None` for no answer, to the states after it: none if it cannot be."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asked, what it was answered, and when, in seconds of one clock."""

    request: tuple[Any, ...]
    answer: Answer
    called: float
    answered: float = math.inf


class History:
    """Notes what clients do, each in its own thread."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._lock = threading.Lock()

    def note(self, request: tuple[Any, ...], send: Callable[[], Answer]) -> Answer:
        """Do an operation and note it; `send` answers with `None` where it saw no answer."""
        called = time.monotonic()
        answer = send()
        answered = math.inf if answer is None else time.monotonic()
        with self._lock:
            self.operations.append(Operation(request, answer, called, answered))
        return answer


def is_linearizable(history: Sequence[Operation], first: Hashable, apply: Apply) -> bool:
    """Tell whether some order of the operations explains every answer."""
    certain = sum(1 << number for number, operation in enumerate(history) if operation.answered < math.inf)
    frontier: list[tuple[int, Hashable]] = [((1 << len(history)) - 1, first)]
    tried = set(frontier)
    while frontier:
        left, state = frontier.pop()
        if not left & certain:
            return True
        waiting = [(number, operation) for number, operation in enumerate(history) if left >> number & 1]
        first_answer = min(operation.answered for _, operation in waiting)
        for number, operation in waiting:
            if operation.called > first_answer:
                continue
            for after in apply(state, operation.request, operation.answer):
                following = (left & ~(1 << number), after)
                if following not in tried:
                    tried.add(following)
                    frontier.append(following)
    return False
