"""The running chip: reset, boot pin, CPU, ROM bootloader, watchdog, until it is switched off."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from functools import partial

from edgel3_deploy.emulate.core import faults
from edgel3_deploy.emulate.core.bus import Log, OutOfSpecError
from edgel3_deploy.emulate.core.faults import Fault, Lockup
from edgel3_deploy.emulate.core.scs import VTOR, SystemReset
from edgel3_deploy.emulate.core.watchdog import WatchdogReset, WatchdogTimer
from edgel3_deploy.emulate.engine import map_part
from edgel3_deploy.emulate.execution import BootloaderEntered, Execution
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.clocks import ResetCause
from edgel3_deploy.emulate.stm32.gpio import Pin
from edgel3_deploy.emulate.stm32.part import Part
from edgel3_deploy.emulate.stm32.rom_bootloader import GoTo, Protection, ResetRequest, RomBootloader, Stopped
from edgel3_deploy.emulate.stm32.rom_memory import RomMemory
from edgel3_deploy.emulate.stm32.rom_state import Registers

_DEAD_POLL_SECONDS = 0.05
_PRESS_SECONDS = 0.005


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
        jitter: bool = False,
        seed: int = 0,
    ) -> None:
        """`line` is the board's UART, `rom_line` the one on the ROM bootloader's pins.

        Without a `rom_line` the ROM hears nothing; `deaf` says why. With `jitter` it may measure wrongly.
        `seed` decides what is in RAM when power comes on, and unless it is 0 in the MPU's regions.
        """
        self._part = part
        self._line = line
        self._rom_line = rom_line
        self._deaf = deaf
        self._jitter = random.Random(f"ROM {seed}") if jitter else None
        self._boot0 = boot0
        self._log = log
        self._stopping = False
        self._pressed = False
        self._protection = Protection()
        self._engine = map_part(part, seed)
        if seed:
            part.control.mpu.scramble(random.Random(f"MPU {seed}"))
        self._execution = Execution(self._engine, part, log)
        self._timer = WatchdogTimer(part.chip_time, part.watchdog, self._execution.interrupt)
        line.on_rest = self._execution.check_fpu_use
        line.on_rested = part.chip_time.rested
        if line.real:
            # A busy host slows the chip down, and with it the line: no byte is lost for that.
            line.clock = part.chip_time.seconds

    def run(self) -> None:
        """Power the chip and let it run. Raises PowerLost when the flash's power cut has come."""
        with self._timer:
            self._run()

    def stop(self) -> None:
        """Make `run` return soon; call it again until it does."""
        self._stopping = True
        self._execution.interrupt()

    def press_reset(self) -> None:
        """Press the reset button; return when it has worked. From another thread, while `run` runs."""
        self._pressed = True
        while self._pressed and not self._stopping:
            self._execution.interrupt()
            time.sleep(_PRESS_SECONDS)

    def pin(self, name: str) -> Pin:
        """The pin with that name, such as "PJ5", from any thread. Raises UsageError if the chip has none."""
        return self._part.pin(name)

    def watch(self, kind: int, callback: Callable[..., None]) -> None:
        """Have Unicorn call `callback` at every event of a kind (UC_HOOK_*); before `run`."""
        self._engine.hook_add(kind, callback)

    def _run(self) -> None:
        step: Callable[[], None] = self._boot
        while not self._stopping:
            if self._pressed:
                step = self._boot
                self._reset(ResetCause.PIN)
                self._pressed = False
            try:
                step()
            except BootloaderEntered:
                step = self._rom_bootloader
            except GoTo as go:
                step = partial(self._start_from_rom, go.address)
            except (SystemReset, ResetRequest):
                step = self._boot
                self._reset(ResetCause.SOFTWARE)
            except WatchdogReset:
                self._log("the watchdog was not fed in time: reset")
                step = self._boot
                self._reset(ResetCause.WATCHDOG)
            except (Lockup, OutOfSpecError) as stopped:
                self._log(f"the CPU is locked up: {stopped}")
                step = self._dead
            except Stopped:
                pass

    def _boot(self) -> None:
        if self._boot0:
            raise BootloaderEntered
        flash = self._part.flash
        if flash.sectors and flash.read(flash.origin, 8) == b"\xff" * 8:
            raise Lockup("the flash is erased and BOOT0 is low")
        self._start(self._part.boot_address, self._part.boot_address)

    def _start(self, address: int, vector_table: int) -> None:
        """Load stack pointer and program counter from the vector table at `address`, and run."""
        if self._execution.access.read(address, 8) is not None:
            raise Lockup(f"the vector table at {address:#010x} cannot be read")
        stack, entry = struct.unpack("<II", self._engine.mem_read(address, 8))
        self._part.control.registers[VTOR] = vector_table
        self._execution.cpu.reset(stack, entry)
        if not entry & 1:
            self._execution.cpu.fault(
                Fault(faults.USAGE_FAULT, faults.INVSTATE, f"the reset vector is {entry:#010x}")
            )
        self._execution.go(self._leave)

    def _start_from_rom(self, address: int) -> None:
        """Start what the Go command named, in the state that the bootloader leaves."""
        assert self._rom_line is not None
        self._part.rom_state(Registers(self._part.peripherals), float(self._rom_line.baudrate))
        self._start(address, self._part.system_memory.entry)

    def _leave(self) -> bool:
        """Whether the CPU is to stop executing. Raises WatchdogReset."""
        if self._timer.expired:
            raise WatchdogReset
        return self._interrupted()

    def _interrupted(self) -> bool:
        """Whether somebody outside wants something."""
        return self._stopping or self._pressed

    def _reset(self, cause: ResetCause | None) -> None:
        """What a reset does to everything but the memories; None is for the ROM's own tidying up."""
        self._part.reset()
        self._execution.reset()
        if cause is not None:
            self._part.rcc.note_reset(cause)

    def _rom_bootloader(self) -> None:
        self._reset(None)
        memory = RomMemory(self._part, self._engine, self._protection)
        if self._rom_line is None:
            self._log(f"the ROM bootloader runs, but no port of this board reaches it: {self._deaf}")
            while not self._interrupted():
                self._dead()
            raise Stopped
        try:
            RomBootloader(
                self._rom_line, memory, self._protection, self._interrupted, self._part.rom, self._jitter
            ).run()
        finally:
            # What came for the firmware meanwhile is lost: its UART was off.
            self._line.receive(0.0)

    def _dead(self) -> None:
        """Locked up: bytes come and are lost. The watchdog, if it was started, is all that happens."""
        if self._part.watchdog.deadline is not None:
            raise WatchdogReset
        self._line.receive(0.0)
        self._line.wait(_DEAD_POLL_SECONDS)
