"""The part of the report's page that says what bad inputs do."""

from __future__ import annotations

from typing import Any

from evaluation import markup
from evaluation.disturbances import TITLES
from evaluation.markup import number
from evaluation.stretches import LEAD

_HEAD = [
    "what", "furthest move", "on", "band then", "coverage", "stale", "typical move", "refused", "beyond band", "unsaid",
]  # fmt: skip

_NOTE = (
    "Each case is run through the cores in every stretch: inputs end at its beginning; a bad print, a lost week or a "
    f"frozen month begins {LEAD} sessions before the day that it is laid around. Moves are points of the index against "
    "the same day undisturbed: the furthest, with the band, coverage and stale inputs of that reading (undisturbed: in "
    "brackets), and the median of the furthest moves of all stretches. Refused: values that validation kept out. "
    "Beyond band: readings that moved further than their band; unsaid: those of them whose reading "
    "and details say nothing of it."
)


def robustness(found: dict[str, Any] | None) -> str:
    """The section; a sentence where nothing was run."""
    if not found or not found["rows"]:
        why = "It was left out." if found is None else "The history is too short for a stretch of 63 sessions."
        return markup.section("Robustness", markup.paragraph(why))
    spans = "; ".join(f"{first} to {last}" for first, last in found["stretches"])
    tables = [_table(kind, title, found["rows"]) for kind, title in TITLES.items()]
    return markup.section("Robustness", markup.paragraph(f"{_NOTE} Stretches: {spans}."), *tables)


def _table(kind: str, title: str, rows: list[dict[str, Any]]) -> str:
    own = sorted((r for r in rows if r["case"] == kind), key=lambda r: -abs(r["move"] or 0.0))
    return markup.table(title, _HEAD, [_row(r) for r in own]) if own else ""


def _row(r: dict[str, Any]) -> tuple[str, ...]:
    move = number(None) if r["move"] is None else f"{r['move']:+.2f}"
    return (
        r["of"], move, r["at"][:10], number(r["band"], 2), _was(r, "coverage", 2), _was(r, "stale", 0),
        number(r["typical"], 2), number(r["refused"]), number(r["beyond"]), number(r["unexplained"]),
    )  # fmt: skip


def _was(r: dict[str, Any], name: str, digits: int) -> str:
    return f"{number(r[name], digits)} <small>({number(r[f'{name}_before'], digits)})</small>"
