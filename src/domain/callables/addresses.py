"""Which network addresses a program may reach: public ones, checked after resolving, and the stack's allowed hosts."""

import ipaddress
import socket
from collections.abc import Collection

from domain.program.calls import CallFailed

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def resolve(host: str, port: int, allowed: Collection[str]) -> str:
    """Find an address of a host that may be reached, to connect to exactly that one.

    Raises `CallFailed` where the host is not public, and `OSError` where it cannot be resolved.
    """
    found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host.lower() in allowed or f"{host.lower()}:{port}" in allowed:
        return str(found[0])
    for text in found:
        if not is_public(ipaddress.ip_address(str(text).partition("%")[0])):
            raise CallFailed(f"{host} resolves to an address that is not public, which programs may not reach")
    return str(found[0])


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also one that is written within another."""
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if embedded is None and address in _TRANSLATED:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None and not is_public(embedded):
            return False
    return address.is_global and not address.is_multicast
