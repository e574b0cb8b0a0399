"""USART and UART of STM32F7 and STM32H7 (RM0410 section 34, RM0433 section 48), asynchronous mode.

Polled; reception by DMA too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.transmitter import Transmitter

CR1, CR2, CR3, BRR, RQR, ISR, ICR, RDR, TDR, PRESC = 0, 4, 8, 0x0C, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C
UE, RE, TE, PS, PCE, M0, OVER8, M1 = (1 << bit for bit in (0, 2, 3, 9, 10, 12, 15, 28))
FE, ORE, RXNE, TC, TXE, TEACK, REACK = (1 << bit for bit in (1, 3, 5, 6, 7, 21, 22))
RXFRQ = 1 << 3
DMAR, ONEBIT, OVRDIS, DDRE = 1 << 6, 1 << 11, 1 << 12, 1 << 13
_PRESCALERS = (1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256)
_FIXED_WHILE_ENABLED = {
    CR1: PS | PCE | M0 | M1 | OVER8,
    CR2: 3 << 12,
    CR3: ONEBIT | OVRDIS | DDRE,
    BRR: 0xFFFF,
    PRESC: 15,
}
"""Bits that can only be written while UE is 0."""
_DIVIDER_MINIMUM = 16
_DMA_BURST = 16
"""Most bytes that a DMA gets at a look in turbo pace, so that no ring overflows while it is read."""
_START_BIT, _STOP_BITS = 1, (1.0, 0.5, 2.0, 1.5)


class Usart(Peripheral):
    """Transmits frame by frame. In turbo pace the line holds bytes back until they are read: none is lost.

    In the line's real pace what comes while nobody looks is lost but for the first byte, and ORE is set;
    nothing is received until it is cleared. With CR3.DMAR bytes wait for `take`, which a DMA calls: none is
    lost.
    `kernel_clock` gives the clock in Hz that BRR divides. Without a `line` nothing is ever received.
    `connected` says whether the TX and RX pin are set to this USART. The STM32H7's have a `prescaler`.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        CR1: 0,
        CR2: 0,
        CR3: 0,
        BRR: 0,
        0x10: 0,
        0x14: 0,
        RQR: 0,
        ISR: TXE | TC,
        ICR: 0,
        RDR: 0,
        TDR: 0,
    }

    def __init__(
        self,
        name: str,
        log: Log,
        kernel_clock: Callable[[], float],
        line: Line | None = None,
        *,
        prescaler: bool = False,
    ) -> None:
        super().__init__(name, log)
        self.connected: Callable[[], tuple[bool, bool]] = lambda: (True, True)
        self._kernel_clock = kernel_clock
        self._line = line
        self._prescaler = prescaler
        self._received: deque[int] = deque()
        self._acknowledged = 0
        self._transmitter = Transmitter(self._leave, real=line is not None and line.real)
        if line is not None:
            line.on_tick = self._transmitter.elapse
        self.reset()

    def reset(self) -> None:
        super().reset()
        if self._prescaler:
            self.registers[PRESC] = 0
        self._received.clear()
        self._transmitter.reset()
        self._complete = True
        self._acknowledge()

    @property
    def baudrate(self) -> float:
        """Speed in bit/s that clock and registers give; 0.0 where they give none."""
        divider = self.registers[BRR]
        factor = 1
        if self.registers[CR1] & OVER8:
            divider, factor = divider & 0xFFF0 | (divider & 7) << 1, 2
        prescaler = _PRESCALERS[min(self.registers.get(PRESC, 0) & 15, len(_PRESCALERS) - 1)]
        if divider < _DIVIDER_MINIMUM:
            return 0.0
        return factor * self._kernel_clock() / prescaler / divider

    def read(self, offset: int) -> int:
        if offset == ISR:
            return self._status()
        if offset == RDR:
            if self._received:
                self.registers[RDR] = self._received.popleft()
            return self.registers[RDR]
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == TDR:
            self._transmit(value)
        elif offset == ICR:
            self.registers[ISR] &= ~(value & (0x1F | TC))
        elif offset == RQR:
            if value & RXFRQ:
                self._received.clear()
        elif offset not in (ISR, RDR):
            if offset == CR1 and not value & UE and self._acknowledged & REACK and self._kept():
                # What has come by now is the DMA's.
                self._receive(by_dma=True)
            super().write(offset, self._allowed(offset, value))
            self._acknowledge()

    def _allowed(self, offset: int, value: int) -> int:
        """`value` without changes that the chip ignores."""
        if offset == BRR and value > 0xFFFF:
            self.log(f"{self.name}_BRR holds 16 bits, {value} was written")
            value &= 0xFFFF
        fixed = _FIXED_WHILE_ENABLED.get(offset, 0) if self.registers[CR1] & UE else 0
        before = self.registers.get(offset, 0)
        if (before ^ value) & fixed:
            self.log(f"{self.name} register {offset:#x} was written while UE is set: ignored")
        return value & ~fixed | before & fixed

    def _acknowledge(self) -> None:
        """REACK and TEACK follow RE and TE while UE is set; what is under way while they are off is lost."""
        control = self.registers[CR1]
        enabled = (REACK if control & RE else 0) | (TEACK if control & TE else 0)
        before, self._acknowledged = self._acknowledged, enabled if control & UE else 0
        if self._line is not None and self._line.real and self._acknowledged & ~before & REACK:
            self._line.receive(self.baudrate)
        if not control & UE:
            self._transmitter.reset()

    def _status(self) -> int:
        empty, complete = self._transmitter.look()
        if complete and not self._complete:
            self.registers[ISR] |= TC
        self._complete = complete
        # A program that waits for its bytes to leave does not make the line look for incoming ones.
        by_dma = self.registers[CR3] & DMAR
        if self._acknowledged & REACK and not self._received and complete and not by_dma:
            self._receive()
        flags = self.registers[ISR] & ~TXE | (TXE if empty else 0)
        return flags | self._acknowledged | (RXNE if self._received else 0)

    def take(self, looked: bool) -> NDArray[np.int32]:
        """What RDR has held since the last call, a word for each byte that a DMA took."""
        taken: list[int] = []
        if self._line is not None and self._acknowledged & REACK and self.registers[CR3] & DMAR:
            if not self._received and (looked or self._line.real):
                self._receive(by_dma=True)
            most = len(self._received) if self._line.real else _DMA_BURST if looked else 0
            while self._received and len(taken) < most:
                taken.append(self._received.popleft())
        return np.array(taken, np.int32)

    def _kept(self) -> bool:
        """Whether a DMA takes what comes, in real pace."""
        return bool(self._line is not None and self._line.real and self.registers[CR3] & DMAR)

    def _receive(self, *, by_dma: bool = False) -> None:
        if self._line is None:
            return
        data, broken = self._line.receive(self.baudrate, kept=by_dma)
        if not data or not self.connected()[1] or self.registers[ISR] & ORE:
            return
        if broken:
            self.registers[ISR] |= FE
            if by_dma:
                # With DDRE 0 no transfer is requested for what arrived with an error.
                return
        frames = [self._frame(byte) for byte in data]
        if self._line.real and len(frames) > 1 and not by_dma:
            overrun = not self.registers[CR3] & OVRDIS
            self.registers[ISR] |= ORE if overrun else 0
            frames = frames[:1] if overrun else frames[-1:]
        self._received.extend(frames)

    def _frame(self, byte: int) -> int:
        """What RDR holds for `byte`: with parity checked, the parity bit arrives above the data bits."""
        control = self.registers[CR1]
        bits = self._word_length()
        if not control & PCE:
            return byte & (1 << bits) - 1
        data = byte & (1 << bits - 1) - 1
        parity = data.bit_count() + (1 if control & PS else 0) & 1
        return data | parity << bits - 1

    def _transmit(self, value: int) -> None:
        if not self._acknowledged & TEACK or not self.baudrate:
            return
        bits = self._word_length()
        data_bits = bits - 1 if self.registers[CR1] & PCE else bits
        stop = _STOP_BITS[self.registers[CR2] >> 12 & 3]
        self.registers[ISR] &= ~TC
        self._complete = False
        self._transmitter.put(value & 0xFF & (1 << data_bits) - 1, (_START_BIT + bits + stop) / self.baudrate)

    def _leave(self, byte: int) -> None:
        """The last bit of `byte` has left the shift register."""
        if self._line is not None and self.connected()[0]:
            self._line.send(bytes([byte]), self.baudrate)

    def _word_length(self) -> int:
        control = self.registers[CR1]
        return 9 if control & M0 else 7 if control & M1 else 8
