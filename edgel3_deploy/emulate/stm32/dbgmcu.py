"""DBGMCU: says which device this is."""

from __future__ import annotations

from edgel3_deploy.emulate.core.bus import Log, Peripheral

IDCODE = 0x00


class DbgMcu(Peripheral):
    """IDCODE (read only) and the freeze bits, which do nothing without a debugger."""

    def __init__(self, log: Log, device_id: int, revision: int) -> None:
        super().__init__("DBGMCU", log)
        self._idcode = revision << 16 | device_id
        self.reset()

    def reset(self) -> None:
        self.registers = dict.fromkeys(range(0x04, 0x80, 4), 0)
        self.registers[IDCODE] = self._idcode

    def write(self, offset: int, value: int) -> None:
        if offset != IDCODE:
            super().write(offset, value)
