from __future__ import annotations

from collections.abc import Callable

import pytest

from edgel3_deploy.emulate import line as line_module
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.usart import (
    BRR,
    CR1,
    FE,
    ICR,
    ISR,
    M0,
    ORE,
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
from tests.emulate.wire import FakeWire, Host

KERNEL_HZ = 108e6
BRR_115200 = 938


@pytest.fixture
def wire() -> FakeWire:
    return FakeWire(115_200)


@pytest.fixture
def usart(wire: FakeWire, said: list[str]) -> Usart:
    return Usart("USART1", said.append, lambda: KERNEL_HZ, Line(wire), prescaler=True)


def enable(usart: Usart, mode: int = 0) -> None:
    usart.write(BRR, BRR_115200)
    usart.write(CR1, UE | RE | TE | mode)


def transmit(usart: Usart, data: bytes) -> None:
    for byte in data:
        while not usart.read(ISR) & TXE:
            pass
        usart.write(TDR, byte)
    while not usart.read(ISR) & TC:
        pass


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
    transmit(usart, b"ok")
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
    transmit(usart, b"x")
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
    transmit(usart, b"a")
    assert len(wire.outgoing) == 1
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
    drops: tuple[Callable[[], None], ...] = (lambda: usart.write(RQR, RXFRQ), usart.reset)
    for drop in drops:
        enable(usart)
        wire.incoming = b"abc"
        assert usart.read(ISR) & RXNE
        drop()
        assert not usart.read(ISR) & RXNE


def test_the_data_register_is_full_while_a_frame_is_shifted_out(usart: Usart, wire: FakeWire) -> None:
    enable(usart)
    usart.write(TDR, ord("a"))
    assert usart.read(ISR) & (TXE | TC) == TXE
    usart.write(TDR, ord("b"))
    usart.write(TDR, ord("c"))
    while not usart.read(ISR) & TC:
        pass
    assert wire.outgoing == b"ac"


@pytest.mark.parametrize("lost", [lambda usart: usart.reset(), lambda usart: usart.write(CR1, 0)])
def test_what_has_not_left_is_lost(usart: Usart, wire: FakeWire, lost: Callable[[Usart], None]) -> None:
    enable(usart)
    usart.write(TDR, ord("a"))
    lost(usart)
    assert all(usart.read(ISR) & TC for _ in range(5))
    assert wire.outgoing == b""


def test_in_real_pace_bytes_that_are_not_fetched_in_time_are_lost(
    wire: FakeWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host()
    monkeypatch.setattr(line_module, "time", host)
    line = Line(wire, real=True)
    usart = Usart("USART1", lambda _line: None, lambda: KERNEL_HZ, line)
    enable(usart)
    wire.incoming = b"abcd"
    line.tick()
    assert not usart.read(ISR) & RXNE
    host.now += 10.5 / 115_200
    assert usart.read(ISR) & (RXNE | ORE) == RXNE
    host.now += 30 / 115_200
    assert usart.read(RDR) == ord("a")
    assert usart.read(ISR) & (RXNE | ORE) == RXNE, "a program may be a little slower than the line"
    assert usart.read(RDR) == ord("b")
    host.now += 1000 / 115_200
    wire.incoming = b"ef"
    line.tick()
    assert usart.read(ISR) & (RXNE | ORE) == RXNE | ORE
    assert usart.read(RDR) == ord("c")
    usart.write(ICR, ORE)
    host.now += 15 / 115_200
    assert usart.read(ISR) & (RXNE | ORE) == RXNE
    assert usart.read(RDR) == ord("e")


@pytest.mark.parametrize("divider", [0, 15])
def test_too_small_a_divider_gives_no_uart(usart: Usart, wire: FakeWire, divider: int) -> None:
    usart.write(BRR, divider)
    usart.write(CR1, UE | RE | TE)
    assert usart.baudrate == 0
    transmit(usart, b"a")
    assert wire.outgoing == b""


def test_a_divider_has_16_bits(usart: Usart, said: list[str]) -> None:
    usart.write(BRR, 90_000)
    assert usart.read(BRR) == 90_000 - 65_536
    assert said == ["USART1_BRR holds 16 bits, 90000 was written"]


def test_speed_and_frame_are_fixed_while_enabled(usart: Usart, said: list[str]) -> None:
    enable(usart)
    usart.write(BRR, 16)
    usart.write(CR1, UE | RE | TE | PCE)
    assert usart.read(BRR) == BRR_115200
    assert usart.read(CR1) == UE | RE | TE
    assert said == [
        "USART1 register 0xc was written while UE is set: ignored",
        "USART1 register 0x0 was written while UE is set: ignored",
    ]


def test_only_the_h7_has_a_prescaler(said: list[str]) -> None:
    usart = Usart("USART1", said.append, lambda: KERNEL_HZ)
    usart.write(BRR, 100)
    usart.write(PRESC, 2)
    assert usart.baudrate == KERNEL_HZ / 100
    assert said == ["USART1 register 0x2c is not modelled"]
