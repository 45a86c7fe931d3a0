"""Names of calendars: those of the package, and a hint for slips."""

from __future__ import annotations

import exchange_calendars
import pytest

from schemas.calendar_names import EXCHANGES, fault_of
from schemas.market_file import MarketFileError, parse, shipped
from tests.servers import CHECKOUT

DESK = (CHECKOUT / "docs" / "examples" / "desk.toml").read_text()


def test_they_are_those_of_the_package() -> None:
    assert set(exchange_calendars.get_calendar_names(include_aliases=True)) == EXCHANGES


def test_what_exists_has_no_fault() -> None:
    assert [fault_of(name) for name in ("24x7", "XNYS", "NYSE")] == [None] * 3
    assert shipped()


def test_a_slip_is_shown_what_is_near() -> None:
    fault = fault_of("XNYE")
    assert fault is not None
    assert "XNYS" in fault.rpartition("near it are")[2]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (('calendar = "24x7"', 'calendar = "XXXX"'), "calendar"),
        (("[[instrument]]\n", '[[instrument]]\ncalendar = "XXXX"\n'), "instrument.0.calendar"),
    ],
)
def test_a_market_file_with_another_is_refused_at_its_line(change: tuple[str, str], place: str) -> None:
    text = DESK.replace(*change, 1)
    line = next(n for n, said in enumerate(text.splitlines(), 1) if "XXXX" in said)
    with pytest.raises(MarketFileError, match=rf"^desk.toml:{line}: {place}: no calendar 'XXXX': write 24x7"):
        parse(text.encode(), "desk.toml")
