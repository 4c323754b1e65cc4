"""What every view is, and the kinds of text in it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

type Id = Annotated[str, Field(pattern="^[0-9a-f]{24}$", examples=["6968c1a88f3c5e0b7a9d2c41"])]
"""24 lower-case hex digits."""

type Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-15T10:30:00+00:00"])]
"""ISO 8601 in UTC, with seconds."""

type PreciseMoment = Annotated[
    str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-15T10:30:00.125+00:00"])
]
"""ISO 8601 in UTC, with milliseconds."""

type Json = Any
"""Any JSON value."""


class View(BaseModel):
    """A body of an answer: exactly its fields, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")
