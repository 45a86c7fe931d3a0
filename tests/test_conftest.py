"""What a test sets up for itself is gone for the next, in whatever order files are run."""

from __future__ import annotations

import logging

import pytest
import structlog

from deploy import logs


def test_one_sets_up_logging() -> None:
    logs.configure("somebody", "error", "json")
    structlog.contextvars.bind_contextvars(request_id="r1")
    assert isinstance(structlog.get_config()["logger_factory"], structlog.stdlib.LoggerFactory)
    assert [type(one) for one in logging.getLogger().handlers] == [logging.StreamHandler]


def test_the_next_finds_it_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().warning("plain")
    said = capsys.readouterr().out
    assert "plain" in said
    assert "r1" not in said
    assert logging.StreamHandler not in [type(one) for one in logging.getLogger().handlers]
    assert logging.getLogger().level == logging.WARNING
