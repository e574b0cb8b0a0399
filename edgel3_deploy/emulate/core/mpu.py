"""Memory Protection Unit of the Cortex-M7 (Arm ARMv7-M, section B3.5): what may be done where."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from edgel3_deploy.emulate.core.bus import WORD

TYPE, CTRL, RNR, RBAR, RASR = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0
LAST_ALIAS = 0xDB8
_ENABLE, _HFNMIENA, _PRIVDEFENA, _VALID = 1, 2, 4, 16
_XN = 1 << 28
_SUBREGION_MINIMUM = 256
_SMALLEST_SIZE_FIELD = 4
_READABLE, _WRITABLE = (1, 2, 3, 5, 6, 7), (1, 2, 3)
_SHAREABLE = 1 << 2
_UNCACHED = (0b000_000, 0b000_001, 0b001_000, 0b010_000)
"""TEX, S, C and B of strongly-ordered, device and non-cacheable normal memory (Arm ARMv7-M, table B3-13)."""
_PPB = range(0xE000_0000, 0xE010_0000)


@dataclass(frozen=True)
class Rights:
    """What privileged code may do at an address."""

    read: bool
    write: bool
    execute: bool


class Mpu:
    """Its registers, and the rights that they give; of memory types only what a cache may hold.

    A reset switches it off. What it does to the regions is not defined: here they stay as they were.
    """

    def __init__(self, regions: int) -> None:
        """`regions` is how many the chip has: 8 or 16."""
        self._count = regions
        self._control = 0
        self._number = 0
        self._regions = [(0, 0)] * regions

    def scramble(self, chance: random.Random) -> None:
        """Give the regions contents as they may have when power comes on: the last one closes DTCM."""
        for number in range(self._count - 1):
            origin = chance.choice((0x0000_0000, 0x0800_0000, 0x2000_0000, 0x2400_0000, 0x4000_0000))
            size = chance.randrange(4, 20)
            self._regions[number] = (origin, chance.getrandbits(1) << 28 | size << 1 | chance.getrandbits(1))
        self._regions[-1] = (0x2000_0000, 16 << 1 | 1)

    def reset(self) -> None:
        """Switch it off."""
        self._control = 0

    @property
    def enabled(self) -> bool:
        """MPU_CTRL.ENABLE."""
        return bool(self._control & _ENABLE)

    @property
    def guards_faults(self) -> bool:
        """MPU_CTRL.HFNMIENA: whether it is on in HardFault, NMI and with FAULTMASK set too."""
        return bool(self._control & _HFNMIENA)

    def read(self, offset: int) -> int:
        """A register of the block TYPE to LAST_ALIAS."""
        if offset == TYPE:
            return self._count << 8
        if offset == CTRL:
            return self._control
        if offset == RNR:
            return self._number
        base, attributes = self._regions[self._number]
        return base | self._number if (offset - RBAR) % 8 == 0 else attributes

    def write(self, offset: int, value: int) -> None:
        """A register of the block TYPE to LAST_ALIAS."""
        base, attributes = self._regions[self._number]
        if offset == CTRL:
            self._control = value & 7
        elif offset == RNR:
            self._number = value % self._count
        elif offset >= RASR and (offset - RASR) % 8 == 0:
            self._regions[self._number] = (base, value)
        elif offset >= RBAR:
            if value & _VALID:
                self._number = value % 16 % self._count
                attributes = self._regions[self._number][1]
            self._regions[self._number] = (value & ~31 & WORD, attributes)

    def rights(self, address: int) -> Rights:
        """What is allowed at `address`; the matching region of the highest number decides."""
        default = Rights(read=True, write=True, execute=not never_executable(address))
        if not self.enabled or address in _PPB:
            return default
        for start, size, attributes in reversed(list(self._enabled_regions())):
            if start <= address < start + size and not self._left_out(attributes, address - start, size):
                return _rights(attributes, address)
        return default if self._control & _PRIVDEFENA else Rights(read=False, write=False, execute=False)

    def cacheable(self, address: int) -> bool:
        """Whether a data cache may hold what is at `address`: normal memory, not marked non-cacheable."""
        if self.enabled:
            for start, size, attributes in reversed(list(self._enabled_regions())):
                if start <= address < start + size and not self._left_out(attributes, address - start, size):
                    return attributes >> 16 & 0x3F & ~_SHAREABLE not in _UNCACHED
        return address < 0x4000_0000 or 0x6000_0000 <= address < 0xA000_0000

    def cuts(self, start: int, end: int) -> list[int]:
        """Addresses in [start, end) where rights may change; the first is `start`."""
        cuts = {start}
        if self.enabled:
            for origin, size, _ in self._enabled_regions():
                step = size // 8 if size >= _SUBREGION_MINIMUM else size
                cuts |= {at for at in range(origin, origin + size + 1, step) if start < at < end}
        return sorted(cuts)

    @staticmethod
    def _left_out(attributes: int, offset: int, size: int) -> bool:
        """Whether the subregion at `offset` is disabled."""
        return size >= _SUBREGION_MINIMUM and bool(attributes >> 8 + offset * 8 // size & 1)

    def _enabled_regions(self) -> Iterator[tuple[int, int, int]]:
        for base, attributes in self._regions:
            field = attributes >> 1 & 31
            size = 2 << max(field, _SMALLEST_SIZE_FIELD)
            if attributes & 1:
                yield base & ~(size - 1), size, attributes


def _rights(attributes: int, address: int) -> Rights:
    access = attributes >> 24 & 7
    readable = access in _READABLE
    execute = readable and not attributes & _XN and not never_executable(address)
    return Rights(read=readable, write=access in _WRITABLE, execute=execute)


def never_executable(address: int) -> bool:
    """Peripherals and the upper half are so in the default map (Arm ARMv7-M, table B3-1)."""
    return 0x4000_0000 <= address < 0x6000_0000 or address >= 0xA000_0000
