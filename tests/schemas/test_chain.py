"""The chain: whatever is changed in it is noticed at the first entry that it touches."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.chain import Audit, Chain, Link, digest, link_of
from schemas.reading import Reading, canonical, seal
from tests.api.chained import finals, id_of

CHAIN = finals("m", 12)


def audit(entries: list[tuple[str, bytes]], behind: Link | None = None) -> Audit:
    chain = Chain("m", behind)
    for entry in entries:
        chain.take(*entry)
    return chain.audit()


def entries(readings: list[Reading]) -> list[tuple[str, bytes]]:
    return [(id_of(reading), canonical(reading)) for reading in readings]


def broken(found: Audit) -> tuple[str, str]:
    assert not found.ok
    assert found.broken is not None
    return found.broken.id, found.broken.kind


def test_a_sound_chain_says_what_it_is() -> None:
    found = audit(entries(CHAIN))
    assert (found.ok, found.count, found.broken, found.head) == (True, 12, None, CHAIN[-1].hash)
    assert found.first == Link(id_of(CHAIN[0]), CHAIN[0].at, CHAIN[0].hash)
    assert found.last == Link(id_of(CHAIN[-1]), CHAIN[-1].at, CHAIN[-1].hash)
    assert [(v.version, v.since, v.count) for v in found.versions] == [("1-2-00000000", CHAIN[0].at, 12)]


def test_the_digest_is_the_documented_one() -> None:
    """SHA-256 over the canonical bytes with the hash empty, spelled here without the code that seals."""
    raw = canonical(CHAIN[3])
    empty = raw.replace(CHAIN[3].hash.encode(), b"")
    assert json.loads(empty)["hash"] == ""
    assert digest(raw) == hashlib.sha256(empty).hexdigest() == CHAIN[3].hash


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 11), st.integers(0, 10_000), st.integers(1, 255))
def test_any_byte_that_is_changed_is_noticed_where_it_is(number: int, place: int, flip: int) -> None:
    raw = bytearray(canonical(CHAIN[number]))
    raw[place % len(raw)] ^= flip
    changed = entries(CHAIN)
    changed[number] = changed[number][0], bytes(raw)
    assert broken(audit(changed)) == (id_of(CHAIN[number]), "altered")
    assert audit(changed).count == number


@pytest.mark.parametrize("number", [1, 5, 10])
def test_an_entry_that_is_gone_is_a_gap_before_the_next(number: int) -> None:
    found = audit(entries([*CHAIN[:number], *CHAIN[number + 1 :]]))
    assert broken(found) == (id_of(CHAIN[number + 1]), "gap")
    assert found.broken is not None
    assert id_of(CHAIN[number - 1]) in found.broken.what


def test_a_first_entry_that_is_gone_leaves_the_next_without_its_predecessor() -> None:
    assert broken(audit(entries(CHAIN[1:]))) == (id_of(CHAIN[1]), "missing_predecessor")


def test_two_that_were_swapped_are_told_at_the_first_of_them() -> None:
    swapped = entries(CHAIN)
    (a, first), (b, second) = swapped[4], swapped[7]
    swapped[4], swapped[7] = (a, second), (b, first)
    assert broken(audit(swapped)) == (a, "reordered")


def test_entries_that_come_in_another_order_are_told() -> None:
    swapped = entries(CHAIN)
    assert broken(audit([*swapped[:3], swapped[1], *swapped[3:]])) == (swapped[1][0], "out_of_order")


def test_one_that_was_sealed_again_breaks_the_chain_behind_it() -> None:
    forged = seal(msgspec.structs.replace(CHAIN[5], index=1.0), CHAIN[4].hash)
    assert broken(audit(entries([*CHAIN[:5], forged, *CHAIN[6:]]))) == (id_of(CHAIN[6]), "gap")


def test_a_chain_that_begins_anew_behind_another_is_told() -> None:
    assert broken(audit(entries([*CHAIN[:5], seal(CHAIN[5], "")]))) == (id_of(CHAIN[5]), "begun_anew")


def test_a_final_of_another_market_is_a_stranger() -> None:
    stranger = finals("n", 1)
    assert broken(audit(entries(stranger))) == (id_of(stranger[0]), "foreign")


def test_a_provisional_reading_is_no_final() -> None:
    provisional = msgspec.structs.replace(CHAIN[0], final=False)
    sealed = seal(provisional, "")
    assert broken(audit([(id_of(CHAIN[0]), canonical(sealed))])) == (id_of(CHAIN[0]), "reordered")
    unsealed = msgspec.structs.replace(CHAIN[0], hash="")
    assert broken(audit([(id_of(CHAIN[0]), canonical(unsealed))])) == (id_of(CHAIN[0]), "altered")


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff" * 200, canonical(CHAIN[0])[:-1], canonical(CHAIN[0]) + b"\n"])
def test_what_is_no_sealed_final_is_altered(raw: bytes) -> None:
    assert broken(audit([(id_of(CHAIN[0]), raw)])) == (id_of(CHAIN[0]), "altered")


def test_a_part_of_a_chain_stands_behind_what_was_before_it() -> None:
    behind = link_of(*entries(CHAIN)[4])
    assert behind == Link(id_of(CHAIN[4]), CHAIN[4].at, CHAIN[4].hash)
    assert audit(entries(CHAIN[5:]), behind).ok
    assert broken(audit(entries(CHAIN[6:]), behind)) == (id_of(CHAIN[6]), "gap")
    assert link_of("1-1", b"{}") is None


def test_a_newest_final_that_was_not_taken_is_missed() -> None:
    chain = Chain("m")
    for entry in entries(CHAIN[:-1]):
        chain.take(*entry)
    chain.miss(id_of(CHAIN[-2]))
    assert chain.audit().ok
    chain.miss(id_of(CHAIN[-1]))
    assert broken(chain.audit()) == (id_of(CHAIN[-2]), "truncated")
    nothing = Chain("m")
    nothing.miss("5-1")
    assert broken(nothing.audit()) == ("5-1", "truncated")


def test_a_broken_chain_stays_broken() -> None:
    chain = Chain("m")
    assert not chain.take(*entries(CHAIN)[1])
    assert not chain.take(*entries(CHAIN)[0])
    assert (chain.count, chain.broken and chain.broken.kind) == (0, "missing_predecessor")


def test_versions_are_told_in_the_order_of_time() -> None:
    chain = [CHAIN[0], CHAIN[1], seal(msgspec.structs.replace(CHAIN[2], version="1-3-x"), CHAIN[1].hash)]
    found = audit(entries(chain))
    assert [(v.version, v.count) for v in found.versions] == [("1-2-00000000", 2), ("1-3-x", 1)]
