"""The one-channel kernel into lanes gives TFLite's output on an emulated Cortex-M7, by both of its paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Conv2D, Requantize
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.pack_mono import pack_mono
from tests.firmware.kernels.calls import Int8Array, random_input, random_layer
from tests.firmware.kernels.sparse import stride
from tests.firmware.kernels.target import array, run_cases

CASE = """
static int8_t {name}_lanes[{size}] __attribute__((aligned(8)));
static int8_t {name}_output[{outputs}];
static int8_t {name}_scratch[{scratch}] __attribute__((aligned(8)));
static void {name}(void)
{{
    static const edgel3_conv_t conv = {{.weights = {name}_weights,
        .channels = (const edgel3_channel_t *)(const void *){name}_channels, .input_zero_point = {zero_point},
        .output_zero_point = {output_zero_point}, .activation_min = -128, .activation_max = 127,
        .requantize = {form}}};
    const edgel3_map_t map = {{(int8_t *)(uintptr_t){name}_input, {height}, {height}, {width}, 1}};
    const edgel3_lanes_t lanes = {{{name}_lanes, {ring}, {rows}, {positions}, 3, {distance}, {stride}, 0}};
    const edgel3_map_t made = {{{name}_output, {made_height}, {made_height}, {made_width}, 3}};
    if (edgel3_conv_mono_lanes_scratch({positions}, {stride}) > sizeof {name}_scratch) {{
        return;
    }}
    for (int32_t row = 0; row < {rows}; row++) {{
        edgel3_conv_mono_lanes(&conv, &map, {columns}, &lanes, row, {first}, {name}_scratch);
        edgel3_map_from_lanes(&lanes, row, {columns}, &made);
    }}
}}
"""


def _case(rng: np.random.Generator, number: int) -> tuple[str, Int8Array]:
    """A map of any size, each sixth one a position wide, each other one as a strip; every fast shift."""
    shape = (int(rng.integers(2, 40)), int(rng.integers(2, 40)), 1)
    layer = random_layer(
        rng,
        shape,
        3,
        input_zero_point=int(rng.integers(-128, 128)),
        output_zero_point=-128 if number % 2 else 5,
    )
    columns = bool(rng.integers(2))
    if number % 6 == 5:
        shape = (1, shape[1], 1) if columns else (shape[0], 1, 1)
    layer = _with_shape(layer, shape)
    # Three channels each, so that four rectified cases have all shifts.
    shifts = 1 + (3 * (number // 4) + np.arange(3)) % 12
    if number % 4 < 2:
        layer = replace(layer, requantize=Requantize(layer.requantize.multiplier, -shifts.astype(np.int32)))
        sizes = np.maximum(127 >> np.maximum(10 - shifts, 0), 1)[:, np.newaxis, np.newaxis, np.newaxis]
        weights = np.clip(layer.weights, -sizes, sizes).astype(np.int8)
        layer = replace(layer, weights=weights, bias=layer.bias >> (12 - shifts))
    values = random_input(rng, layer)
    swapped = replace(layer, weights=layer.weights.transpose(0, 2, 1, 3)) if columns else layer
    packed = pack_mono(swapped, requantize_form(layer))
    rows, width = (shape[1], shape[0]) if columns else shape[:2]
    first = int(rng.integers(0, width)) if number % 2 else 0
    positions = int(rng.integers(1, width - first + 1)) if number % 2 else width
    made = (positions, rows) if columns else (rows, positions)
    distance = 4 * int(rng.integers(1, 7))
    step = stride(positions, distance)
    ring = min(rows, int(rng.integers(1, 4)))
    name = f"case{number}"
    arrays = [array(f"{name}_weights", packed.weights), array(f"{name}_channels", packed.channels)]
    text = CASE.format(
        name=name, size=ring * 3 * step, outputs=3 * rows * positions, scratch=20 * step + 3 * positions + 24,
        zero_point=layer.input.zero_point, output_zero_point=layer.output.zero_point,
        form=int(requantize_form(layer)), height=shape[0], width=shape[1], rows=rows, positions=positions,
        distance=distance, stride=step, columns=str(columns).lower(), ring=ring, first=first,
        made_height=made[0], made_width=made[1],
    )  # fmt: skip
    expected, strip = run_layer(layer, values), slice(first, first + positions)
    expected = expected[strip] if columns else expected[:, strip]
    return "\n".join([*arrays, array(f"{name}_input", values)]) + text, expected


def _with_shape(layer: Conv2D, shape: tuple[int, int, int]) -> Conv2D:
    """The same weights on a map of another size."""
    output = replace(layer.output, shape=(*shape[:2], layer.output.shape[2]))
    return replace(layer, input=replace(layer.input, shape=shape), output=output)


@pytest.mark.parametrize("flags", [(), ("-DEDGEL3_PORTABLE",)], ids=["m7", "portable"])
def test_equals_tflite(arm_gcc: Path, qemu: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    rng = np.random.default_rng(13)
    cases = [_case(rng, number) for number in range(24)]
    table = ", ".join(f'{{"case{i}", case{i}, case{i}_output, sizeof case{i}_output}}' for i in range(24))
    text = '#include "cases.h"\n#include "edgel3_sparse.h"\n' + "\n".join(case for case, _ in cases)
    text += f"const case_t cases[] = {{{table}}};\nconst uint32_t case_count = 24;\n"
    for line, (_, expected) in zip(run_cases(arm_gcc, qemu, tmp_path, text, flags), cases, strict=False):
        assert line.split()[2] == expected.tobytes().hex(), line.split()[0]
