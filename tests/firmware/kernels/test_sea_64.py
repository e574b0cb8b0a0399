"""The published sea-64 weights: every kernel the checker allows gives TFLite's tensors, layer by layer."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Conv2D, MaxPool2D, Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.plan.bounds import exact, requantize_form
from edgel3_deploy.plan.packed import RequantizeForm
from edgel3_deploy.quantize.quantize import quantize
from edgel3_deploy.reference.tflm import run_all
from tests.firmware.kernels.calls import Call, Int8Array, Kernel
from tests.firmware.kernels.host import HostKernels
from tests.firmware.kernels.target import run_on_target
from tests.reference.litert import layer_outputs

KERNELS: tuple[Kernel, ...] = ("f44", "f22", "direct", "mono")


@pytest.fixture(scope="module")
def model(sea_64_weights: Path, clips: Path) -> bytes:
    """The int8 model, calibrated on real recordings."""
    return quantize(read_weights(sea_64_weights), calibration=[clips]).tflite


@pytest.fixture(scope="module")
def activations(model: bytes) -> tuple[Network, Int8Array, list[Int8Array]]:
    """The network, a window of noise, and LiteRT's output of every operator for it."""
    network = read_network(model)
    window = np.random.default_rng(6).normal(-10, 50, network.input.shape).clip(-128, 127).astype(np.int8)
    return network, window, layer_outputs(model, window)


def _convolutions(
    activations: tuple[Network, Int8Array, list[Int8Array]],
) -> list[tuple[Conv2D, MaxPool2D | None, Int8Array, Int8Array]]:
    """Each convolution, the 2x2 pooling behind it if any, its input and the output of the last of them."""
    network, window, outputs = activations
    inputs = [window, *outputs[:-1]]
    result = []
    for (index, layer), (_, after) in pairwise(enumerate(network.layers)):
        if isinstance(layer, Conv2D):
            pool = after if isinstance(after, MaxPool2D) and after.window == (2, 2) else None
            shaped = inputs[index].reshape(layer.input.shape)
            result.append((layer, pool, shaped, outputs[index + (pool is not None)]))
    return result


@pytest.mark.slow
def test_portable_twins_equal_litert(
    host_kernels: HostKernels, activations: tuple[Network, Int8Array, list[Int8Array]]
) -> None:
    for layer, pool, values, expected in _convolutions(activations):
        assert requantize_form(layer) is RequantizeForm.RECTIFIED
        allowed = [kernel for kernel in KERNELS if exact(kernel, layer)]
        assert "f44" in allowed
        for kernel in allowed:
            if pool is not None and kernel == "direct":
                continue
            call = Call(
                layer, kernel, requantize_form(layer), stored=2, blocks=2, strip=2, pooled=pool is not None
            )
            output = host_kernels.run(call, values)
            np.testing.assert_array_equal(
                output, expected.reshape(call.output_shape), err_msg=f"{layer.name} {kernel}"
            )


@pytest.mark.slow
def test_target_equals_litert_and_tflite_micro(
    arm_gcc: Path,
    qemu: Path,
    tmp_path: Path,
    model: bytes,
    activations: tuple[Network, Int8Array, list[Int8Array]],
) -> None:
    _, window, outputs = activations
    np.testing.assert_array_equal(run_all(model, window[np.newaxis])[0], outputs[-1].reshape(-1))
    calls, expected = [], []
    for layer, pool, values, output in _convolutions(activations)[:4]:
        kernel: Kernel = "mono" if layer.input.shape[2] == 1 else "f44"
        calls.append((Call(layer, kernel, requantize_form(layer), blocks=2, pooled=pool is not None), values))
        expected.append(output)
    for result, (call, _), output in zip(
        run_on_target(arm_gcc, qemu, tmp_path, calls), calls, expected, strict=True
    ):
        np.testing.assert_array_equal(
            result.output, output.reshape(call.output_shape), err_msg=call.layer.name
        )
