"""A fold that goes on with other instruments: those that stay go on with the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.signals.bars import BarFold
from models.signals.carried import carried_over
from models.signals.step import StateVersionError
from schemas.bars import BarColumns
from schemas.ticks import BarBatch, TickBatch
from tests.models.signals.test_bars import SECOND, T0, cut, market, random_ticks, ticks, together

BEFORE = ("AAA", "BBB", "CCC")


def fold(names: tuple[str, ...], bar: str = "1s") -> BarFold:
    segment = {"name": "s", "indicator": [{"name": "i", "kind": "cmax", "of": [names[0]]}]}
    instruments = [{"name": name} for name in names]
    return BarFold(market(instrument=instruments, segment=[segment], lateness="500ms", bar=bar, step=bar))


def recoded(batch: TickBatch, codes: list[int]) -> TickBatch:
    return replace(batch, code=np.array(codes, np.int32)[batch.code])


def of(bars: BarColumns, code: int) -> list[np.ndarray]:
    return [column[bars.code == code] for column in bars.columns()[1:]]


@pytest.mark.parametrize("after", [("AAA", "BBB", "CCC", "DDD"), ("DDD", "CCC", "AAA"), ("CCC",), BEFORE])
def test_instruments_that_stay_go_on_with_the_same_bits(after: tuple[str, ...]) -> None:
    first, second = cut(random_ticks(3), [211])
    stay = [code for code, name in enumerate(BEFORE) if name in after]
    kept = np.isin(second.code, stay)
    second = TickBatch(*(column[kept] if len(column) else column for column in second.columns()))
    whole = fold(BEFORE)
    whole.update(first)
    other = fold(after)
    other.restore(carried_over(whole.snapshot(), other.snapshot()))
    codes = [after.index(name) if name in after else -1 for name in BEFORE]
    wanted_times, wanted, *_ = together([whole.update(second)])
    times, said, *_ = together([other.update(recoded(second, codes))])
    assert times == wanted_times
    for code in stay:
        for a, b in zip(of(said, codes[code]), of(wanted, code), strict=True):
            np.testing.assert_array_equal(a, b)
    assert set(np.unique(said.code)) <= {codes[code] for code in stay}


def test_a_new_instrument_begins_as_in_a_fresh_fold() -> None:
    before, after = fold(("AAA",)), fold(("AAA", "NEW"))
    before.update(ticks((0, 0.0, 100.0), (0, 1.0, 100.0)))
    after.restore(carried_over(before.snapshot(), after.snapshot()))
    folded = after.update(ticks((1, 2.0, 7.0), (0, 2.5, 100.0), (1, 9.0, 7.05)))
    assert not folded.faults.any()
    assert 1 in folded.bars.code


def test_bars_that_wait_keep_their_instrument() -> None:
    def ready(code: int) -> BarBatch:
        one, price = np.array([T0]), np.array([10.0])
        return BarBatch(
            np.array([code], np.int32), one, one + SECOND, one + 5 * SECOND, price, price, price, price, price,
            np.array([1])
        )  # fmt: skip

    before, after = fold(("AAA", "BBB")), fold(("BBB", "CCC"))
    for code in (0, 1):
        before.update(ready(code))
    after.restore(carried_over(before.snapshot(), after.snapshot()))
    folded = after.update(T0 + 20 * SECOND)
    assert folded.bars.code.tolist() == [0]  # AAA is not read any more


def test_another_bar_is_still_refused() -> None:
    other = fold(BEFORE, bar="2s")
    with pytest.raises(StateVersionError, match="bars"):
        other.restore(carried_over(fold(BEFORE).snapshot(), other.snapshot()))
    state = fold(BEFORE).snapshot() | {"version": 99}
    assert carried_over(state, fold(("AAA",)).snapshot()) is state
