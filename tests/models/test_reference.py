"""The artifact as a file: whole, or named as damaged; its states fit every feed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest

from models.pipeline import Pipeline
from models.publication import version_of
from models.reference import (
    Reference,
    check_chain,
    check_market,
    decode,
    encode,
    fold_state,
    published,
    stage_states,
)
from models.signals.bars import BarFold
from schemas.bars import NEVER, Partial
from schemas.market import Market
from schemas.reading import decode_reading
from schemas.reference import FORMAT, Manifest, ReferenceFileError
from tests.laws import canonical
from tests.models import tape

SECONDS, CUT = 420, 300


def one_partition() -> list[Partial]:
    return [replace(p, partition=0) for p in tape.partials(SECONDS) if p.partition == 0]


@cache
def reference() -> Reference:
    """Of the tape's market after its first 300 seconds, in one partition."""
    market = tape.market()
    pipeline = Pipeline(market)
    said = [s for p in one_partition()[:CUT] for s in pipeline.feed(p)]
    finals = [s for s in said if s.final]
    last = decode_reading(finals[-1].reading)
    manifest = Manifest(
        format=FORMAT, market=market.name, version=version_of(market), finals=len(finals), first="", last=last.at,
        head=last.hash, inputs={}, release="", sources="", cpu="", python="", libraries={},
    )  # fmt: skip
    state = {"fold": BarFold(market).snapshot(), "pipeline": pipeline.snapshot()}
    assert finals[-1].details is not None
    return Reference(manifest, state, tuple(f.reading for f in finals), finals[-1].details)


def test_a_file_comes_back_whole_and_the_same_content_is_the_same_file() -> None:
    raw = encode(reference())
    again = decode(raw, "x")
    assert canonical(again.state) == canonical(reference().state)
    assert (again.finals, again.details) == (reference().finals, reference().details)
    assert encode(again) == raw


def test_a_truncated_file_is_named() -> None:
    raw = encode(reference())
    for length in (0, 1, 100, len(raw) // 2, len(raw) - 1):
        with pytest.raises(ReferenceFileError, match=r"made\.reference: damaged.*esi reference build"):
            decode(raw[:length], "made.reference")


def test_a_flipped_byte_is_named_or_changes_nothing() -> None:
    raw, rng = encode(reference()), np.random.default_rng(3)
    named = 0
    for at in rng.integers(0, len(raw), 300).tolist():
        spoilt = bytearray(raw)
        spoilt[at] ^= 0x55
        try:
            found = decode(bytes(spoilt), "x")
        except ReferenceFileError:
            named += 1
        else:
            assert canonical(found.state) == canonical(reference().state)
            assert found.finals == reference().finals
    assert named > 250


def test_of_another_market_or_version_it_is_refused_with_the_way_to_build_it() -> None:
    check_market(reference(), tape.market(), "x")
    other = tape.market().model_copy(update={"shrinkage": 0.5})
    for market in (other, Market.model_validate(tape.market().model_dump() | {"name": "other"})):
        with pytest.raises(ReferenceFileError, match=rf"{version_of(market)}.*esi reference build --market"):
            check_market(reference(), market, "x")


def test_a_broken_chain_is_named_by_its_first_final() -> None:
    check_chain(reference(), "x")
    finals = list(reference().finals)
    at = decode_reading(finals[3]).at
    changed = finals[3].replace(b'"final":true', b'"final":false')
    for some in ([*finals[:3], changed, *finals[4:]], [*finals[:3], *finals[4:]]):
        with pytest.raises(ReferenceFileError, match=r"breaks at the final of"):
            check_chain(replace(reference(), finals=tuple(some)), "x")
    with pytest.raises(ReferenceFileError, match=f"breaks at the final of {at}"):
        check_chain(replace(reference(), finals=(*finals[:3], changed)), "x")
    with pytest.raises(ReferenceFileError, match="do not end where"):
        check_chain(replace(reference(), finals=tuple(finals[:-1])), "x")


def test_finals_are_published_under_the_ids_of_the_flow_the_last_with_its_details() -> None:
    pipeline = Pipeline(tape.market())
    said = [s for p in one_partition()[:CUT] for s in pipeline.feed(p) if s.final]
    found = published(reference())
    assert [(f.id, f.at_us, f.reading, f.final) for f in found] == [(s.id, s.at_us, s.reading, True) for s in said]
    assert [f.details for f in found[:-1]] == [None] * (len(found) - 1)
    assert found[-1].details == said[-1].details


@pytest.mark.parametrize("partitions", [1, 2, 4])
def test_a_feed_of_any_number_of_partitions_goes_on_from_it(partitions: int) -> None:
    """The bars in one partition, the others only told the time: the same finals."""
    whole, fresh = Pipeline(tape.market()), Pipeline(tape.market(), partitions)
    said = [s for p in one_partition() for s in whole.feed(p)]
    fresh.restore(stage_states(reference(), partitions))
    later = []
    for p in one_partition()[CUT:]:
        for other in range(1, partitions):
            later += fresh.feed(replace(p, partition=other, bars=p.bars.take(np.zeros(len(p.bars), np.bool_))))
        later += fresh.feed(p)
    assert [s.reading for s in later if s.final] == [s.reading for s in said if s.final][len(reference().finals) :]


def test_every_partition_knows_the_last_prices_and_one_what_is_not_public_yet() -> None:
    market = tape.market()
    fold = BarFold(market)
    for x in _some_ticks():
        fold.update(x)
    kept = replace(reference(), state=reference().state | {"fold": fold.snapshot()})
    first, second = fold_state(kept, market, 0), fold_state(kept, market, 1)
    assert canonical(first) == canonical(fold.snapshot())
    assert len(first["rows"]) > 0
    assert len(second["rows"]) == 0
    np.testing.assert_array_equal(second["values"], first["values"])
    other = BarFold(market)
    other.restore(second)
    assert other.closed_us == fold.closed_us != NEVER


def _some_ticks() -> list[object]:
    from tests.models.samples import SAMPLES

    return list(SAMPLES[BarFold].stream())[:21]  # type: ignore[type-abstract]


def test_sizes_are_told_in_the_manifest() -> None:
    manifest = decode(encode(reference()), "x").manifest
    assert manifest.members["finals.jsonl"].size == len(b"\n".join(reference().finals))
    assert msgspec.json.encode(manifest.members).count(b"sha256") == 3
