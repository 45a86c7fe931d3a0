"""What waits for a slow client, against the plain definition of conflation."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from api.frames import Channel, Frame
from api.outbox import Outbox
from api.streams import Entry, Id


def channel(market: str, name: str = "readings") -> Channel:
    return Channel(market, name, 1000, 1_000_000)


def frame(of: Channel, number: int, final: bool = False) -> Frame:
    return of.encode(Entry(Id(number, int(final)), b"{}", 1))


def payload(wire: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(wire[wire.index(b"{") :])
    return found


Steps = st.lists(
    st.tuples(st.sampled_from(["push", "push", "push", "take"]), st.integers(0, 2), st.booleans()), max_size=80
)


@given(steps=Steps, conflate_after=st.integers(1, 8))
def test_finals_and_bars_always_come_and_what_is_left_out_is_told(
    steps: list[tuple[str, int, bool]], conflate_after: int
) -> None:
    channels = [channel("a"), channel("b"), channel("a", "bars")]
    box = Outbox(conflate_after, 1_000_000)
    pushed: list[Frame] = []
    got: list[Frame] = []
    told = left_out = most = 0
    for number, (verb, which, final) in enumerate([*steps, *[("take", 0, False)] * 100]):
        if verb == "push":
            pushed.append(frame(channels[which], number, final))
            left_out += box.push(pushed[-1:])
            most = max(most, sum(f.droppable for f in box._waiting.values()))
        else:
            wires, frames = box.take(max_bytes=1)
            got += frames
            told += sum(int(str(p["skipped"])) for p in map(payload, wires) if p["type"] == "conflated")
    kept = {id(f) for f in got}
    assert [f for f in pushed if not f.droppable] == [f for f in got if not f.droppable]
    assert told == left_out == len(pushed) - len(got)
    for of in channels:
        assert [f.id for f in got if f.channel is of] == sorted(f.id for f in got if f.channel is of)
        mine = [f for f in pushed if f.channel is of]
        assert not mine or id(mine[-1]) in kept  # the newest always comes
    assert most <= conflate_after + len(channels)
    assert len(box) == 0


def test_nothing_is_left_out_while_little_waits() -> None:
    of = channel("a")
    box = Outbox(conflate_after=16, max_bytes=1_000_000)
    assert box.push([frame(of, number) for number in range(16)]) == 0
    assert box.push([frame(of, 16)]) == 16
    wires, frames = box.take()
    assert [payload(wire)["type"] for wire in wires] == ["conflated", "update"]
    assert [f.id.ms for f in frames] == [16]


def test_it_overflows_by_what_must_come_only() -> None:
    of = channel("a")
    size = frame(of, 1_000).size
    box = Outbox(conflate_after=4, max_bytes=10 * size)
    box.push([frame(of, number) for number in range(1_000, 1_900)])
    assert not box.overflows
    box.push([frame(of, number, True) for number in range(2_000, 2_009)])
    assert not box.overflows
    box.push([frame(of, number, True) for number in range(3_000, 3_002)])
    assert box.overflows
    wires, _ = box.take(max_bytes=3 * size)
    assert len(wires) == 4  # three frames and the word on what was left out
    assert not box.overflows
