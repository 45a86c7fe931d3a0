"""One file of ONNX that says what the network said, for any batch, without notes of where it was made."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import numpy as np
import torch

pytest.importorskip("onnxscript", reason="onnxscript is not installed: make test-train")

import onnxruntime as ort

from models.deep.catalogue import NETWORKS, Examples
from models.deep.export import INPUT, OPSET, OUTPUTS, apart, export, packed, said
from models.registry.contents import check_self_contained


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_says_what_torch_said(name: str) -> None:
    network = NETWORKS[name]
    torch.manual_seed(5)
    inputs = torch.randn((70, 50, 6) if network.kind == "forecast" else (70, 6))
    model = network.build(Examples(inputs, torch.randn(70)))
    for one in model.parameters():
        one.data.add_(0.1 * torch.randn_like(one))
    exported = export(model, network.kind, inputs)
    check_self_contained(exported.raw, name)
    session = ort.InferenceSession(exported.raw, providers=["CPUExecutionProvider"])
    there = said(model, network.kind, inputs)
    for batch in (1, 2, 70):
        here = session.run(list(OUTPUTS[network.kind]), {INPUT[network.kind]: inputs[:batch].numpy()})
        for wanted, found in zip(there.values(), here, strict=True):
            assert (np.abs(found - wanted[:batch]) <= 1e-5 * np.maximum(1, np.abs(wanted[:batch]))).all()
    assert exported.opset == OPSET
    assert exported.inputs == {INPUT[network.kind]: ["B", *inputs.shape[1:]]}
    assert list(exported.outputs) == list(OUTPUTS[network.kind])
    assert apart(exported, there, inputs) <= 1e-5
    assert apart(exported, {name: one + 1 for name, one in there.items()}, inputs) > 0.1
    assert b".py" not in exported.raw


def test_windows_that_follow_each_other_take_little_room() -> None:
    history = np.random.default_rng(1).standard_normal((250, 6)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(history, 50, axis=0).transpose(0, 2, 1)
    assert len(packed({"gate_window": windows})) < windows.nbytes / 5
