"""The least that a single JSON tick needs: a compiled scan that trusts its input, as the limit beside the fast lane."""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined,var-annotated"

from __future__ import annotations

from numba import njit

from dataflows.drain.memory import byte, half_word, word
from dataflows.drain.scan import ERROR, PAYLOAD


@njit(cache=True)
def _number(at):
    whole, scale = 0, 1.0
    while 48 <= byte(at) <= 57:
        whole, at = whole * 10 + (byte(at) - 48), at + 1
    if byte(at) == 46:
        at += 1
        while 48 <= byte(at) <= 57:
            whole, scale, at = whole * 10 + (byte(at) - 48), scale * 10.0, at + 1
    return whole / scale, whole, at


@njit(cache=True)
def bare_scan(messages, code, ts_us, price, size):
    """`{"instrument":"I007","ts_us":1,"price":1.5,"size":2.0}` and nothing else; returns how many there were."""
    found = 0
    for row in range(messages.shape[0]):
        at = word(messages[row] + PAYLOAD)
        if half_word(messages[row] + ERROR) != 0 or byte(at + 2) != 105:
            continue  # the time behind the ticks
        code[found] = (byte(at + 16) - 48) * 100 + (byte(at + 17) - 48) * 10 + byte(at + 18) - 48
        _, ts_us[found], at = _number(at + 29)
        price[found], _, at = _number(at + 9)
        size[found], _, at = _number(at + 8)
        found += 1
    return found
