"""Recession months are those that FRED's USREC has."""

from __future__ import annotations

import pandas as pd

from evaluation.recessions import CYCLES, KNOWN_THROUGH, in_recession


def test_a_recession_begins_after_its_peak_and_ends_with_its_trough() -> None:
    days = pd.DatetimeIndex(["2007-12-31", "2008-01-01", "2009-06-30", "2009-07-01", "2020-03-02", "2020-05-01"])
    assert in_recession(days).tolist() == [False, True, True, False, True, False]


def test_months_since_1990_are_counted_as_fred_does() -> None:
    """USREC has 36 months of recession from 1990 to 2025: 8, 8, 18 and 2."""
    months = pd.date_range("1990-01-01", f"{KNOWN_THROUGH}-01", freq="MS")
    by_cycle = [int(in_recession(months[(months >= peak) & (months <= trough)]).sum()) for peak, trough in CYCLES]
    assert by_cycle == [8, 8, 18, 2]
    assert in_recession(months).sum() == 36
