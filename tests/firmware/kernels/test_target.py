"""The assembly and intrinsic paths on an emulated Cortex-M7 give TFLite's output, element by element."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.graph.ir import FullyConnected, Requantize, Tensor
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.bounds import exact, requantize_form
from edgel3_deploy.plan.pack_direct import pack_fully_connected
from tests.firmware.kernels.calls import Call, Int8Array, Kernel, random_input, random_layer
from tests.firmware.kernels.target import array, run_cases, run_on_target

Calls = list[tuple[Call, Int8Array]]


def _calls(rng: np.random.Generator) -> Calls:
    """Channel counts around every unrolling and specialised stride, odd sizes, all forms and storages."""
    calls: Calls = []

    def add(by: Any, shape: tuple[int, int, int], channels: int, **options: Any) -> None:
        names = ("stored", "blocks", "strip", "pooled", "resident", "apart")
        of_call = {key: options.pop(key) for key in names if key in options}
        layer = random_layer(rng, shape, channels, **options)
        assert exact(by, layer)
        calls.append((Call(layer, by, requantize_form(layer), **of_call), random_input(rng, layer)))

    for depth in (3, 16, 20, 32, 48, 64, 96, 128, 160):
        for stored in (0, 2, 6):
            add("f44", (9, 7, depth), 6, stored=stored, blocks=2)
            add("f22", (5, 6, depth), 6, stored=stored, input_zero_point=7)
    for stored, resident in ((0, 2), (2, 2), (0, 5), (2, 3)):
        for by in ("f44", "f22"):
            add(by, (9, 7, 20), 5, stored=stored, resident=resident, blocks=2, apart=resident == 2)
    for pooled in (False, True):
        for strip in (0, 1, 2):
            add("f44", (13, 10, 32), 4, pooled=pooled, strip=strip)
            add("f22", (13, 11, 32), 3, pooled=pooled, strip=strip)
    for kernel in ("f44", "f22", "direct"):
        add(kernel, (8, 8, 16), 4, output_zero_point=11, clamp=(-60, 100))
    for stride in ((1, 1), (2, 2), (1, 3)):
        add("direct", (9, 8, 12), 5, stride=stride, input_zero_point=-3)
        add("direct", (5, 6, 7), 6, stride=stride, kernel=(1, 1))
        add("direct", (7, 9, 1), 3, stride=stride, kernel=(5, 2))
    for width in (1, 2, 3, 4, 5, 50):
        add("mono", (6, width, 1), 4)
        add("mono", (5, width, 1), 3, input_zero_point=9, output_zero_point=0)
    return calls


@pytest.mark.parametrize(
    "flags", [(), ("-DEDGEL3_PORTABLE",), ("-DEDGEL3_GEMM_PAIRED=0",)], ids=["m7", "portable", "single"]
)
def test_equals_tflite(arm_gcc: Path, qemu: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    calls = _calls(np.random.default_rng(3))
    for (call, values), result in zip(
        calls, run_on_target(arm_gcc, qemu, tmp_path, calls, flags), strict=True
    ):
        np.testing.assert_array_equal(result.output, call.expected(values), err_msg=str(call))


@pytest.mark.parametrize("extreme", [(127, 127), (127, -128), (-127, 127), (-127, -128)])
def test_extremes_equal_tflite(arm_gcc: Path, qemu: Path, tmp_path: Path, extreme: tuple[int, int]) -> None:
    """All weights and all inputs at their limits, as many channels as F(4x4) is exact for."""
    weight, value = extreme
    rng = np.random.default_rng(4)
    calls: Calls = []
    depths: dict[Kernel, int] = {"f44": 112, "f22": 112, "direct": 112, "mono": 1}
    for kernel, depth in depths.items():
        layer = random_layer(rng, (8, 8, depth), 2, input_zero_point=-value - 1)
        layer.weights[:] = weight
        assert exact(kernel, layer)
        values = np.full(layer.input.shape, value, np.int8)
        calls.append((Call(layer, kernel, requantize_form(layer)), values))
    for (call, values), result in zip(calls, run_on_target(arm_gcc, qemu, tmp_path, calls), strict=True):
        np.testing.assert_array_equal(result.output, call.expected(values), err_msg=str(call))


POOLING = """
#include "cases.h"
#include "edgel3_kernels.h"
{data}
static int8_t pooled[{height} / 2 * ({width} / 2) * {channels}], most[{channels}], running[{channels}];
static const edgel3_map_t input = {{(int8_t *)(uintptr_t)map, {height}, {height}, {width}, {channels}}};
static const edgel3_map_t output = {{pooled, {height} / 2, {height} / 2, {width} / 2, {channels}}};
static void by_windows(void) {{ edgel3_max_pool_2x2(&input, &output, 0, {height} / 2); }}
static void by_map(void) {{ edgel3_max_pool_global(&input, most); }}
static void by_rows(void)
{{
    for (int32_t row = 0; row < {height}; row++) {{
        edgel3_max_pool_global_rows(&input, running, row, row + 1);
    }}
}}
const case_t cases[] = {{{{"2x2", by_windows, pooled, sizeof pooled}},
    {{"global", by_map, most, sizeof most}}, {{"rows", by_rows, running, sizeof running}}}};
const uint32_t case_count = 3;
"""


@pytest.mark.parametrize("channels", [3, 32])
def test_pooling_takes_the_maximum(arm_gcc: Path, qemu: Path, tmp_path: Path, channels: int) -> None:
    values = np.random.default_rng(7).integers(-128, 128, (7, 9, channels), dtype=np.int8)
    cases = POOLING.format(data=array("map", values), height=7, width=9, channels=channels)
    windows, whole, rows = run_cases(arm_gcc, qemu, tmp_path, cases)[:3]
    expected = values[:6, :8].reshape(3, 2, 4, 2, channels).max(axis=(1, 3))
    assert windows.split()[2] == expected.tobytes().hex()
    assert whole.split()[2] == rows.split()[2] == values.max(axis=(0, 1)).tobytes().hex()


FULLY_CONNECTED = """
#include "cases.h"
#include "edgel3_kernels.h"
{data}
static int8_t output[{outputs}];
static uint32_t scratch[{features}];
static const edgel3_conv_t layer = {{.weights = weights,
    .channels = (const edgel3_channel_t *)(const void *)channels, .output_zero_point = 3,
    .activation_min = -128, .activation_max = 127, .requantize = {form}}};
static void run(void) {{ edgel3_fully_connected(&layer, input, {features}, output, {outputs}, scratch); }}
const case_t cases[] = {{{{"fully_connected", run, output, sizeof output}}}};
const uint32_t case_count = 1;
"""


@pytest.mark.parametrize(("features", "outputs"), [(37, 6), (64, 9)])
def test_fully_connected_equals_tflite(
    arm_gcc: Path, qemu: Path, tmp_path: Path, features: int, outputs: int
) -> None:
    rng = np.random.default_rng(8)
    layer = FullyConnected(
        *(0, "fc", "fc"),
        input=Tensor(0, "in", (features,), 1.0, -9),
        output=Tensor(1, "out", (outputs,), 1.0, 3),
        weights=rng.integers(-127, 128, (outputs, features), dtype=np.int8),
        bias=rng.integers(-3000, 3000, outputs, dtype=np.int32),
        requantize=Requantize(np.full(outputs, 1 << 30, np.int32), np.full(outputs, -8, np.int32)),
        activation_min=-128,
        activation_max=127,
    )
    values = random_input(rng, layer)
    packed = pack_fully_connected(layer, requantize_form(layer))
    constants = [array("weights", packed.weights), array("channels", packed.channels)]
    data = "\n".join([*constants, array("input", values)])
    cases = FULLY_CONNECTED.format(
        data=data, features=features, outputs=outputs, form=int(requantize_form(layer))
    )
    (line, *_) = run_cases(arm_gcc, qemu, tmp_path, cases)
    assert line.split()[2] == run_layer(layer, values).tobytes().hex()
