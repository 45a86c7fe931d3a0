"""Finals as a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evaluation import panel
from evaluation.readings import ASIDE, tabulate, told
from evaluation.replay import Replay
from schemas.reading import decode_reading
from tests.evaluation import made


def test_a_row_is_a_final_with_an_index(tmp_path: Path) -> None:
    market = made.market()
    finals = list(Replay(market).run(panel.read(market, *made.write(tmp_path))))
    table, readings = tabulate(market, finals)
    known = [decode_reading(f.reading) for f in finals if decode_reading(f.reading).index is not None]
    assert 0 < len(known) < len(finals)
    assert table["index"].tolist() == [r.index for r in known]
    assert list(readings.values()) == known
    assert [str(day.date()) for day in table.index] == [r.at[:10] for r in known]
    assert table["band"].tolist() == pytest.approx([r.band for r in known], nan_ok=True)
    assert set(ASIDE) < set(table)
    assert table["plain mean"].between(0, 100).all()


def test_nothing_gives_an_empty_table_with_its_columns() -> None:
    table, readings = tabulate(made.market(), [])
    assert (len(table), readings) == (0, {})
    assert {"index", "prices", "z_mean"} < set(table)
    assert isinstance(table, pd.DataFrame)


def test_a_final_tells_its_reasons_without_amounts(tmp_path: Path) -> None:
    market, table = made.market(), made.table()
    table.iloc[300:303, 0] = float("nan")
    finals = [told(said) for said in Replay(market).run(panel.read(market, *made.write(tmp_path, table)))]
    silent = next(final for final in finals if "A: no value for 3 sessions" in final.reasons)
    assert "silent_input" in silent.reading.flags
    came = next(final for final in finals if "composition" in final.reading.flags)
    assert any(reason.endswith("composition #") for reason in came.reasons)
