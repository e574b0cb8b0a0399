"""DMA2: it moves what DFSDM1 converts round a buffer, and tells when it passes its middle and its end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.emulate.microphone import Microphone
from edgel3_deploy.emulate.stm32.dfsdm import Dfsdm
from edgel3_deploy.emulate.stm32.dma import (
    CIRC,
    DATA,
    EN,
    HTIF,
    LIFCR,
    LISR,
    MINC,
    S0CR,
    S0M0AR,
    S0NDTR,
    S0PAR,
    TCIF,
    TEIF,
    Dma,
)

RAM, SIZE = 0x2000_1000, 100
HALVES = 8 << 25 | 1 << 13 | 1 << 11 | MINC
WORDS = 8 << 25 | 2 << 13 | 2 << 11 | MINC


class Counter(Dfsdm):
    """Gives the numbers 0, 1, 2, ... as data of channel 1, as many as `coming` says."""

    def __init__(self) -> None:
        super().__init__(lambda _line: None, lambda: 0.0, Microphone(None))
        self.coming = 0
        self._next = 0

    def take(self, looked: bool) -> NDArray[np.int32]:
        values = np.arange(self._next, self._next + self.coming, dtype=np.int32)
        self._next += self.coming
        self.coming = 0
        return values << 16 | 1


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def memory() -> bytearray:
    return bytearray(4 * SIZE)


@pytest.fixture
def dma(counter: Counter, memory: bytearray, said: list[str]) -> Dma:
    dma = Dma(said.append, counter)

    def store(address: int, data: bytes) -> bool:
        at = address - RAM
        if not 0 <= at <= len(memory) - len(data):
            return False
        memory[at : at + len(data)] = data
        return True

    dma.memory = store
    return dma


def start(
    dma: Dma, mode: int = HALVES | CIRC, source: int = DATA + 2, to: int = RAM, size: int = SIZE
) -> None:
    for register, value in ((S0PAR, source), (S0M0AR, to), (S0NDTR, size), (S0CR, mode), (S0CR, mode | EN)):
        dma.write(register, value)


def come(dma: Dma, counter: Counter, count: int) -> tuple[int, int]:
    """Let so many conversions end; the flags, which are cleared, and the counter."""
    counter.coming = count
    flags, left = dma.read(LISR), dma.read(S0NDTR)
    dma.write(LIFCR, flags)
    return flags, left


def test_halfwords_go_round_a_ring(dma: Dma, counter: Counter, memory: bytearray) -> None:
    start(dma)
    assert come(dma, counter, 30) == (0, 70)
    assert come(dma, counter, 19) == (0, 51)
    assert come(dma, counter, 1) == (HTIF, 50)
    assert come(dma, counter, 49) == (0, 1)
    assert come(dma, counter, 2) == (TCIF, 99)
    assert np.frombuffer(memory, np.int16)[:SIZE].tolist() == [100, *range(1, SIZE)]


def test_a_lap_sets_both_flags_and_overwrites(dma: Dma, counter: Counter, memory: bytearray) -> None:
    start(dma)
    assert come(dma, counter, 3 * SIZE + 7) == (HTIF | TCIF, SIZE - 7)
    assert np.frombuffer(memory, np.int16)[:SIZE].tolist() == [*range(300, 307), *range(207, 300)]


def test_words_carry_the_channel(dma: Dma, counter: Counter, memory: bytearray) -> None:
    start(dma, WORDS | CIRC, DATA)
    come(dma, counter, 3)
    assert np.frombuffer(memory, np.uint32)[:3].tolist() == [1, 0x1_0001, 0x2_0001]


def test_without_a_ring_it_ends(dma: Dma, counter: Counter) -> None:
    start(dma, HALVES)
    assert come(dma, counter, SIZE + 5) == (HTIF | TCIF, 0)
    assert not dma.read(S0CR) & EN


def test_an_address_without_ram_is_an_error(dma: Dma, counter: Counter, said: list[str]) -> None:
    start(dma, to=0x1234)
    assert come(dma, counter, 1)[0] == TEIF
    assert not dma.read(S0CR) & EN
    assert "0x00001234" in said[0]


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
    dma: Dma, counter: Counter, said: list[str], mode: int, source: int
) -> None:
    start(dma, mode | CIRC, source)
    assert come(dma, counter, 60) == (0, SIZE)
    assert "not modelled" in said[0]


def test_settings_are_fixed_while_it_runs(dma: Dma, said: list[str]) -> None:
    start(dma)
    for register in (S0NDTR, S0PAR, S0M0AR):
        dma.write(register, 4)
    assert (dma.read(S0PAR), dma.read(S0NDTR)) == (DATA + 2, SIZE)
    assert len(said) == 3
