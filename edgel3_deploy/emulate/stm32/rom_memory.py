"""What the ROM bootloader can reach: flash, RAM that it does not use itself, and its own ROM for reading."""

from __future__ import annotations

from typing import Any

from edgel3_deploy.emulate.stm32.flash_times import ERASE_SECONDS_PER_BYTE
from edgel3_deploy.emulate.stm32.part import Part
from edgel3_deploy.emulate.stm32.rom_bootloader import Protection


class RomMemory:
    """Implements `rom_bootloader.Memory` on a part and its engine, and destroys the RAM that the ROM uses."""

    def __init__(self, part: Part, engine: Any, protection: Protection) -> None:
        self._part = part
        self._engine = engine
        self._protection = protection
        for origin, size in part.rom.workspaces:
            if part.is_ram(origin, size):
                engine.mem_write(origin, b"\xa5" * size)
                part.untouched.opens(origin, size)

    @property
    def device_id(self) -> int:
        return self._part.device_id

    @property
    def sector_numbers(self) -> tuple[int, ...]:
        return tuple(sector.number for sector in self._part.flash.sectors)

    def read(self, address: int, size: int) -> bytes | None:
        flash = self._part.flash
        if flash.contains(address, size):
            return flash.read(address, size) if flash.poisoned.within(address, size) is None else None
        rom = self._part.system_memory
        if self._is_free_ram(address, size) or rom.origin <= address <= rom.origin + rom.size - size:
            return bytes(self._engine.mem_read(address, size))
        for origin, data in self._part.option_bytes:
            if origin <= address and address + size <= origin + len(data):
                return data[address - origin :][:size]
        return None

    def write(self, address: int, data: bytes) -> bool:
        flash = self._part.flash
        if flash.contains(address, len(data)):
            end = address + len(data)
            touched = {s.number for s in flash.sectors if s.origin < end and address < s.origin + s.size}
            if touched & self._protection.write:
                return False
            flash.program(address, data)
            return True
        if self._is_free_ram(address, len(data)):
            self._engine.mem_write(address, data)
            self._part.untouched.opens(address, len(data))
            return True
        return False

    def erase(self, sector: int) -> bool:
        return self._part.flash.erase(sector)

    def in_flash(self, address: int) -> bool:
        return self._part.flash.contains(address)

    def erase_seconds(self, sector: int) -> float:
        sizes = {each.number: each.size for each in self._part.flash.sectors}
        return sizes[sector] * ERASE_SECONDS_PER_BYTE

    def _is_free_ram(self, address: int, size: int) -> bool:
        closed = [
            *self._part.rom.workspaces,
            *((ram.origin, ram.size) for ram in self._part.rams if ram.name in self._part.rom.unreachable),
        ]
        taken = any(address < origin + length and address + size > origin for origin, length in closed)
        return self._part.is_ram(address, size) and not taken
