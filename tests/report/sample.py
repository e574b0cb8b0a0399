"""A report as a validation would give it, without running one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.link.answers import Identity, MemoryUse
from edgel3_deploy.link.protocol import CounterUnit
from edgel3_deploy.toolchain.budget import Usage
from edgel3_deploy.validate.metrics import differences, fidelity
from edgel3_deploy.validate.result import Body, Device, Example, LayerResult, Outputs, Report, Source

SHA = "ab" * 32
BUILD_ID = "cd" * 32
EMBEDDING = 8


def sample_device(body: Body = "unicorn") -> Device:
    """A device of that kind; QEMU counts instructions."""
    board = load_board("mps2-an500" if body == "qemu" else "stm32f7")
    unit = CounterUnit.INSTRUCTIONS if body == "qemu" else CounterUnit.CPU_CYCLES
    identity = Identity(
        model_sha256=bytes.fromhex(SHA),
        build_id=bytes.fromhex(BUILD_ID),
        device_id=0x451,
        cpu_hz=216_000_000,
        input_size=3200,
        output_size=EMBEDDING,
        layer_count=2,
        counter_unit=unit,
        board=board.name,
        model="sea-64",
        runtime="native",
    )
    return Device(board, "virtual", body, identity, MemoryUse(708, 8_192, 352, 204_800))


def sample_report(
    *, body: Body = "unicorn", wrong: tuple[tuple[int, int], ...] = (), **changes: Any
) -> Report:
    """Five windows of two recordings; `wrong` names elements (window, element) that differ by one step."""
    random = np.random.default_rng(5)
    expected = random.integers(-100, 100, (5, EMBEDDING)).astype(np.int8)
    got = expected.copy()
    for window, element in wrong:
        got[window, element] += 1
    real = (got.astype(np.float32) + 128) * np.float32(0.1)
    floats = real + random.normal(0, 0.05, real.shape).astype(np.float32)
    differing = len({window for window, _ in wrong})
    report = Report(
        device=sample_device(body),
        model_name="sea-64",
        model_sha256=SHA,
        build_id=BUILD_ID,
        front_end="sea",
        reference="TFLite Micro",
        layers=(
            LayerResult("conv1", "Conv2D", (64, 50, 32), 921_600, 8_000_000, 0),
            LayerResult("pool1", "MaxPool2D", (8,), 0, 1_000, differing),
        ),
        layer_windows=2 + differing,
        layer_note="",
        sources=(Source("one.wav", 0, 3), Source("two.wav", 3, 2)),
        outputs=Outputs(
            embeddings=got,
            timestamps=np.array([0.0, 0.1, 0.2, 0.0, 0.1]),
            source=np.array([0, 0, 0, 1, 1], np.int32),
            scale=0.1,
            zero_point=-128,
        ),
        differences=differences(expected, got),
        fidelity=fidelity(floats, real),
        fidelity_note="",
        counter=8_001_000,
        example=Example(
            "one.wav", 0.2, np.linspace(-80, 0, 3200, dtype=np.float32).reshape(64, 50), real[2], floats[2]
        ),
        budget=(
            Usage("flash", 412_000, 2 << 20),
            Usage("RAM", 221_000, 512 << 10),
            Usage("dtcm", 1, 128 << 10),
        ),
        tools={"numpy": "2.4.6"},
        warnings=("one.wav: all samples are zero",),
    )
    return dataclasses.replace(report, **changes)
