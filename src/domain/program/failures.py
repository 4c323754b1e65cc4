"""How a step fails: at a node, with a sentence."""

from domain.program.values import Value


class StepFailure(Exception):
    """A node failed; a `TryStmt` around it catches this."""

    def __init__(self, at: str, message: str, callee: str | None = None) -> None:
        super().__init__(f"{callee}: {message}" if callee else message)
        self.at = at
        self.message = message
        self.callee = callee

    def caught(self) -> Value:
        """What the handler of a `TryStmt` gets to see."""
        return {"message": self.message, "callee": self.callee, "at": self.at}
