"""Recessions of the United States, by the months that the NBER dated."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from evaluation.density import Flags

CYCLES: Final = (
    ("1990-07", "1991-03"),
    ("2001-03", "2001-11"),
    ("2007-12", "2009-06"),
    ("2020-02", "2020-04"),
)
"""Peak and trough of each since 1990: NBER, "US Business Cycle Expansions and Contractions",
https://www.nber.org/research/data/us-business-cycle-expansions-and-contractions."""

KNOWN_THROUGH: Final = "2025-12"
"""Last month that is taken as told. Peaks were announced 4 to 12 months after they came, troughs up to 21."""


def in_recession(days: pd.DatetimeIndex) -> Flags:
    """Which days lie in a recession, bool[n]: in the months after a peak, through the month of the trough.

    So counts FRED's USREC. The dates were announced long after: they judge, nobody could have known them.
    """
    months = days.to_period("M")
    found = np.zeros(len(days), np.bool_)
    for peak, trough in CYCLES:
        found |= np.asarray((months > pd.Period(peak, "M")) & (months <= pd.Period(trough, "M")))
    return found
