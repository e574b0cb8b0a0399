"""DMA1 and DMA2 of STM32F7 (RM0410 section 8) and STM32H7 (RM0433 section 15): from peripherals to memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.emulate.core.bus import Log, Peripheral

STREAMS = 8
LISR, LIFCR = 0x00, 0x08
CR, NDTR, PAR, M0AR, M1AR, FCR = 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
"""Of stream 0; the others follow at distances of STRIDE."""
STRIDE = 0x18
EN, CIRC, MINC, DIR, DBM = 1, 1 << 8, 1 << 10, 3 << 6, 1 << 18
TEIF, HTIF, TCIF = 1 << 3, 1 << 4, 1 << 5
FLAGS_AT = (0, 6, 16, 22)
"""Where the flags of each four streams begin in their register."""
_FIXED = (NDTR, PAR, M0AR, FCR)
_WIDTHS = {0: np.uint8, 1: np.uint16, 2: np.uint32}


class Source(Protocol):
    """A peripheral that asks a DMA to take what it has received, from the word at address `data`."""

    data: int

    def take(self, looked: bool) -> NDArray[np.uint32]:
        """What the data register has held since the last call, a word each time.

        `looked`: the program has asked how far the DMA is, at which sound passes in turbo pace.
        """


class Dma(Peripheral):
    """Moves what has come for a stream whenever a program looks at its flags or its counter.

    `source` says what the request line of a stream comes from: of (stream, channel in its control register).
    `memory` writes bytes at an address, False if no RAM is there; `barred` are RAMs that it does not reach.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        **dict.fromkeys((LISR, LISR + 4, LIFCR, LIFCR + 4), 0),
        **{
            register + STRIDE * stream: 0x21 if register == FCR else 0
            for stream in range(STREAMS)
            for register in (CR, NDTR, PAR, M0AR, M1AR, FCR)
        },
    }

    def __init__(
        self,
        name: str,
        log: Log,
        source: Callable[[int, int], Source | None],
        barred: tuple[range, ...] = (),
    ) -> None:
        super().__init__(name, log)
        self.memory: Callable[[int, bytes], bool] = lambda _address, _data: False
        self._source = source
        self._barred = barred
        self._sizes = [0] * STREAMS

    def read(self, offset: int) -> int:
        if offset in (LISR, LISR + 4):
            for stream in range(offset, offset + 4):
                self._move(stream, looked=False)
        elif (found := _stream(offset)) is not None and found[1] == NDTR:
            self._move(found[0], looked=True)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset in (LIFCR, LIFCR + 4):
            self.registers[offset - LIFCR] &= ~value
            return
        found = _stream(offset)
        if found is None:
            super().write(offset, value)
            return
        stream, register = found
        enabled = self._get(stream, CR) & EN
        if register in _FIXED and enabled:
            self.log(f"{self.name} register {offset:#x} was written while the stream is enabled: ignored")
            return
        super().write(offset, value & 0xFFFF if register == NDTR else value)
        if register == CR and value & EN and not enabled:
            self._start(stream)

    def _start(self, stream: int) -> None:
        control, self._sizes[stream] = self._get(stream, CR), self._get(stream, NDTR)
        source, width = self._source(stream, control >> 25 & 15), control >> 11 & 3
        if (
            source is None
            or control & (DIR | DBM)
            or not control & MINC
            or width not in _WIDTHS
            or width != control >> 13 & 3
            or self._get(stream, PAR) not in range(source.data, source.data + 4, 1 << width)
            or not self._sizes[stream]
        ):
            self.log(f"{self.name} stream {stream} is set to what is not modelled: it moves nothing")
            self._stop(stream)

    def _move(self, stream: int, *, looked: bool) -> None:
        """Move what has come; passing the middle and the end of the buffer sets flags."""
        control, whole = self._get(stream, CR), self._sizes[stream]
        source = self._source(stream, control >> 25 & 15) if control & EN else None
        if source is None:
            return
        shift = 8 * (self._get(stream, PAR) - source.data)
        values = (source.take(looked) >> shift).astype(_WIDTHS[control >> 11 & 3])
        at = whole - self._get(stream, NDTR)
        while len(values) and self._get(stream, CR) & EN:
            middle = whole // 2
            end = middle if at < middle else whole
            part = values[: end - at]
            if not self._store(self._get(stream, M0AR) + values.itemsize * at, part.tobytes()):
                self.log(
                    f"{self.name} stream {stream} writes to {self._get(stream, M0AR):#010x}, "
                    "where it reaches no RAM"
                )
                self._flag(stream, TEIF)
                self._stop(stream)
                return
            values, at = values[len(part) :], at + len(part)
            if at == middle:
                self._flag(stream, HTIF)
            if at == whole:
                self._flag(stream, TCIF)
                at = 0
                if not control & CIRC:
                    self._stop(stream)
                    self.registers[NDTR + STRIDE * stream] = 0
                    return
            self.registers[NDTR + STRIDE * stream] = whole - at

    def _store(self, address: int, data: bytes) -> bool:
        return not any(address in ram for ram in self._barred) and self.memory(address, data)

    def _get(self, stream: int, register: int) -> int:
        return self.registers[register + STRIDE * stream]

    def _stop(self, stream: int) -> None:
        self.registers[CR + STRIDE * stream] &= ~EN

    def _flag(self, stream: int, flag: int) -> None:
        self.registers[LISR + stream // 4 * 4] |= flag << FLAGS_AT[stream % 4]


def _stream(offset: int) -> tuple[int, int] | None:
    """Stream and register, as of stream 0, at an offset; None for those that streams share."""
    if offset < CR:
        return None
    stream = (offset - CR) // STRIDE
    return stream, offset - STRIDE * stream
