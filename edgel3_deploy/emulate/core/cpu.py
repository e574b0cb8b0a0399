"""The part of the Cortex-M7 that Unicorn leaves out: exception entry and return (Arm ARMv7-M, B1.5)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from edgel3_deploy.emulate.core import faults
from edgel3_deploy.emulate.core.bus import Log
from edgel3_deploy.emulate.core.faults import Fault, Lockup
from edgel3_deploy.emulate.core.scs import BFAR, BFHFNMIGN, CFSR, HFSR, MMFAR, VTOR, SystemControl

_SPSEL, _FPCA = 2, 4
_XPSR_ALIGNED = 1 << 9
_THUMB = 1 << 24
_BASIC_FRAME, _FP_FRAME = 8, 26
_NMI = 2
_UNKNOWN = 0xDEAD_0000
"""In registers that a reset does not define, so that nobody relies on them."""


class Cpu:
    """Registers of the engine, and exceptions on top of it.

    `can_stack(address, size)` says whether an exception's frame may be there.
    """

    def __init__(
        self, engine: Any, control: SystemControl, can_stack: Callable[[int, int], bool], log: Log
    ) -> None:
        from unicorn import arm_const

        self._engine = engine
        self._control = control
        self._can_stack = can_stack
        self._log = log
        self._ids = arm_const
        control.active_exception = lambda: self.exception

    def get(self, name: str) -> int:
        """Value of the register with that name, such as "R0", "SP" or "XPSR"."""
        return int(self._engine.reg_read(getattr(self._ids, f"UC_ARM_REG_{name}"))) & 0xFFFF_FFFF

    def set(self, name: str, value: int) -> None:
        """Set the register with that name."""
        self._engine.reg_write(getattr(self._ids, f"UC_ARM_REG_{name}"), value)

    @property
    def thumb(self) -> bool:
        """EPSR.T: whether the CPU is in the only state that it can execute in."""
        return bool(self.get("XPSR") & _THUMB)

    @property
    def exception(self) -> int:
        """Number of the exception that is being handled, 0 in thread mode."""
        return self.get("IPSR") & 0x1FF

    @property
    def fp_active(self) -> bool:
        """CONTROL.FPCA: whether the running code used the FPU."""
        return bool(self.get("CONTROL") & _FPCA)

    def reset(self, stack: int, entry: int) -> None:
        """Registers as after a reset, or as the ROM bootloader leaves them, then `stack` and `entry`."""
        self.set("IPSR", 0)
        self.set("CONTROL", 0)
        for name in ("PRIMASK", "FAULTMASK", "BASEPRI", "FPSCR"):
            self.set(name, 0)
        for number in range(13):
            self.set(f"R{number}", _UNKNOWN | number)
        self.set("PSP", _UNKNOWN & ~3)
        self.set("LR", 0xFFFF_FFFF)
        self.set("MSP", stack & ~3)
        self.set("XPSR_NZCVQG", _THUMB)
        self.set("PC", entry | 1)

    @property
    def priority_negative(self) -> bool:
        """Whether the running code is in the NMI or HardFault handler, or has set FAULTMASK."""
        return self.exception in (_NMI, faults.HARD_FAULT) or bool(self.get("FAULTMASK") & 1)

    def ignores(self, fault: Fault) -> bool:
        """Whether the running code goes on after `fault`: a load or store's, by CCR.BFHFNMIGN."""
        data = fault.status & (faults.PRECISERR | faults.IMPRECISERR)
        return bool(data and self._control.configuration & BFHFNMIGN and self.priority_negative)

    def note(self, fault: Fault) -> None:
        """Put `fault` into the status and address registers."""
        registers = self._control.registers
        registers[CFSR] |= fault.status
        if fault.address is not None:
            registers[MMFAR if fault.exception == faults.MEM_MANAGE else BFAR] = fault.address

    def fault(self, fault: Fault) -> None:
        """Enter the handler for `fault`. Raises Lockup where the CPU does."""
        registers = self._control.registers
        self.note(fault)
        where = f"{fault.what} (pc {self.get('PC'):#010x}, lr {self.get('LR'):#010x})"
        if self.priority_negative:
            raise Lockup(f"{where} inside the HardFault handler or with FAULTMASK set")
        self._log(f"fault: {where}")
        configurable = not self.exception and not self.get("PRIMASK") & 1
        if configurable and self._control.fault_enabled(fault.exception):
            self.enter(fault.exception)
            return
        registers[HFSR] |= faults.DEBUGEVT if fault.exception == faults.HARD_FAULT else faults.FORCED
        self.enter(faults.HARD_FAULT)

    def enter(self, number: int) -> None:
        """Push the frame and start the handler of exception `number`. Raises Lockup without one."""
        fp = self.fp_active
        exc_return = 0xFFFF_FFF1
        if not self.exception:
            exc_return = 0xFFFF_FFFD if self.get("CONTROL") & _SPSEL else 0xFFFF_FFF9
        self._push(fp)
        self.set("LR", exc_return & ~0x10 if fp else exc_return)
        self.set("CONTROL", self.get("CONTROL") & ~(_SPSEL | _FPCA))
        vector = self._vector(number)
        self.set("XPSR_NZCVQG", self.get("XPSR") & ~0x0700_FDFF | _THUMB | number)
        self.set("PC", vector | 1)
        if not vector & 1:
            raise Lockup(f"the vector of exception {number} is {vector:#010x}")

    def leave(self, exc_return: int) -> None:
        """Return from an exception: `exc_return` was branched to."""
        if exc_return & 0xFFFF_FFE0 != 0xFFFF_FFE0 or exc_return & 0xF not in (0x1, 0x9, 0xD):
            self.fault(Fault(faults.USAGE_FAULT, faults.INVPC, f"return by {exc_return:#010x}"))
            return
        process_stack = exc_return & 0xF == 0xD
        fp = not exc_return & 0x10
        stack = "PSP" if process_stack else "MSP"
        frame = self.get(stack)
        size = 4 * (_FP_FRAME if fp else _BASIC_FRAME)
        if not self._can_stack(frame, size):
            self.fault(Fault(faults.BUS_FAULT, faults.UNSTKERR, f"unstacking from {frame:#010x}"))
            return
        words = struct.unpack(f"<{size // 4}I", self._engine.mem_read(frame, size))
        xpsr = words[7]
        self.set("FAULTMASK", 0)
        self.set("IPSR", xpsr & 0x1FF)
        self.set("CONTROL", self.get("CONTROL") & 1 | (_SPSEL if process_stack else 0) | (_FPCA if fp else 0))
        self.set(stack, frame + size + (4 if xpsr & _XPSR_ALIGNED else 0))
        for name, value in zip(("R0", "R1", "R2", "R3", "R12", "LR"), words, strict=False):
            self.set(name, value)
        if fp:
            for index in range(16):
                self.set(f"S{index}", words[8 + index])
            self.set("FPSCR", words[24])
        self.set("XPSR_NZCVQG", xpsr & ~_XPSR_ALIGNED)
        self.set("PC", words[6] | 1)

    def _push(self, fp: bool) -> None:
        sp = self.get("SP")
        words = [self.get(name) for name in ("R0", "R1", "R2", "R3", "R12", "LR", "PC", "XPSR")]
        if fp:
            words += [self.get(f"S{index}") for index in range(16)] + [self.get("FPSCR"), 0]
        frame = (sp - 4 * len(words)) & 0xFFFF_FFFF
        if frame & 4:
            frame -= 4
            words[7] |= _XPSR_ALIGNED
        if self._can_stack(frame, 4 * len(words)):
            self._engine.mem_write(frame, struct.pack(f"<{len(words)}I", *words))
        else:
            denied = not self._control.mpu.rights(frame).write
            self._control.registers[CFSR] |= faults.MSTKERR if denied else faults.STKERR
        self.set("SP", frame)

    def _vector(self, number: int) -> int:
        from unicorn import UcError

        try:
            word = self._engine.mem_read(self._control.registers[VTOR] + 4 * number, 4)
        except UcError:
            self._control.registers[HFSR] |= faults.VECTTBL
            raise Lockup("there is no vector table") from None
        return int.from_bytes(word, "little")
