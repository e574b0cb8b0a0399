"""SYSCFG: plain storage, but for the over-drive switch that takes the STM32H7 to VOS0."""

from __future__ import annotations

from edgel3_deploy.emulate.core.bus import Peripheral

PWRCR = 0x2C


class SysCfg(Peripheral):
    """System configuration controller (RM0410 section 7, RM0433 section 12)."""

    RESET = dict.fromkeys(range(0x00, 0x30, 4), 0)

    @property
    def overdrive(self) -> bool:
        """STM32H7: SYSCFG_PWRCR.ODEN."""
        return bool(self.registers[PWRCR] & 1)
