"""Lines: text that others have made, as a terminal and a log show it and do not obey it; how a key is known in it."""

import re

KEY_START = "sk_live_"
"""How every API key begins."""

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, colours, hides or turns text around, or ends a line for some of those who read it."""


def printable(text: str) -> str:
    r"""A text whose control characters are written as JSON writes them, `\u001b`; tabs and line feeds stay."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def one_line(text: str) -> str:
    """The same without line feeds, so that nothing in it can pass for a line of its own."""
    return printable(text).replace("\n", "\\n")
