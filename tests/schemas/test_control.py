"""A control is plain data."""

from __future__ import annotations

import pickle

from schemas.bars import NEVER
from schemas.control import NOTE, Control


def test_a_control_is_a_tuple_that_goes_between_processes() -> None:
    control = Control(NOTE, "desk", "rates meeting", "us")
    assert control.at_us == NEVER
    assert Control(*tuple(control._replace(at_us=5))).at_us == 5
    assert pickle.loads(pickle.dumps(control)) == control
