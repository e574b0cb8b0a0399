"""The sparse kernels give TFLite's output byte by byte, on this machine and on an emulated Cortex-M7."""

from __future__ import annotations

import ctypes
import math
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Requantize
from edgel3_deploy.plan.lanes import Lanes
from edgel3_deploy.plan.list_forms import LAST_FAST_SHIFT, MOST_WEIGHT
from tests.firmware.kernels.calls import Int8Array, random_input, random_layer
from tests.firmware.kernels.sparse import KINDS, SparseCall, output_of, render, stride
from tests.firmware.kernels.target import INCLUDES, KERNELS, WARNINGS, run_cases

HEAD = '#include "cases.h"\n#include "edgel3_sparse.h"\n'
BYTES = ctypes.POINTER(ctypes.c_int8)
Case = tuple[SparseCall, Int8Array]


def _case(rng: np.random.Generator, kind: str) -> Case:
    """Any width, channels and distance; empty, one-weight and split channels, rare shifts, clamps.

    In rings as short as they may be or not, whole rows or strips of them.
    """
    pooled = kind == "pooled"
    narrow = 2 if pooled else 1
    width = narrow if rng.random() < 0.1 else int(rng.integers(narrow, 71))
    shape = (int(rng.integers(2, 9)), width, int(rng.integers(1, 41)))
    columns = bool(rng.integers(2))
    if columns:
        shape = (shape[1], shape[0], shape[2])
    rectified = rng.random() < 0.7
    outputs = int(rng.integers(1, 9))
    layer = random_layer(
        rng, shape, outputs,
        input_zero_point=int(rng.integers(-128, 128)),
        output_zero_point=-128 if rectified else int(rng.integers(-128, 128)),
        clamp=(-128, 127) if rectified or rng.random() < 0.5 else (-100, 90),
    )  # fmt: skip
    dense = rng.random() < 0.15
    share = 1.0 if dense else rng.uniform(0.02, 0.4)
    weights = np.where(rng.random(layer.weights.shape) < share, layer.weights, 0)
    if dense:
        weights[0] = np.where(weights[0] == 0, 1, np.sign(weights[0]) * 127)
    if outputs > 2:
        weights[1] = 0
        weights[2] = 0
        weights[2, rng.integers(3), rng.integers(3), -1] = -127
    shift = layer.requantize.shift.copy()
    if rng.random() < 0.3:
        shift[-1] = rng.choice([-14, -13, -1, 0])
    layer = replace(
        layer, weights=weights.astype(np.int8), requantize=Requantize(layer.requantize.multiplier, shift)
    )
    distance = int(rng.integers(1, 10)) * (8 if pooled else 4)
    resident = int(rng.integers(0, outputs + 1))
    taps = int(rng.integers(0, outputs - resident + 1))
    begin = stop = 0
    if width >= 24 and rng.random() < 0.6:
        begin, stop = (2 * int(number) for number in (rng.integers(0, 5), rng.integers(8, width // 2)))
    ring = int(rng.choice([0, 3]))
    call = SparseCall(layer, kind, distance, columns, resident, taps, ring, begin, stop)
    return call, random_input(rng, layer)


@pytest.mark.parametrize("kind", KINDS)
def test_every_shift_of_the_fast_path_equals_tflite(
    arm_gcc: Path, qemu: Path, tmp_path: Path, kind: str
) -> None:
    """One channel for each, in taps and in bytes, whose outputs neither all die nor all saturate."""
    rng = np.random.default_rng(7)
    cases: list[Case] = []
    for taps in (0, LAST_FAST_SHIFT):
        layer = random_layer(rng, (4, 19, 24), LAST_FAST_SHIFT, input_zero_point=-128)
        shifts = np.arange(1, LAST_FAST_SHIFT + 1, dtype=np.int32)
        # The more is shifted out, the larger the sums.
        size = np.minimum(127, 1 << np.maximum(shifts - 4, 0))[:, np.newaxis, np.newaxis, np.newaxis]
        kept = rng.random(layer.weights.shape) < np.minimum(0.02 * shifts, 0.3)[:, None, None, None]
        weights = np.where(kept, rng.integers(-size, size + 1, layer.weights.shape), 0).astype(np.int8)
        weights[:, 1, 1, 0] = 1
        constants = Requantize(layer.requantize.multiplier, -shifts)
        bias = np.zeros(LAST_FAST_SHIFT, np.int32)
        layer = replace(layer, weights=weights, bias=bias, requantize=constants)
        call = SparseCall(layer, kind, 8, False, taps=taps)
        assert {part.form for part in call.pack().lists} <= {"taps", "bytes1"}
        cases.append((call, random_input(rng, layer)))
    agree_on_target(arm_gcc, qemu, tmp_path, cases)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("taps", [0, 2])
def test_a_channel_beyond_the_bound_is_split_and_exact(
    arm_gcc: Path, qemu: Path, tmp_path: Path, kind: str, taps: int
) -> None:
    """At the inputs that drive its sums furthest, where one list would carry into the other lane."""
    rng = np.random.default_rng(5)
    layer = random_layer(rng, (4, 17, 60), 2, input_zero_point=3)
    layer.weights[0] = np.where(layer.weights[0] < 0, -127, 127)
    assert np.abs(layer.weights[0].astype(int)).sum() > MOST_WEIGHT
    call = SparseCall(layer, kind, 8, False, taps=taps)
    packed = call.pack()
    (split,) = [part for part in packed.lists if part.first == 0]
    assert split.form.endswith("_general")
    assert split.channels >= 4
    values = np.resize(np.array([-128, 127], np.int8), layer.input.shape)
    agree_on_target(arm_gcc, qemu, tmp_path, [(call, values), (call, random_input(rng, layer))])


def test_a_channel_of_any_positions_is_read_as_int8(host_gcc: Path, tmp_path: Path) -> None:
    """edgel3_lanes_read, from every position to every other, across lanes and supergroups."""
    width, channels, distance = 37, 3, 8
    step = stride(width, distance)
    lanes = Lanes(width, channels, distance)
    values = np.random.default_rng(0).integers(-128, 128, (2, channels, width), dtype=np.int8)
    memory = np.zeros((2, channels, step), np.int8)
    for position in range(width):
        flip = 0x80 if position % (2 * distance) < distance else 0
        memory[:, :, lanes.offset(position)] = values[:, :, position] ^ np.uint8(flip).view(np.int8)
    source = tmp_path / "read.c"
    source.write_text(
        HEAD
        + "void lanes(int8_t *data, int32_t row, int32_t channel, int32_t first, int32_t end, int8_t *to);\n"
        "void lanes(int8_t *data, int32_t row, int32_t channel, int32_t first, int32_t end, int8_t *to)\n{\n"
        f"    const edgel3_lanes_t lanes = {{data, 2, 9, {width}, {channels}, {distance}, {step}, 0}};\n"
        "    edgel3_lanes_read(&lanes, row, channel, first, end, to);\n}\n"
    )
    library = host_library(host_gcc, tmp_path, source)
    for first in range(width):
        for end in range(first, width + 1, 5):
            made = np.full(width + 1, 77, np.int8)
            library.lanes(memory.ctypes.data_as(BYTES), 5, 1, first, end, made.ctypes.data_as(BYTES))
            np.testing.assert_array_equal(made[: end - first], values[1, 1, first:end])
            assert (made[end - first :] == 77).all()


@pytest.fixture
def cases() -> list[Case]:
    rng = np.random.default_rng(11)
    return [_case(rng, KINDS[index % 3]) for index in range(90)]


def host_library(compiler: Path, folder: Path, source: Path) -> ctypes.CDLL:
    """The portable twins and `source`, with the undefined-behaviour sanitizer trapping."""
    kernels = sorted(map(str, KERNELS.glob("*.c")))
    sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
    library = folder / "cases.so"
    options = [*WARNINGS, *sanitize, "-O1", "-shared", "-fPIC", *INCLUDES, "-o", str(library)]
    subprocess.run([str(compiler), *options, *kernels, str(source)], check=True)
    return ctypes.CDLL(str(library))


def test_portable_equals_tflite(host_gcc: Path, tmp_path: Path, cases: list[Case]) -> None:
    source = tmp_path / "cases.c"
    source.write_text(HEAD + "\n".join(render(i, *case) for i, case in enumerate(cases)))
    loaded = host_library(host_gcc, tmp_path, source)
    for number, (call, values) in enumerate(cases):
        np.testing.assert_array_equal(
            call.counting(output_of(loaded, number, call)), call.expected(values), err_msg=f"{number} {call}"
        )


@pytest.mark.parametrize("flags", [(), ("-DEDGEL3_PORTABLE",)], ids=["m7", "portable"])
def test_target_equals_tflite(
    arm_gcc: Path, qemu: Path, tmp_path: Path, cases: list[Case], flags: tuple[str, ...]
) -> None:
    agree_on_target(arm_gcc, qemu, tmp_path, cases, flags)


def agree_on_target(
    compiler: Path, qemu: Path, folder: Path, cases: list[Case], flags: tuple[str, ...] = ()
) -> None:
    """Run the cases on an emulated Cortex-M7; each gives TFLite's output."""
    rows = [f'{{"case{i}", case{i}, case{i}_output, sizeof case{i}_output}}' for i in range(len(cases))]
    text = HEAD + "\n".join(render(i, *case) for i, case in enumerate(cases))
    text += f"\nconst case_t cases[] = {{{', '.join(rows)}}};\nconst uint32_t case_count = {len(rows)};\n"
    lines = run_cases(compiler, qemu, folder, text, flags)
    for line, (call, values) in zip(lines[: len(cases)], cases, strict=True):
        name, _, text = line.split()
        made = np.frombuffer(bytes.fromhex(text), np.int8)[: math.prod(call.output_shape)]
        made = made.reshape(call.output_shape)
        np.testing.assert_array_equal(call.counting(made), call.expected(values), err_msg=f"{name} {call}")
