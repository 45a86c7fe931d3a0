"""`esi markets`."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.markets import report, show
from schemas.market_file import MarketFileError, shipped
from tests.servers import CHECKOUT


def test_all_shipped_ones_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    said = report([])
    assert [one["name"] for one in said] == shipped()
    sim = next(one for one in said if one["name"] == "sim")
    assert sim["synthetic"]
    assert len(sim["instruments"]) == 50
    assert "No readings" in sim["alerts"]
    assert set(sim["segments"]) >= {"equity", "credit"}
    show(said)
    assert "us-open" in capsys.readouterr().out


def test_a_rule_that_does_not_fit_its_market_is_shown_with_its_place(tmp_path: Path) -> None:
    example = (CHECKOUT / "docs" / "examples" / "desk.toml").read_text()
    rule = '[[alert]]\nname = "Odd"\nwhen = "index > 80 and indx > 3"\n\n'
    (tmp_path / "desk.toml").write_text(example.replace("[[instrument]]", rule + "[[instrument]]", 1))
    with pytest.raises(MarketFileError, match=r"desk.toml: alert 'Odd': line 1, column 16: indx is no field"):
        report([str(tmp_path / "desk.toml")])


def test_a_file_with_a_fault_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('version = 1\nname = "x y"\n')
    with pytest.raises(MarketFileError, match=r"bad.toml:2: name"):
        report([str(tmp_path / "bad.toml")])
