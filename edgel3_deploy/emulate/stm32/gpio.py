"""GPIO port: pin modes and levels; what matters here is which pin carries which alternate function."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.emulate.core.bus import WORD, Log, Peripheral

MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFRL, AFRH = range(0x00, 0x28, 4)
OUTPUT, ALTERNATE = 1, 2
PULL_DOWN = 2


@dataclass(frozen=True)
class Pin:
    """A pin from outside: whether the chip drives it `high`, how often that changed since power-on."""

    high: bool
    changes: int


class Gpio(Peripheral):
    """One port of 16 pins (RM0410 section 6, RM0433 section 11). Inputs read as their pull-up says."""

    RESET = dict.fromkeys(range(0x00, 0x28, 4), 0)

    def __init__(self, name: str, log: Log, moder: int) -> None:
        """`moder` is the port's reset value of MODER: parts and ports differ."""
        super().__init__(name, log)
        self._moder = moder
        self._driven = 0
        self._changes = [0] * 16
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.registers[MODER] = self._moder
        self._drive()

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
        self._drive()

    def pin(self, number: int) -> Pin:
        """What is connected to pin `number` sees."""
        return Pin(high=bool(self._driven >> number & 1), changes=self._changes[number])

    def alternate_function(self, pin: int) -> int | None:
        """Number of the alternate function on `pin`, None when the pin is not in that mode."""
        if self.registers[MODER] >> 2 * pin & 3 != ALTERNATE:
            return None
        return self.registers[AFRL if pin < 8 else AFRH] >> 4 * (pin % 8) & 0xF

    def pulled_down(self, pin: int) -> bool:
        """Whether a resistor of the chip holds `pin` low while nobody drives it."""
        return self.registers[PUPDR] >> 2 * pin & 3 == PULL_DOWN

    def _drive(self) -> None:
        """Note which pins are driven high now."""
        outputs = sum(1 << pin for pin in range(16) if self.registers[MODER] >> 2 * pin & 3 == OUTPUT)
        driven = self.registers[ODR] & outputs
        for pin in range(16):
            self._changes[pin] += (driven ^ self._driven) >> pin & 1
        self._driven = driven

    def _levels(self) -> int:
        levels = 0
        for pin in range(16):
            mode = self.registers[MODER] >> 2 * pin & 3
            if mode == OUTPUT:
                levels |= self.registers[ODR] & 1 << pin
            elif mode != 3 and self.registers[PUPDR] >> 2 * pin & 3 == 1:
                levels |= 1 << pin
        return levels
