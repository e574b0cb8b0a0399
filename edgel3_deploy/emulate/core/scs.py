"""System Control Space of the Cortex-M7: SCB, SysTick, MPU, FPU and cache registers (Arm ARMv7-M, B3)."""

from __future__ import annotations

from collections.abc import Callable

from edgel3_deploy.emulate.core import mpu
from edgel3_deploy.emulate.core.bus import WORD, Log, Peripheral
from edgel3_deploy.emulate.core.cycles import CycleCounter
from edgel3_deploy.emulate.core.mpu import Mpu

SYST_CSR, SYST_RVR, SYST_CVR, SYST_CALIB = 0x010, 0x014, 0x018, 0x01C
CPUID, ICSR, VTOR, AIRCR, SCR, CCR, SHCSR = 0xD00, 0xD04, 0xD08, 0xD0C, 0xD10, 0xD14, 0xD24
CFSR, HFSR, DFSR, MMFAR, BFAR = 0xD28, 0xD2C, 0xD30, 0xD34, 0xD38
CCSIDR, CSSELR, CPACR = 0xD80, 0xD84, 0xD88
DEMCR = 0xDFC
TRCENA = 1 << 24
UNALIGN_TRP, DIV_0_TRP, BFHFNMIGN = 1 << 3, 1 << 4, 1 << 8
_VECTKEY, _VECTKEY_READ = 0x05FA, 0xFA05
_SYSRESETREQ = 1 << 2
_STKALIGN = 1 << 9
_PENDSTSET, _PENDSTCLR = 1 << 26, 1 << 25
_DC = 1 << 16
_READ_ONLY = frozenset((0x004, SYST_CALIB, CPUID, *range(0xD40, CCSIDR + 4, 4), 0xF40, 0xF44, 0xF48))
_CACHE_MAINTENANCE = frozenset(range(0xF50, 0xF7C, 4))
_ENABLE_BITS = {4: 1 << 16, 5: 1 << 17, 6: 1 << 18}


class SystemReset(Exception):  # noqa: N818 - an event, not an error
    """Software asked for a reset of the chip (AIRCR.SYSRESETREQ)."""


class SystemControl(Peripheral):
    """The registers at 0xE000E000. Cache maintenance is accepted and does nothing: caches are not modelled.

    SysTick counts; it interrupts nobody but a CPU that sleeps (WFI).
    """

    RESET = (
        dict.fromkeys(
            (*range(0x100, 0x500, 4), *range(0xD18, 0xD24, 4), SCR, SHCSR, SYST_CSR, SYST_RVR, SYST_CVR), 0
        )
        | dict.fromkeys((CFSR, HFSR, DFSR, MMFAR, BFAR, 0xD3C, CSSELR, CPACR), 0)
        | dict.fromkeys((0xDF0, 0xDF4, 0xDF8, DEMCR, 0xF38, 0xF3C, *_CACHE_MAINTENANCE), 0)
        | dict.fromkeys(range(0xF90, 0xFAC, 4), 0)
        | {
            0x004: 7,
            0x008: 0,
            SYST_CALIB: 0,
            CPUID: 0x411F_C270,
            ICSR: 0,
            AIRCR: _VECTKEY_READ << 16,
            CCR: 0x0004_0200,
            0xD78: 0x0900_0003,
            0xD7C: 0x8303_C003,
            CCSIDR: 0xF00F_E019,
            0xF34: 0xC000_0000,
            0xF40: 0x1011_0221,
            0xF44: 0x1200_0011,
            0xF48: 0x0000_0040,
        }
    )

    def __init__(
        self, log: Log, counter: CycleCounter, reset_vector_table: int, mpu_regions: int = 8
    ) -> None:
        super().__init__("SCS", log)
        self._counter = counter
        self._reset_vector_table = reset_vector_table
        self._tick_start = 0.0
        self.said_cached = False
        self.mpu = Mpu(mpu_regions)
        self.on_trace: Callable[[bool], None] = lambda _enabled: None
        self.on_protection: Callable[[], None] = lambda: None
        self.on_configuration: Callable[[], None] = lambda: None
        self.on_access: Callable[[], None] = lambda: None
        self.active_exception: Callable[[], int] = lambda: 0
        self.reset()

    def reset(self) -> None:
        trace = self.registers.get(DEMCR, 0)
        super().reset()
        self.tick_pending = False
        self.registers |= {VTOR: self._reset_vector_table, DEMCR: trace}
        self.mpu.reset()

    @property
    def trace_enabled(self) -> bool:
        """DEMCR.TRCENA."""
        return bool(self.registers[DEMCR] & TRCENA)

    @property
    def configuration(self) -> int:
        """CCR."""
        return self.registers[CCR]

    @property
    def caches_data(self) -> bool:
        """CCR.DC."""
        return bool(self.registers[CCR] & _DC)

    @property
    def fpu_enabled(self) -> bool:
        """Whether CPACR gives full access to the FPU."""
        return self.registers[CPACR] >> 20 & 15 == 15

    def fault_enabled(self, exception: int) -> bool:
        """Whether SHCSR enables the fault of that exception number."""
        return bool(self.registers[SHCSR] & _ENABLE_BITS.get(exception, 0))

    def read(self, offset: int) -> int:
        if offset == ICSR:
            return self.active_exception() | (_PENDSTSET if self.tick_pending else 0)
        if offset == SYST_CVR:
            return self._tick()[0]
        if offset == SYST_CSR:
            wrapped = self._tick()[1]
            if wrapped:
                self._tick_start = self._counter.cycles - (self.registers[SYST_RVR] - self._tick()[0])
            return self.registers[SYST_CSR] | (1 << 16 if wrapped else 0)
        if offset == CCSIDR:
            return 0xF01F_E009 if self.registers[CSSELR] & 1 else 0xF00F_E019
        if mpu.TYPE <= offset <= mpu.LAST_ALIAS:
            return self.mpu.read(offset)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset in _READ_ONLY or offset in _CACHE_MAINTENANCE:
            return
        if offset in (CFSR, HFSR, DFSR):
            self.registers[offset] &= ~value
        elif offset == ICSR:
            self.tick_pending = (self.tick_pending or bool(value & _PENDSTSET)) and not value & _PENDSTCLR
        elif offset == VTOR:
            super().write(offset, value & ~0x7F & WORD)
        elif offset == CCR:
            super().write(offset, value | _STKALIGN)
            self.on_configuration()
        elif offset == AIRCR:
            self._reset_request(value)
        elif offset == SYST_CVR:
            self._tick_start = self._counter.cycles
        elif mpu.TYPE <= offset <= mpu.LAST_ALIAS:
            self.mpu.write(offset, value)
            self.on_protection()
        elif offset == DEMCR:
            self.on_trace(bool(value & TRCENA))
            super().write(offset, value)
        elif offset == SYST_CSR:
            self._tick_start = self._counter.cycles
            super().write(offset, value & 7)
        else:
            self.on_access() if offset == CPACR else None
            super().write(offset, value & WORD)

    def _reset_request(self, value: int) -> None:
        if value >> 16 != _VECTKEY:
            return
        if value & _SYSRESETREQ:
            raise SystemReset
        self.registers[AIRCR] = _VECTKEY_READ << 16 | value & 0x700

    def seconds_to_tick(self) -> float | None:
        """When SysTick will interrupt; None if it does not."""
        reload = self.registers[SYST_RVR] & 0xFF_FFFF
        if self.registers[SYST_CSR] & 3 != 3 or not reload or not self._counter.frequency:
            return None
        period = (reload + 1) * (1 if self.registers[SYST_CSR] & 4 else 8)
        left = period - (self._counter.cycles - self._tick_start) % period
        return left / self._counter.frequency

    def _tick(self) -> tuple[int, bool]:
        """Current value, and whether it passed zero since the last start."""
        reload = self.registers[SYST_RVR] & 0xFF_FFFF
        if not self.registers[SYST_CSR] & 1 or not reload:
            return 0, False
        divider = 1 if self.registers[SYST_CSR] & 4 else 8
        passed = int((self._counter.cycles - self._tick_start) / divider)
        return reload - passed % (reload + 1), passed > reload
