"""Tables for the API that is fuzzed."""

from __future__ import annotations

from tests.api.alerting.conftest import tables

__all__ = ["tables"]
