"""A window's PCM in chunks becomes the input, whatever is lost and repeated on the way."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgel3_deploy.audio.board_front_end import pcm_to_int8
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.link.protocol import MAX_CHUNK
from edgel3_deploy.resources import firmware_dir
from tests.firmware.front_end.host import EXACT, SOURCES, write_tables
from tests.firmware.front_end.windows import some_affine
from tests.firmware.kernels.target import WARNINGS
from tests.firmware.stand_in import public_header, write_header

CHUNK = MAX_CHUNK // 2
SHIM = """#include "application/audio.h"
#include "front_end/front_end.h"
static front_end_t state;
void edgel3_begin(edgel3_t *network)
{
    (void)network;
    front_end_start(&state);
}
void edgel3_push(edgel3_t *network, const int16_t *samples, uint32_t count)
{
    (void)network;
    front_end_push(&state, samples, count);
}
void edgel3_window(edgel3_t *network, int8_t *input)
{
    (void)network;
    front_end_window(&state, input);
}
int8_t input[3200];
static uint64_t now;
static uint64_t read_counter(void)
{
    now += 10;
    return now;
}
audio_t audio;
inference_t inference = {.input = input, .read_counter = read_counter};
bool load(uint32_t offset, const uint8_t *data, uint32_t samples, bool window)
{
    return audio_load(&audio, &inference, offset, data, samples, window);
}
void run(void)
{
    audio_end(&audio);
}
uint32_t input_loaded(void)
{
    return inference.loaded;
}
uint32_t counter(void)
{
    return (uint32_t)audio.counter;
}
"""


class Audio:
    """The C on this machine."""

    def __init__(self, compiler: Path, folder: Path, *, streams: bool = True) -> None:
        header = public_header((64, 50, 1), 64, layers=1, front_end=SEA, streams=streams)
        write_header(folder, header)
        (folder / "shim.c").write_text(SHIM)
        files = [firmware_dir() / "application" / "audio.c", *SOURCES, folder / "shim.c"]
        files.append(write_tables(folder, SEA, some_affine(), streams=streams))
        options = [*WARNINGS, "-O2", *EXACT, "-shared", "-fPIC", f"-I{folder}", f"-I{firmware_dir()}"]
        options.append(f"-I{firmware_dir() / 'include'}")
        command = [compiler, *options, *files, "-o", folder / "audio.so"]
        subprocess.run([str(word) for word in command], check=True)
        self.library = ctypes.CDLL(str(folder / "audio.so"))
        self.library.load.restype = ctypes.c_bool

    def load(self, offset: int, samples: PcmArray, window: bool = False) -> bool:
        data = samples.astype("<i2").tobytes()
        return bool(self.library.load(offset, data, samples.size, ctypes.c_bool(window)))

    def send(self, samples: PcmArray, at: int = 0, repeated: frozenset[int] = frozenset()) -> None:
        """Chunks of which the last one ends a window; some of them, by number, twice."""
        for number, begin in enumerate(range(0, samples.size, CHUNK)):
            last = begin + CHUNK >= samples.size
            for _ in range(1 + (number in repeated)):
                assert self.load(at + begin, samples[begin : begin + CHUNK], last)

    def loaded(self) -> int:
        """Samples of the stream so far."""
        return ctypes.c_uint32.in_dll(self.library, "audio").value

    def input(self) -> NDArray[np.int8] | None:
        """The input, if it is complete."""
        if self.library.input_loaded() < 3200:
            return None
        values = (ctypes.c_int8 * 3200).in_dll(self.library, "input")
        return np.ctypeslib.as_array(values).reshape(64, 50, 1)


@pytest.fixture(scope="module")
def audio(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Audio:
    return Audio(host_gcc, tmp_path_factory.mktemp("audio"))


@pytest.fixture(scope="module")
def by_windows(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Audio:
    """The same where the network takes the front end's memory back."""
    return Audio(host_gcc, tmp_path_factory.mktemp("windows"), streams=False)


def _window(seed: int) -> PcmArray:
    return np.random.default_rng(seed).integers(-9000, 9000, 8000).astype(np.int16)


@settings(max_examples=20)
@given(repeated=st.frozensets(st.integers(0, 31)), seed=st.integers(0, 99))
def test_chunks_that_are_repeated_count_once(audio: Audio, repeated: frozenset[int], seed: int) -> None:
    """A reply that is lost makes the host send its chunk again."""
    window = _window(seed)
    audio.send(window, repeated=repeated)
    assert audio.loaded() == 8000
    found = audio.input()
    assert found is not None
    assert np.array_equal(found, pcm_to_int8(window, SEA, some_affine()))


def test_a_stream_goes_on_with_what_the_next_window_adds(audio: Audio) -> None:
    sound = np.concatenate([_window(6), _window(7)])
    audio.send(sound[:8000])
    for end in range(8800, 12_000, 800):
        audio.send(sound[end - 800 : end], at=end - 800, repeated=frozenset({0, 3}))
        found = audio.input()
        assert found is not None
        assert np.array_equal(found, pcm_to_int8(sound[end - 8000 : end], SEA, some_affine()))


def test_offset_0_begins_a_new_stream_and_empties_the_input(audio: Audio) -> None:
    audio.send(_window(1))
    assert audio.input() is not None
    assert audio.load(0, _window(2)[:CHUNK])
    assert audio.loaded() == CHUNK
    assert audio.input() is None


@pytest.mark.parametrize("offset", [1, CHUNK - 1, CHUNK + 1, 8000, 0xFFFF_FF00, 0xFFFF_FFFF])
def test_a_gap_and_an_overlap_are_refused(audio: Audio, offset: int) -> None:
    audio.load(0, _window(3)[:CHUNK])
    assert not audio.load(offset, _window(3)[:CHUNK])
    assert audio.loaded() == CHUNK


def test_a_window_ends_after_a_second_and_whole_hops(audio: Audio) -> None:
    for offset in range(0, 7936, CHUNK):
        assert not audio.load(offset, _window(4)[offset : offset + CHUNK], window=True)
        assert audio.load(offset, _window(4)[offset : offset + CHUNK])
    assert not audio.load(7936, _window(4)[7936:7999], window=True)
    assert audio.load(7936, _window(4)[7936:], window=True)
    assert not audio.load(8000, _window(4)[:159], window=True)
    assert audio.load(8000, _window(4)[:160], window=True)


def test_what_the_front_end_took_is_counted(audio: Audio) -> None:
    """Two looks at the counter a chunk, 10 apart."""
    audio.load(0, _window(5)[:CHUNK])
    audio.load(CHUNK, _window(5)[:CHUNK])
    assert audio.library.counter() == 20


def test_a_stream_goes_on_over_an_inference(audio: Audio) -> None:
    sound = np.concatenate([_window(8), _window(9)])
    audio.send(sound[:8000])
    audio.library.run()
    audio.send(sound[8000:8800], at=8000)
    found = audio.input()
    assert found is not None
    assert np.array_equal(found, pcm_to_int8(sound[800:8800], SEA, some_affine()))


def test_a_window_by_itself_ends_its_stream(by_windows: Audio) -> None:
    window = _window(10)
    for _ in range(2):
        by_windows.send(window, repeated=frozenset({0, 31}))
        found = by_windows.input()
        assert found is not None
        assert np.array_equal(found, pcm_to_int8(window, SEA, some_affine()))
        assert not by_windows.load(8000, window[:160], window=True)
        assert not by_windows.load(8000, window[:160])


def test_no_stream_goes_on_over_an_inference_that_took_its_memory(by_windows: Audio) -> None:
    window = _window(11)
    assert by_windows.load(0, window[:CHUNK])
    by_windows.library.run()
    assert not by_windows.load(CHUNK, window[CHUNK : 2 * CHUNK])
    by_windows.send(window)
    by_windows.library.run()
    assert by_windows.loaded() == 0
    assert not by_windows.load(8000 - CHUNK, window[-CHUNK:], window=True)
