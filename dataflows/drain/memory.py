"""Reading memory by address and calling C functions by address, inside compiled loops.

Addresses are arguments, never constants, so that what is compiled can be cached on disk between starts.
"""

# numba's extension interface has no types
# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc,call-arg,attr-defined"
from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_BYTE = ir.IntType(8).as_pointer()
_WORD = ir.IntType(64)


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


def _load(bits):
    """What generates a load of so many bits at an address, which need not be aligned."""

    def generate(_context, builder, _signature, args):
        return builder.load(builder.inttoptr(args[0], ir.IntType(bits).as_pointer()), align=1)

    return generate


@intrinsic
def byte(_context, address):
    """The byte at an address, as int64. No array is made of it: to count its holders takes longer than the read."""

    def generate(context, builder, signature, args):
        return builder.zext(_load(8)(context, builder, signature, args), _WORD)

    return types.int64(address), generate


@intrinsic
def word(_context, address):
    """The signed 64-bit word at an address."""
    return types.int64(address), _load(64)


@intrinsic
def half_word(_context, address):
    """The signed 32-bit word at an address."""
    return types.int32(address), _load(32)


@njit(cache=True)
def equal(first, second, length):
    """Whether so many bytes are equal at two addresses."""
    k = 0
    while k < length and byte(first + k) == byte(second + k):
        k += 1
    return k == length


@njit(cache=True)
def destroy(messages, function):
    """Gives messages back to librdkafka; `function` is the address of `rd_kafka_message_destroy`."""
    for row in range(messages.shape[0]):
        call_with_message(function, messages[row])
