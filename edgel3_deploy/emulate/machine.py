"""The running chip: reset, boot pin, CPU, ROM bootloader, faults, until it is switched off."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from edgel3_deploy.emulate.core import faults
from edgel3_deploy.emulate.core.bus import BusError, Log, OutOfSpecError
from edgel3_deploy.emulate.core.cpu import Cpu
from edgel3_deploy.emulate.core.faults import Fault, Lockup
from edgel3_deploy.emulate.core.scs import CPACR, VTOR, SystemReset
from edgel3_deploy.emulate.engine import map_part
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32 import axi
from edgel3_deploy.emulate.stm32.part import Part
from edgel3_deploy.emulate.stm32.rom_bootloader import GoTo, Protection, ResetRequest, RomBootloader, Stopped
from edgel3_deploy.emulate.stm32.rom_memory import RomMemory

_WFE, _WFI = 0xBF20, 0xBF30
_SLEEP_SECONDS = 0.001
_DEAD_POLL_SECONDS = 0.05
_PAGE = 1024
_SVC, _PREFETCH_ABORT, _DATA_ABORT, _BKPT, _NOCP = 2, 3, 4, 7, 17
_EXC_RETURN = 0xFF00_0000


class _BootloaderEntered(Exception):  # noqa: N818 - an event, not an error
    """The CPU arrived at the first instruction of the ROM bootloader."""


class Machine:
    """A part in Unicorn. `run` blocks until `stop` is called from another thread."""

    def __init__(
        self,
        part: Part,
        line: Line,
        *,
        boot0: bool,
        log: Log,
        rom_line: Line | None = None,
        deaf: str = "",
        jitter: random.Random | None = None,
    ) -> None:
        """`line` is the board's UART, `rom_line` the one on the ROM bootloader's pins.

        Without a `rom_line` the ROM hears nothing; `deaf` says why.
        """
        self._part = part
        self._line = line
        self._rom_line = rom_line
        self._deaf = deaf
        self._jitter = jitter
        self._boot0 = boot0
        self._log = log
        self._stopping = False
        self._interrupt: int | None = None
        self._fault: Fault | None = None
        self._protection = Protection()
        self._engine = map_part(part)
        self._hook()
        self._cpu = Cpu(self._engine, part.control, part.is_ram, log)
        self._permissions: dict[tuple[int, int], int] = {}
        self._protect()
        part.rcc.on_enable = self._protect
        part.control.on_protection = self._protect
        line.on_rest = self._check_fpu_use
        part.flash.on_change = self._forget_code
        part.control.on_access = self._check_fpu_use

    def run(self) -> None:
        """Power the chip and let it run."""
        step: Callable[[], None] = self._boot
        while not self._stopping:
            try:
                step()
            except _BootloaderEntered:
                step = self._rom_bootloader
            except GoTo as go:
                step = partial(self._start, go.address, self._part.system_memory.entry)
            except (SystemReset, ResetRequest):
                step = self._boot
                self._reset()
                self._part.rcc.note_software_reset()
            except (Lockup, OutOfSpecError) as stopped:
                self._log(f"the CPU is locked up: {stopped}")
                step = self._dead
            except Stopped:
                return

    def stop(self) -> None:
        """Make `run` return soon; call it again until it does."""
        self._stopping = True
        self._engine.emu_stop()

    def _boot(self) -> None:
        if self._boot0:
            raise _BootloaderEntered
        flash = self._part.flash
        if flash.sectors and flash.read(flash.origin, 8) == b"\xff" * 8:
            raise Lockup("the flash is erased and BOOT0 is low")
        self._start(self._part.boot_address, self._part.boot_address)

    def _start(self, address: int, vector_table: int) -> None:
        """Load stack pointer and program counter from the vector table at `address`, and run."""
        stack, entry = struct.unpack("<II", self._engine.mem_read(address, 8))
        self._part.control.registers[VTOR] = vector_table
        self._cpu.reset(stack, entry)
        if not entry & 1:
            self._cpu.fault(Fault(faults.USAGE_FAULT, faults.INVSTATE, f"the reset vector is {entry:#010x}"))
        self._execute()

    def _reset(self) -> None:
        self._part.reset()
        self._cpu.reset(0, 0)
        self._protect()

    def _protect(self) -> None:
        """Close what has no clock or what the MPU denies, in pages of 1 KB; open the rest."""
        from unicorn import unicorn_const

        everything, nothing = unicorn_const.UC_PROT_ALL, unicorn_const.UC_PROT_NONE
        read_execute = unicorn_const.UC_PROT_READ | unicorn_const.UC_PROT_EXEC
        rom = self._part.system_memory
        memories = [
            (ram.origin, ram.size, everything if ram.powered() else nothing) for ram in self._part.rams
        ]
        wanted: dict[tuple[int, int], int] = {}
        for origin, size, permissions in (*memories, (rom.origin, rom.size, read_execute)):
            for start, end, denied in self._part.control.mpu.spans(origin, origin + size):
                low, high = (start + _PAGE - 1) // _PAGE * _PAGE, end // _PAGE * _PAGE
                if low < high:
                    wanted[low, high - low] = nothing if denied else permissions
        for (origin, size), permissions in wanted.items():
            if self._permissions.get((origin, size)) != permissions:
                self._engine.mem_protect(origin, size, permissions)
        self._permissions = wanted

    def _rom_bootloader(self) -> None:
        self._reset()
        memory = RomMemory(self._part, self._engine, self._protection)
        if self._rom_line is None:
            self._log(f"the ROM bootloader runs, but no port of this board reaches it: {self._deaf}")
            while not self._stopping:
                self._dead()
            raise Stopped
        try:
            RomBootloader(
                self._rom_line, memory, self._protection, lambda: self._stopping, self._part.rom, self._jitter
            ).run()
        finally:
            # What came for the firmware meanwhile is lost: its UART was off.
            self._line.receive(0.0)

    def _dead(self) -> None:
        """Locked up: bytes come and are lost."""
        self._line.receive(0.0)
        self._line.wait(_DEAD_POLL_SECONDS)

    def _execute(self) -> None:
        """Run the CPU from where it is until something takes it away."""
        from unicorn import UcError

        trap = self._part.system_memory.trap
        while not self._stopping:
            self._interrupt = self._fault = None
            try:
                self._engine.emu_start(self._cpu.get("PC") | 1, trap)
            except BusError as error:
                self._cpu.fault(faults.bus_fault(error.address, write=error.write))
            except UcError as error:
                self._refused(error.errno)
            else:
                self._paused(trap)

    def _paused(self, trap: int) -> None:
        """The engine returned without an error."""
        pc = self._cpu.get("PC")
        if self._interrupt is not None:
            self._interrupted(self._interrupt, pc)
        elif pc == trap:
            raise _BootloaderEntered
        elif self._halfword(pc - 2) == _WFI:
            time.sleep(_SLEEP_SECONDS)

    def _interrupted(self, number: int, pc: int) -> None:
        if number == _SVC:
            self._cpu.enter(faults.SV_CALL)
        elif number == _PREFETCH_ABORT and pc >= _EXC_RETURN and self._cpu.exception:
            self._cpu.leave(pc | 1)
        elif number == _PREFETCH_ABORT:
            self._cpu.fault(faults.fetch_fault(pc, denied=self._part.control.mpu.denies(pc)))
        elif number == _BKPT:
            self._cpu.fault(Fault(faults.HARD_FAULT, 0, "a breakpoint without a debugger"))
        elif number == _DATA_ABORT:
            self._cpu.fault(Fault(faults.USAGE_FAULT, faults.UNALIGNED, "an unaligned access"))
        else:
            status = faults.NOCP if number == _NOCP else faults.INVSTATE
            self._cpu.fault(
                Fault(faults.USAGE_FAULT, status, "an instruction that this state does not allow")
            )

    def _refused(self, error: int) -> None:
        """The engine could not go on: an access to no memory, or an instruction that does not exist."""
        from unicorn import unicorn_const

        if self._fault is not None:
            self._cpu.fault(self._fault)
        elif error == unicorn_const.UC_ERR_INSN_INVALID:
            if self._halfword(self._cpu.get("PC") - 2) == _WFE and not self._undefined_here():
                time.sleep(_SLEEP_SECONDS)
            else:
                self._cpu.fault(Fault(faults.USAGE_FAULT, faults.UNDEFINSTR, "an undefined instruction"))
        else:
            self._cpu.fault(Fault(faults.USAGE_FAULT, faults.INVSTATE, "execution in ARM state"))

    def _undefined_here(self) -> bool:
        """Whether what stands behind a WFE is undefined too: Unicorn reports the WFE itself like that."""
        from unicorn import UcError

        pc = self._cpu.get("PC")
        try:
            self._engine.emu_start(pc | 1, self._part.system_memory.trap, count=1)
        except UcError:
            return self._fault is None and self._cpu.get("PC") == pc
        return False

    def _halfword(self, address: int) -> int:
        from unicorn import UcError

        try:
            return int.from_bytes(self._engine.mem_read(address & 0xFFFF_FFFF, 2), "little")
        except UcError:
            return 0

    def _check_fpu_use(self) -> None:
        """Unicorn's FPU is always on; code that used it without access would have faulted before."""
        if self._cpu.fp_active and not self._part.control.fpu_enabled:
            raise Lockup(f"the FPU was used before CPACR ({CPACR:#x}) gave access to it")

    def _forget_code(self, address: int, size: int) -> None:
        """Flash cells changed: drop what the engine has translated of them."""
        for base in (self._part.flash.origin, *self._part.flash_aliases):
            start = base + address - self._part.flash.origin
            self._engine.ctl_remove_cache(start, start + size)

    def _hook(self) -> None:
        from unicorn import unicorn_const

        invalid = unicorn_const.UC_HOOK_MEM_UNMAPPED | unicorn_const.UC_HOOK_MEM_PROT
        self._engine.hook_add(invalid, self._on_invalid)
        self._engine.hook_add(unicorn_const.UC_HOOK_INTR, self._on_interrupt)
        interconnect = self._part.interconnect
        if interconnect is not None and not interconnect.sound:
            last = axi.SRAM + axi.SRAM_SIZE - 1
            self._engine.hook_add(unicorn_const.UC_HOOK_MEM_READ, self._on_axi_read, None, axi.SRAM, last)

    def _on_axi_read(self, _engine: Any, _kind: int, address: int, *_rest: Any) -> None:
        assert self._part.interconnect is not None
        if not self._part.interconnect.sound:
            raise OutOfSpecError(
                f"{address:#010x} was read before 0x51008108 was set to 1, as silicon revision Y needs it"
            )

    def _on_interrupt(self, engine: Any, number: int, _data: Any) -> None:
        self._interrupt = number
        engine.emu_stop()

    def _on_invalid(self, _engine: Any, access: int, address: int, size: int, value: int, _data: Any) -> bool:
        from unicorn import unicorn_const

        if access == unicorn_const.UC_MEM_WRITE_PROT and self._part.flash.contains(address, size):
            self._part.interface.store(address, size, value & (1 << 8 * size) - 1)
            return True
        denied = self._part.control.mpu.denies(address)
        if self._fault is None:
            if access in (unicorn_const.UC_MEM_FETCH_UNMAPPED, unicorn_const.UC_MEM_FETCH_PROT):
                self._fault = faults.fetch_fault(address, denied=denied)
            else:
                write = access in (unicorn_const.UC_MEM_WRITE_UNMAPPED, unicorn_const.UC_MEM_WRITE_PROT)
                kind = faults.protection_fault if denied else faults.bus_fault
                self._fault = kind(address, write=write)
        return False
