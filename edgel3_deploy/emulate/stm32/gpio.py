"""GPIO port: pin modes and levels; what matters here is which pin carries which alternate function."""

from __future__ import annotations

from edgel3_deploy.emulate.core.bus import WORD, Log, Peripheral

MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFRL, AFRH = range(0x00, 0x28, 4)
ALTERNATE = 2


class Gpio(Peripheral):
    """One port of 16 pins (RM0410 section 6, RM0433 section 11). Inputs read as their pull-up says."""

    RESET = dict.fromkeys(range(0x00, 0x28, 4), 0)

    def __init__(self, name: str, log: Log, moder: int) -> None:
        """`moder` is the port's reset value of MODER: parts and ports differ."""
        super().__init__(name, log)
        self._moder = moder
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.registers[MODER] = self._moder

    def read(self, offset: int) -> int:
        if offset == IDR:
            return self._levels()
        return 0 if offset == BSRR else super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == BSRR:
            level = self.registers[ODR] & ~(value >> 16) | value & 0xFFFF
            self.registers[ODR] = level
        elif offset == ODR:
            self.registers[ODR] = value & 0xFFFF
        elif offset != IDR:
            super().write(offset, value & WORD)

    def alternate_function(self, pin: int) -> int | None:
        """Number of the alternate function on `pin`, None when the pin is not in that mode."""
        if self.registers[MODER] >> 2 * pin & 3 != ALTERNATE:
            return None
        return self.registers[AFRL if pin < 8 else AFRH] >> 4 * (pin % 8) & 0xF

    def _levels(self) -> int:
        levels = 0
        for pin in range(16):
            mode = self.registers[MODER] >> 2 * pin & 3
            if mode == 1:
                levels |= self.registers[ODR] & 1 << pin
            elif mode != 3 and self.registers[PUPDR] >> 2 * pin & 3 == 1:
                levels |= 1 << pin
        return levels
