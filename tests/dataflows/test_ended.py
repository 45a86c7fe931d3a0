"""What a state folder knows of markets that its flow does not compute any more."""

from __future__ import annotations

from pathlib import Path

from dataflows.ended import MARKETS, EndedStreams, ended


def test_a_state_remembers_its_markets(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert ended(folder, ["b", "a"]) == []
    assert (folder / MARKETS).read_text() == "a\nb\n"
    assert ended(folder, ["a", "a@2"]) == ["b"]
    assert ended(folder, ["a@2"]) == ["a", "b"]
    assert ended(folder, ["a", "b"]) == ["a@2"]
    assert [path.name for path in folder.iterdir()] == [MARKETS]


def test_the_streams_of_an_ended_market_are_left_alone() -> None:
    place = EndedStreams()
    place.write_batch([])
    assert place.snapshot() is None  # type: ignore[func-returns-value] # that it gives nothing is the point
