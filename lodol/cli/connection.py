"""Connects a command to the API of a profile."""

from typing import TYPE_CHECKING

from lodol.cli import profile
from lodol.cli.console import CannotDo

if TYPE_CHECKING:
    from lodol.client import Client


def connect(profile_name: str | None) -> "Client":
    """The client of the API of a profile, to be closed; raises `CannotDo` where there is none that can be used."""
    from lodol.client import Client

    found = profile.find(profile_name)
    try:
        return Client(found.url, found.api_key)
    except ValueError as error:
        raise CannotDo(str(error)) from None
