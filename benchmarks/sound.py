"""The sound path on QEMU: instructions for a second of audio, part by part, compared with the twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.compensate import compensate
from edgel3_deploy.audio.condition import condition
from edgel3_deploy.audio.decimate import decimate, filters
from edgel3_deploy.audio.sound_level import levels
from edgel3_deploy.codegen.sound import sound_tables
from edgel3_deploy.emulate.boards.qemu import PROGRAM
from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.resources import firmware_dir
from edgel3_deploy.toolchain.gcc import COMPILER
from tests.firmware.kernels.target import run_sources

RATES = ((48_000, 8_000), (16_000, 8_000))
"""Of microphone and network."""
COMPENSATED_RATE = 48_000
"""Of microphones on DFSDM1."""
BLOCKS = 100
"""In how many a second is given to each part."""
SECTION = "sound path, a second of audio"
_INCLUDES = (f"-I{firmware_dir()}", f"-I{firmware_dir() / 'include'}")
_OPTIONS = (
    "-O2",
    "-ffunction-sections",
    "-fno-tree-loop-distribute-patterns",
    "-ffp-contract=off",
    *_INCLUDES,
)


@dataclass(frozen=True)
class Part:
    """What one part of the path takes for a second, and whether its result equals the twin's."""

    name: str
    instructions: int
    exact: bool


@dataclass(frozen=True)
class _Case:
    """`calls` process `count` samples from `at` on into `out`; `start` is before them, `last` behind."""

    name: str
    title: str
    calls: tuple[str, ...]
    last: str
    expected: bytes
    start: str = "sound_start"


def measure(folder: Path) -> tuple[Part, ...]:
    """Every part at each pair of rates. Raises ToolchainError if compiler or QEMU is absent."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [_pair(rate, target) for rate, target in RATES]
    cases = [case for _, cases in pairs for case in cases]
    rows = ", ".join(
        f'{{"{case.name}", {case.name}, (const int8_t *){case.name}_result, {len(case.expected)}}}'
        for case in cases
    )
    text = "\n".join(
        (
            '#include "cases.h"\n#include "sound/sound.h"\nstatic sound_t sound;',
            *(text for text, _ in pairs),
            f"const case_t cases[] = {{{rows}}};\nconst uint32_t case_count = {len(cases)};\n",
        )
    )
    compiler, qemu, sources = Path(COMPILER), Path(PROGRAM), sorted((firmware_dir() / "sound").glob("*.c"))
    try:
        lines = run_sources(compiler, qemu, folder, text, sources, _OPTIONS)
    except OSError as error:
        raise ToolchainError(f"the sound path cannot be measured: {error}") from error
    results = [line.split() for line in lines[: len(cases)]]
    return tuple(
        Part(case.title, int(instructions), bytes.fromhex(result) == case.expected)
        for case, (_, instructions, result) in zip(cases, results, strict=True)
    )


def _pair(rate: int, target: int) -> tuple[str, tuple[_Case, ...]]:
    """C for the parts at a pair of rates, and the parts."""
    name, block, stages = f"from_{rate}_to_{target}", rate // BLOCKS, filters(rate, target)
    samples = _signal(rate)
    pcm = condition(samples.tolist(), rate).pcm
    decimated = decimate(pcm, stages).tobytes()
    (second,), _ = levels(pcm, rate)
    told = np.array(astuple(second), np.int32).tobytes()
    stage = "count = sound_decimate(&sound.stages[{}], {}, count, out);"
    ways = (stage.format(0, f"{name}_pcm + at"), *(stage.format(n, "out") for n in range(1, len(stages))))
    last = "__builtin_memcpy(out, &sound.level.last, sizeof sound.level.last);"
    conditioned = f"sound_condition_24(&sound.condition, {name}_samples + at, count, out);"
    whole = f"count = sound_run_24(&sound, {name}_samples + at, count, out);"
    metered = f"sound_level_run(&sound.level, {name}_pcm + at, count);"
    of, to = f"{rate / 1e3:g} kHz", f"{target / 1e3:g} kHz"
    cases: tuple[_Case, ...] = (
        _Case(f"{name}_condition", f"high-pass and gain, {of}", (conditioned,), "", pcm.tobytes()),
        _Case(f"{name}_level", f"level meter, {of}", (metered, "count = 0;"), last, told),
        _Case(f"{name}_decimate", f"decimator, {of} to {to}", ways, "", decimated),
        _Case(f"{name}_whole", f"all of it, {of} to {to}", (whole,), "", decimated),
    )
    if rate == COMPENSATED_RATE:
        copied = f"__builtin_memcpy(out, {name}_pcm + at, (uint32_t)count * sizeof *out);"
        calls = (copied, "(void)sound_compensate(&sound.compensation, out, count);")
        start, given = "sound_start_microphone", compensate(pcm)[0].tobytes()
        cases += (_Case(f"{name}_compensate", f"compensation, {of}", calls, "", given, start),)
    parts = [
        sound_tables(rate, target, name, compensated=True).decode(),
        _array("int32_t", f"{name}_samples", samples),
        _array("int16_t", f"{name}_pcm", pcm),
    ]
    return "\n".join((*parts, *(_function(case, name, rate, block) for case in cases))), cases


def _function(case: _Case, tables: str, rate: int, block: int) -> str:
    """A block's output may need as much room as its input, wherever it begins."""
    calls = "\n        ".join(case.calls)
    return f"""
static int16_t {case.name}_result[{len(case.expected) // 2 + block}] __attribute__((aligned(4)));
static void {case.name}(void)
{{
    int16_t *out = {case.name}_result;
    {case.start}(&sound, &{tables}, SOUND_UNITY);
    for (int32_t at = 0; at < {rate}; at += {block}) {{
        int32_t count = {block};
        {calls}
        out += count;
    }}
    {case.last}
}}"""


def _signal(rate: int) -> NDArray[np.int32]:
    """A second of a tone, noise and an offset, 24 bits: int32 (rate,)."""
    rng, seconds = np.random.default_rng(1), np.arange(rate) / rate
    wave = 2.0**21 * np.sin(2 * np.pi * 440.0 * seconds) + 2.0**16 * rng.standard_normal(rate) + 2.0**17
    return np.rint(wave).astype(np.int32)


def _array(kind: str, name: str, values: NDArray[Any]) -> str:
    return f"static const {kind} {name}[] = {{{', '.join(map(str, values.tolist()))}}};"


def figures(parts: Sequence[Part]) -> dict[str, dict[str, int]]:
    """The counts as benchmarks/regression.py compares them."""
    return {SECTION: {part.name: part.instructions for part in parts}}


def rows(parts: Sequence[Part]) -> list[Sequence[str]]:
    """The counts as cells, header first."""
    cells = [(part.name, f"{part.instructions:,}", "yes" if part.exact else "NO") for part in parts]
    return [("part", "instructions", "equal to the twin"), *cells]
