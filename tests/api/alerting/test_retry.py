"""Pauses between attempts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.alerting.retry import pause, retry_after

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_pauses_grow_and_end() -> None:
    schedule = (5.0, 60.0)
    assert pause(1, schedule, 0.0) == 2.5
    assert pause(1, schedule, 1.0) == 5.0
    assert pause(2, schedule, 0.5) == 45.0
    assert pause(3, schedule, 0.5) is None


def test_what_the_receiver_asks_for_is_the_least_and_is_believed_up_to_a_day() -> None:
    assert pause(1, (5.0,), 0.0, 30.0) == 30.0
    assert pause(1, (5.0,), 0.0, 1.0) == 2.5
    assert pause(1, (5.0,), 0.0, 1e9) == 86_400.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("30", 30.0), (" 7 ", 7.0), ("0", 0.0), ("soon", None), ("-5", None), ("1e3", None), ("٣", None),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0), ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0), ("", None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
