"""DMA2 of the STM32F7 (RM0410 section 8): stream 0, from a peripheral to memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.stm32.dfsdm import Dfsdm

LISR, LIFCR = 0x00, 0x08
S0CR, S0NDTR, S0PAR, S0M0AR, S0FCR = 0x10, 0x14, 0x18, 0x1C, 0x24
EN, CIRC, MINC, DIR, DBM = 1, 1 << 8, 1 << 10, 3 << 6, 1 << 18
TEIF, HTIF, TCIF = 1 << 3, 1 << 4, 1 << 5
DFSDM_CHANNEL = 8
DATA = 0x4001_751C
"""DFSDM1_FLT0RDATAR."""
_WIDTHS = {0: (1, np.uint8), 1: (2, np.uint16), 2: (4, np.uint32)}


class Dma(Peripheral):
    """Moves what DFSDM1's filter 0 has converted whenever a program looks at a flag or a counter.

    `memory` writes bytes at an address, False if no RAM is there.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        **dict.fromkeys((LISR, 0x04, LIFCR, 0x0C, S0CR, S0NDTR, S0PAR, S0M0AR, 0x20), 0),
        S0FCR: 0x21,
    }

    def __init__(self, log: Log, dfsdm: Dfsdm) -> None:
        super().__init__("DMA2", log)
        self.memory: Callable[[int, bytes], bool] = lambda _address, _data: False
        self._dfsdm = dfsdm
        self._size = 0

    def read(self, offset: int) -> int:
        if offset in (LISR, S0NDTR) and self.registers[S0CR] & EN:
            self._move(looked=offset == S0NDTR)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == LIFCR:
            self.registers[LISR] &= ~value
            return
        if offset in (S0NDTR, S0PAR, S0M0AR, S0FCR) and self.registers[S0CR] & EN:
            self.log(f"DMA2 register {offset:#x} was written while the stream is enabled: ignored")
            return
        starts = offset == S0CR and value & EN and not self.registers[S0CR] & EN
        super().write(offset, value & 0xFFFF if offset == S0NDTR else value)
        if starts:
            self._start()

    def _start(self) -> None:
        control, self._size = self.registers[S0CR], self.registers[S0NDTR]
        channel, width = control >> 25 & 15, control >> 11 & 3
        halves = {1: (DATA, DATA + 2), 2: (DATA,)}.get(width, ())
        if (
            channel != DFSDM_CHANNEL
            or control & (DIR | DBM)
            or not control & MINC
            or width != control >> 13 & 3
            or self.registers[S0PAR] not in halves
            or not self._size
        ):
            self.log("DMA2 stream 0 is set to what is not modelled: it moves nothing")
            self.registers[S0CR] &= ~EN

    def _move(self, looked: bool) -> None:
        """Move what has come; passing the middle and the end of the buffer sets flags."""
        words = self._dfsdm.take(looked).view(np.uint32)
        size, kind = _WIDTHS[self.registers[S0CR] >> 11 & 3]
        values = (words >> 8 * (self.registers[S0PAR] - DATA)).astype(kind)
        at = self._size - self.registers[S0NDTR]
        while len(values) and self.registers[S0CR] & EN:
            middle = self._size // 2
            end = middle if at < middle else self._size
            part = values[: end - at]
            if not self.memory(self.registers[S0M0AR] + size * at, part.tobytes()):
                self.log(f"DMA2 stream 0 writes to {self.registers[S0M0AR]:#010x}, where no RAM is")
                self.registers[LISR] |= TEIF
                self.registers[S0CR] &= ~EN
                return
            values, at = values[len(part) :], at + len(part)
            if at == middle:
                self.registers[LISR] |= HTIF
            if at == self._size:
                self.registers[LISR] |= TCIF
                at = 0
                if not self.registers[S0CR] & CIRC:
                    self.registers[S0CR] &= ~EN
                    self.registers[S0NDTR] = 0
                    return
            self.registers[S0NDTR] = self._size - at
