"""Examples of answers."""

from __future__ import annotations

import msgspec

from api.alerting.rest.answers import ANSWERS
from api.alerting.rest.examples import EXAMPLES


def test_there_is_one_for_each_answer_and_none_for_others() -> None:
    assert set(EXAMPLES) == {kind.__name__ for kind in ANSWERS}
    assert all(msgspec.json.encode(example) for example in EXAMPLES.values())
