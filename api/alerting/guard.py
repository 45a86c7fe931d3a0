"""No way into the private network: names are resolved here, their addresses judged, and only those are connected to.

A name is resolved once for each connection, and the connection goes to the very addresses that were judged, so that
a name which answers differently the next time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any, Final

from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from api.alerting.config import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


class RefusedError(OSError):
    """An address that may not be connected to; the message says why and how it can be allowed."""


def inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, 6to4, Teredo, NAT64), or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if found := address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1]):
        return found
    if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class Guard:
    """Judges addresses.

    Args:
        allow: networks that are let through although they are not public.
    """

    def __init__(self, allow: Sequence[Network] = ()) -> None:
        self._allow = tuple(allow)

    def allows(self, address: Address) -> bool:
        """Whether the configuration names this address."""
        one = inner(address)
        return any(one in network or address in network for network in self._allow)

    def judge(self, text: str, *, plain: bool = False) -> None:
        """Lets an address through; with `plain` (no TLS) only one that the configuration names.

        Raises:
            RefusedError: it does not.
        """
        try:
            address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError as error:
            msg = f"{text[:80]!r} is an address in an odd spelling: write it as 192.0.2.1, or use a name"
            raise RefusedError(msg) from error
        if self.allows(address):
            return
        one = inner(address)
        site_local = isinstance(one, ipaddress.IPv6Address) and one.is_site_local  # deprecated, and still no way out
        if (
            not one.is_global
            or site_local
            or one.is_multicast
            or one.is_reserved
            or (one != address and not address.is_global)
        ):
            msg = f"{text} is no public address: name its network in ESI_ALERTS_ALLOW if it is meant"
            raise RefusedError(msg)
        if plain:
            msg = f"{text} would be spoken to without TLS: use https, or name its network in ESI_ALERTS_ALLOW"
            raise RefusedError(msg)

    async def resolve(self, host: str, port: int, *, plain: bool = False) -> list[str]:
        """The addresses of a name, every one of them judged.

        Raises:
            RefusedError: one of them may not be connected to.
            OSError: there is no such name.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            msg = f"{host[:80]!r} is no name of a host"
            raise OSError(msg) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            self.judge(address, plain=plain)
        return addresses

    def check_url(self, url: str) -> None:
        """Refuses what can be refused without asking anybody: form, credentials, literal addresses.

        Raises:
            RefusedError: the URL may not be called.
        """
        try:
            parts = URL(url)  # the parser that the connection is made by: what it reads is what counts
            host = parts.raw_host or ""
        except ValueError as error:
            raise RefusedError("the address cannot be read") from error
        if parts.scheme not in {"https", "http"}:
            raise RefusedError("the address must begin with https://")
        if not host:
            raise RefusedError("the address names no host")
        if parts.user is not None or parts.password is not None:
            raise RefusedError("the address holds credentials: they belong into the fields for them")
        self.check_host(host, plain=parts.scheme == "http")

    def check_host(self, host: str, *, plain: bool) -> None:
        """Refuses a literal address that may not be connected to, and this machine's own name; other names may pass.

        Raises:
            RefusedError: it may not be connected to.
        """
        if ":" in host or host.replace(".", "").isdigit():  # what aiohttp connects to without asking a resolver
            self.judge(host, plain=plain)
        elif f".{host.lower().rstrip('.')}".endswith(".localhost"):
            self.judge("127.0.0.1", plain=plain)

    def open_socket(self, info: AddrInfoType, *, plain: bool) -> socket.socket:
        """The last door: a socket for an address, which is judged once more.

        Raises:
            RefusedError: it may not be connected to.
        """
        self.judge(str(info[4][0]), plain=plain)
        return socket.socket(info[0], info[1], info[2])


class GuardedResolver(AbstractResolver):
    """aiohttp's way to addresses: the guard's."""

    def __init__(self, guard: Guard, *, plain: bool) -> None:
        self._guard, self._plain = guard, plain

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The judged addresses of a host.

        Raises:
            RefusedError: one of them may not be connected to.
        """
        addresses = await self._guard.resolve(host, port, plain=self._plain)
        return [self._result(host, address, port) for address in addresses]

    @staticmethod
    def _result(host: str, address: str, port: int) -> Any:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)

    async def close(self) -> None:
        """Nothing is held."""
