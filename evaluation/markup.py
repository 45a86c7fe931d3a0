"""HTML that stands on its own: tables, figures, folds and the page around them; no network, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

Cell = str | int | float | None

_LEFT: Final = ' class="text"'

STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1d1d1f; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
p, figcaption, caption { max-width: 46rem; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; margin: .5rem 0 1.5rem; }
caption { text-align: left; color: #555; padding-bottom: .3rem; }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; border-bottom: 1px solid #e6e6e6; white-space: nowrap; }
th:first-child, .text { text-align: left; } thead th { color: #555; font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 400; } td small { color: #666; }
figure { margin: 1rem 0 2rem; } figcaption { color: #555; font-size: .85rem; } svg { height: auto; }
summary { cursor: pointer; color: #0057a3; margin: .5rem 0; }
"""


def number(value: Cell, digits: int = 3) -> str:
    """A number for people; a dash where nothing is known."""
    if value is None or isinstance(value, str):
        return "\N{EN DASH}" if value is None else value
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: Sequence[int] = ()) -> str:
    """A table of ready-made cells whose first column names its rows.

    Args:
        caption: what it shows, plain text.
        head: names of the columns, plain text.
        rows: cells; the first is plain text, others may hold markup.
        texts: columns that hold words instead of numbers.
    """
    heads = "".join(f'<th scope="col"{_LEFT if n in texts else ""}>{escape(name)}</th>' for n, name in enumerate(head))
    body = "\n".join(_row(row, texts) for row in rows)
    label = escape(caption.partition(":")[0], quote=True)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>\n"
    )


def _row(row: Sequence[str], texts: Sequence[int]) -> str:
    first, *others = row
    cells = "".join(f"<td{_LEFT if n in texts else ''}>{cell}</td>" for n, cell in enumerate(others, start=1))
    return f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'


def with_interval(value: Cell, ends: Sequence[float] | None, digits: int = 3) -> str:
    """A number with the interval that it lies in."""
    said = number(value, digits)
    return said if ends is None else f"{said} <small>[{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]</small>"


def figure(svg: str, label: str, caption: str) -> str:
    """A plot with the words that stand for it (`label`, plain text) and those below it (`caption`, markup)."""
    drawn = svg.replace('aria-hidden="true"', f'aria-label="{escape(label, quote=True)}"', 1)
    return f"<figure>\n{drawn}<figcaption>{caption}</figcaption></figure>\n"


def fold(summary: str, inside: str) -> str:
    """Something that opens on demand."""
    return f"<details><summary>{escape(summary)}</summary>\n{inside}</details>\n"


def section(title: str, *parts: str) -> str:
    """A heading and what stands below it."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{''.join(parts)}</section>\n"


def paragraph(text: str) -> str:
    """Plain text."""
    return f"<p>{escape(text)}</p>\n"


def document(title: str, *sections: str) -> str:
    """The whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f"{''.join(sections)}</main>\n</body>\n</html>\n"
    )
