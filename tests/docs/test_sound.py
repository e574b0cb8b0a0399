"""docs/sound.md states nothing that does not come out when it is computed again."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.regression import load
from benchmarks.sound import SECTION
from edgel3_deploy.audio.compensate import gain_db, sinc_db, taps
from edgel3_deploy.audio.condition import corner_hz, shift
from edgel3_deploy.audio.decimate import (
    FRACTION_BITS,
    PASS_BAND_HZ,
    STOP_BAND_HZ,
    delay_seconds,
    filters,
    response_db,
)
from edgel3_deploy.audio.sound_level import BIN, BINS, LOWEST, a_curve_db
from edgel3_deploy.audio.sound_level import response_db as weighting_db
from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import PdmMicrophone
from edgel3_deploy.boards.dfsdm import ORDER
from edgel3_deploy.codegen.sound import SOURCE, sound_files
from edgel3_deploy.resources import firmware_dir
from tests.audio.test_sound_level import TOP_HZ, exact
from tests.firmware.images import COMPILE, CPU
from tests.firmware.sound.host import FLAGS, SOUND

OCTAVES = (31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page."""
    return (repository / "docs" / "sound.md").read_text()


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the table whose header line starts so, without the header."""
    lines = page[page.index(heading) :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.replace("\\|", "").strip("|").split("|")] for line in lines]


def test_high_passes(page: str) -> None:
    def gain(rate: int, frequency: float) -> float:
        turn = np.exp(-2j * np.pi * frequency / rate)
        return 20 * math.log10(abs((1 - turn) / (1 - (1 - 2.0 ** -shift(rate)) * turn)))

    def loss(rate: int, frequency: float) -> str:
        return f"{gain(rate, frequency) - gain(rate, 1000.0):.3f} dB"

    assert table(page, "| rate | shift") == [
        [f"{rate:,}", f"{shift(rate)}", f"{corner_hz(rate):.2f} Hz", loss(rate, 20.0), loss(rate, 31.5)]
        for rate in (8_000, 16_000, 48_000)
    ]


def test_decimators(page: str) -> None:
    rows = []
    for rate in (48_000, 16_000):
        stages = filters(rate, 8_000)
        passed = response_db(rate, stages, np.linspace(1.0, PASS_BAND_HZ, 4_000))
        stopped = response_db(rate, stages, np.linspace(STOP_BAND_HZ, rate / 2, 20_000))
        sums = [np.abs(stage.taps.astype(int)).sum() / 2**FRACTION_BITS for stage in stages]
        rows.append(
            [
                f"{rate:,}",
                "8,000",
                ", ".join(f"/{stage.factor} {len(stage.taps)}" for stage in stages),
                ", ".join(f"{total:.2f}" for total in sums),
                f"{1000 * delay_seconds(rate, stages):.2f} ms",
                f"{np.abs(passed).max():.4f} dB",
                f"{stopped.max():.1f} dB",
            ]
        )
    assert table(page, "| from | to |") == rows


def test_the_sinc_filter_s_droop_and_its_compensation(page: str) -> None:
    microphone = load_board("stm32f7").microphone
    assert isinstance(microphone, PdmMicrophone)
    assert microphone.dfsdm is not None
    (_, *droop), (_, *flat) = table(page, "| frequency |")
    by = microphone.dfsdm.oversampling
    for frequency, before, after in zip((1, 4, 8, 12, 16, 20), droop, flat, strict=True):
        turn = np.pi * 1000 * frequency / microphone.rate
        gain = 20 * ORDER * math.log10(abs(math.sin(turn) / (by * math.sin(turn / by))))
        assert before == f"{gain:.2f} dB"
        assert after == f"{gain + gain_db(np.array([turn / np.pi]))[0]:.3f} dB"
    turns = np.linspace(1e-4, 20_000 / microphone.rate, 4_000)
    left = np.abs(sinc_db(turns, by) + gain_db(turns)).max()
    assert f"at most {math.ceil(10_000 * left) / 10_000:.4f} dB" in page
    assert f"Σ|taps| is {np.abs(taps().astype(int)).sum() / 2**13:.2f}" in page
    assert f"{by}^{ORDER} of 2^23, {20 * math.log10(by**ORDER / 2**23):.1f} dB" in page


def largest_error(rate: int, nominal: float) -> str:
    low, high = exact(nominal) / 10**0.15, min(exact(nominal) * 10**0.15, TOP_HZ[rate])
    if low >= high:
        return "-"
    frequencies = np.geomspace(low, high, 2_000)
    return f"{np.abs(weighting_db(rate, frequencies) - a_curve_db(frequencies)).max():.3f}"


def test_the_a_curve(page: str) -> None:
    expected = [
        [f"{nominal:g} Hz" if nominal < 1000 else f"{nominal // 1000} kHz"]
        + [largest_error(rate, nominal) for rate in TOP_HZ]
        for nominal in OCTAVES
    ]
    assert table(page, "| octave |") == expected
    assert f"bins of 0.1 dB from {LOWEST // 100} to {(LOWEST + BIN * BINS) / 100:g} dB" in page


def test_costs_are_the_committed_ones(page: str) -> None:
    _, committed = load()
    assert table(page, "| part |") == [
        [part, f"{count:,}", "yes"] for part, count in committed[SECTION].items()
    ]


def test_sizes(page: str, arm_gcc: Path, tmp_path: Path) -> None:
    (tmp_path / SOURCE).write_bytes(sound_files(48_000, 8_000)[SOURCE])
    (tmp_path / "state.c").write_text('#include "sound/sound.h"\nchar state[sizeof(sound_t)];\n')
    sizes = {}
    for source in (*sorted(SOUND.glob("*.c")), tmp_path / SOURCE, tmp_path / "state.c"):
        made = tmp_path / f"{source.stem}.o"
        subprocess.run([arm_gcc, *CPU, *COMPILE, *FLAGS, "-c", source, "-o", made], check=True)
        told = subprocess.run(["arm-none-eabi-size", made], check=True, capture_output=True, text=True).stdout
        text, data, bss = map(int, told.splitlines()[1].split()[:3])
        sizes[source.stem] = text + data + bss
    code = sum(size for name, size in sizes.items() if (firmware_dir() / "sound" / f"{name}.c").is_file())
    tables, state = sizes[Path(SOURCE).stem], sizes["state"]
    assert (
        f"Code is {code:,} bytes and tables from 48 kHz to 8 kHz {tables:,}; the state takes {state:,}"
        in page
    )
    assert f"the meter's histogram has {4 * BINS:,}" in page
