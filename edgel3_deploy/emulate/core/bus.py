"""How peripherals sit on the chip's buses: word registers behind Unicorn's memory-mapped I/O callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

WORD = 0xFFFFFFFF
Log = Callable[[str], None]
"""Takes one line for the person in front of the virtual board."""


class BusError(Exception):
    """An access that the chip answers with a bus error; `address` is the one that was accessed."""

    def __init__(self, address: int, *, write: bool) -> None:
        super().__init__(f"{address:#010x}")
        self.address = address
        self.write = write


class OutOfSpecError(Exception):
    """The chip was set up so that its behaviour is undefined: the virtual board stops and says why."""


class Peripheral:
    """Registers of 32 bits at byte offsets; a subclass adds what reading and writing them does.

    `RESET` lists every register that is modelled with its reset value. The others read as zero, ignore
    writes, and are logged once. The RCC keeps `clocked` up to date. It sets `waking` when it enables the
    clock, and clears it when it is read back: an access before that is lost.
    """

    RESET: ClassVar[Mapping[int, int]] = {}

    def __init__(self, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.clocked = True
        self.waking = False
        self.registers: dict[int, int] = dict(self.RESET)
        self._mentioned: set[int] = set()

    def reset(self) -> None:
        """Back to the reset values."""
        self.registers = dict(self.RESET)

    def reached(self) -> bool:
        """Whether an access arrives: the clock is on, and has been for some cycles."""
        if self.waking:
            self.waking = False
            self.log(f"an access to {self.name} directly after its clock was enabled is lost")
            return False
        return self.clocked

    def read(self, offset: int) -> int:
        """The word at `offset`, as the CPU reads it."""
        value = self.registers.get(offset)
        if value is None:
            self._mention(offset)
            return 0
        return value

    def write(self, offset: int, value: int) -> None:
        """Store the word `value` at `offset`, as the CPU writes it."""
        if offset in self.registers:
            self.registers[offset] = value
        else:
            self._mention(offset)

    def _mention(self, offset: int) -> None:
        if offset not in self._mentioned:
            self._mentioned.add(offset)
            self.log(f"{self.name} register {offset:#x} is not modelled")


def attach(engine: Any, base: int, size: int, peripheral: Peripheral) -> None:
    """Map `peripheral` at `base` in the Unicorn engine; both in units of 1 KB.

    A peripheral that is not reached reads as zero and ignores writes. Accesses narrower than a word see or
    replace their bytes of it.
    """

    def read(_engine: Any, offset: int, width: int, _data: Any) -> int:
        if not peripheral.reached():
            return 0
        word = peripheral.read(offset & ~3)
        if width == 4:
            return word
        return word >> 8 * (offset & 3) & (1 << 8 * width) - 1

    def write(_engine: Any, offset: int, width: int, value: int, _data: Any) -> None:
        if not peripheral.reached():
            return
        if width != 4:
            shift = 8 * (offset & 3)
            mask = (1 << 8 * width) - 1 << shift
            value = peripheral.registers.get(offset & ~3, 0) & ~mask | value << shift & mask
        peripheral.write(offset & ~3, value)

    engine.mmio_map(base, size, read, None, write, None)
