"""Where settings come from, and how they are called by whoever set them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Final

PREFIX: Final = "ESI_"
ENV_FILE: Final = ".env"

FLAGS: Final = {"data_dir": "--data", "markets": "--market"}
"""Flags that are not spelled like their setting."""


class Origins(dict[str, str]):
    """Origins by setting; any two are equal, since where values come from makes settings no others."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Origins)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None


def variable(name: str) -> str:
    """Name of a setting's environment variable."""
    return PREFIX + name.upper()


def origin(name: str, flags: Collection[str], held: Collection[str], written: Mapping[str, object]) -> str:
    """Where the value of a setting comes from: `flag`, `file`, `environment`, `.env` or `default`, that which counts.

    Args:
        name: of the setting.
        flags: settings that flags give.
        held: settings that files of secrets give.
        written: variables of `.env`.
    """
    if name in flags:
        return "flag"
    if name in held:
        return "file"
    if any(key.upper() == variable(name) and value for key, value in os.environ.items()):
        return "environment"
    return ENV_FILE if variable(name) in {key.upper() for key in written} else "default"


def label(name: str, where: str) -> str:
    """A setting as whoever set it calls it, and where that was: `--api-port (flag)`, `ESI_API_PORT (.env)`."""
    flag = FLAGS.get(name, "--" + name.replace("_", "-"))
    return f"{flag if where == 'flag' else variable(name)} ({where})"
