"""The three steps that every workflow does, for those that are written in Python."""

import urllib.request


def total(items: list[dict[str, int]]) -> int:
    """The first step, pure: what an order comes to."""
    return sum(item["price"] * item["quantity"] for item in items)


def fetch(url: str) -> bytes:
    """The second: one HTTP call."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def sentence(amount: int, value: int) -> str:
    """The third, pure again."""
    return f"total {amount + value}"
