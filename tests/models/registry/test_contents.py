"""Files are weighed before a runtime sees them: nothing from outside, in whatever corner it is asked for."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from models.registry.contents import check_self_contained
from models.registry.refusals import ModelRefusedError
from tests.models import onnx_made

GOOD = onnx_made.lstm(12, hidden=4, layers=1).SerializeToString()


def reason(raw: bytes) -> str:
    with pytest.raises(ModelRefusedError) as caught:
        check_self_contained(raw, "model.onnx")
    return f"{caught.value.reason}: {caught.value.text}"


def outside(tensor: TensorProto) -> TensorProto:
    """The same with its weights in another file."""
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def changed() -> ModelProto:
    return onnx.load_from_string(GOOD)


@pytest.mark.parametrize("made", [onnx_made.lstm(5), onnx_made.transformer(5), onnx_made.autoencoder(5)])
def test_models_of_ours_ask_for_nothing(made: ModelProto) -> None:
    onnx.checker.check_model(made)
    check_self_contained(made.SerializeToString(), "model.onnx")


def test_weights_in_another_file_are_found_wherever_they_hide() -> None:
    one = changed()
    outside(one.graph.initializer[2])
    assert "unsafe" in reason(one.SerializeToString())
    two = changed()
    constant = helper.make_node("Constant", [], ["c"], value=outside(numpy_helper.from_array(np.ones(3), "w")))
    two.graph.node.append(constant)
    assert "weights in another file" in reason(two.SerializeToString())
    three = changed()
    inner = helper.make_graph([constant], "then", [], [])
    nested = helper.make_graph(
        [helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)], "g", [], []
    )
    three.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=nested))
    assert "weights in another file" in reason(three.SerializeToString())
    four = changed()
    sparse = helper.make_sparse_tensor(
        outside(numpy_helper.from_array(np.ones(1, np.float32), "s")),
        numpy_helper.from_array(np.zeros(1, np.int64)),
        [4],
    )
    four.graph.sparse_initializer.append(sparse)
    assert "weights in another file" in reason(four.SerializeToString())


def test_operators_of_others_are_code_of_others() -> None:
    one = changed()
    one.graph.node.append(helper.make_node("Fetch", ["window"], ["z"], domain="com.example"))
    assert "com.example:Fetch" in reason(one.SerializeToString())


@pytest.mark.parametrize("loop", ["Loop", "Scan", "SequenceMap"])
def test_loops_are_found_within_branches_too(loop: str) -> None:
    one = changed()
    inside = helper.make_graph([helper.make_node(loop, ["x"], ["y"])], "inside", [], [])
    one.graph.node.append(helper.make_node("If", ["window"], ["z"], then_branch=inside))
    assert f"asks for a {loop}" in reason(one.SerializeToString())


def test_functions_within_the_model_may_be_called_and_are_looked_into() -> None:
    one = changed()
    body = [helper.make_node("Relu", ["x"], ["y"])]
    one.functions.append(helper.make_function("local", "Own", ["x"], ["y"], body, one.opset_import))
    one.graph.node.append(helper.make_node("Own", ["window"], ["z"], domain="local"))
    check_self_contained(one.SerializeToString(), "model.onnx")
    one.functions[0].node.append(helper.make_node("Fetch", ["x"], ["z"], domain="com.example"))
    assert "com.example:Fetch" in reason(one.SerializeToString())


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"\x00" * 99, GOOD[:-9], GOOD[:300]])
def test_what_is_no_model_is_named(raw: bytes) -> None:
    assert reason(raw).startswith("unreadable: model.onnx is no ONNX model")


@given(st.binary(max_size=300) | st.tuples(st.integers(0, len(GOOD) - 1), st.binary(max_size=9)).map(
    lambda cut: GOOD[: cut[0]] + cut[1] + GOOD[cut[0] :]
))  # fmt: skip
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with suppress(ModelRefusedError):
        check_self_contained(raw, "model.onnx")
