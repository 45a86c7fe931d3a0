"""Files are whole or not there."""

from __future__ import annotations

from pathlib import Path

from deploy.files import write_whole


def test_a_file_is_replaced_whole_and_nothing_is_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file.json"
    write_whole(file, "one")
    write_whole(file, "two")
    assert file.read_text() == "two"
    assert list(file.parent.iterdir()) == [file]


def test_secrets_are_for_us_only(tmp_path: Path) -> None:
    write_whole(tmp_path / "secret", "x", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_whole(tmp_path / "raw", b"\x00\r\n\xff")
    assert (tmp_path / "raw").read_bytes() == b"\x00\r\n\xff"
