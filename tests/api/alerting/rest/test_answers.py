"""The shapes of the answers."""

from __future__ import annotations

import msgspec
import pytest

from api.alerting.rest.answers import ANSWERS
from api.alerting.rest.examples import EXAMPLES


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
def test_every_answer_has_an_example_that_is_one(kind: type[msgspec.Struct]) -> None:
    example = EXAMPLES[kind.__name__]
    assert msgspec.to_builtins(msgspec.convert(example, kind)) == example


def test_no_answer_has_room_for_a_secret() -> None:
    names = {field for kind in ANSWERS for field in kind.__struct_fields__}
    assert not names & {"secrets", "keys", "token", "password", "routing_key"}
