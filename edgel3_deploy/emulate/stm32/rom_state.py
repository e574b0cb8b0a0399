"""What the ROM bootloader leaves behind when Go starts a program (AN2606, AN3155 section 3.5).

Its clocks run, its USART is on with even parity, its pins are set, SysTick counts: a program that takes the
registers to be in their reset state fails here as it does on the chip.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from edgel3_deploy.emulate.core.bus import Peripheral

_SYST_CSR, _SYST_RVR, _USART1 = 0xE000_E010, 0xE000_E014, 0x4001_1000
_GPIOA_OFFSETS = {"MODER": 0x00, "OSPEEDR": 0x08, "PUPDR": 0x0C, "AFRH": 0x24}
_USART_ON = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 10 | 1 << 12  # UE, RE, TE, PCE and M0: 8 bits and even parity
_READY_SECONDS = 2.0


class Registers:
    """Registers by address, for one who writes them as a program does.

    `peripherals` are (base, block size, peripheral).
    """

    def __init__(self, peripherals: tuple[tuple[int, int, Peripheral], ...]) -> None:
        self._blocks = peripherals

    def read(self, address: int) -> int:
        """The word at `address`."""
        base, peripheral = self._block(address)
        return peripheral.read(address - base)

    def write(self, address: int, value: int) -> None:
        """Store a word at `address`."""
        base, peripheral = self._block(address)
        peripheral.write(address - base, value)

    def set(self, address: int, bits: int) -> None:
        """Set `bits` at `address`, and read them back as a clock enable needs it."""
        self.write(address, self.read(address) | bits)
        self.read(address)

    def wait(self, address: int, bits: int, value: int) -> None:
        """Return once `bits` at `address` read as `value`, or after a while."""
        deadline = time.monotonic() + _READY_SECONDS
        while self.read(address) & bits != value and time.monotonic() < deadline:
            pass

    def _block(self, address: int) -> tuple[int, Peripheral]:
        return next((base, block) for base, size, block in self._blocks if base <= address < base + size)


RomState = Callable[[Registers, float], None]
"""Sets the registers as one family's ROM leaves them, for a client at that many bit/s."""


def stm32f7(registers: Registers, baudrate: float) -> None:
    """60 MHz from HSI through the PLL, three wait states with ART and prefetch, USART1 on PA9 and PA10."""
    rcc, flash, bus_hz = 0x4002_3800, 0x4002_3C00, 60e6
    registers.write(rcc + 0x04, 0x2400_0000 | 8 | 60 << 6)  # HSI / 8 x 60 / 2
    registers.set(rcc, 1 << 24)
    registers.wait(rcc, 1 << 25, 1 << 25)
    registers.write(flash, 3 | 1 << 8 | 1 << 9)
    registers.write(rcc + 0x08, 2 | 4 << 10)  # APB1 at half of it
    registers.wait(rcc + 0x08, 0xC, 0x8)
    registers.set(rcc + 0x30, 1 << 0)
    registers.set(rcc + 0x44, 1 << 4)
    _serial(registers, 0x4002_0000, bus_hz / baudrate)


def stm32h7(registers: Registers, baudrate: float) -> None:
    """64 MHz from HSI, the supply configured, which locks PWR_CR3, and USART1 on PA9 and PA10."""
    rcc, pwr, bus_hz = 0x5802_4400, 0x5802_4800, 64e6
    registers.write(pwr + 0x0C, 0x6)
    registers.wait(pwr + 0x04, 1 << 13, 1 << 13)
    registers.set(rcc + 0xE0, 1 << 0)
    registers.set(rcc + 0xF0, 1 << 4)
    _serial(registers, 0x5802_0000, bus_hz / baudrate)


def _serial(registers: Registers, gpioa: int, divider: float) -> None:
    """USART1 on PA9 and PA10, and SysTick, which measured the client's speed."""
    moder = registers.read(gpioa + _GPIOA_OFFSETS["MODER"])
    registers.write(gpioa + _GPIOA_OFFSETS["MODER"], moder & ~(0xF << 18) | 0xA << 18)
    registers.set(gpioa + _GPIOA_OFFSETS["OSPEEDR"], 0xF << 18)
    registers.set(gpioa + _GPIOA_OFFSETS["PUPDR"], 0x5 << 18)
    registers.set(gpioa + _GPIOA_OFFSETS["AFRH"], 0x77 << 4)
    registers.write(_USART1 + 0x0C, min(max(round(divider), 16), 0xFFFF))
    registers.write(_USART1, _USART_ON)
    registers.write(_SYST_RVR, 0xFF_FFFF)
    registers.write(_SYST_CSR, 5)
