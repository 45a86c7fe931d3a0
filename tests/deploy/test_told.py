"""What people can put right is told in a sentence; a fault in the program is not hidden."""

from __future__ import annotations

import errno

import pytest

from api.sockets import PortTakenError
from dataflows.config import FlowError, NotNowError
from deploy.settings import SettingsError
from deploy.told import is_told, status_of
from deploy.training_notes import TrainerBusyError


@pytest.mark.parametrize(
    "error", [FlowError("x"), SettingsError("x"), OSError(errno.ENOSPC, "No space left on device")]
)
def test_it_is_told(error: Exception) -> None:
    assert is_told(error)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError(errno.EBADF, "Bad file descriptor")])
def test_it_keeps_its_traceback(error: Exception) -> None:
    assert not is_told(error)


@pytest.mark.parametrize("error", [FlowError("x"), SettingsError("x")])
def test_what_would_end_the_same_again_is_not_tried_again(error: Exception) -> None:
    assert status_of(error) == 2


@pytest.mark.parametrize(
    "error",
    [NotNowError("x"), TrainerBusyError("x"), PortTakenError("x"), OSError(errno.EDQUOT, "Disk quota exceeded")],
)
def test_what_may_pass_is(error: Exception) -> None:
    assert status_of(error) == 75
