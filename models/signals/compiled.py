"""Compiled loops, kept on disk between starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """The function compiled by numba at its first call; the code is cached beside the module."""
    return cast(F, numba.njit(cache=True)(function))
