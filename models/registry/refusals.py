"""Why a model stays out: one word for logs and metrics, one sentence for people."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What may be wrong with a model."""

    MISSING = "missing"
    """Its folder, or one of the files, is not there (half written, or deleted)."""

    UNREADABLE = "unreadable"
    """A file is there, and is not what such a file is."""

    WRONG_HASH = "wrong_hash"
    """A file is not the one that the manifest was written for."""

    OVERSIZED = "oversized"
    """A file is larger than any model of ours."""

    WRONG_SCHEMA = "wrong_schema"
    """It was trained on other features."""

    WRONG_MARKET = "wrong_market"
    """It was trained for another market, horizon or purpose."""

    UNSAFE = "unsafe"
    """It wants files beside it, or operators that ONNX Runtime does not bring."""

    WRONG_SIGNATURE = "wrong_signature"
    """Its inputs or outputs are not those of its kind."""

    FAILED = "failed"
    """ONNX Runtime could not load or run it."""

    NOT_FINITE = "not_finite"
    """It says NaN or infinity."""

    NOT_ITSELF = "not_itself"
    """It does not say here what it said where it was exported."""

    TOO_SLOW = "too_slow"
    """One reading would have to wait for it."""

    WORSE = "worse"
    """It loses to the champion on the gate set."""


class ModelRefusedError(Exception):
    """A model that stays out.

    Attributes:
        reason: the word.
        text: the sentence: what is wrong with which model, and what to do.
    """

    def __init__(self, reason: Refusal, text: str) -> None:
        self.reason, self.text = reason, text
        super().__init__(f"{reason}: {text}")
