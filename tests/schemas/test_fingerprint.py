"""Fingerprints: any change of a file is another one, and nothing else is."""

from __future__ import annotations

from schemas.fingerprint import fingerprint
from schemas.market_file import load, shipped


def test_every_market_has_its_own() -> None:
    found = {fingerprint(load(name)) for name in shipped()}
    assert len(found) == len(shipped())
    assert all(len(one) == 8 for one in found)


def test_any_change_is_another_one_even_of_words() -> None:
    market = load("us")
    changed = (
        market.model_copy(update={"shrinkage": 0.2}),
        market.model_copy(update={"about": "Other words."}),
        market.model_copy(update={"name": "us@2"}),
    )
    assert len({fingerprint(one) for one in (market, *changed)}) == 4


def test_alert_rules_and_defaults_that_are_spelled_out_are_not_part_of_it() -> None:
    market = load("us")
    assert fingerprint(market.model_copy(update={"alert": ()})) == fingerprint(market)
    spelled = market.model_validate(market.model_dump(exclude_defaults=True) | {"horizon": "1 session"})
    assert fingerprint(spelled) == fingerprint(market)
