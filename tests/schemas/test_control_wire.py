"""Control records: each kind comes back, each fault is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.bars import NEVER
from schemas.control import MARKET_CHANGED, MODEL_PROMOTED, NOTE, Control
from schemas.control_wire import decode_control, encode_control
from schemas.rejects import Reason, UnreadableError

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,31}", fullmatch=True)
TEXTS = st.text(min_size=1, max_size=500).filter(str.isprintable)
EDITIONS = st.from_regex(r"[a-z][a-z0-9-]{0,9}@[1-9][0-9]{0,3}", fullmatch=True)
CONTROLS = st.one_of(
    st.builds(Control, st.just(NOTE), NAMES, TEXTS, st.none() | NAMES, st.just(NEVER)),
    st.builds(Control, st.just(MODEL_PROMOTED), NAMES, NAMES, st.none() | NAMES, st.just(NEVER)),
    st.builds(Control, st.just(MARKET_CHANGED), NAMES, EDITIONS, st.none() | NAMES, st.just(NEVER)),
)


@settings(max_examples=100, deadline=None)
@given(CONTROLS)
def test_controls_come_back(control: Control) -> None:
    assert decode_control(encode_control(control)) == control


def test_the_wire_is_for_people() -> None:
    promoted = Control(MODEL_PROMOTED, "lstm", "2026-11-26.1", "us")
    assert encode_control(promoted) == b'{"kind":"model_promoted","market":"us","name":"lstm","version":"2026-11-26.1"}'
    assert decode_control(b'{"kind":"note","value":"hello"}') == Control(NOTE, NOTE, "hello")


@pytest.mark.parametrize(
    ("raw", "reason", "said"),
    [
        (b"[]", Reason.WRONG_TYPE, "object"),
        (b"{", Reason.MALFORMED, ""),
        (b"{}", Reason.WRONG_TYPE, "kind"),
        (b'{"kind":"dance"}', Reason.UNKNOWN_KIND, "'dance' is none of note, model_promoted, market_changed"),
        (b'{"kind":"model_promoted","name":"lstm"}', Reason.BAD_CONTROL, "version is None"),
        (b'{"kind":"model_promoted","version":"1"}', Reason.BAD_CONTROL, "name is None"),
        (b'{"kind":"model_promoted","name":"../x","version":"1"}', Reason.BAD_CONTROL, "name is '../x'"),
        (b'{"kind":"model_promoted","name":"x","version":"1 2"}', Reason.BAD_CONTROL, "version is '1 2'"),
        (b'{"kind":"model_promoted","name":"x","version":1}', Reason.WRONG_TYPE, "version"),
        (b'{"kind":"model_promoted","name":"x","version":"1\\n"}', Reason.BAD_CONTROL, "version"),
        (b'{"kind":"market_changed","name":"us"}', Reason.BAD_CONTROL, "version is None"),
        (b'{"kind":"market_changed","name":"us","version":"us"}', Reason.BAD_CONTROL, "such as us@2"),
        (b'{"kind":"market_changed","name":"us","version":"us@0"}', Reason.BAD_CONTROL, "such as us@2"),
        (b'{"kind":"note"}', Reason.BAD_CONTROL, "value is None"),
        (b'{"kind":"note","value":""}', Reason.BAD_CONTROL, "1 to 500 printable"),
        (b'{"kind":"note","value":"a\\u0000"}', Reason.BAD_CONTROL, "printable"),
        (b'{"kind":"note","value":"' + b"x" * 501 + b'"}', Reason.BAD_CONTROL, "1 to 500"),
        (b'{"kind":"note","value":"a"}\n{"kind":"note","value":"b"}', Reason.MALFORMED, "2 objects"),
    ],
)
def test_each_fault_has_its_reason_and_says_what_is_wanted(raw: bytes, reason: Reason, said: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode_control(raw)
    assert caught.value.reason is reason
    assert said in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes_are_no_control(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_control(raw)
