"""Programs reach the public internet, and what the stack allows besides, and nothing else."""

import ipaddress
import socket
import threading
import time

import pytest

from domain.addresses import is_public, resolve
from domain.program.calls import CallFailed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "::127.0.0.1",
        "::8.8.8.8",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "2001:db8::1",
        "fec0::1",
        "ff0e::1",
        "64:ff9b:1::1",
        "64:ff9b::e000:1",
        "fe80::1%eth0",
        "64:ff9b::a9fe:a9fe",
        "::ffff:8.8.8.8",
        "2002:808:808::",
        "192.0.0.9",
        "192.0.0.170",
        "192.88.99.1",
        "198.18.0.1",
        "240.0.0.1",
        "203.0.113.1",
        "100.100.100.200",
        "169.254.170.2",
        "2001:1::1",
        "2001:20::1",
        "3fff::1",
        "5f00::1",
        "100::1",
    ],
)
def test_no_private_address_is_public_however_it_is_written(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_loopback_is_refused_unless_it_is_allowed_with_its_port(host: str) -> None:
    with pytest.raises(CallFailed, match="not public"):
        resolve(host, 80, frozenset(), 5)
    with pytest.raises(CallFailed, match="not public"):
        resolve(host, 80, frozenset({f"{host}:81"}), 5)

    assert resolve(host, 80, frozenset({f"{host}:80"}), 5)
    assert resolve(host, 80, frozenset({host}), 5)


@pytest.mark.parametrize("addresses", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "fe80::1%eth0"]])
def test_a_name_is_refused_if_any_of_its_addresses_is_not_public(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(0, 0, 0, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(CallFailed, match=r"a\.org resolves to an address that is not public"):
        resolve("a.org", 443, frozenset(), 5)
    assert resolve("A.org", 443, frozenset({"a.org"}), 5) == addresses[0]
    assert resolve("A.org", 443, frozenset({"a.org:443"}), 5) == addresses[0]


def test_what_is_connected_to_is_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("8.8.8.8", 443))])

    assert resolve("a.org", 443, frozenset(), 5) == "8.8.8.8"


def test_a_name_that_there_is_not_is_told_at_once() -> None:
    with pytest.raises(socket.gaierror):
        resolve("nowhere.invalid", 443, frozenset(), 60)


def test_a_name_that_is_not_answered_for_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its resolver when the process ends."""
    answered, asking = threading.Event(), []

    def never(*_: object, **__: object) -> None:
        asking.append(threading.current_thread())
        answered.wait(5)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", never)
    before = time.monotonic()

    with pytest.raises(TimeoutError):
        resolve("a.org", 443, frozenset(), 0.1)

    assert time.monotonic() - before < 2
    assert [thread.daemon for thread in asking] == [True]
    answered.set()
