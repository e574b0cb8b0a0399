"""DMA: it moves what peripherals have round a buffer, and tells when it passes its middle and its end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.emulate.stm32.dma import (
    CIRC,
    CR,
    DIR,
    EN,
    FCR,
    HIFCR,
    HISR,
    HTIF,
    LIFCR,
    LISR,
    M0AR,
    MINC,
    NDTR,
    PAR,
    TCIF,
    TEIF,
    TRBUFF,
    Dma,
    Dmamux,
    Source,
    register,
)

RAM, SIZE, DATA = 0x2000_1000, 100, 0x4001_751C
S0CR, S0NDTR, S0PAR, S0M0AR = CR, NDTR, PAR, M0AR
HALVES = 8 << 25 | 1 << 13 | 1 << 11 | MINC
WORDS = 8 << 25 | 2 << 13 | 2 << 11 | MINC


class Counter:
    """Gives the numbers 0, 1, 2, ... as data of channel 1, as many as `coming` says."""

    def __init__(self) -> None:
        self.coming = 0
        self._next = 0
        self.source = Source(DATA, {2: (0, 2), 4: (0,)}, self.take)

    def take(self, looked: bool) -> NDArray[np.int32]:
        values = np.arange(self._next, self._next + self.coming, dtype=np.int32)
        self._next += self.coming
        self.coming = 0
        return values << 16 | 1


class Bytes:
    """A USART that has received `coming`."""

    def __init__(self) -> None:
        self.coming = b""
        self.source = Source(DATA, {1: (0,)}, self.take, usart=True)

    def take(self, looked: bool) -> NDArray[np.int32]:
        taken, self.coming = self.coming, b""
        return np.frombuffer(taken, np.uint8).astype(np.int32)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def memory() -> bytearray:
    return bytearray(4 * SIZE)


@pytest.fixture
def dma(counter: Counter, memory: bytearray, said: list[str]) -> Dma:
    dma = Dma(
        "DMA2",
        said.append,
        lambda stream, control: counter.source if (stream, control >> 25) == (0, 8) else None,
    )
    dma.memory = into(memory)
    return dma


def into(memory: bytearray) -> Callable[[int, bytes], bool]:
    """RAM at its address."""

    def store(address: int, data: bytes) -> bool:
        at = address - RAM
        if not 0 <= at <= len(memory) - len(data):
            return False
        memory[at : at + len(data)] = data
        return True

    return store


def start(
    dma: Dma, mode: int = HALVES | CIRC, source: int = DATA + 2, to: int = RAM, size: int = SIZE
) -> None:
    for offset, value in ((S0PAR, source), (S0M0AR, to), (S0NDTR, size), (S0CR, mode), (S0CR, mode | EN)):
        dma.write(offset, value)


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
        (HALVES & ~(3 << 11 | 3 << 13), DATA),
    ],
)
def test_wrong_settings_move_nothing(
    dma: Dma, counter: Counter, said: list[str], mode: int, source: int
) -> None:
    start(dma, mode | CIRC, source)
    assert not dma.read(S0CR) & EN
    assert come(dma, counter, 60) == (0, SIZE)
    assert "it moves nothing" in said[0]


def test_the_fifo_is_not_modelled(dma: Dma, said: list[str]) -> None:
    dma.write(FCR, 4)
    start(dma)
    assert not dma.read(S0CR) & EN
    assert "not modelled" in said[0]


def test_settings_are_fixed_while_it_runs(dma: Dma, said: list[str]) -> None:
    start(dma)
    for place in (S0NDTR, S0PAR, S0M0AR):
        dma.write(place, 4)
    assert (dma.read(S0PAR), dma.read(S0NDTR)) == (DATA + 2, SIZE)
    assert len(said) == 3


def test_a_stream_ends_its_transfer_before_en_reads_as_zero(
    dma: Dma, counter: Counter, said: list[str]
) -> None:
    start(dma)
    dma.write(S0CR, HALVES | CIRC)
    dma.write(S0NDTR, 7)
    assert "ignored" in said[0]
    looks = 0
    while dma.read(S0CR) & EN:
        looks += 1
    assert looks > 0
    dma.write(S0NDTR, 7)
    assert dma.read(S0NDTR) == 7
    counter.coming = 5
    assert dma.read(LISR) == 0


def test_a_stream_does_not_start_with_flags_of_its_last_transfer(
    dma: Dma, counter: Counter, said: list[str]
) -> None:
    start(dma, HALVES)
    counter.coming = SIZE
    assert dma.read(LISR) == HTIF | TCIF
    start(dma)
    assert not dma.read(S0CR) & EN
    assert "flags of its last transfer" in said[0]
    dma.write(LIFCR, HTIF | TCIF)
    start(dma)
    assert dma.read(S0CR) & EN


def test_each_stream_has_its_registers_and_flags(memory: bytearray, said: list[str]) -> None:
    def one(stream: int, counter: Counter) -> Callable[[int, int], Source | None]:
        return lambda at, _control: counter.source if at == stream else None

    for stream, shift, status, clear in ((1, 6, LISR, LIFCR), (3, 22, LISR, LIFCR), (6, 16, HISR, HIFCR)):
        counter = Counter()
        dma = Dma("DMA1", said.append, one(stream, counter))
        dma.memory = into(memory)
        for offset, value in ((PAR, DATA + 2), (M0AR, RAM), (NDTR, SIZE), (CR, HALVES | CIRC | EN)):
            dma.write(register(stream, offset), value)
        counter.coming = SIZE // 2
        assert dma.read(register(stream, NDTR)) == SIZE // 2
        assert dma.read(status) == HTIF << shift
        dma.write(clear, HTIF << shift)
        assert dma.read(status) == 0
    assert said == []


def test_a_usart_stalls_a_stream_of_the_stm32h7_without_trbuff(memory: bytearray, said: list[str]) -> None:
    usart = Bytes()
    mux = Dmamux(said.append, {45: usart.source})
    dma = Dma("DMA1", said.append, lambda stream, _control: mux.source(stream), usarts_stall=True)
    dma.memory = into(memory)
    mux.controllers = (dma,)
    mode = MINC | CIRC
    start(dma, mode, DATA)
    assert "requested by nothing" in said.pop()
    mux.write(0, 45)
    start(dma, mode, DATA)
    assert "TRBUFF" in said.pop()
    start(dma, mode | TRBUFF, DATA)
    usart.coming = b"abc"
    assert dma.read(S0NDTR) == SIZE - 3
    assert memory[:3] == b"abc"
    assert said == []


def test_the_multiplexer_runs_while_a_controller_does(said: list[str]) -> None:
    mux = Dmamux(said.append, {})
    controllers = tuple(Dma(name, said.append, lambda _stream, _control: None) for name in ("DMA1", "DMA2"))
    mux.controllers = controllers
    for controller in controllers:
        controller.clocked = False
    assert not mux.reached()
    controllers[1].clocked = True
    assert mux.reached()
    mux.write(4, 1 << 16 | 45)
    assert "not modelled" in said[0]


def test_another_direction_is_not_modelled(dma: Dma, said: list[str]) -> None:
    start(dma, HALVES | DIR)
    assert "not modelled" in said[0]
