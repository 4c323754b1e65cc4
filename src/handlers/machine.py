"""What the state machine hands to its functions: the input that it was started with."""

from pydantic import BaseModel


class Ids(BaseModel):
    """The input of the state machine; the token is only there while the execution waits for decisions."""

    workspace_id: str
    execution_id: str
    generation: int = 1
    task_token: str | None = None
