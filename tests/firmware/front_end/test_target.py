"""The front end on an emulated Cortex-M7 equals its numpy twin and keeps to its instructions and bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.resources import firmware_dir
from tests.firmware.front_end.host import EXACT, SOURCES, write_tables
from tests.firmware.front_end.target import OPTIMIZE, run_windows
from tests.firmware.front_end.windows import hostile, recorded, some_affine
from tests.firmware.kernels.target import FLAGS

L3_HOSTILE = ("silence", "noise of full scale", "square at Nyquist", "lowest", "chirp")


@pytest.mark.parametrize("flags", [(), ("-O2", "-DFRONT_END_PORTABLE")], ids=["m7", "portable"])
def test_hostile_windows_of_sea(arm_gcc: Path, qemu: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    pcm = np.stack(list(hostile(SEA).values()))
    results = run_windows(arm_gcc, qemu, tmp_path, SEA, some_affine(), pcm, flags=flags)
    for name, window, result in zip(hostile(SEA), pcm, results, strict=True):
        assert np.array_equal(result.values, pcm_to_int8(window, SEA, some_affine())), name


def test_hostile_windows_of_l3(arm_gcc: Path, qemu: Path, tmp_path: Path) -> None:
    pcm = np.stack([hostile(L3)[name] for name in L3_HOSTILE])
    results = run_windows(arm_gcc, qemu, tmp_path, L3, some_affine(), pcm)
    for name, window, result in zip(L3_HOSTILE, pcm, results, strict=True):
        assert np.array_equal(result.values, pcm_to_int8(window, L3, some_affine())), name


@pytest.mark.parametrize("sizes, windows", [(SEA, 20), (L3, 3)], ids=["sea", "l3"])
def test_recorded_windows(
    arm_gcc: Path, qemu: Path, tmp_path: Path, clips: Path, sizes: FrontEnd, windows: int
) -> None:
    pcm = recorded(clips, sizes, 0.5, windows)
    for window, result in zip(
        pcm, run_windows(arm_gcc, qemu, tmp_path, sizes, some_affine(), pcm), strict=True
    ):
        assert np.array_equal(result.values, pcm_to_int8(window, sizes, some_affine()))


def test_windows_of_l3_by_themselves(arm_gcc: Path, qemu: Path, tmp_path: Path, clips: Path) -> None:
    pcm = np.concatenate([recorded(clips, L3, 0.5, 2), hostile(L3)["chirp"][np.newaxis]])
    results = run_windows(arm_gcc, qemu, tmp_path, L3, some_affine(), pcm, streams=False)
    for window, result in zip(pcm, results, strict=True):
        assert np.array_equal(result.values, pcm_to_int8(window, L3, some_affine()))
        assert result.instructions <= 24_000_000


@pytest.mark.parametrize(
    "sizes, hop_samples, most, most_a_hop",
    [(SEA, 800, 2_500_000, 600_000), (L3, 4840, 24_000_000, 4_300_000)],
    ids=["sea", "l3"],
)
def test_a_stream_keeps_to_its_instructions(
    arm_gcc: Path,
    qemu: Path,
    tmp_path: Path,
    sizes: FrontEnd,
    hop_samples: int,
    most: int,
    most_a_hop: int,
) -> None:
    window = hostile(sizes)["chirp"]
    first, *hops = run_windows(
        arm_gcc, qemu, tmp_path, sizes, some_affine(), window[np.newaxis], hops=2, hop_samples=hop_samples
    )
    assert first.instructions <= most
    twice = np.concatenate([window, window])
    for number, hop in enumerate(hops, 1):
        begin = number * hop_samples
        expected = pcm_to_int8(twice[begin : begin + sizes.sample_rate], sizes, some_affine())
        assert np.array_equal(hop.values, expected)
        assert hop.instructions <= most_a_hop


@pytest.mark.parametrize("sizes, most", [(SEA, 17 * 1024), (L3, 31 * 1024)], ids=["sea", "l3"])
def test_code_and_tables_keep_to_their_bytes(
    arm_gcc: Path, tmp_path: Path, sizes: FrontEnd, most: int
) -> None:
    sources = [*SOURCES, write_tables(tmp_path, sizes, some_affine())]
    options = [OPTIMIZE, *FLAGS, *EXACT, f"-I{tmp_path}", f"-I{firmware_dir()}", "-r", "-nostdlib"]
    linked = tmp_path / "front_end.o"
    subprocess.run([str(word) for word in (arm_gcc, *options, *sources, "-o", linked)], check=True)
    size = arm_gcc.with_name(arm_gcc.name.replace("-gcc", "-size"))
    printed = subprocess.run([str(size), str(linked)], check=True, capture_output=True, text=True).stdout
    text, data, bss, *_ = printed.splitlines()[1].split()
    assert int(text) <= most
    assert (data, bss) == ("0", "0")
