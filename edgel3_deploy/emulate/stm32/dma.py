"""DMA1 and DMA2 of STM32F7 and STM32H7 (RM0410 section 8, RM0433 section 15): from peripherals to memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.emulate.core.bus import Log, Peripheral

STREAMS = 8
LISR, HISR, LIFCR, HIFCR = 0x00, 0x04, 0x08, 0x0C
CR, NDTR, PAR, M0AR, M1AR, FCR = 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
"""Of stream 0; those of the next follow `STREAM_SIZE` bytes behind."""
STREAM_SIZE = 0x18
EN, INTERRUPTS, DIR, CIRC, MINC, DBM, TRBUFF = 1, 0x1E, 3 << 6, 1 << 8, 1 << 10, 1 << 18, 1 << 20
TEIF, HTIF, TCIF = 1 << 3, 1 << 4, 1 << 5
FLAGS = 0x3D
_SHIFTS = (0, 6, 16, 22)
"""Where the flags of streams 0 to 3 stand in LISR, of 4 to 7 in HISR."""
_DIRECT_MODE_DISABLED = 1 << 2
_LOOKS_TO_STOP = 2
_KINDS = {1: np.uint8, 2: np.uint16, 4: np.uint32}


@dataclass(frozen=True)
class Source:
    """A peripheral that requests transfers of its data register, at `address`.

    `offsets` says which bytes of the register can be read, by the bytes of an access. `take` gives what the
    register has held since the last call, an int32 each; with True a program has looked how many there were.
    A `usart` stalls streams of the STM32H7 unless TRBUFF is set (ES0392, stream locked by a USART).
    """

    address: int
    offsets: Mapping[int, tuple[int, ...]]
    take: Callable[[bool], NDArray[np.int32]]
    usart: bool = False


def register(stream: int, offset: int) -> int:
    """Offset of a stream's register, `offset` being that of stream 0."""
    return offset + STREAM_SIZE * stream


class Dma(Peripheral):
    """Moves what its sources have whenever a program looks at a flag or a counter.

    `source` gives what requests a stream's transfers, from its number and its CR; None if nothing modelled
    does. `memory` writes bytes at an address, False if it does not reach RAM there. `usarts_stall`: on the
    STM32H7.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        **dict.fromkeys((LISR, HISR, LIFCR, HIFCR), 0),
        **{
            register(stream, offset): 0x21 if offset == FCR else 0
            for stream in range(STREAMS)
            for offset in (CR, NDTR, PAR, M0AR, M1AR, FCR)
        },
    }

    def __init__(
        self,
        name: str,
        log: Log,
        source: Callable[[int, int], Source | None],
        *,
        usarts_stall: bool = False,
    ) -> None:
        super().__init__(name, log)
        self._usarts_stall = usarts_stall
        self.memory: Callable[[int, bytes], bool] = lambda _address, _data: False
        self._source_of = source
        self._forget()

    def reset(self) -> None:
        super().reset()
        self._forget()

    def _forget(self) -> None:
        self._sources: dict[int, Source] = {}
        self._sizes = [0] * STREAMS
        self._stopping: dict[int, int] = {}

    def read(self, offset: int) -> int:
        stream, place = _place(offset)
        if offset in (LISR, HISR):
            first = 4 if offset == HISR else 0
            for each in range(first, first + 4):
                self._move(each, looked=False)
        elif place == NDTR:
            self._move(stream, looked=True)
        elif place == CR and stream in self._stopping:
            self._stopping[stream] -= 1
            if not self._stopping[stream]:
                del self._stopping[stream]
                self.registers[offset] &= ~EN
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset in (LIFCR, HIFCR):
            self.registers[offset - LIFCR] &= ~value
            return
        stream, place = _place(offset)
        if offset in (LISR, HISR):
            return
        if place == CR and stream < STREAMS:
            self._control(stream, value)
        elif stream < STREAMS and self.registers[register(stream, CR)] & EN:
            self.log(
                f"{self.name} register {offset:#x} was written while stream {stream} is enabled: ignored"
            )
        else:
            super().write(offset, value & 0xFFFF if place == NDTR else value)

    def _control(self, stream: int, value: int) -> None:
        control = register(stream, CR)
        before = self.registers[control]
        if not before & EN:
            self.registers[control] = value
            if value & EN:
                self._start(stream)
            return
        if (before ^ value) & ~(EN | INTERRUPTS):
            self.log(f"{self.name}_S{stream}CR was written while the stream is enabled: only EN counts")
        self.registers[control] = before & ~INTERRUPTS | value & INTERRUPTS
        if not value & EN:
            # The transfer under way ends first: EN reads as one until then.
            self._move(stream, looked=False)
            self._stopping[stream] = _LOOKS_TO_STOP
            self._sources.pop(stream, None)

    def _start(self, stream: int) -> None:
        control, size = self.registers[register(stream, CR)], self.registers[register(stream, NDTR)]
        source, address = self._source_of(stream, control), self.registers[register(stream, PAR)]
        width = 1 << (control >> 11 & 3)
        problem = ""
        if source is None:
            problem = "is requested by nothing that is modelled"
        elif address - source.address not in source.offsets.get(width, ()):
            problem = f"reads {width} bytes at {address:#010x}, which is not its source's data"
        elif (
            control & (DIR | DBM)
            or not control & MINC
            or control >> 11 & 3 != control >> 13 & 3
            or self.registers[register(stream, FCR)] & _DIRECT_MODE_DISABLED
            or not size
        ):
            problem = "is set to what is not modelled"
        elif self._flags(stream):
            problem = "was enabled with flags of its last transfer set"
        elif source.usart and self._usarts_stall and not control & TRBUFF:
            problem = "stalls: TRBUFF is not set, and its source is a USART"
        if problem or source is None:
            self.log(f"{self.name} stream {stream} {problem}: it moves nothing")
            self.registers[register(stream, CR)] &= ~EN
            return
        self._sources[stream] = source
        self._sizes[stream] = size

    def _flags(self, stream: int) -> int:
        status = self.registers[HISR if stream > 3 else LISR]
        return status >> _SHIFTS[stream % 4] & FLAGS

    def _raise(self, stream: int, flag: int) -> None:
        self.registers[HISR if stream > 3 else LISR] |= flag << _SHIFTS[stream % 4]

    def _move(self, stream: int, looked: bool) -> None:
        """Move what has come; passing the middle and the end of the buffer sets flags."""
        source = self._sources.get(stream)
        if source is None:
            return
        control, left = register(stream, CR), register(stream, NDTR)
        to = self.registers[register(stream, M0AR)]
        width, size = 1 << (self.registers[control] >> 11 & 3), self._sizes[stream]
        words = source.take(looked).view(np.uint32)
        shift = 8 * (self.registers[register(stream, PAR)] - source.address)
        values = (words >> shift).astype(_KINDS[width])
        at = size - self.registers[left]
        while len(values):
            middle = size // 2
            end = middle if at < middle else size
            part = values[: end - at]
            if not self.memory(to + width * at, part.tobytes()):
                self.log(f"{self.name} stream {stream} writes to {to:#010x}, where it reaches no RAM")
                self._raise(stream, TEIF)
                self._end(stream)
                return
            values, at = values[len(part) :], at + len(part)
            if at == middle:
                self._raise(stream, HTIF)
            if at == size:
                self._raise(stream, TCIF)
                at = 0
                if not self.registers[control] & CIRC:
                    self._end(stream)
                    self.registers[left] = 0
                    return
            self.registers[left] = size - at

    def _end(self, stream: int) -> None:
        self.registers[register(stream, CR)] &= ~EN
        self._sources.pop(stream, None)


class Dmamux(Peripheral):
    """DMAMUX1 of the STM32H7 (RM0433 section 17): which request each stream of DMA1 and DMA2 serves.

    `sources` by request number. It runs while one of the `controllers` does.
    """

    REQUEST = 0x7F
    RESET: ClassVar[Mapping[int, int]] = {4 * channel: 0 for channel in range(2 * STREAMS)}

    def __init__(self, log: Log, sources: Mapping[int, Source]) -> None:
        super().__init__("DMAMUX1", log)
        self._sources = sources
        self.controllers: tuple[Dma, ...] = ()

    def reached(self) -> bool:
        return any(controller.clocked for controller in self.controllers)

    def write(self, offset: int, value: int) -> None:
        if value & ~self.REQUEST:
            self.log(f"DMAMUX1 register {offset:#x}: synchronization and events are not modelled")
        super().write(offset, value)

    def source(self, channel: int) -> Source | None:
        """What requests the transfers of a channel: 0 to 7 are DMA1's streams, 8 to 15 DMA2's."""
        return self._sources.get(self.registers[4 * channel] & self.REQUEST)


def _place(offset: int) -> tuple[int, int]:
    """The stream that a register belongs to, and its offset for stream 0; stream 0 below CR."""
    if offset < CR:
        return 0, offset
    stream, within = divmod(offset - CR, STREAM_SIZE)
    return stream, CR + within
