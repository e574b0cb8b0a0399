"""The ring that keeps what the UART receives: the stream that serves it, and what is read from it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate.boards import f7, h7
from edgel3_deploy.emulate.stm32.part import USARTS
from tests.firmware.drivers.bench import STACK_TOP, Bench

CONTROLLERS = {"stm32f7": 0x4002_6000, "stm32h7": 0x4002_0000}
ENABLES = {"stm32f7": (0x4002_3830, 21), "stm32h7": (0x5802_44D8, 0)}
DMAMUX1 = 0x4002_0800
CR1, CR3, ISR, ICR, RDR = 0x00, 0x08, 0x1C, 0x20, 0x24
UE, DMAR, OVRDIS = 1, 1 << 6, 1 << 12
ORE, FE, RXNE = 1 << 3, 1 << 1, 1 << 5
EN, CIRC, MINC, TRBUFF, HIGH = 1, 1 << 8, 1 << 10, 1 << 20, 2 << 16
RING = 2048
BYTE = STACK_TOP - 0x1000

Make = Callable[[str, str], Bench]


@pytest.fixture
def make(arm_gcc: Path, tmp_path: Path) -> Make:
    """A bench with the driver for a board, its link at another UART."""

    def made(name: str, instance: str) -> Bench:
        board = load_board(name)
        uart = replace(board.uart, instance=instance)
        sources = ["drivers/uart_stm32.c", "drivers/dma_stm32.c"]
        return Bench(arm_gcc, replace(board, uart=uart), tmp_path, sources, {})

    return made


def registers(bench: Bench) -> list[tuple[int, int]]:
    """The writes to registers, without those to variables."""
    return [(address, value) for address, value in bench.writes if address >= 0x4000_0000]


def stream_of(name: str, instance: str) -> tuple[int, int, int]:
    """Base of the stream's registers, its number, and its enable bit."""
    number, stream = f7._RECEIVED[instance][0][:2] if name == "stm32f7" else (1, 0)
    controller = CONTROLLERS[name] + 0x400 * (number - 1)
    return controller, stream, ENABLES[name][1] + number - 1


@pytest.mark.parametrize("instance", USARTS)
@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_each_uart_has_its_stream(make: Make, name: str, instance: str) -> None:
    bench = make(name, instance)
    controller, stream, enable = stream_of(name, instance)
    base, usart = controller + 0x10 + 0x18 * stream, USARTS[instance]
    bench.call("uart_ring_start")
    written = registers(bench)
    assert written[0] == (ENABLES[name][0], 1 << enable)
    flags = 0x3D << (0, 6, 16, 22)[stream % 4]
    assert (controller + (8 if stream < 4 else 12), flags) in written
    assert (base + 0x04, RING) in written
    assert (base + 0x08, usart + RDR) in written
    assert (base + 0x0C, bench.symbol("ring")) in written
    assert (base + 0x14, 0) in written, "direct mode"
    mode = HIGH | MINC | CIRC
    if name == "stm32f7":
        mode |= f7._RECEIVED[instance][0][2] << 25
    else:
        mode |= TRBUFF
        assert (DMAMUX1, h7._RECEIVED[instance]) in written
    controls = [value for address, value in written if address == base]
    assert controls == [0, mode, mode | EN]
    usarts = [(address - usart, value) for address, value in written if 0 <= address - usart < 0x30]
    assert usarts == [(CR1, 0), (CR3, DMAR | OVRDIS), (CR1, UE)]
    assert written.index((base, mode | EN)) < written.index((usart + CR3, DMAR | OVRDIS))


class Ring:
    """The driver on an STM32F7 with what the DMA does to its ring."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        controller, stream, _ = stream_of("stm32f7", "USART1")
        self._counter = controller + 0x14 + 0x18 * stream
        self._at = 0
        bench.call("uart_ring_start")

    def arrive(self, data: bytes) -> None:
        for byte in data:
            self.bench.put(self.bench.symbol("ring") + self._at, bytes([byte]))
            self._at = (self._at + 1) % RING
        self.bench.preset(self._counter, RING - self._at)

    def read(self) -> int | None:
        if not self.bench.call("uart_ring_read", BYTE) & 0xFF:
            return None
        return self.bench.read_words(BYTE, 1)[0] & 0xFF

    def drain(self) -> bytes:
        found = bytearray()
        while (byte := self.read()) is not None:
            found.append(byte)
        return bytes(found)


@pytest.fixture
def ring(make: Make) -> Ring:
    return Ring(make("stm32f7", "USART1"))


def test_bytes_come_out_in_their_order_lap_by_lap(ring: Ring) -> None:
    assert ring.read() is None
    sent = bytes(value * 7 % 256 for value in range(5_000))
    for at in range(0, len(sent), 1_250):
        ring.arrive(sent[at : at + 1_250])
        assert ring.drain() == sent[at : at + 1_250]


def test_the_counter_is_looked_at_again_only_when_all_is_taken(ring: Ring) -> None:
    ring.arrive(b"ab")
    assert ring.read() == ord("a")
    ring.arrive(b"c")
    assert ring.drain() == b"bc"


def test_receive_errors_are_cleared(ring: Ring) -> None:
    usart = USARTS["USART1"]
    ring.bench.preset(usart + ISR, ORE | FE | RXNE)
    assert ring.read() is None
    assert (usart + ICR, ORE | FE) in ring.bench.writes


def test_after_the_stop_bytes_come_from_the_receiver_again(ring: Ring) -> None:
    usart = USARTS["USART1"]
    ring.bench.call("uart_ring_stop")
    assert registers(ring.bench) == [(usart + CR3, OVRDIS)]
    ring.bench.preset(usart + ISR, RXNE)
    ring.bench.put(usart + RDR, struct.pack("<I", 0x41))
    assert ring.read() == 0x41


def test_a_stream_that_does_not_stop_leaves_the_receiver_polled(make: Make) -> None:
    bench = make("stm32f7", "USART1")
    controller, stream, _ = stream_of("stm32f7", "USART1")
    bench.read_as(controller + 0x10 + 0x18 * stream, EN)
    bench.call("uart_ring_start")
    assert not [write for write in bench.writes if write[0] == USARTS["USART1"] + CR3]


@pytest.mark.parametrize("instance", USARTS)
@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_no_uart_takes_a_microphone_s_stream(name: str, instance: str) -> None:
    """DFSDM1 has stream 0 of DMA2, SAI1 stream 3 (microphone_dfsdm.c, microphone_sai.c)."""
    microphones = [(CONTROLLERS[name] + 0x400, stream) for stream in (0, 3)]
    assert stream_of(name, instance)[:2] not in microphones
