"""The pictures in `docs/images` that are made of results: `python -m bench.plots`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes

from bench import instruments, results
from evaluation.plots import COLOURS, drawn

IMAGES: Final = results.HERE.parent / "docs" / "images"


def newest(folder: Path = results.RESULTS) -> dict[str, float]:
    """The newest value of every result by its name."""
    return {name: float(result["value"]) for name, (result, _) in results.newest(results.runs(folder)).items()}


def of_instruments(found: dict[str, float]) -> str:
    """Time of a tick, and of a reading by its instruments, as SVG.

    Raises:
        KeyError: these were never measured.
    """
    counts = instruments.COUNTS
    ticks = [found[f"instruments/tick_{count}"] for count in counts]
    share = [found[f"instruments/reading_{count}"] * 1e6 / instruments.MINUTE for count in counts]

    def draw(left: Axes, right: Axes) -> None:
        _bars(
            left,
            "ns of a tick, a million of them a minute",
            {"decoded, checked, folded": ticks, "its share of the reading": share},
        )
        right.loglog(counts, [found[f"instruments/reading_{count}"] for count in counts], "o-", color=COLOURS[1])
        right.set(title="ms of a reading with all bars", xlabel="instruments")

    return drawn("instruments", draw, columns=2, height=2.6)


def _bars(ax: Axes, title: str, parts: dict[str, list[float]]) -> None:
    """Stacked bars, one for each number of instruments."""
    labels = [f"{count:,}" for count in instruments.COUNTS]
    below = [0.0] * len(labels)
    for colour, (name, values) in zip(COLOURS, parts.items(), strict=False):
        ax.bar(labels, values, bottom=below, label=name, color=colour, width=0.6)
        below = [a + b for a, b in zip(below, values, strict=True)]
    ax.set(title=title, xlabel="instruments")
    ax.legend(loc="upper left")


def write(folder: Path, images: Path) -> list[Path]:
    """Draws all pictures from the results in a folder; returns their files."""
    drawings: dict[str, Any] = {"instruments": of_instruments}
    found = newest(folder)
    written = []
    for name, draw in drawings.items():
        file = images / f"{name}.svg"
        file.write_text(draw(found) + "\n")
        written.append(file)
    return written


if __name__ == "__main__":
    print(json.dumps([file.name for file in write(results.RESULTS, IMAGES)]))
