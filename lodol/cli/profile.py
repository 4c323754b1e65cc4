"""`lodol profile`: where the API is, and with which key, so that no key stands on a command line."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lodol.cli.console import AsJson, CannotDo, command, show, show_list
from lodol.cli.local import local_stack

app = typer.Typer(no_args_is_help=True, help="Where the API is, and with which key: kept in a file of your own.")

_USUAL = "default"
_OTHERS = 0o077
_NAME = re.compile(r"[\w .-]+")

ProfileName = Annotated[
    str | None,
    typer.Option("--profile", envvar="LODOL_PROFILE", help="The profile; without it `default`, or the local stack."),
]


@dataclass(frozen=True, slots=True)
class Profile:
    """An API and a key for it. The key is not part of how it prints."""

    url: str
    api_key: str

    def __repr__(self) -> str:
        return f"Profile({self.url!r})"


@app.command()
@command
def add(
    url: Annotated[str, typer.Option(help="The API, as `https://…/api`.")],
    name: Annotated[str, typer.Argument(help="What to call it.")] = _USUAL,
    as_json: AsJson = False,
) -> None:
    """Keep an API and its key; the key is asked for, or read from standard input."""
    from lodol.client import Client

    if not _NAME.fullmatch(name):
        raise CannotDo("A profile's name has letters, digits, spaces and . _ - only.")
    api_key = _typed() if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not api_key:
        raise CannotDo("There is no key: type it, or send it to standard input.")
    try:
        Client(url, api_key).close()
    except ValueError as error:
        raise CannotDo(str(error)) from None
    _write({**_read(), name: Profile(url, api_key)})
    show({"profile": name, "url": url, "file": str(_file())}, as_json=as_json)


@app.command("list")
@command
def list_profiles(as_json: AsJson = False) -> None:
    """List the profiles."""
    rows = [
        {"profile": name, "url": profile.url, "key": f"{profile.api_key[:14]}…"} for name, profile in _read().items()
    ]
    show_list("profiles", rows, ("profile", "url", "key"), as_json=as_json)


@app.command()
@command
def remove(name: str, as_json: AsJson = False) -> None:
    """Forget a profile."""
    profiles = _read()
    if name not in profiles:
        raise CannotDo(_unknown(name, profiles))
    _write({kept: profile for kept, profile in profiles.items() if kept != name})
    show({"removed": name}, as_json=as_json)


def find(name: str | None) -> Profile:
    """Find the profile to work with.

    The one of this name; without a name LODOL_URL and LODOL_API_KEY, else the profile `default`, else the local stack
    of this folder or one above it. Raises `CannotDo` without any.
    """
    profiles = _read()
    if name is not None:
        if name not in profiles:
            raise CannotDo(_unknown(name, profiles))
        return profiles[name]
    url, api_key = os.environ.get("LODOL_URL"), os.environ.get("LODOL_API_KEY")
    if url and api_key:
        return Profile(url, api_key)
    if url or api_key:
        missing = "LODOL_API_KEY" if url else "LODOL_URL"
        raise CannotDo(f"LODOL_URL and LODOL_API_KEY go together, and {missing} is not set.")
    if _USUAL in profiles:
        return profiles[_USUAL]
    if local := local_stack():
        return Profile(local["api_url"], local["api_key"])
    raise CannotDo("Which API? Keep it once: lodol profile add --url URL (or start the local one: make up)")


def _typed() -> str:
    import getpass

    return getpass.getpass("API key: ").strip()


def _unknown(name: str, profiles: Mapping[str, Profile]) -> str:
    return f"There is no profile {name!r}; there are: {', '.join(profiles) or 'none'}."


def _file() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "lodol" / "profiles.toml"


def _read() -> dict[str, Profile]:
    file = _file()
    if not file.exists():
        return {}
    if file.stat().st_mode & _OTHERS:
        raise CannotDo(f"{file} holds keys and can be read by others: chmod 600 {file}")
    try:
        stored: Any = tomllib.loads(file.read_text("utf-8"))
        return {name: Profile(one["url"], one["api_key"]) for name, one in stored.items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise CannotDo(f"{file} cannot be read: {error}") from None


def _write(profiles: Mapping[str, Profile]) -> None:
    """Write the file whole, or leave the old one; nobody else can read it at any moment."""
    file = _file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Strings of JSON are strings of TOML.
    text = "\n".join(
        f"[{json.dumps(name)}]\nurl = {json.dumps(one.url)}\napi_key = {json.dumps(one.api_key)}\n"
        for name, one in profiles.items()
    )
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    draft.replace(file)
