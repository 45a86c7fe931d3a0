"""What an ONNX file asks for, read from its protocol buffer alone: before any runtime sees it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from models.registry.refusals import ModelRefusedError, Refusal

OWN: Final = frozenset({"", "ai.onnx"})
"""Domains of the standard's own operators."""

LOOPS: Final = frozenset({"Loop", "Scan", "SequenceMap"})
"""Operators that go round as often as the data say: at work, where nobody can end them, perhaps for ever."""

_EXTERNAL: Final = 1
"""`TensorProto.DataLocation.EXTERNAL`: the weights lie in another file, by a path of the model's choosing."""

_FIELDS: Final = {
    "Model": {"graph": (7, "Graph"), "functions": (25, "*Function")},
    "Graph": {"node": (1, "*Node"), "initializer": (5, "*Tensor"), "sparse_initializer": (15, "*Sparse")},
    "Function": {"node": (7, "*Node"), "attribute_proto": (11, "*Attribute"), "domain": (10, "str")},
    "Node": {"op_type": (4, "str"), "attribute": (5, "*Attribute"), "domain": (7, "str")},
    "Attribute": {
        "t": (5, "Tensor"), "g": (6, "Graph"), "tensors": (10, "*Tensor"), "graphs": (11, "*Graph"),
        "sparse_tensor": (22, "Sparse"), "sparse_tensors": (23, "*Sparse"),
    },
    "Sparse": {"values": (1, "Tensor"), "indices": (2, "Tensor")},
    "Tensor": {"data_location": (14, "int32")},
}  # fmt: skip
"""The fields of onnx.proto that matter here, by number and type (`*` repeated); a reader skips all others."""


def check_self_contained(raw: bytes, origin: str) -> None:
    """Whether a model brings all that it needs and asks for nothing but operators of ONNX itself.

    Operators of other domains would be code of somebody's library; weights beside the file would be read from a path
    that the model names, and are covered by no hash. Without loops, how long it takes is bounded by how large it is.

    Raises:
        ModelRefusedError: `unsafe`, or `unreadable` where it is no ONNX model at all.
    """
    try:
        model = _class("Model").FromString(raw)
    except DecodeError as error:
        raise ModelRefusedError(Refusal.UNREADABLE, f"{origin} is no ONNX model, or was cut off: {error}") from error
    if not model.graph.node:
        raise ModelRefusedError(Refusal.UNREADABLE, f"{origin} is no ONNX model: it has no graph")
    known = OWN | {function.domain for function in model.functions}
    for part in (model.graph, *model.functions):
        for what in _asked(part, known):
            told = (
                f"{origin} asks for {what}: export it as one file of ONNX's own operators, without loops "
                "(external_data=False)"
            )
            raise ModelRefusedError(Refusal.UNSAFE, told)


def _asked(part: Any, known: frozenset[str]) -> Iterator[str]:
    """What a graph or function, and those within it, want from outside."""
    tensors = [*getattr(part, "initializer", ()), *map(_values, getattr(part, "sparse_initializer", ()))]
    graphs = []
    for node in part.node:
        if node.domain not in known:
            yield f"the operator {node.domain}:{node.op_type}"
        if node.op_type in LOOPS and node.domain in OWN:
            yield f"a {node.op_type}, which may go on for ever"
        for attribute in node.attribute:
            tensors += [attribute.t, *attribute.tensors, attribute.sparse_tensor.values]
            graphs += [attribute.g, *attribute.graphs]
    if any(tensor.data_location == _EXTERNAL for tensor in tensors):
        yield "weights in another file"
    for graph in graphs:
        yield from _asked(graph, known)


def _values(sparse: Any) -> Any:
    return sparse.values


@cache
def _class(name: str) -> Any:
    """The message class of one of the types above."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"esi.onnx.{name}"))


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="esi/onnx.proto", package="esi.onnx", syntax="proto2")
    scalars = {"str": 9, "int32": 5}
    for message, fields in _FIELDS.items():
        made = file.message_type.add(name=message)
        for name, (number, spelled) in fields.items():
            kind, label = spelled.removeprefix("*"), 3 if spelled.startswith("*") else 1
            field = made.field.add(name=name, number=number, label=label, type=scalars.get(kind, 11))
            if kind not in scalars:
                field.type_name = f".esi.onnx.{kind}"
    return file
