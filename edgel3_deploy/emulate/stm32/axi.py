"""AXI interconnect of the STM32H7: the register that works around revision Y's erratum (ES0392 2.2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from edgel3_deploy.emulate.core.bus import Log, Peripheral

BASE = 0x5100_8000
READ_ISSUING = 0x108
SRAM, SRAM_SIZE = 0x2400_0000, 0x8_0000


class AxiInterconnect(Peripheral):
    """`READ_ISSUING` limits reads from the AXI SRAM to one at a time; no other register is modelled."""

    RESET: ClassVar[Mapping[int, int]] = {READ_ISSUING: 0}

    def __init__(self, log: Log, *, corrupts_reads: bool) -> None:
        """`corrupts_reads`: the silicon has the erratum."""
        super().__init__("AXI", log)
        self._corrupts_reads = corrupts_reads

    @property
    def sound(self) -> bool:
        """Whether what is read from the AXI SRAM is what was written there."""
        return not self._corrupts_reads or bool(self.registers[READ_ISSUING] & 1)
