"""The sparse kernels give TFLite's output byte by byte, on this machine and on an emulated Cortex-M7."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Requantize
from tests.firmware.kernels.calls import Int8Array, random_input, random_layer
from tests.firmware.kernels.sparse import KINDS, SparseCall, output_of, render
from tests.firmware.kernels.target import INCLUDES, KERNELS, WARNINGS, run_cases

HEAD = '#include "cases.h"\n#include "edgel3_sparse.h"\n'
Case = tuple[SparseCall, Int8Array]


def _case(rng: np.random.Generator, kind: str) -> Case:
    """Any width, channels and distance; empty, one-weight and split channels, rare shifts, clamps."""
    pooled = kind == "pooled"
    shape = (int(rng.integers(2, 9)), int(rng.integers(2, 71)), int(rng.integers(1, 41)))
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
    return SparseCall(layer, kind, distance, columns, resident, taps), random_input(rng, layer)


@pytest.fixture
def cases() -> list[Case]:
    rng = np.random.default_rng(11)
    return [_case(rng, KINDS[index % 3]) for index in range(90)]


def test_portable_equals_tflite(host_gcc: Path, tmp_path: Path, cases: list[Case]) -> None:
    source = tmp_path / "cases.c"
    source.write_text(HEAD + "\n".join(render(i, *case) for i, case in enumerate(cases)))
    kernels = sorted(map(str, KERNELS.glob("*.c")))
    sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
    library = tmp_path / "cases.so"
    options = [*WARNINGS, *sanitize, "-O1", "-shared", "-fPIC", *INCLUDES, "-o", str(library)]
    subprocess.run([str(host_gcc), *options, *kernels, str(source)], check=True)
    loaded = ctypes.CDLL(str(library))
    for number, (call, values) in enumerate(cases):
        np.testing.assert_array_equal(
            output_of(loaded, number, call), call.expected(values), err_msg=f"{number} {call}"
        )


@pytest.mark.parametrize("flags", [(), ("-DEDGEL3_PORTABLE",)], ids=["m7", "portable"])
def test_target_equals_tflite(
    arm_gcc: Path, qemu: Path, tmp_path: Path, cases: list[Case], flags: tuple[str, ...]
) -> None:
    rows = [f'{{"case{i}", case{i}, case{i}_output, sizeof case{i}_output}}' for i in range(len(cases))]
    text = HEAD + "\n".join(render(i, *case) for i, case in enumerate(cases))
    text += f"\nconst case_t cases[] = {{{', '.join(rows)}}};\nconst uint32_t case_count = {len(rows)};\n"
    for line, (call, values) in zip(run_cases(arm_gcc, qemu, tmp_path, text, flags), cases, strict=False):
        assert line.split()[2] == call.expected(values).tobytes().hex(), f"{line.split()[0]} {call}"
