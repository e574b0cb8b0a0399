from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edgel3_deploy.emulate.core.bus import Peripheral, attach


class Scratch(Peripheral):
    RESET: ClassVar[Mapping[int, int]] = {0: 0x1122_3344, 4: 0}


class Engine:
    """Remembers what was mapped, in place of Unicorn."""

    def mmio_map(
        self, base: int, size: int, read: Any, _read_data: Any, write: Any, _write_data: Any
    ) -> None:
        self.mapped = (base, size)
        self._read, self._write = read, write

    def read(self, offset: int, width: int) -> int:
        return int(self._read(self, offset, width, None))

    def write(self, offset: int, width: int, value: int) -> None:
        self._write(self, offset, width, value, None)


def on_the_bus() -> tuple[Engine, Scratch, list[str]]:
    engine = Engine()
    said: list[str] = []
    scratch = Scratch("SCRATCH", said.append)
    attach(engine, 0x4000_0000, 0x400, scratch)
    return engine, scratch, said


def test_narrow_accesses_touch_their_bytes_only() -> None:
    engine, scratch, _ = on_the_bus()
    assert [engine.read(0, 4), engine.read(2, 2), engine.read(3, 1)] == [0x1122_3344, 0x1122, 0x11]
    engine.write(2, 2, 0xAAAA)
    engine.write(0, 1, 0xBB)
    assert scratch.registers[0] == 0xAAAA_33BB


def test_without_a_clock_reads_are_zero_and_writes_are_lost() -> None:
    engine, scratch, _ = on_the_bus()
    scratch.clocked = False
    engine.write(4, 4, 5)
    assert engine.read(0, 4) == 0
    assert scratch.registers[4] == 0


def test_an_access_before_the_clock_s_enable_was_read_back_is_lost() -> None:
    engine, scratch, said = on_the_bus()
    scratch.waking = True
    engine.write(4, 4, 5)
    assert scratch.registers[4] == 0
    assert said == ["an access to SCRATCH directly after its clock was enabled is lost"]
    engine.write(4, 4, 5)
    assert scratch.registers[4] == 5


def test_registers_that_are_not_modelled_are_mentioned_once() -> None:
    engine, scratch, said = on_the_bus()
    engine.write(0x20, 4, 1)
    assert engine.read(0x20, 4) == 0
    assert said == ["SCRATCH register 0x20 is not modelled"]
    scratch.write(0, 7)
    scratch.reset()
    assert scratch.read(0) == 0x1122_3344
