"""What every view is."""

from pydantic import BaseModel, ConfigDict

from domain.program.values import dumps


class View(BaseModel):
    """A body of an answer: exactly its fields, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def text(self) -> str:
        """The body as JSON; fields that were not set are left out."""
        return dumps(self.model_dump(exclude_unset=True))
