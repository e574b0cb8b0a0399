"""Runs the program on the engine, and turns what the engine cannot do into faults, exceptions and steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgel3_deploy.emulate.access import PAGE, Access
from edgel3_deploy.emulate.core import faults
from edgel3_deploy.emulate.core.bus import BusError, Log, OutOfSpecError
from edgel3_deploy.emulate.core.cpu import Cpu
from edgel3_deploy.emulate.core.faults import Fault, Lockup
from edgel3_deploy.emulate.core.scs import CPACR, DIV_0_TRP, UNALIGN_TRP
from edgel3_deploy.emulate.core.traps import Traps
from edgel3_deploy.emulate.stm32 import axi
from edgel3_deploy.emulate.stm32.axi import AxiInterconnect
from edgel3_deploy.emulate.stm32.part import Part
from edgel3_deploy.emulate.stm32.power_cut import PowerLost

_WFE, _WFI = 0xBF20, 0xBF30
_SYSTICK = 15
_SVC, _PREFETCH_ABORT, _DATA_ABORT, _BKPT, _NOCP = 2, 3, 4, 7, 17
_EXC_RETURN = 0xFF00_0000
_MOST_PAGES = 8


class BootloaderEntered(Exception):  # noqa: N818 - an event, not an error
    """The CPU arrived at the first instruction of the ROM bootloader."""


class Execution:
    """The CPU of `part` on `engine`. `go` runs it; `interrupt`, from any thread, makes `go` look around."""

    def __init__(self, engine: Any, part: Part, log: Log) -> None:
        self._engine = engine
        self._part = part
        self._interrupt: int | None = None
        self._fault: Fault | None = None
        self._event: BusError | PowerLost | None = None
        self._refusal: tuple[int, int, bool] | None = None
        self._meet_first_block()
        self._traps = Traps(engine, self._trapped)
        self._hook()
        self.cpu = Cpu(engine, part.control, self._can_stack, log)
        self.access = Access(engine, part, lambda: self.cpu.priority_negative, log)
        part.rcc.on_enable = part.control.on_protection = self.access.close
        part.control.on_configuration = self._configure
        part.control.on_access = self.check_fpu_use
        part.flash.on_change = self._forget_code
        part.flash.poisoned.on_change = self.access.close

    def interrupt(self) -> None:
        """Make the engine return soon; once may not be enough."""
        self._engine.emu_stop()

    def reset(self) -> None:
        """Put the CPU into its reset state."""
        self.cpu.reset(0, 0)
        self._configure()
        self.access.close()

    def go(self, leave: Callable[[], bool]) -> None:
        """Run from where the CPU is until `leave`. Raises BootloaderEntered, Lockup, or as peripherals do."""
        from unicorn import UcError

        trap = self._part.system_memory.trap
        while not leave():
            self._interrupt = self._fault = self._refusal = self._event = None
            try:
                self._engine.emu_start(self.cpu.get("PC") | 1, trap)
                if self._event is not None:
                    raise self._event
            except BusError as error:
                self._take(faults.bus_fault(error.address, write=error.write))
            except UcError as error:
                self._refused(error.errno)
            else:
                self._paused(trap)

    def check_fpu_use(self) -> None:
        """Unicorn's FPU is always on; code that used it without access would have faulted before."""
        if self.cpu.fp_active and not self._part.control.fpu_enabled:
            raise Lockup(f"the FPU was used before CPACR ({CPACR:#x}) gave access to it")

    def _paused(self, trap: int) -> None:
        """The engine returned without an error."""
        self._traps.settle()
        pc = self.cpu.get("PC")
        if self._fault is not None:
            self._take(self._fault)
        elif self._interrupt is not None:
            self._interrupted(self._interrupt, pc)
        elif pc == trap:
            raise BootloaderEntered
        elif self._halfword(pc - 2) == _WFI:
            self._sleep()

    def _interrupted(self, number: int, pc: int) -> None:
        if number == _SVC:
            self.cpu.enter(faults.SV_CALL)
        elif number == _PREFETCH_ABORT and pc >= _EXC_RETURN and self.cpu.exception:
            self.cpu.leave(pc | 1)
        elif number == _PREFETCH_ABORT:
            fault = self.access.fetch(pc, 2) or faults.fetch_fault(pc, denied=False)
            self.cpu.fault(fault)
        elif number == _BKPT:
            self.cpu.fault(Fault(faults.HARD_FAULT, 0, "a breakpoint without a debugger"))
        elif number == _DATA_ABORT:
            self.cpu.fault(Fault(faults.USAGE_FAULT, faults.UNALIGNED, "an unaligned access"))
        else:
            status = faults.NOCP if number == _NOCP else faults.INVSTATE
            self.cpu.fault(Fault(faults.USAGE_FAULT, status, "an instruction that this state does not allow"))

    def _refused(self, error: int) -> None:
        """The engine could not go on: an access to a closed page or no memory, or no such instruction."""
        from unicorn import unicorn_const

        if self._refusal is not None:
            self._judge(*self._refusal)
        elif self._fault is not None:
            self._take(self._fault)
        elif error == unicorn_const.UC_ERR_INSN_INVALID and self.cpu.thumb:
            if self._halfword(self.cpu.get("PC") - 2) == _WFE and not self._undefined_here():
                self._sleep()
            else:
                self.cpu.fault(Fault(faults.USAGE_FAULT, faults.UNDEFINSTR, "an undefined instruction"))
        else:
            self.cpu.fault(Fault(faults.USAGE_FAULT, faults.INVSTATE, "execution in ARM state"))

    def _judge(self, address: int, size: int, write: bool) -> None:
        """A load or store met a closed page: open it, step over it, or fault."""
        pc = self.cpu.get("PC")
        fault = self.access.write(address) if write else self.access.read(address, size)
        if fault is None and self.access.first(address, size, read_by=None if write else pc):
            return
        if fault is None or (self.cpu.ignores(fault) and self.access.exists(address)):
            self._step({address // PAGE * PAGE, (address + size - 1) // PAGE * PAGE})
        else:
            self._take(fault)

    def _step(self, pages: set[int]) -> None:
        """Execute one instruction with `pages` open, and judge everything that it accesses."""
        from unicorn import UcError, unicorn_const

        accesses: list[tuple[int, int, bool]] = []

        def note(_engine: Any, access: int, address: int, size: int, _value: int, _data: Any) -> None:
            accesses.append((address, size, access == unicorn_const.UC_MEM_WRITE))

        pc = self.cpu.get("PC")
        context = self._engine.context_save()
        self._fault = self._refusal = None
        self._engine.ctl_remove_cache(pc, pc + 4)
        hook = self._engine.hook_add(unicorn_const.UC_HOOK_MEM_READ | unicorn_const.UC_HOOK_MEM_WRITE, note)
        with self.access.opened(pages):
            try:
                self._engine.emu_start(pc | 1, self._part.system_memory.trap, count=1)
            except UcError:
                if self._refusal is None or len(pages) > _MOST_PAGES:
                    raise
            finally:
                self._engine.hook_del(hook)
                self._engine.ctl_remove_cache(pc, pc + 4)
        if self._refusal is not None:
            # It went on to another closed page.
            address, size, write = self._refusal
            self._engine.context_restore(context)
            fault = self.access.write(address) if write else self.access.read(address, size)
            if fault is None or (self.cpu.ignores(fault) and self.access.exists(address)):
                self._step(pages | {address // PAGE * PAGE, (address + size - 1) // PAGE * PAGE})
            else:
                self._take(fault)
            return
        judged = (
            self.access.write(at) if write else self.access.read(at, size) for at, size, write in accesses
        )
        found = [fault for fault in judged if fault is not None]
        for fault in found:
            if not self.cpu.ignores(fault):
                self._engine.context_restore(context)
                self.cpu.fault(fault)
                return
            self.cpu.note(fault)

    def _take(self, fault: Fault) -> None:
        """Fault, or go on behind the instruction where such faults are ignored (CCR.BFHFNMIGN)."""
        if not self.cpu.ignores(fault):
            self.cpu.fault(fault)
            return
        self.cpu.note(fault)
        pc = self.cpu.get("PC")
        if self._refusal is not None:
            self.cpu.set("PC", pc + (4 if self._halfword(pc) >= 0xE800 else 2) | 1)

    def _undefined_here(self) -> bool:
        """Whether what stands behind a WFE is undefined too: Unicorn reports the WFE itself like that."""
        from unicorn import UcError

        pc = self.cpu.get("PC")
        try:
            self._engine.emu_start(pc | 1, self._part.system_memory.trap, count=1)
        except UcError:
            return self._fault is None and self._refusal is None and self.cpu.get("PC") == pc
        return False

    def _sleep(self) -> None:
        """SysTick's interrupt ends a sleep, masked or not."""
        control = self._part.control
        self._part.sleep.wait()
        if control.tick_pending and not self.cpu.exception and not self.cpu.get("PRIMASK") & 1:
            control.tick_pending = False
            self.cpu.enter(_SYSTICK)

    def _halfword(self, address: int) -> int:
        from unicorn import UcError

        try:
            return int.from_bytes(self._engine.mem_read(address & 0xFFFF_FFFF, 2), "little")
        except UcError:
            return 0

    def _configure(self) -> None:
        """CCR was written."""
        configuration = self._part.control.configuration
        self._traps.enable(
            unaligned=bool(configuration & UNALIGN_TRP), divide=bool(configuration & DIV_0_TRP)
        )

    def _forget_code(self, address: int, size: int) -> None:
        """Flash cells changed: drop what the engine has translated of them."""
        for base in (self._part.flash.origin, *self._part.flash_aliases):
            start = base + address - self._part.flash.origin
            self._engine.ctl_remove_cache(start, start + size)
            self._traps.forget(start, size)

    def _meet_first_block(self) -> None:
        """The engine does not announce the first block that it translates: let that be one of no interest."""
        trap = self._part.system_memory.trap
        self._engine.emu_start(trap | 1, trap + 2)

    def _can_stack(self, address: int, size: int) -> bool:
        return self.access.stack(address, size)

    def _trapped(self, fault: Fault) -> None:
        self._fault = fault

    def _hook(self) -> None:
        from unicorn import unicorn_const

        invalid = unicorn_const.UC_HOOK_MEM_UNMAPPED | unicorn_const.UC_HOOK_MEM_PROT
        self._engine.hook_add(invalid, self._on_invalid)
        self._engine.hook_add(unicorn_const.UC_HOOK_INTR, self._on_interrupt)
        interconnect = self._part.interconnect
        if interconnect is not None and not interconnect.sound:
            last = axi.SRAM + axi.SRAM_SIZE - 1
            self._engine.hook_add(
                unicorn_const.UC_HOOK_MEM_READ, self._on_axi_read, interconnect, axi.SRAM, last
            )

    def _on_axi_read(
        self, _engine: Any, _kind: int, address: int, _size: int, _value: int, interconnect: AxiInterconnect
    ) -> None:
        if not interconnect.sound:
            raise OutOfSpecError(
                f"{address:#010x} was read before 0x51008108 was set to 1, as silicon revision Y needs it"
            )

    def _on_interrupt(self, engine: Any, number: int, _data: Any) -> None:
        self._interrupt = number
        engine.emu_stop()

    def _on_invalid(self, engine: Any, access: int, address: int, size: int, value: int, _data: Any) -> bool:
        from unicorn import unicorn_const

        if access in (unicorn_const.UC_MEM_FETCH_UNMAPPED, unicorn_const.UC_MEM_FETCH_PROT):
            fault = self.access.fetch(address, size)
            if fault is None:
                if not self._part.untouched.holds(address):
                    return True
                # The first access to RAM that was never written is judged like a load.
                self._refusal = (address, size, False)
                return False
            self._fault = self._fault or fault
            return False
        in_flash = access == unicorn_const.UC_MEM_WRITE_PROT and self._part.flash.contains(address, size)
        if in_flash and self.access.write(address) is None:
            try:
                self._part.interface.store(address, size, value & (1 << 8 * size) - 1)
            except (BusError, PowerLost) as event:
                # Unicorn would forget an exception that leaves this kind of hook.
                self._event = event
                engine.emu_stop()
            return True
        write = access in (unicorn_const.UC_MEM_WRITE_UNMAPPED, unicorn_const.UC_MEM_WRITE_PROT)
        self._refusal = self._refusal or (address, size, write)
        return False
