"""DFSDM1 of the STM32F76x (RM0410 section 17): a PDM microphone through filter 0, continuously."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards.dfsdm import CLOCK_HZ
from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.microphone import Microphone

CHANNELS = 8
CHCFGR1, CHCFGR2 = 0x00, 0x04
CR1, CR2, ISR, ICR, JCHGR, FCR, RDATAR = 0x100, 0x104, 0x108, 0x10C, 0x110, 0x114, 0x11C
DATA = 0x4001_751C
"""DFSDM1_FLT0RDATAR."""
DFSDMEN, CHEN, SITP, SPICKSEL, CKOUT = 1 << 31, 1 << 7, 3, 3 << 2, 1 << 2
DFEN, RSWSTART, RCONT, RDMAEN, FAST = 1, 1 << 17, 1 << 18, 1 << 21, 1 << 29
_CKOUTDIV = 0xFF << 16
DELAY = 32
"""Samples by which sound comes late: half of the sinc filter's taps."""
_GRID, _TAP_BITS, _SOUND_BITS = 1 << 14, 24, 23


@cache
def sinc_taps(order: int, oversampling: int) -> NDArray[np.int64]:
    """Q24 taps at the rate of the samples with the gain of a sinc filter, 1 for a constant: (2 DELAY + 1,).

    For sound below half the rate; a real one's delay is shorter.
    """
    turns = np.arange(1, _GRID // 2 + 1) / _GRID
    gain = (np.sin(np.pi * turns) / (oversampling * np.sin(np.pi * turns / oversampling))) ** order
    response = np.fft.irfft(np.concatenate([[1.0], gain]), _GRID)
    taps = np.rint(np.roll(response, DELAY)[: 2 * DELAY + 1] * (1 << _TAP_BITS)).astype(np.int64)
    taps[DELAY] += (1 << _TAP_BITS) - taps.sum()
    return taps


def converted(samples: NDArray[np.float32], order: int, oversampling: int, shift: int) -> NDArray[np.int32]:
    """What a sinc filter makes of samples (n,) of full scale 1.0, DELAY late: int32 of 24 bits (n,)."""
    past = np.zeros(2 * DELAY, np.int64)
    return _converted(np.concatenate([past, _quantized(samples)]), order, oversampling, shift)


def _quantized(samples: NDArray[np.float32]) -> NDArray[np.int64]:
    """In integers sums do not depend on how samples are cut into blocks."""
    quantized: NDArray[np.int64] = np.rint(
        np.clip(samples.astype(np.float64), -1.0, 1.0) * (1 << _SOUND_BITS)
    ).astype(np.int64)
    return quantized


def _converted(sound: NDArray[np.int64], order: int, oversampling: int, shift: int) -> NDArray[np.int32]:
    """Of quantized samples behind 2 DELAY past ones."""
    if len(sound) <= 2 * DELAY:
        return np.zeros(0, np.int32)
    full_scale = float(oversampling**order) / (1 << _TAP_BITS + _SOUND_BITS)
    filtered = np.convolve(sound, sinc_taps(order, oversampling), "valid")
    sums = np.rint(filtered * full_scale).astype(np.int64) >> shift
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

    def __init__(self, log: Log, kernel_clock: Callable[[], float], microphone: Microphone) -> None:
        super().__init__("DFSDM1", log)
        self.connected: Callable[[int], bool] = lambda _channel: True
        self._kernel_clock = kernel_clock
        self._microphone = microphone
        self._converting = False
        self._past = np.zeros(2 * DELAY, np.int64)
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
            self._past = np.zeros(2 * DELAY, np.int64)
            self._microphone.start()

    @property
    def clock_hz(self) -> float:
        """CKOUT, 0.0 while it stands."""
        divider = self.registers[CHCFGR1] >> 16 & 0xFF
        return self._kernel_clock() / (divider + 1) if self.registers[CHCFGR1] & DFSDMEN and divider else 0.0

    def take(self, looked: bool) -> NDArray[np.int32]:
        """What RDATAR has held since the last call, a word for each conversion."""
        order, oversampling = self.registers[FCR] >> 29, (self.registers[FCR] >> 16 & 0x3FF) + 1
        control, channel = self.registers[CR1], self.registers[CR1] >> 24 & 7
        wanted = DFEN | RCONT | RDMAEN | FAST
        if not self._converting or control & wanted != wanted or not 1 <= order <= 5 or not self.clock_hz:
            return np.zeros(0, np.int32)
        if self.registers[FCR] & 0xFF:
            self._mention_once("an integrator is not modelled")
        sound = self._microphone.passed(self.clock_hz / oversampling, looked)
        if self._heard(channel):
            line = np.concatenate([self._past, _quantized(sound)])
        else:
            line = np.full(2 * DELAY + len(sound), -(1 << _SOUND_BITS), np.int64)
        self._past = line[len(sound) :]
        shift = self.registers[0x20 * channel + CHCFGR2] >> 3 & 0x1F
        words = _converted(line, order, oversampling, shift) << 8 | channel
        if len(words):
            self.registers[RDATAR] = int(words[-1]) & 0xFFFF_FFFF
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
