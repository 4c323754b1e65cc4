"""The folder of an export: one file of JSON Lines for each kind of item, and how far it has come."""

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from domain.aws.keys import Key
from domain.aws.writes import Item
from domain.operations.departures import kind_of
from lodol.cli.console import CannotDo

_STATE = "export.json"
_ITEMS_BETWEEN_STATES = 1000


class Export:
    """An export into a folder, which may be killed at any time and goes on where its state says."""

    def __init__(self, folder: Path, workspace_id: str) -> None:
        self._folder, self._workspace_id = folder, workspace_id
        folder.mkdir(parents=True, exist_ok=True)
        self._state: dict[str, Any] = {"workspace_id": workspace_id, "after": None, "bytes": {}, "items": {}}
        state_file = folder / _STATE
        if state_file.exists():
            self._state = json.loads(state_file.read_text())
        elif any(folder.iterdir()):
            raise CannotDo(f"{folder} is not empty: an export needs a folder of its own.")
        if self._state["workspace_id"] != workspace_id:
            raise CannotDo(f"{folder} has the export of another workspace, {self._state['workspace_id']}.")
        if self._state.get("is_complete"):
            raise CannotDo(f"{folder} has a complete export: name another folder.")
        self.items: Counter[str] = Counter(self._state["items"])
        self._files: dict[str, IO[bytes]] = {}

    @property
    def after(self) -> Key | None:
        """Behind which item it goes on."""
        return Key(*self._state["after"]) if self._state["after"] else None

    def write(self, found: Iterable[tuple[Key, Item]]) -> Iterable[int]:
        """Write items, and what is to be known to go on behind them; each step says how many."""
        # What was written behind the last state is written again.
        for path in self._folder.glob("*.jsonl"):
            os.truncate(path, self._state["bytes"].get(path.name, 0))
        unsaved, at = 0, self.after
        try:
            for at, item in found:
                self._write_line(item)
                unsaved += 1
                if unsaved == _ITEMS_BETWEEN_STATES:
                    self._save(at)
                    yield unsaved
                    unsaved = 0
            self._save(at, is_complete=True)
            yield unsaved
        finally:
            for file in self._files.values():
                file.close()

    def _write_line(self, item: Item) -> None:
        kind = kind_of(item)
        name = f"{kind}.jsonl"
        if name not in self._files:
            self._files[name] = (self._folder / name).open("ab")
        line = json.dumps(dict(item), ensure_ascii=False, default=sorted)
        self._files[name].write(line.encode() + b"\n")
        self.items[kind] += 1

    def _save(self, after: Key | None, *, is_complete: bool = False) -> None:
        for name, file in self._files.items():
            file.flush()
            os.fsync(file.fileno())
            self._state["bytes"][name] = file.tell()
        self._state |= {"after": after, "items": dict(self.items), "is_complete": is_complete}
        part = self._folder / f"{_STATE}.part"
        part.write_text(json.dumps(self._state, indent=2))
        part.replace(self._folder / _STATE)
