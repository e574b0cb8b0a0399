"""Memory Protection Unit of the Cortex-M7 (Arm ARMv7-M, section B3.5): which addresses are closed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edgel3_deploy.emulate.core.bus import WORD

TYPE, CTRL, RNR, RBAR, RASR = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0
LAST_ALIAS = 0xDB8
REGIONS = 8
_ENABLE, _PRIVDEFENA, _VALID = 1, 4, 16
_SUBREGION_MINIMUM = 256
_PPB = range(0xE000_0000, 0xE010_0000)


class Mpu:
    """Its registers, and what regions without access take away; other attributes are only stored."""

    def __init__(self) -> None:
        self._control = 0
        self._number = 0
        self._regions = [(0, 0)] * REGIONS

    @property
    def enabled(self) -> bool:
        """MPU_CTRL.ENABLE."""
        return bool(self._control & _ENABLE)

    def read(self, offset: int) -> int:
        """A register of the block TYPE to LAST_ALIAS."""
        if offset == TYPE:
            return REGIONS << 8
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
            self._number = value % REGIONS
        elif offset >= RASR and (offset - RASR) % 8 == 0:
            self._regions[self._number] = (base, value)
        elif offset >= RBAR:
            if value & _VALID:
                self._number = value % REGIONS
                attributes = self._regions[self._number][1]
            self._regions[self._number] = (value & ~31 & WORD, attributes)

    def denies(self, address: int) -> bool:
        """Whether privileged code may not access `address`; the matching region of highest number decides."""
        if not self.enabled or address in _PPB:
            return False
        for start, size, attributes in reversed(list(self._enabled_regions())):
            if start <= address < start + size:
                subregion = (address - start) * 8 // size
                if size < _SUBREGION_MINIMUM or not attributes >> 8 + subregion & 1:
                    return attributes >> 24 & 7 == 0
        return not self._control & _PRIVDEFENA

    def spans(self, start: int, end: int) -> list[tuple[int, int, bool]]:
        """[start, end) cut where protection changes: (from, to, denied)."""
        cuts = {start, end}
        for origin, size, _ in self._enabled_regions():
            cuts |= {at for at in range(origin, origin + size + 1, max(1, size // 8)) if start < at < end}
        spans: list[tuple[int, int, bool]] = []
        for low, high in pairwise(sorted(cuts)):
            denied = self.denies(low)
            start = spans.pop()[0] if spans and spans[-1][2] == denied else low
            spans.append((start, high, denied))
        return spans

    def _enabled_regions(self) -> Iterator[tuple[int, int, int]]:
        for base, attributes in self._regions:
            size = 2 << (attributes >> 1 & 31)
            if attributes & 1:
                yield base & ~(size - 1), size, attributes
