"""Which network addresses a program may reach: public ones, checked after resolving, and the stack's allowed hosts."""

import ipaddress
import socket
from collections.abc import Collection

from domain.program.calls import CallFailed

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as NAT64 writes them, in their last four bytes."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def resolve(host: str, port: int, allowed: Collection[str]) -> str:
    """Find an address of a host that may be reached, to connect to exactly that one.

    Raises `CallFailed` where the host is not public, and `OSError` where it cannot be resolved.
    """
    found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host.lower() in allowed or f"{host.lower()}:{port}" in allowed:
        return str(found[0])
    for text in found:
        if not is_public(ipaddress.ip_address(text)):
            raise CallFailed(f"{host} resolves to an address that is not public, which programs may not reach")
    return str(found[0])


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also one that is written within another."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        # Others with an IPv4 address in them, such as 6to4, are beyond this or not global.
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast
