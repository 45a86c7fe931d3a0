"""What people can put right is told in a sentence; a fault in the program is not hidden."""

from __future__ import annotations

import errno

import pytest

from dataflows.config import FlowError
from deploy.settings import SettingsError
from deploy.told import is_told


@pytest.mark.parametrize(
    "error", [FlowError("x"), SettingsError("x"), OSError(errno.ENOSPC, "No space left on device")]
)
def test_it_is_told(error: Exception) -> None:
    assert is_told(error)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError(errno.EBADF, "Bad file descriptor")])
def test_it_keeps_its_traceback(error: Exception) -> None:
    assert not is_told(error)
