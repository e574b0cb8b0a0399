"""The microphones' drivers on virtual boards: DFSDM or SAI, DMA and ring, sample by sample."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.audio.sound_path import hear
from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.boards.board import PdmMicrophone
from edgel3_deploy.codegen.sound import sound_files
from edgel3_deploy.emulate import Quirks, VirtualBoard, start
from edgel3_deploy.emulate.delivered import delivered
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.resources import firmware_dir
from tests.firmware.images import build_image

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

BOARDS = [load_board(name) for name in ("stm32f7", "nucleo-f767zi", "stm32h7")]
MAIN = Path(__file__).with_name("main.c")
HEAR = Path(__file__).with_name("hear.c")
RATE, BLOCK = 48_000, 480
SECONDS = 30
"""More than a busy machine takes for any test in the chip's own time."""
PATIENCE_SECONDS = 120.0

Samples = NDArray[np.signedinteger[Any]]
Pace = Literal["turbo", "real"]


@dataclass(frozen=True)
class Subject:
    """A board, its image of main.c, noise in a file, so that every sample tells where it comes from, and what
    the DMA takes of it.
    """

    board: Board
    image: Path
    recording: Path
    expected: Samples

    def virtual(self, pace: Pace = "turbo") -> VirtualBoard:
        return hearing(self.board, self.image, self.recording, pace)


def hearing(board: Board, image: Path, recording: Path, pace: Pace = "turbo") -> VirtualBoard:
    return start(board, image=image, microphone=recording, quirks=Quirks(pace=pace))


@pytest.fixture(scope="module", params=BOARDS, ids=lambda board: board.name)
def subject(
    arm_gcc: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Subject:
    import soundfile

    board: Board = request.param
    image = build_image(arm_gcc, board, tmp_path_factory.mktemp("microphone"), main=MAIN)
    samples = np.random.default_rng(5).integers(-(2**23), 2**23, SECONDS * RATE).astype(np.int32)
    path = tmp_path_factory.mktemp("recording") / "noise.wav"
    soundfile.write(path, samples * 256, RATE, subtype="PCM_24")
    return Subject(board, image, path, delivered(board, samples.astype(np.float32) / np.float32(2**23)))


class Listener:
    """The other end of main.c."""

    def __init__(self, port: Port, board: Board) -> None:
        assert board.microphone is not None
        self._port = port
        self._type: Any = {16: np.int16, 24: np.int32}[board.microphone.bits]
        assert port.read_exactly(1, PATIENCE_SECONDS) == b"R"
        self.restart()

    def restart(self) -> None:
        """Stop the microphone, and start it."""
        self._port.write(b"\0")
        assert self._port.read_exactly(1, PATIENCE_SECONDS) == b"\1"

    def blocks(self, count: int, pause: int = 0) -> list[tuple[Samples, int]]:
        """Samples and how many were lost so far, for each of up to 15 blocks, after `pause` times 16 ms."""
        self._port.write(bytes([pause << 4 | count]))
        size = np.dtype(self._type).itemsize * BLOCK + 4
        data = [self._port.read_exactly(size, PATIENCE_SECONDS) for _ in range(count)]
        return [(np.frombuffer(one[:-4], self._type), struct.unpack("<I", one[-4:])[0]) for one in data]


def test_every_sample_arrives(subject: Subject) -> None:
    with subject.virtual() as virtual, open_port(virtual.port, subject.board.uart.baudrate) as port:
        listener = Listener(port, subject.board)
        heard = [block for pause in (0, 0, 0, 2, 1) for block in listener.blocks(15, pause)]
    assert [lost for _, lost in heard] == [0] * 75
    samples = np.concatenate([block for block, _ in heard])
    np.testing.assert_array_equal(samples, subject.expected[: len(samples)])


def test_after_a_stop_it_begins_anew(subject: Subject) -> None:
    with subject.virtual() as virtual, open_port(virtual.port, subject.board.uart.baudrate) as port:
        listener = Listener(port, subject.board)
        for _ in range(3):
            heard = listener.blocks(11)
            assert {lost for _, lost in heard} == {0}
            samples = np.concatenate([block for block, _ in heard])
            np.testing.assert_array_equal(samples, subject.expected[: len(samples)])
            listener.restart()


def test_lost_samples_are_counted(subject: Subject) -> None:
    """In the chip's own time: what was counted as lost is exactly what is missing."""
    with subject.virtual("real") as virtual, open_port(virtual.port, subject.board.uart.baudrate) as port:
        listener = Listener(port, subject.board)
        heard = listener.blocks(2, 15) + listener.blocks(2, 1) + listener.blocks(1, 15)
    assert heard[0][1] > 0
    assert heard[-1][1] > heard[0][1]
    at = 0
    for block, lost in heard:
        np.testing.assert_array_equal(block, subject.expected[at + lost : at + lost + BLOCK])
        at += BLOCK


def test_pcm_and_levels_are_the_twin_s(arm_gcc: Path, tmp_path: Path, subject: Subject) -> None:
    """From the pins to the network's PCM and to levels, bit by bit."""
    board, seconds, target = subject.board, 2, 8_000
    assert board.microphone is not None
    sources = {
        f"firmware/sound/{file.name}": file.read_bytes() for file in (firmware_dir() / "sound").iterdir()
    }
    compensated = isinstance(board.microphone, PdmMicrophone)
    extra = {**sources, **sound_files(RATE, target, compensated=compensated)}
    image = build_image(arm_gcc, board, tmp_path, "-ffp-contract=off", main=HEAR, extra=extra)
    samples = subject.expected[: seconds * RATE].tolist()
    expected = hear(samples, RATE, target, bits=board.microphone.bits, gain=2 << 16, compensated=compensated)
    with (
        hearing(board, image, subject.recording) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        assert port.read_exactly(1, PATIENCE_SECONDS) == b"R"
        port.write(bytes([seconds]))
        for second in range(seconds):
            pcm = np.frombuffer(port.read_exactly(2 * target, PATIENCE_SECONDS), np.int16)
            np.testing.assert_array_equal(pcm, expected.pcm[second * target : (second + 1) * target])
            levels = np.frombuffer(port.read_exactly(24, PATIENCE_SECONDS), np.int32)
            assert tuple(levels.tolist()) == astuple(expected.seconds[second])


def test_silence_follows_the_recording(
    subject: Subject, write_wav: Callable[[NDArray[np.int16]], Path]
) -> None:
    half = np.full(100, 2**14, np.int16)
    sound = np.concatenate([half, np.zeros(BLOCK - len(half))]).astype(np.float32) / np.float32(2**15)
    with (
        hearing(subject.board, subject.image, write_wav(half), "real") as virtual,
        open_port(virtual.port, subject.board.uart.baudrate) as port,
    ):
        ((block, _),) = Listener(port, subject.board).blocks(1)
    np.testing.assert_array_equal(block, delivered(subject.board, sound))
    assert not block[200:].any()


@pytest.fixture
def write_wav(tmp_path: Path) -> Callable[[NDArray[np.int16]], Path]:
    """A function that writes samples at RATE into a file."""

    def write(samples: NDArray[np.int16]) -> Path:
        import soundfile

        path = tmp_path / "short.wav"
        soundfile.write(path, samples, RATE, subtype="PCM_16")
        return path

    return write


@pytest.mark.parametrize("name", ["nucleo-f767zi", "stm32h7"])
def test_a_microphone_on_the_right_is_heard_too(
    arm_gcc: Path, tmp_path: Path, write_wav: Callable[[NDArray[np.int16]], Path], name: str
) -> None:
    (tmp_path / "right.toml").write_text(f'based_on = "{name}"\n[microphone]\nside = "right"\ndata = "PD6"\n')
    board = load_board(tmp_path / "right.toml")
    image = build_image(arm_gcc, board, tmp_path, main=MAIN)
    ramp = np.arange(-2_000, 2_000, dtype=np.int16)
    with (
        hearing(board, image, write_wav(ramp)) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        heard = np.concatenate([block for block, _ in Listener(port, board).blocks(8)])
    np.testing.assert_array_equal(heard, ramp[: len(heard)].astype(np.int32) * 256)
