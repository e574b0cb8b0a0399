"""The front end's C on this machine equals its numpy twin in every element, however the samples come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.audio.pcm import PcmArray
from tests.firmware.front_end.host import HostFrontEnd
from tests.firmware.front_end.windows import hostile, recorded, some_affine

BOTH = pytest.mark.parametrize("sizes", [SEA, L3], ids=["sea", "l3"])


def _twin(pcm: PcmArray, sizes: FrontEnd) -> NDArray[np.int8]:
    return pcm_to_int8(pcm, sizes, some_affine())


def _sound(sizes: FrontEnd, seconds: float) -> PcmArray:
    """Noise that grows, so that windows differ in their greatest level."""
    count = int(seconds * sizes.sample_rate)
    noise = np.random.default_rng(2).standard_normal(count) * np.linspace(30, 9000, count)
    return noise.astype(np.int16)


@BOTH
def test_hostile_windows(host_front_ends: dict[str, HostFrontEnd], sizes: FrontEnd) -> None:
    for name, pcm in hostile(sizes).items():
        assert np.array_equal(host_front_ends[sizes.name].one(pcm), _twin(pcm, sizes)), name


@pytest.mark.parametrize("sizes, windows", [(SEA, 60), (L3, 10)], ids=["sea", "l3"])
def test_recorded_windows(
    host_front_ends: dict[str, HostFrontEnd], clips: Path, sizes: FrontEnd, windows: int
) -> None:
    for pcm in recorded(clips, sizes, 0.5, windows):
        assert np.array_equal(host_front_ends[sizes.name].one(pcm), _twin(pcm, sizes))


@pytest.mark.parametrize("flags", [("-O0",), ("-O3",)], ids=["O0", "O3"])
def test_the_optimizer_changes_no_bit(host_gcc: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    built = HostFrontEnd(host_gcc, tmp_path, SEA, some_affine(), flags)
    for pcm in hostile(SEA).values():
        assert np.array_equal(built.one(pcm), _twin(pcm, SEA))


@pytest.mark.parametrize("sizes, hop", [(SEA, 800), (L3, 4840)], ids=["sea", "l3"])
def test_every_window_of_a_stream(
    host_front_ends: dict[str, HostFrontEnd], sizes: FrontEnd, hop: int
) -> None:
    """More than one turn of both rings."""
    built, second = host_front_ends[sizes.name], sizes.sample_rate
    sound = _sound(sizes, 2.3)
    built.start()
    built.push(sound[:second])
    for end in range(second, len(sound), hop):
        assert built.ready()
        expected = _twin(sound[end - second : end], sizes)
        assert np.array_equal(built.window(), expected)
        built.push(sound[end : end + hop])


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(1, 16000), max_size=20, unique=True), windows=st.integers(0, 6))
def test_blocks_of_any_size(host_front_ends: dict[str, HostFrontEnd], cuts: list[int], windows: int) -> None:
    built = host_front_ends["sea"]
    length = 8000 + 160 * 7 * windows
    sound = _sound(SEA, 2)[:length]
    built.start()
    for block in np.split(sound, sorted(cut for cut in cuts if cut < length)):
        built.push(block)
    assert built.ready()
    assert np.array_equal(built.window(), _twin(sound[-8000:], SEA))


def test_asking_twice_and_pushing_nothing_changes_nothing(host_front_ends: dict[str, HostFrontEnd]) -> None:
    built = host_front_ends["sea"]
    first = built.one(_sound(SEA, 1))
    built.push(np.zeros(0, np.int16))
    assert np.array_equal(built.window(), first)


@BOTH
def test_a_window_is_ready_at_every_hop_behind_the_first_second(
    host_front_ends: dict[str, HostFrontEnd], sizes: FrontEnd
) -> None:
    built, hop = host_front_ends[sizes.name], sizes.hop_length
    silence = np.zeros(sizes.sample_rate, np.int16)
    built.start()
    built.push(silence[:-1])
    assert not built.ready()
    for _ in range(3):
        built.push(silence[:1])
        assert built.ready()
        built.push(silence[: hop - 1])
        assert not built.ready()


@BOTH
def test_hostile_windows_by_themselves(host_windows: dict[str, HostFrontEnd], sizes: FrontEnd) -> None:
    """Each in memory that something else has used since the one before."""
    for name, pcm in hostile(sizes).items():
        assert np.array_equal(host_windows[sizes.name].one(pcm), _twin(pcm, sizes)), name


def test_a_recorded_window_by_itself(host_windows: dict[str, HostFrontEnd], clips: Path) -> None:
    for pcm in recorded(clips, L3, 0.5, 3):
        assert np.array_equal(host_windows["l3"].one(pcm), _twin(pcm, L3))


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(1, 7999), max_size=20, unique=True), more=st.integers(0, 500))
def test_a_window_by_itself_is_one_second_in_blocks_of_any_size(
    host_windows: dict[str, HostFrontEnd], cuts: list[int], more: int
) -> None:
    built, sound = host_windows["sea"], _sound(SEA, 1.1)[: 8000 + more]
    built.start()
    for block in np.split(sound, sorted(cuts)):
        assert not built.ready()
        built.push(block)
    assert built.ready()
    first = built.window()
    built.push(sound[:1000])
    assert np.array_equal(first, _twin(sound[:8000], SEA))
    assert np.array_equal(built.window(), first)


def test_state_and_scratch_are_small(
    host_front_ends: dict[str, HostFrontEnd], host_windows: dict[str, HostFrontEnd]
) -> None:
    """The levels of l3 wait in two bytes each."""
    assert host_front_ends["sea"].state_bytes <= 36 * 1024
    scratch = 8 * L3.n_fft + 20
    assert host_windows["l3"].state_bytes == 199 * 256 * 2 + scratch
