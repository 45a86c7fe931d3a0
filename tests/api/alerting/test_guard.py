"""No way into the private network."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from api.alerting.config import networks
from api.alerting.guard import Guard, GuardedResolver, RefusedError

REFUSED = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fd00::1",
    "ff02::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:10.0.0.1", "fec0::1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "::127.0.0.1", "2001:0:7f00:1::", "2001:db8::1",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"]


@pytest.mark.parametrize("address", REFUSED)
def test_private_addresses_are_refused_in_every_spelling(address: str) -> None:
    with pytest.raises(RefusedError, match="ESI_ALERTS_ALLOW"):
        Guard().judge(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through_with_tls_only(address: str) -> None:
    Guard().judge(address)
    with pytest.raises(RefusedError, match="without TLS"):
        Guard().judge(address, plain=True)


def test_what_the_configuration_names_is_let_through() -> None:
    guard = Guard(networks(["10.0.0.0/8"]))
    guard.judge("10.1.2.3", plain=True)
    guard.judge("::ffff:10.1.2.3")
    with pytest.raises(RefusedError):
        guard.judge("192.168.0.1")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("example.org", "must begin with https://"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://user:secret@example.org/", "holds credentials"),
        ("https://user@example.org/", "holds credentials"),
        ("https://127.0.0.1/", "no public address"),
        ("https://[::1]:8443/", "no public address"),
        ("https://[::ffff:169.254.169.254]/latest/meta-data", "no public address"),
        ("https://[fec0::1]/", "no public address"),
        ("https://localhost/", "no public address"),
        ("https://esi.LocalHost./", "no public address"),
        ("http://93.184.216.34/", "without TLS"),
        ("https://2130706433/", "odd spelling"),
        ("https://0177.0.0.1/", "odd spelling"),
        ("https://127.1/", "odd spelling"),
        ("https://\uff11\uff12\uff17.0.0.1/", "no public address|odd spelling"),
        ("https://example.org\\@127.0.0.1/", "cannot be read|credentials|no public address"),
        ("https://[::1", "cannot be read"),
        ("https://example.org:99999/", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_is_refused_before_anybody_is_asked(url: str, said: str) -> None:
    with pytest.raises(RefusedError, match=said) as caught:
        Guard().check_url(url)
    assert "user" not in str(caught.value)


def test_a_name_is_not_judged_before_it_is_resolved() -> None:
    Guard().check_url("https://example.org/hook")


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
async def test_names_and_odd_numbers_of_the_loopback_are_refused_when_resolved(host: str) -> None:
    """The system's resolver reads decimal, octal and hexadecimal addresses; what comes out of it is judged."""
    with pytest.raises(RefusedError):
        await Guard().resolve(host, 443)


class _Answers:
    """A resolver of the system that answers otherwise each time: DNS rebinding."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def getaddrinfo(self, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        return [(socket.AF_INET, 1, 6, "", (one, 443)) for one in self.answers.pop(0)]


async def test_one_private_address_among_public_ones_refuses_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = _Answers([PUBLIC[0], "10.0.0.1"])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answers.getaddrinfo, raising=False)
    with pytest.raises(RefusedError):
        await Guard().resolve("rebinding.example", 443)


async def test_what_was_judged_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer (the attacker's) is never asked for: the judged addresses are pinned into the connection."""
    answers = _Answers([PUBLIC[0]], ["127.0.0.1"])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answers.getaddrinfo, raising=False)
    resolver = GuardedResolver(Guard(), plain=False)
    (found,) = await resolver.resolve("rebinding.example", 443)
    assert (found["host"], found["flags"]) == (PUBLIC[0], socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)
    assert answers.asked == 1
    with pytest.raises(RefusedError):
        await resolver.resolve("rebinding.example", 443)


@pytest.mark.parametrize("address", ["127.0.0.1", "2130706433", "::ffff:127.0.0.1", "localhost"])
def test_the_last_door_opens_no_socket_to_a_private_address(address: str) -> None:
    info: Any = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
    with pytest.raises(RefusedError):
        Guard().open_socket(info, plain=False)
    with Guard(networks(["127.0.0.0/8"])).open_socket((*info[:4], ("127.0.0.1", 443)), plain=True) as opened:
        assert opened.fileno() > 0


async def test_no_name_at_all() -> None:
    with pytest.raises(OSError, match="no name of a host"):
        await Guard().resolve("x" * 70 + ".example", 443)
