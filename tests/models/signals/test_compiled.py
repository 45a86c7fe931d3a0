"""Compiled functions say what the plain ones say."""

from __future__ import annotations

from typing import Any

import pytest

from models.signals.moves import bounded, move


@pytest.mark.parametrize("function", [move, bounded], ids=["move", "bounded"])
def test_the_plain_function_stays_within_reach(function: Any) -> None:
    arguments = (3.5, 2.0, False) if function is move else (3.5,)
    assert function.py_func(*arguments) == function(*arguments)
    assert function.__name__ == function.py_func.__name__
