"""The C kernels on an emulated Cortex-M7: cases rendered to C, built and run on QEMU's mps2-an500."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, Layer
from edgel3_deploy.plan.pack import scratch_bytes
from tests.firmware.kernels.binding import INCLUDE, KERNELS, WARNINGS, Int8Array, parameters

HARNESS = Path(__file__).resolve().parent
FLAGS = ("-O2", "-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16", "-ffreestanding")


@dataclass(frozen=True)
class TargetResult:
    """What one kernel call gave: its output and the instructions it took, to within a SysTick tick of 40."""

    output: Int8Array
    instructions: int


def run_on_target(
    compiler: Path, qemu: Path, folder: Path, cases: Sequence[tuple[Layer, Int8Array]]
) -> list[TargetResult]:
    """Run each layer's kernel on its input."""
    (folder / "cases.c").write_text(_render(cases))
    elf = folder / "cases.elf"
    sources = [HARNESS / "harness.c", folder / "cases.c", *sorted(KERNELS.glob("*.c"))]
    link = ("-nostartfiles", "--specs=nano.specs", f"-T{HARNESS / 'harness.ld'}")
    subprocess.run(
        [compiler, *WARNINGS, *FLAGS, f"-I{INCLUDE}", f"-I{HARNESS}", *sources, *link, "-o", elf], check=True
    )
    machine = ("-M", "mps2-an500", "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none")
    finished = subprocess.run(
        [qemu, *machine, "-serial", "none", "-semihosting", "-kernel", elf],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = (finished.stdout + finished.stderr).split("\n")[: len(cases)]
    return [_parse(line, layer) for line, (layer, _) in zip(lines, cases, strict=True)]


def _parse(line: str, layer: Layer) -> TargetResult:
    _, instructions, text = line.split()
    output = np.frombuffer(bytes.fromhex(text), np.int8).reshape(layer.output.shape)
    return TargetResult(output, int(instructions))


def _render(cases: Sequence[tuple[Layer, Int8Array]]) -> str:
    scratch = max([1, *(scratch_bytes(layer) for layer, _ in cases)])
    parts = ['#include "cases.h"', '#include "edgel3_kernels.h"', f"int8_t scratch[{scratch}];"]
    rows = []
    for number, (layer, values) in enumerate(cases):
        kernel, members = parameters(layer)
        case = f"case{number}"
        parts.append(_array(f"{case}_input", values))
        parts += [
            _array(f"{case}_{key}", value) for key, value in members.items() if not isinstance(value, int)
        ]
        initialisers = ", ".join(
            f".{key} = {value if isinstance(value, int) else f'{case}_{key}'}"
            for key, value in members.items()
        )
        workspace = ", scratch" if isinstance(layer, Conv2D) else ""
        parts += [
            f"static const edgel3_{kernel}_params_t {case}_params = {{{initialisers}}};",
            f"static int8_t {case}_output[{layer.output.size}];",
            f"static void {case}(void) {{ "
            f"edgel3_{kernel}_s8(&{case}_params, {case}_input, {case}_output{workspace}); }}",
        ]
        rows.append(f'{{"{layer.name}", {case}, {case}_output, {layer.output.size}}}')
    parts.append(f"const case_t cases[] = {{{', '.join(rows)}}};")
    parts.append(f"const uint32_t case_count = {len(rows)};")
    return "\n".join(parts) + "\n"


def _array(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.int8 | np.int32]]) -> str:
    numbers = ", ".join("-2147483647 - 1" if v == -(1 << 31) else str(v) for v in values.ravel().tolist())
    return f"static const {values.dtype.name}_t {name}[] = {{{numbers}}};"
