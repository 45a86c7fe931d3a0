"""Events: the shipped ones, those of a file, and whose days are whose."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evaluation import events
from evaluation.events import Event
from evaluation.faults import InputError

DAYS = pd.bdate_range("2000-01-03", periods=200)


def event(day: str, kind: str = "equity") -> Event:
    return Event(pd.Timestamp(day), day, kind)


def test_the_shipped_events_are_typed_and_in_order() -> None:
    shipped = events.read_events(events.SHIPPED)
    kinds = [e.kind for e in shipped]
    assert (len(shipped), kinds.count("equity")) == (20, 13)
    assert {e.kind for e in shipped} == {"equity", "funding", "rates", "fx"}
    assert [e.on for e in shipped] == sorted(e.on for e in shipped)
    assert len({e.name for e in shipped}) == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,name,kind\n", r"events.csv: no event in it: write a row such as"),
        ("", r"events.csv: nothing in it: write the header date,name,kind"),
        ("date,name,kind\n\n2020-01-02,,fx\n", r"events.csv:3: name is empty: write 2020-01-02,NAME,KIND"),
        ("date,name,kind\n2020-01-02,A\n", r"events.csv:2: kind is empty: write 2020-01-02,NAME,KIND"),
        ("date,name,kind\n2020-01-02,A,fx,B\n", r"events.csv:2: 4 cells, the first row has 3: give each row as many"),
        ("date,name\n2020-01-02,A\n", r"events.csv:1: no column kind: write the header"),
        ("date,name,kind\n2020-01-02,A,fx\n02.01.2020,B,fx\n", r"events.csv:3: '02.01.2020' is no date: write 2008"),
        ("date,name,kind\n2020-01-02,,fx\n", r"events.csv:2: name is empty: write 2020-01-02,NAME,KIND"),
        ("date,name,kind\n2020-01-02,A, \n", r"events.csv:2: kind is empty"),
    ],
)
def test_bad_events_are_named_with_their_row_and_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "events.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        events.read_events(tmp_path / "events.csv")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv"):
        events.read_events(tmp_path / "none.csv")


def test_an_event_without_a_session_is_that_of_the_next() -> None:
    saturday = event("2000-03-04")
    assert events.placed(DAYS, [saturday]) == [(saturday, DAYS.get_loc(pd.Timestamp("2000-03-06")))]


def test_events_whose_windows_leave_the_sample_are_left_out() -> None:
    edge = [event(str(DAYS[n].date())) for n in (19, 20, 179, 180)]
    assert events.placed(DAYS, edge) == [(edge[1], 20), (edge[2], 179)]
    assert events.placed(DAYS[:0], edge) == []


def test_windows_are_the_day_and_twenty_after_and_twenty_before() -> None:
    assert events.during(100, [30]).nonzero()[0].tolist() == list(range(30, 51))
    assert events.before(100, [30]).nonzero()[0].tolist() == list(range(10, 30))
    assert events.during(100, [30, 40]).sum() == 31  # days of two events are counted once


def test_groups_are_all_each_kind_and_the_three_others_together() -> None:
    told = [event("2000-02-01"), event("2000-03-01", "fx"), event("2000-04-03", "rates")]
    found = events.groups(told)
    assert list(found) == ["all", "equity", "fx", "rates", "funding + rates + fx"]
    assert found["funding + rates + fx"] == told[1:]
    assert list(events.groups(told[:1])) == ["all", "equity"]
