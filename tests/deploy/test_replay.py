"""`esi replay`: a trade file through a broker and a flow of its own, to the last reading; and what it refuses."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from deploy import replay
from deploy.replay import ReplayError
from deploy.state import Lock
from tests.disks import SmallDisk
from tests.servers import CHECKOUT

OPEN_MS = 1_381_152_600_000
"""13:30 UTC of Monday, 2013-10-07, when New York opens."""

PRICES = {"SPY": 169.0, "IBM": 184.0, "BAC": 14.0, "AIG": 48.0, "GCZ3": 1310.0}


def trades(file: Path, start_ms: int, minutes: int) -> Path:
    """Writes a file with a trade of every instrument each ten seconds, prices going up and down by a little."""
    lines = ["ts_ms,symbol,price,size"]
    for number in range(minutes * 6):
        swing = 1 + 0.0004 * ((number * 7) % 11 - 5)
        at = start_ms + number * 10_000
        lines += [f"{at},{symbol},{price * swing:.4f},100" for symbol, price in PRICES.items()]
    file.write_text("\n".join(lines) + "\n")
    return file


def esi_replay(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the verb to its end, with nothing from our environment but the path."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ESI_")}
    command = [sys.executable, "-m", "deploy", "replay", *arguments, "--data", str(data)]
    environment = {**ours, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=data.parent, env=environment, timeout=150
    )


def test_what_clients_warn_of_stays_out_of_standard_output(tmp_path: Path) -> None:
    """`--json` promises one line there; a broker that answers nobody makes its clients talk."""
    file = trades(tmp_path / "day.csv", OPEN_MS, 1)
    code = (
        "import sys; from pathlib import Path; from deploy import replay; from deploy.settings import Settings\n"
        "replay.Supervisor = lambda *_: (_ for _ in ()).throw(SystemExit(3))\n"
        "import structlog, atexit; atexit.register(lambda: structlog.get_logger().warning('kafka_trouble'))\n"
        "settings = Settings(_env_file=None, data_dir=Path(sys.argv[2]), kafka_url='127.0.0.1:1', "
        "redis_url='redis://127.0.0.1:1/0')\n"
        "replay.run(settings, replay.Request((Path(sys.argv[1]),), 'week', 'r', None))\n"
    )
    command = [sys.executable, "-c", code, str(file), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=60)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert "kafka_trouble" in done.stderr


def test_a_file_becomes_a_run_of_its_own_and_its_last_reading_one_line(tmp_path: Path) -> None:
    file = trades(tmp_path / "day.csv", OPEN_MS, 40)
    done = esi_replay(tmp_path / "data", str(file), "--run", "r1", "--speed", "max", "--json")
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    reading = json.loads(line)
    assert reading["market"] == "week~r1"
    assert reading["at"] == "2013-10-07T14:10:00Z"
    assert reading.keys() >= {"final", "index", "percentile", "contributions", "coverage", "version", "flags"}
    assert "Replaying 1,200 ticks into the run week~r1" in done.stderr
    assert "No tick was rejected." in done.stderr
    commands = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
    assert [command for command in commands if str(tmp_path) in command] == []
    Lock(tmp_path / "data").release()


def test_a_full_disk_is_named_and_the_replay_goes_on_with_the_room(
    tmp_path: Path, small_disk: Callable[[int], SmallDisk]
) -> None:
    disk = small_disk(64)
    disk.fill(leave=60_000)
    with ThreadPoolExecutor(1) as beside:
        file, data = trades(tmp_path / "day.csv", OPEN_MS, 40), disk.folder / "data"
        replayed = beside.submit(esi_replay, data, str(file), "--run", "r1", "--json")
        time.sleep(12)
        assert not replayed.done(), replayed.result().stderr
        disk.clear()
        done = replayed.result()
    assert done.returncode == 0, done.stderr
    assert f"The disk {disk.folder} is full (" in done.stderr
    assert f"There is room again on {disk.folder}: going on" in done.stderr
    assert json.loads(done.stdout)["at"] == "2013-10-07T14:10:00Z"
    assert "No tick was rejected." in done.stderr


def test_a_replay_into_a_folder_without_room_is_a_sentence(
    tmp_path: Path, small_disk: Callable[[int], SmallDisk]
) -> None:
    disk = small_disk(1)
    disk.fill()
    done = esi_replay(disk.folder / "data", str(trades(tmp_path / "day.csv", OPEN_MS, 1)))
    assert (done.returncode, done.stdout) == (75, "")
    assert "esi: [Errno 28] No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_rejected_is_counted_by_reason_at_the_end(tmp_path: Path) -> None:
    file = trades(tmp_path / "day.csv", OPEN_MS, 40)
    lines = file.read_text().splitlines()
    at = lines[600].split(",")[0]
    bad = [f"{at},SPY,1690.0,100", f"{at},SPY,-1,100", f"{at},ENRON,90.75,100", f"{at},ENRON,90.75,100"]
    file.write_text("\n".join([*lines[:600], *bad, *lines[600:]]) + "\n")
    done = esi_replay(tmp_path / "data", str(file), "--run", "r1")
    assert done.returncode == 0, done.stderr
    assert "Ticks rejected: 4 (unknown_instrument 2, absurd_price 1, negative_price 1); they are kept" in done.stderr
    assert done.stdout.startswith("week~r1 at 2013-10-07T14:10:00Z: index")


def test_a_bad_row_and_a_cut_file_are_named_and_the_rest_is_replayed(tmp_path: Path) -> None:
    """The exit status says that what is published lacks something."""
    file = trades(tmp_path / "day.csv", OPEN_MS, 40)
    lines = file.read_text().splitlines()
    lines[600:600] = ["noon,SPY,169.0,100", *["1,SPY"] * 6]
    packed = gzip.compress("\n".join(lines).encode() + b"\n")
    cut = tmp_path / "day.csv.gz"
    cut.write_bytes(packed[:-8])  # without its checksum and length: all rows are there
    done = esi_replay(tmp_path / "data", str(cut), "--run", "r1", "--json")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["at"] == "2013-10-07T14:10:00Z"
    assert f"Not whole: {cut} is cut: its end is missing: the 1,200 rows before are replayed" in done.stderr
    assert f"Not read: {cut}, line 601: ts_ms: invalid value 'noon' (wrong_type)" in done.stderr
    assert "Not read: 2 more rows; all 7 go to the topic esi.rejects.v1" in done.stderr
    assert "Ticks rejected: 7 (malformed 6, wrong_type 1); they are kept in the topic" in done.stderr


@pytest.mark.parametrize(
    ("text", "speed"), [("max", None), ("60", 60.0), ("60x", 60.0), ("0.5x", 0.5), ("1e3", 1000.0)]
)
def test_a_speed_is_a_number_of_event_seconds_a_second(text: str, speed: float | None) -> None:
    assert replay.speed_of(text) == speed


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf", "60xx", "MAX"])
def test_any_other_speed_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ReplayError, match=rf"^--speed is {re.escape(repr(text))}: allowed is a number.*or max$"):
        replay.speed_of(text)


@pytest.mark.parametrize(
    ("file", "stem"),
    [("day.csv.gz", "day"), ("a b~c:d.csv", "a-b-c-d"), (".csv", "run"), ("~~.csv", "run"), ("x" * 90, "x" * 40)],
)
def test_a_run_is_named_after_its_file_and_the_second(file: str, stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay.time, "gmtime", lambda: time.struct_time((2024, 2, 29, 12, 30, 15, 3, 60, 0)))
    assert replay.run_name(Path("somewhere") / file) == f"{stem}-20240229T123015"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.csv"], "esi: missing.csv: no such file"),
        (["missing.csv", "--market", "weak"], "weak"),
        (["missing.csv", "--speed", "soon"], "esi: --speed is 'soon'"),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence_and_starts_nothing(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = esi_replay(tmp_path / "data", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "logs").exists()


READING = {"market": "week~r1", "at": "2013-10-07T14:10:00Z", "index": 12.346, "final": False, "level": "calm"}


def test_a_reading_is_a_sentence_or_one_line() -> None:
    assert replay.shown(READING) == "week~r1 at 2013-10-07T14:10:00Z: index 12.35 (provisional, calm)"
    unknown = {**READING, "index": None, "final": True, "level": "unknown"}
    assert replay.shown(unknown) == "week~r1 at 2013-10-07T14:10:00Z: index unknown (final, unknown)"
    assert replay.as_json({"a": "ä", "b": [1, None]}) == '{"a":"ä","b":[1,null]}'
