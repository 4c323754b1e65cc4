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
