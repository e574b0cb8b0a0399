"""The front end on an emulated Cortex-M7: windows and hops of a stream, inputs and instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.front_end_tables import Affine
from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.resources import firmware_dir
from tests.firmware.front_end.host import EXACT, SOURCES, write_tables
from tests.firmware.kernels.target import run_sources

OPTIMIZE = "-O3"
"""As the generated Makefile compiles firmware/front_end/."""

_HEAD = """#include "cases.h"
#include "front_end/front_end.h"
__asm__(".section .rodata\\n.balign 4\\n.global pcm\\npcm: .incbin \\"PCM_FILE\\"\\n.text");
extern const int16_t pcm[];
static front_end_t front_end;

static void compute(const int16_t *samples, uint32_t count, int8_t *input)
{
    front_end_push(&front_end, samples, count);
    if (front_end_ready(&front_end)) {
        front_end_window(&front_end, input);
    }
}
"""


@dataclass(frozen=True)
class TargetWindow:
    """The int8 input that a case left, (n_mels, frames, 1), and its instructions, to within a tick of 40."""

    values: NDArray[np.int8]
    instructions: int


def run_windows(
    compiler: Path,
    qemu: Path,
    folder: Path,
    front_end: FrontEnd,
    affine: Affine,
    pcm: PcmArray,
    *,
    hops: int = 0,
    hop_samples: int = 1,
    flags: Sequence[str] = (),
    streams: bool = True,
) -> list[TargetWindow]:
    """Each window of `pcm`, int16 (n, sample_rate), in a stream of its own.

    With `hops`, each is followed by that many windows of the same stream, which goes on with that window's
    first samples again, `hop_samples` at a time.
    """
    (folder / "pcm.bin").write_bytes(np.ascontiguousarray(pcm).tobytes())
    size = front_end.n_mels * front_end.frames
    functions, rows = [], []
    for index in range(len(pcm)):
        for hop in range(hops + 1):
            name = f"window{index}_{hop}"
            begin = index * front_end.sample_rate + max(hop - 1, 0) * hop_samples
            pushed = hop_samples if hop else front_end.sample_rate
            start = "" if hop else "front_end_start(&front_end);"
            functions.append(f"static int8_t {name}_input[{size}];")
            functions.append(f"static void {name}(void)\n{{\n    {start}")
            functions.append(f"    compute(pcm + {begin}, {pushed}, {name}_input);\n}}")
            rows.append(f'{{"{name}", {name}, {name}_input, {size}}}')
    table = f"const case_t cases[] = {{{', '.join(rows)}}};\nconst uint32_t case_count = {len(rows)};\n"
    cases = "\n".join((_HEAD.replace("PCM_FILE", str(folder / "pcm.bin")), *functions, table))
    tables = write_tables(folder, front_end, affine, streams=streams)
    options = [OPTIMIZE, *EXACT, *flags, f"-I{folder}", f"-I{firmware_dir()}"]
    lines = run_sources(compiler, qemu, folder, cases, [*SOURCES, tables], options)
    shape = (front_end.n_mels, front_end.frames, 1)
    return [_parse(line, shape) for line in lines[: len(rows)]]


def _parse(line: str, shape: tuple[int, ...]) -> TargetWindow:
    _, instructions, text = line.split()
    return TargetWindow(np.frombuffer(bytes.fromhex(text), np.int8).reshape(shape), int(instructions))
