"""LiteRT on the host: without delegates, layer by layer, and refusing what it cannot run."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError, MissingDependencyError
from edgel3_deploy.reference.interpreter import layer_outputs, open_interpreter, run_all, run_real


def test_no_delegate_takes_part(tiny_tflite: bytes) -> None:
    operators = open_interpreter(tiny_tflite)._get_ops_details()
    assert [operator["op_name"] for operator in operators].count("CONV_2D") == 8
    assert "DELEGATE" not in {operator["op_name"] for operator in operators}


def test_every_window_has_its_own_output(tiny_tflite: bytes, inputs: np.ndarray) -> None:
    outputs = run_all(tiny_tflite, inputs)
    assert (outputs.shape, outputs.dtype) == ((6, 8), np.int8)
    np.testing.assert_array_equal(run_all(tiny_tflite, inputs[3:4])[0], outputs[3])
    assert run_all(tiny_tflite, inputs[:0]).shape == (0, 8)


def test_layers_lead_to_the_output(tiny_tflite: bytes, inputs: np.ndarray) -> None:
    layers = layer_outputs(tiny_tflite, inputs[0])
    assert [layer.shape[1:] for layer in layers] == [
        (64, 50, 4), (64, 50, 4), (32, 25, 4),
        (32, 25, 4), (32, 25, 4), (16, 12, 4),
        (16, 12, 8), (16, 12, 8), (8, 6, 8),
        (8, 6, 8), (8, 6, 8), (1, 1, 8),
        (8,),
    ]  # fmt: skip
    np.testing.assert_array_equal(layers[-1], run_all(tiny_tflite, inputs[:1]))
    np.testing.assert_array_equal(layers[-1][0], layers[10][0].max(axis=(0, 1)))


def test_real_numbers_pass_through_the_model_s_quantization(tiny_tflite: bytes, inputs: np.ndarray) -> None:
    interpreter = open_interpreter(tiny_tflite)
    scale, zero_point = interpreter.get_input_details()[0]["quantization"]
    real = ((inputs.astype(np.float32) - zero_point) * scale).astype(np.float32)
    output_scale, output_zero_point = interpreter.get_output_details()[0]["quantization"]
    expected = (run_all(tiny_tflite, inputs).astype(np.float32) - output_zero_point) * output_scale
    np.testing.assert_allclose(run_real(tiny_tflite, real), expected, rtol=1e-6)


@pytest.mark.parametrize("model", [b"", b"junk", bytes(1000), b"\x20\0\0\0TFL3" + bytes(100)])
def test_bytes_that_are_no_model_are_refused(model: bytes) -> None:
    with pytest.raises(BadInputError):
        open_interpreter(model)


def test_a_truncated_model_is_refused(tiny_tflite: bytes) -> None:
    with pytest.raises(BadInputError):
        open_interpreter(tiny_tflite[: len(tiny_tflite) // 2])


@pytest.mark.parametrize("shape", [(1, 64, 51, 1), (1, 50, 64, 1)])
def test_inputs_of_another_shape_are_refused(tiny_tflite: bytes, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match=r"int8 \(64, 50, 1\)"):
        run_all(tiny_tflite, np.zeros(shape, np.int8))


def test_without_any_interpreter_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ai_edge_litert", "tflite_runtime", "tensorflow.lite.python"):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setitem(sys.modules, f"{module}.interpreter", None)
    with pytest.raises(MissingDependencyError) as caught:
        open_interpreter(b"")
    assert "ai-edge-litert" in caught.value.hint
