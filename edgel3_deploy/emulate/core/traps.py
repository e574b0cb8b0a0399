"""Traps that Unicorn leaves out: unaligned accesses and division by zero (Arm ARMv7-M, A3.2.1 and B3.2.8).

New code is looked at when the engine translates it, and hooks are put on the instructions that can trap.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from edgel3_deploy.emulate.core import faults
from edgel3_deploy.emulate.core.faults import Fault

CHECKED_EXECUTIONS = 64
"""How often the addresses of a load or store are checked before it is trusted, for the sake of speed."""

_SP, _PC = 13, 15
_DIVBYZERO = Fault(faults.USAGE_FAULT, faults.DIVBYZERO, "a division by zero")


@dataclass(frozen=True)
class Access:
    """A load or store of `size` bytes at register `base` + `offset` + register `index` << `shift`.

    `strict` ones fault on every unaligned address: those of several words, the exclusive ones, the FPU's.
    """

    base: int
    size: int
    strict: bool = False
    offset: int = 0
    index: int | None = None
    shift: int = 0


@dataclass(frozen=True)
class Division:
    """SDIV or UDIV by register `divisor`."""

    divisor: int


class Traps:
    """Watches an engine. `on_fault` is told of a trap while the engine stops in front of the instruction.

    Unaligned addresses fault in instructions that access several words, in device memory, and everywhere
    while `unaligned` is set; a divisor of zero does while `divide` is set. An instruction whose address was
    found in order CHECKED_EXECUTIONS times is not checked any more.
    """

    def __init__(self, engine: Any, on_fault: Callable[[Fault], None]) -> None:
        from unicorn import arm_const, unicorn_const

        self._engine = engine
        self._on_fault = on_fault
        self._code = unicorn_const.UC_HOOK_CODE
        self._registers = [getattr(arm_const, f"UC_ARM_REG_R{number}") for number in range(16)]
        self._enabled = (False, False)
        self._stale = False
        self._hooks: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._trusted: list[int] = []
        engine.hook_add(unicorn_const.UC_HOOK_EDGE_GENERATED, self._on_translated)

    def enable(self, *, unaligned: bool, divide: bool) -> None:
        """Take CCR.UNALIGN_TRP and CCR.DIV_0_TRP; they take effect with the next block of code."""
        if (unaligned, divide) != self._enabled:
            self._enabled = unaligned, divide
            self._stale = True
            self._engine.emu_stop()

    def forget(self, address: int, size: int) -> None:
        """The code there was replaced."""
        for known in [known for known in self._left if address <= known < address + size]:
            self._unhook(known)
            del self._left[known]

    def settle(self) -> None:
        """Bring the hooks up to date; only while the engine stands still."""
        if self._stale:
            self._stale = False
            self.forget(0, 1 << 32)
            self._engine.ctl_flush_tb()
        for address in self._trusted:
            self._unhook(address)
        self._trusted.clear()

    def _unhook(self, address: int) -> None:
        hook = self._hooks.pop(address, None)
        if hook is not None:
            self._engine.hook_del(hook)
            self._engine.ctl_remove_cache(address, address + 4)

    def _on_translated(self, engine: Any, block: Any, _previous: Any, _data: Any) -> None:
        start, size = int(block.pc), int(block.size)
        found = False
        for address, instruction in decode(start, bytes(engine.mem_read(start, size))):
            if address in self._left or (isinstance(instruction, Division) and not self._enabled[1]):
                continue
            self._left[address] = CHECKED_EXECUTIONS
            check: Callable[..., None]
            if isinstance(instruction, Division):
                check = partial(self._check_division, instruction.divisor)
            else:
                check = partial(self._check_access, instruction)
            self._hooks[address] = engine.hook_add(self._code, check, begin=address, end=address)
            found = True
        if found:
            # The block was translated without the hooks: translate it again before it runs.
            engine.ctl_remove_cache(start, start + size)
            engine.emu_stop()

    def _check_access(self, access: Access, engine: Any, at: int, _size: int, _data: Any) -> None:
        target = int(engine.reg_read(self._registers[access.base])) + access.offset
        if access.index is not None:
            target += int(engine.reg_read(self._registers[access.index])) << access.shift
        target &= 0xFFFF_FFFF
        if target % access.size and (access.strict or self._enabled[0] or _is_device(target)):
            self._stop(Fault(faults.USAGE_FAULT, faults.UNALIGNED, f"an unaligned access to {target:#010x}"))
            return
        self._left[at] -= 1
        if not self._left[at]:
            self._trusted.append(at)
            engine.emu_stop()

    def _check_division(self, divisor: int, engine: Any, _at: int, _size: int, _data: Any) -> None:
        if not engine.reg_read(self._registers[divisor]):
            self._stop(_DIVBYZERO)

    def _stop(self, fault: Fault) -> None:
        self._on_fault(fault)
        self._engine.emu_stop()


def decode(start: int, code: bytes) -> Iterator[tuple[int, Access | Division]]:
    """(address, instruction) of the Thumb instructions in `code`, which is at `start`, that can trap.

    Accesses relative to PC, or to SP without an index, are left out: both are always multiples of four.
    """
    halfwords = struct.unpack(f"<{len(code) // 2}H", code[: len(code) // 2 * 2])
    at = 0
    while at < len(halfwords):
        first = halfwords[at]
        wide = first >= 0xE800
        second = halfwords[at + 1] if wide and at + 1 < len(halfwords) else 0
        found = _wide(first, second) if wide else _narrow(first)
        if found is not None and not _always_aligned(found):
            yield start + 2 * at, found
        at += 2 if wide else 1


def _always_aligned(found: Access | Division) -> bool:
    if isinstance(found, Division):
        return False
    return found.base == _PC or (found.base == _SP and found.index is None and found.offset % found.size == 0)


def _narrow(code: int) -> Access | None:
    """A 16-bit instruction (ARMv7-M, A5.2.4)."""
    base = code >> 3 & 7
    if code & 0xF000 == 0xC000:  # LDM, STM
        return Access(code >> 8 & 7, 4, strict=True)
    if code & 0xF000 == 0x6000:  # LDR, STR with an immediate
        return Access(base, 4, offset=(code >> 6 & 31) * 4)
    if code & 0xF000 == 0x8000:  # LDRH, STRH with an immediate
        return Access(base, 2, offset=(code >> 6 & 31) * 2)
    if code & 0xF000 == 0x5000:  # the same and LDRSH with an index register
        size = {0: 4, 1: 2, 4: 4, 5: 2, 7: 2}.get(code >> 9 & 7)
        return Access(base, size, index=code >> 6 & 7) if size else None
    return None


def _wide(first: int, second: int) -> Access | Division | None:
    """A 32-bit instruction (ARMv7-M, A5.3.5 to A5.3.10 and A6)."""
    base = first & 15
    if first & 0xFFD0 == 0xFB90 and second & 0xF0F0 == 0xF0F0:
        return Division(second & 15)
    if first & 0xFE40 == 0xE800:  # LDM, STM
        return Access(base, 4, strict=True)
    if first & 0xFE40 == 0xE840 and first & 0xFFE0 != 0xE8C0:  # LDRD, STRD, LDREX, STREX; not TBB, LDREXB
        return Access(base, 4, strict=True)
    if first & 0xFE00 == 0xEC00 and first & 0xFFE0 != 0xEC40 and second & 0x0E00 == 0x0A00:  # VLDR to VSTM
        return Access(base, 4, strict=True)
    if first & 0xFE00 == 0xF800 and first >> 5 & 3 in (1, 2):
        return _wide_single(first, second)
    return None


def _wide_single(first: int, second: int) -> Access:
    """LDR, STR, LDRH, STRH or LDRSH in its 32-bit forms."""
    base, size = first & 15, 2 << (first >> 6 & 1)
    if first & 0x80:
        return Access(base, size, offset=second & 0xFFF)
    if not second & 0x800:
        return Access(base, size, index=second & 15, shift=second >> 4 & 3)
    if not second & 0x400:  # the base is changed afterwards
        return Access(base, size)
    offset = second & 0xFF
    return Access(base, size, offset=offset if second & 0x200 else -offset)


def _is_device(address: int) -> bool:
    """Peripherals and the system space, in the default memory map."""
    return 0x4000_0000 <= address < 0x6000_0000 or address >= 0xA000_0000
