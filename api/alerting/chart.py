"""A small picture of the index for mails."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

WIDTH: Final = 560
HEIGHT: Final = 180
SCALE: Final = 2
"""Drawn twice as large as shown, for sharp screens."""

_MARGIN: Final = (34, 10, 10, 22)
_GRID: Final = (0, 25, 50, 75, 100)


def png(values: Sequence[float | None], first: str, last: str) -> bytes | None:
    """A line of the index from 0 to 100 as a PNG; None where there are less than two values.

    Args:
        values: the index over time, oldest first; None breaks the line.
        first: what to write under its beginning.
        last: what to write under its end.
    """
    if sum(value is not None for value in values) < 2:
        return None
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
    draw = ImageDraw.Draw(image)
    _scaffold(draw, first, last)
    for piece in _pieces(values):
        draw.line(piece, fill="#b3261e", width=2 * SCALE, joint="curve")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _scaffold(draw: ImageDraw.ImageDraw, first: str, last: str) -> None:
    left, _, right, bottom = (edge * SCALE for edge in _MARGIN)
    grey, size = "#606060", 11 * SCALE
    for level in _GRID:
        height = _y(level)
        draw.line([(left, height), (WIDTH * SCALE - right, height)], fill="#dddddd", width=SCALE)
        draw.text((left - 4 * SCALE, height), str(level), fill=grey, anchor="rm", font_size=size)
    under = HEIGHT * SCALE - bottom / 2
    draw.text((left, under), first, fill=grey, anchor="lm", font_size=size)
    draw.text((WIDTH * SCALE - right, under), last, fill=grey, anchor="rm", font_size=size)


def _y(value: float) -> float:
    _, top, _, bottom = _MARGIN
    return SCALE * (top + (HEIGHT - top - bottom) * (1 - min(max(value, 0.0), 100.0) / 100))


def _pieces(values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Runs of known values as points; a value alone becomes a short line."""
    left, _, right, _ = _MARGIN
    step = SCALE * (WIDTH - left - right) / max(len(values) - 1, 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((SCALE * left + n * step, _y(value)))
    return [piece if len(piece) > 1 else [*piece, (piece[0][0] + SCALE, piece[0][1])] for piece in pieces if piece]
