"""DFSDM1 of the STM32F76x (RM0410 section 17): a PDM microphone through filter 0, continuously."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards.dfsdm import CLOCK_HZ
from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.microphone import Microphone

CHANNELS = 8
CHCFGR1, CHCFGR2 = 0x00, 0x04
CR1, CR2, ISR, ICR, JCHGR, FCR, RDATAR = 0x100, 0x104, 0x108, 0x10C, 0x110, 0x114, 0x11C
DFSDMEN, CHEN, SITP, SPICKSEL, CKOUT = 1 << 31, 1 << 7, 3, 3 << 2, 1 << 2
DFEN, RSWSTART, RCONT, RDMAEN, FAST = 1, 1 << 17, 1 << 18, 1 << 21, 1 << 29
_CKOUTDIV = 0xFF << 16
_BASE = 0x4001_7400


def converted(samples: NDArray[np.float32], order: int, oversampling: int, shift: int) -> NDArray[np.int32]:
    """What a sinc filter makes of samples of full scale 1.0: int32 of 24 bits. Its droop is not modelled."""
    full_scale = float(oversampling**order)
    sums = np.rint(np.clip(samples.astype(np.float64), -1.0, 1.0) * full_scale).astype(np.int64) >> shift
    words: NDArray[np.int32] = np.clip(sums, -(1 << 23), (1 << 23) - 1).astype(np.int32)
    return words


class Dfsdm(Peripheral):
    """Takes sound from `microphone` whenever `take` is called for a DMA, as fast as its clocks make it.

    `kernel_clock` gives the clock in Hz. `connected` says of a channel whether its clock and data pins are
    set to it; without a microphone there, or with a clock that this does not take, what comes is a line that
    stays low.
    """

    RESET: ClassVar[Mapping[int, int]] = {
        **{0x20 * channel + register: 0 for channel in range(CHANNELS) for register in (CHCFGR1, CHCFGR2)},
        **dict.fromkeys((CR1, CR2, ISR, ICR, FCR, RDATAR), 0),
        JCHGR: 1,
    }
    data = _BASE + RDATAR

    def __init__(self, log: Log, kernel_clock: Callable[[], float], microphone: Microphone) -> None:
        super().__init__("DFSDM1", log)
        self.connected: Callable[[int], bool] = lambda _channel: True
        self._kernel_clock = kernel_clock
        self._microphone = microphone
        self._converting = False
        self._said: set[str] = set()

    def reset(self) -> None:
        super().reset()
        self._converting = False

    def write(self, offset: int, value: int) -> None:
        before = self.registers.get(offset, 0)
        if offset == CHCFGR1 and before & DFSDMEN and (before ^ value) & _CKOUTDIV and value & DFSDMEN:
            self.log("DFSDM1_CH0CFGR1.CKOUTDIV was written while DFSDMEN is set: ignored")
            value = value & ~_CKOUTDIV | before & _CKOUTDIV
        if offset == FCR and self.registers[CR1] & DFEN:
            self.log("DFSDM1_FLT0FCR was written while DFEN is set: ignored")
            return
        if offset == ICR:
            self.registers[ISR] &= ~value
            return
        super().write(offset, value & ~RSWSTART if offset == CR1 else value)
        if not self.registers[CR1] & DFEN or not self.registers[CHCFGR1] & DFSDMEN:
            self._converting = False
        elif offset == CR1 and value & RSWSTART:
            self._converting = True
            self._microphone.start()

    @property
    def clock_hz(self) -> float:
        """CKOUT, 0.0 while it stands."""
        divider = self.registers[CHCFGR1] >> 16 & 0xFF
        return self._kernel_clock() / (divider + 1) if self.registers[CHCFGR1] & DFSDMEN and divider else 0.0

    def take(self, looked: bool) -> NDArray[np.uint32]:
        """What RDATAR has held since the last call, a word for each conversion."""
        order, oversampling = self.registers[FCR] >> 29, (self.registers[FCR] >> 16 & 0x3FF) + 1
        control, channel = self.registers[CR1], self.registers[CR1] >> 24 & 7
        wanted = DFEN | RCONT | RDMAEN | FAST
        if not self._converting or control & wanted != wanted or not 1 <= order <= 5 or not self.clock_hz:
            return np.zeros(0, np.uint32)
        if self.registers[FCR] & 0xFF:
            self._mention_once("an integrator is not modelled")
        sound = self._microphone.passed(self.clock_hz / oversampling, looked)
        if not self._heard(channel):
            sound = np.full_like(sound, -1.0)
        shift = self.registers[0x20 * channel + CHCFGR2] >> 3 & 0x1F
        words = (converted(sound, order, oversampling, shift) << 8 | channel).view(np.uint32)
        if len(words):
            self.registers[RDATAR] = int(words[-1])
        return words

    def _heard(self, channel: int) -> bool:
        """Whether the microphone's data reach the channel, which takes them at the rising edges of CKOUT."""
        settings = self.registers[0x20 * channel + CHCFGR1]
        if not CLOCK_HZ[0] <= self.clock_hz <= CLOCK_HZ[1]:
            self._mention_once(f"CKOUT is {self.clock_hz / 1e6:.2f} MHz, which the microphone does not take")
            return False
        return settings & (CHEN | SITP | SPICKSEL) == CHEN | CKOUT and self.connected(channel)

    def _mention_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.log(text)
