"""Records the terminal that the README shows, on the running local stack: `python -m scripts.pictures`."""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

from lodol.cli.watching import styled

ROOT = Path(__file__).resolve().parents[1]
_TERMINAL = ROOT / "docs" / "pictures" / "terminal.svg"
_LODOL = Path(sys.executable).parent / "lodol"
_COMMANDS = (
    ("run", "Check Site", "--input", '{"url": "http://127.0.0.1:4599/orders"}', "--watch"),
    ("run", "Reminder", "--input", '{"seconds": 4}', "--watch"),
    ("executions", "list", "--status", "success", "--since", "1h", "--limit", "3"),
)
_WIDTH = 108
_FONTS = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""Rich's picture loads its fonts from somebody's server; those of the reader do as well."""


def main() -> int:
    """Run the commands, and write what a terminal shows of them."""
    console = Console(record=True, width=_WIDTH, file=StringIO(), highlight=False)
    for command in _COMMANDS:
        shown = " ".join(f"'{part}'" if re.search(r"[ {]", part) else part for part in command)
        console.print(f"$ lodol {shown}", style="bold", markup=False, soft_wrap=True)
        done = subprocess.run([_LODOL, *command], cwd=ROOT, capture_output=True, text=True, check=True)
        console.print(styled(done.stdout.splitlines()), soft_wrap=True)
        console.print()
    picture = console.export_svg(title="lodol", theme=MONOKAI, code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT))
    _TERMINAL.write_text(picture)
    print(f"wrote {_TERMINAL.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
