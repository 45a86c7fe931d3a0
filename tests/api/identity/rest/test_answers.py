"""Examples are what the answers' types say."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from api.identity.rest import answers
from api.identity.scopes import LOCAL


@pytest.mark.parametrize("kind", answers.ANSWERS, ids=lambda kind: kind.__name__)
def test_examples_fit(kind: type[msgspec.Struct]) -> None:
    assert msgspec.convert(answers.EXAMPLES[kind.__name__], kind, strict=True)


def test_times_are_utc() -> None:
    assert answers.spelled(None) is None
    assert answers.spelled(0) == "1970-01-01T00:00:00.000Z"
    assert answers.spelled(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
    assert answers.session_answer(LOCAL).local
