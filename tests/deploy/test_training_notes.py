"""Notes outlive a trainer, belong to one at a time, and are never why it does not start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.training_notes import FOLDER, Notes, TrainerBusyError
from tests import servers
from tests.disks import SmallDisk


def test_what_was_noted_is_there_again(tmp_path: Path) -> None:
    notes = Notes(tmp_path, "sim")
    assert (notes.seen, notes.asked, notes.trained, notes.arrived, notes.verdicts) == ("", "", 0.0, [], {})
    notes.seen, notes.asked, notes.trained = "5-1", "drift", 7.5
    notes.arrived.append(["lstm", "2"])
    notes.verdicts["lstm 1 2"] = "2026-01-01T00:00:00Z"
    notes.save()
    notes.close()
    again = Notes(tmp_path, "sim")
    assert (again.seen, again.asked, again.trained) == ("5-1", "drift", 7.5)
    assert again.arrived == [["lstm", "2"]]
    assert again.verdicts == {"lstm 1 2": "2026-01-01T00:00:00Z"}
    assert Notes(tmp_path, "us").seen == ""


@pytest.mark.parametrize("found", ["{", "[1]", '"text"', "\x00"])
def test_a_file_that_is_none_is_told_and_begun_anew(
    tmp_path: Path, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "sim.json").write_text(found)
    notes = Notes(tmp_path, "sim")
    assert notes.seen == ""
    assert "notes_unreadable" in capsys.readouterr().out
    notes.save()


def test_one_trainer_at_a_time_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from deploy.training_notes import Notes
notes = Notes(Path({str(tmp_path)!r}), "sim")
print("held", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=servers.CHECKOUT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TrainerBusyError, match=f"process {other.pid}"):
            Notes(tmp_path, "sim")
        other.kill()
        other.wait(10)
    assert Notes(tmp_path, "sim").asked == ""


def test_without_room_the_old_notes_stay(
    small_disk: Callable[[int], SmallDisk], capsys: pytest.CaptureFixture[str]
) -> None:
    disk = small_disk(1)
    notes = Notes(disk.folder, "sim")
    notes.asked = "drift"
    notes.save()
    disk.fill()
    notes.asked = ""
    notes.save()
    assert "notes_not_kept" in capsys.readouterr().out
    notes.close()
    assert Notes(disk.folder, "sim").asked == "drift"
