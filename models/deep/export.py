"""A taught network as one ONNX file that needs nothing else, and what the network itself said."""

from __future__ import annotations

import io
import logging
import warnings
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from models.registry.manifest import Kind

OPSET: Final = 20
INPUT: Final[dict[Kind, str]] = {"forecast": "window", "anomaly": "row"}
OUTPUTS: Final[dict[Kind, tuple[str, ...]]] = {"forecast": ("quantiles",), "anomaly": ("reconstruction", "surprise")}

Singles = npt.NDArray[np.float32]


class Exported(NamedTuple):
    """A model's file.

    Attributes:
        raw: its bytes.
        opset: version of ONNX's operators that it asks for.
        inputs: their shapes by name; `B` is any number.
        outputs: likewise.
    """

    raw: bytes
    opset: int
    inputs: dict[str, list[str | int]]
    outputs: dict[str, list[str | int]]


def export(model: nn.Module, kind: Kind, given: Tensor) -> Exported:
    """The network as ONNX: weights inside, batch free, no notes of where it was made.

    Args:
        model: taught; it is put into its state of being asked.
        kind: what it is for.
        given: a few of its inputs, float32[n >= 2, ...]; they lend their shape only.
    """
    model = model.cpu().eval()
    program = _exported(model, kind, given)
    made = _bare(program.model_proto)
    onnx.checker.check_model(made, full_check=True)
    opset = next(one.version for one in made.opset_import if one.domain in {"", "ai.onnx"})
    raw = made.SerializeToString(deterministic=True)
    return Exported(raw, int(opset), _shapes(made.graph.input), _shapes(made.graph.output))


def _shapes(values: Any) -> dict[str, list[str | int]]:
    dims = {one.name: one.type.tensor_type.shape.dim for one in values}
    return {name: [dim.dim_param or int(dim.dim_value) for dim in shape] for name, shape in dims.items()}


def apart(exported: Exported, wanted: dict[str, Singles], given: Tensor) -> float:
    """How far the file's answers are from the network's at most, relative above one.

    Args:
        exported: the file.
        wanted: what the network said of the inputs, as `said`.
        given: the inputs, asked all at once.
    """
    session = ort.InferenceSession(exported.raw, providers=["CPUExecutionProvider"])
    here = session.run(list(wanted), {next(iter(exported.inputs)): given.cpu().numpy()})
    pairs = zip(here, wanted.values(), strict=True)
    return max(float((np.abs(one - other) / np.maximum(np.abs(other), 1.0)).max()) for one, other in pairs)


def _exported(model: nn.Module, kind: Kind, given: Tensor) -> Any:
    """The program for ONNX; what torch says of its own insides meanwhile is not for our reader."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.onnx.export(
            model, (given[:2].cpu(),), dynamo=True, external_data=False, opset_version=OPSET, verbose=False,
            input_names=[INPUT[kind]], output_names=list(OUTPUTS[kind]), dynamic_shapes=({0: torch.export.Dim("B")},),
        )  # fmt: skip


def said(model: nn.Module, kind: Kind, given: Tensor) -> dict[str, Singles]:
    """What the network says of inputs, by the names of its outputs."""
    model = model.cpu().eval()
    with torch.no_grad():
        answer = model(given.cpu())
    answers = (answer,) if kind == "forecast" else tuple(answer)
    return {name: one.numpy() for name, one in zip(OUTPUTS[kind], answers, strict=True)}


def packed(arrays: dict[str, Singles]) -> bytes:
    """As a file of arrays; windows that follow each other share rows, so they take little room."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _bare(model: Any) -> Any:
    """Without stack traces: they hold paths of the machine that exported it."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input,
                 *model.graph.output, *model.graph.initializer, *model.functions):  # fmt: skip
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for function in model.functions:
        for node in function.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
    return model
