"""The microphone's driver on the virtual STM32F769I-DISCO: DFSDM, DMA and ring, sample by sample."""

from __future__ import annotations

import struct
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.sound_path import hear
from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.sound import sound_files
from edgel3_deploy.emulate import Quirks, VirtualBoard, start
from edgel3_deploy.emulate.stm32.dfsdm import converted
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.resources import firmware_dir
from tests.firmware.images import build_image

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

BOARD = load_board("stm32f7")
MAIN = Path(__file__).with_name("main.c")
HEAR = Path(__file__).with_name("hear.c")
RATE, BLOCK, RING = 48_000, 480, 9_600
ORDER, OVERSAMPLING = 4, 50
SECONDS = 4
PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def image(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_image(arm_gcc, BOARD, tmp_path_factory.mktemp("microphone"), main=MAIN)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.int16]]:
    """Noise, so that every sample tells where it comes from; and what the DMA takes of it."""
    import soundfile

    samples = np.random.default_rng(5).integers(-(2**15), 2**15, SECONDS * RATE).astype(np.int16)
    path = tmp_path_factory.mktemp("recording") / "noise.wav"
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    sound = samples.astype(np.float32) / 2**15
    return path, (converted(sound, ORDER, OVERSAMPLING, 0) >> 8).astype(np.int16)


class Listener:
    """The other end of main.c."""

    def __init__(self, port: Port) -> None:
        self._port = port
        assert port.read_exactly(1, PATIENCE_SECONDS) == b"R"
        port.write(b"\0")
        assert port.read_exactly(1, PATIENCE_SECONDS) == b"\1"

    def blocks(self, count: int, pause: int = 0) -> list[tuple[NDArray[np.int16], int]]:
        """Samples and how many were lost so far, for each of up to 15 blocks, after `pause` times 16 ms."""
        self._port.write(bytes([pause << 4 | count]))
        data = [self._port.read_exactly(2 * BLOCK + 4, PATIENCE_SECONDS) for _ in range(count)]
        return [(np.frombuffer(one[:-4], np.int16), struct.unpack("<I", one[-4:])[0]) for one in data]


def virtual(image: Path, recording: Path, pace: str = "turbo") -> VirtualBoard:
    return start(BOARD, image=image, microphone=recording, quirks=Quirks(pace=pace))  # type: ignore[arg-type]


def test_every_sample_arrives(image: Path, recording: tuple[Path, NDArray[np.int16]]) -> None:
    path, expected = recording
    with virtual(image, path) as board, open_port(board.port, BOARD.uart.baudrate) as port:
        listener = Listener(port)
        heard = [block for pause in (0, 0, 0, 2, 1) for block in listener.blocks(15, pause)]
    assert [lost for _, lost in heard] == [0] * 75
    samples = np.concatenate([block for block, _ in heard])
    np.testing.assert_array_equal(samples, expected[: len(samples)])


def test_lost_samples_are_counted(image: Path, recording: tuple[Path, NDArray[np.int16]]) -> None:
    """In the chip's own time: what was counted as lost is exactly what is missing."""
    path, expected = recording
    with virtual(image, path, "real") as board, open_port(board.port, BOARD.uart.baudrate) as port:
        listener = Listener(port)
        heard = listener.blocks(2, 15) + listener.blocks(2, 1) + listener.blocks(1, 15)
    assert heard[0][1] > 0
    assert heard[-1][1] > heard[0][1]
    at = 0
    for block, lost in heard:
        np.testing.assert_array_equal(block, expected[at + lost : at + lost + BLOCK])
        at += BLOCK


def test_pcm_and_levels_are_the_twin_s(
    arm_gcc: Path, tmp_path: Path, recording: tuple[Path, NDArray[np.int16]]
) -> None:
    """From the pins to the network's PCM and to levels, bit by bit."""
    path, delivered = recording
    seconds, target = 2, 8_000
    sources = {
        f"firmware/sound/{file.name}": file.read_bytes() for file in (firmware_dir() / "sound").iterdir()
    }
    extra = {**sources, **sound_files(RATE, target)}
    image = build_image(arm_gcc, BOARD, tmp_path, "-ffp-contract=off", main=HEAR, extra=extra)
    expected = hear(delivered[: seconds * RATE], RATE, target, bits=16, gain=2 << 16)
    with virtual(image, path) as board, open_port(board.port, BOARD.uart.baudrate) as port:
        assert port.read_exactly(1, PATIENCE_SECONDS) == b"R"
        port.write(bytes([seconds]))
        for second in range(seconds):
            pcm = np.frombuffer(port.read_exactly(2 * target, PATIENCE_SECONDS), np.int16)
            np.testing.assert_array_equal(pcm, expected.pcm[second * target : (second + 1) * target])
            levels = np.frombuffer(port.read_exactly(24, PATIENCE_SECONDS), np.int32)
            assert tuple(levels.tolist()) == astuple(expected.seconds[second])


def test_silence_follows_the_recording(
    image: Path, tmp_path: Path, recording: tuple[Path, NDArray[np.int16]]
) -> None:
    import soundfile

    short = tmp_path / "short.wav"
    soundfile.write(short, np.full(100, 2**14, np.int16), RATE, subtype="PCM_16")
    with virtual(image, short, "real") as board, open_port(board.port, BOARD.uart.baudrate) as port:
        ((block, _),) = Listener(port).blocks(1)
    assert block[:100].tolist() == [50**4 // 2 >> 8] * 100
    assert not block[100:].any()
