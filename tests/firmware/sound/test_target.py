"""The sound path on an emulated Cortex-M7, with its DSP instructions and without, gives the twin's bits."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.sound_path import Heard, hear
from edgel3_deploy.codegen.sound import sound_tables
from tests.firmware.kernels.target import run_sources
from tests.firmware.sound.host import FLAGS, RATES, SOUND, table_name
from tests.firmware.sound.sounds import street

SECONDS, BLOCK = 1.02, 479
GAIN = 3 << 16


def _case(rate: int, target: int) -> tuple[str, Heard]:
    """C that takes samples block by block, and what shall come: PCM, the second's levels, the report."""
    name, samples = table_name(rate, target), street(rate, SECONDS, seed=7)
    expected = hear(samples, rate, target, gain=GAIN)
    text = f"""{sound_tables(rate, target, name).decode()}
static const int32_t {name}_samples[{len(samples)}] = {{{", ".join(map(str, samples.tolist()))}}};
static struct {{
    int16_t pcm[{len(expected.pcm)}] __attribute__((aligned(4)));
    sound_levels_t second, report;
}} {name}_output;
static void {name}_run(void)
{{
    static int16_t pcm[{BLOCK}];
    int32_t written = 0;
    sound_start(&sound, &{name}, {GAIN});
    for (int32_t at = 0; at < {len(samples)}; at += {BLOCK}) {{
        const int32_t left = {len(samples)} - at;
        const int32_t count = sound_run_24(&sound, {name}_samples + at, left < {BLOCK} ? left : {BLOCK}, pcm);
        for (int32_t i = 0; i < count; i++) {{
            {name}_output.pcm[written++] = pcm[i];
        }}
    }}
    {name}_output.second = sound.level.last;
    {name}_output.report = sound_report(&sound);
}}"""
    return text, expected


@pytest.mark.parametrize("flags", [(), ("-DEDGEL3_PORTABLE",)], ids=["m7", "portable"])
def test_equals_the_twin(arm_gcc: Path, qemu: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    cases = [_case(rate, target) for rate, target in RATES]
    names = [table_name(rate, target) for rate, target in RATES]
    rows = ", ".join(
        f'{{"{name}", {name}_run, (const int8_t *)&{name}_output, sizeof {name}_output}}' for name in names
    )
    text = '#include "cases.h"\n#include "sound/sound.h"\nstatic sound_t sound;\n'
    text += "\n".join(case for case, _ in cases)
    text += f"\nconst case_t cases[] = {{{rows}}};\nconst uint32_t case_count = {len(names)};\n"
    options = ("-O2", "-ffunction-sections", *FLAGS, *flags)
    lines = run_sources(arm_gcc, qemu, tmp_path, text, sorted(SOUND.glob("*.c")), options)
    for (_, expected), line in zip(cases, lines, strict=False):
        output, size = bytes.fromhex(line.split()[2]), expected.pcm.nbytes
        np.testing.assert_array_equal(np.frombuffer(output[:size], np.int16), expected.pcm)
        told = np.frombuffer(output[-48:], np.int32).tolist()
        assert told == [*astuple(expected.seconds[0]), *astuple(expected.report)]
    assert len(lines) >= len(cases)
