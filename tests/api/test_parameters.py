"""What a request asks for, as ids and bounds."""

from __future__ import annotations

import pytest

from api.parameters import milliseconds, span, wanted_readings
from api.problems import Problem
from api.streams import ZERO, Id


def test_a_span_is_ids_between_which_its_readings_lie() -> None:
    assert span(None, None, None) == (ZERO, None)
    assert span("1970-01-02", "1970-01-03", None) == (Id(86_399_999, 1), Id(172_800_000, 0))
    assert span("1970-01-02", None, "90000000-1") == (Id(90_000_000, 1), None)
    assert span("1960-01-01", "1960-01-01", None) == (ZERO, Id(0, 0))


@pytest.mark.parametrize(
    ("parameter", "values"),
    [("from", ("x", None, None)), ("to", (None, "2024-01-01T00:00:00", None)), ("cursor", (None, None, "x"))],
)
def test_what_cannot_be_used_is_named(parameter: str, values: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(Problem, match=f"{parameter}: ") as raised:
        span(*values)
    assert raised.value.status == 422


def test_times_are_whole_milliseconds_at_or_after_them() -> None:
    assert milliseconds("from", "1970-01-01T00:00:00.0001Z") == 1
    assert milliseconds("from", "1970-01-01T00:00:00.001Z") == 1
    assert milliseconds("from", None) is None


@pytest.mark.parametrize("every", ["x", "1us", "500d"])
def test_intervals_are_whole_milliseconds_up_to_a_year(every: str) -> None:
    with pytest.raises(Problem, match="every: "):
        wanted_readings("m", limit=1, every=every)
    assert wanted_readings("m", limit=1, every="1h").every == 3_600_000


@pytest.mark.parametrize(
    ("begin", "end", "cursor", "said"),
    [
        ("1970-01-03", "1970-01-02", None, "from: it is after `to`"),
        (None, None, "1-7", "cursor: 1-7 is no id of a reading"),
    ],
)
def test_what_cannot_be_meant_is_refused(begin: str | None, end: str | None, cursor: str | None, said: str) -> None:
    with pytest.raises(Problem, match=said):
        span(begin, end, cursor)
