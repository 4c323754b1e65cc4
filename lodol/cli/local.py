"""The local stack, as `make up` leaves word of it."""

import json
from pathlib import Path
from typing import Any


def local_stack() -> Any:
    """What stands in `.local/stack.json` of this folder or one above it, `None` without one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / ".local" / "stack.json"
        if file.is_file():
            return json.loads(file.read_text())
    return None


def is_local_api(url: str) -> bool:
    """Whether an address is the local stack's."""
    local = local_stack()
    return local is not None and local["api_url"] == url
