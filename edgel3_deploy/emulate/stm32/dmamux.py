"""DMAMUX1 of the STM32H7 (RM0433 section 17): whose request each stream of DMA1 and DMA2 serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral
from edgel3_deploy.emulate.stm32.dma import STREAMS, Source

CHANNELS = 16
_REQUEST, _SYNCHRONIZED = 0x7F, 1 << 16


class DmaMux(Peripheral):
    """`sources` are peripherals by the number of their request; others never ask.

    `powered` says whether DMA1 or DMA2, whose clock it shares, is on.
    """

    RESET: ClassVar[Mapping[int, int]] = {4 * channel: 0 for channel in range(CHANNELS)}

    def __init__(self, log: Log, sources: Mapping[int, Source], powered: Callable[[], bool]) -> None:
        super().__init__("DMAMUX1", log)
        self._sources = sources
        self._powered = powered

    def reached(self) -> bool:
        return self._powered()

    def source(self, controller: int, stream: int) -> Source | None:
        """What a stream of DMA1 or DMA2 serves."""
        control = self.registers[4 * (STREAMS * (controller - 1) + stream)]
        return None if control & _SYNCHRONIZED else self._sources.get(control & _REQUEST)
