"""What all receivers have in common."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.alerting.receivers import KINDS, UnknownKindError, receiver_of
from api.alerting.receivers.base import Answer, clipped, judged
from tests.api.alerting.conftest import WHSEC


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "sent"), (202, "sent"), (204, "sent"), (301, "never"), (307, "never"), (400, "never"), (401, "never"),
        (404, "never"), (410, "never"), (408, "again"), (425, "again"), (429, "again"), (500, "again"), (502, "again"),
        (503, "again"), (504, "again"), (501, "never"),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, verdict: str) -> None:
    outcome = judged(Answer(status, {"retry-after": "7"}, b"words"))
    assert outcome.verdict == verdict
    assert outcome.wait_s == (7.0 if verdict == "again" else None)
    assert outcome.status == status


def test_a_redirect_says_what_to_do() -> None:
    assert "give the address that it points to" in judged(Answer(302, {}, b"")).fault


@pytest.mark.parametrize("kind", KINDS)
def test_every_secret_is_a_field_that_is_not_shown(kind: str) -> None:
    assert set(KINDS[kind].model_fields) >= KINDS[kind].SECRET
    assert KINDS[kind].SECRET, "each of them is let in by something"


def test_secrets_are_in_no_answer_and_no_complaint() -> None:
    made = receiver_of({"kind": "webhook", "url": "https://example.org", "keys": [WHSEC]})
    assert made.secrets() == {"keys": [WHSEC]}
    assert "keys" not in made.public()
    assert WHSEC not in repr(made)
    with pytest.raises(ValidationError) as caught:
        receiver_of({"kind": "pagerduty", "routing_key": "too-short-secret"})
    assert "too-short-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"title": "{{ title"}, "line 1"),
        ({"text": "{{ 'x' * 9 }}"}, "mul is not available"),
        ({"per_minute": 0}, "greater than 0"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
        ({"url": "https://example.org/\r\nX: y"}, "control characters"),
        ({"markets": ["no market"]}, "should match pattern"),
    ],
)
def test_what_cannot_be_is_told(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        receiver_of({"kind": "webhook", "url": "https://example.org", "keys": [WHSEC]} | settings)


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    for kind in ("pigeon", None, 3):
        with pytest.raises(UnknownKindError, match="webhook, slack, mail"):
            receiver_of({"kind": kind})


def test_long_texts_are_clipped() -> None:
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abc", 4) == "abc"
