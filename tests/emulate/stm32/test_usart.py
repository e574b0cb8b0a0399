from __future__ import annotations

import pytest

from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.usart import (
    BRR,
    CR1,
    FE,
    ICR,
    ISR,
    M0,
    OVER8,
    PCE,
    PRESC,
    PS,
    RDR,
    RE,
    REACK,
    RQR,
    RXFRQ,
    RXNE,
    TC,
    TDR,
    TE,
    TEACK,
    TXE,
    UE,
    Usart,
)
from tests.emulate.wire import FakeWire

KERNEL_HZ = 108e6
BRR_115200 = 938


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire(115_200)


@pytest.fixture
def usart(wire: FakeWire) -> Usart:
    return Usart("USART1", lambda _line: None, lambda: KERNEL_HZ, Line(wire))


def enable(usart: Usart, mode: int = 0) -> None:
    usart.write(BRR, BRR_115200)
    usart.write(CR1, UE | RE | TE | mode)


def receive(usart: Usart) -> list[int]:
    received = []
    while usart.read(ISR) & RXNE:
        received.append(usart.read(RDR))
    return received


def test_the_baud_rate_follows_clock_and_registers(usart: Usart) -> None:
    assert usart.baudrate == 0
    usart.write(BRR, 0x0435)
    assert usart.baudrate == KERNEL_HZ / 0x435
    usart.write(CR1, OVER8)
    assert usart.baudrate == 2 * KERNEL_HZ / 0x43A
    usart.write(PRESC, 2)
    assert usart.baudrate == 2 * KERNEL_HZ / 4 / 0x43A


def test_acknowledges_what_was_enabled(usart: Usart) -> None:
    assert usart.read(ISR) == TXE | TC
    enable(usart)
    assert usart.read(ISR) == TXE | TC | TEACK | REACK


def test_bytes_pass_both_ways(usart: Usart, wire: FakeWire) -> None:
    enable(usart)
    wire.incoming = bytes(range(256))
    assert receive(usart) == list(range(256))
    for byte in b"ok":
        usart.write(TDR, byte)
    assert wire.outgoing == b"ok"


def test_nothing_passes_while_disabled(usart: Usart, wire: FakeWire) -> None:
    wire.incoming = b"x"
    usart.write(TDR, 1)
    assert receive(usart) == []
    usart.write(BRR, BRR_115200)
    usart.write(CR1, RE | TE)
    usart.write(TDR, 1)
    assert receive(usart) == []
    assert wire.outgoing == b""


def test_pins_that_are_not_connected_carry_nothing(usart: Usart, wire: FakeWire) -> None:
    enable(usart)
    usart.connected = lambda: (False, False)
    wire.incoming = b"x"
    usart.write(TDR, 1)
    assert receive(usart) == []
    assert wire.outgoing == b""


def test_another_speed_breaks_framing_and_bytes(usart: Usart, wire: FakeWire) -> None:
    wire.baudrate = 57_600
    enable(usart)
    wire.incoming = b"abc"
    assert usart.read(ISR) & FE
    assert receive(usart) != list(b"abc")
    usart.write(ICR, FE)
    assert not usart.read(ISR) & FE
    usart.write(TDR, ord("a"))
    assert wire.outgoing != b"a"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0, 0x61), (PCE | M0, 0x161), (PCE | M0 | PS, 0x061), (PCE, 0xE1), (PCE | PS, 0x61), (M0, 0x61)],
)
def test_the_parity_bit_arrives_above_the_data_bits(
    usart: Usart, wire: FakeWire, mode: int, expected: int
) -> None:
    enable(usart, mode)
    wire.incoming = b"a"
    assert receive(usart) == [expected]


def test_a_flush_request_and_a_reset_drop_what_was_received(usart: Usart, wire: FakeWire) -> None:
    for drop in (lambda: usart.write(RQR, RXFRQ), usart.reset):
        enable(usart)
        wire.incoming = b"abc"
        assert usart.read(ISR) & RXNE
        drop()
        assert not usart.read(ISR) & RXNE
