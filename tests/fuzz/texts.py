"""Texts that may be conditions: grown from the grammar, cut and stitched, or noise."""

from __future__ import annotations

import random
from typing import Final

FIELDS: Final = (
    "index", "percentile", "level", "band", "coverage", "final", "contributions.equity", 'contributions["credit"]',
    "forms.ciss", "change.total", "change.level.equity", "staleness.max_s", "flags.no_data", "silence",
    'indicators["Equity volatility"].score', "volatility.SPX", "segment_correlation.mean",
    'segment_correlation["equity", "credit"]', 'instrument_correlation["AAA", "SPX"]', "forecast.q95", "forecast.skill",
    "anomaly.tail", "regime.stress", "drift.found", "indx", "contributions.tulips", "severe", "high", "a.b.c.d",
)  # fmt: skip
FUNCTIONS: Final = ("abs", "missing", "rank", "change", "max", "min", "mean", "quantile", "budget", "rnk")
SPANS: Final = ("5m", "1.5h", "250d", "0s", "1us", "36500d", "36501d", "99999999999d", "since close", "3", "index")
NUMBERS: Final = ("0", "1", "80", "0.001", "1e308", "1e309", "-0.0", ".5", "5.", "00", "1e-400", "9" * 400)
NUMBER_FIELDS: Final = (
    "index", "percentile", "contributions.equity", "change.total", "silence", "forecast.q95", "anomaly.tail",
    "drift.found", 'indicators["Equity volatility"].score', "segment_correlation.mean",
)  # fmt: skip
COMPARISONS: Final = (">", ">=", "<", "<=", "==", "!=")
BINARY: Final = ("and", "or", ">", ">=", "<", "<=", "==", "!=", "+", "-", "*", "/")
NOISE: Final = "()[]{}\"'.,#\\\n\t\r\0 =<>!+-*/%^&|~`;:@$?_aZ09\u00e9\u4e2d\U0001f525\u202e\ufeff\ud800"


def grown(chance: random.Random, depth: int = 4) -> str:
    """A text by the grammar, more or less."""
    kind = chance.random()
    if depth == 0 or kind < 0.25:
        return chance.choice(chance.choice((FIELDS, NUMBERS, FIELDS)))
    if kind < 0.65:
        return f"{grown(chance, depth - 1)} {chance.choice(BINARY)} {grown(chance, depth - 1)}"
    if kind < 0.75:
        return f"({grown(chance, depth - 1)})"
    if kind < 0.85:
        return f"{chance.choice(('not', '-', '+', 'not not'))} {grown(chance, depth - 1)}"
    rest = "".join(f", {chance.choice((*SPANS, *NUMBERS))}" for _ in range(chance.randrange(3)))
    return f"{chance.choice(FUNCTIONS)}({grown(chance, depth - 1)}{rest})"


def number(chance: random.Random, depth: int, *, windows: bool = True) -> str:
    """A number that fits its types."""
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return chance.choice((*NUMBER_FIELDS, "80", "0.001", "3"))
    if kind < 0.7:
        left, right = (number(chance, depth - 1, windows=windows) for _ in range(2))
        return f"({left} {chance.choice('+-*/')} {right})"
    if kind < 0.8 or not windows:
        return f"abs({number(chance, depth - 1, windows=windows)})"
    inside = number(chance, depth - 1, windows=False)
    span = chance.choice(("5m", "1.5h", "250d", "1us", "36500d"))
    since = chance.choice(("since close", span))
    quantile = f"quantile({inside}, {chance.choice(('0.01', '0.5', '0.99'))}, {span})"
    of_past = (f"rank({inside}, {span})", f"mean({inside}, {span})", quantile, f"budget({inside}, 0.1, {span})")
    return chance.choice((*of_past, *(f"{name}({inside}, {since})" for name in ("change", "max", "min"))))


def truth(chance: random.Random, depth: int) -> str:
    """A condition that fits its types."""
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return f"{number(chance, 2)} {chance.choice(COMPARISONS)} {number(chance, 2)}"
    if kind < 0.55:
        return chance.choice(
            ("final", "flags.no_data", "level >= high", "regime.stress", f"missing({number(chance, 1)})")
        )
    if kind < 0.65:
        return f"not ({truth(chance, depth - 1)})"
    return f"({truth(chance, depth - 1)}) {chance.choice(('and', 'or'))} ({truth(chance, depth - 1)})"


def text(chance: random.Random) -> str:
    """One text: half of them fit or nearly fit, a third are damaged, the rest noise, repetition or depth."""
    kind = chance.random()
    if kind < 0.3:
        return truth(chance, 3)
    if kind < 0.45:
        whole = f"{grown(chance)} > {chance.choice(NUMBERS)}"
        return f"{whole} for {chance.choice(SPANS)}" if chance.random() < 0.3 else whole
    if kind < 0.75:
        return damaged(chance, chance.choice((grown(chance), truth(chance, 2))))
    if kind < 0.9:
        return "".join(chance.choice(NOISE) for _ in range(chance.randrange(60)))
    if kind < 0.95:
        part = chance.choice(("(", "not ", "-", "index > 1 and ", "max(index, 1d) + ", "abs(", "a.", '["', "\n"))
        return part * chance.randrange(1, 2_500 // len(part)) + "index > 1"
    return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(40)))


def damaged(chance: random.Random, whole: str) -> str:
    """A text with pieces cut out, doubled, or replaced by noise."""
    for _ in range(chance.randrange(1, 4)):
        a, b = sorted(chance.randrange(len(whole) + 1) for _ in range(2))
        piece = chance.choice(("", whole[a:b] * 2, chance.choice(NOISE), chance.choice(BINARY), chance.choice(SPANS)))
        whole = whole[:a] + piece + whole[b:]
    return whole
