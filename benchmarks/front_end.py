"""The front end in firmware: a window, a hop, and the stages of a frame, beside CMSIS-DSP's real FFT."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import cmsis_dsp
from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.front_end_tables import affine
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.emulate.boards.qemu import PROGRAM
from edgel3_deploy.errors import MissingDependencyError
from edgel3_deploy.resources import firmware_dir
from edgel3_deploy.toolchain.gcc import find_gcc
from tests.firmware.front_end.host import EXACT, SOURCES, write_tables
from tests.firmware.front_end.target import OPTIMIZE, run_windows
from tests.firmware.kernels.target import FLAGS, run_sources

HOPS = {SEA.name: 800, L3.name: 4840}
"""Samples of a hop: 0.1 s for sea, the multiple of a frame's hop next to it for l3."""
_AFFINE = affine(1.0, 0.0, 80 / 255, 127)
_STAGES = {
    "spectrum": "front_end_spectrum(pcm, points);",
    "power": "front_end_power(points);",
    "bands": "front_end_bands(points, levels);",
    "quantize": "front_end_quantize(levels, levels[0], column);",
}
_CHAIN = {
    "CMSIS-DSP: window": "for (int i = 0; i < N; i++) { points[i] = (float)pcm[i] * window[i]; }",
    "CMSIS-DSP: arm_rfft_fast_f32": "arm_rfft_fast_f32(&instance, points, spectrum, 0);",
    "CMSIS-DSP: power": "for (int k = 2; k < N; k += 2) "
    "{ spectrum[k] = spectrum[k] * spectrum[k] + spectrum[k + 1] * spectrum[k + 1]; }",
    "CMSIS-DSP: bands": "front_end_bands(spectrum, levels);",
}
_HEAD = """#include "cases.h"
#include "front_end/frame.h"
enum { N = FRONT_END_LENGTH };
static int16_t pcm[N];
static float points[N];
static front_end_level_t levels[FRONT_END_BANDS];
static int8_t column[FRONT_END_BANDS * FRONT_END_FRAMES];
static void fill(void)
{
    uint32_t state = 1u;
    for (int i = 0; i < N; i++) {
        state = state * 1664525u + 1013904223u;
        pcm[i] = (int16_t)(int32_t)(state >> 20);
    }
}
"""
_CHAIN_HEAD = """#include "arm_math.h"
static float spectrum[N];
static float window[N];
static arm_rfft_fast_instance_f32 instance;
static void start(void)
{
    for (int i = 0; i < N; i++) {
        window[i] = 2.0F * front_end_half_window[i <= N / 2 ? i : N - i];
    }
    arm_rfft_fast_init_LENGTH_f32(&instance);
}
"""


@dataclass(frozen=True)
class FrontEndCount:
    """Instructions by what they are for, bytes of code and tables, and whether inputs equal the twin's."""

    front_end: FrontEnd
    window: int
    hop: int
    stages: Mapping[str, int]
    flash: int
    exact: bool

    def figures(self) -> dict[str, int]:
        """What must not get slower."""
        return {"window": self.window, f"hop of {HOPS[self.front_end.name]:,} samples": self.hop}

    def to_json(self) -> dict[str, Any]:
        return {
            "front_end": self.front_end.name,
            **self.figures(),
            "stages": dict(self.stages),
            "flash": self.flash,
            "exact": self.exact,
        }


def measure_front_ends(folder: Path, dsp: Path | None) -> tuple[FrontEndCount, ...]:
    """Both front ends on QEMU, with CMSIS-DSP's chain if its tree `dsp` is given."""
    return tuple(_measure(sizes, folder / f"front-end-{sizes.name}", dsp) for sizes in (SEA, L3))


def rows(counts: Sequence[FrontEndCount]) -> list[tuple[str, ...]]:
    """The table: header first, one column for each front end."""
    table = [
        ("", *(count.front_end.name for count in counts)),
        ("window, PCM to int8", *(f"{count.window:,}" for count in counts)),
        ("hop", *(f"{count.hop:,}" for count in counts)),
        ("samples of a hop", *(f"{HOPS[count.front_end.name]:,}" for count in counts)),
        ("one frame", *(f"{_frame(count, _STAGES):,}" for count in counts)),
    ]
    chain = all(name in count.stages for count in counts for name in _CHAIN)
    if chain:
        table.append(("one frame with CMSIS-DSP", *(f"{_frame(count, _CHAIN):,}" for count in counts)))
    table += [(name, *(f"{count.stages[name]:,}" for count in counts)) for name in counts[0].stages]
    table.append(("code and tables, bytes", *(f"{count.flash:,}" for count in counts)))
    table.append(("int8 equal to the twin's", *("yes" if count.exact else "NO" for count in counts)))
    return table


def _frame(count: FrontEndCount, stages: Mapping[str, str]) -> int:
    """PCM to levels."""
    return sum(count.stages[name] for name in stages if name != "quantize")


def _measure(sizes: FrontEnd, folder: Path, dsp: Path | None) -> FrontEndCount:
    folder.mkdir(parents=True, exist_ok=True)
    compiler, hop, sound = find_gcc().path, HOPS[sizes.name], _sound(sizes)
    window, second = run_windows(
        compiler, _qemu(), folder, sizes, _AFFINE, sound[np.newaxis], hops=1, hop_samples=hop
    )
    expected = [pcm_to_int8(sound, sizes, _AFFINE)]
    expected.append(pcm_to_int8(np.concatenate([sound[hop:], sound[:hop]]), sizes, _AFFINE))
    exact = all(
        np.array_equal(found.values, values) for found, values in zip((window, second), expected, strict=True)
    )
    stages = _count_stages(sizes, folder, dsp)
    return FrontEndCount(sizes, window.instructions, second.instructions, stages, _flash(folder), exact)


def _qemu() -> Path:
    found = shutil.which(PROGRAM)
    if found is None:
        raise MissingDependencyError(f"{PROGRAM} is not installed", f"Install Debian's package {PROGRAM}.")
    return Path(found)


def _sound(sizes: FrontEnd) -> PcmArray:
    """Noise, the same on every machine."""
    values = np.random.default_rng(1).integers(-8000, 8000, sizes.sample_rate)
    return values.astype(np.int16)


def _count_stages(sizes: FrontEnd, folder: Path, dsp: Path | None) -> dict[str, int]:
    head, stages = _HEAD, {"fill": "fill();", **_STAGES}
    files, options = [*SOURCES, write_tables(folder, sizes, _AFFINE)], [OPTIMIZE, *EXACT]
    options += [f"-I{folder}", f"-I{firmware_dir()}"]
    if dsp is not None:
        head += _CHAIN_HEAD.replace("LENGTH", str(sizes.n_fft))
        stages |= {"start": "start();", **_CHAIN}
        files += cmsis_dsp.sources(dsp)
        options += cmsis_dsp.options(dsp)
    functions = [
        f"static void case{index}(void)\n{{\n    {code}\n}}" for index, code in enumerate(stages.values())
    ]
    table = ", ".join(f'{{"-", case{index}, column, 1}}' for index in range(len(stages)))
    ends = f"const case_t cases[] = {{{table}}};\nconst uint32_t case_count = {len(stages)};\n"
    lines = run_sources(find_gcc().path, _qemu(), folder, "\n".join((head, *functions, ends)), files, options)
    counted = {name: int(line.split()[1]) for name, line in zip(stages, lines, strict=False)}
    return {name: count for name, count in counted.items() if name not in ("fill", "start")}


def _flash(folder: Path) -> int:
    """Bytes of code and tables, all that would be linked."""
    gcc = find_gcc().path
    options = [OPTIMIZE, *FLAGS, *EXACT, f"-I{folder}", f"-I{firmware_dir()}", "-r", "-nostdlib"]
    linked = folder / "front_end.o"
    files = [*SOURCES, folder / "front_end_tables.c"]
    subprocess.run([str(word) for word in (gcc, *options, *files, "-o", linked)], check=True)
    size = gcc.with_name(gcc.name.replace("gcc", "size"))
    printed = subprocess.run([str(size), str(linked)], check=True, capture_output=True, text=True).stdout
    return int(printed.splitlines()[1].split()[0])
