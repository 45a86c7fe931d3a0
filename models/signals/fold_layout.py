"""Where things stand in the arrays that the loop over ticks works on."""

from __future__ import annotations

from typing import Final

from schemas.bars import GRID
from schemas.rejects import Reason

LATEST_US: Final = 7_258_118_400_000_000
"""2200-01-01: a time beyond it (or before 1970) is no time."""

# columns of the bars that are open, one row for each (ring slot, instrument); KEPT: the bar before whose first tick
# what is remembered of the instrument was kept here, should the feed be sent again
INDEX, OPEN_US, COUNT, KEPT, KEPT_AGREED, GRID_US = 0, 1, 2, 3, 4, 5
OPEN, HIGH, LOW, VOLUME, KEPT_VALUES, GRID_PRICE = 0, 1, 2, 3, 4, 7
BAR_INTS: Final = GRID_US + GRID
BAR_FLOATS: Final = GRID_PRICE + GRID

# columns of what is remembered of an instrument to judge its next tick
LAST, DEVIATION, SUSPECT = 0, 1, 2
SEQ_HIGH, SEQ_SEEN, AGREED = 0, 1, 2
JUDGE_FLOATS: Final = 3
JUDGE_INTS: Final = 3

# the partition's time
TIME, CLOSED, TOCK, FIRST_OPEN, LAST_OPEN = 0, 1, 2, 3, 4
NONE_OPEN: Final = 1 << 60  # far beyond any bar, and safe to count from

# settings of a fold, as integers
BAR, PACE, LATENESS, WALL, RING, AGREE, TOCK_SLACK, FUTURE_SLACK, LEAP = 0, 1, 2, 3, 4, 5, 6, 7, 8

# settings of an instrument
ALLOW_NEGATIVE, RELATIVE = 0, 1

# codes of the reasons against ticks and ready-made bars; 0 where there is none
BAD_NAME: Final = Reason.BAD_NAME.code
UNKNOWN_NAME: Final = Reason.UNKNOWN_INSTRUMENT.code
BAD_TIME: Final = Reason.BAD_TIME.code
NO_PRICE: Final = Reason.NO_PRICE.code
NOT_FINITE: Final = Reason.NOT_FINITE.code
NEGATIVE_PRICE: Final = Reason.NEGATIVE_PRICE.code
NEGATIVE_SIZE: Final = Reason.NEGATIVE_SIZE.code
CROSSED: Final = Reason.CROSSED_QUOTE.code
DUPLICATE: Final = Reason.DUPLICATE.code
FUTURE: Final = Reason.FUTURE.code
LATE: Final = Reason.LATE.code
ABSURD: Final = Reason.ABSURD_PRICE.code
BAD_BAR: Final = Reason.BAD_BAR.code
