"""Market files: the shipped ones are good, and each fault of a bad one is named with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.market import Market
from schemas.market_file import MarketFileError, load, parse, shipped, with_editions
from schemas.names import edition_of
from tests.servers import CHECKOUT

BAD = Path(__file__).parent / "bad_markets"
GOOD = (Path(__file__).parent / "v1" / "market.toml").read_bytes()
LINES = {
    "a half-life is nothing": 9,
    "a half-life is unknown": 9,
    "a key has no value": 5,
    "a key is unknown": 6,
    "a market without sessions has session periods": 4,
    "a number has too many digits": 5,
    "a segment has no indicators": 20,
    "a segment has no name": 20,
    "a segment has no weight left": 22,
    "a segment stands twice": 30,
    "a segment weighs everything": 22,
    "a string does not end": 5,
    "a variance has no level to return to": 33,
    "an indicator does not say its window": 29,
    "an indicator has a half-life that says nothing to it": 29,
    "an indicator has another sign than one": 34,
    "an indicator has parameters that say nothing to it": 29,
    "an indicator is of a stranger": 27,
    "an indicator is of too few instruments": 29,
    "an indicator is of unknown kind": 26,
    "an indicator lacks its parameters": 29,
    "an indicator looks back no time": 33,
    "an indicator names an instrument twice": 29,
    "an indicator needs prices": 32,
    "an indicator stands twice": 30,
    "an instrument goes stale at once": 18,
    "an instrument has a NUL byte in its name": 15,
    "an instrument has no name": 14,
    "an instrument is of unknown kind": 16,
    "an instrument may move without end": 18,
    "an instrument may not move at all": 18,
    "an instrument stands twice": 15,
    "bar does not divide a day": 6,
    "bar is missing": 1,
    "bar is no duration": 6,
    "bar is nothing": 6,
    "bar is too long for any clock": 6,
    "clock is unknown": 6,
    "deviations are infinite": 9,
    "feed has a letter that topics cannot have": 3,
    "feed is missing": 1,
    "form is unknown": 6,
    "history forgets its warm-up": 8,
    "lateness is negative": 6,
    "lists are nested too deeply": 5,
    "name has a run mark": 2,
    "name has a space": 2,
    "name is missing": 1,
    "name spells a run mark": 2,
    "one agreeing price is a jump": 9,
    "period is no duration": 4,
    "period is no multiple of bar": 4,
    "period is nothing": 4,
    "shrinkage is above one": 6,
    "step is no multiple of bar": 5,
    "synthetic is no truth value": 6,
    "the text is not UTF-8": 2,
    "there are no instruments": 1,
    "there are no segments": 1,
    "title has a NUL byte": 4,
    "version is another": 1,
    "version is missing": 1,
}
"""The line that the first message must name, by the sentence that names the file."""


def test_the_shipped_markets_are_good_and_called_as_their_files() -> None:
    assert shipped() == ["sim", "us", "us-open", "week"]
    assert [load(name).name for name in shipped()] == shipped()


def test_every_bad_file_has_its_line_here() -> None:
    assert sorted(LINES) == sorted(path.stem for path in BAD.glob("*.toml"))


@pytest.mark.parametrize(("sentence", "line"), LINES.items())
def test_a_bad_file_is_named_with_its_line(sentence: str, line: int) -> None:
    path = BAD / f"{sentence}.toml"
    with pytest.raises(MarketFileError) as caught:
        load(str(path))
    messages = str(caught.value).splitlines()
    assert messages[0].startswith(f"{path}:{line}: ")
    assert all(re.match(rf"{re.escape(str(path))}:\d+: \S", message) for message in messages)
    assert "Tuple should have" not in str(caught.value)


def test_all_faults_between_the_parts_are_told_at_once() -> None:
    with pytest.raises(MarketFileError) as caught:
        parse(GOOD.replace(b'bar = "1m"', b'bar = "7m"').replace(b'of = ["A"]', b'of = ["X"]'), "m.toml")
    assert [message.split(":")[1] for message in str(caught.value).splitlines()] == ["7", "5", "6", "28"]


@pytest.mark.parametrize("name", ["nowhere", "a\0b", "/", ""])
def test_a_market_that_is_not_there_is_answered_with_those_that_are(name: str) -> None:
    with pytest.raises(MarketFileError, match="sim, us, us-open, week"):
        load(name)


def test_a_name_that_no_disk_takes_is_told() -> None:
    with pytest.raises(MarketFileError, match="too long"):
        load("x" * 5000)


def test_inline_tables_and_dotted_keys_have_their_line_too() -> None:
    dotted = GOOD.replace(b'[half_life]\nvolatility = "6h"', b"").replace(
        b'bar = "1m"', b'bar = "1m"\nhalf_life.volatility = "no"'
    )
    with pytest.raises(MarketFileError, match=r"m\.toml:8: half_life\.volatility: 'no' is no duration"):
        parse(dotted, "m.toml")


def _read(raw: bytes) -> Market | str:
    try:
        return parse(raw, "m.toml")
    except MarketFileError as error:
        return str(error)


def _is_market_or_named(raw: bytes) -> None:
    read = _read(raw)
    assert isinstance(read, Market) or all(re.match(r"m\.toml:\d+: ", line) for line in read.split("\nm.toml")[:1])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_no_market(raw: bytes) -> None:
    read = _read(raw)
    assert isinstance(read, str)
    assert read.startswith("m.toml:")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 4))
def test_a_changed_byte_gives_a_market_or_a_named_line(position: int, byte: int, removed: int) -> None:
    _is_market_or_named(GOOD[:position] + bytes([byte]) + GOOD[position + removed :])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD)))
def test_a_cut_file_gives_a_market_or_a_named_line(end: int) -> None:
    _is_market_or_named(GOOD[:end])


VALUES = st.sampled_from(
    ["0", "-1", "1e999", "nan", "inf", "true", '""', '"x"', "[]", "{}", "[[]]", "1979-05-27", '"1s"', "9" * 30, "[1]"]
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 40), VALUES)
def test_a_value_of_another_type_gives_a_market_or_a_named_line(line: int, value: str) -> None:
    lines = GOOD.decode().split("\n")
    line %= len(lines)
    lines[line] = re.sub(r"=.*", lambda _match: f"= {value}", lines[line])
    _is_market_or_named("\n".join(lines).encode())


def _beside(folder: Path, stem: str, name: str, feed: str = "desk") -> Path:
    text = (CHECKOUT / "docs" / "examples" / "desk.toml").read_text()
    path = folder / f"{stem}.toml"
    path.write_text(text.replace('name = "desk"', f'name = "{name}"').replace('feed = "desk"', f'feed = "{feed}"'))
    return path


def test_later_editions_come_along_in_turn(tmp_path: Path) -> None:
    first = _beside(tmp_path, "my", "desk")
    assert with_editions([str(first)]) == [str(first)]
    later = [_beside(tmp_path, f"my@{n}", f"desk@{n}") for n in (10, 2, 3)]
    _beside(tmp_path, "my-other@2", "other@2")
    ordered = [str(path) for path in (first, later[1], later[2], later[0])]
    assert with_editions([str(first)]) == ordered
    assert with_editions([str(first), str(later[0])]) == ordered
    assert with_editions([str(later[0])]) == [str(later[0])]
    assert [edition_of(load(path).name)[1] for path in ordered] == [1, 2, 3, 10]
    assert with_editions(shipped()) == shipped()
    assert with_editions(["nowhere"]) == ["nowhere"]


@pytest.mark.parametrize(("name", "feed", "field"), [("other@2", "desk", "name"), ("desk@2", "else", "feed")])
def test_an_edition_that_does_not_belong_is_named(tmp_path: Path, name: str, feed: str, field: str) -> None:
    first = _beside(tmp_path, "my", "desk")
    _beside(tmp_path, "my@2", name, feed)
    with pytest.raises(MarketFileError, match=rf"my@2.toml: {field}: it is .* it must be"):
        with_editions([str(first)])


@pytest.mark.parametrize("name", ["desk@1", "desk@0", "desk@", "desk@02", "desk@1000", "@2", "desk@2@3", "desk@x"])
def test_what_is_no_edition_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MarketFileError, match="name: "):
        load(str(_beside(tmp_path, "my", name)))
