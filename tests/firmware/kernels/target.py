"""The kernels on an emulated Cortex-M7: calls rendered to C, built, run by QEMU, outputs parsed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.plan.resident_weights import resident_bytes
from edgel3_deploy.resources import firmware_dir
from tests.firmware.kernels.calls import Call, Int8Array

KERNELS = firmware_dir() / "kernels"
HARNESS = Path(__file__).resolve().parent
INCLUDES = (f"-I{firmware_dir() / 'include'}", f"-I{HARNESS}")
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion")
FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16", "-ffreestanding")
MACHINE = ("-M", "mps2-an500", "-icount", "shift=0,sleep=off", "-display", "none", "-monitor", "none")


@dataclass(frozen=True)
class TargetResult:
    """What one kernel call gave: its output and the instructions it took, to within a SysTick tick of 40."""

    output: Int8Array
    instructions: int


def run_on_target(
    compiler: Path,
    qemu: Path,
    folder: Path,
    calls: Sequence[tuple[Call, Int8Array]],
    flags: Sequence[str] = (),
) -> list[TargetResult]:
    """Run each call on its input."""
    lines = run_cases(compiler, qemu, folder, _render(calls), flags)
    starts = sum(1 for call, _ in calls if call.resident)
    results = lines[starts : starts + len(calls)]
    return [_parse(line, call) for line, (call, _) in zip(results, calls, strict=True)]


def run_cases(compiler: Path, qemu: Path, folder: Path, cases: str, flags: Sequence[str] = ()) -> list[str]:
    """Build the cases.c given with the kernels, run it, and return the harness's lines."""
    options = ["-O2", "-ffunction-sections", *flags, *INCLUDES, "--specs=nano.specs"]
    return run_sources(compiler, qemu, folder, cases, sorted(KERNELS.glob("*.[cS]")), options)


def run_sources(
    compiler: Path, qemu: Path, folder: Path, cases: str, sources: Sequence[Path], options: Sequence[str]
) -> list[str]:
    """Build the cases.c given with the sources, run it, and return the harness's lines."""
    (folder / "cases.c").write_text(cases)
    files = [HARNESS / "harness.c", folder / "cases.c", *sources]
    link = ("-nostartfiles", f"-T{HARNESS / 'harness.ld'}", "-Wl,--gc-sections")
    elf = folder / "cases.elf"
    command = [compiler, *WARNINGS, *FLAGS, f"-I{HARNESS}", *options, *files, *link, "-o", elf]
    subprocess.run([str(word) for word in command], check=True)
    finished = subprocess.run(
        [str(qemu), *MACHINE, "-serial", "none", "-semihosting", "-kernel", str(elf)],
        check=True,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    return (finished.stdout + finished.stderr).split("\n")


def _parse(line: str, call: Call) -> TargetResult:
    _, instructions, text = line.split()
    return TargetResult(
        np.frombuffer(bytes.fromhex(text), np.int8).reshape(call.output_shape), int(instructions)
    )


def _render(calls: Sequence[tuple[Call, Int8Array]]) -> str:
    parts = ['#include "cases.h"', '#include "edgel3_kernels.h"', "static int64_t scratch[100000];"]
    parts.append("static int64_t products[20000] __attribute__((unused));")
    rows, starts = [], []
    for number, (call, values) in enumerate(calls):
        case = f"case{number}"
        packed = call.pack()
        parts.append(array(f"{case}_weights", packed.weights))
        parts.append(array(f"{case}_channels", packed.channels))
        parts.append(array(f"{case}_corrections", packed.corrections))
        parts.append(array(f"{case}_input", values))
        parts.append(
            f"static int8_t {case}_output[{int(np.prod(call.output_shape))}] __attribute__((aligned(8)));"
        )
        resident = ".products = products, " if call.apart else ""
        if call.resident:
            resident += f".resident = {case}_resident,"
            starts.append(f'{{"{case}_start", {case}_start, {case}_output, 0}}')
        fields = ", ".join(f".{key} = {value}" for key, value in call.fields().items())
        blocks = f", {call.blocks}" if call.kernel in ("f44", "f22") else ""
        step = call.strip or call.tile_rows
        size = _resident_bytes(call)
        parts.append(f"""
static uint64_t {case}_resident[{size // 8 or 1}] __attribute__((unused));
static const edgel3_conv_t {case}_conv = {{.weights = {case}_weights,
    .channels = (const edgel3_channel_t *)(const void *){case}_channels,
    .corrections = (const int32_t (*)[4])(const void *){case}_corrections, {resident} {fields}}};""")
        if call.resident:
            channels = call.layer.weights.shape[3]
            parts.append(f"""static void {case}_start(void)
{{
    edgel3_conv_{call.kernel}_start(&{case}_conv, {channels}, {case}_resident);
}}""")
        parts.append(f"""static void {case}(void)
{{
    const edgel3_map_t input = {_map(f"(int8_t *)(uintptr_t){case}_input", call.layer.input.shape)};
    const edgel3_map_t output = {_map(f"{case}_output", call.output_shape)};
    for (int32_t row = 0; row < {call.tile_rows}; row += {step}) {{
        const int32_t last = row + {step} < {call.tile_rows} ? row + {step} : {call.tile_rows};
        edgel3_conv_{call.kernel}(&{case}_conv, &input, &output, row, last, scratch{blocks});
    }}
}}""")
        rows.append(f'{{"{case}", {case}, {case}_output, sizeof {case}_output}}')
    rows = starts + rows
    parts.append(f"const case_t cases[] = {{{', '.join(rows)}}};")
    parts.append(f"const uint32_t case_count = {len(rows)};")
    return "\n".join(parts) + "\n"


def _resident_bytes(call: Call) -> int:
    """What edgel3_conv_*_resident gives, 0 if nothing is resident."""
    return resident_bytes(call.kernel, call.layer, call.resident) if call.resident else 0


def _map(data: str, shape: tuple[int, ...]) -> str:
    height, width, channels = shape
    return f"{{{data}, {height}, {height}, {width}, {channels}}}"


def array(name: str, values: NDArray[np.int8] | NDArray[np.int32] | NDArray[np.uint32]) -> str:
    """A C array of the values."""
    if values.dtype == np.int32:
        values = values.view(np.uint32)
    numbers = ", ".join(map(str, values.ravel().tolist()))
    return f"static const {values.dtype.name}_t {name}[] __attribute__((aligned(8))) = {{{numbers}}};"
