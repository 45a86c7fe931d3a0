"""What an archiver can be told, and what it refuses to be told."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from api.archive.config import ArchiveConfig


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"batch": 0}, {"keep": -1, "batch": 5}])
def test_nothing_kept_or_nothing_read_at_once_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"keep -?\d+ and batch -?\d+ must be at least 1"):
        ArchiveConfig("redis://", "", **wrong)  # type: ignore[arg-type]  # both are whole numbers


def test_the_least_that_works_is_one() -> None:
    config = ArchiveConfig("redis://", "", keep=1, batch=1)
    assert (config.keep, config.batch) == (1, 1)


def test_metrics_are_on_loopback_and_a_commit_has_its_limit_unless_told() -> None:
    config = ArchiveConfig("redis://", "")
    assert config.metrics_host == "127.0.0.1"
    assert 0 < config.linger_s < config.refresh_s < config.timeout_s


def test_it_does_not_change_under_a_running_archiver() -> None:
    with pytest.raises(FrozenInstanceError):
        ArchiveConfig("redis://", "").keep = 5  # type: ignore[misc]  # that is the point
