"""Reasons are words that logs and metrics can carry."""

from __future__ import annotations

import re

from models.registry.refusals import ModelRefusedError, Refusal


def test_every_reason_is_one_word_for_a_label() -> None:
    assert all(re.fullmatch(r"[a-z_]+", reason) for reason in Refusal)


def test_an_error_says_word_and_sentence() -> None:
    error = ModelRefusedError(Refusal.WRONG_HASH, "model.onnx is another one")
    assert (error.reason, error.text) == ("wrong_hash", "model.onnx is another one")
    assert str(error) == "wrong_hash: model.onnx is another one"
