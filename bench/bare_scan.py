"""The least that a single JSON tick needs: a compiled scan that trusts its input, as the limit beside the fast lane."""

# compiled by numba, which needs no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined"

from __future__ import annotations

import numpy as np
from numba import njit

from dataflows.drain.memory import half_word, octets, word
from dataflows.drain.scan import ERROR, LENGTH, PAYLOAD


@njit(cache=True)
def _number(b, i):
    whole, scale = 0, 1.0
    while 48 <= b[i] <= 57:
        whole, i = whole * 10 + (b[i] - 48), i + 1
    if b[i] == 46:
        i += 1
        while 48 <= b[i] <= 57:
            whole, scale, i = whole * 10 + (b[i] - 48), scale * 10.0, i + 1
    return whole / scale, whole, i


@njit(cache=True)
def bare_scan(messages, code, ts_us, price, size):
    """`{"instrument":"I007","ts_us":1,"price":1.5,"size":2.0}` and nothing else; returns how many there were."""
    found = 0
    for row in range(messages.shape[0]):
        message = messages[row]
        length = np.int64(word(message + np.uint64(LENGTH)))
        b = octets(word(message + np.uint64(PAYLOAD)), length)
        if half_word(message + np.uint64(ERROR)) != 0 or b[2] != 105:
            continue  # the time behind the ticks
        code[found] = (np.int64(b[16]) - 48) * 100 + (np.int64(b[17]) - 48) * 10 + np.int64(b[18]) - 48
        _, ts_us[found], i = _number(b, 29)
        price[found], _, i = _number(b, i + 9)
        size[found], _, i = _number(b, i + 8)
        found += 1
    return found
