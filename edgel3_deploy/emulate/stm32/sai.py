"""SAI1 of STM32F76x and STM32H743 (RM0410 section 36, RM0433 section 51): block A as a master that receives.

At its pins stands an I2S microphone: WS falls, and one clock later it drives the 24 bits of a left sample,
the highest first, or after WS has risen those of a right one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards.sai import BITS_PER_FRAME, CLOCK_HZ
from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.microphone import Microphone

BLOCK_A, BLOCK_B = 0x04, 0x24
CR1, CR2, FRCR, SLOTR, IMR, SR, CLRFR, DR = range(0x04, 0x24, 4)
"""Of block A."""
MODE, PRTCFG, DS, LSBFIRST, CKSTR, SYNCEN, MONO = 3, 3 << 2, 7 << 5, 1 << 8, 1 << 9, 3 << 10, 1 << 12
SAIEN, DMAEN, NODIV, OSR = 1 << 16, 1 << 17, 1 << 19, 1 << 26
FSDEF, FSPOL, FSOFF = 1 << 16, 1 << 17, 1 << 18
OVRUDR, WCKCFG, FREQ = 1 << 0, 1 << 2, 1 << 3
MASTER_RECEIVER = 1
SAMPLE_BITS = 24
_FIFO = 8
_DATA_BITS = {2: 8, 3: 10, 4: 16, 5: 20, 6: 24, 7: 32}
_FIXED = (CR1, FRCR, SLOTR)
DATA = 0x4001_5820
"""SAI_ADR."""


def sampled(samples: NDArray[np.float32]) -> NDArray[np.int32]:
    """What a microphone makes of samples of full scale 1.0: int32 of 24 bits."""
    limit = float(1 << SAMPLE_BITS - 1)
    words: NDArray[np.int32] = np.clip(np.rint(samples.astype(np.float64) * limit), -limit, limit - 1).astype(
        np.int32
    )
    return words


class Sai(Peripheral):
    """Takes sound from `microphone` whenever `take` is called for a DMA, as fast as its clock makes it.

    `kernel_clock` gives the clock in Hz; `doubled`: MCKDIV divides by twice its value, as on the STM32F7.
    `right` is the microphone's side, None where there is none. `connected` says whether all three pins are
    SAI1's, `pulled_down` whether the chip holds the data line low while nobody drives it; else it floats.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        0: 0,
        **{
            register - BLOCK_A + block: value
            for block in (BLOCK_A, BLOCK_B)
            for register, value in {
                CR1: 0x40,
                CR2: 0,
                FRCR: 7,
                SLOTR: 0,
                IMR: 0,
                SR: FREQ,
                CLRFR: 0,
                DR: 0,
            }.items()
        },
    }

    def __init__(
        self,
        log: Log,
        kernel_clock: Callable[[], float],
        microphone: Microphone,
        *,
        right: bool | None,
        doubled: bool = False,
    ) -> None:
        super().__init__("SAI1", log)
        self.connected: Callable[[], bool] = lambda: True
        self.pulled_down: Callable[[], bool] = lambda: True
        self._kernel_clock = kernel_clock
        self._microphone = microphone
        self._right = right
        self._doubled = doubled
        self._noise = np.random.default_rng(0)
        self._said: set[str] = set()

    def write(self, offset: int, value: int) -> None:
        enabled = self.registers[CR1] & SAIEN
        if offset == CLRFR:
            self.registers[SR] &= ~value
            return
        if offset in _FIXED and enabled and (self.registers[offset] ^ value) & ~(SAIEN | DMAEN):
            self.log(f"SAI1 register {offset:#x} was written while block A is enabled: ignored")
            return
        if offset in (SR, DR):
            return
        super().write(offset, value & ~(1 << 3) if offset == CR2 else value)
        if offset == CR1 and value & SAIEN and not enabled:
            self._start()

    @property
    def bit_clock_hz(self) -> float:
        """SCK, 0.0 while it stands."""
        control = self.registers[CR1]
        if not control & SAIEN:
            return 0.0
        divider = control >> 20 & (15 if self._doubled else 63)
        divider = max(1, 2 * divider if self._doubled else divider)
        if control & NODIV:
            return self._kernel_clock() / (1 if self._doubled else divider)
        return self._kernel_clock() / divider / (2 if control & OSR else 1) * self._frame_bits / 256

    def take(self, looked: bool) -> NDArray[np.int32]:
        """What the data register has held since the last call: the enabled slots of each frame."""
        if not self.bit_clock_hz:
            return np.zeros(0, np.int32)
        sound = self._microphone.passed(self.bit_clock_hz / self._frame_bits, looked)
        words = self._slots(self._line(sound))
        if not self.registers[CR1] & DMAEN:
            # Nobody takes what comes: the FIFO runs over.
            self.registers[SR] |= OVRUDR if len(words) > _FIFO else 0
            return np.zeros(0, np.int32)
        if len(words):
            self.registers[DR] = int(words[-1])
        return words.view(np.int32)

    @property
    def _frame_bits(self) -> int:
        return (self.registers[FRCR] & 0xFF) + 1

    def _start(self) -> None:
        control, bits = self.registers[CR1], self._frame_bits
        if not control & NODIV and (bits.bit_count() != 1 or bits < 8):
            self._refuse(f"a frame of {bits} bits does not divide the master clock")
            self.registers[SR] |= WCKCFG
        elif control & (MODE | PRTCFG | LSBFIRST | SYNCEN | MONO) != MASTER_RECEIVER:
            self._refuse("what is not a master that receives I2S is not modelled")
        elif control >> 5 & 7 not in _DATA_BITS or self._slot_bits < _DATA_BITS[control >> 5 & 7]:
            self._refuse("slots are smaller than their data")
        elif ((self.registers[SLOTR] >> 8 & 15) + 1) * self._slot_bits > bits:
            self._refuse(f"the slots do not fit a frame of {bits} bits")
        elif not self._kernel_clock():
            self._refuse("its clock does not run")
        else:
            self._microphone.start()

    def _refuse(self, reason: str) -> None:
        self.log(f"SAI1 is not enabled: {reason}")
        self.registers[CR1] &= ~SAIEN

    @property
    def _slot_bits(self) -> int:
        size = self.registers[SLOTR] >> 6 & 3
        return (_DATA_BITS.get(self.registers[CR1] >> 5 & 7, 32), 16, 32, 32)[size]

    def _line(self, sound: NDArray[np.float32]) -> NDArray[np.uint64]:
        """The data line over each frame, from the edge of FS that begins it, the first bit highest."""
        if self.pulled_down():
            floating = np.zeros(len(sound), np.uint64)
        else:
            floating = self._noise.integers(0, 1 << 64, len(sound), np.uint64)
        if not self._heard():
            return floating
        frame, settings = self._frame_bits, self.registers[FRCR]
        # FSPOL: active high, so that the frame begins with the right half.
        second = bool(self._right) != bool(settings & FSPOL)
        first_bit = 1 + (frame // 2 if second else 0)
        shift = np.uint64(64 - first_bit - SAMPLE_BITS)
        mask = np.uint64((1 << SAMPLE_BITS) - 1)
        bits = (sampled(sound).astype(np.int64).view(np.uint64) & mask) << shift
        return floating & ~(mask << shift) | bits

    def _slots(self, line: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The words of the enabled slots, slot by slot in each frame."""
        settings = self.registers[SLOTR]
        data = _DATA_BITS[self.registers[CR1] >> 5 & 7]
        offset = (1 if self.registers[FRCR] & FSOFF else 0) + (settings & 31)
        words = []
        for slot in range((settings >> 8 & 15) + 1):
            if settings >> 16 + slot & 1:
                begin = offset + slot * self._slot_bits
                # The last bits of a frame's last slot are the first of the next frame.
                turned = line << np.uint64(begin % 64) | line >> np.uint64((64 - begin) % 64)
                words.append((turned >> np.uint64(64 - data)).astype(np.uint32))
        return np.stack(words, axis=1).reshape(-1) if words else np.zeros(0, np.uint32)

    def _heard(self) -> bool:
        """Whether a microphone understands the clocks, and its line is read at the right edge."""
        settings = self.registers[FRCR]
        if self._right is None or not self.connected():
            return False
        if not CLOCK_HZ[0] <= self.bit_clock_hz <= CLOCK_HZ[1]:
            self._mention_once(
                f"SCK is {self.bit_clock_hz / 1e6:.2f} MHz, which the microphone does not take"
            )
        elif self._frame_bits != BITS_PER_FRAME or (settings >> 8 & 127) + 1 != BITS_PER_FRAME // 2:
            self._mention_once("WS does not change every 32 clocks, as the microphone wants it")
        elif not settings & FSDEF:
            self._mention_once("FS tells where a frame begins, not the side")
        elif not self.registers[CR1] & CKSTR:
            self._mention_once("SD is read at the falling edges of SCK, where it changes")
        else:
            return True
        return False

    def _mention_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.log(text)
