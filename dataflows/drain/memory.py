"""Reading memory by address and calling C functions by address, inside compiled loops.

Addresses are arguments, never constants, so that what is compiled can be cached on disk between starts.
"""

# numba's extension interface has no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined"
from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTE = ir.IntType(8).as_pointer()
_WORD = ir.IntType(64)


@intrinsic
def _pointer(_context, address):
    """The address as a pointer."""

    def generate(_target, builder, _signature, args):
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@intrinsic
def call_with_message(_context, function, message):
    """Calls `void function(message)`."""

    def generate(context, builder, _signature, args):
        kind = ir.FunctionType(ir.VoidType(), [_BYTE])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [builder.inttoptr(args[1], _BYTE)])
        return context.get_dummy_value()

    return types.void(function, message), generate


@intrinsic
def call_for_headers(_context, function, message, out):
    """Calls `int function(message, void **out)`; `out` is the address of a word."""

    def generate(_target, builder, _signature, args):
        kind = ir.FunctionType(ir.IntType(32), [_BYTE, _BYTE])
        pointers = [builder.inttoptr(arg, _BYTE) for arg in args[1:]]
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), pointers)

    return types.int32(function, message, out), generate


@intrinsic
def call_for_last_header(_context, function, headers, name, value, size):
    """Calls `int function(headers, const char *name, const void **value, size_t *size)`."""

    def generate(_target, builder, _signature, args):
        kind = ir.FunctionType(ir.IntType(32), [_BYTE] * 4)
        pointers = [builder.inttoptr(arg, _BYTE) for arg in args[1:]]
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), pointers)

    return types.int32(function, headers, name, value, size), generate


@njit(cache=True)
def octets(address, length):
    """`length` bytes at an address, uint8[length]; valid as long as the memory is."""
    return carray(_pointer(address), (length,), np.uint8)


@njit(cache=True)
def destroy(messages, function):
    """Gives messages back to librdkafka; `function` is the address of `rd_kafka_message_destroy`."""
    for row in range(messages.shape[0]):
        call_with_message(function, messages[row])


@njit(cache=True)
def word(address):
    """The 64-bit word at an address."""
    return carray(_pointer(address), (1,), np.uint64)[0]


@njit(cache=True)
def half_word(address):
    """The signed 32-bit word at an address."""
    return carray(_pointer(address), (1,), np.int32)[0]
