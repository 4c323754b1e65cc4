"""The settings of the effects, read from the environment of the function that performs them."""

import os
from dataclasses import dataclass
from functools import cache

from domain.addresses import read_hosts


@dataclass(frozen=True, slots=True)
class Settings:
    """What effects need of the stack.

    `allowed_hosts` are the `host` or `host:port` that `http.request` reaches besides public addresses; an empty
    text means that the stack has none of it. The credential is a secret's ARN, never its value.
    """

    allowed_hosts: frozenset[str] = frozenset()
    sender_address: str = ""
    api_base_url: str = ""
    api_credential_secret_arn: str = ""


@cache
def the_settings() -> Settings:
    """The settings of this process: ALLOWED_HOSTS, SENDER_ADDRESS, API_BASE_URL, API_CREDENTIAL_SECRET_ARN."""
    return Settings(
        allowed_hosts=read_hosts(os.environ.get("ALLOWED_HOSTS", "")),
        sender_address=os.environ.get("SENDER_ADDRESS", ""),
        api_base_url=os.environ.get("API_BASE_URL", ""),
        api_credential_secret_arn=os.environ.get("API_CREDENTIAL_SECRET_ARN", ""),
    )
