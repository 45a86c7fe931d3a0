"""Entries of one step: bars and details before the reading, each under its own id and kind."""

from __future__ import annotations

from dataflows.entries import Entry, entries_of
from tests.dataflows.test_sink import published


def test_an_entry_is_arguments_of_the_script() -> None:
    assert Entry(3, "5-1", "other", b"d").arguments(7) == [3, "5-1", "other", "details", b"d", 7]


def test_the_reading_is_the_last_entry_of_its_step() -> None:
    entries = entries_of(published(5_000, final=True, bars=b"b", details=b"d"))
    assert entries == [Entry(2, "5-0", "other", b"b"), Entry(3, "5-1", "other", b"d"), Entry(1, "5-1", "final", b"r")]
    assert entries_of(published(5_000)) == [Entry(1, "5-0", "provisional", b"r")]
