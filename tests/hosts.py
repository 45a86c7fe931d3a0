"""Two hosts on one machine: network namespaces with a cable between them, and a way to the servers of the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.servers import AbsentError

CABLE = "cable"
"""Name of the interface between the hosts, on both."""


class Hosts:
    """Hosts `0` and `1`. Use `with Hosts() as hosts`.

    Attributes:
        server: address, reached by both and by the test itself, for Kafka and Redis to listen on.
        addresses: of the two on the cable between them.

    Raises:
        AbsentError: this machine does not let us make namespaces.
    """

    def __init__(self) -> None:
        self._tag, net = f"esi{os.getpid() % 10_000}", os.getpid() % 250
        self.server = f"198.18.{net}.254"
        self.addresses = (f"198.19.{net}.1", f"198.19.{net}.2")
        self._ways = (f"198.18.{net}.0", f"198.18.{net}.2")  # each with the address behind it, on the host's side

    def prefix(self, number: int) -> list[str]:
        """What a command begins with to run on a host."""
        return ["ip", "netns", "exec", self._name(number)]

    def carried(self) -> int:
        """Bytes that have passed the cable, both ways."""
        folder = f"/sys/class/net/{CABLE}/statistics"
        told = _run(*self.prefix(0), "cat", f"{folder}/rx_bytes", f"{folder}/tx_bytes")
        return sum(map(int, told.split()))

    @contextmanager
    def pulled(self) -> Iterator[None]:
        """The cable is out: what is sent is lost, and nobody is told."""
        for number in (0, 1):
            self._neighbour(number, "replace", "lladdr", "02:00:00:00:00:00", "nud", "permanent")
        try:
            yield
        finally:
            for number in (0, 1):
                self._neighbour(number, "delete")

    def _neighbour(self, number: int, verb: str, *said: str) -> None:
        """Whom a host believes to be at the other end: to a stranger's address everything is lost."""
        _run(*self.prefix(number), "ip", "neighbour", verb, self.addresses[1 - number], *said, "dev", CABLE)

    def __enter__(self) -> Self:
        try:
            self._make()
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            self._unmake()
            told = getattr(error, "stderr", "") or error
            msg = f"no network namespaces here, which take root and iproute2: {told}"
            raise AbsentError(msg) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._unmake()

    def _name(self, number: int) -> str:
        return f"{self._tag}-{number}"

    def _make(self) -> None:
        _run("ip", "address", "add", f"{self.server}/32", "dev", "lo")
        for number in (0, 1):
            name, (near, behind) = self._name(number), self._way(number)
            _run("ip", "netns", "add", name)
            _run("ip", "link", "add", f"{self._tag}w{number}", "type", "veth", "peer", "name", "way", "netns", name)
            _run("ip", "address", "add", f"{near}/31", "dev", f"{self._tag}w{number}")
            _run("ip", "link", "set", f"{self._tag}w{number}", "up")
            inside = [*self.prefix(number), "ip"]
            _run(*inside, "address", "add", f"{behind}/31", "dev", "way")
            _run(*inside, "link", "set", "way", "up")
            _run(*inside, "link", "set", "lo", "up")
            _run(*inside, "route", "add", "default", "via", near)
        ends = ["netns", self._name(0), "type", "veth", "peer", "name", CABLE, "netns", self._name(1)]
        _run("ip", "link", "add", CABLE, *ends)
        for number, address in enumerate(self.addresses):
            _run(*self.prefix(number), "ip", "address", "add", f"{address}/24", "dev", CABLE)
            _run(*self.prefix(number), "ip", "link", "set", CABLE, "up")

    def _way(self, number: int) -> tuple[str, str]:
        net, _, last = self._ways[number].rpartition(".")
        return f"{net}.{int(last)}", f"{net}.{int(last) + 1}"

    def _unmake(self) -> None:
        for number in (0, 1):  # what is in a namespace goes with it
            subprocess.run(["ip", "netns", "delete", self._name(number)], check=False, capture_output=True)
            subprocess.run(["ip", "link", "delete", f"{self._tag}w{number}"], check=False, capture_output=True)
        subprocess.run(["ip", "address", "delete", f"{self.server}/32", "dev", "lo"], check=False, capture_output=True)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
