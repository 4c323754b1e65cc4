"""Programs reach the public internet, and what the stack allows besides, and nothing else."""

import ipaddress

import pytest

from domain.callables.addresses import is_public, resolve
from domain.callables.settings import Settings
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
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_no_private_address_is_public_however_it_is_written(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_a_public_address_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_loopback_is_refused_unless_it_is_allowed_with_its_port(host: str) -> None:
    with pytest.raises(CallFailed, match="not public"):
        resolve(host, 80, frozenset())
    with pytest.raises(CallFailed, match="not public"):
        resolve(host, 80, frozenset({f"{host}:81"}))

    assert resolve(host, 80, frozenset({f"{host}:80"}))
    assert resolve(host, 80, frozenset({host}))


def test_settings_without_any_are_empty() -> None:
    assert Settings().allowed_hosts == frozenset()
