"""Which network addresses a program may reach: public ones, checked after resolving, and the stack's allowed hosts."""

import ipaddress
import socket
from collections.abc import Collection
from queue import Empty, SimpleQueue
from threading import Thread

from domain.program.calls import CallFailed

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as NAT64 writes them, in their last four bytes."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
"""What Python counts as global, in part at least, and is no place of the public internet: addresses of protocols, which
the next router answers, the relays of 6to4, Teredo, and those of documents."""


def resolve(host: str, port: int, allowed: Collection[str], seconds: float) -> str:
    """Find an address of a host that may be reached, to connect to exactly that one.

    Raises `CallFailed` where the host is not public, and `OSError` where it cannot be resolved in time.
    """
    found = _look_up(host, port, seconds)
    if host.lower() in allowed or f"{host.lower()}:{port}" in allowed:
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
