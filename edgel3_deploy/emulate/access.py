"""Which accesses to memory the chip allows now: by power, MPU, ECC, and what was never written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from edgel3_deploy.emulate.core import faults
from edgel3_deploy.emulate.core.bus import Log
from edgel3_deploy.emulate.core.faults import Fault
from edgel3_deploy.emulate.core.mpu import never_executable
from edgel3_deploy.emulate.stm32.part import Part

PAGE = 1024
"""The engine's smallest unit of protection."""


class Access:
    """Keeps the engine's pages closed where something in them is denied, and judges each access to those.

    `mpu_off` says whether the running code is exempt from the MPU (MPU_CTRL.HFNMIENA).
    """

    def __init__(self, engine: Any, part: Part, mpu_off: Callable[[], bool], log: Log) -> None:
        self._engine = engine
        self._part = part
        self._mpu_off = mpu_off
        self._log = log
        self._permissions: dict[tuple[int, int], int] = {}
        self.close()

    def close(self) -> None:
        """Set every page's protection as power, MPU, ECC and first use say now."""
        wanted = dict(self._wanted())
        for (start, end), permissions in wanted.items():
            if self._permissions.get((start, end)) != permissions:
                self._engine.mem_protect(start, end - start, permissions)
        self._permissions = wanted

    @contextmanager
    def opened(self, pages: set[int]) -> Iterator[None]:
        """While this lasts, a step of the CPU can reach what is in these pages."""
        from unicorn import unicorn_const

        read_execute = unicorn_const.UC_PROT_READ | unicorn_const.UC_PROT_EXEC
        for page in pages:
            ram = any(ram.origin <= page < ram.origin + ram.size for ram in self._part.rams)
            self._engine.mem_protect(page, PAGE, unicorn_const.UC_PROT_ALL if ram else read_execute)
        try:
            yield
        finally:
            for (start, end), permissions in self._permissions.items():
                for page in pages:
                    if start <= page < end:
                        self._engine.mem_protect(page, PAGE, permissions)

    def exists(self, address: int) -> bool:
        """Whether there is memory that answers at `address`."""
        memories = [(ram.origin, ram.size) for ram in self._part.rams if ram.powered()]
        memories += [(base, size) for base, size, _ in self._fixed()]
        return any(origin <= address < origin + size for origin, size in memories)

    def read(self, address: int, size: int) -> Fault | None:
        """Why the CPU may not read there, None if it may."""
        if not self._rights_ignored() and not self._part.control.mpu.rights(address).read:
            return faults.protection_fault(address, write=False)
        if not self.exists(address):
            return faults.bus_fault(address, write=False)
        poisoned = self._poisoned(address, size)
        if poisoned is not None:
            self._part.flash.on_double_error(poisoned)
            return faults.bus_fault(address, write=False)
        return None

    def write(self, address: int) -> Fault | None:
        """Why the CPU may not write there, None if it may."""
        if not self._rights_ignored() and not self._part.control.mpu.rights(address).write:
            return faults.protection_fault(address, write=True)
        writable = self._part.is_ram(address, 1) or self._part.flash.contains(address)
        return None if writable else faults.bus_fault(address, write=True)

    def fetch(self, address: int, size: int) -> Fault | None:
        """Why the CPU may not execute there, None if it may."""
        if not self._rights_ignored() and not self._part.control.mpu.rights(address).execute:
            return faults.fetch_fault(address, denied=not never_executable(address))
        poisoned = self._poisoned(address, size)
        if poisoned is not None:
            self._part.flash.on_double_error(poisoned)
        if poisoned is not None or not self.exists(address):
            return faults.fetch_fault(address, denied=False)
        return None

    def stack(self, address: int, size: int) -> bool:
        """Whether an exception's frame can be pushed there; then that RAM counts as written."""
        fits = self._part.is_ram(address, size) and self.write(address) is None
        if fits and self._part.untouched.opens(address, size):
            self.close()
        return fits

    def first(self, address: int, size: int, *, read_by: int | None) -> bool:
        """Whether this is the first access to a block of RAM, which is open from now on.

        Report the read by the instruction at `read_by`: nobody wrote what it gets.
        """
        if not self._part.untouched.opens(address, size):
            return False
        if read_by is not None:
            self._log(f"RAM that was never written is read at {address:#010x} (pc {read_by:#010x})")
        self.close()
        return True

    def _rights_ignored(self) -> bool:
        return self._mpu_off() and not self._part.control.mpu.guards_faults

    def _poisoned(self, address: int, size: int) -> int | None:
        flash = self._part.flash
        return flash.poisoned.within(address, size) if flash.contains(address) else None

    def _fixed(self) -> Iterator[tuple[int, int, int]]:
        """(address, size, permissions) of the memories that are always there and that no store changes."""
        from unicorn import unicorn_const

        read_execute = unicorn_const.UC_PROT_READ | unicorn_const.UC_PROT_EXEC
        rom, flash = self._part.system_memory, self._part.flash
        yield rom.origin, rom.size, read_execute
        for base in (flash.origin, *self._part.flash_aliases):
            yield base, flash.size, read_execute

    def _wanted(self) -> Iterator[tuple[tuple[int, int], int]]:
        """((start, end), permissions) of all memories, neighbours with the same permissions together."""
        from unicorn import unicorn_const

        for ram in self._part.rams:
            permissions = unicorn_const.UC_PROT_ALL if ram.powered() else unicorn_const.UC_PROT_NONE
            yield from self._spans(ram.origin, ram.origin + ram.size, permissions)
        for origin, size, permissions in self._fixed():
            yield from self._spans(origin, origin + size, permissions)

    def _spans(self, start: int, end: int, most: int) -> Iterator[tuple[tuple[int, int], int]]:
        """[start, end) by pages; one with a change or unreadable cells in it is closed."""
        mpu_cuts = self._part.control.mpu.cuts(start, end)
        closed = self._part.untouched.spans(start, end)
        closed += [(cut // PAGE * PAGE, cut // PAGE * PAGE + PAGE) for cut in mpu_cuts if cut % PAGE]
        if self._part.flash.contains(start):
            closed += [(page, page + PAGE) for page in self._part.flash.poisoned.blocks(PAGE)]
        cuts = {
            start,
            end,
            *(cut for cut in mpu_cuts if cut % PAGE == 0),
            *(at for span in closed for at in span),
        }
        edges = sorted(cut for cut in cuts if start <= cut <= end)
        low, current = start, -1
        for at, following in pairwise(edges):
            shut = any(first < following and at < last for first, last in closed)
            permissions = 0 if shut else most & self._allowed(at)
            if permissions != current:
                if current >= 0:
                    yield (low, at), current
                low, current = at, permissions
        yield (low, end), current

    def _allowed(self, address: int) -> int:
        from unicorn import unicorn_const

        rights = self._part.control.mpu.rights(address)
        return (
            (unicorn_const.UC_PROT_READ if rights.read else 0)
            | (unicorn_const.UC_PROT_WRITE if rights.write else 0)
            | (unicorn_const.UC_PROT_EXEC if rights.execute else 0)
        )
