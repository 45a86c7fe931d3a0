"""A share of the fuzzing in every run of the tests; `make fuzz` does all of it."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from tests import servers
from tests.fuzz import requests, rules
from tests.fuzz.served import serving_live

QUIET = lambda _done, _found: None  # noqa: E731  # says nothing


def test_rules_of_every_sort_come_and_none_is_a_fault() -> None:
    found = rules.run(20261126, 4_000, QUIET)
    assert found.total() == 4_000
    assert {"refused", "faulty", "evaluated"} == {name for name, number in found.items() if number > 100}


def test_the_same_seed_gives_the_same_rules() -> None:
    assert rules.run(7, 200, QUIET) == rules.run(7, 200, QUIET)


def test_no_request_is_answered_with_a_fault(
    redis_server: servers.Redis, clean_redis: object, tables: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "uvicorn.error")  # it tells each request that is no HTTP
    with serving_live(redis_server.url, tables) as served:
        found: Counter[str] = requests.run(20261126, 1_500, served, QUIET)
    assert found["200"] > 50, "some of them are taken"
    assert found["422"] > 50
    assert found["404"] > 50
