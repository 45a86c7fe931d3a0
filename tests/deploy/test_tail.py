"""Following log files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.tail import LONGEST_LINE, Tail, important, last_words


def test_only_what_is_new_and_whole_is_read(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    tail = Tail(log)
    assert list(tail.lines()) == []
    with log.open("a") as file:
        file.write("one\ntw")
        file.flush()
        assert list(tail.lines()) == ["one"]
        file.write("o\n")
        file.flush()
        assert list(tail.lines()) == ["two"]


def test_a_file_that_comes_later_or_was_put_aside_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    tail = Tail(log)
    assert list(tail.lines()) == []
    log.write_text("first\n" * 3)
    assert list(tail.lines()) == ["first"] * 3
    log.write_text("again\n")
    assert list(tail.lines()) == ["again"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            {"event": "waiting_for_redis", "level": "warning", "retry_s": 2, "process": "p"},
            "waiting for redis (retry_s 2)",
        ),
        ({"event": "failed", "level": "error"}, "failed"),
        ({"event": "started", "level": "info"}, None),
        ({"event": "rejected", "level": "warning"}, None),
        ([1], None),
    ],
)
def test_warnings_and_errors_become_sentences(line: object, sentence: str | None) -> None:
    assert important(json.dumps(line)) == sentence


def test_what_is_no_json_or_too_long_does_no_harm() -> None:
    assert important("Traceback (most recent call last):") is None
    said = important(json.dumps({"event": "x" * 1000, "level": "error"}))
    assert said is not None
    assert len(said) < LONGEST_LINE + 10


def test_why_a_process_ended_is_told_whole() -> None:
    why = "us.reference: damaged or no reference artifact: " + "x" * 300
    assert important(f"esi: {why}") == why


def test_the_end_of_a_raw_traceback_is_told(tmp_path: Path) -> None:
    """A fault that nobody foresaw is no JSON; its last line says what it was."""
    file = tmp_path / "flow.log"
    file.touch()
    tail = Tail(file)
    raw = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    f()\nValueError: no calendar\n\n'
    with file.open("a") as log:
        log.write("Begun: of no interest\n" + raw)
    assert [said for line in tail.lines() if (said := important(line))] == ["ValueError: no calendar"]
    with file.open("a") as log:
        log.write("ValueError: somebody else's words\n")
    assert [said for line in tail.lines() if (said := important(line))] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one\nesi: ESI_RATE is 0: ...\nESI_SEED is x: ...\n", "ESI_RATE is 0: ...\nESI_SEED is x: ..."),
        ("esi: old\n{}\nesi: new\n", "new"),
        ("Usage: esi flow [OPTIONS]\n\nError: Missing option '--feed'.\n", "Missing option '--feed'."),
        ("FATAL:  data directory is gone\n", "FATAL:  data directory is gone"),
        ("x" * 9_000, "x" * 4_096),
        ("", ""),
    ],
)
def test_the_last_words_are_all_lines_of_the_last_sentence(tmp_path: Path, text: str, words: str) -> None:
    log = tmp_path / "a.log"
    log.write_text(text)
    assert last_words(log) == words


def test_who_left_no_log_has_no_last_words(tmp_path: Path) -> None:
    assert not last_words(tmp_path / "none.log")
