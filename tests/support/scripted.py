"""A client of AWS that answers by a script."""

from collections.abc import Callable
from typing import Any


class Client:
    """Answers each call with what is arranged for it, in turn, and notes what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, _: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.asked.append(request)
            answer = self.answers.pop(0) if self.answers else {}
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
