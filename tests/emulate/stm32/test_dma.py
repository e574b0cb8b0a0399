"""DMA: it moves what peripherals receive round a buffer, and tells when it passes its middle and its end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.emulate.stm32.dma import (
    CIRC,
    CR,
    EN,
    FLAGS_AT,
    HTIF,
    LIFCR,
    LISR,
    M0AR,
    MINC,
    NDTR,
    PAR,
    STRIDE,
    TCIF,
    TEIF,
    Dma,
    Source,
)

RAM, SIZE = 0x2000_1000, 100
BARRED = range(0x1000_0000, 0x1000_1000)
DATA, CHANNEL = 0x4001_751C, 8
HALVES = CHANNEL << 25 | 1 << 13 | 1 << 11 | MINC
WORDS = CHANNEL << 25 | 2 << 13 | 2 << 11 | MINC
STREAMS = range(8)


class Counter:
    """Gives the numbers 0, 1, 2, ... in the upper half of a word, as many as `coming` says."""

    data = DATA

    def __init__(self) -> None:
        self.coming = 0
        self._next = 0

    def take(self, looked: bool) -> NDArray[np.uint32]:
        values = np.arange(self._next, self._next + self.coming, dtype=np.uint32)
        self._next += self.coming
        self.coming = 0
        return (values << 16 | 1).astype(np.uint32)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def memory() -> bytearray:
    return bytearray(4 * SIZE)


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def dma(stream: int, counter: Counter, memory: bytearray, said: list[str]) -> Dma:
    """It serves the counter by one channel of one stream."""

    def source(asked: int, channel: int) -> Source | None:
        return counter if (asked, channel) == (stream, CHANNEL) else None

    def store(address: int, data: bytes) -> bool:
        at = address - RAM
        if not 0 <= at <= len(memory) - len(data):
            return False
        memory[at : at + len(data)] = data
        return True

    dma = Dma("DMA2", said.append, source, (BARRED,))
    dma.memory = store
    return dma


class Stream:
    """Registers of a stream by their places in stream 0."""

    def __init__(self, dma: Dma, number: int) -> None:
        self._dma = dma
        self._at = STRIDE * number
        self._flags = 4 * (number // 4), FLAGS_AT[number % 4]

    def read(self, register: int) -> int:
        return self._dma.read(register + self._at)

    def write(self, register: int, value: int) -> None:
        self._dma.write(register + self._at, value)

    def take_flags(self) -> int:
        register, shift = self._flags
        flags = self._dma.read(LISR + register)
        self._dma.write(LIFCR + register, flags)
        return flags >> shift & 0x3D


@pytest.fixture
def ring(dma: Dma, stream: int) -> Stream:
    return Stream(dma, stream)


def start(
    ring: Stream, mode: int = HALVES | CIRC, source: int = DATA + 2, to: int = RAM, size: int = SIZE
) -> None:
    for register, value in ((PAR, source), (M0AR, to), (NDTR, size), (CR, mode), (CR, mode | EN)):
        ring.write(register, value)


def come(ring: Stream, counter: Counter, count: int) -> tuple[int, int]:
    """Let so many data come; the flags, which are cleared, and the counter."""
    counter.coming = count
    return ring.take_flags(), ring.read(NDTR)


def test_halfwords_go_round_a_ring(ring: Stream, counter: Counter, memory: bytearray) -> None:
    start(ring)
    assert come(ring, counter, 30) == (0, 70)
    assert come(ring, counter, 19) == (0, 51)
    assert come(ring, counter, 1) == (HTIF, 50)
    assert come(ring, counter, 49) == (0, 1)
    assert come(ring, counter, 2) == (TCIF, 99)
    assert np.frombuffer(memory, np.int16)[:SIZE].tolist() == [100, *range(1, SIZE)]


def test_a_lap_sets_both_flags_and_overwrites(ring: Stream, counter: Counter, memory: bytearray) -> None:
    start(ring)
    assert come(ring, counter, 3 * SIZE + 7) == (HTIF | TCIF, SIZE - 7)
    assert np.frombuffer(memory, np.int16)[:SIZE].tolist() == [*range(300, 307), *range(207, 300)]


def test_words_carry_the_channel(ring: Stream, counter: Counter, memory: bytearray) -> None:
    start(ring, WORDS | CIRC, DATA)
    come(ring, counter, 3)
    assert np.frombuffer(memory, np.uint32)[:3].tolist() == [1, 0x1_0001, 0x2_0001]


def test_without_a_ring_it_ends(ring: Stream, counter: Counter) -> None:
    start(ring, HALVES)
    assert come(ring, counter, SIZE + 5) == (HTIF | TCIF, 0)
    assert not ring.read(CR) & EN


@pytest.mark.parametrize("to", [0x1234, BARRED[16]])
def test_an_address_that_it_does_not_reach_is_an_error(
    ring: Stream, counter: Counter, said: list[str], to: int
) -> None:
    start(ring, to=to)
    assert come(ring, counter, 1)[0] == TEIF
    assert not ring.read(CR) & EN
    assert f"{to:#010x}" in said[0]


@pytest.mark.parametrize(
    ("mode", "source"),
    [
        (HALVES & ~MINC, DATA + 2),
        (HALVES, DATA + 1),
        (WORDS, DATA + 2),
        (HALVES | 1 << 6, DATA),
        (HALVES ^ 1 << 25, DATA),
        (HALVES ^ 3 << 13, DATA),
    ],
)
def test_what_is_not_modelled_moves_nothing(
    ring: Stream, counter: Counter, said: list[str], mode: int, source: int
) -> None:
    start(ring, mode | CIRC, source)
    assert come(ring, counter, 60) == (0, SIZE)
    assert "not modelled" in said[0]


def test_settings_are_fixed_while_it_runs(ring: Stream, said: list[str]) -> None:
    start(ring)
    for register in (NDTR, PAR, M0AR):
        ring.write(register, 4)
    assert (ring.read(PAR), ring.read(NDTR)) == (DATA + 2, SIZE)
    assert len(said) == 3


def test_another_stream_is_not_disturbed(dma: Dma, stream: int, counter: Counter, said: list[str]) -> None:
    other = Stream(dma, (stream + 1) % len(STREAMS))
    start(Stream(dma, stream))
    start(other)
    assert "not modelled" in said[0]
    counter.coming = SIZE
    assert Stream(dma, stream).take_flags() == HTIF | TCIF
    assert other.take_flags() == 0
