"""SYSCFG: plain storage, but for the over-drive switch that takes the STM32H7 to VOS0."""

from __future__ import annotations

from collections.abc import Callable

from edgel3_deploy.emulate.core.bus import Log, Peripheral

PWRCR = 0x2C


class SysCfg(Peripheral):
    """System configuration controller (RM0410 section 7, RM0433 section 12).

    `on_overdrive` is called when the over-drive switch has moved.
    """

    RESET = dict.fromkeys(range(0x00, 0x30, 4), 0)

    def __init__(self, log: Log) -> None:
        super().__init__("SYSCFG", log)
        self.on_overdrive: Callable[[], None] = lambda: None

    @property
    def overdrive(self) -> bool:
        """STM32H7: SYSCFG_PWRCR.ODEN."""
        return bool(self.registers[PWRCR] & 1)

    def write(self, offset: int, value: int) -> None:
        before = self.overdrive
        super().write(offset, value)
        if self.overdrive != before:
            self.on_overdrive()
