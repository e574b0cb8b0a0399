"""USART and UART of STM32F7 and STM32H7 (RM0410 section 34, RM0433 section 48), asynchronous mode, polled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.line import Line

CR1, CR2, CR3, BRR, RQR, ISR, ICR, RDR, TDR, PRESC = 0, 4, 8, 0x0C, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C
UE, RE, TE, PS, PCE, M0, OVER8, M1 = (1 << bit for bit in (0, 2, 3, 9, 10, 12, 15, 28))
FE, RXNE, TC, TXE, TEACK, REACK = (1 << bit for bit in (1, 5, 6, 7, 21, 22))
RXFRQ = 1 << 3
_PRESCALERS = (1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256)


class Usart(Peripheral):
    """Transmits at once and never overruns: the line holds bytes back until they are read.

    `kernel_clock` gives the clock in Hz that BRR divides. Without a `line` nothing is ever received.
    `connected` says whether the TX and RX pin are set to this USART.
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
        PRESC: 0,
    }

    def __init__(
        self, name: str, log: Log, kernel_clock: Callable[[], float], line: Line | None = None
    ) -> None:
        super().__init__(name, log)
        self.connected: Callable[[], tuple[bool, bool]] = lambda: (True, True)
        self._kernel_clock = kernel_clock
        self._line = line
        self._received: deque[int] = deque()
        self._sending = False
        self._acknowledge()

    def reset(self) -> None:
        super().reset()
        self._received.clear()
        self._sending = False
        self._acknowledge()

    @property
    def baudrate(self) -> float:
        """Speed in bit/s that clock and registers give; 0.0 while BRR is not set."""
        divider = self.registers[BRR]
        factor = 1
        if self.registers[CR1] & OVER8:
            divider, factor = divider & 0xFFF0 | (divider & 7) << 1, 2
        prescaler = _PRESCALERS[min(self.registers[PRESC] & 15, len(_PRESCALERS) - 1)]
        return factor * self._kernel_clock() / prescaler / divider if divider >= 8 * factor else 0.0

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
            self.registers[ISR] &= ~(value & 0x1F)
        elif offset == RQR:
            if value & RXFRQ:
                self._received.clear()
        elif offset not in (ISR, RDR):
            super().write(offset, value)
            self._acknowledge()

    def _acknowledge(self) -> None:
        """REACK and TEACK follow RE and TE while UE is set."""
        control = self.registers[CR1]
        enabled = (REACK if control & RE else 0) | (TEACK if control & TE else 0)
        self._acknowledged = enabled if control & UE else 0

    def _status(self) -> int:
        # A program that waits for TXE between two bytes does not make the line look for incoming ones.
        if not self._received and not self._sending and self._acknowledged & REACK:
            self._receive()
        self._sending = False
        return self.registers[ISR] | self._acknowledged | (RXNE if self._received else 0)

    def _receive(self) -> None:
        if self._line is None:
            return
        data, broken = self._line.receive(self.baudrate)
        if not data or not self.connected()[1]:
            return
        if broken:
            self.registers[ISR] |= FE
        self._received.extend(map(self._frame, data))

    def _frame(self, byte: int) -> int:
        """What RDR holds for `byte`: with parity checked, the parity bit arrives above the data bits."""
        control = self.registers[CR1]
        bits = 9 if control & M0 else 7 if control & M1 else 8
        if not control & PCE:
            return byte & (1 << bits) - 1
        data = byte & (1 << bits - 1) - 1
        parity = data.bit_count() + (1 if control & PS else 0) & 1
        return data | parity << bits - 1

    def _transmit(self, value: int) -> None:
        control = self.registers[CR1]
        if self._line is None or not self._acknowledged & TEACK or not self.connected()[0]:
            return
        bits = 9 if control & M0 else 7 if control & M1 else 8
        data_bits = bits - 1 if control & PCE else bits
        self._sending = True
        self._line.send(bytes([value & 0xFF & (1 << data_bits) - 1]), self.baudrate)
