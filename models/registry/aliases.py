"""Which version of a model is in force, which one challenges it, and which one was in force before."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from models.registry.manifest import NOBODY, put
from models.registry.refusals import ModelRefusedError, Refusal

FILE: Final = "aliases.json"
LOCK: Final = ".lock"
CHALLENGER: Final = ":challenger"
"""Behind the name of a model in control records: the version that runs in its shadow."""

_WAITS: Final = 100
_WAIT_S: Final = 0.1


class BusyError(RuntimeError):
    """Another promotion of this model is going on; the message says what to do."""


class Aliases(msgspec.Struct, frozen=True, omit_defaults=True):
    """Versions by what they are; None for nobody.

    Attributes:
        champion: in force.
        challenger: in its shadow: scored, not used.
        previous: in force before.
        orders: control records that were made for this model: a version that is ordered again is another order.
    """

    champion: str | None = None
    challenger: str | None = None
    previous: str | None = None
    orders: int = 0

    def promoted(self, version: str) -> Aliases:
        """With another champion; one that is champion already leaves the previous one as it is."""
        before = self.previous if self.champion == version else self.champion
        challenger = None if self.challenger == version else self.challenger
        return Aliases(version, challenger, before, self.orders + 1)

    def challenged(self, version: str | None) -> Aliases:
        """With another challenger, or none."""
        return Aliases(self.champion, version, self.previous, self.orders + 1)

    def retired(self) -> Aliases:
        """With no champion."""
        return Aliases(None, self.challenger, self.champion or self.previous, self.orders + 1)

    def of(self, version: str) -> list[str]:
        """What a version is."""
        roles = (("champion", self.champion), ("challenger", self.challenger), ("previous", self.previous))
        return [role for role, one in roles if one == version]


_decoder: Final = msgspec.json.Decoder(Aliases)


def read(model: Path) -> Aliases:
    """Aliases of the model in `<registry>/<name>`; nobody where there are none.

    Raises:
        ModelRefusedError: the file is unreadable.
    """
    try:
        return _decoder.decode((model / FILE).read_bytes())
    except FileNotFoundError:
        return Aliases()
    except (OSError, msgspec.DecodeError) as error:
        told = f"{model / FILE} cannot be read: {error}; promote a version to write it anew"
        raise ModelRefusedError(Refusal.UNREADABLE, told) from error


def write(model: Path, aliases: Aliases) -> None:
    """Replaces the aliases at once: whoever reads, and whoever falls, sees the old ones or the new ones.

    Raises:
        OSError: the disk has no room; the old ones stay.
    """
    put(model / FILE, msgspec.json.encode(aliases) + b"\n")


@contextmanager
def locked(model: Path) -> Iterator[None]:
    """One promotion at a time: a second one waits for ten seconds. Whoever is killed lets go.

    Raises:
        BusyError: the other one does not end.
    """
    with (model / LOCK).open("w") as file:
        for _ in range(_WAITS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_WAIT_S)
        else:
            msg = f"another promotion of {model.name} is going on: wait until it has ended, or end it"
            raise BusyError(msg)
        yield


def order(version: str | None, aliases: Aliases) -> str:
    """What a control record says of a version: itself, and its number, so that no two orders are alike."""
    return f"{version or NOBODY}:{aliases.orders}"


def ordered(value: str) -> str | None:
    """The version of an order; None for nobody."""
    version = value.partition(":")[0]
    return None if version == NOBODY else version
