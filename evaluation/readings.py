"""The finals of a run as a table, and the series that are judged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
import pandas as pd

from evaluation.baselines import PLAIN_MEAN, plain_mean
from models.publication import Published
from schemas.market import Market
from schemas.reading import Details, Reading, decode_reading

ASIDE: Final = ("band", PLAIN_MEAN)
"""Columns that are used here and not written to readings.csv."""


_AMOUNT: Final = re.compile(r"[+-]?\d+\.\d+")


class Told(NamedTuple):
    """A final and what it says of its inputs: the sentences of its details, amounts of points and moves left out."""

    reading: Reading
    reasons: frozenset[str]


def told(said: Published) -> Told:
    """A final with its reasons."""
    assert said.details is not None, "finals have details"
    reasons = msgspec.json.decode(said.details, type=Details).reasons or []
    return Told(decode_reading(said.reading), frozenset(_AMOUNT.sub("#", one) for one in reasons))


def day_of(reading: Reading) -> pd.Timestamp:
    """The day (UTC) of a final."""
    return pd.Timestamp(reading.at[:10])


def tabulate(market: Market, finals: Iterable[Published]) -> tuple[pd.DataFrame, dict[int, Reading]]:
    """Finals with an index: a row each, and the readings by their time (microseconds since 1970, UTC).

    Columns: index, percentile, coverage, band, the plain mean of scores, a column a segment and a form.
    """
    rows, readings = [], {}
    for said in finals:
        reading = decode_reading(said.reading)
        if reading.index is not None:
            readings[said.at_us] = reading
            rows.append(_row(market, reading) | {PLAIN_MEAN: plain_mean(said.details or b"")})
    segments = [s.name for s in market.segment]
    columns = ["date", "index", "percentile", "coverage", *ASIDE, *segments, *market.forms_at(final=True)]
    return pd.DataFrame(rows, columns=columns).set_index("date").astype(float), readings


def _row(market: Market, reading: Reading) -> dict[str, object]:
    return {
        "date": day_of(reading),
        "index": reading.index,
        "percentile": reading.percentile,
        "coverage": reading.coverage,
        "band": reading.band if isinstance(reading.band, float) else None,
        **{s.name: reading.contributions.get(s.name) for s in market.segment},
        **reading.forms,
    }
