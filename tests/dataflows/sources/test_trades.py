"""Trades of files: sent in order, parted nowhere within a time stamp, resumed exactly; what is unread set aside."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.intake import Intake
from dataflows.sources import trades
from dataflows.sources.sender import SenderConfig, Stopped
from dataflows.sources.trade_table import read
from dataflows.sources.trades import TradesConfig
from dataflows.tally import Tally
from models.signals.bars import BarFold
from schemas import names
from schemas.instruments import Instruments
from schemas.ticks_wire import decode_ticks
from tests import servers
from tests.dataflows import tape
from tests.dataflows.sources.test_trade_table import HEAD, written
from tests.dataflows.topics import contents

START_MS = tape.START_US // 1000


def lines(count: int, seed: int = 1) -> str:
    """A file of ticks: several with one time stamp, a few in the wrong place."""
    random = np.random.default_rng(seed)
    at = START_MS + np.sort(random.integers(0, 20_000, count)) // 50 * 50
    at -= np.where(random.random(count) < 0.03, 1500, 0)
    symbol = random.choice(tape.INSTRUMENTS, count)
    price = np.round(100 + random.normal(0, 0.01, count), 3)
    return HEAD + "".join(f"{t},{s},{p},{n}\n" for n, (t, s, p) in enumerate(zip(at, symbol, price, strict=True)))


@given(
    gaps=st.lists(st.sampled_from([0, 0, 0, 1, 400_000, 3_000_000]), min_size=1, max_size=60),
    speed=st.sampled_from([None, 60.0]),
)
def test_slices_never_part_one_time_stamp(gaps: list[int], speed: float | None) -> None:
    times = np.cumsum(gaps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trades, "_ROWS", 2)
        slices = trades._slices(times, np.arange(len(times)), speed)
    assert np.concatenate(slices).tolist() == list(range(len(times)))
    for before, behind in itertools.pairwise(slices):
        assert times[before[-1]] < times[behind[0]]
    if speed is not None:
        assert all(times[rows[-1]] - times[rows[0]] < 1_000_000 for rows in slices)


def test_nothing_left_to_send_is_no_slice() -> None:
    assert trades._slices(np.array([1, 2]), np.empty(0, np.intp), None) == []


def sent(bootstrap: str, feed: str, symbols: tuple[str, ...]) -> list[list[int]]:
    """Sequence numbers in the topic, by partition."""
    known = Instruments(symbols)
    return [
        [int(seq) for record in part if record.kind == names.TICKS_ARROW for seq in decode_ticks(record.raw, known).seq]
        for part in contents(bootstrap, names.ticks_topic(feed))
    ]


def config(
    kafka: str, feed: str, file: Path, speed: float | None = None, stop: Callable[[], bool] = lambda: False
) -> TradesConfig:
    return TradesConfig(SenderConfig(kafka, feed, stop=stop), (file,), speed)


def test_every_tick_is_sent_once_to_its_instruments_partition_with_the_time_behind_it(
    mock_broker: servers.MockBroker, unique_name: str, tmp_path: Path
) -> None:
    file = written(tmp_path, lines(3000))
    table, told = read((file,)), []
    given = config(mock_broker.bootstrap, unique_name, file)
    end_us = trades.send(TradesConfig(given.sender, (file,), progress=lambda *p: told.append(p)), table)
    parts = sent(mock_broker.bootstrap, unique_name, table.symbols)
    for number, part in enumerate(parts):
        assert part == np.flatnonzero(table.code % 4 == number).tolist()
    assert told[-1] == (3000, 3000)
    assert end_us % 60_000_000 == 0
    assert 60_000_000 < end_us - table.ts_us.max() <= 120_000_000
    for part in contents(mock_broker.bootstrap, given.sender.topic):
        assert part[-1].kind == names.TOCK_JSON
        assert part[-1].until_us == end_us


def test_a_replay_cut_off_anywhere_goes_on_and_the_flow_folds_every_tick_once(
    mock_broker: servers.MockBroker, unique_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records in the middle of a slice are cut at a tick, whose time is sent again and known by its number."""
    monkeypatch.setattr(trades, "_ROWS", 100)
    file = written(tmp_path, lines(3000))
    table = read((file,))
    given = config(mock_broker.bootstrap, unique_name, file)
    for crash in (3, 8, 5, 11, 1, 9, 10_000):
        with monkeypatch.context() as patch:
            patch.setattr(trades.Sender, "send", _breaks_after(crash, trades.Sender.send))
            try:
                trades.send(given, table)
            except _CrashError:
                continue
    parts = contents(mock_broker.bootstrap, given.sender.topic)
    for number, part in enumerate(sent(mock_broker.bootstrap, unique_name, table.symbols)):
        assert set(part) == set(np.flatnonzero(table.code % 4 == number).tolist())
        fold, rejects = BarFold(tape.market("f").model_copy(update={"lateness": 5_000_000})), []
        intake = Intake("f", number, fold, Instruments(tape.INSTRUMENTS), rejects.append)
        records = [tape.Record(number, r.offset, r.kind, r.raw) for r in parts[number]]
        volume = sum(folded.bars.volume.sum() for folded in intake.take(list(records)))
        assert volume == table.columns["size"][table.code % 4 == number].sum()
        assert {str(reject.reason) for reject in rejects} <= {"duplicate"}


class _CrashError(Exception):
    """A sudden end."""


def _breaks_after(count: int, send: Callable[..., None]) -> Callable[..., None]:
    left = [count]

    def breaking(self: trades.Sender, *args: object) -> None:
        if not left[0]:
            self._producer.flush(5)
            raise _CrashError
        left[0] -= 1
        send(self, *args)

    return breaking


def test_a_speed_is_kept(mock_broker: servers.MockBroker, unique_name: str, tmp_path: Path) -> None:
    file = written(tmp_path, HEAD + "".join(f"{START_MS + n * 500},AAA,100,1\n" for n in range(21)))
    began = time.monotonic()
    trades.send(config(mock_broker.bootstrap, unique_name, file, speed=20.0), read((file,)))
    assert 0.4 < time.monotonic() - began < 5


@pytest.mark.parametrize("speed", [None, 0.001])
def test_a_stop_ends_the_replay_at_once(
    mock_broker: servers.MockBroker, unique_name: str, tmp_path: Path, speed: float | None
) -> None:
    file = written(tmp_path, lines(2000))
    table = read((file,))
    with pytest.raises(Stopped):
        trades.send(config(mock_broker.bootstrap, unique_name, file, speed, lambda: True), table)
    assert sum(map(len, sent(mock_broker.bootstrap, unique_name, table.symbols))) == 0


def test_ticks_before_a_time_are_counted_in_the_files_order(tmp_path: Path) -> None:
    before = trades.counter(read((written(tmp_path, HEAD + "5,A,1,1\n7,A,1,1\n6,A,1,1\n9,A,1,1\n"),)))
    assert [before(ms * 1000) for ms in (5, 6, 7, 8, 10)] == [0, 1, 1, 3, 4]


def test_rows_that_cannot_be_read_are_dead_letters_with_their_bytes(
    mock_broker: servers.MockBroker, unique_name: str, tmp_path: Path
) -> None:
    text = lines(50).splitlines(keepends=True)
    file = written(tmp_path, "".join([*text[:20], "noon,AAA,1,1\r\n", *text[20:], "2,AAA\n"]))
    tally = Tally(mock_broker.bootstrap, unique_name)
    table = read((file,))
    trades.send(config(mock_broker.bootstrap, unique_name, file), table)
    tally.finish()
    assert dict(tally.counts) == {"wrong_type": 1, "malformed": 1}
    letters = [
        (record.raw, headers)
        for part in contents(mock_broker.bootstrap, names.REJECTS_TOPIC)
        for record in part
        if (headers := dict(record.headers))["feed"] == unique_name.encode()
    ]
    [(raw, said)] = [one for one in letters if one[1]["reason"] == b"wrong_type"]
    assert raw == b"noon,AAA,1,1"
    assert (said["partition"], said["content-type"]) == (b"-1", b"text/csv")
    assert said["note"].decode() == f"{file}, line 21: ts_ms: invalid value 'noon' (wrong_type)"
    assert sum(map(len, sent(mock_broker.bootstrap, unique_name, table.symbols))) == 50
