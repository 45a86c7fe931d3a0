"""The picture of a mail."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from api.alerting.chart import HEIGHT, SCALE, WIDTH, png


def test_a_picture_shows_a_line() -> None:
    raw = png([float(n % 90) for n in range(200)], "2024-01-02", "2026-11-20")
    assert raw is not None
    image = Image.open(io.BytesIO(raw))
    assert image.size == (WIDTH * SCALE, HEIGHT * SCALE)
    colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert (0xB3, 0x26, 0x1E) in colours
    assert len(raw) < 60_000


@pytest.mark.parametrize("values", [[], [None], [50.0], [None, 3.0]])
def test_less_than_two_values_are_no_picture(values: list[float | None]) -> None:
    assert png(values, "a", "b") is None


def test_gaps_and_values_beyond_the_scale() -> None:
    assert png([None, 500.0, None, -3.0, 2.0, None], "a", "b") is not None
