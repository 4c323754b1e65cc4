"""Addresses to send to: how they must be written, and which may be reached: public ones, and the stack's allowed hosts.

Whether a host is public is looked at after resolving, for exactly the address that is then connected to.
"""

import ipaddress
import re
import socket
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

from domain.program.calls import CallFailed

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as NAT64 writes them, in their last four bytes."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
"""What Python counts as global, in part at least, and is no place of the public internet: addresses of protocols, which
the next router answers, the relays of 6to4, Teredo, and those of documents."""

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
"""A name or an address of either kind: without percent forms, and without zones, which are this machine's."""


def read_url(text: str) -> SplitResult:
    """Read an http or https address in ASCII that carries no name and password, or raise `ValueError` with why not."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character <= " " or character > "~" for character in text):
        raise ValueError(f"url must be an http or https address in ASCII, not {text[:100]!r}")
    if parts.username is not None:
        raise ValueError("url must not carry a user name or password; send an Authorization header")
    return parts


def port_of(parts: SplitResult) -> int:
    """The port of an address, its scheme's own if it names none."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def read_hosts(text: str) -> frozenset[str]:
    """Read hosts that a stack allows, `host` or `host:port`, with commas between."""
    return frozenset(host.strip().lower() for host in text.split(",") if host.strip())


def is_among(host: str, port: int, allowed: frozenset[str]) -> bool:
    """Whether a host, or it with its port, is among those that a stack allows."""
    return host.lower() in allowed or f"{host.lower()}:{port}" in allowed


def resolve(host: str, port: int, allowed: frozenset[str], seconds: float) -> str:
    """Find an address of a host that may be reached, to connect to exactly that one.

    Raises `CallFailed` where the host is not public, and `OSError` where it cannot be resolved in time.
    """
    found = _look_up(host, port, seconds)
    if is_among(host, port, allowed):
        return found[0]
    for text in found:
        if not is_public(ipaddress.ip_address(text)):
            raise CallFailed(f"{host} resolves to an address that is not public, which programs may not reach")
    return found[0]


def _look_up(host: str, port: int, seconds: float) -> list[str]:
    """Ask the system's resolver, which knows no deadline: a thread waits for it, and is left to it in the end."""
    answers = SimpleQueue[list[str] | OSError | UnicodeError]()

    def ask() -> None:
        try:
            answers.put([str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also one that is written within another."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        # Others with an IPv4 address in them, such as 6to4, are beyond this or not global.
        if address not in _GLOBAL_UNICAST:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast
